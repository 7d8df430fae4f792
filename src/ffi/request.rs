//! Requests to a store made of callbacks: what the host sees of one, and its one-shot right to answer it.

use super::callback;
use super::handle::slk_request;
use super::panic;
use super::result::*;
use super::store_callback::Callbacks;
use super::table::{Table, Type};
use super::text::{self, SLK_MAX_KEY_BYTES, SLK_MAX_TEXT_BYTES};
use crate::error::Error;
use crate::store::{
    Bytes, Completion, Expected, Hints, Kind, Operation, Outcome, Reply, Request, StoreError, StoreResult, Version,
    Waiter, MAX_LISTED, MAX_VERSION_BYTES,
};
use parking_lot::Mutex;
use std::ffi::{c_char, c_void, CStr, CString};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Weak};

/// The longest version token in bytes.
pub const SLK_MAX_VERSION_BYTES: usize = 255;

/// Read the value and its version.
pub const SLK_REQUEST_GET: i32 = 1;
/// Write the value if the key is as expected.
pub const SLK_REQUEST_PUT: i32 = 2;
/// Remove the key if it is as expected.
pub const SLK_REQUEST_REMOVE: i32 = 3;

/// List keys: those of the same kind and spec whose names come after `key`, in the order of their bytes.
pub const SLK_REQUEST_LIST: i32 = 4;

/// The key names a record of the game.
pub const SLK_KEY_RECORD: i32 = 1;
/// The key names a server record: how an engine shows that it is alive.
pub const SLK_KEY_SERVER: i32 = 2;

/// The data behind the header say the same as those stored under the expected version.
pub const SLK_REQUEST_DATA_UNCHANGED: u32 = 1;

/// What a store is asked to do. Its memory belongs to the request: it stays until the request was completed or
/// abandoned, and in any case until the callback returns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct slk_request_view {
    /// The size of this struct in the library that fills it; it only grows.
    pub struct_size: u32,
    /// `SLK_REQUEST_GET`, `SLK_REQUEST_PUT`, `SLK_REQUEST_REMOVE` or `SLK_REQUEST_LIST`.
    pub kind: i32,
    /// `SLK_KEY_RECORD` or `SLK_KEY_SERVER`.
    pub key_kind: i32,
    /// Put: 0, or `SLK_REQUEST_DATA_UNCHANGED`: a store that keeps header and data apart may leave the stored data as
    /// they are, if they were written apart and are as long. Any store may ignore it.
    pub flags: u32,
    /// The name of the record's spec, with a NUL; empty for a server record.
    pub spec: *const c_char,
    /// Its length in bytes without the NUL.
    pub spec_length: usize,
    /// The record's key or the server's id, with a NUL. List: the name after which to begin; empty: from the start.
    pub key: *const c_char,
    /// Its length in bytes without the NUL.
    pub key_length: usize,
    /// Put: the value to write: UTF-8 text of JSON without a NUL, or bytes of any kind where the spec has a codec; else
    /// NULL.
    pub value: *const c_void,
    /// Its length in bytes.
    pub value_length: usize,
    /// Put and remove: the version that must be stored, as given by the store before. NULL: for a put, the key must be
    /// missing; for a get, of no meaning.
    pub version: *const c_void,
    /// Its length in bytes, 1 to `SLK_MAX_VERSION_BYTES`; 0 if `version` is NULL.
    pub version_length: usize,
    /// List: the most names to answer with; else 0.
    pub limit: u32,
    /// Put: so many bytes at the beginning of `value` are the record's header, and the game's data follow; 0 if the two
    /// cannot be told apart.
    pub header_length: u32,
    /// Put: the id of the server that waits for this write, with a NUL; NULL if none does. A store that can push tells
    /// that server the key once the write is durable, and the server calls `slk_store_notify`. It is a hint; any store
    /// may ignore it.
    pub announce: *const c_char,
    /// Its length in bytes without the NUL; 0 if `announce` is NULL.
    pub announce_length: usize,
}

/// The requests that wait for the host.
static REQUESTS: Table<Pending> = Table::new(Type::Request);

/// A request that waits for the host.
pub(super) struct Pending {
    view: slk_request_view,
    request: Arc<Request>,
    /// What the view points to, besides the request.
    _names: Names,
    handle: AtomicU64,
    answer: Mutex<Option<Answer>>,
    given_up: AtomicBool,
    /// Keeps the host's user data alive until its last request is over.
    callbacks: Arc<Callbacks>,
}

// SAFETY: the raw pointers of the view lead into memory that `Pending` owns and never changes.
unsafe impl Send for Pending {}
// SAFETY: as above.
unsafe impl Sync for Pending {}

