#!/usr/bin/env bash
# Compiles the binding of C# for netstandard2.1, with its XML documentation, into target/dist/csharp.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
place=$work/csharp

bash "$root/scripts/dotnet.sh" setup
rm -rf "$place"
mkdir -p "$place"
# netstandard 2.1 itself is not at hand: the oldest runtime that has it is, with a list of the types that are in it.
facade=$(echo "${CARGO_TARGET_DIR:-$root/target}"/dotnet/3.1/shared/Microsoft.NETCore.App/*/netstandard.dll)
# The compiler writes the names of the sources into what it makes.
cd "$root"
bash scripts/dotnet.sh compile 3.1 -langversion:9 -unsafe -target:library -netstandard:"$facade" \
    -doc:"$place/SessionLocker.CSharp.xml" -out:"$place/SessionLocker.CSharp.dll" bindings/csharp/src

fetch_mono_facades
cecil=$(ls -d /usr/lib/mono/gac/Mono.Cecil/0.11.*/Mono.Cecil.dll)
mcs -nologo -r:"$cecil" -out:"$work/netstandard.exe" "$here/netstandard.cs"
MONO_PATH=$(dirname "$cecil") mono "$work/netstandard.exe" "$place/SessionLocker.CSharp.dll" "$work/facades" /usr/lib/mono/4.5
