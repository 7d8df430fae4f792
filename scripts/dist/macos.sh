#!/usr/bin/env bash
# Links the library for macOS on arm64, with the default features, into target/dist/lib/aarch64-apple-darwin, and compares what it
# exports with the list. It cannot be run here, so it is not shipped. TLS to PostgreSQL and Redis takes certificates from Apple's
# Security framework, which cannot be had on Debian: the release workflow builds with it, on a Mac.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
target=aarch64-apple-darwin
place=$work/lib/$target

bash "$here/setup.sh" build
bash "$here/setup.sh" macos
export RUSTC=/usr/bin/rustc CARGO=/usr/bin/cargo RUSTC_BOOTSTRAP=1 CARGO_INCREMENTAL=0 CARGO_TARGET_DIR=$work/cargo
export CARGO_ZIGBUILD_ZIG_PATH=$work/python/ziglang/zig CARGO_ZIGBUILD_CACHE_DIR=$work/zig
export ZIG_GLOBAL_CACHE_DIR=$work/zig/cache
export RUSTFLAGS="-Clink-arg=-Wl,-install_name,@rpath/libsessionlocker.dylib"
(cd "$root" && "$work/python/bin/cargo-zigbuild" build --locked --profile dist --lib --target "$target" -Zbuild-std=std,panic_unwind)
mkdir -p "$place"
cp "$work/cargo/$target/dist/libsessionlocker.dylib" "$place/"
# Names in C have an underscore in front there.
found=$(llvm-nm --extern-only --defined-only "$place/libsessionlocker.dylib" | awk '{ sub(/^_/, "", $NF); print $NF }' | sort)
diff <(sort "$root/tests/abi/symbols.txt") <(echo "$found") >&2 || fail "$target exports other symbols than tests/abi/symbols.txt"
echo "dist: linked $place/libsessionlocker.dylib"
