//! Opening the store in a PostgreSQL server.

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

/// Talk to the server through TLS only, and only if its certificate is trusted and of its name.
pub const SLK_POSTGRES_REQUIRE_TLS: u32 = 1;
/// Refuse a server that does not replicate synchronously: a failover could lose saves that were reported.
pub const SLK_POSTGRES_REQUIRE_SYNCHRONOUS: u32 = 2;

/// How to use a PostgreSQL server. Begin with `SLK_POSTGRES_OPTIONS_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_postgres_options {
    /// The size of this struct, set by `SLK_POSTGRES_OPTIONS_INIT`.
    pub struct_size: u32,
    /// Any of `SLK_POSTGRES_REQUIRE_TLS` and `SLK_POSTGRES_REQUIRE_SYNCHRONOUS`, added.
    pub flags: u32,
    /// Connections to each database, up to 128. With more than one, half of them are for reads alone. 0: 4.
    pub connections: u32,
    /// The most writes in one transaction. 0: 256.
    pub batch: u32,
    /// How long each server of a URL is given to let this one in, up to an hour. 0: 5,000.
    pub connect_timeout_ms: u32,
    /// How long a batch of requests may take before its connection is given up and its writes are of unknown outcome, up
    /// to an hour. The server gives up a statement after the same time, and a row that another transaction holds after
    /// a quarter of it. 0: 8,000.
    pub request_timeout_ms: u32,
}

// SAFETY: repr(C), begins with its size, numbers only, and these are all fields.
unsafe impl Options for slk_postgres_options {
    const NAME: &'static str = "slk_postgres_options";
    const FIELDS: &'static [usize] = &[
        offset_of!(slk_postgres_options, struct_size),
        offset_of!(slk_postgres_options, flags),
        offset_of!(slk_postgres_options, connections),
        offset_of!(slk_postgres_options, batch),
        offset_of!(slk_postgres_options, connect_timeout_ms),
        offset_of!(slk_postgres_options, request_timeout_ms),
    ];
}

/// Opens the store in a PostgreSQL database, for servers on many machines. Its tables must be there: see
/// `slk_postgres_create_tables`.
///
/// The URL is `postgresql://user:password@host:port/database?options`, as libpq has it. It may name several hosts, of which
/// one at a time takes writes: a primary and its standbys. Several URLs, with spaces between them, are several primaries
/// over which the keys are spread; all servers of a game give the same ones in the same order. The password is in no text
/// of this library.
///
/// Parameters:
///   `url`: where the database is, UTF-8, up to `SLK_MAX_TEXT_BYTES`.
///   `options`: how to use it; NULL for the defaults.
///   `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
/// Returns:
///   `SLK_OK`: open. That a server does not replicate synchronously is a warning in the log of each engine that uses it.
///   `SLK_E_NOT_A_DATABASE`: there are no tables of this library.
///   `SLK_E_UNSUPPORTED`: the tables are of a newer version, the server does not replicate synchronously although that is
///     required, or this build has no PostgreSQL: it needs the feature `postgres`.
///   `SLK_E_STORE`: all else that goes wrong with servers; the text says what.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`, `SLK_E_STRUCT_SIZE`: of the arguments.
/// Thread: any. Blocks: until the servers have answered, or the time-outs are over. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_store_open_postgres(
    url: *const c_char,
    options: *const slk_postgres_options,
    store: *mut slk_store,
) -> slk_result {
    panic::enter("slk_store_open_postgres", || {
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

/// Makes the tables of the store in the PostgreSQL database of a URL, or in those of several, where they are not there yet.
/// What is there is left as it is. The user needs the right to create tables; to use them it needs SELECT, INSERT, UPDATE
/// and DELETE.
///
/// Parameters: as `slk_store_open_postgres`.
/// Returns:
///   `SLK_OK`: they are there.
///   `SLK_E_UNSUPPORTED`: there are tables of a newer version, or this build has no PostgreSQL: it needs the feature
///     `postgres`.
///   `SLK_E_STORE`: all else that goes wrong with servers; the text says what.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`, `SLK_E_STRUCT_SIZE`: of the arguments;
///     `SLK_E_INVALID_ARGUMENT` also where tables were made for other URLs, or in another order.
/// Thread: any. Blocks: until the servers have answered, or the time-outs are over. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_postgres_create_tables(
    url: *const c_char,
    options: *const slk_postgres_options,
) -> slk_result {
    panic::enter("slk_postgres_create_tables", || {
        // SAFETY: null or a string, as the caller promises.
        let url = unsafe { text::string(url, "url", SLK_MAX_TEXT_BYTES) }?;
        // SAFETY: null or as large as it says, as the caller promises.
        let options = unsafe { options::read_or_default(options) }?;
        create_tables(url, &options)?;
        Ok(SLK_OK)
    })
}

/// Fills the struct with defaults, as `SLK_POSTGRES_OPTIONS_INIT` does, for languages that cannot use the macro.
///
/// Parameters: `options`: the struct; `size`: its size.
/// Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_postgres_options_init(options: *mut slk_postgres_options, size: usize) -> slk_result {
    panic::enter("slk_postgres_options_init", || {
        // SAFETY: null or that many writable bytes, as the caller promises.
        unsafe { options::init(options, size) }?;
        Ok(SLK_OK)
    })
}

#[cfg(feature = "postgres")]
fn open(url: &str, given: &slk_postgres_options) -> Result<Arc<dyn Store>, Failure> {
    Ok(crate::store::postgres::open(url, &settings(given)?)?)
}

#[cfg(feature = "postgres")]
fn create_tables(url: &str, given: &slk_postgres_options) -> Result<(), Failure> {
    Ok(crate::store::postgres::create_tables(url, &settings(given)?)?)
}

#[cfg(feature = "postgres")]
fn settings(given: &slk_postgres_options) -> Result<crate::store::postgres::PostgresOptions, Failure> {
    use super::options::{count_or, known_flags, millis_or};
    use crate::store::postgres::PostgresOptions;

    known_flags(given.flags, SLK_POSTGRES_REQUIRE_TLS | SLK_POSTGRES_REQUIRE_SYNCHRONOUS)?;
    let usual = PostgresOptions::default();
    Ok(PostgresOptions {
        require_tls: given.flags & SLK_POSTGRES_REQUIRE_TLS != 0,
        require_synchronous: given.flags & SLK_POSTGRES_REQUIRE_SYNCHRONOUS != 0,
        connections: count_or(given.connections, usual.connections),
        batch: count_or(given.batch, usual.batch),
        connect_timeout: millis_or(given.connect_timeout_ms, usual.connect_timeout),
        request_timeout: millis_or(given.request_timeout_ms, usual.request_timeout),
        queue: usual.queue,
    })
}

#[cfg(not(feature = "postgres"))]
fn open(_url: &str, _given: &slk_postgres_options) -> Result<Arc<dyn Store>, Failure> {
    Err(missing())
}

#[cfg(not(feature = "postgres"))]
fn create_tables(_url: &str, _given: &slk_postgres_options) -> Result<(), Failure> {
    Err(missing())
}

#[cfg(not(feature = "postgres"))]
fn missing() -> Failure {
    let text = "this build of the library has no PostgreSQL; build it with the feature postgres";
    Failure::new(SLK_E_UNSUPPORTED, text)
}
