//! Result codes of the header, and how the crate's errors become codes.

use super::text;
use crate::error::{Error, ErrorKind};
use std::ffi::{c_char, CStr};

/// How a call ended: 0 is success, below 0 are errors, above 0 are states that are neither.
pub type slk_result = i32;

/// Done.
pub const SLK_OK: slk_result = 0;
/// There is nothing there: no event, no value at this pointer.
pub const SLK_EMPTY: slk_result = 1;
/// A callback has the locker's data just now; try again in the next tick. Nothing was changed.
pub const SLK_BUSY: slk_result = 2;
/// The locker has nothing to do.
pub const SLK_IDLE: slk_result = 3;
/// Not decided yet.
pub const SLK_PENDING: slk_result = 4;
/// The change is durable in the store.
pub const SLK_SAVED: slk_result = 5;
/// The change is surely not in the store and never will be.
pub const SLK_LOST: slk_result = 6;
/// Whether the change is in the store cannot be known.
pub const SLK_UNKNOWN: slk_result = 7;
/// A callback's answer: this cannot be applied now; give credit for it instead.
pub const SLK_NOT_APPLICABLE: slk_result = 8;
/// A callback's answer: the answer will be given later.
pub const SLK_DEFERRED: slk_result = 9;
/// The key was not as expected, and nothing was written.
pub const SLK_CONFLICT: slk_result = 10;
/// The purchase is in the player's data, durably. Also the answer to a receipt that came again.
pub const SLK_GRANTED: slk_result = 20;
/// The purchase could not be applied; the player has credit for it, durably.
pub const SLK_CREDITED: slk_result = 21;
/// The receipt had no effect yet. Let the platform deliver it again.
pub const SLK_NOT_PROCESSED: slk_result = 22;
/// The product of the purchase is not known to this version of the game; it is kept, durably, until one knows it.
pub const SLK_PARKED: slk_result = 23;
/// The purchase was turned down, durably; nothing was granted. Also a callback's answer that turns it down.
pub const SLK_REJECTED: slk_result = 24;
/// The purchase was paid back and taken back, or became a debt, durably. Nothing is granted for it again.
pub const SLK_REVOKED: slk_result = 25;
/// A callback's answer: this version of the game does not know the product; keep the purchase until one does.
pub const SLK_UNKNOWN_PRODUCT: slk_result = 26;
/// Another server holds the record.
pub const SLK_LOCKED_ELSEWHERE: slk_result = 40;
/// The record is there, and cannot be read or worked with here.
pub const SLK_UNREADABLE: slk_result = 41;

/// An argument is NULL where it must not be, outside its range, or makes no sense beside another.
pub const SLK_E_INVALID_ARGUMENT: slk_result = -1;
/// The handle is null, of another type, destroyed already, or was never given out.
pub const SLK_E_INVALID_HANDLE: slk_result = -2;
/// A string is not UTF-8.
pub const SLK_E_INVALID_UTF8: slk_result = -3;
/// A string, key or value is longer, or nested deeper, than allowed.
pub const SLK_E_TOO_LONG: slk_result = -4;
/// A text is not JSON.
pub const SLK_E_INVALID_JSON: slk_result = -5;
/// A text is not a JSON Pointer (RFC 6901), or what it names cannot be set because its parent is missing.
pub const SLK_E_INVALID_POINTER: slk_result = -6;
/// The value is of another type than asked for.
pub const SLK_E_WRONG_TYPE: slk_result = -7;
/// The number does not fit.
pub const SLK_E_OUT_OF_RANGE: slk_result = -8;
/// The locker has no data that may be changed now: not loaded yet, releasing, or lost.
pub const SLK_E_NOT_LOADED: slk_result = -9;
/// Another thread is inside a call that excludes this one.
pub const SLK_E_BUSY: slk_result = -10;
/// The call is not allowed inside a callback.
pub const SLK_E_REENTRANT: slk_result = -11;
/// A bug in this library was caught. The object can no longer be used, except to destroy it.
pub const SLK_E_PANIC: slk_result = -12;
/// The store failed.
pub const SLK_E_STORE: slk_result = -13;
/// The file is not a database, or not one of this library.
pub const SLK_E_NOT_A_DATABASE: slk_result = -14;
/// The store, or this build of the library, lacks an ability that is needed.
pub const SLK_E_UNSUPPORTED: slk_result = -15;
/// Something of that name exists already, with other settings.
pub const SLK_E_EXISTS: slk_result = -16;
/// The engine is shutting down.
pub const SLK_E_SHUTTING_DOWN: slk_result = -17;
/// The locker was deleted.
pub const SLK_E_DELETED: slk_result = -18;
/// Memory could not be reserved.
pub const SLK_E_OUT_OF_MEMORY: slk_result = -19;
/// A callback of yours refused or failed.
pub const SLK_E_CALLBACK: slk_result = -20;
/// The buffer is too small; `needed` says how long the text is.
pub const SLK_E_BUFFER_TOO_SMALL: slk_result = -21;
/// The header that the program was compiled with does not fit this library.
pub const SLK_E_ABI: slk_result = -22;
/// The `struct_size` of an options struct is no size that this library knows, or what it does not know is set.
pub const SLK_E_STRUCT_SIZE: slk_result = -23;
/// A store callback's answer: the request may have been carried out, or may yet be.
pub const SLK_E_UNKNOWN_OUTCOME: slk_result = -24;
/// A store callback's answer: the request was surely not carried out and will not be.
pub const SLK_E_NOT_APPLIED: slk_result = -25;
/// The answer came after the request was given up; it was taken, and counts for nothing.
pub const SLK_E_LATE: slk_result = -26;
/// There is no room for more.
pub const SLK_E_FULL: slk_result = -40;
/// The store that was checked breaks a promise.
pub const SLK_E_BROKEN_STORE: slk_result = -50;

