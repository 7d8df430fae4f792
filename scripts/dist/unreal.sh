#!/usr/bin/env bash
# Makes the plugin for Unreal Engine from bindings/unreal and the libraries that scripts/dist/build.sh left.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
stage=$work/stage/unreal
library=$stage/SessionLocker/Source/SessionLockerLibrary
package=$out/SessionLocker-Unreal-$version.tar.gz

# add FOLDER TARGET FILE...
add() {
    local folder=$library/lib/$1 target=$2
    shift 2
    mkdir -p "$folder"
    (cd "$work/lib/$target" && cp "$@" "$folder/")
    cp "$work/stage/$(archive_name "$target")/LICENSES.txt" "$folder/"
}

rm -rf "$stage"
mkdir -p "$stage"
cp -r "$root/bindings/unreal/SessionLocker" "$stage/"
mkdir -p "$library/include"
cp "$root/include/sessionlocker.h" "$library/include/"
cp -r "$root"/bindings/cpp/sessionlocker.hpp "$root"/bindings/cpp/sessionlocker "$library/include/"
add Win64 x86_64-pc-windows-gnu sessionlocker.dll sessionlocker.lib
add Linux x86_64-unknown-linux-gnu "libsessionlocker.so.$abi"
add LinuxArm64 aarch64-unknown-linux-gnu "libsessionlocker.so.$abi"
for folder in Linux LinuxArm64; do ln -s "libsessionlocker.so.$abi" "$library/lib/$folder/libsessionlocker.so"; done
cp "$root"/{LICENSE-MIT,LICENSE-APACHE,CHANGELOG.md} "$root/bindings/unreal/README.md" "$stage/SessionLocker/"
sed -i "s|@version@|$version|" "$stage/SessionLocker/SessionLocker.uplugin"
sed -i "s|@abi@|$abi|g" "$library/SessionLockerLibrary.Build.cs"
pack_tar "$stage" SessionLocker "$package"
echo "dist: made $package"
