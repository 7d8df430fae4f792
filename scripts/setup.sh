#!/usr/bin/env bash
# Makes a Debian machine with Rust ready to build and test: installs what is missing when run as root, otherwise says
# what to install. Crates are fetched by cargo.
set -euo pipefail

RUST_NEEDED=1.89
# What a run of all tests leaves in the target folder and in the folders for temporary files, and some room.
DISK_GB_NEEDED=8

# What is looked for, and the Debian package that has it.
TOOLS="gcc:gcc g++:g++ clang:clang valgrind:valgrind pkg-config:pkg-config make:make openssl:openssl ps:procps"

missing_packages() {
    local entry
    for entry in $TOOLS; do
        command -v "${entry%%:*}" >/dev/null || printf '%s ' "${entry##*:}"
    done
    # A compiler alone is no use without the C library's headers.
    printf '#include <stdint.h>\n#include <stdio.h>\n' | cc -E -x c - >/dev/null 2>&1 || printf 'libc6-dev '
    # The C++ example of typed data, and clang's sanitizers, which are packages of their own.
    printf '#include <nlohmann/json.hpp>\n' | c++ -E -x c++ - >/dev/null 2>&1 || printf 'nlohmann-json3-dev '
    printf 'int main(void) { return 0; }\n' | clang -fsanitize=address -x c - -o /dev/null >/dev/null 2>&1 ||
        printf 'libclang-rt-%s-dev ' "$(clang_version)"
    # The tests start servers of their own from it.
    has_postgres || printf 'postgresql '
    has_redis || printf 'redis-server '
}

has_postgres() {
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null
}

has_redis() {
    command -v redis-server >/dev/null && command -v redis-cli >/dev/null
}

# Debian's package makes a cluster and starts it, unless it was told not to before. Nobody here needs one.
want_no_cluster() {
    apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends postgresql-common
    pg_conftool /etc/postgresql-common/createcluster.conf set create_main_cluster false
}

stop_redis() {
    if [ -d /run/systemd/system ]; then
        systemctl disable --now --quiet redis-server
    elif [ -x /etc/init.d/redis-server ]; then
        /etc/init.d/redis-server stop >/dev/null
    fi
}

# The major version of clang: of the one that is there, or else of the one that would be installed.
clang_version() {
    local version
    if command -v clang >/dev/null; then
        version=$(clang -dumpversion | cut -d. -f1)
    else
        version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
    fi
    echo "${version:-14}"
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
        apt-get -o DPkg::Lock::Timeout=300 update -qq
        # Once more: what some packages are called is known only now.
        packages=$(missing_packages)
        echo "setup: installing $packages"
        export DEBIAN_FRONTEND=noninteractive
        has_postgres || want_no_cluster
        # Debian's package of Redis starts a server. Nobody here needs one, unless there was one before.
        local starts_redis=
        has_redis || starts_redis=yes
        # Unquoted on purpose: a list of packages.
        apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $packages
        [ -z "$starts_redis" ] || stop_redis
        packages=$(missing_packages)
        [ -z "$packages" ] && return 0
        echo "setup: still missing after the installation: $packages" >&2
        return 1
    fi
    echo "setup: missing: $packages" >&2
    echo "setup: as root run: apt-get install --no-install-recommends $packages" >&2
    return 1
}

# A full disk fails tests in ways that do not look like it.
check_disk() {
    local free
    free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024 / 1024) }')
    [ "$free" -ge "$DISK_GB_NEEDED" ] ||
        echo "setup: $free GB of disk are free here; all tests together need about $DISK_GB_NEEDED" >&2
}

failed=0
check_disk
check_packages || failed=1
check_rust || failed=1
# ThreadSanitizer and C# are tested where they can be run; with CI=true their tests may not be skipped.
bash "$(dirname "$0")/sanitize.sh" setup || echo "setup: the tests with ThreadSanitizer will be skipped" >&2
bash "$(dirname "$0")/dotnet.sh" setup || echo "setup: the tests of C# will be skipped" >&2
exit "$failed"
