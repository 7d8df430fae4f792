//! What lockers and documents have in common: reading and changing data by JSON Pointer.

use super::result::*;
use super::text::{self, SLK_MAX_POINTER_BYTES};
use crate::error::Error;
use crate::record::{Document, ValueType};
use std::borrow::Cow;
use std::ffi::{c_char, c_void};

/// `null`
pub const SLK_TYPE_NULL: i32 = 1;
/// `true` or `false`
pub const SLK_TYPE_BOOL: i32 = 2;
/// A whole number that fits into 64 bits.
pub const SLK_TYPE_INTEGER: i32 = 3;
/// Any other number.
pub const SLK_TYPE_NUMBER: i32 = 4;
/// A text.
pub const SLK_TYPE_STRING: i32 = 5;
/// A list of values.
pub const SLK_TYPE_ARRAY: i32 = 6;
/// Values by name.
pub const SLK_TYPE_OBJECT: i32 = 7;
/// Opaque bytes: the whole of a document that is no JSON.
pub const SLK_TYPE_BYTES: i32 = 8;

/// Something that holds a document.
pub(super) trait Data {
    /// Looks at the document.
    fn read<R>(&self, look: impl FnOnce(&Document) -> Result<R, Failure>) -> Result<R, Failure>;

    /// Changes the document; gives the number of the change.
    fn edit(&self, change: impl FnOnce(&mut Document) -> Result<(), Error>) -> Result<u64, Failure>;
}

/// A pointer of the host.
///
/// # Safety
/// `pointer` is null or a string with a NUL that stays as it is for `'a`.
unsafe fn pointer_of<'a>(pointer: *const c_char) -> Result<&'a str, Failure> {
    // SAFETY: as the caller promises.
    unsafe { text::string(pointer, "pointer", SLK_MAX_POINTER_BYTES) }
}

/// Reads one value: [`SLK_OK`] and the value in `place`, or [`SLK_EMPTY`].
///
/// # Safety
/// `pointer` is null or a string with a NUL; `place` is null or writable.
pub(super) unsafe fn get<T>(
    data: &impl Data,
    pointer: *const c_char,
    place: *mut T,
    view: impl FnOnce(&Document, &str) -> Result<Option<T>, Error>,
) -> Result<slk_result, Failure> {
    // SAFETY: as the caller promises.
    let pointer = unsafe { pointer_of(pointer) }?;
    text::required(place, "the place for the value")?;
    let value = data.read(|document| Ok(view(document, pointer)?))?;
    let Some(value) = value else {
        return Ok(SLK_EMPTY);
    };
    // SAFETY: not null, so writable as the caller promises.
    unsafe { text::put(place, value) };
    Ok(SLK_OK)
}

/// Reads one text into the caller's buffer.
///
/// # Safety
/// `pointer` is null or a string with a NUL; `buffer` and `needed` as for [`text::copy_out`].
pub(super) unsafe fn get_text(
    data: &impl Data,
    pointer: *const c_char,
    out: (*mut c_char, usize, *mut usize),
    view: impl for<'d> FnOnce(&'d Document, &str) -> Result<Option<Cow<'d, str>>, Error>,
) -> Result<slk_result, Failure> {
    // SAFETY: as the caller promises.
    let pointer = unsafe { pointer_of(pointer) }?;
    data.read(|document| {
        let Some(found) = view(document, pointer)? else {
            return Ok(SLK_EMPTY);
        };
        // SAFETY: as the caller promises.
        unsafe { text::copy_out(found.as_bytes(), out.0, out.1, out.2) }?;
        Ok(SLK_OK)
    })
}

/// Reads the opaque bytes into the caller's buffer.
///
/// # Safety
/// As [`text::copy_bytes_out`].
pub(super) unsafe fn get_bytes(data: &impl Data, out: (*mut c_void, usize, *mut usize)) -> Result<slk_result, Failure> {
    data.read(|document| {
        let Some(bytes) = document.as_bytes() else {
            let text = "the document holds JSON, not opaque bytes; read it with _get_json";
            return Err(Failure::new(SLK_E_WRONG_TYPE, text));
        };
        // SAFETY: as the caller promises.
        unsafe { text::copy_bytes_out(bytes, out.0, out.1, out.2) }
    })?;
    Ok(SLK_OK)
}