/// The names of a request as C has them.
struct Names {
    spec: CString,
    key: CString,
    announce: Option<CString>,
}

impl Names {
    /// `None` if the key contains a NUL.
    fn of(request: &Request) -> Option<Self> {
        let announce = match &request.operation {
            // A server whose id has a NUL is not one that can listen.
            Operation::Put { hints, .. } => hints.announce.as_ref().and_then(|server| CString::new(&**server).ok()),
            _ => None,
        };
        Some(Self {
            spec: CString::new(&*request.key.space).ok()?,
            key: CString::new(&*request.key.name).ok()?,
            announce,
        })
    }
}

/// Who gets the answer.
pub(super) enum Answer {
    Engine(Completion),
    Worker(Sender<StoreResult>),
}

impl Pending {
    /// Makes the request known to the host's side. It is over when it was taken out.
    pub fn new(callbacks: Arc<Callbacks>, request: Request, answer: Answer) -> Result<Arc<Self>, (Answer, StoreError)> {
        let Some(names) = Names::of(&request) else {
            let text = format!("{}: the key {} contains a NUL", callbacks.name, request.key);
            return Err((answer, StoreError::bad_request(text)));
        };
        // What the view points to must not move any more.
        let request = Arc::new(request);
        let pending = Arc::new(Self {
            view: view_of(&request, &names),
            request,
            _names: names,
            handle: AtomicU64::new(0),
            answer: Mutex::new(Some(answer)),
            given_up: AtomicBool::new(false),
            callbacks,
        });
        match REQUESTS.insert(Arc::clone(&pending)) {
            Ok(id) => pending.handle.store(id, Ordering::Release),
            Err(error) => return Err(pending.refuse(&error)),
        }
        pending.watch();
        Ok(pending)
    }

    fn watch(self: &Arc<Self>) {
        if let Some(Answer::Engine(completion)) = &*self.answer.lock() {
            let me: Weak<Self> = Arc::downgrade(self);
            completion.watch(me);
        }
    }

    /// Calls the host with the request.
    pub fn call_host(&self) {
        let call = match self.request.operation {
            Operation::Get => self.callbacks.get,
            Operation::Put { .. } => self.callbacks.put,
            Operation::Remove { .. } => self.callbacks.remove,
            Operation::List { .. } => match self.callbacks.list {
                Some(list) => list,
                None => {
                    self.refuse_list();
                    return;
                }
            },
        };
        // SAFETY: the host gave this function for this purpose and with this user data, which is not destroyed before
        // `callbacks` is; the view lives as long as `self`.
        callback::run(|| unsafe {
            call(self.callbacks.user_data.pointer(), self.handle(), &raw const self.view);
        });
    }

    /// Ends the host's right to answer; whoever waits is told that the outcome is unknown. Nothing happens if the host
    /// has answered, or is just doing so.
    pub fn withdraw(&self) {
        if let Ok(pending) = REQUESTS.remove(self.handle().id) {
            drop(pending.answer.lock().take());
        }
    }

    /// Nobody should ask a store for a list that says that it has none.
    fn refuse_list(&self) {
        let taken = REQUESTS.remove(self.handle().id);
        if let Ok(pending) = taken {
            let text = format!("{}: this store cannot list its keys", self.name());
            pending.tell(Err(StoreError::bad_request(text)));
        }
    }

    fn handle(&self) -> slk_request {
        slk_request {
            id: self.handle.load(Ordering::Acquire),
        }
    }

    fn refuse(&self, error: &Error) -> (Answer, StoreError) {
        let answer = self.answer.lock().take();
        let answer = answer.expect("nobody else knows of the request yet");
        (answer, StoreError::not_applied(error.text()))
    }

    fn name(&self) -> &str {
        &self.callbacks.name
    }

    /// The same failure for whoever waits: a read has no outcome, a write may have landed.
    fn nonsense(&self, problem: &str) -> StoreError {
        let text = format!("{}: {}: {problem}", self.name(), self.request.key);
        StoreError {
            outcome: match self.request.operation {
                Operation::Get | Operation::List { .. } => Outcome::NotApplied,
                Operation::Put { .. } | Operation::Remove { .. } => Outcome::Unknown,
            },
            ..StoreError::unknown(text)
        }
    }

    fn tell(&self, result: StoreResult) {
        match self.answer.lock().take() {
            Some(Answer::Engine(completion)) => completion.complete(result),
            // The worker waits for it unless its thread is gone with the process.
            Some(Answer::Worker(sender)) => drop(sender.send(result)),
            None => {}
        }
    }
}

