#!/usr/bin/env bash
# Random calls of every function of the header (tests/c/misuse_fuzz.c) with the library itself under a sanitizer.
#
#   scripts/sanitize.sh asan [SECONDS] [FIRST_SEED]   AddressSanitizer also inside the library; alone and in a crowd
#   scripts/sanitize.sh tsan [SECONDS] [FIRST_SEED]   ThreadSanitizer, the standard library included; in a crowd
#
# asan needs Rust and gcc. tsan needs Debian's packages rustc-web, cargo-web and rust-web-src, because the standard
# library is built anew; as root they are installed. Each builds into a directory of its own below target/.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -ge 1 ] || { sed -n '2,8p' "$0" >&2; exit 2; }
kind=$1 seconds=${2:-20} first=${3:-1}
WARNINGS="-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
HOST=$(rustc -vV | sed -n 's/^host: //p')
OUT=$PWD/target/$kind
export RUSTC_BOOTSTRAP=1 # for -Z in a released compiler

build_asan() {
    RUSTFLAGS="-Zsanitizer=address -Zexternal-clangrt" \
        cargo rustc --lib --crate-type staticlib --target "$HOST" --target-dir "$OUT"
    gcc $WARNINGS -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -Iinclude tests/c/misuse_fuzz.c \
        "$OUT/$HOST/debug/libsessionlocker.a" -lpthread -ldl -lm -o "$OUT/misuse_fuzz"
}

has_rust_with_source() {
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]
}

build_tsan() {
    if ! has_rust_with_source && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends \
            rustc-web cargo-web rust-web-src
    fi
    if ! has_rust_with_source; then
        echo "skipped: ThreadSanitizer needs the packages rustc-web, cargo-web and rust-web-src"
        exit 0
    fi
    RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTFLAGS="-Zsanitizer=thread -Zexternal-clangrt" /usr/bin/cargo \
        rustc --lib --crate-type staticlib -Zbuild-std --target "$HOST" --target-dir "$OUT"
    gcc $WARNINGS -g -O1 -fsanitize=thread -Iinclude tests/c/misuse_fuzz.c tests/c/misuse/tsan_memory.c \
        "$OUT/$HOST/debug/libsessionlocker.a" -lpthread -ldl -lm -o "$OUT/misuse_fuzz"
}

# play MODE SECONDS: fails also if a thread of the library panicked, which nobody would hear of otherwise.
play() {
    local log=$OUT/$1.log
    if ! "$OUT/misuse_fuzz" "$1" "$first" "$2s" >"$log" 2>&1 || grep -q 'panicked at' "$log"; then
        grep -v ' calls .* ok ' "$log" | tail -n 80 >&2
        echo "sanitize: $kind $1 FAILED; the whole output is in $log" >&2
        return 1
    fi
    echo "$kind $(tail -n 1 "$log")"
}

case $kind in
asan)
    build_asan
    cd "$OUT"
    play alone "$((seconds - seconds / 2))"
    play crowd "$((seconds / 2))"
    ;;
tsan)
    build_tsan
    cd "$OUT"
    TSAN_OPTIONS="halt_on_error=1 ${TSAN_OPTIONS:-}" play crowd "$seconds"
    ;;
*)
    echo "sanitize: '$kind' is neither asan nor tsan" >&2
    exit 2
    ;;
esac
