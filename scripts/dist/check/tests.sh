#!/usr/bin/env bash
# The library's own tests in Rust on the platforms that this machine is not: for arm64 under QEMU, for Windows under Wine. Those that
# start servers, compilers or processes of this machine are left out.
# Usage: scripts/dist/check/tests.sh [TARGET...]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
. "$here/check/wine.sh"
TESTS="changes codecs defects document loading model play_with_faults purchases running sqlite_trouble store_check store_conformance
    store_faulty store_pool store_read_only waking"
# They only reckon, and take long under QEMU.
SLOW_TESTS="protocol simulation"
# They start their own program once more, which this machine cannot without QEMU.
PROCESS_TESTS="a_file_that_may_not_grow a_full_disk a_read_only_file_or_folder what_was_answered_survives two_processes_count
    no_thread_to_be_had"

use_debian_rust
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=qemu-aarch64-static

bash "$here/setup.sh" build
bash "$here/setup.sh" check
# Unquoted on purpose: lists.
for target in ${*:-aarch64-unknown-linux-gnu x86_64-pc-windows-gnu}; do
    echo "== $target"
    if is_windows "$target"; then
        prepare_wine
        tests="$TESTS $SLOW_TESTS" options=
    else
        tests=$TESTS options=$(printf -- '--skip %s ' $PROCESS_TESTS)
    fi
    log=$work/tests-$target.log
    if ! (cd "$root" && /usr/bin/cargo test --locked --target "$target" --target-dir "$work/tests" -Zbuild-std=std,panic_unwind \
        --no-fail-fast --lib $(printf -- '--test %s ' $tests) -- $options) >"$log" 2>&1; then
        grep -E 'FAILED|panicked|^error' "$log" >&2 || tail -n 40 "$log" >&2
        fail "$target: see $log"
    fi
    awk '/^test result: ok/ { passed += $4 } /^violations none/ { played = ", and the simulator found nothing" }
        END { print "   " passed " tests passed" played }' "$log"
done
