//! Versions of the library and of its binary interface.

use std::ffi::c_char;

/// The version of this header: raised when something is removed or changes its meaning.
pub const SLK_VERSION_MAJOR: u32 = 0;
/// Raised when something is added.
pub const SLK_VERSION_MINOR: u32 = 1;
/// Raised when something is repaired.
pub const SLK_VERSION_PATCH: u32 = 0;
/// The version of the binary interface. Programs and libraries with the same number fit each other; it is in the name
/// of the shared library, and checked when an engine is created.
pub const SLK_ABI_VERSION: u32 = 1;

/// The version of the library that is loaded, as `major * 1000000 + minor * 1000 + patch`.
///
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub extern "C" fn slk_version() -> u32 {
    SLK_VERSION_MAJOR * 1_000_000 + SLK_VERSION_MINOR * 1_000 + SLK_VERSION_PATCH
}

/// The version of the library that is loaded, as text such as `"0.1.0"`. Never NULL; lives as long as the library.
///
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub extern "C" fn slk_version_text() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The `SLK_ABI_VERSION` of the library that is loaded, to be compared with that of the header.
///
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
pub extern "C" fn slk_abi_version() -> u32 {
    SLK_ABI_VERSION
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn the_constants_are_the_crate_s_version() {
        let constants = format!("{SLK_VERSION_MAJOR}.{SLK_VERSION_MINOR}.{SLK_VERSION_PATCH}");
        assert_eq!(constants, env!("CARGO_PKG_VERSION"));
        // SAFETY: the function returns a constant string.
        let text = unsafe { CStr::from_ptr(slk_version_text()) };
        assert_eq!(text.to_str(), Ok(constants.as_str()));
        assert_eq!(slk_version(), 1_000);
        assert_eq!(slk_abi_version(), 1);
    }
}
