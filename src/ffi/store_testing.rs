//! Stores for tests: one that fails on purpose, one that writes nothing, data put in place of stored ones; and the check of
//! a store of the host's.

use super::callback;
use super::handle::slk_store;
use super::options::{self, Options};
use super::panic;
use super::result::*;
use super::store;
use super::text::{self, SLK_MAX_KEY_BYTES, SLK_MAX_NAME_BYTES};
use crate::store::check;
use crate::store::faulty::{FaultCounts, Faults, FaultyStore};
use crate::store::overlay::ReadOnlyStore;
use crate::store::{ask, Key, Kind, Operation, Reply, Request};
use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::sync::Arc;
use std::time::Duration;

/// Reads go well.
pub const SLK_FAULTS_SPARE_READS: u32 = 1;
/// Writes go well.
pub const SLK_FAULTS_SPARE_WRITES: u32 = 2;
/// Server records are read and written well: the servers look alive, only the game's records meet trouble.
pub const SLK_FAULTS_SPARE_SERVERS: u32 = 4;

/// Rates of faults are parts of this.
pub const SLK_FAULTS_ALWAYS: u32 = 10_000;

/// How long `slk_store_get_value` waits for the store.
const PATIENCE: Duration = Duration::from_secs(10);

/// Faults of a store that fails on purpose. Each rate is in parts of `SLK_FAULTS_ALWAYS`. A request meets one fault at
/// most, so all rates together are at most that. Begin with `SLK_FAULT_OPTIONS_INIT`.
///
/// Time is counted in steps: each request that comes in is one.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_fault_options {
    /// The size of this struct, set by `SLK_FAULT_OPTIONS_INIT`.
    pub struct_size: u32,
    /// Any of `SLK_FAULTS_SPARE_`, added.
    pub flags: u32,
    /// Decides everything: the same seed and the same requests give the same faults. Of no meaning when faults are
    /// changed.
    pub seed: u64,
    /// Not carried out, and the answer says so.
    pub refused: u32,
    /// Carried out, but the answer says that the outcome is unknown.
    pub unknown: u32,
    /// Never arrives, and no answer comes until the request is given up.
    pub request_lost: u32,
    /// Carried out, but no answer comes until the request is given up.
    pub reply_lost: u32,
    /// Carried out at once; the answer comes 1 to `longest` steps later, so that others overtake it.
    pub delayed: u32,
    /// Writes alone: the outcome is unknown, and the write is carried out 1 to `longest` steps later.
    pub late: u32,
    /// Writes alone: not carried out, and answered with a conflict that is none.
    pub conflict: u32,
    /// The longest that anything is held back, in steps, up to 1,000,000. 0: 8.
    pub longest: u32,
}

// SAFETY: repr(C), begins with its size, numbers only, and these are all fields.
unsafe impl Options for slk_fault_options {
    const NAME: &'static str = "slk_fault_options";
    const FIELDS: &'static [usize] = &[
        offset_of!(slk_fault_options, struct_size),
        offset_of!(slk_fault_options, flags),
        offset_of!(slk_fault_options, seed),
        offset_of!(slk_fault_options, refused),
        offset_of!(slk_fault_options, unknown),
        offset_of!(slk_fault_options, request_lost),
        offset_of!(slk_fault_options, reply_lost),
        offset_of!(slk_fault_options, delayed),
        offset_of!(slk_fault_options, late),
        offset_of!(slk_fault_options, conflict),
        offset_of!(slk_fault_options, longest),
    ];
}

/// What a store that fails on purpose has done.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_fault_counts {
    /// All requests that came in.
    pub requests: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Those that were carried out with an unknown outcome.
    pub unknown: u64,
    /// Those that never arrived.
    pub requests_lost: u64,
    /// Those whose answers never came.
    pub replies_lost: u64,
    /// Those whose answers were held back.
    pub delayed: u64,
    /// Writes that were carried out late.
    pub late: u64,
    /// Conflicts that were none.
    pub conflicts: u64,
    /// Answers and late writes that are held back just now.
    pub held: u64,
}

