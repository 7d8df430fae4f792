//! `slk_document`: JSON or bytes on their own, and the drafts of callbacks.

use super::data::{self, Data, TextIn};
use super::handle::slk_document;
use super::panic::{self, Guard};
use super::result::*;
use super::table::{Table, Type};
use super::text;
use crate::change::Draft;
use crate::error::Error;
use crate::record::Document;
use parking_lot::Mutex;
use std::borrow::Cow;
use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

static DOCUMENTS: Table<DocumentObject> = Table::new(Type::Document);

struct DocumentObject {
    document: Mutex<Document>,
    guard: Guard,
    edited: AtomicBool,
    /// A draft is lent to a callback; the library takes it back when the callback returns.
    draft: bool,
    /// Changes for other records that leave with the draft.
    queued: Mutex<Vec<Draft>>,
}

impl Data for Arc<DocumentObject> {
    fn read<R>(&self, look: impl FnOnce(&Document) -> Result<R, Failure>) -> Result<R, Failure> {
        self.guard.run(|_| {}, || look(&self.document.lock()))
    }

    fn edit(&self, change: impl FnOnce(&mut Document) -> Result<(), Error>) -> Result<u64, Failure> {
        self.guard.run(|_| {}, || Ok(change(&mut self.document.lock())?))?;
        self.edited.store(true, Ordering::Release);
        Ok(0)
    }
}

fn data_of(handle: slk_document) -> Result<Arc<DocumentObject>, Failure> {
    Ok(DOCUMENTS.get(handle.id)?)
}

/// Gives the host a document of its own.
pub(super) fn give(document: Document) -> Result<slk_document, Failure> {
    insert(document, false)
}

/// Lends a document to a callback. The handle dies when the loan ends.
pub(super) fn lend(document: Document) -> Result<Loan, Failure> {
    Ok(Loan {
        handle: insert(document, true)?,
    })
}

/// A document that a callback has.
pub(super) struct Loan {
    handle: slk_document,
}

impl Loan {
    pub fn handle(&self) -> slk_document {
        self.handle
    }

    /// Ends the loan. Gives the document if the callback changed it, and the changes that were queued on it.
    pub fn take_back(self) -> (Option<Document>, Vec<Draft>) {
        let Ok(object) = DOCUMENTS.get(self.handle.id) else {
            return (None, Vec::new());
        };
        let edited = object.edited.load(Ordering::Acquire);
        let document = edited.then(|| object.document.lock().clone());
        let queued = std::mem::take(&mut *object.queued.lock());
        (document, queued)
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // Nobody else removes a draft.
        let _ = DOCUMENTS.remove(self.handle.id);
    }
}

/// Has a change leave with a draft.
pub(super) fn queue_change(draft: slk_document, change: Draft) -> Result<(), Failure> {
    let object = data_of(draft)?;
    if !object.draft {
        return Err(Failure::argument(
            "it is no draft of a callback; queue the change on the locker",
        ));
    }
    object.queued.lock().push(change);
    Ok(())
}

/// Ends a document that the host could not be given.
pub(super) fn end(handle: slk_document) -> Result<(), Failure> {
    DOCUMENTS.remove(handle.id)?;
    Ok(())
}

fn insert(document: Document, draft: bool) -> Result<slk_document, Failure> {
    let id = DOCUMENTS.insert(Arc::new(DocumentObject {
        document: Mutex::new(document),
        guard: Guard::default(),
        edited: AtomicBool::new(false),
        draft,
        queued: Mutex::default(),
    }))?;
    Ok(slk_document { id })
}

/// Makes a document from JSON text.
///
/// Parameters:
///   `json`: the text, UTF-8. Where an object names a member twice, the last one counts.
///   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
///   `document`: receives the handle, to be ended by `slk_document_destroy`; null on failure.
/// Returns:
///   `SLK_OK`: made.
///   `SLK_E_INVALID_JSON`: the text is not JSON; the error text says where.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL, a bad string, too large or nested too deeply.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_create_json(
    json: *const c_char,
    length: usize,
    document: *mut slk_document,
) -> slk_result {
    panic::enter("slk_document_create_json", || {
        text::required(document, "document")?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(document, slk_document::default()) };
        // SAFETY: null or that many bytes, as the caller promises.
        let json = unsafe { text::text(json, length, "json") }?;
        let handle = give(Document::from_json(json)?)?;
        // SAFETY: as above.
        unsafe { text::put(document, handle) };
        Ok(SLK_OK)
    })
}

