#!/usr/bin/env bash
# Gets the machine ready for `make dist`, with `check` for `make dist-check`, or with `macos` for macos.sh. Debian's packages are installed when run
# as root; otherwise it says which are missing.
#
# One compiler builds for all platforms: Debian's own Rust with the source of its standard library, which is compiled along.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

BUILD_PACKAGES="rustc-web cargo-web rust-web-src gcc-mingw-w64-x86-64 llvm python3 python3-pip git
    libmono-cecil-private-cil"
CHECK_PACKAGES="gcc g++ libc6-dev cmake make pkg-config unzip clang lld
    g++-mingw-w64-x86-64-posix wine wine64
    nuget gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static libc6:arm64 libstdc++6:arm64 libgssapi-krb5-2:arm64"

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing() {
    local package
    for package in "$@"; do
        # Python may be there without Debian's package of it.
        case $package in
        python3) command -v python3 >/dev/null && continue ;;
        python3-pip) python3 -m pip --version >/dev/null 2>&1 && continue ;;
        git) command -v git >/dev/null && continue ;;
        esac
        is_installed "$package" || printf '%s ' "$package"
    done
}

install() {
    local packages apt=(apt-get -o DPkg::Lock::Timeout=600)
    packages=$(missing "$@")
    [ -z "$packages" ] && return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "dist: missing: $packages" >&2
        fail "as root on Debian 12 run: dpkg --add-architecture arm64; apt-get update; apt-get install --no-install-recommends $packages"
    fi
    echo "dist: installing $packages" >&2
    case $packages in *:arm64*) dpkg --add-architecture arm64 ;; esac
    "${apt[@]}" update -qq >&2
    # Unquoted on purpose: a list of packages.
    DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y -qq --no-install-recommends $packages </dev/null >&2
    packages=$(missing "$@")
    [ -z "$packages" ] || fail "still missing after the installation: $packages"
}

# The wheels are unpacked when the list of them is another than last time.
fetch_zig() {
    cmp -s "$here/requirements.txt" "$work/python/requirements.txt" && return 0
    echo "dist: fetching zig and cargo-zigbuild" >&2
    rm -rf "$work/python"
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --root-user-action=ignore --target "$work/python" -r "$here/requirements.txt" >&2
    cp "$here/requirements.txt" "$work/python/requirements.txt"
}

# Unquoted on purpose: lists of packages.
case ${1:-build} in
build) install $BUILD_PACKAGES && fetch_zig ;;
check) install $CHECK_PACKAGES ;;
macos) install rust-web-llvm lld ;;
*) fail "build, check or macos, not '$1'" ;;
esac
