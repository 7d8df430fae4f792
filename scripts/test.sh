#!/usr/bin/env bash
# Runs every suite, prints what each found, and ends with one line 'N passed, N failed, N skipped'.
# Fails if anything failed, and with CI=true also if anything was skipped.
#
# A cargo suite counts its tests; any other suite counts as one. A test that cannot run says 'skipped: <why>' on a line of
# its own and passes; it is counted as skipped. Logs are in target/test-logs, one for each suite.
# scripts/test.sh NAME... runs only the suites of these names.
set -uo pipefail
cd "$(dirname "$0")/.."

LOGS=target/test-logs
FIGURES=target/figures # Tests leave what they measured here, one file each.
SUITE_TIMEOUT=${SUITE_TIMEOUT:-2100}
SEEDS=${SEEDS:-20000}
SEEDS_THROUGH_C=${SEEDS_THROUGH_C:-1500}
export FIGURES_DIR="$PWD/$FIGURES"
# What a test says goes to the log, also if it passes: that is how it says that it was skipped.
export RUST_TEST_NOCAPTURE=1
# A clean clone builds everything once: what cargo keeps for the next build only fills the disk.
[ "${CI:-}" = true ] && export CARGO_INCREMENTAL=0

passed=0 failed=0 skipped=0
wanted=("$@")

is_wanted() {
    [ ${#wanted[@]} -eq 0 ] && return 0
    local name
    for name in "${wanted[@]}"; do [ "$name" = "$1" ] && return 0; done
    return 1
}

# Adds up the 'test result:' lines of a log into p, f and s. Who said that it was skipped has passed for cargo.
count_cargo_tests() {
    local said children
    read -r p f s < <(awk '/^test result:/ { p += $4; f += $6; s += $8 } END { print p + 0, f + 0, s + 0 }' "$1")
    said=$(grep -c '^skipped: ' "$1")
    # Parts of other tests that run in a process of their own are ignored by cargo, and run by those tests.
    children=$(grep -cE '^test .* \.\.\. ignored, started by ' "$1")
    s=$((s + said - children)) p=$((p > said ? p - said : 0))
}

show_end_of() {
    grep -E '^(test .* FAILED|error|warning: unused|---- )|panicked at' "$1" | head -n 40 | sed 's/^/    /'
    tail -n 40 "$1" | sed 's/^/    | /'
}

# suite NAME COMMAND...: runs the command and counts what it did.
suite() {
    local name=$1 log="$LOGS/$1.log" start=$SECONDS status=0 p f s
    shift
    is_wanted "$name" || return 0
    echo "== $name: $*"
    timeout --kill-after=30 "$SUITE_TIMEOUT" "$@" >"$log" 2>&1 || status=$?
    count_cargo_tests "$log"
    if [ "$status" -ne 0 ]; then
        # The command may have failed without any test that did: it did not compile, or was stopped by the time-out.
        [ "$f" -eq 0 ] && f=1
        [ "$status" -eq 124 ] && echo "   stopped after $SUITE_TIMEOUT s"
        [ "$status" -gt 128 ] && echo "   ended by signal $((status - 128))"
        show_end_of "$log"
    elif [ $((p + f + s)) -eq 0 ]; then
        p=1
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    echo "   $p passed, $f failed, $s skipped ($((SECONDS - start)) s, $log)"
    grep '^skipped: ' "$log" | sort | uniq -c | sed 's/^ */   /'
    # The reason of #[ignore = "reason"].
    grep -E '^test .* \.\.\. ignored' "$log" | grep -v 'ignored, started by' | sed 's/^/   skipped: /'
}

print_figures() {
    local file
    for file in "$FIGURES"/*; do
        [ -f "$file" ] || continue
        echo "-- $(basename "$file")"
        sed 's/^/   /' "$file"
    done
}

bash scripts/setup.sh || exit 1
rm -rf "$LOGS" "$FIGURES"
mkdir -p "$LOGS" "$FIGURES"

suite format cargo fmt --all --check
suite lint cargo clippy --all-targets -- -D warnings
suite lint-planted-bugs cargo clippy --all-targets --features planted-bugs -- -D warnings
suite lint-servers cargo clippy --all-targets --features postgres,redis -- -D warnings
suite lint-redis-alone cargo clippy --lib --no-default-features --features redis -- -D warnings
suite lint-postgres-alone cargo clippy --lib --no-default-features --features postgres -- -D warnings
suite lint-without-sqlite cargo clippy --all-targets --no-default-features -- -D warnings
suite docs env RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --features postgres,redis
suite cargo-test cargo test --no-fail-fast --features postgres,redis
suite simulator make --no-print-directory simulate SEEDS="$SEEDS"
suite simulator-through-c cargo test --release --test simulation -- --through-c --seeds "$SEEDS_THROUGH_C"
suite simulator-planted-bugs cargo test --release --features planted-bugs --test simulation -- --planted-known
suite lint-schedules env RUSTFLAGS="--cfg schedules" cargo clippy --lib --profile test --no-default-features \
    --target-dir target/schedules -- -D warnings
suite schedules make --no-print-directory schedules
suite fuzz bash scripts/fuzz.sh runs=20000
suite asan bash scripts/sanitize.sh asan 10
suite tsan bash scripts/sanitize.sh tsan 10
suite demo make --no-print-directory demo
suite instructions make --no-print-directory instructions

print_figures
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] || exit 1
if [ "${CI:-}" = true ] && [ "$skipped" -ne 0 ]; then
    echo "test: nothing may be skipped here" >&2
    exit 1
fi
