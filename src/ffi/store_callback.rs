//! The store made of the host's callbacks: the only store that knows C.

use super::handle::{slk_request, slk_store};
use super::host::{slk_destroy, UserData};
use super::options::{self, Options};
use super::panic;
use super::request::{slk_request_view, Answer, Pending};
use super::result::*;
use super::store;
use super::text::{self, SLK_MAX_DATA_BYTES, SLK_MAX_KEY_BYTES, SLK_MAX_NAME_BYTES};
use crate::store::pool::{Pool, PoolOptions};
use crate::store::{Abilities, BlockingStore, Completion, Request, Store, StoreError, StoreResult};
use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::sync::mpsc;
use std::sync::Arc;

/// The callbacks start the work and return at once; `slk_request_complete_*` is called when it is done. They are called
/// inside update, on its thread.
pub const SLK_STORE_ASYNCHRONOUS: i32 = 0;
/// The callbacks do the work, and call `slk_request_complete_*` before they return. They are called on a thread of the
/// library, one call at a time.
pub const SLK_STORE_BLOCKING: i32 = 1;
/// As `SLK_STORE_BLOCKING`, but on several threads at once; never two calls for one key at once.
pub const SLK_STORE_BLOCKING_CONCURRENT: i32 = 2;

/// The most threads of a store.
pub const SLK_MAX_STORE_THREADS: u32 = 256;

const DEFAULT_THREADS: u32 = 4;

/// Carries out, or starts, one request; see `slk_store_callbacks` for when and on which thread.
pub type slk_store_call =
    Option<unsafe extern "C" fn(user_data: *mut c_void, request: slk_request, view: *const slk_request_view)>;

/// Asks for a request to be cancelled: nobody waits for its answer any longer.
pub type slk_store_cancel = Option<unsafe extern "C" fn(user_data: *mut c_void, request: slk_request)>;

/// A store of yours. Begin with `SLK_STORE_CALLBACKS_INIT`.
///
/// What the callbacks promise: put and remove compare and write in one step; what was answered as written stays; a get
/// gives the latest state, not that of a replica or cache; a version is never given for another state of the same key.
/// Each request is answered once by `slk_request_complete_*`, or given up by `slk_request_abandon`. A C++ exception or a
/// `longjmp` must not leave a callback.
///
/// Inside a callback every function may be called, except those that return `SLK_E_REENTRANT`: update, next_event,
/// dispatch, shutdown, and destroying an engine, a spec or a store.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_store_callbacks {
    /// The size of this struct, set by `SLK_STORE_CALLBACKS_INIT`.
    pub struct_size: u32,
    /// `SLK_STORE_ASYNCHRONOUS`, `SLK_STORE_BLOCKING` or `SLK_STORE_BLOCKING_CONCURRENT`.
    pub mode: i32,
    /// What the store is called in errors and in the log; copied. NULL: "callbacks".
    pub name: *const c_char,
    /// Given to each callback.
    pub user_data: *mut c_void,
    /// Reads: answer found, missing or failed. Required.
    pub get: slk_store_call,
    /// Writes: answer written, conflict or failed. Required.
    pub put: slk_store_call,
    /// Removes: answer removed, conflict or failed. Required.
    pub remove: slk_store_call,
    /// Asynchronous stores only: a request timed out, or its engine is gone. The request still has to be completed or
    /// abandoned, which may be done inside this callback. Called inside update or engine destroy. May be NULL.
    pub cancel: slk_store_cancel,
    /// Called exactly once, when no request is left, no engine uses the store and `slk_store_destroy` was called; no
    /// callback follows. Called on the thread that ended the last of these. May be NULL.
    pub destroy: slk_destroy,
    /// The largest value that the store takes, in bytes. 0, and more than that: `SLK_MAX_DATA_BYTES`.
    pub max_value_bytes: u64,
    /// The longest key that the store takes, in bytes. 0: `SLK_MAX_KEY_BYTES`.
    pub max_key_bytes: u32,
    /// For `SLK_STORE_BLOCKING_CONCURRENT`: how many threads, up to `SLK_MAX_STORE_THREADS`. 0: 4.
    pub threads: u32,
    /// Lists keys: answer keys or failed. May be NULL: then the store is never asked for a list.
    pub list: slk_store_call,
}