impl Waiter for Pending {
    fn given_up(&self) {
        self.given_up.store(true, Ordering::Release);
        if let Some(cancel) = self.callbacks.cancel {
            // SAFETY: the host gave this function for this purpose and with this user data, which is not destroyed
            // before `callbacks` is.
            callback::run(|| unsafe { cancel(self.callbacks.user_data.pointer(), self.handle()) });
        }
    }
}

fn view_of(request: &Request, names: &Names) -> slk_request_view {
    let none = (std::ptr::null(), 0);
    let no_hints = Hints::default();
    let hints = match &request.operation {
        Operation::Put { hints, .. } => hints,
        _ => &no_hints,
    };
    let announce = names.announce.as_deref();
    let part = |bytes: &[u8]| (bytes.as_ptr().cast::<c_void>(), bytes.len());
    let (kind, value, version) = match &request.operation {
        Operation::Get => (SLK_REQUEST_GET, none, none),
        Operation::Put { value, expected, .. } => {
            let version = match expected {
                Expected::Missing => none,
                Expected::Version(version) => part(version.as_bytes()),
            };
            (SLK_REQUEST_PUT, part(value), version)
        }
        Operation::Remove { expected } => (SLK_REQUEST_REMOVE, none, part(expected.as_bytes())),
        Operation::List { .. } => (SLK_REQUEST_LIST, none, none),
    };
    slk_request_view {
        #[allow(clippy::cast_possible_truncation, reason = "the struct is small")]
        struct_size: size_of::<slk_request_view>() as u32,
        kind,
        key_kind: match request.key.kind {
            Kind::Record => SLK_KEY_RECORD,
            Kind::Server => SLK_KEY_SERVER,
        },
        flags: if hints.data_unchanged {
            SLK_REQUEST_DATA_UNCHANGED
        } else {
            0
        },
        spec: names.spec.as_ptr(),
        spec_length: names.spec.as_bytes().len(),
        key: names.key.as_ptr(),
        key_length: names.key.as_bytes().len(),
        value: value.0,
        value_length: value.1,
        version: version.0,
        version_length: version.1,
        limit: match request.operation {
            Operation::List { limit } => limit.min(MAX_LISTED),
            _ => 0,
        },
        header_length: hints.header_bytes,
        announce: announce.map_or(std::ptr::null(), CStr::as_ptr),
        announce_length: announce.map_or(0, CStr::count_bytes),
    }
}

/// Completes a get: this is stored. Value and version are copied before the call returns.
///
/// Parameters:
///   `request`: as the callback got it.
///   `value`: the stored bytes; may be NULL if `value_length` is 0.
///   `value_length`: their number, at most `SLK_MAX_DATA_BYTES`.
///   `version`: the token of this state of the key.
///   `version_length`: its length, 1 to `SLK_MAX_VERSION_BYTES`.
/// Returns:
///   `SLK_OK`: the answer was taken.
///   `SLK_E_INVALID_HANDLE`: the request was completed or abandoned before, or is none. Nothing happens.
///   `SLK_E_LATE`: the request was given up meanwhile; the answer counts for nothing.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_TOO_LONG`: the answer makes no sense or does not fit the request; the request is
///   over and has failed.
/// The handle is used up in each case.
/// Thread: any, also inside the callback. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_request_complete_found(
    request: slk_request,
    value: *const c_void,
    value_length: usize,
    version: *const c_void,
    version_length: usize,
) -> slk_result {
    answer("slk_request_complete_found", request, |pending| {
        fits(pending, "found", matches!(pending.request.operation, Operation::Get))?;
        // SAFETY: null or that many readable bytes, as the caller promises.
        let value = unsafe { text::bytes(value, value_length, "value") }?;
        // SAFETY: as above.
        let version = unsafe { version_of(version, version_length) }?;
        Ok(Reply::Found {
            value: copy(value)?,
            version,
        })
    })
}

/// Completes a get: nothing is stored under the key.
///
/// Parameters: `request`: as the callback got it.
/// Returns: as `slk_request_complete_found`.
/// Thread: any, also inside the callback. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_request_complete_missing(request: slk_request) -> slk_result {
    answer("slk_request_complete_missing", request, |pending| {
        fits(pending, "missing", matches!(pending.request.operation, Operation::Get))?;
        Ok(Reply::Missing)
    })
}

