#!/usr/bin/env bash
# Plays a story of two game servers on one store, from the first join to a takeover after kill -9, and checks each step.
# Usage: scripts/demo.sh [program of server A [program of server B [sqlite|files]]]
set -euo pipefail

program_A=${1:-build/release/game_server}
program_B=${2:-$program_A}
kind=${3:-sqlite}
patience=30 # seconds for an expected line; a step takes a fraction of a second, a takeover about a lease
lease_ms=2000

folder=$(mktemp -d)
case $kind in
sqlite) store=(--db "$folder/players.db") place="one SQLite file" ;;
files) store=(--store "files:$folder/players") place="one folder" ;;
*) echo "demo: the store is sqlite or files, not '$kind'" >&2 && exit 2 ;;
esac
declare -A pid=() connection=()

finish() {
    local name
    {
        for name in "${!pid[@]}"; do kill -9 "${pid[$name]}" || true; done
        wait || true
    } 2>/dev/null
    rm -rf "$folder"
}
trap finish EXIT

fail() {
    echo
    echo "demo: FAILED: $*"
    local file
    for file in "$folder"/*.err; do
        [ -s "$file" ] && sed "s|^|    $(basename "$file" .err) stderr: |" "$file"
    done
    exit 1
}

heading() { printf '\n== %s\n' "$*"; }
remark() { printf '   (%s)\n' "$*"; }

start_server() {
    local name=$1 waited=0 port=
    shift
    declare -n program=program_$name
    # Made here, because the server may take its time until it is looked for.
    : >"$folder/$name.out"
    "$program" "${store[@]}" --server-id "$name" --lease-ms "$lease_ms" "$@" \
        >"$folder/$name.out" 2>>"$folder/$name.err" &
    pid[$name]=$!
    until port=$(sed -n 's/^listening on .*:\([0-9]*\)\r*$/\1/p' "$folder/$name.out") && [ -n "$port" ]; do
        kill -0 "${pid[$name]}" 2>/dev/null || fail "server $name ended at once"
        [ $((waited += 1)) -le $((patience * 10)) ] || fail "server $name does not listen"
        sleep 0.1
    done
    exec {fd}<>"/dev/tcp/127.0.0.1/$port" || fail "server $name takes no connection on port $port"
    connection[$name]=$fd
    printf '   server %s runs as process %s on port %s\n' "$name" "${pid[$name]}" "$port"
}

say() {
    local name=$1
    shift
    printf '   %s <- %s\n' "$name" "$*"
    printf '%s\n' "$*" >&"${connection[$name]}"
}

# expect SERVER PATTERN: shows the lines that come from the server until one matches; it is left in $line.
expect() {
    local name=$1 pattern=$2 deadline=$((SECONDS + patience))
    while [ "$SECONDS" -le "$deadline" ]; do
        if ! read -r -t 1 -u "${connection[$name]}" line; then
            kill -0 "${pid[$name]}" 2>/dev/null || fail "server $name died"
            continue
        fi
        printf '   %s -> %s\n' "$name" "$line"
        # shellcheck disable=SC2053 # a pattern on purpose
        [[ $line == $pattern ]] && return 0
        [[ $line == error* ]] && fail "server $name answered with an error instead of '$pattern'"
    done
    fail "server $name did not say '$pattern' within $patience s"
}

# ask SERVER COMMAND PATTERN
ask() {
    say "$1" "$2"
    expect "$1" "$3"
}

heading "1. Two game servers, A and B, on $place"
start_server A
start_server B

heading "2. Alice joins A and earns gold"
ask A "join alice" "ok join alice"
expect A "\* loaded alice gold 0 *"
ask A "earn alice 50" "ok earn alice gold 50 *"

heading "3. She buys 100 gold; the shop sends its notice twice"
ask A "buy alice gold100 order-1" "ok buy alice order-1"
expect A "\* granted alice order-1*"
ask A "buy alice gold100 order-1" "ok buy alice order-1"
expect A "\* granted-again alice order-1*"
ask A "show alice" "ok show alice gold 150 *receipts order-1 *"
remark "granted in answer both times, in effect once"

heading "4. She buys the VIP pass, and by mistake once more: that becomes credit"
ask A "buy alice vip order-2" "ok buy alice order-2"
expect A "\* granted alice order-2*"
ask A "buy alice vip order-3" "ok buy alice order-3"
expect A "\* credited alice order-3*"
ask A "show alice" "ok show alice gold 150 * vip yes credit 1 *"

heading "5. She joins B while A still has her: A saves, lets go, and B has everything"
ask B "join alice" "ok join alice"
expect A "\* handed-over alice*"
expect B "\* loaded alice gold 150 *"

heading "6. She spends at B and waits until that is saved"
ask B "spend alice 30" "ok spend alice gold 120 *"
ask B "save alice" "ok save alice change * saved"
ask B "earn alice 1" "ok earn alice gold 121 *"
remark "this last coin was not reported as saved"

heading "7. Server B is killed with kill -9"
{
    kill -9 "${pid[B]}"
    wait "${pid[B]}"
} 2>/dev/null || true # without the shell's own words on it
unset "pid[B]"

heading "8. Alice joins A: B's session is respected until B's lease of $lease_ms ms has run out"
start=$(date +%s%N)
ask A "join alice" "ok join alice"
expect A "\* loaded alice gold *"
waited=$((($(date +%s%N) - start) / 1000000))
remark "A took over after $waited ms"

heading "9. Everything that was reported as saved is there"
say A "show alice"
expect A "ok show alice gold 12[01] * vip yes credit 1 receipts order-1,order-2 *"
case $line in
*"gold 120 "*) remark "the unsaved coin died with B, as an unsaved change may" ;;
*) remark "even the unsaved coin is there: B had just saved it" ;;
esac

heading "10. The shop repeats its first notice, now at another session, after a crash"
ask A "buy alice gold100 order-1" "ok buy alice order-1"
expect A "\* granted-again alice order-1*"
ask A "show alice" "ok show alice gold 12[01] * receipts order-1,order-2 *"

heading "11. Bob played on an old server once, whose game is of version 1"
program_Old=$program_A
start_server Old --game-version 1
ask Old "join bob" "ok join bob"
expect Old "\* loaded bob gold 0 *"
ask Old "earn bob 10" "ok earn bob gold 10 *"
ask Old "shutdown" "ok shutdown*"
wait "${pid[Old]}" || fail "the old server ended with status $?"
unset "pid[Old]"

heading "12. Alice sends him 30 gold while he is offline, and A sends him a mail"
say A "show alice"
expect A "ok show alice gold 12[01] *"
gold=$(sed -n 's/.* gold \([0-9]*\) .*/\1/p' <<<"$line")
ask A "gift alice bob 30" "ok gift alice bob gold $((gold - 30)) *"
ask A "mail bob hello" "ok mail bob"
expect A "\* mail-sent bob"
remark "the gold left her record in the same write in which the gift was put on its way"

heading "13. Bob joins a new server: his record is brought up to date, and the gift and the mail are there"
program_New=$program_B
start_server New
ask New "join bob" "ok join bob"
ask New "earn bob 5" "ok earn bob gold 5 *"
remark "earned before his record was loaded"
expect New "\* migrated bob from 1 to 2"
expect New "\* loaded bob gold *"
expect New "\* gift bob from player/alice"
ask New "show bob" "ok show bob gold 45 * gifts 2 mail 1"

heading "14. The shop pays Alice's first purchase back"
ask A "refund alice gold100 order-1" "ok refund alice order-1"
expect A "\* refunded alice order-1"
ask A "refund alice gold100 order-1" "ok refund alice order-1"
expect A "\* refunded-again alice order-1"
remark "she has spent it: that is a debt of one"
ask A "buy alice gold100 order-1" "ok buy alice order-1"
expect A "\* refunded-again alice order-1"
remark "and the old notice does not grant it again"

heading "15. Both shut down in order"
ask New "shutdown" "ok shutdown*"
wait "${pid[New]}" || fail "server New ended with status $?"
unset "pid[New]"
ask A "shutdown" "ok shutdown*"
wait "${pid[A]}" || fail "server A ended with status $?"
unset "pid[A]"

printf '\ndemo: success\n'
