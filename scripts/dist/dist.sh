#!/usr/bin/env bash
# Makes everything that is shipped, in build/dist: an archive for each platform, packages for NuGet, Unity and Unreal, check
# sums. On a Debian 12 machine with Rust; what else it needs is installed when run as root.
# Usage: scripts/dist/dist.sh [TARGET...]    only the archives of these platforms, and no packages
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

print_sizes() {
    local target
    echo "sizes of the libraries, with the features default, ${FEATURES//,/, }:"
    for target in "$@"; do
        (cd "$work/lib/$target" && stat -c "%s %n" libsessionlocker.so."$abi" sessionlocker.dll libsessionlocker.a 2>/dev/null || true) |
            awk -v target="$target" '{ printf "  %-28s %-24s %6.2f MB\n", target, $2, $1 / 1e6 }'
    done
}

bash "$here/setup.sh" build
bash "$here/csharp.sh"
# Unquoted on purpose: a list.
for target in ${*:-$TARGETS}; do
    bash "$here/build.sh" "$target"
    bash "$here/archive.sh" "$target"
    echo "dist: made $(archive_of "$target")"
done
if [ $# -eq 0 ]; then
    bash "$here/nuget.sh"
    bash "$here/unity.sh"
    bash "$here/unreal.sh"
fi
(cd "$out" && rm -f SHA256SUMS && sha256sum sessionlocker-* SessionLocker* com.* 2>/dev/null >"$work/sums" || true)
mv "$work/sums" "$out/SHA256SUMS"
print_sizes ${*:-$TARGETS}
cat "$out/SHA256SUMS"
