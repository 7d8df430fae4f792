#!/usr/bin/env bash
# Makes everything that is shipped a second time, from a clone of this commit in another folder and with nothing of the first
# time, and compares the bytes with those in build/dist. Where they differ it says in which files.
# Usage: scripts/dist/twice.sh [TARGET...]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

case $commit in *' '*) fail "commit your changes first: only what is committed can be built again" ;; esac
[ -e "$out/SHA256SUMS" ] || fail "nothing is there to compare with: make dist"
git clone --quiet "$root" "$place/again"
git -C "$place/again" checkout --quiet "$commit"
mkdir -p "$place/again/target/dist"
# The tools are no part of what is built.
cp -r "$work/python" "$place/again/target/dist/"
[ ! -e "${CARGO_TARGET_DIR:-$root/target}/dotnet" ] || cp -r "${CARGO_TARGET_DIR:-$root/target}/dotnet" "$place/again/target/"
(cd "$place/again" && env -u CARGO_TARGET_DIR DIST_OUT="$place/out" bash scripts/dist/dist.sh "$@") >"$work/twice.log" 2>&1 ||
    { tail -n 30 "$work/twice.log" >&2; fail "the second build failed"; }

# unpack FILE FOLDER
unpack() {
    mkdir -p "$2"
    case $1 in
    *.zip | *.nupkg) python3 -m zipfile -e "$1" "$2" ;;
    *) tar -xzf "$1" -C "$2" ;;
    esac
}

different=0
while read -r sum file; do
    if [ "$(sha256sum <"$out/$file")" = "$sum  -" ]; then
        echo "the same bytes: $file"
        continue
    fi
    echo "DIFFERENT: $file"
    different=1
    unpack "$out/$file" "$place/one"
    unpack "$place/out/$file" "$place/two"
    diff -rq "$place/one" "$place/two" | sed "s|$place/||g; s|^|    |" || true
    rm -rf "$place/one" "$place/two"
done <"$place/out/SHA256SUMS"
exit "$different"
