#!/usr/bin/env bash
# Makes the package for NuGet from what scripts/dist/build.sh, archive.sh and csharp.sh left for all platforms.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
stage=$work/stage/nuget
package=$out/SessionLocker.$version.nupkg

# add RID TARGET FILE NAME: the native library of one platform, and the licences of what is inside.
add() {
    mkdir -p "$stage/runtimes/$1/native" "$stage/licences"
    cp "$work/lib/$2/$3" "$stage/runtimes/$1/native/$4"
    cp "$work/stage/$(archive_name "$2")/LICENSES.txt" "$stage/licences/$1.txt"
}

rm -rf "$stage"
mkdir -p "$stage/lib/netstandard2.1" "$stage/_rels"
add linux-x64 x86_64-unknown-linux-gnu "libsessionlocker.so.$abi" libsessionlocker.so
add linux-arm64 aarch64-unknown-linux-gnu "libsessionlocker.so.$abi" libsessionlocker.so
add win-x64 x86_64-pc-windows-gnu sessionlocker.dll sessionlocker.dll
cp "$work"/csharp/SessionLocker.CSharp.{dll,xml} "$stage/lib/netstandard2.1/"
cp "$root/bindings/csharp/README.md" "$root/CHANGELOG.md" "$stage/"
sed -e "s|@version@|$version|" -e "s|@commit@|${commit%% *}|" "$root/packaging/nuget/SessionLocker.nuspec.in" >"$stage/SessionLocker.nuspec"
cp "$root/packaging/nuget/content-types.xml" "$stage/[Content_Types].xml"
cp "$root/packaging/nuget/relationships.xml" "$stage/_rels/.rels"
rm -f "$package"
python3 -B "$here/zip.py" "$stage" "$package" SessionLocker.nuspec
echo "dist: made $package"
