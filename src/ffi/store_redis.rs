//! Opening the store in a Redis or Valkey server.

use super::handle::slk_store;
use super::options::{self, Options};
use super::panic;
use super::result::*;
use super::store;
use super::text::{self, SLK_MAX_TEXT_BYTES};
use crate::store::Store;
use std::ffi::c_char;
use std::mem::offset_of;
use std::sync::Arc;

/// Refuse URLs without TLS. With TLS the certificate must always be trusted and of the server's name.
pub const SLK_REDIS_REQUIRE_TLS: u32 = 1;
/// Refuse a server that can lose a save that was reported, as far as it tells how it is set up.
pub const SLK_REDIS_REQUIRE_DURABLE: u32 = 2;

/// How to use a Redis or Valkey server. Begin with `SLK_REDIS_OPTIONS_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_redis_options {
    /// The size of this struct, set by `SLK_REDIS_OPTIONS_INIT`.
    pub struct_size: u32,
    /// Any of `SLK_REDIS_REQUIRE_TLS` and `SLK_REDIS_REQUIRE_DURABLE`, added.
    pub flags: u32,
    /// Connections to each server, or to each node of a cluster, up to 128. With more than one, half of them are for reads
    /// alone. 0: 4.
    pub connections: u32,
    /// The most writes in one round trip. 0: 256.
    pub batch: u32,
    /// How long each server of a URL is given to let this one in, up to an hour. 0: 5,000.
    pub connect_timeout_ms: u32,
    /// How long a batch of requests may take before its connection is given up and its writes are of unknown outcome, up
    /// to an hour. 0: 8,000.
    pub request_timeout_ms: u32,
    /// A write is answered as done only when so many replicas have it, up to 100; otherwise its outcome is unknown. 0: it
    /// waits for none.
    pub wait_replicas: u32,
    /// How long they are waited for, less than `request_timeout_ms`. 0: 1,000.
    pub wait_ms: u32,
}

// SAFETY: repr(C), begins with its size, numbers only, and these are all fields.
unsafe impl Options for slk_redis_options {
    const NAME: &'static str = "slk_redis_options";
    const FIELDS: &'static [usize] = &[
        offset_of!(slk_redis_options, struct_size),
        offset_of!(slk_redis_options, flags),
        offset_of!(slk_redis_options, connections),
        offset_of!(slk_redis_options, batch),
        offset_of!(slk_redis_options, connect_timeout_ms),
        offset_of!(slk_redis_options, request_timeout_ms),
        offset_of!(slk_redis_options, wait_replicas),
        offset_of!(slk_redis_options, wait_ms),
    ];
}

/// Opens the store in a Redis or Valkey server, or in a cluster of them, for servers on many machines. What such a server may
/// lose depends on how it is set up; docs/stores.md says how. Its layout must be there: see `slk_redis_create_layout`.
///
/// The URL is `redis://user:password@host:port/database`, with `rediss` for TLS, or `redis+unix:///path/of/socket?db=database`;
/// `valkey` may stand for `redis`. It may name several hosts, separated by commas, of which one at a time takes writes: a
/// primary and its replicas; or some of the nodes of a cluster, which needs no other word. Several URLs, with spaces between
/// them, are several servers over which the keys are spread; all servers of a game give the same ones in the same order. A file
/// of certificates to trust instead of the system's is named by `?sslrootcert=`. The password is in no text of this library.
///
/// Parameters:
///   `url`: where the server is, UTF-8, up to `SLK_MAX_TEXT_BYTES`.
///   `options`: how to use it; NULL for the defaults.
///   `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
/// Returns:
///   `SLK_OK`: open. What a server can lose is a warning in the log of each engine that uses it.
///   `SLK_E_NOT_A_DATABASE`: there is no layout of this library: nothing was made there yet, or the server has lost it.
///   `SLK_E_UNSUPPORTED`: the layout is of a newer version, the server can lose saves although that is to be refused, or this
///     build has no Redis: it needs the feature `redis`.
///   `SLK_E_STORE`: all else that goes wrong with servers; the text says what.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`, `SLK_E_STRUCT_SIZE`: of the arguments.
/// Thread: any. Blocks: until the servers have answered, or the time-outs are over. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_store_open_redis(
    url: *const c_char,
    options: *const slk_redis_options,
    store: *mut slk_store,
) -> slk_result {
    panic::enter("slk_store_open_redis", || {
        text::required(store, "store")?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(store, slk_store::default()) };
        // SAFETY: null or a string, as the caller promises.
        let url = unsafe { text::string(url, "url", SLK_MAX_TEXT_BYTES) }?;
        // SAFETY: null or as large as it says, as the caller promises.
        let options = unsafe { options::read_or_default(options) }?;
        let handle = store::insert(open(url, &options)?)?;
        // SAFETY: as above.
        unsafe { text::put(store, handle) };
        Ok(SLK_OK)
    })
}

