#!/usr/bin/env bash
# Takes the package for Unity apart and compiles it with Unity's constraints (C# 9, an own assembly
# for the editor), with stand-ins for Unity's own types. Plays its sample through Unity's ways to end a program, on Mono and on
# Mono with full ahead-of-time compilation, which has the rules of IL2CPP.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
dotnet=$root/scripts/dotnet.sh
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
package=$place/package

# Each file and folder that Unity sees has a .meta with an id of its own, and nothing has one without being there.
check_meta() {
    local file twice
    while IFS= read -r -d '' file; do
        [ -e "$file.meta" ] || fail "$file has no .meta"
    done < <(find "$package" -mindepth 1 ! -path '*~*' ! -name '*.meta' -print0)
    while IFS= read -r -d '' file; do
        [ -e "${file%.meta}" ] || fail "$file belongs to nothing"
    done < <(find "$package" -name '*.meta' -print0)
    twice=$(find "$package" -name '*.meta' -exec grep -h '^guid: ' {} + | sort | uniq -d)
    [ -z "$twice" ] || fail "the id is there twice: $twice"
    python3 -m json.tool "$package/package.json" >/dev/null
}

# build RUNTIME FOLDER: three assemblies of the package, the sample and the test.
build() {
    local options=(-langversion:9 -define:'UNITY_5_3_OR_NEWER;UNITY_2021_3_OR_NEWER')
    mkdir -p "$2"
    bash "$dotnet" compile "$1" "${options[@]}" -target:library -out:"$2/UnityEngine.dll" "$here/check/unity_stubs.cs"
    options+=(-r:"$2/UnityEngine.dll")
    bash "$dotnet" compile "$1" "${options[@]}" -unsafe -target:library -out:"$2/SessionLocker.CSharp.dll" "$package/Runtime"
    bash "$dotnet" compile "$1" "${options[@]}" -r:"$2/SessionLocker.CSharp.dll" -target:library \
        -out:"$2/SessionLocker.CSharp.Editor.dll" "$package/Editor"
    bash "$dotnet" compile "$1" "${options[@]}" -r:"$2/SessionLocker.CSharp.dll" -r:"$2/SessionLocker.CSharp.Editor.dll" \
        -out:"$2/unity_test.exe" "$here/check/unity_test.cs" "$package/Samples~"
    cp "$package/Plugins/Linux/x86_64/libsessionlocker.so" "$2/"
}

play() {
    (cd "$2" && rm -f ./*.db* && bash "$dotnet" run "$1" "$2/unity_test.exe") >"$place/log" 2>&1 || true
    grep -qx 'unity: success' "$place/log" || { cat "$place/log" >&2; fail "the sample fails on $1"; }
    echo "   the package on $1: played, ended in $(grep -c '^ended by' "$place/log") ways"
}

echo "== Unity"
tar -xzf "$out/com.sessionlocker-$version.tgz" -C "$place"
check_meta
bash "$dotnet" setup
build mono "$place/mono"
play mono "$place/mono"
cp -r "$place/mono" "$place/aot"
bash "$dotnet" aot "$place/aot"
play aot "$place/aot"
