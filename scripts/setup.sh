#!/usr/bin/env bash
# Makes a Debian machine with Rust ready to build and test: installs what is missing when run as root, otherwise says
# what to install. Crates are fetched by cargo.
set -euo pipefail

RUST_NEEDED=1.85

# What is looked for, and the Debian package that has it.
TOOLS="gcc:gcc g++:g++ clang:clang valgrind:valgrind pkg-config:pkg-config make:make"

missing_packages() {
    local entry
    for entry in $TOOLS; do
        command -v "${entry%%:*}" >/dev/null || printf '%s ' "${entry##*:}"
    done
    # clang's sanitizers are a package of their own.
    [ -e "$(clang -print-file-name="libclang_rt.asan-$(uname -m).a" 2>/dev/null)" ] || printf 'libclang-rt-dev '
    # For the adapter of the C++ binding.
    [ -e /usr/include/nlohmann/json.hpp ] || printf 'nlohmann-json3-dev '
    # A compiler alone is no use without the C library's headers.
    printf '#include <stdint.h>\n#include <stdio.h>\n' | cc -E -x c - >/dev/null 2>&1 || printf 'libc6-dev '
}

check_rust() {
    if ! command -v cargo >/dev/null; then
        echo "setup: cargo is missing. Install Rust $RUST_NEEDED or newer from https://rustup.rs" >&2
        return 1
    fi
    local version
    version=$(cargo --version | awk '{print $2}')
    if [ "$(printf '%s\n%s\n' "$RUST_NEEDED" "$version" | sort -V | head -n 1)" != "$RUST_NEEDED" ]; then
        echo "setup: cargo is $version, but $RUST_NEEDED or newer is needed. With rustup: rustup update stable" >&2
        return 1
    fi
    local component
    for component in fmt clippy; do
        cargo "$component" --version >/dev/null 2>&1 && continue
        if command -v rustup >/dev/null; then
            rustup component add "${component/fmt/rustfmt}"
        else
            echo "setup: 'cargo $component' is missing. Install the package of your Rust that has it" >&2
            return 1
        fi
    done
}

check_packages() {
    local packages
    packages=$(missing_packages)
    [ -z "$packages" ] && return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "setup: installing $packages"
        apt-get update -qq
        # Unquoted on purpose: a list of packages.
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
        packages=$(missing_packages)
        [ -z "$packages" ] && return 0
        echo "setup: still missing after the installation: $packages" >&2
        return 1
    fi
    echo "setup: missing: $packages" >&2
    echo "setup: as root run: apt-get install --no-install-recommends $packages" >&2
    return 1
}

failed=0
check_packages || failed=1
check_rust || failed=1
exit "$failed"
