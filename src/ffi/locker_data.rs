//! The data of a locker: read at any time, changed while the record is loaded.
//!
//! Before anything was loaded the default data are read; after a session they are those of its end.

use super::data::{self, TextIn};
use super::handle::slk_locker;
use super::locker::get as data_of;
use super::panic;
use super::result::*;
use crate::record::Document;
use std::borrow::Cow;
use std::ffi::{c_char, c_void};

/// Reads the type of a value: one of `SLK_TYPE_`.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: receives it.
/// Returns:
///   `SLK_OK`: it was read.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_get_type(
    locker: slk_locker,
    pointer: *const c_char,
    value: *mut i32,
) -> slk_result {
    panic::enter("slk_locker_get_type", || {
        // SAFETY: a string and a place for the value, or NULL, as the caller promises.
        unsafe { data::get(&data_of(locker)?, pointer, value, data::type_of) }
    })
}

/// Reads a boolean, as 1 or 0.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: receives it.
/// Returns:
///   `SLK_OK`: it was read.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_WRONG_TYPE`: it is no boolean.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_get_bool(
    locker: slk_locker,
    pointer: *const c_char,
    value: *mut i32,
) -> slk_result {
    panic::enter("slk_locker_get_bool", || {
        // SAFETY: a string and a place for the value, or NULL, as the caller promises.
        unsafe {
            data::get(&data_of(locker)?, pointer, value, |it, at| {
                Ok(it.get_bool(at)?.map(i32::from))
            })
        }
    })
}

/// Reads a whole number.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: receives it.
/// Returns:
///   `SLK_OK`: it was read.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_WRONG_TYPE`: it is no whole number.
///   `SLK_E_OUT_OF_RANGE`: it does not fit into 64 bits.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_get_i64(locker: slk_locker, pointer: *const c_char, value: *mut i64) -> slk_result {
    panic::enter("slk_locker_get_i64", || {
        // SAFETY: a string and a place for the value, or NULL, as the caller promises.
        unsafe { data::get(&data_of(locker)?, pointer, value, Document::get_i64) }
    })
}

/// Reads a number, rounded if a double cannot hold all its digits.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: receives it.
/// Returns:
///   `SLK_OK`: it was read.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_WRONG_TYPE`: it is no number.
///   `SLK_E_OUT_OF_RANGE`: it is beyond all doubles.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_get_f64(locker: slk_locker, pointer: *const c_char, value: *mut f64) -> slk_result {
    panic::enter("slk_locker_get_f64", || {
        // SAFETY: a string and a place for the value, or NULL, as the caller promises.
        unsafe { data::get(&data_of(locker)?, pointer, value, Document::get_f64) }
    })
}

/// Reads a text.
///
/// Parameters:
///   `locker`: the locker.
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
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_get_string(
    locker: slk_locker,
    pointer: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_locker_get_string", || {
        // SAFETY: a string, a buffer of that capacity and a place for the length, or NULL, as the caller promises.
        unsafe {
            data::get_text(
                &data_of(locker)?,
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
///   `locker`: the locker.
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
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_get_json(
    locker: slk_locker,
    pointer: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_locker_get_json", || {
        // SAFETY: a string, a buffer of that capacity and a place for the length, or NULL, as the caller promises.
        unsafe {
            data::get_text(&data_of(locker)?, pointer, (buffer, capacity, needed), |it, at| {
                Ok(it.get_json(at)?.map(Cow::Owned))
            })
        }
    })
}

/// Reads the opaque bytes, where the data are opaque.
///
/// Parameters:
///   `locker`: the locker.
///   `buffer`: receives them, without a NUL; NULL with a capacity of 0 asks for the number only.
///   `capacity`: the size of `buffer` in bytes.
///   `needed`: receives their number, also when the buffer is too small; may be NULL.
/// Returns:
///   `SLK_OK`: they were copied, or their number was asked for.
///   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for them; nothing is copied.
///   `SLK_E_WRONG_TYPE`: the data are JSON.
///   `SLK_E_INVALID_ARGUMENT`: `buffer` is NULL and `capacity` is not 0.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_get_bytes(
    locker: slk_locker,
    buffer: *mut c_void,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_locker_get_bytes", || {
        // SAFETY: a buffer of that capacity and a place for the number, or NULL, as the caller promises.
        unsafe { data::get_bytes(&data_of(locker)?, (buffer, capacity, needed)) }
    })
}

/// Reads how many elements an array has, members an object, bytes a string.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: receives it.
/// Returns:
///   `SLK_OK`: it was read.
///   `SLK_EMPTY`: there is no such value; nothing is written.
///   `SLK_E_WRONG_TYPE`: it has no length.
///   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
///   where a pointer is wanted.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_length(
    locker: slk_locker,
    pointer: *const c_char,
    value: *mut usize,
) -> slk_result {
    panic::enter("slk_locker_length", || {
        // SAFETY: a string and a place for the value, or NULL, as the caller promises.
        unsafe { data::get(&data_of(locker)?, pointer, value, Document::length) }
    })
}