/// Makes a document of opaque bytes.
///
/// Parameters:
///   `bytes`: the bytes, copied; may be NULL if `length` is 0.
///   `length`: their number.
///   `document`: receives the handle, to be ended by `slk_document_destroy`; null on failure.
/// Returns:
///   `SLK_OK`: made.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_TOO_LONG`: NULL, or too large.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_create_bytes(
    bytes: *const c_void,
    length: usize,
    document: *mut slk_document,
) -> slk_result {
    panic::enter("slk_document_create_bytes", || {
        text::required(document, "document")?;
        // SAFETY: not null, so writable as the caller promises.
        unsafe { text::put(document, slk_document::default()) };
        // SAFETY: null or that many bytes, as the caller promises.
        let bytes = unsafe { text::bytes(bytes, length, "bytes") }?;
        let handle = give(Document::from_bytes(bytes))?;
        // SAFETY: as above.
        unsafe { text::put(document, handle) };
        Ok(SLK_OK)
    })
}

/// Ends a document that is the host's own.
///
/// Parameters: `document`: a document, or the null handle, which does nothing.
/// Returns:
///   `SLK_OK`: ended, or null.
///   `SLK_E_INVALID_HANDLE`: no living document.
///   `SLK_E_INVALID_ARGUMENT`: it is the draft of a callback, which ends when the callback returns.
/// Thread: any, also inside callbacks. Blocks: never. Since 0.1.
#[no_mangle]
pub extern "C" fn slk_document_destroy(document: slk_document) -> slk_result {
    panic::enter("slk_document_destroy", || {
        if document == slk_document::default() {
            return Ok(SLK_OK);
        }
        if DOCUMENTS.get(document.id)?.draft {
            return Err(Failure::argument(
                "it is the draft of a callback, and ends when the callback returns",
            ));
        }
        DOCUMENTS.remove(document.id)?;
        Ok(SLK_OK)
    })
}

/// Reads the type of a value: one of `SLK_TYPE_`.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: receives it.
/// Returns:
///   `SLK_OK`: it was read.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_get_type(
    document: slk_document,
    pointer: *const c_char,
    value: *mut i32,
) -> slk_result {
    panic::enter("slk_document_get_type", || {
        // SAFETY: a string and a place for the value, or NULL, as the caller promises.
        unsafe { data::get(&data_of(document)?, pointer, value, data::type_of) }
    })
}

/// Reads a boolean, as 1 or 0.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: receives it.
/// Returns:
///   `SLK_OK`: it was read.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_WRONG_TYPE`: it is no boolean.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_get_bool(
    document: slk_document,
    pointer: *const c_char,
    value: *mut i32,
) -> slk_result {
    panic::enter("slk_document_get_bool", || {
        // SAFETY: a string and a place for the value, or NULL, as the caller promises.
        unsafe {
            data::get(&data_of(document)?, pointer, value, |it, at| {
                Ok(it.get_bool(at)?.map(i32::from))
            })
        }
    })
}

/// Reads a whole number.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: receives it.
/// Returns:
///   `SLK_OK`: it was read.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_WRONG_TYPE`: it is no whole number.
///   `SLK_E_OUT_OF_RANGE`: it does not fit into 64 bits.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_get_i64(
    document: slk_document,
    pointer: *const c_char,
    value: *mut i64,
) -> slk_result {
    panic::enter("slk_document_get_i64", || {
        // SAFETY: a string and a place for the value, or NULL, as the caller promises.
        unsafe { data::get(&data_of(document)?, pointer, value, Document::get_i64) }
    })
}

/// Reads a number, rounded if a double cannot hold all its digits.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: receives it.
/// Returns:
///   `SLK_OK`: it was read.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_WRONG_TYPE`: it is no number.
///   `SLK_E_OUT_OF_RANGE`: it is beyond all doubles.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_get_f64(
    document: slk_document,
    pointer: *const c_char,
    value: *mut f64,
) -> slk_result {
    panic::enter("slk_document_get_f64", || {
        // SAFETY: a string and a place for the value, or NULL, as the caller promises.
        unsafe { data::get(&data_of(document)?, pointer, value, Document::get_f64) }
    })
}