/// Makes the layout of the store on the server of a URL, or on those of several, where it is not there yet. What is there is
/// left as it is. To be called once, when a game is set up, and not by each game server: a server that has lost its data is
/// told from a new one by it.
///
/// Parameters: as `slk_store_open_redis`.
/// Returns:
///   `SLK_OK`: it is there.
///   `SLK_E_UNSUPPORTED`: there is a layout of a newer version, or this build has no Redis: it needs the feature `redis`.
///   `SLK_E_STORE`: all else that goes wrong with servers; the text says what.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`, `SLK_E_STRUCT_SIZE`: of the arguments;
///     `SLK_E_INVALID_ARGUMENT` also where a layout was made for other URLs, or in another order.
/// Thread: any. Blocks: until the servers have answered, or the time-outs are over. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_redis_create_layout(url: *const c_char, options: *const slk_redis_options) -> slk_result {
    panic::enter("slk_redis_create_layout", || {
        // SAFETY: null or a string, as the caller promises.
        let url = unsafe { text::string(url, "url", SLK_MAX_TEXT_BYTES) }?;
        // SAFETY: null or as large as it says, as the caller promises.
        let options = unsafe { options::read_or_default(options) }?;
        create_layout(url, &options)?;
        Ok(SLK_OK)
    })
}

/// Fills the struct with defaults, as `SLK_REDIS_OPTIONS_INIT` does, for languages that cannot use the macro.
///
/// Parameters: `options`: the struct; `size`: its size.
/// Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_redis_options_init(options: *mut slk_redis_options, size: usize) -> slk_result {
    panic::enter("slk_redis_options_init", || {
        // SAFETY: null or that many writable bytes, as the caller promises.
        unsafe { options::init(options, size) }?;
        Ok(SLK_OK)
    })
}

#[cfg(feature = "redis")]
fn open(url: &str, given: &slk_redis_options) -> Result<Arc<dyn Store>, Failure> {
    Ok(crate::store::redis::open(url, &settings(given)?)?)
}

#[cfg(feature = "redis")]
fn create_layout(url: &str, given: &slk_redis_options) -> Result<(), Failure> {
    Ok(crate::store::redis::create_layout(url, &settings(given)?)?)
}

#[cfg(feature = "redis")]
fn settings(given: &slk_redis_options) -> Result<crate::store::redis::RedisOptions, Failure> {
    use super::options::{count_or, known_flags, millis_or};
    use crate::store::redis::RedisOptions;

    known_flags(given.flags, SLK_REDIS_REQUIRE_TLS | SLK_REDIS_REQUIRE_DURABLE)?;
    let usual = RedisOptions::default();
    Ok(RedisOptions {
        require_tls: given.flags & SLK_REDIS_REQUIRE_TLS != 0,
        require_durable: given.flags & SLK_REDIS_REQUIRE_DURABLE != 0,
        connections: count_or(given.connections, usual.connections),
        batch: count_or(given.batch, usual.batch),
        connect_timeout: millis_or(given.connect_timeout_ms, usual.connect_timeout),
        request_timeout: millis_or(given.request_timeout_ms, usual.request_timeout),
        wait_replicas: given.wait_replicas,
        wait: millis_or(given.wait_ms, usual.wait),
        queue: usual.queue,
    })
}

#[cfg(not(feature = "redis"))]
fn open(_url: &str, _given: &slk_redis_options) -> Result<Arc<dyn Store>, Failure> {
    Err(missing())
}

#[cfg(not(feature = "redis"))]
fn create_layout(_url: &str, _given: &slk_redis_options) -> Result<(), Failure> {
    Err(missing())
}

#[cfg(not(feature = "redis"))]
fn missing() -> Failure {
    let text = "this build of the library has no Redis; build it with the feature redis";
    Failure::new(SLK_E_UNSUPPORTED, text)
}
