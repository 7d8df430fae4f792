#!/usr/bin/env bash
# The whole C test suite with the library itself under a sanitizer: every program of tests/c as it is tested elsewhere,
# then random calls of every function of the header (tests/c/misuse_fuzz.c) for so many seconds.
#
#   scripts/sanitize.sh asan [SECONDS] [FIRST_SEED]   AddressSanitizer, leaks included, also inside the library
#   scripts/sanitize.sh tsan [SECONDS] [FIRST_SEED]   ThreadSanitizer, the standard library included
#   scripts/sanitize.sh setup                         installs what tsan needs, as root on Debian
#
# Any report fails it. asan needs Rust and gcc; tsan also the packages rustc-web, cargo-web and rust-web-src, because the
# standard library is built anew. Each builds below target/KIND.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -ge 1 ] || { sed -n '2,10p' "$0" >&2; exit 2; }
kind=$1 seconds=${2:-20} first=${3:-1}
WARNINGS="-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
HOST=$(rustc -vV | sed -n 's/^host: //p')
OUT=$PWD/target/$kind
LIBRARY=$OUT/$HOST/debug/libsessionlocker.a
export RUSTC_BOOTSTRAP=1 # for -Z in a released compiler

build_asan() {
    RUSTFLAGS="-Zsanitizer=address -Zexternal-clangrt" \
        cargo rustc --lib --crate-type staticlib --target "$HOST" --target-dir "$OUT"
}

TSAN_PACKAGES="rustc-web cargo-web rust-web-src"

has_rust_with_source() {
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]
}

install_rust_with_source() {
    has_rust_with_source && return 0
    if [ "$(id -u)" = 0 ] && apt-cache show $TSAN_PACKAGES >/dev/null 2>&1; then
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends \
            $TSAN_PACKAGES || true
    fi
    has_rust_with_source && return 0
    echo "sanitize: ThreadSanitizer needs the packages $TSAN_PACKAGES" >&2
    return 1
}

build_tsan() {
    RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTFLAGS="-Zsanitizer=thread -Zexternal-clangrt" /usr/bin/cargo \
        rustc --lib --crate-type staticlib -Zbuild-std --target "$HOST" --target-dir "$OUT"
}

# compile PROGRAM: from tests/c to $OUT. What the sanitizers of the compilers do not share is in tsan_memory.c.
compile() {
    local flags
    case $kind in
    asan) flags="-fsanitize=address,undefined -fno-sanitize-recover=all" ;;
    tsan) flags="-fsanitize=thread tests/c/misuse/tsan_memory.c" ;;
    esac
    # Unquoted on purpose: lists of arguments.
    gcc $WARNINGS -g -O1 $flags -Iinclude "tests/c/$1.c" "$LIBRARY" -lpthread -ldl -lm -o "$OUT/$1"
}

# run PROGRAM ARGUMENT...: fails also if a thread of the library panicked, which nobody would hear of otherwise.
run() {
    local log=$OUT/$1.log start=$SECONDS
    if ! "$OUT/$1" "${@:2}" >"$log" 2>&1 || grep -q 'panicked at' "$log"; then
        grep -v ' calls .* ok ' "$log" | tail -n 80 >&2
        echo "sanitize: $kind $* FAILED; the whole output is in $log" >&2
        return 1
    fi
    if [ "$1" = misuse_fuzz ]; then
        echo "$kind $(tail -n 1 "$log")"
    else
        echo "$kind $* ($((SECONDS - start)) s)"
    fi
}

# How often a program is run, and with which arguments: as tests/c_api.rs does.
run_program() {
    local mode
    case $1 in
    store_faults) for mode in async blocking concurrent; do run "$1" "$mode" || return; done ;;
    misuse_fuzz)
        # One thread alone has no races.
        [ "$kind" = tsan ] || run "$1" alone "$first" "$((seconds / 2))s" || return
        run "$1" crowd "$first" "$((seconds - seconds / 2))s"
        ;;
    *) run "$1" ;;
    esac
}

case $kind in
asan) build_asan ;;
tsan)
    if ! has_rust_with_source; then
        echo "skipped: ThreadSanitizer needs the packages $TSAN_PACKAGES"
        exit 0
    fi
    build_tsan
    ;;
setup)
    install_rust_with_source
    exit
    ;;
*)
    echo "sanitize: '$kind' is none of asan, tsan and setup" >&2
    exit 2
    ;;
esac

# A report ends the program, and with that fails it.
export ASAN_OPTIONS="detect_leaks=1 ${ASAN_OPTIONS:-}" TSAN_OPTIONS="halt_on_error=1 ${TSAN_OPTIONS:-}"
programs=0 failed=0
for source in tests/c/*.c; do
    program=$(basename "$source" .c)
    compile "$program"
    (cd "$OUT" && run_program "$program") || failed=$((failed + 1))
    programs=$((programs + 1))
done
echo "$kind $programs programs, $failed failed"
[ "$failed" -eq 0 ]
