#!/usr/bin/env bash
# Takes the package as NuGet's client unpacks it, and plays the story with the game server in C# on it: on CoreCLR 8 and 3.1
# for Linux and for Windows, which find the native library in runtimes/ by themselves, and on Mono, where it lies beside the program.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
. "$here/check/wine.sh"
dotnet=$root/scripts/dotnet.sh
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
packages=$place/packages

# NuGet's own client, which refuses what is not a package.
install_with_nuget() {
    # Its settings belong to the user; here they are of this run.
    (cd "$place" && HOME=$place nuget install SessionLocker -Source "$out" -OutputDirectory "$place/installed" -NonInteractive) \
        >"$place/nuget.log" 2>&1 || { cat "$place/nuget.log" >&2; fail "nuget does not take the package"; }
    # The layout of dotnet's folder of packages.
    mkdir -p "$packages/sessionlocker"
    mv "$place/installed/SessionLocker.$version" "$packages/sessionlocker/$version"
    # The old client keeps the package beside its content and may leave a file of its own out.
    [ -e "$packages/sessionlocker/$version/lib/netstandard2.1/SessionLocker.CSharp.dll" ] || fail "nuget unpacked no assembly"
}

# dependencies FRAMEWORK: what the SDK writes for a program that refers to the package.
dependencies() {
    cat <<JSON
{
  "runtimeTarget": { "name": ".NETCoreApp,Version=v$1" },
  "targets": { ".NETCoreApp,Version=v$1": {
    "game_server/1.0.0": { "dependencies": { "SessionLocker": "$version" }, "runtime": { "game_server.exe": {} } },
    "SessionLocker/$version": {
      "runtime": { "lib/netstandard2.1/SessionLocker.CSharp.dll": {} },
      "runtimeTargets": {
        "runtimes/linux-x64/native/libsessionlocker.so": { "rid": "linux-x64", "assetType": "native" },
        "runtimes/linux-arm64/native/libsessionlocker.so": { "rid": "linux-arm64", "assetType": "native" },
        "runtimes/win-x64/native/sessionlocker.dll": { "rid": "win-x64", "assetType": "native" }
      } } } },
  "libraries": {
    "game_server/1.0.0": { "type": "project", "serviceable": false, "sha512": "" },
    "SessionLocker/$version": { "type": "package", "serviceable": true, "sha512": "", "path": "sessionlocker/$version" }
  }
}
JSON
}

# build FOLDER 3.1|mono OPTIONS...: the game server alone, without the binding beside it.
build() {
    local folder=$1
    shift
    mkdir -p "$folder"
    bash "$dotnet" compile "$@" -langversion:9 -r:"$packages/sessionlocker/$version/lib/netstandard2.1/SessionLocker.CSharp.dll" \
        -out:"$folder/game_server.exe" "$root/examples/game_server_csharp"
}

play() {
    local log=$place/story.log
    if ! (cd "$place" && bash "$root/scripts/demo.sh" "$2") >"$log" 2>&1 || ! grep -qx 'demo: success' "$log"; then
        tail -n 40 "$log" >&2
        fail "the story failed on $1"
    fi
    echo "   the package on $1: played"
}

# core_clr RUNTIME FRAMEWORK
core_clr() {
    local folder=$place/coreclr-$1
    build "$folder" 3.1
    dependencies "$2" >"$folder/game_server.deps.json"
    printf '#!/bin/sh\nexec bash "%s" run "%s" --depsfile "%s" --additionalprobingpath "%s" "%s" "$@"\n' \
        "$dotnet" "$1" "$folder/game_server.deps.json" "$packages" "$folder/game_server.exe" >"$folder/run"
    chmod +x "$folder/run"
    play "CoreCLR $1" "$folder/run"
}

on_mono() {
    local folder=$place/mono
    fetch_mono_facades
    build "$folder" mono -r:"$work/facades/netstandard.dll"
    cp "$packages/sessionlocker/$version/lib/netstandard2.1/SessionLocker.CSharp.dll" \
        "$packages/sessionlocker/$version/runtimes/linux-x64/native/libsessionlocker.so" "$folder/"
    printf '#!/bin/sh\nMONO_PATH="%s" exec mono "%s" "$@"\n' "$work/facades" "$folder/game_server.exe" >"$folder/run"
    chmod +x "$folder/run"
    play Mono "$folder/run"
}

echo "== NuGet"
bash "$dotnet" setup
install_with_nuget
core_clr 8 8.0
core_clr 3.1 3.1
bash "$dotnet" setup windows
prepare_wine
core_clr windows-3.1 3.1
on_mono