/// The type of a value as the header's number.
pub(super) fn type_of(document: &Document, pointer: &str) -> Result<Option<i32>, Error> {
    if pointer.is_empty() && document.as_bytes().is_some() {
        return Ok(Some(SLK_TYPE_BYTES));
    }
    let value_type = document.value_type(pointer)?;
    Ok(value_type.map(|value_type| match value_type {
        ValueType::Null => SLK_TYPE_NULL,
        ValueType::Bool => SLK_TYPE_BOOL,
        ValueType::Integer => SLK_TYPE_INTEGER,
        ValueType::Number => SLK_TYPE_NUMBER,
        ValueType::String => SLK_TYPE_STRING,
        ValueType::Array => SLK_TYPE_ARRAY,
        ValueType::Object => SLK_TYPE_OBJECT,
    }))
}

/// Changes something; the number of the change goes to `change`, which may be null.
///
/// # Safety
/// `pointer` is null or a string with a NUL; `change` is null or writable.
pub(super) unsafe fn edit(
    data: &impl Data,
    pointer: *const c_char,
    change: *mut u64,
    act: impl FnOnce(&mut Document, &str) -> Result<(), Error>,
) -> Result<slk_result, Failure> {
    // SAFETY: as the caller promises.
    let pointer = unsafe { pointer_of(pointer) }?;
    let number = data.edit(|document| act(document, pointer))?;
    // SAFETY: null or writable, as the caller promises.
    unsafe { text::put(change, number) };
    Ok(SLK_OK)
}

/// A text of the host that is to be set.
pub(super) struct TextIn(pub *const c_char, pub usize);

/// As [`edit`], with a text.
///
/// # Safety
/// As [`edit`], and `given` as for [`text::text`].
pub(super) unsafe fn edit_with_text(
    data: &impl Data,
    pointer: *const c_char,
    given: TextIn,
    change: *mut u64,
    act: impl FnOnce(&mut Document, &str, &str) -> Result<(), Error>,
) -> Result<slk_result, Failure> {
    // SAFETY: as the caller promises.
    let given = unsafe { text::text(given.0, given.1, "the value") }?;
    // SAFETY: as the caller promises.
    unsafe { edit(data, pointer, change, |document, pointer| act(document, pointer, given)) }
}

/// Replaces the opaque bytes.
///
/// # Safety
/// `bytes` is null or points to `length` readable bytes; `change` is null or writable.
pub(super) unsafe fn set_bytes(
    data: &impl Data,
    bytes: *const c_void,
    length: usize,
    change: *mut u64,
) -> Result<slk_result, Failure> {
    // SAFETY: as the caller promises.
    let bytes = unsafe { text::bytes(bytes, length, "the value") }?;
    let number = data.edit(|document| document.set_bytes(bytes))?;
    // SAFETY: null or writable, as the caller promises.
    unsafe { text::put(change, number) };
    Ok(SLK_OK)
}

/// Removes a value; [`SLK_EMPTY`] if there was none.
///
/// # Safety
/// As [`edit`].
pub(super) unsafe fn remove(data: &impl Data, pointer: *const c_char, change: *mut u64) -> Result<slk_result, Failure> {
    // SAFETY: as the caller promises.
    let name = unsafe { pointer_of(pointer) }?;
    // Asked first, so that removing nothing is no change that would have to be saved.
    if data.read(|document| Ok(document.value_type(name)?))?.is_none() {
        return Ok(SLK_EMPTY);
    }
    let mut removed = false;
    let act = |document: &mut Document, pointer: &str| {
        removed = document.remove(pointer)?;
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { edit(data, pointer, change, act) }?;
    Ok(if removed { SLK_OK } else { SLK_EMPTY })
}

/// A boolean of the host.
pub(super) fn bool_of(value: i32) -> Result<bool, Failure> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Failure::argument(format!("a boolean is 0 or 1, not {other}"))),
    }
}