/// Completes a put: the value is written and durable. The version is copied before the call returns.
///
/// Parameters:
///   `request`: as the callback got it.
///   `version`: the token of the new state. It must never have been given for this key before.
///   `version_length`: its length, 1 to `SLK_MAX_VERSION_BYTES`.
/// Returns: as `slk_request_complete_found`.
/// Thread: any, also inside the callback. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_request_complete_written(
    request: slk_request,
    version: *const c_void,
    version_length: usize,
) -> slk_result {
    answer("slk_request_complete_written", request, |pending| {
        fits(
            pending,
            "written",
            matches!(pending.request.operation, Operation::Put { .. }),
        )?;
        // SAFETY: null or that many readable bytes, as the caller promises.
        let version = unsafe { version_of(version, version_length) }?;
        Ok(Reply::Written { version })
    })
}

/// Completes a remove: the key is gone, durably.
///
/// Parameters: `request`: as the callback got it.
/// Returns: as `slk_request_complete_found`.
/// Thread: any, also inside the callback. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_request_complete_removed(request: slk_request) -> slk_result {
    answer("slk_request_complete_removed", request, |pending| {
        fits(
            pending,
            "removed",
            matches!(pending.request.operation, Operation::Remove { .. }),
        )?;
        Ok(Reply::Removed)
    })
}

/// Completes a put or a remove: the key was not as expected, and nothing was changed.
///
/// Parameters: `request`: as the callback got it.
/// Returns: as `slk_request_complete_found`.
/// Thread: any, also inside the callback. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_request_complete_conflict(request: slk_request) -> slk_result {
    answer("slk_request_complete_conflict", request, |pending| {
        fits(pending, "conflict", !pending.request.operation.is_read())?;
        Ok(Reply::Conflict)
    })
}

/// Completes a list: these are the next keys. The names are copied before the call returns.
///
/// Parameters:
///   `request`: as the callback got it.
///   `names`: the names, UTF-8, each up to `SLK_MAX_KEY_BYTES`; each greater than the one before by the order of their
///   bytes, and the first greater than the request's key. May be NULL if `count` is 0.
///   `count`: their number, at most the request's `limit`; 0 only if no key is left.
///   `more`: 1 if there are more behind the last name, else 0.
/// Returns: as `slk_request_complete_found`, and `SLK_E_INVALID_UTF8`.
/// Thread: any, also inside the callback. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_request_complete_keys(
    request: slk_request,
    names: *const *const c_char,
    count: usize,
    more: i32,
) -> slk_result {
    answer("slk_request_complete_keys", request, |pending| {
        let Operation::List { limit } = pending.request.operation else {
            fits(pending, "keys", false)?;
            return Ok(Reply::Missing);
        };
        let more = super::data::bool_of(more)?;
        // SAFETY: null or as many strings as the count says, as the caller promises.
        let names = unsafe { names_of(names, count, limit.min(MAX_LISTED)) }?;
        check_order(&pending.request.key.name, &names)?;
        if names.is_empty() && more {
            return Err(Failure::argument(
                "no names, but more of them: the list would never end",
            ));
        }
        Ok(Reply::Keys { names, more })
    })
}

/// # Safety
/// `names` is null or points to `count` strings.
unsafe fn names_of(names: *const *const c_char, count: usize, limit: u32) -> Result<Vec<Arc<str>>, Failure> {
    if count > limit as usize {
        let text = format!("{count} names are more than the {limit} that were asked for");
        return Err(Failure::argument(text));
    }
    if names.is_null() && count > 0 {
        return Err(Failure::argument(format!("names is NULL, but count is {count}")));
    }
    (0..count)
        .map(|index| {
            // SAFETY: there are `count` of them, as the caller promises.
            let name = unsafe { text::string(*names.add(index), "a name", SLK_MAX_KEY_BYTES) }?;
            Ok(name.into())
        })
        .collect()
}

fn check_order(after: &str, names: &[Arc<str>]) -> Result<(), Failure> {
    let mut before = after;
    for name in names {
        if **name <= *before {
            let text = format!("the names are not in order: `{name}` comes behind `{before}`");
            return Err(Failure::argument(text));
        }
        before = name;
    }
    Ok(())
}

