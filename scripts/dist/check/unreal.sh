#!/usr/bin/env bash
# Takes the plugin for Unreal Engine apart, compiles its C++ against stand-ins for Unreal's types, and runs its build rules in the
# same way: every file that they name must be there. Unreal's own tools are not at hand.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
dotnet=$root/scripts/dotnet.sh
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
source=$place/SessionLocker/Source
stubs=$here/check/unreal_stubs

echo "== Unreal"
tar -xzf "$out/SessionLocker-Unreal-$version.tar.gz" -C "$place"
python3 -m json.tool "$place/SessionLocker/SessionLocker.uplugin" >/dev/null
for file in "$source"/SessionLocker/Private/*.cpp; do
    g++ -std=c++17 -Wall -Wextra -Wno-unused-parameter -Wno-unused-value -Werror -fsyntax-only -isystem "$stubs" \
        -I"$source/SessionLockerLibrary/include" -I"$source/SessionLocker/Public" "$file"
done
bash "$dotnet" setup
bash "$dotnet" compile mono -langversion:9 -out:"$place/rules.exe" "$stubs/build_rules.cs" \
    "$source/SessionLocker/SessionLocker.Build.cs" "$source/SessionLockerLibrary/SessionLockerLibrary.Build.cs"
mono "$place/rules.exe" "$source/SessionLockerLibrary" | grep '^unreal: success'
