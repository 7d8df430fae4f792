#!/usr/bin/env bash
# Makes the archive of one platform from what scripts/dist/build.sh and scripts/dist/csharp.sh left.
# Usage: scripts/dist/archive.sh TARGET
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
target=$1
libs=$work/lib/$target
stage=$work/stage/$(archive_name "$target")
system_libs=$(cat "$libs/system-libs")

# fill TEMPLATE OUTPUT: puts the values in for @names@.
fill() {
    sed -e "s#@version@#$version#g" -e "s#@abi@#$abi#g" -e "s#@target@#$target#g" \
        -e "s#@system_libs@#$system_libs#g" -e "s#@system_libs_list@#${system_libs// /;}#g" \
        -e "s#@shared_library@#$shared_library#g" -e "s#@cmake_system@#$cmake_system#g" \
        -e "s#@cmake_processors@#$cmake_processors#g" -e "s#@plain_line@#$plain_line#g" \
        -e "s#@requirements@#$requirements#g" "$root/packaging/$1" >"$2"
    ! grep -n '@[a-z_]*@' "$2" || fail "$2 has names that were not filled in"
}

describe_linux() {
    shared_library=lib/libsessionlocker.so.$abi cmake_system=Linux
    case $target in
    x86_64-*) cmake_processors='x86_64|AMD64' cc=cc ;;
    aarch64-*) cmake_processors='aarch64|arm64' cc=cc ;;
    esac
    plain_line="$cc examples/game_server/*.c -Iinclude -Llib -lsessionlocker -Wl,-rpath,\"\$PWD/lib\" -o game_server"
    requirements="It runs on every Linux with glibc $GLIBC_FLOOR or newer. A static link needs \`$system_libs\`."
}

describe_windows() {
    shared_library=bin/sessionlocker.dll cmake_system=Windows cmake_processors='x86_64|AMD64'
    plain_line="x86_64-w64-mingw32-gcc examples/game_server/*.c -Iinclude -Llib -lsessionlocker -lws2_32 -o game_server.exe"
    requirements="It runs on 64-bit Windows 10 and newer. Programs find the DLL beside them. MSVC's linker takes"
    requirements+=" \`lib/sessionlocker.lib\`; the static library is for mingw alone, with \`-DSLK_STATIC\` and \`$system_libs\`."
    requirements+=" The C++ binding needs a mingw with POSIX threads."
}

add_libraries() {
    mkdir -p "$stage"/lib/debug
    cp "$libs/libsessionlocker.a" "$stage/lib/"
    cp "$libs"/*.debug "$stage/lib/debug/"
    if is_windows "$target"; then
        mkdir "$stage/bin"
        cp "$libs/sessionlocker.dll" "$stage/bin/"
        cp "$libs"/{libsessionlocker.dll.a,sessionlocker.lib,sessionlocker.def} "$stage/lib/"
    else
        cp "$libs/libsessionlocker.so.$abi" "$stage/lib/"
        ln -s "libsessionlocker.so.$abi" "$stage/lib/libsessionlocker.so"
    fi
}

add_build_files() {
    local name
    mkdir -p "$stage"/lib/{pkgconfig,cmake/sessionlocker}
    for name in sessionlocker sessionlocker-static; do
        fill "pkgconfig/$name.pc.in" "$stage/lib/pkgconfig/$name.pc"
    done
    for name in sessionlocker-config sessionlocker-config-version; do
        fill "cmake/$name.cmake.in" "$stage/lib/cmake/sessionlocker/$name.cmake"
    done
}

# Only what is committed, so that nothing of this machine slips in.
add_sources() {
    mkdir -p "$stage/include" "$stage/csharp"
    cp "$root/include/sessionlocker.h" "$stage/include/"
    cp -r "$root"/bindings/cpp/sessionlocker.hpp "$root"/bindings/cpp/sessionlocker "$stage/include/"
    cp "$root"/{README.md,CHANGELOG.md,LICENSE-MIT,LICENSE-APACHE} "$stage/"
    git -C "$root" ls-files -z docs/*.md docs/charts examples bindings/cpp/README.md bindings/csharp/README.md |
        (cd "$root" && xargs -0 cp --parents -t "$stage")
    cp "$root/scripts/demo.sh" "$stage/examples/story.sh"
    cp "$work"/csharp/SessionLocker.CSharp.{dll,xml} "$stage/csharp/"
    fill ARCHIVE.md "$stage/ARCHIVE.md"
}

add_papers() {
    python3 -B "$here/licences.py" "$target" "$FEATURES" "$stage/LICENSES.txt" "$work/python/ziglang"
    python3 -B "$here/sbom.py" "$target" "$FEATURES" "$commit" "$stage/sbom.cdx.json"
    {
        echo "version: $version"
        echo "binary interface: $abi"
        echo "commit: $commit"
        echo "target: $target"
        echo "features: default, ${FEATURES//,/, }"
        echo "compiler: $(/usr/bin/rustc --version)"
        if is_windows "$target"; then
            echo "linker: $(x86_64-w64-mingw32-gcc --version | head -n 1)"
        else
            echo "linker: $(sed -n 's/^\([a-z-]*==[0-9.]*\).*/\1/p' "$here/requirements.txt" | paste -sd ' ')"
            echo "glibc: $GLIBC_FLOOR or newer"
        fi
    } >"$stage/BUILD.txt"
    (cd "$stage" && find . -type f ! -name SHA256SUMS -printf '%P\0' | sort -z | xargs -0 sha256sum >SHA256SUMS)
}

pack() {
    local archive
    archive=$(archive_of "$target")
    rm -f "$archive"
    if is_windows "$target"; then
        python3 -B "$here/zip.py" "$stage" "$archive"
    else
        pack_tar "$work/stage" "$(archive_name "$target")" "$archive"
    fi
}

rm -rf "$stage"
mkdir -p "$stage"
if is_windows "$target"; then describe_windows; else describe_linux; fi
add_libraries
add_build_files
add_sources
add_papers
pack