fn faults_of(given: &slk_fault_options) -> Result<Faults, Failure> {
    let known = SLK_FAULTS_SPARE_READS | SLK_FAULTS_SPARE_WRITES | SLK_FAULTS_SPARE_SERVERS;
    if given.flags & !known != 0 {
        return Err(Failure::argument(format!(
            "flags {:#x} has bits that are none",
            given.flags
        )));
    }
    let has = |flag: u32| given.flags & flag != 0;
    Ok(Faults {
        refused: given.refused,
        unknown: given.unknown,
        request_lost: given.request_lost,
        reply_lost: given.reply_lost,
        delayed: given.delayed,
        late: given.late,
        conflict: given.conflict,
        longest: given.longest,
        spare_reads: has(SLK_FAULTS_SPARE_READS),
        spare_writes: has(SLK_FAULTS_SPARE_WRITES),
        spare_servers: has(SLK_FAULTS_SPARE_SERVERS),
    })
}

fn faulty(handle: slk_store) -> Result<Arc<FaultyStore>, Failure> {
    let object = store::get(handle)?;
    object.faulty.clone().ok_or_else(|| {
        let text = "the store does not fail on purpose; open one with slk_store_open_faulty";
        Failure::new(SLK_E_UNSUPPORTED, text)
    })
}

/// Opens a store that fails on purpose, in front of another one. For tests of how the game lives with trouble.
///
/// Parameters:
///   `inner`: the store behind it. Its handle may be destroyed; the store lives as long as this one.
///   `options`: the faults; NULL: none for now.
///   `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
/// Returns:
///   `SLK_OK`: opened.
///   `SLK_E_INVALID_ARGUMENT`: NULL, unknown flags, or rates that are more than `SLK_FAULTS_ALWAYS` together.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_STRUCT_SIZE`: no living store; a struct of no known size.
/// Thread: any. Blocks: no. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_store_open_faulty(
    inner: slk_store,
    options: *const slk_fault_options,
    store: *mut slk_store,
) -> slk_result {
    panic::enter("slk_store_open_faulty", || {
        text::required(store, "store")?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(store, slk_store::default()) };
        // SAFETY: null or as large as it says, as the caller promises.
        let given = unsafe { options::read_or_default(options) }?;
        let inner = Arc::clone(&store::get(inner)?.store);
        let made = FaultyStore::new(inner, given.seed, faults_of(&given)?)?;
        let handle = store::insert_faulty(made)?;
        // SAFETY: as above.
        unsafe { text::put(store, handle) };
        Ok(SLK_OK)
    })
}

/// Changes the faults of a store from the next request on, or switches them off.
///
/// Parameters:
///   `store`: a store of `slk_store_open_faulty`.
///   `options`: the faults from now on; what is held back stays so. NULL: none from now on, and what is held back comes
///   out at once, late writes included. Answers that were lost stay lost until their requests are given up.
/// Returns: `SLK_OK`; `SLK_E_UNSUPPORTED` for another store; else as `slk_store_open_faulty`.
/// Thread: any. Blocks: no. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_store_set_faults(store: slk_store, options: *const slk_fault_options) -> slk_result {
    panic::enter("slk_store_set_faults", || {
        let store = faulty(store)?;
        // SAFETY: null or as large as it says, as the caller promises.
        let given = unsafe { options::read_or_default(options) }?;
        store.set_faults(faults_of(&given)?)?;
        if options.is_null() {
            store.release();
        }
        Ok(SLK_OK)
    })
}

/// What a store that fails on purpose has done so far.
///
/// Parameters:
///   `store`: a store of `slk_store_open_faulty`.
///   `counts`: receives the counts.
///   `size`: the size of `counts`: `sizeof *counts`.
/// Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_UNSUPPORTED` for another store; `SLK_E_INVALID_ARGUMENT` for NULL;
/// `SLK_E_STRUCT_SIZE` for a size that is none.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_store_fault_counts(
    store: slk_store,
    counts: *mut slk_fault_counts,
    size: usize,
) -> slk_result {
    panic::enter("slk_store_fault_counts", || {
        let store = faulty(store)?;
        text::required(counts, "counts")?;
        text::check_out_size::<slk_fault_counts>(size)?;
        let seen = counts_of(store.counts(), store.held());
        // SAFETY: not null, and `size` bytes are writable, as the caller promises.
        unsafe { text::put_sized(&seen, counts.cast(), size) };
        Ok(SLK_OK)
    })
}

