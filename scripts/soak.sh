#!/usr/bin/env bash
# Runs everything that hunts for faults, for about so many seconds: scripts/soak.sh SECONDS, or `make soak SECONDS=n`.
# The time for building comes on top. What each part did is printed, and kept in target/soak.
#
# Each part gets its share of the time and begins at a seed that no run before it had: FROM, by default the clock.
# scripts/soak.sh SECONDS NAME... runs only the parts of these names.
set -uo pipefail
cd "$(dirname "$0")/.."

[ $# -ge 1 ] || { sed -n '2,7p' "$0" >&2; exit 2; }
SECONDS_IN_ALL=$1
shift
wanted=("$@")
FROM=${FROM:-$(($(date +%s) * 1000))}
LOGS=target/soak
failed=0

is_wanted() {
    [ ${#wanted[@]} -eq 0 ] && return 0
    local name
    for name in "${wanted[@]}"; do [ "$name" = "$1" ] && return 0; done
    return 1
}

# How many seconds these hundredths of the time are.
share() {
    local seconds=$((SECONDS_IN_ALL * $1 / 100))
    echo $((seconds > 5 ? seconds : 5))
}

# part NAME PATTERN COMMAND...: runs the command, and prints the lines of what it says that match the pattern.
part() {
    local name=$1 pattern=$2 log="$LOGS/$1.log" start=$SECONDS
    shift 2
    is_wanted "$name" || return 0
    echo "== $name: $*"
    if "$@" >"$log" 2>&1; then
        grep -E "$pattern" "$log" | sed 's/^/   /'
        echo "   no fault ($((SECONDS - start)) s, $log)"
    else
        failed=1
        tail -n 60 "$log" | sed 's/^/   | /'
        echo "   FAULT FOUND ($((SECONDS - start)) s, $log)"
    fi
}

# again SECONDS COMMAND...: runs the command once and again until the time has passed.
again() {
    local end=$((SECONDS + $1))
    shift
    while "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 0
    done
    return 1
}

bash scripts/setup.sh || exit 1
mkdir -p "$LOGS"
echo "soak: $SECONDS_IN_ALL s, seeds from $FROM"

part simulator '' cargo test --release --test simulation -- --seconds "$(share 20)" --from "$FROM"
part simulator-through-c '' cargo test --release --test simulation -- --through-c --seconds "$(share 8)" --from "$FROM"
part simulator-planted-bugs 'planted bugs found' \
    cargo test --release --features planted-bugs --test simulation -- --planted-known
part protocol '^(two|three|take-overs|clock|gifts)|states|wanted' \
    env PROTOCOL_BOUND=large PROTOCOL_SECONDS="$(($(share 8) / 15 + 1))" \
    cargo test --release --test protocol -- every_state every_gift --nocapture
part schedules '^schedules: ' env SCHEDULES_SEED="$FROM" make --no-print-directory schedules SCHEDULES="$(($(share 1) * 5000))"
part model 'sequences' env MODEL_SEQUENCES="$(($(share 3) * 2000))" MODEL_SEED="$FROM" \
    cargo test --release --test model -- --nocapture
part disk '^[a-z-]+: ' env DISK_SEED="$FROM" DISK_FAULTS="$(($(share 3) * 20))" DISK_IMAGES="$(($(share 5) * 30))" \
    KILLS="$(($(share 4) * 30))" cargo test --test disk -- --nocapture
part fuzz '^fuzz ' bash scripts/fuzz.sh "$(($(share 8) / 6 + 1))"
part asan '^(asan|skipped)' bash scripts/sanitize.sh asan "$(share 4)" "$((FROM % 1000000))"
part tsan '^(tsan|skipped)' bash scripts/sanitize.sh tsan "$(share 4)" "$((FROM % 1000000))"
# On each of three stores, and half as long on the store of files: five minutes each in an hour.
part multiprocess '^multiprocess-[a-z]+:' env MULTIPROCESS_SECONDS="$(share 9)" \
    cargo test --features postgres,redis --test multiprocess -- --nocapture
part store-outages '^(outages|failover|network|stale)[a-z-]*:' again "$(share 2)" \
    cargo test --features postgres,redis --test store_outages -- --nocapture

[ "$failed" -eq 0 ] && echo "soak: no fault found" && exit 0
echo "soak: FAULTS FOUND" >&2
exit 1
