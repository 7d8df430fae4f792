//! Strings and bytes across the boundary: checked on the way in, copied into the caller's buffer on the way out.

use super::result::*;
use std::ffi::{c_char, c_void};

/// The longest server id, name of a spec or holder, product, or part of a purchase's id, in bytes.
pub const SLK_MAX_NAME_BYTES: usize = 128;
/// The longest key in bytes.
pub const SLK_MAX_KEY_BYTES: usize = 512;
/// The longest path or text of a callback's error in bytes.
pub const SLK_MAX_TEXT_BYTES: usize = 4096;
/// The largest JSON text or block of bytes that a call takes, in bytes.
pub const SLK_MAX_DATA_BYTES: usize = 67_108_864;
/// The longest JSON Pointer in bytes.
pub const SLK_MAX_POINTER_BYTES: usize = 4096;
/// As the length of a string: it ends at its NUL.
pub const SLK_NUL_TERMINATED: usize = usize::MAX;

/// A string that ends at its NUL. `argument` names it in errors.
///
/// # Safety
/// `pointer` is null or points to a string with a NUL; it stays as it is for `'a`.
#[inline(always)]
pub(super) unsafe fn string<'a>(pointer: *const c_char, argument: &str, limit: usize) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(missing(argument));
    }
    // SAFETY: not null, and as the caller promises.
    unsafe { some_string(pointer, argument, limit) }
}

#[cold]
fn missing(argument: &str) -> Failure {
    Failure::argument(format!("{argument} is NULL"))
}

/// The same, where NULL stands for "none".
///
/// # Safety
/// As [`string`].
pub(super) unsafe fn optional_string<'a>(
    pointer: *const c_char,
    argument: &str,
    limit: usize,
) -> Result<Option<&'a str>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not null, and as the caller promises.
    unsafe { some_string(pointer, argument, limit) }.map(Some)
}

/// A string that is there.
///
/// # Safety
/// As [`string`], and not null.
#[inline(always)]
unsafe fn some_string<'a>(pointer: *const c_char, argument: &str, limit: usize) -> Result<&'a str, Failure> {
    // SAFETY: as the caller promises.
    let (length, is_ascii) = unsafe { look_through(pointer, limit) };
    if length > limit {
        return Err(too_long(argument, limit));
    }
    // SAFETY: the bytes before the NUL are readable, and stay for 'a as the caller promises.
    let bytes = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), length) };
    if is_ascii {
        // SAFETY: ASCII is UTF-8. Looking through it a second time would be an eighth of what it costs to add to a number.
        return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    utf8(bytes, argument)
}

#[cold]
fn too_long(argument: &str, limit: usize) -> Failure {
    Failure::new(SLK_E_TOO_LONG, format!("{argument} is longer than {limit} bytes"))
}

/// The length of a string, looking at no more than one byte past the limit, and whether all that was looked at is ASCII.
///
/// # Safety
/// `pointer` points to a string with a NUL.
#[inline(always)]
unsafe fn look_through(pointer: *const c_char, limit: usize) -> (usize, bool) {
    let pointer = pointer.cast::<u8>();
    let (mut length, mut bits) = (0, 0_u8);
    while length <= limit {
        // SAFETY: all bytes up to the NUL are readable, and none after it is looked at.
        let byte = unsafe { *pointer.add(length) };
        if byte == 0 {
            break;
        }
        bits |= byte;
        length += 1;
    }
    (length, bits < 0x80)
}

/// Data given by pointer and length.
///
/// # Safety
/// `pointer` is null or points to `length` readable bytes that stay as they are for `'a`.
pub(super) unsafe fn bytes<'a>(pointer: *const c_void, length: usize, argument: &str) -> Result<&'a [u8], Failure> {
    if length > SLK_MAX_DATA_BYTES {
        let text = format!("{argument} has {length} bytes; at most {SLK_MAX_DATA_BYTES} are allowed");
        return Err(Failure::new(SLK_E_TOO_LONG, text));
    }
    if length == 0 {
        return Ok(&[]);
    }
    if pointer.is_null() {
        return Err(Failure::argument(format!(
            "{argument} is NULL, but its length is {length}"
        )));
    }
    // SAFETY: not null, and readable for that length as the caller promises.
    Ok(unsafe { std::slice::from_raw_parts(pointer.cast(), length) })
}

/// Text given by pointer and length, or up to its NUL if the length is [`SLK_NUL_TERMINATED`].
///
/// # Safety
/// `pointer` is null, or points to `length` readable bytes, or with [`SLK_NUL_TERMINATED`] to a string with a NUL; they
/// stay as they are for `'a`.
pub(super) unsafe fn text<'a>(pointer: *const c_char, length: usize, argument: &str) -> Result<&'a str, Failure> {
    if pointer.is_null() && length != 0 {
        return Err(Failure::argument(format!("{argument} is NULL")));
    }
    if length == SLK_NUL_TERMINATED {
        // SAFETY: as the caller promises.
        return unsafe { string(pointer, argument, SLK_MAX_DATA_BYTES) };
    }
    // SAFETY: as the caller promises.
    let bytes = unsafe { bytes(pointer.cast(), length, argument) }?;
    utf8(bytes, argument)
}