fn counts_of(counts: FaultCounts, held: usize) -> slk_fault_counts {
    let FaultCounts {
        requests,
        refused,
        unknown,
        requests_lost,
        replies_lost,
        delayed,
        late,
        conflicts,
    } = counts;
    slk_fault_counts {
        requests,
        refused,
        unknown,
        requests_lost,
        replies_lost,
        delayed,
        late,
        conflicts,
        held: held as u64,
    }
}

/// Fills the struct with defaults, as `SLK_FAULT_OPTIONS_INIT` does, for languages that cannot use the macro.
///
/// Parameters: `options`: the struct; `size`: its size.
/// Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_fault_options_init(options: *mut slk_fault_options, size: usize) -> slk_result {
    panic::enter("slk_fault_options_init", || {
        // SAFETY: null or that many writable bytes, as the caller promises.
        unsafe { options::init(options, size) }?;
        Ok(SLK_OK)
    })
}

/// Opens a store that reads from another one and never writes to it: all that is written, server records included, stays
/// in this process and ends with this store. For trying things out on real data.
///
/// A key comes from the inner store, as it is there at that time, until it is written here; from then on what is here
/// counts, whatever happens to it in the inner store. A record that a living server holds in the inner store stays locked.
///
/// Parameters:
///   `inner`: the store to read from. Its handle may be destroyed; the store lives as long as this one.
///   `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
/// Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_INVALID_HANDLE`; `SLK_E_UNSUPPORTED` if the system gives no
/// random numbers.
/// Thread: any. Blocks: no. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_store_open_read_only(inner: slk_store, store: *mut slk_store) -> slk_result {
    panic::enter("slk_store_open_read_only", || {
        text::required(store, "store")?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(store, slk_store::default()) };
        let inner = Arc::clone(&store::get(inner)?.store);
        let handle = store::insert(Arc::new(ReadOnlyStore::new(inner)?))?;
        // SAFETY: as above.
        unsafe { text::put(store, handle) };
        Ok(SLK_OK)
    })
}

/// # Safety
/// Both are null or strings with a NUL.
unsafe fn record_key(spec: *const c_char, key: *const c_char) -> Result<Key, Failure> {
    // SAFETY: null or a string, as the caller promises.
    let spec = unsafe { text::string(spec, "spec", SLK_MAX_NAME_BYTES) }?;
    // SAFETY: null or a string, as the caller promises.
    let name = unsafe { text::string(key, "key", SLK_MAX_KEY_BYTES) }?;
    Ok(Key {
        kind: Kind::Record,
        space: spec.into(),
        name: name.into(),
    })
}

/// Puts a value under a record's key, whatever is there: test data in place of stored ones. For memory stores, read-only
/// stores, and stores that fail on purpose in front of these; without faults. A session that holds the record is not asked.
///
/// Parameters:
///   `store`: the store.
///   `spec`, `key`: the name of the record's spec, and the record's key.
///   `bytes`, `length`: the value as it is to be stored; copied.
/// Returns:
///   `SLK_OK`: it is there.
///   `SLK_E_UNSUPPORTED`: the store is not for tests.
///   `SLK_E_INVALID_HANDLE`: no living store.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the arguments.
/// Thread: any. Blocks: no. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_store_set_value(
    store: slk_store,
    spec: *const c_char,
    key: *const c_char,
    bytes: *const c_void,
    length: usize,
) -> slk_result {
    panic::enter("slk_store_set_value", || {
        let object = store::get(store)?;
        // SAFETY: null or strings, as the caller promises.
        let key = unsafe { record_key(spec, key) }?;
        // SAFETY: null or that many readable bytes, as the caller promises.
        let bytes = unsafe { text::bytes(bytes, length, "bytes") }?;
        object.store.set_value(key, bytes.into())?;
        Ok(SLK_OK)
    })
}