/// Reads a text.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
///   `capacity`: the size of `buffer` in bytes.
///   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
/// Returns:
///   `SLK_OK`: it was copied, or its length was asked for.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
///   `SLK_E_WRONG_TYPE`: it is no string.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_get_string(
    document: slk_document,
    pointer: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_document_get_string", || {
        // SAFETY: a string, a buffer of that capacity and a place for the length, or NULL, as the caller promises.
        unsafe {
            data::get_text(
                &data_of(document)?,
                pointer,
                (buffer, capacity, needed),
                Document::get_str,
            )
        }
    })
}

/// Reads a value of any type as JSON text. The whole document comes as it was written if nobody changed it.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
///   `capacity`: the size of `buffer` in bytes.
///   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
/// Returns:
///   `SLK_OK`: it was copied, or its length was asked for.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
///   `SLK_E_WRONG_TYPE`: the data are opaque bytes.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_get_json(
    document: slk_document,
    pointer: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_document_get_json", || {
        // SAFETY: a string, a buffer of that capacity and a place for the length, or NULL, as the caller promises.
        unsafe {
            data::get_text(&data_of(document)?, pointer, (buffer, capacity, needed), |it, at| {
                Ok(it.get_json(at)?.map(Cow::Owned))
            })
        }
    })
}

/// Reads the opaque bytes, where the data are opaque.
///
/// Parameters:
///   `document`: the document.
///   `buffer`: receives them, without a NUL; NULL with a capacity of 0 asks for the number only.
///   `capacity`: the size of `buffer` in bytes.
///   `needed`: receives their number, also when the buffer is too small; may be NULL.
/// Returns:
///   `SLK_OK`: they were copied, or their number was asked for.
///   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for them; nothing is copied.
///   `SLK_E_WRONG_TYPE`: the data are JSON.
///   `SLK_E_INVALID_ARGUMENT`: `buffer` is NULL and `capacity` is not 0.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_get_bytes(
    document: slk_document,
    buffer: *mut c_void,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_document_get_bytes", || {
        // SAFETY: a buffer of that capacity and a place for the number, or NULL, as the caller promises.
        unsafe { data::get_bytes(&data_of(document)?, (buffer, capacity, needed)) }
    })
}

/// Reads how many elements an array has, members an object, bytes a string.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: receives it.
/// Returns:
///   `SLK_OK`: it was read.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_WRONG_TYPE`: it has no length.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_length(
    document: slk_document,
    pointer: *const c_char,
    value: *mut usize,
) -> slk_result {
    panic::enter("slk_document_length", || {
        // SAFETY: a string and a place for the value, or NULL, as the caller promises.
        unsafe { data::get(&data_of(document)?, pointer, value, Document::length) }
    })
}

/// Reads the name of one member of an object, in the order of the text: for walking through an object of `length`
/// members. As a step of a JSON Pointer, `~` in it is written `~0` and `/` is written `~1`.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `index`: which one, from 0; `SLK_EMPTY` behind the last.
///   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
///   `capacity`: the size of `buffer` in bytes.
///   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
/// Returns:
///   `SLK_OK`: it was copied, or its length was asked for.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
///   `SLK_E_WRONG_TYPE`: it is no object.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_key_at(
    document: slk_document,
    pointer: *const c_char,
    index: usize,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_document_key_at", || {
        // SAFETY: a string, a buffer of that capacity and a place for the length, or NULL, as the caller promises.
        unsafe {
            data::get_text(&data_of(document)?, pointer, (buffer, capacity, needed), |it, at| {
                it.key_at(at, index)
            })
        }
    })
}

/// Sets null.
/// A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
/// on failure.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_set_null(document: slk_document, pointer: *const c_char) -> slk_result {
    panic::enter("slk_document_set_null", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe { data::edit(&data_of(document)?, pointer, std::ptr::null_mut(), Document::set_null) }
    })
}

/// Sets a boolean.
/// A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
/// on failure.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: 1 or 0.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_set_bool(
    document: slk_document,
    pointer: *const c_char,
    value: i32,
) -> slk_result {
    panic::enter("slk_document_set_bool", || {
        let value = data::bool_of(value)?;
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit(&data_of(document)?, pointer, std::ptr::null_mut(), |it, at| {
                it.set_bool(at, value)
            })
        }
    })
}

/// Sets a whole number.
/// A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
/// on failure.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: the number.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_set_i64(
    document: slk_document,
    pointer: *const c_char,
    value: i64,
) -> slk_result {
    panic::enter("slk_document_set_i64", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit(&data_of(document)?, pointer, std::ptr::null_mut(), |it, at| {
                it.set_i64(at, value)
            })
        }
    })
}

