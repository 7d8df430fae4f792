//! Structs of options that only grow: read at the size that the caller was compiled with.

use super::result::*;
use super::text;
use std::mem::{size_of, MaybeUninit};

/// More than any struct of any version: a larger size is no size.
const MAX_STRUCT_SIZE: usize = 4096;

/// A struct of options.
///
/// # Safety
/// The type is `repr(C)`, begins with the `u32` that holds its size, is valid when all its bytes are zero, and `FIELDS`
/// are the offsets of its fields.
pub(super) unsafe trait Options: Copy {
    /// Its name in the header.
    const NAME: &'static str;
    /// Where its fields begin. A caller's struct may end before any of them.
    const FIELDS: &'static [usize];
}

/// Reads the caller's struct. What lies behind its end is zero, which stands for the default everywhere.
///
/// # Safety
/// `pointer` is null or points to as many readable bytes as its first field says.
pub(super) unsafe fn read<T: Options>(pointer: *const T) -> Result<T, Failure> {
    if pointer.is_null() {
        return Err(Failure::argument(format!("the {} is NULL", T::NAME)));
    }
    // SAFETY: at least the size itself is readable.
    let size = unsafe { pointer.cast::<u32>().read() } as usize;
    check_size::<T>(size)?;
    // SAFETY: `size` bytes are readable, as the caller promises.
    let given = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), size) };
    if given.iter().skip(size_of::<T>()).any(|byte| *byte != 0) {
        let problem = "sets something that this library does not know; it needs a newer library";
        return Err(Failure::new(SLK_E_STRUCT_SIZE, format!("the {} {problem}", T::NAME)));
    }
    let known = size.min(size_of::<T>());
    let mut options = MaybeUninit::<T>::zeroed();
    // SAFETY: no more is copied than both sides have; the rest stays zero, which is valid.
    unsafe {
        std::ptr::copy_nonoverlapping(given.as_ptr(), options.as_mut_ptr().cast(), known);
        Ok(options.assume_init())
    }
}

/// As [`read`], where NULL stands for the defaults.
///
/// # Safety
/// As [`read`].
pub(super) unsafe fn read_or_default<T: Options>(pointer: *const T) -> Result<T, Failure> {
    if pointer.is_null() {
        // SAFETY: a struct of options is valid when all its bytes are zero.
        return Ok(unsafe { MaybeUninit::zeroed().assume_init() });
    }
    // SAFETY: as the caller promises.
    unsafe { read(pointer) }
}

/// Fills the caller's struct with defaults. `size` is what the caller thinks the struct's size is.
///
/// # Safety
/// `pointer` is null or points to `size` writable bytes.
pub(super) unsafe fn init<T: Options>(pointer: *mut T, size: usize) -> Result<(), Failure> {
    text::required(pointer, "the struct")?;
    check_size::<T>(size)?;
    #[allow(clippy::cast_possible_truncation, reason = "sizes are below MAX_STRUCT_SIZE")]
    let size_field = size as u32;
    // SAFETY: `size` bytes are writable, as the caller promises, and there is room for the first field.
    unsafe {
        std::ptr::write_bytes(pointer.cast::<u8>(), 0, size);
        pointer.cast::<u32>().write(size_field);
    }
    Ok(())
}

fn check_size<T: Options>(size: usize) -> Result<(), Failure> {
    let longer = size > size_of::<T>() && size <= MAX_STRUCT_SIZE;
    let ends_between_fields = size == size_of::<T>() || T::FIELDS[1..].contains(&size);
    if longer || ends_between_fields {
        return Ok(());
    }
    let text = format!(
        "struct_size {size} is no size of {}, which has {} bytes here; begin with its _INIT macro",
        T::NAME,
        size_of::<T>()
    );
    Err(Failure::new(SLK_E_STRUCT_SIZE, text))
}

/// Refuses flags that mean nothing.
pub(super) fn known_flags(flags: u32, known: u32) -> Result<(), Failure> {
    let unknown = flags & !known;
    if unknown == 0 {
        return Ok(());
    }
    let text = format!("flags has bits that mean nothing: {unknown:#x}");
    Err(Failure::argument(text))
}

/// A number of an option, of which 0 stands for what is usual.
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
pub(super) fn count_or(given: u32, usual: usize) -> usize {
    if given == 0 {
        usual
    } else {
        given as usize
    }
}

/// A time of an option, of which 0 stands for what is usual.
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
pub(super) fn millis_or(given: u32, usual: std::time::Duration) -> std::time::Duration {
    if given == 0 {
        usual
    } else {
        std::time::Duration::from_millis(given.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::offset_of;

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Probe {
        struct_size: u32,
        small: u32,
        large: u64,
    }

    // SAFETY: repr(C), begins with its size, holds numbers only, and these are all fields.
    unsafe impl Options for Probe {
        const NAME: &'static str = "probe";
        const FIELDS: &'static [usize] = &[0, offset_of!(Probe, small), offset_of!(Probe, large)];
    }

    #[repr(C)]
    struct Newer {
        probe: Probe,
        more: u64,
    }

    fn read_with(size: u32, more: u64) -> Result<Probe, slk_result> {
        let newer = Newer {
            probe: Probe {
                struct_size: size,
                small: 1,
                large: 2,
            },
            more,
        };
        // SAFETY: all sizes that are tried lie within `newer`, or are refused before more is read.
        unsafe { read((&raw const newer).cast::<Probe>()) }.map_err(|failure| failure.result)
    }

    #[test]
    fn a_shorter_struct_means_defaults() {
        assert_eq!(read_with(16, 0).map(|it| (it.small, it.large)), Ok((1, 2)));
        assert_eq!(read_with(8, 0).map(|it| (it.small, it.large)), Ok((1, 0)));
        assert_eq!(read_with(4, 0).map(|it| (it.small, it.large)), Ok((0, 0)));
    }

    #[test]
    fn a_longer_struct_must_end_in_zeros() {
        assert_eq!(read_with(24, 0).map(|it| it.large), Ok(2));
        assert_eq!(read_with(24, 1), Err(SLK_E_STRUCT_SIZE));
    }

    #[test]
    fn sizes_that_are_none_are_refused() {
        for size in [0, 1, 3, 5, 12, 15, 4097, u32::MAX] {
            assert_eq!(read_with(size, 0), Err(SLK_E_STRUCT_SIZE), "{size}");
        }
    }

    #[test]
    fn init_writes_what_the_caller_has_room_for() {
        let mut newer = Newer {
            probe: Probe {
                struct_size: 9,
                small: 9,
                large: 9,
            },
            more: 9,
        };
        let probe = (&raw mut newer).cast::<Probe>();
        // SAFETY: eight, and then all, bytes of `newer` are writable.
        unsafe {
            assert!(init(probe, 8).is_ok());
            assert_eq!(((*probe).struct_size, (*probe).small, (*probe).large), (8, 0, 9));
            assert!(init(probe, 24).is_ok());
            assert!(init(probe, 7).is_err());
            assert!(init(std::ptr::null_mut::<Probe>(), 16).is_err());
        }
        assert_eq!((newer.probe.struct_size, newer.probe.large, newer.more), (24, 0, 0));
    }
}
