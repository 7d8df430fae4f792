#!/usr/bin/env bash
# Counts the instructions that calls of the library cost, and holds them against benches/instructions/baseline.txt: times
# are noisy, these counts hardly depend on the machine. scripts/instructions.sh --write makes the baseline anew.
#
# A scene is played twice under valgrind, the second time twice as often; the difference, for one time, is what is counted.
# It fails if one costs a tenth more than in the baseline. Another compiler counts otherwise: then it only prints.
set -euo pipefail
cd "$(dirname "$0")/.."

BASELINE=benches/instructions/baseline.txt
WORK=${CARGO_TARGET_DIR:-target}/instructions
LIBRARY=$(realpath -m "${CARGO_TARGET_DIR:-target}/release")
# What is played, how often, with how many lockers.
SCENES="is_available:1000:1 get_i64:1000:1 add_i64:1000:1 idle_tick:1000:100 idle_tick:1000:10000 save:1000:100 session:300:1 receipt:100:1"

command -v valgrind >/dev/null || { echo "skipped: valgrind is not installed"; exit 0; }
make --no-print-directory lib >/dev/null
mkdir -p "$WORK"
ln -sf "$LIBRARY/libsessionlocker.so" "$WORK/libsessionlocker.so.1"
cc -std=c11 -O2 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Iinclude benches/instructions/play.c \
    "$WORK/libsessionlocker.so.1" -Wl,-rpath,"$LIBRARY" -Wl,-rpath,"$(realpath "$WORK")" -o "$WORK/play"

# instructions NAME TIMES LOCKERS: of the whole program.
instructions() {
    local said
    said=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$WORK/play" "$@" 2>&1) || { echo "$said" >&2; return 1; }
    awk '/Collected *:/ { print $4 }' <<<"$said"
}

count() {
    local once twice
    once=$(instructions "$1" "$2" "$3")
    twice=$(instructions "$1" $((2 * $2)) "$3")
    echo $(((twice - once) / $2))
}

compiler=$(rustc --version)
known=$(sed -n 's/^# //p' "$BASELINE" 2>/dev/null || true)
failed=0
lines="# $compiler"
printf '%-14s %8s %14s %10s\n' scene lockers instructions baseline
for scene in $SCENES; do
    IFS=: read -r name times lockers <<<"$scene"
    counted=$(count "$name" "$times" "$lockers")
    before=$(awk -v name="$name" -v lockers="$lockers" '$1 == name && $2 == lockers { print $3 }' "$BASELINE" 2>/dev/null || true)
    printf '%-14s %8s %14s %10s\n' "$name" "$lockers" "$counted" "${before:--}"
    lines+=$'\n'"$name $lockers $counted"
    if [ -n "$before" ] && [ "$known" = "$compiler" ] && [ $((counted * 10)) -gt $((before * 11)) ]; then
        echo "$name costs more than a tenth more than before" >&2
        failed=1
    fi
done
if [ "${1:-}" = --write ]; then
    echo "$lines" >"$BASELINE"
elif [ "$known" != "$compiler" ]; then
    echo "not compared: the baseline is of $known, this is $compiler"
elif [ "$failed" -ne 0 ]; then
    echo "where it is wanted: scripts/instructions.sh --write" >&2
    exit 1
fi
