//! Gives the shared library its name with the version of the binary interface, where names work that way.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux");
    if linux {
        // The number is SLK_ABI_VERSION; the tests compare them.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libsessionlocker.so.1");
    }
}