/// Completes any request: it failed.
///
/// Parameters:
///   `request`: as the callback got it.
///   `result`: what became of it:
///     `SLK_E_NOT_APPLIED`: surely not carried out, and will not be; the store is in trouble. It is tried again.
///     `SLK_E_INVALID_ARGUMENT`, `SLK_E_TOO_LONG`, `SLK_E_UNSUPPORTED`: surely not carried out, because this request
///     cannot be: too large, a key that the store cannot hold, no permission.
///     `SLK_E_UNKNOWN_OUTCOME`: it may have been carried out, or may yet be: the connection broke, no answer in time.
///     Anything else counts as `SLK_E_UNKNOWN_OUTCOME`.
///   `text`: what happened, in the store's own words, up to `SLK_MAX_TEXT_BYTES` and a NUL; it ends up in events and in
///   the log. May be NULL.
/// Returns: as `slk_request_complete_found`; `SLK_E_INVALID_ARGUMENT` for another `result` than these.
/// Thread: any, also inside the callback. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_request_complete_failed(
    request: slk_request,
    result: slk_result,
    text: *const c_char,
) -> slk_result {
    panic::enter("slk_request_complete_failed", || {
        let pending = REQUESTS.remove(request.id)?;
        // SAFETY: null or a string, as the caller promises.
        let words = match unsafe { text::optional_string(text, "text", SLK_MAX_TEXT_BYTES) } {
            Ok(words) => words.unwrap_or("the store gave no reason").to_owned(),
            Err(failure) => format!("the store gave a reason that cannot be shown: {}", failure.text),
        };
        let words = format!("{}: {words}", pending.name());
        let (error, known) = match result {
            SLK_E_NOT_APPLIED => (StoreError::not_applied(words), true),
            SLK_E_INVALID_ARGUMENT | SLK_E_TOO_LONG | SLK_E_UNSUPPORTED => (StoreError::bad_request(words), true),
            SLK_E_UNKNOWN_OUTCOME => (StoreError::unknown(words), true),
            _ => (
                pending.nonsense(&format!("failed with the result {result}, which is none: {words}")),
                false,
            ),
        };
        pending.tell(Err(error));
        if !known {
            return Err(Failure::argument(format!(
                "result {result} says not what became of the request"
            )));
        }
        late_or_ok(&pending)
    })
}

/// Gives a request up without an answer: its outcome counts as unknown.
///
/// Parameters: `request`: as the callback got it.
/// Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE` if it was completed or abandoned before, or is none.
/// Thread: any, also inside a callback. Blocks: never. Since 0.1.
#[no_mangle]
pub extern "C" fn slk_request_abandon(request: slk_request) -> slk_result {
    panic::enter("slk_request_abandon", || {
        let pending = REQUESTS.remove(request.id)?;
        pending.tell(Err(pending.nonsense("the store gave the request up without an answer")));
        Ok(SLK_OK)
    })
}

/// Takes the request out, so that it is answered once, and answers it with what `make` makes of the host's words.
fn answer(
    function: &'static str,
    request: slk_request,
    make: impl FnOnce(&Pending) -> Result<Reply, Failure>,
) -> slk_result {
    panic::enter(function, || {
        let pending = REQUESTS.remove(request.id)?;
        match make(&pending) {
            Ok(reply) => {
                pending.tell(Ok(reply));
                late_or_ok(&pending)
            }
            Err(failure) => {
                pending.tell(Err(pending.nonsense(&failure.text)));
                Err(failure)
            }
        }
    })
}

fn late_or_ok(pending: &Pending) -> Result<slk_result, Failure> {
    if pending.given_up.load(Ordering::Acquire) {
        let problem = "it took too long, or its engine is gone";
        let text = format!("{}: the request was given up: {problem}", pending.request.key);
        return Err(Failure::new(SLK_E_LATE, text));
    }
    Ok(SLK_OK)
}

fn fits(pending: &Pending, answer: &str, does: bool) -> Result<(), Failure> {
    if does {
        return Ok(());
    }
    let kind = pending.request.operation.name();
    Err(Failure::argument(format!("'{answer}' is no answer to a {kind}")))
}

/// # Safety
/// `pointer` is null or points to `length` readable bytes.
unsafe fn version_of(pointer: *const c_void, length: usize) -> Result<Version, Failure> {
    if length == 0 || length > MAX_VERSION_BYTES {
        let text = format!("a version has 1 to {MAX_VERSION_BYTES} bytes, not {length}");
        return Err(Failure::argument(text));
    }
    // SAFETY: as the caller promises.
    let bytes = unsafe { text::bytes(pointer, length, "version") }?;
    Version::new(bytes).ok_or_else(|| Failure::argument("the version has a bad length"))
}

/// A copy of the host's bytes; a size that cannot be had is a failure, not the end of the process.
fn copy(value: &[u8]) -> Result<Bytes, Failure> {
    let mut copied = Vec::new();
    copied.try_reserve_exact(value.len()).map_err(|_| {
        let text = format!("there is no memory for a value of {} bytes", value.len());
        Failure::new(SLK_E_OUT_OF_MEMORY, text)
    })?;
    copied.extend_from_slice(value);
    Ok(copied.into())
}