// SAFETY: repr(C), begins with its size; null pointers, missing functions and zeros are valid; these are all fields.
unsafe impl Options for slk_store_callbacks {
    const NAME: &'static str = "slk_store_callbacks";
    const FIELDS: &'static [usize] = &[
        offset_of!(slk_store_callbacks, struct_size),
        offset_of!(slk_store_callbacks, mode),
        offset_of!(slk_store_callbacks, name),
        offset_of!(slk_store_callbacks, user_data),
        offset_of!(slk_store_callbacks, get),
        offset_of!(slk_store_callbacks, put),
        offset_of!(slk_store_callbacks, remove),
        offset_of!(slk_store_callbacks, cancel),
        offset_of!(slk_store_callbacks, destroy),
        offset_of!(slk_store_callbacks, max_value_bytes),
        offset_of!(slk_store_callbacks, max_key_bytes),
        offset_of!(slk_store_callbacks, threads),
        offset_of!(slk_store_callbacks, list),
    ];
}

type Call = unsafe extern "C" fn(*mut c_void, slk_request, *const slk_request_view);

/// The host's functions. When the last that uses them is gone, the host's `destroy` is called.
pub(super) struct Callbacks {
    pub name: String,
    pub user_data: UserData,
    pub get: Call,
    pub put: Call,
    pub remove: Call,
    pub list: Option<Call>,
    pub cancel: Option<unsafe extern "C" fn(*mut c_void, slk_request)>,
    abilities: Abilities,
}

/// Callbacks that start the work and return.
struct Asynchronous {
    callbacks: Arc<Callbacks>,
}

impl Store for Asynchronous {
    fn abilities(&self) -> &Abilities {
        &self.callbacks.abilities
    }

    fn submit(&self, request: Request, completion: Completion) {
        match Pending::new(Arc::clone(&self.callbacks), request, Answer::Engine(completion)) {
            Ok(pending) => pending.call_host(),
            Err((Answer::Engine(completion), error)) => completion.complete(Err(error)),
            Err((Answer::Worker(_), _)) => {}
        }
    }
}

/// Callbacks that do the work before they return.
struct Blocking {
    callbacks: Arc<Callbacks>,
}

impl Blocking {
    fn carry_out(&self, request: &Request) -> StoreResult {
        let (sender, receiver) = mpsc::channel();
        let pending = Pending::new(Arc::clone(&self.callbacks), request.clone(), Answer::Worker(sender))
            .map_err(|(_, error)| error)?;
        pending.call_host();
        pending.withdraw();
        // Another thread that answers just now has taken the request before it could be withdrawn, and will be done
        // in a moment.
        receiver.recv().unwrap_or_else(|_| {
            let text = format!(
                "{}: {}: the callback returned without an answer",
                self.callbacks.name, request.key
            );
            Err(StoreError::unknown(text))
        })
    }
}

impl BlockingStore for Blocking {
    fn abilities(&self) -> &Abilities {
        &self.callbacks.abilities
    }

    fn execute(&self, requests: &[Request]) -> Vec<StoreResult> {
        requests.iter().map(|request| self.carry_out(request)).collect()
    }
}