/// Reads the name of one member of an object, in the order of the text: for walking through an object of `length`
/// members. As a step of a JSON Pointer, `~` in it is written `~0` and `/` is written `~1`.
///
/// Parameters:
///   `locker`: the locker.
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
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_key_at(
    locker: slk_locker,
    pointer: *const c_char,
    index: usize,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> slk_result {
    panic::enter("slk_locker_key_at", || {
        // SAFETY: a string, a buffer of that capacity and a place for the length, or NULL, as the caller promises.
        unsafe {
            data::get_text(&data_of(locker)?, pointer, (buffer, capacity, needed), |it, at| {
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
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_set_null(
    locker: slk_locker,
    pointer: *const c_char,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_set_null", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe { data::edit(&data_of(locker)?, pointer, change, Document::set_null) }
    })
}

/// Sets a boolean.
/// A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
/// on failure.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: 1 or 0.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_set_bool(
    locker: slk_locker,
    pointer: *const c_char,
    value: i32,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_set_bool", || {
        let value = data::bool_of(value)?;
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe { data::edit(&data_of(locker)?, pointer, change, |it, at| it.set_bool(at, value)) }
    })
}

/// Sets a whole number.
/// A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
/// on failure.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: the number.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_set_i64(
    locker: slk_locker,
    pointer: *const c_char,
    value: i64,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_set_i64", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe { data::edit(&data_of(locker)?, pointer, change, |it, at| it.set_i64(at, value)) }
    })
}

/// Sets a number.
/// A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
/// on failure.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: the number; not infinite and not NaN, which JSON cannot hold.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_set_f64(
    locker: slk_locker,
    pointer: *const c_char,
    value: f64,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_set_f64", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe { data::edit(&data_of(locker)?, pointer, change, |it, at| it.set_f64(at, value)) }
    })
}

/// Sets a text.
/// A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
/// on failure.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: the text, UTF-8.
///   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_set_string(
    locker: slk_locker,
    pointer: *const c_char,
    value: *const c_char,
    length: usize,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_set_string", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit_with_text(
                &data_of(locker)?,
                pointer,
                TextIn(value, length),
                change,
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
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: the JSON text.
///   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_JSON`: `value` is not JSON; the text says where.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_set_json(
    locker: slk_locker,
    pointer: *const c_char,
    value: *const c_char,
    length: usize,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_set_json", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit_with_text(
                &data_of(locker)?,
                pointer,
                TextIn(value, length),
                change,
                Document::set_json,
            )
        }
    })
}

/// Replaces the opaque bytes, where the data are opaque. Nothing is changed on failure.
///
/// Parameters:
///   `locker`: the locker.
///   `value`: the bytes; may be NULL if `length` is 0.
///   `length`: their number.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_WRONG_TYPE`: the data are JSON.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_TOO_LONG`: of the bytes.
///   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_set_bytes(
    locker: slk_locker,
    value: *const c_void,
    length: usize,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_set_bytes", || {
        // SAFETY: that many bytes and a place for the number, or NULL, as the caller promises.
        unsafe { data::set_bytes(&data_of(locker)?, value, length, change) }
    })
}

/// Adds to a whole number; a missing one counts as 0.
/// Nothing is changed on failure.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `delta`: what to add; may be negative.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_OUT_OF_RANGE`: the sum does not fit into 64 bits.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_add_i64(
    locker: slk_locker,
    pointer: *const c_char,
    delta: i64,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_add_i64", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit(&data_of(locker)?, pointer, change, |it, at| {
                it.add_i64(at, delta).map(drop)
            })
        }
    })
}

/// Adds to a number, in double arithmetic; a missing one counts as 0.
/// Nothing is changed on failure.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `delta`: what to add; not infinite and not NaN.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_OUT_OF_RANGE`: the sum is beyond all doubles.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_add_f64(
    locker: slk_locker,
    pointer: *const c_char,
    delta: f64,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_add_f64", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit(&data_of(locker)?, pointer, change, |it, at| {
                it.add_f64(at, delta).map(drop)
            })
        }
    })
}

/// Appends a value, given as JSON text, to an array; a missing array is made.
/// Nothing is changed on failure.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `value`: the JSON text.
///   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: done.
///   `SLK_E_INVALID_JSON`: `value` is not JSON; the text says where.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
///   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
///   data would be nested too deeply.
///   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_append_json(
    locker: slk_locker,
    pointer: *const c_char,
    value: *const c_char,
    length: usize,
    change: *mut u64,
) -> slk_result {
    panic::enter("slk_locker_append_json", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe {
            data::edit_with_text(
                &data_of(locker)?,
                pointer,
                TextIn(value, length),
                change,
                Document::append_json,
            )
        }
    })
}

/// Removes a value; elements behind one move up. Nothing is changed on failure.
///
/// Parameters:
///   `locker`: the locker.
///   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
///   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
/// Returns:
///   `SLK_OK`: it was removed.
///   `SLK_EMPTY`: there was no such value; nothing was changed.
///   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the whole document.
///   `SLK_E_WRONG_TYPE`: stepping into something that is neither an object nor an array, or the data are opaque bytes.
///   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer.
///   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
///   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
///   `SLK_E_INVALID_HANDLE`: no living locker.
///   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub unsafe extern "C" fn slk_locker_remove(locker: slk_locker, pointer: *const c_char, change: *mut u64) -> slk_result {
    panic::enter("slk_locker_remove", || {
        // SAFETY: strings and places for the results, or NULL, as the caller promises.
        unsafe { data::remove(&data_of(locker)?, pointer, change) }
    })
}
