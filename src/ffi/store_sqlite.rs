//! Opening the embedded store.

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

/// A write counts as done when it is on the disk. Survives a power failure.
pub const SLK_SQLITE_FULL: i32 = 0;
/// A write counts as done when the system has it. Survives the death of the process; a power failure may take the last
/// writes.
pub const SLK_SQLITE_NORMAL: i32 = 1;

/// A missing or empty file is an error, instead of being made.
pub const SLK_SQLITE_MUST_EXIST: u32 = 1;
/// Move the whole log into the database file when the store is closed, also while other processes use it.
pub const SLK_SQLITE_CHECKPOINT_AT_CLOSE: u32 = 2;

/// How to open a SQLite database. Begin with `SLK_SQLITE_OPTIONS_INIT`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_sqlite_options {
    /// The size of this struct, set by `SLK_SQLITE_OPTIONS_INIT`.
    pub struct_size: u32,
    /// `SLK_SQLITE_FULL` or `SLK_SQLITE_NORMAL`.
    pub durability: i32,
    /// Any of `SLK_SQLITE_MUST_EXIST` and `SLK_SQLITE_CHECKPOINT_AT_CLOSE`, added.
    pub flags: u32,
    /// How long a request waits for the lock of another process, up to an hour. 0: 5,000.
    pub busy_timeout_ms: u32,
    /// Threads and connections for reads. 0: 2.
    pub read_threads: u32,
    /// The most writes in one transaction. 0: 256.
    pub batch: u32,
}

// SAFETY: repr(C), begins with its size, numbers only, and these are all fields.
unsafe impl Options for slk_sqlite_options {
    const NAME: &'static str = "slk_sqlite_options";
    const FIELDS: &'static [usize] = &[
        offset_of!(slk_sqlite_options, struct_size),
        offset_of!(slk_sqlite_options, durability),
        offset_of!(slk_sqlite_options, flags),
        offset_of!(slk_sqlite_options, busy_timeout_ms),
        offset_of!(slk_sqlite_options, read_threads),
        offset_of!(slk_sqlite_options, batch),
    ];
}

/// Opens a SQLite database as a store, or makes it: the embedded store, for one machine.
///
/// Any number of processes of one machine may use the file, and several engines of one process. It may be neither moved,
/// replaced nor removed while it is open.
///
/// Parameters:
///   `path`: the file, UTF-8, up to `SLK_MAX_TEXT_BYTES`.
///   `options`: how to open it; NULL for the defaults.
///   `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
/// Returns:
///   `SLK_OK`: open.
///   `SLK_E_NOT_A_DATABASE`: the file is something else, or another program's database. It is left as it was.
///   `SLK_E_UNSUPPORTED`: it is of a newer version, its filesystem cannot do it, or this build has no SQLite.
///   `SLK_E_STORE`: all else that goes wrong with files; the text says what.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`, `SLK_E_STRUCT_SIZE`: of the arguments.
/// Thread: any. Blocks: while the file is opened. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_store_open_sqlite(
    path: *const c_char,
    options: *const slk_sqlite_options,
    store: *mut slk_store,
) -> slk_result {
    panic::enter("slk_store_open_sqlite", || {
        text::required(store, "store")?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(store, slk_store::default()) };
        // SAFETY: null or a string, as the caller promises.
        let path = unsafe { text::string(path, "path", SLK_MAX_TEXT_BYTES) }?;
        // SAFETY: null or as large as it says, as the caller promises.
        let options = unsafe { options::read_or_default(options) }?;
        let handle = store::insert(open(path, &options)?)?;
        // SAFETY: as above.
        unsafe { text::put(store, handle) };
        Ok(SLK_OK)
    })
}

/// Fills the struct with defaults, as `SLK_SQLITE_OPTIONS_INIT` does, for languages that cannot use the macro.
///
/// Parameters: `options`: the struct; `size`: its size.
/// Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_sqlite_options_init(options: *mut slk_sqlite_options, size: usize) -> slk_result {
    panic::enter("slk_sqlite_options_init", || {
        // SAFETY: null or that many writable bytes, as the caller promises.
        unsafe { options::init(options, size) }?;
        Ok(SLK_OK)
    })
}

#[cfg(feature = "sqlite")]
fn open(path: &str, given: &slk_sqlite_options) -> Result<Arc<dyn Store>, Failure> {
    use super::options::{count_or, known_flags, millis_or};
    use crate::store::sqlite::{self, Durability, SqliteOptions};

    known_flags(given.flags, SLK_SQLITE_MUST_EXIST | SLK_SQLITE_CHECKPOINT_AT_CLOSE)?;
    let usual = SqliteOptions::default();
    let options = SqliteOptions {
        durability: match given.durability {
            SLK_SQLITE_FULL => Durability::Full,
            SLK_SQLITE_NORMAL => Durability::Normal,
            other => return Err(Failure::argument(format!("{other} is no durability"))),
        },
        create: given.flags & SLK_SQLITE_MUST_EXIST == 0,
        checkpoint_at_close: given.flags & SLK_SQLITE_CHECKPOINT_AT_CLOSE != 0,
        busy_timeout: millis_or(given.busy_timeout_ms, usual.busy_timeout),
        read_threads: count_or(given.read_threads, usual.read_threads),
        batch: count_or(given.batch, usual.batch),
        ..usual
    };
    Ok(sqlite::open(path, options)?)
}

#[cfg(not(feature = "sqlite"))]
fn open(_path: &str, _given: &slk_sqlite_options) -> Result<Arc<dyn Store>, Failure> {
    let text = "this build of the library has no SQLite";
    Err(Failure::new(SLK_E_UNSUPPORTED, text))
}