/// Every code with its name.
const NAMES: &[(slk_result, &CStr)] = &[
    (SLK_OK, c"SLK_OK"),
    (SLK_EMPTY, c"SLK_EMPTY"),
    (SLK_BUSY, c"SLK_BUSY"),
    (SLK_IDLE, c"SLK_IDLE"),
    (SLK_PENDING, c"SLK_PENDING"),
    (SLK_SAVED, c"SLK_SAVED"),
    (SLK_LOST, c"SLK_LOST"),
    (SLK_UNKNOWN, c"SLK_UNKNOWN"),
    (SLK_NOT_APPLICABLE, c"SLK_NOT_APPLICABLE"),
    (SLK_DEFERRED, c"SLK_DEFERRED"),
    (SLK_CONFLICT, c"SLK_CONFLICT"),
    (SLK_GRANTED, c"SLK_GRANTED"),
    (SLK_CREDITED, c"SLK_CREDITED"),
    (SLK_NOT_PROCESSED, c"SLK_NOT_PROCESSED"),
    (SLK_PARKED, c"SLK_PARKED"),
    (SLK_REJECTED, c"SLK_REJECTED"),
    (SLK_REVOKED, c"SLK_REVOKED"),
    (SLK_UNKNOWN_PRODUCT, c"SLK_UNKNOWN_PRODUCT"),
    (SLK_LOCKED_ELSEWHERE, c"SLK_LOCKED_ELSEWHERE"),
    (SLK_UNREADABLE, c"SLK_UNREADABLE"),
    (SLK_E_INVALID_ARGUMENT, c"SLK_E_INVALID_ARGUMENT"),
    (SLK_E_INVALID_HANDLE, c"SLK_E_INVALID_HANDLE"),
    (SLK_E_INVALID_UTF8, c"SLK_E_INVALID_UTF8"),
    (SLK_E_TOO_LONG, c"SLK_E_TOO_LONG"),
    (SLK_E_INVALID_JSON, c"SLK_E_INVALID_JSON"),
    (SLK_E_INVALID_POINTER, c"SLK_E_INVALID_POINTER"),
    (SLK_E_WRONG_TYPE, c"SLK_E_WRONG_TYPE"),
    (SLK_E_OUT_OF_RANGE, c"SLK_E_OUT_OF_RANGE"),
    (SLK_E_NOT_LOADED, c"SLK_E_NOT_LOADED"),
    (SLK_E_BUSY, c"SLK_E_BUSY"),
    (SLK_E_REENTRANT, c"SLK_E_REENTRANT"),
    (SLK_E_PANIC, c"SLK_E_PANIC"),
    (SLK_E_STORE, c"SLK_E_STORE"),
    (SLK_E_NOT_A_DATABASE, c"SLK_E_NOT_A_DATABASE"),
    (SLK_E_UNSUPPORTED, c"SLK_E_UNSUPPORTED"),
    (SLK_E_EXISTS, c"SLK_E_EXISTS"),
    (SLK_E_SHUTTING_DOWN, c"SLK_E_SHUTTING_DOWN"),
    (SLK_E_DELETED, c"SLK_E_DELETED"),
    (SLK_E_OUT_OF_MEMORY, c"SLK_E_OUT_OF_MEMORY"),
    (SLK_E_CALLBACK, c"SLK_E_CALLBACK"),
    (SLK_E_BUFFER_TOO_SMALL, c"SLK_E_BUFFER_TOO_SMALL"),
    (SLK_E_ABI, c"SLK_E_ABI"),
    (SLK_E_STRUCT_SIZE, c"SLK_E_STRUCT_SIZE"),
    (SLK_E_UNKNOWN_OUTCOME, c"SLK_E_UNKNOWN_OUTCOME"),
    (SLK_E_NOT_APPLIED, c"SLK_E_NOT_APPLIED"),
    (SLK_E_LATE, c"SLK_E_LATE"),
    (SLK_E_FULL, c"SLK_E_FULL"),
    (SLK_E_BROKEN_STORE, c"SLK_E_BROKEN_STORE"),
];