/// Makes a store of callbacks of yours.
///
/// Parameters:
///   `callbacks`: what to call; copied.
///   `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
/// Returns:
///   `SLK_OK`: made; `destroy(user_data)` will be called once.
///   `SLK_E_INVALID_ARGUMENT`: NULL, a callback that is required is missing, an unknown mode, too many threads.
///   `SLK_E_STRUCT_SIZE`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the struct and of the name.
///   `SLK_E_STORE`: the system gives no thread.
/// On failure `user_data` stays yours and `destroy` is not called.
/// Thread: any. Blocks: no. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_store_create(callbacks: *const slk_store_callbacks, store: *mut slk_store) -> slk_result {
    panic::enter("slk_store_create", || {
        // SAFETY: null or writable, as the caller promises.
        unsafe { text::put(store, slk_store::default()) };
        text::required(store, "store")?;
        // SAFETY: null or as large as it says, as the caller promises.
        let given = unsafe { options::read(callbacks) }?;
        // SAFETY: the name is null or a string, as the caller promises.
        let callbacks = Arc::new(unsafe { callbacks_of(&given) }?);
        let made = make(&given, Arc::clone(&callbacks))?;
        let handle = store::insert(made)?;
        callbacks.user_data.take_over(given.destroy);
        // SAFETY: not null, so writable.
        unsafe { text::put(store, handle) };
        Ok(SLK_OK)
    })
}

/// Fills the struct with defaults, as `SLK_STORE_CALLBACKS_INIT` does, for languages that cannot use the macro.
///
/// Parameters: `callbacks`: the struct; `size`: its size.
/// Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_store_callbacks_init(callbacks: *mut slk_store_callbacks, size: usize) -> slk_result {
    panic::enter("slk_store_callbacks_init", || {
        // SAFETY: null or that many writable bytes, as the caller promises.
        unsafe { options::init(callbacks, size) }?;
        Ok(SLK_OK)
    })
}

fn make(given: &slk_store_callbacks, callbacks: Arc<Callbacks>) -> Result<Arc<dyn Store>, Failure> {
    let threads = match given.mode {
        SLK_STORE_ASYNCHRONOUS => return Ok(Arc::new(Asynchronous { callbacks })),
        SLK_STORE_BLOCKING => 1,
        SLK_STORE_BLOCKING_CONCURRENT if given.threads == 0 => DEFAULT_THREADS,
        SLK_STORE_BLOCKING_CONCURRENT => given.threads,
        other => return Err(Failure::argument(format!("{other} is no mode of a store"))),
    };
    if threads > SLK_MAX_STORE_THREADS {
        let text = format!("{threads} threads are more than {SLK_MAX_STORE_THREADS}");
        return Err(Failure::argument(text));
    }
    let options = PoolOptions {
        threads: threads as usize,
        // Each call is for one request, so that one that is slow holds up no other.
        batch: 1,
        ..PoolOptions::default()
    };
    Ok(Arc::new(Pool::new(Blocking { callbacks }, &options)?))
}