/// Sets a number.
/// A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
/// on failure.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: the number; not infinite and not NaN, which JSON cannot hold.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_set_f64(
    document: slk_document,
    pointer: *const c_char,
    value: f64,
) -> slk_result {
    panic::enter("slk_document_set_f64", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit(&data_of(document)?, pointer, std::ptr::null_mut(), |it, at| {
                it.set_f64(at, value)
            })
        }
    })
}

/// Sets a text.
/// A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
/// on failure.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: the text, UTF-8.
///   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_set_string(
    document: slk_document,
    pointer: *const c_char,
    value: *const c_char,
    length: usize,
) -> slk_result {
    panic::enter("slk_document_set_string", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit_with_text(
                &data_of(document)?,
                pointer,
                TextIn(value, length),
                std::ptr::null_mut(),
                Document::set_str,
            )
        }
    })
}

/// Sets a value given as JSON text. With "" as the pointer, replaces the whole document.
/// A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
/// on failure.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: the JSON text.
///   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_JSON`: `value` is not JSON; the text says where.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_set_json(
    document: slk_document,
    pointer: *const c_char,
    value: *const c_char,
    length: usize,
) -> slk_result {
    panic::enter("slk_document_set_json", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit_with_text(
                &data_of(document)?,
                pointer,
                TextIn(value, length),
                std::ptr::null_mut(),
                Document::set_json,
            )
        }
    })
}

/// Replaces the opaque bytes, where the data are opaque. Nothing is changed on failure.
///
/// Parameters:
///   `document`: the document.
///   `value`: the bytes; may be NULL if `length` is 0.
///   `length`: their number.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_WRONG_TYPE`: the data are JSON.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_TOO_LONG`: of the bytes.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_set_bytes(
    document: slk_document,
    value: *const c_void,
    length: usize,
) -> slk_result {
    panic::enter("slk_document_set_bytes", || {
        // SAFETY: that many bytes and a place for the number, or NULL, as the caller promises.
        unsafe { data::set_bytes(&data_of(document)?, value, length, std::ptr::null_mut()) }
    })
}

/// Adds to a whole number; a missing one counts as 0.
/// Nothing is changed on failure.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `delta`: what to add; may be negative.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_OUT_OF_RANGE`: the sum does not fit into 64 bits.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_add_i64(
    document: slk_document,
    pointer: *const c_char,
    delta: i64,
) -> slk_result {
    panic::enter("slk_document_add_i64", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit(&data_of(document)?, pointer, std::ptr::null_mut(), |it, at| {
                it.add_i64(at, delta).map(drop)
            })
        }
    })
}

/// Adds to a number, in double arithmetic; a missing one counts as 0.
/// Nothing is changed on failure.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `delta`: what to add; not infinite and not NaN.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_OUT_OF_RANGE`: the sum is beyond all doubles.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_add_f64(
    document: slk_document,
    pointer: *const c_char,
    delta: f64,
) -> slk_result {
    panic::enter("slk_document_add_f64", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit(&data_of(document)?, pointer, std::ptr::null_mut(), |it, at| {
                it.add_f64(at, delta).map(drop)
            })
        }
    })
}

/// Appends a value, given as JSON text, to an array; a missing array is made.
/// Nothing is changed on failure.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: the JSON text.
///   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_JSON`: `value` is not JSON; the text says where.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_append_json(
    document: slk_document,
    pointer: *const c_char,
    value: *const c_char,
    length: usize,
) -> slk_result {
    panic::enter("slk_document_append_json", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit_with_text(
                &data_of(document)?,
                pointer,
                TextIn(value, length),
                std::ptr::null_mut(),
                Document::append_json,
            )
        }
    })
}

/// Removes a value; elements behind one move up. Nothing is changed on failure.
///
/// Parameters:
///   `document`: the document.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
/// Returns:
///   `SLK_OK`: it was removed.
///   `SLK_EMPTY`: there was no such value; nothing was changed.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the whole document.
///   `SLK_E_WRONG_TYPE`: stepping into something that is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer.
///   `SLK_E_INVALID_HANDLE`: no living document.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_document_remove(document: slk_document, pointer: *const c_char) -> slk_result {
    panic::enter("slk_document_remove", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe { data::remove(&data_of(document)?, pointer, std::ptr::null_mut()) }
    })
}
