#!/usr/bin/env bash
# Links the library for macOS on arm64, with the default features, into target/dist/lib/aarch64-apple-darwin, and compares what it
# exports with the list. It cannot be run here, so it is not shipped. TLS to PostgreSQL and Redis takes certificates from Apple's
# Security framework, which cannot be had on Debian: the release workflow builds with it, on a Mac.
#
# zig compiles the code in C. Its linker leaves all symbols of Rust visible, whatever list it is given; LLVM's does not.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
target=aarch64-apple-darwin
place=$work/lib/$target
libraries=$work/macos # where the linker looks for what Apple's SDK has

# zig brings the list of what is in the system's library. It names its arm64 after processors whose names LLVM 14 does not know.
list_system_library() {
    mkdir -p "$libraries/usr/lib"
    sed 's/arm64e\.x1-[a-z]*,* *//g; s/arm64e-/arm64-/g' "$work/python/ziglang/lib/libc/darwin/libSystem.tbd" \
        >"$libraries/usr/lib/libSystem.tbd"
    # These are parts of it under other names.
    for name in c m; do ln -sf libSystem.tbd "$libraries/usr/lib/lib$name.tbd"; done
    # Rust's crate of the C library names it, and nothing here calls it.
    cat >"$libraries/usr/lib/libiconv.tbd" <<-'END'
	--- !tapi-tbd
	tbd-version: 4
	targets: [ arm64-macos ]
	install-name: '/usr/lib/libiconv.2.dylib'
	...
	END
}

# Names in C have an underscore in front there.
check_symbols() {
    local found
    found=$(llvm-objdump --macho --exports-trie "$place/libsessionlocker.dylib" | sed -n 's/^0x[0-9A-F]* *_//p' | sort)
    diff <(sort "$root/tests/abi/symbols.txt") <(echo "$found") >&2 || fail "$target exports other symbols than tests/abi/symbols.txt"
}

bash "$here/setup.sh" build
bash "$here/setup.sh" macos
list_system_library
use_debian_rust
export CARGO_TARGET_DIR=$work/cargo
export CARGO_ZIGBUILD_ZIG_PATH=$work/python/ziglang/zig CARGO_ZIGBUILD_CACHE_DIR=$work/zig
export ZIG_GLOBAL_CACHE_DIR=$work/zig/cache
export SDKROOT=$libraries MACOSX_DEPLOYMENT_TARGET=11.0
export RUSTFLAGS="-Clinker=ld64.lld-14 -Clinker-flavor=ld64.lld -Clink-arg=-install_name -Clink-arg=@rpath/libsessionlocker.dylib"
(cd "$root" && "$work/python/bin/cargo-zigbuild" build --locked --profile dist --lib --target "$target" -Zbuild-std=std,panic_unwind)
mkdir -p "$place"
cp "$work/cargo/$target/dist/libsessionlocker.dylib" "$place/"
check_symbols
echo "dist: linked $place/libsessionlocker.dylib"