/// # Safety
/// The name is null or a string with a NUL.
unsafe fn callbacks_of(given: &slk_store_callbacks) -> Result<Callbacks, Failure> {
    let missing = |which: &str| Failure::argument(format!("the callback `{which}` is missing"));
    // SAFETY: as the caller promises.
    let name = unsafe { text::optional_string(given.name, "name", SLK_MAX_NAME_BYTES) }?;
    let name = name.unwrap_or("callbacks").to_owned();
    let or = |value: u64, default: usize| if value == 0 { default as u64 } else { value };
    let max_key_bytes = or(given.max_key_bytes.into(), SLK_MAX_KEY_BYTES);
    Ok(Callbacks {
        user_data: UserData::new(given.user_data),
        get: given.get.ok_or_else(|| missing("get"))?,
        put: given.put.ok_or_else(|| missing("put"))?,
        remove: given.remove.ok_or_else(|| missing("remove"))?,
        list: given.list,
        cancel: given.cancel,
        abilities: Abilities {
            name: name.clone(),
            compare_and_set: true,
            // More cannot be answered to a get, so it must not be written either.
            max_value_bytes: or(given.max_value_bytes, SLK_MAX_DATA_BYTES).min(SLK_MAX_DATA_BYTES as u64),
            max_key_bytes: u32::try_from(max_key_bytes).unwrap_or(u32::MAX),
            list: given.list.is_some(),
            // What the host hears it passes on by slk_store_notify.
            push: false,
            at_once: 0,
        },
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::super::request::*;
    use super::*;
    use crate::store::{Cause, Completions, Expected, Key, Kind, Operation, Outcome, Reply, RequestId};

    /// What a callback does with the request that it gets.
    type Act = unsafe extern "C" fn(*mut c_void, slk_request, *const slk_request_view);

    unsafe extern "C" fn unused(_: *mut c_void, _: slk_request, _: *const slk_request_view) {}

    fn callbacks(act: Act) -> Arc<Callbacks> {
        Arc::new(Callbacks {
            name: "test".to_owned(),
            user_data: UserData::new(std::ptr::null_mut()),
            get: act,
            put: act,
            remove: act,
            list: None,
            cancel: None,
            abilities: Abilities {
                name: "test".to_owned(),
                compare_and_set: true,
                max_value_bytes: 1000,
                max_key_bytes: 100,
                list: false,
                push: false,
                at_once: 0,
            },
        })
    }

    fn request(operation: Operation, name: &str) -> Request {
        Request {
            key: Key {
                kind: Kind::Record,
                space: "player".into(),
                name: name.into(),
            },
            operation,
        }
    }

    fn put() -> Operation {
        Operation::put(*b"{}", Expected::Missing)
    }

    fn answer_of(act: Act, operation: Operation) -> StoreResult {
        let store = Blocking {
            callbacks: callbacks(act),
        };
        store.carry_out(&request(operation, "42"))
    }

    fn fail(request: slk_request, result: slk_result, text: *const c_char) -> slk_result {
        // SAFETY: the text is null or a constant string.
        unsafe { slk_request_complete_failed(request, result, text) }
    }

    unsafe extern "C" fn not_applied(_: *mut c_void, request: slk_request, _: *const slk_request_view) {
        assert_eq!(fail(request, SLK_E_NOT_APPLIED, c"disk full".as_ptr()), SLK_OK);
    }

    unsafe extern "C" fn too_long(_: *mut c_void, request: slk_request, _: *const slk_request_view) {
        assert_eq!(fail(request, SLK_E_TOO_LONG, std::ptr::null()), SLK_OK);
    }

    unsafe extern "C" fn unknown(_: *mut c_void, request: slk_request, _: *const slk_request_view) {
        assert_eq!(fail(request, SLK_E_UNKNOWN_OUTCOME, c"\xff".as_ptr()), SLK_OK);
    }

    unsafe extern "C" fn odd(_: *mut c_void, request: slk_request, _: *const slk_request_view) {
        assert_eq!(fail(request, SLK_CONFLICT, c"odd".as_ptr()), SLK_E_INVALID_ARGUMENT);
    }

    unsafe extern "C" fn removed(_: *mut c_void, request: slk_request, _: *const slk_request_view) {
        let expected = slk_request_complete_removed(request);
        assert!(matches!(expected, SLK_OK | SLK_E_INVALID_ARGUMENT));
    }

    #[test]
    fn each_way_to_fail_keeps_its_meaning() {
        let failed = |act: Act| answer_of(act, put()).unwrap_err();
        let error = failed(not_applied);
        assert_eq!((error.outcome, error.cause), (Outcome::NotApplied, Cause::Store));
        assert_eq!(error.text, "test: disk full");
        let error = failed(too_long);
        assert_eq!((error.outcome, error.cause), (Outcome::NotApplied, Cause::Request));
        assert!(error.text.contains("no reason"), "{error}");
        let error = failed(unknown);
        assert_eq!((error.outcome, error.cause), (Outcome::Unknown, Cause::Unknown));
        assert!(error.text.contains("not UTF-8"), "{error}");
        let error = failed(odd);
        assert_eq!(error.outcome, Outcome::Unknown);
        assert!(error.text.contains("odd") && error.text.contains("10"), "{error}");
        let error = failed(unused);
        assert_eq!(error.outcome, Outcome::Unknown);
        assert!(
            error.text.contains("without an answer") && error.text.contains("player/42"),
            "{error}"
        );
    }

    #[test]
    fn an_answer_that_does_not_fit_is_a_failure_with_the_right_outcome() {
        let expected = Operation::Remove { expected: 7.into() };
        assert_eq!(answer_of(removed, expected), Ok(Reply::Removed));
        let error = answer_of(removed, put()).unwrap_err();
        assert_eq!(error.outcome, Outcome::Unknown, "a write may have landed all the same");
        assert!(error.text.contains("'removed' is no answer to a put"), "{error}");
        let error = answer_of(removed, Operation::Get).unwrap_err();
        assert_eq!(error.outcome, Outcome::NotApplied, "a read has no outcome");
    }

    fn listed(act: Act, limit: u32) -> StoreResult {
        let mut callbacks = Arc::into_inner(callbacks(act)).unwrap();
        callbacks.list = Some(act);
        let store = Blocking {
            callbacks: Arc::new(callbacks),
        };
        store.carry_out(&request(Operation::List { limit }, "b"))
    }

    fn complete(request: slk_request, names: &[*const c_char], more: i32) -> slk_result {
        // SAFETY: the names are constant strings, and as many as are told.
        unsafe { slk_request_complete_keys(request, names.as_ptr(), names.len(), more) }
    }

    unsafe extern "C" fn two_keys(_: *mut c_void, request: slk_request, view: *const slk_request_view) {
        // SAFETY: the view lives as long as the call.
        let view = unsafe { &*view };
        assert_eq!((view.kind, view.limit), (SLK_REQUEST_LIST, 2));
        assert_eq!(complete(request, &[c"c".as_ptr(), c"d".as_ptr()], 1), SLK_OK);
    }

    unsafe extern "C" fn not_after(_: *mut c_void, request: slk_request, _: *const slk_request_view) {
        assert_eq!(complete(request, &[c"b".as_ptr()], 0), SLK_E_INVALID_ARGUMENT);
    }

    unsafe extern "C" fn twice(_: *mut c_void, request: slk_request, _: *const slk_request_view) {
        let names = [c"c".as_ptr(), c"c".as_ptr()];
        assert_eq!(complete(request, &names, 0), SLK_E_INVALID_ARGUMENT);
    }

    unsafe extern "C" fn endless(_: *mut c_void, request: slk_request, _: *const slk_request_view) {
        assert_eq!(complete(request, &[], 1), SLK_E_INVALID_ARGUMENT);
    }

    #[test]
    fn a_list_is_taken_if_it_makes_sense() {
        let names = vec!["c".into(), "d".into()];
        assert_eq!(listed(two_keys, 2), Ok(Reply::Keys { names, more: true }));
        for (nonsense, words) in [(not_after as Act, "order"), (twice, "order"), (endless, "never end")] {
            let error = listed(nonsense, 9).unwrap_err();
            assert_eq!(error.outcome, Outcome::NotApplied);
            assert!(error.text.contains(words), "{error}");
        }
    }

    #[test]
    fn a_store_without_lists_is_not_called_for_one() {
        let error = answer_of(not_applied, Operation::List { limit: 1 }).unwrap_err();
        assert_eq!(error.cause, Cause::Request);
        assert!(error.text.contains("cannot list"), "{error}");
    }

    #[test]
    fn a_key_that_c_cannot_hold_is_refused() {
        let store = Asynchronous {
            callbacks: callbacks(unused),
        };
        let completions = Arc::new(Completions::default());
        store.submit(request(put(), "4\u{0}2"), completions.expect(RequestId(1)));
        let mut arrived = Vec::new();
        completions.take(&mut arrived);
        let error = arrived.remove(0).1.unwrap_err();
        assert_eq!((error.outcome, error.cause), (Outcome::NotApplied, Cause::Request));
        assert!(error.text.contains("NUL"), "{error}");
    }
}
