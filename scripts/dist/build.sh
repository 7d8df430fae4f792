#!/usr/bin/env bash
# Compiles the library for one platform.
# Usage: scripts/dist/build.sh TARGET
#
# Leaves in target/dist/lib/TARGET: the shared library without symbols, the symbols beside it, the static library, import
# libraries for Windows, and system-libs, the options that a static link needs.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
target=$1
place=$work/lib/$target
built=$work/cargo/$target/dist

use_debian_rust
export CARGO_TARGET_DIR=$work/cargo
export CARGO_ZIGBUILD_ZIG_PATH=$work/python/ziglang/zig CARGO_ZIGBUILD_CACHE_DIR=$work/zig
export ZIG_GLOBAL_CACHE_DIR=$work/zig/cache
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=$here/windows-gcc.sh DIST_WORK=$work

# Where the sources lie on this machine must not show in the library.
set_path_maps() {
    local cargo_home=${CARGO_HOME:-$HOME/.cargo} folder rust=() c=()
    rust+=("--remap-path-prefix=$root=/sessionlocker" "--remap-path-prefix=/usr/lib/rustlib/src/rust=/rust")
    c+=("-ffile-prefix-map=$root=/sessionlocker" "-ffile-prefix-map=$work=/build")
    for folder in "$cargo_home"/registry/src/*; do
        rust+=("--remap-path-prefix=$folder=/crates")
        c+=("-ffile-prefix-map=$folder=/crates")
    done
    # Windows' linker writes the time otherwise, and its import libraries the folder.
    is_windows "$target" && rust+=(-Clink-arg=-Wl,--no-insert-timestamp "-Cdlltool=$here/dlltool.sh")
    export RUSTFLAGS="${rust[*]}" "CFLAGS_${target//-/_}=${c[*]}"
}

compile() {
    local cargo=(/usr/bin/cargo rustc --target "$target")
    is_windows "$target" || cargo=("$work/python/bin/cargo-zigbuild" rustc --target "$target.$GLIBC_FLOOR")
    # The linker compiles its part of the unwinder, with the folder's name as PWD has it.
    (cd "$root" && PWD=/proc/self/cwd "${cargo[@]}" --locked --profile dist --lib --features "$FEATURES" -Zbuild-std=std,panic_unwind \
        -- --print native-static-libs) 2>&1 | tee "$work/$target.log" >&2
}

# The compiler names what its standard library takes from the system.
keep_system_libs() {
    sed -n 's/^note: native-static-libs: //p' "$work/$target.log" | tail -n 1 | tr ' ' '\n' |
        awk 'NF && !seen[$0]++' | paste -sd ' ' >"$place/system-libs"
    [ -s "$place/system-libs" ] || fail "the compiler did not say what a static link needs"
}

# split TOOL LIBRARY SYMBOLS: moves the symbols into a file that debuggers find by its name.
split() {
    "$1" --only-keep-debug "$2" "$3"
    "$1" --strip-unneeded "$2"
    (cd "$(dirname "$3")" && "$1" --add-gnu-debuglink="$(basename "$3")" "$2")
}

# slim TOOL: the static library without symbols for debuggers, and without the compiler's own code for optimizing while linking,
# which is most of it.
slim() {
    # Unquoted on purpose: a tool with options.
    $1 --strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd "$built/libsessionlocker.a" "$place/libsessionlocker.a"
}

collect_linux() {
    cp "$built/libsessionlocker.so" "$place/libsessionlocker.so.$abi"
    split llvm-objcopy "$place/libsessionlocker.so.$abi" "$place/libsessionlocker.so.$abi.debug"
    slim llvm-objcopy
    local found
    found=$(llvm-objdump -T "$place/libsessionlocker.so.$abi" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
    [ "$(printf '%s\n' "$found" "GLIBC_$GLIBC_FLOOR" | sort -V | tail -n 1)" = "GLIBC_$GLIBC_FLOOR" ] ||
        fail "$target needs $found, not only $GLIBC_FLOOR"
    echo "dist: $target: the newest symbol of glibc is $found" >&2
}

collect_windows() {
    cp "$built/sessionlocker.dll" "$place/"
    split x86_64-w64-mingw32-objcopy "$place/sessionlocker.dll" "$place/sessionlocker.dll.debug"
    slim "x86_64-w64-mingw32-objcopy -D"
    {
        echo 'LIBRARY sessionlocker.dll'
        echo EXPORTS
        cat "$root/tests/abi/symbols.txt"
    } >"$place/sessionlocker.def"
    # One format serves both kinds of linkers; each looks for a name of its own.
    llvm-dlltool -m i386:x86-64 -d "$place/sessionlocker.def" -l "$place/sessionlocker.lib"
    cp "$place/sessionlocker.lib" "$place/libsessionlocker.dll.a"
}

# The list in tests/abi holds for every platform.
check_symbols() {
    local found
    if is_windows "$target"; then
        found=$(llvm-readobj --coff-exports "$place/sessionlocker.dll" | sed -n 's/^  Name: //p' | sort)
    else
        found=$(llvm-nm -D --defined-only "$place/libsessionlocker.so.$abi" | awk '{ print $NF }' | sort)
    fi
    diff <(sort "$root/tests/abi/symbols.txt") <(echo "$found") >&2 || fail "$target exports other symbols than tests/abi/symbols.txt"
}

# Their folder is one of those that are mapped.
(cd "$root" && /usr/bin/cargo fetch --locked --target "$target")
set_path_maps
compile
rm -rf "$place"
mkdir -p "$place"
keep_system_libs
if is_windows "$target"; then collect_windows; else collect_linux; fi
check_symbols