/// A call of the C API that failed: the code, and the words for `slk_last_error`.
#[derive(Debug)]
pub(super) struct Failure {
    pub result: slk_result,
    pub text: String,
}

impl Failure {
    pub fn new(result: slk_result, text: impl Into<String>) -> Self {
        Self {
            result,
            text: text.into(),
        }
    }

    pub fn argument(text: impl Into<String>) -> Self {
        Self::new(SLK_E_INVALID_ARGUMENT, text)
    }

    /// The same failure, with what it is about.
    pub fn about(self, what: &str) -> Self {
        Self::new(self.result, format!("{what}: {}", self.text))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(code(error.kind()), error.text())
    }
}

/// The code of a kind of error.
pub(super) fn code(kind: ErrorKind) -> slk_result {
    match kind {
        ErrorKind::InvalidArgument => SLK_E_INVALID_ARGUMENT,
        ErrorKind::InvalidHandle => SLK_E_INVALID_HANDLE,
        ErrorKind::InvalidUtf8 => SLK_E_INVALID_UTF8,
        ErrorKind::TooLong => SLK_E_TOO_LONG,
        ErrorKind::InvalidJson => SLK_E_INVALID_JSON,
        ErrorKind::InvalidPointer => SLK_E_INVALID_POINTER,
        ErrorKind::WrongType => SLK_E_WRONG_TYPE,
        ErrorKind::OutOfRange => SLK_E_OUT_OF_RANGE,
        ErrorKind::NotLoaded => SLK_E_NOT_LOADED,
        ErrorKind::Busy => SLK_E_BUSY,
        ErrorKind::Reentrant => SLK_E_REENTRANT,
        ErrorKind::Panic => SLK_E_PANIC,
        ErrorKind::Store => SLK_E_STORE,
        ErrorKind::NotADatabase => SLK_E_NOT_A_DATABASE,
        ErrorKind::Unsupported => SLK_E_UNSUPPORTED,
        ErrorKind::Exists => SLK_E_EXISTS,
        ErrorKind::ShuttingDown => SLK_E_SHUTTING_DOWN,
        ErrorKind::Deleted => SLK_E_DELETED,
        ErrorKind::OutOfMemory => SLK_E_OUT_OF_MEMORY,
        ErrorKind::Callback => SLK_E_CALLBACK,
        ErrorKind::Full => SLK_E_FULL,
    }
}

/// The name of a result for texts.
pub(super) fn name_of(result: slk_result) -> &'static str {
    let known = NAMES.iter().find(|(code, _)| *code == result);
    let name = known.map_or(c"unknown slk_result", |(_, name)| *name);
    name.to_str().unwrap_or_default()
}

/// The name of a result, such as `"SLK_E_INVALID_HANDLE"`, for logs.
///
/// Parameters: `result`: any number.
/// Returns: a constant string, never NULL; `"unknown slk_result"` for a number that is no result of this version.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub extern "C" fn slk_result_name(result: slk_result) -> *const c_char {
    let known = NAMES.iter().find(|(code, _)| *code == result);
    known.map_or(c"unknown slk_result", |(_, name)| *name).as_ptr()
}

/// Copies out what went wrong in the last failed call of this thread: the function, the argument or key, the reason.
///
/// Later successful calls leave the text as it is. The text of a failure that is reported by an event is in the event.
///
/// Parameters:
///   `buffer`: receives the text and a NUL; may be NULL if `capacity` is 0.
///   `capacity`: the size of `buffer` in bytes.
///   `needed`: receives the length of the text in bytes without the NUL; may be NULL.
/// Returns:
///   `SLK_OK`: the text was copied, or only its length was asked for; an empty text if nothing has failed yet.
///   `SLK_E_BUFFER_TOO_SMALL`: what fits was copied, cut between two characters and with a NUL.
///   `SLK_E_INVALID_ARGUMENT`: `buffer` is NULL and `capacity` is not 0.
/// Thread: any; each thread has its own text. Blocks: never. Since 0.1.
#[no_mangle]
pub unsafe extern "C" fn slk_last_error(buffer: *mut c_char, capacity: usize, needed: *mut usize) -> slk_result {
    // Not through the boundary: a failure here must not replace the text that is asked for.
    let last = super::error_text::last();
    // SAFETY: the caller gives a buffer of this capacity and a place for the length, or NULL.
    unsafe { text::copy_cut(&last, buffer, capacity, needed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for (at, (code, name)) in NAMES.iter().enumerate() {
            assert!(NAMES[..at]
                .iter()
                .all(|(other, other_name)| other != code && other_name != name));
            // SAFETY: the function returns a constant string.
            assert_eq!(unsafe { CStr::from_ptr(slk_result_name(*code)) }, *name);
        }
        for code in [99, -99, i32::MIN, i32::MAX] {
            // SAFETY: the function returns a constant string.
            assert_eq!(unsafe { CStr::from_ptr(slk_result_name(code)) }, c"unknown slk_result");
        }
    }
}