/// Copies out what is stored under a record's key, byte for byte: for tests that look at what was written. A store that
/// fails on purpose does not fail here.
///
/// Parameters:
///   `store`: the store. It must answer by itself: not one of yours that answers only while this thread does something
///   else.
///   `spec`, `key`: the name of the record's spec, and the record's key.
///   `buffer`, `capacity`: receive the bytes, without a NUL; NULL and 0 to ask for the length alone.
///   `needed`: receives the length; may be NULL.
/// Returns:
///   `SLK_OK`: copied.
///   `SLK_EMPTY`: nothing is stored.
///   `SLK_E_BUFFER_TOO_SMALL`: nothing was copied; `needed` says how much it is.
///   `SLK_E_STORE`: the store failed, or has not answered within 10 s.
///   `SLK_E_REENTRANT`: inside a callback.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the arguments.
/// Thread: any. Blocks: until the store has answered. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_store_get_value(
    store: slk_store,
    spec: *const c_char,
    key: *const c_char,
    buffer: *mut c_void,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_store_get_value", || {
        callback::refuse_inside()?;
        let object = store::get(store)?;
        // SAFETY: null or strings, as the caller promises.
        let key = unsafe { record_key(spec, key) }?;
        let store = object.faulty.as_ref().map_or(&object.store, |faulty| faulty.inner());
        let request = Request {
            key,
            operation: Operation::Get,
        };
        let name = &store.abilities().name;
        match ask(&**store, request, PATIENCE) {
            Some(Ok(Reply::Found { value, .. })) => {
                // SAFETY: null or large enough, as the caller promises.
                unsafe { text::copy_bytes_out(&value, buffer, capacity, needed) }?;
                Ok(SLK_OK)
            }
            Some(Ok(Reply::Missing)) => Ok(SLK_EMPTY),
            Some(Ok(other)) => {
                let text = format!("{name}: a get was answered with '{}'", other.name());
                Err(Failure::new(SLK_E_STORE, text))
            }
            Some(Err(error)) => Err(Failure::new(SLK_E_STORE, error.to_string())),
            None => Err(Failure::new(
                SLK_E_STORE,
                format!("{name}: no answer within {PATIENCE:?}"),
            )),
        }
    })
}

/// Finds out which of its promises a store breaks: for the tests of a store of your own. It writes records of a spec with a
/// name of its own, and server records, and removes them at the end; the largest value that the store declares is among
/// them.
///
/// Parameters:
///   `store`: the store. It must answer by itself: inside its callbacks, or from threads of its own.
///   `timeout_ms`: how long one request may take. 0: 10,000.
///   `report`: receives a line for each promise that is broken, `promise: what was seen`, and a NUL; cut if it does not
///   fit. May be NULL if `capacity` is 0.
///   `capacity`: the size of `report` in bytes.
///   `needed`: receives the length of the report without the NUL; may be NULL.
/// Returns:
///   `SLK_OK`: nothing was found; the report is empty.
///   `SLK_E_BROKEN_STORE`: promises are broken; the report says which.
///   `SLK_E_REENTRANT`: inside a callback.
///   `SLK_E_INVALID_HANDLE`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_UNSUPPORTED`: no living store; `report` is NULL; the system
///   gives no random numbers.
/// Thread: any. Blocks: until all is tried. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_store_check(
    store: slk_store,
    timeout_ms: u32,
    report: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_store_check", || {
        callback::refuse_inside()?;
        let object = store::get(store)?;
        if report.is_null() && capacity != 0 {
            return Err(Failure::argument("report is NULL, but its capacity is not 0"));
        }
        let patience = match timeout_ms {
            0 => PATIENCE,
            timeout_ms => Duration::from_millis(timeout_ms.into()),
        };
        let found = check::check(&object.store, patience)?;
        let words = found.to_string();
        // SAFETY: null or large enough, as the caller promises. A report that is cut is no failure of its own.
        let _ = unsafe { text::copy_cut(&words, report, capacity, needed) };
        if found.is_kept() {
            return Ok(SLK_OK);
        }
        Err(Failure::new(SLK_E_BROKEN_STORE, words.trim_end().to_owned()))
    })
}
