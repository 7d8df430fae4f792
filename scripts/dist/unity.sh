#!/usr/bin/env bash
# Makes the package for Unity's package manager from bindings/unity, bindings/csharp and the libraries that
# scripts/dist/build.sh left. Unity has servers for 64-bit Linux and Windows on x86-64 only.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
stage=$work/stage/unity
package=$out/com.sessionlocker-$version.tgz

rm -rf "$stage"
mkdir -p "$stage/package"/{Runtime/Binding,Plugins/Linux/x86_64,Plugins/Windows/x86_64}
# The shell's * leaves nothing out: no name begins with a dot.
cp -r "$root"/bindings/unity/* "$stage/package/"
cp "$root"/bindings/csharp/src/*.cs "$stage/package/Runtime/Binding/"
cp "$work/lib/x86_64-unknown-linux-gnu/libsessionlocker.so.$abi" "$stage/package/Plugins/Linux/x86_64/libsessionlocker.so"
cp "$work/lib/x86_64-pc-windows-gnu/sessionlocker.dll" "$stage/package/Plugins/Windows/x86_64/"
sed -i "s|@version@|$version|" "$stage/package/package.json"
cp "$root/CHANGELOG.md" "$stage/package/"
cat "$root/LICENSE-MIT" <(echo) "$root/LICENSE-APACHE" >"$stage/package/LICENSE.md"
cp "$work/stage/$(archive_name x86_64-unknown-linux-gnu)/LICENSES.txt" "$stage/package/Plugins/Linux/LICENSES.txt"
cp "$work/stage/$(archive_name x86_64-pc-windows-gnu)/LICENSES.txt" "$stage/package/Plugins/Windows/LICENSES.txt"
python3 -B "$here/unity_meta.py" "$stage/package"
pack_tar "$stage" package "$package"
echo "dist: made $package"