#[inline(never)]
fn utf8<'a>(bytes: &'a [u8], argument: &str) -> Result<&'a str, Failure> {
    std::str::from_utf8(bytes).map_err(|fault| {
        let text = format!("{argument} is not UTF-8 at byte {}", fault.valid_up_to());
        Failure::new(SLK_E_INVALID_UTF8, text)
    })
}

/// Copies the bytes and a NUL into the caller's buffer, all or nothing. `needed` receives their length in any case.
///
/// # Safety
/// `buffer` is null or has `capacity` writable bytes; `needed` is null or writable.
pub(super) unsafe fn copy_out(
    bytes: &[u8],
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> Result<(), Failure> {
    if buffer.is_null() && capacity != 0 {
        return Err(Failure::argument("buffer is NULL, but its capacity is not 0"));
    }
    // SAFETY: null or writable, as the caller promises.
    unsafe { put(needed, bytes.len()) };
    if buffer.is_null() {
        return Ok(());
    }
    if bytes.len() >= capacity {
        let text = format!("the buffer has {capacity} bytes; {} and a NUL are needed", bytes.len());
        return Err(Failure::new(SLK_E_BUFFER_TOO_SMALL, text));
    }
    // SAFETY: the buffer has more bytes than are copied, and is no memory of ours.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.cast(), bytes.len());
        *buffer.add(bytes.len()) = 0;
    }
    Ok(())
}

/// Copies bytes into the caller's buffer, without a NUL, all or nothing. `needed` receives their number in any case.
///
/// # Safety
/// As [`copy_out`].
pub(super) unsafe fn copy_bytes_out(
    bytes: &[u8],
    buffer: *mut c_void,
    capacity: usize,
    needed: *mut usize,
) -> Result<(), Failure> {
    if buffer.is_null() && capacity != 0 {
        return Err(Failure::argument("buffer is NULL, but its capacity is not 0"));
    }
    // SAFETY: null or writable, as the caller promises.
    unsafe { put(needed, bytes.len()) };
    if buffer.is_null() {
        return Ok(());
    }
    if bytes.len() > capacity {
        let text = format!("the buffer has {capacity} bytes; {} are needed", bytes.len());
        return Err(Failure::new(SLK_E_BUFFER_TOO_SMALL, text));
    }
    // SAFETY: the buffer has as many bytes as are copied, and is no memory of ours.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.cast(), bytes.len()) };
    Ok(())
}

/// Copies as much of the text as fits, cut between two characters, and a NUL.
///
/// # Safety
/// As [`copy_out`].
pub(super) unsafe fn copy_cut(text: &str, buffer: *mut c_char, capacity: usize, needed: *mut usize) -> slk_result {
    let mut fits = text.len().min(capacity.saturating_sub(1));
    while !text.is_char_boundary(fits) {
        fits -= 1;
    }
    let cut = &text[..fits];
    // SAFETY: as the caller promises.
    let copied = unsafe { copy_out(cut.as_bytes(), buffer, capacity, std::ptr::null_mut()) };
    if let Err(failure) = copied {
        return failure.result;
    }
    // SAFETY: null or writable, as the caller promises.
    unsafe { put(needed, text.len()) };
    if fits < text.len() && !buffer.is_null() {
        return SLK_E_BUFFER_TOO_SMALL;
    }
    SLK_OK
}

/// Writes an out-parameter that may be null.
///
/// # Safety
/// `place` is null or writable.
pub(super) unsafe fn put<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: not null, so writable as the caller promises. It may hold nothing valid yet.
        unsafe { place.write(value) };
    }
}

/// Refuses a null out-parameter that a call cannot do without.
pub(super) fn required<T>(place: *mut T, argument: &str) -> Result<(), Failure> {
    if place.is_null() {
        return Err(Failure::argument(format!("{argument} is NULL")));
    }
    Ok(())
}

/// Checks the size that a caller thinks a struct has that we fill.
pub(super) fn check_out_size<T>(size: usize) -> Result<(), Failure> {
    const LARGEST: usize = 4096;
    if size < align_of::<T>() || size > LARGEST || !size.is_multiple_of(align_of::<T>()) {
        let text = format!("size {size} is no size of the struct; pass its sizeof");
        return Err(Failure::new(SLK_E_STRUCT_SIZE, text));
    }
    Ok(())
}

/// Fills a struct of the caller, who may know less or more of it than we do.
///
/// # Safety
/// `place` has `size` writable bytes.
pub(super) unsafe fn put_sized<T: Copy>(value: &T, place: *mut u8, size: usize) {
    let known = size.min(size_of::<T>());
    // SAFETY: no more than either side has; what the caller has beyond is zeroed.
    unsafe {
        std::ptr::copy_nonoverlapping((&raw const *value).cast::<u8>(), place, known);
        place.add(known).write_bytes(0, size - known);
    }
}
