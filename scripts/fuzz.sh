#!/usr/bin/env bash
# Coverage-guided fuzzing of what reads bytes that it did not write; the targets are in fuzz/.
#
#   scripts/fuzz.sh SECONDS [TARGET]     each target (or this one) for so long, from a random seed that is printed
#   scripts/fuzz.sh runs=N [TARGET]      its corpus and N inputs made from it, always the same
#
# Needs nothing but Rust and a C++ compiler: it does what `cargo fuzz` does, which works too, and needs no nightly. New
# inputs are kept in target/fuzz/corpus; an input that breaks a promise is left in target/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."

TARGETS="record server_record json_pointer codec import document_edits"
OUT=$PWD/target/fuzz
HOST=$(rustc -vV | sed -n 's/^host: //p')

[ $# -ge 1 ] || { sed -n '2,9p' "$0" >&2; exit 2; }
limit=$1
targets=${2:-$TARGETS}

flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
flags="$flags -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
flags="$flags -Cllvm-args=-sanitizer-coverage-trace-compares"
# The target is named so that build scripts are not instrumented.
RUSTFLAGS="$flags" cargo build --release --manifest-path fuzz/Cargo.toml --target "$HOST" --target-dir "$OUT/build"

case $limit in
runs=*) options="-runs=${limit#runs=} -seed=1" ;;
*) options="-max_total_time=$limit -seed=${FUZZ_SEED:-$((RANDOM + 1))}" ;;
esac

failed=0
for target in $targets; do
    mkdir -p "$OUT/corpus/$target" "$OUT/artifacts/$target"
    # What earlier runs kept would make a run with a fixed seed another one.
    case $limit in runs=*) rm -rf "${OUT:?}/corpus/$target" && mkdir -p "$OUT/corpus/$target" ;; esac
    log="$OUT/$target.log"
    # A value that is blown up beyond what the library allows does not fit into this memory.
    if "$OUT/build/$HOST/release/$target" $options -timeout=20 -rss_limit_mb=1024 -malloc_limit_mb=400 \
        -max_len=16384 -dict=fuzz/json.dict -print_final_stats=1 -artifact_prefix="$OUT/artifacts/$target/" \
        "$OUT/corpus/$target" "fuzz/corpus/$target" >"$log" 2>&1; then
        summary=$(awk '/DONE/ { last = $0 } END { print last }' "$log" | tr '\t' ' ')
        echo "fuzz $target: $(sed -n 's/^INFO: Seed: /seed /p' "$log") $summary"
    else
        echo "fuzz $target: FAILED; the whole output is in $log" >&2
        tail -n 40 "$log" >&2
        failed=1
    fi
done
exit "$failed"
