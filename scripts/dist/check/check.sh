#!/usr/bin/env bash
# Takes each archive of `make dist` into an empty folder outside of the checkout, and with nothing else but compilers builds
# the game servers from it, in every way there is, and plays the story of two servers on one store with them: hand-over,
# kill and takeover included. Linux on x86-64 runs as it is, arm64 under QEMU, Windows under Wine.
# Usage: scripts/dist/check/check.sh [TARGET...]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
. "$here/check/wine.sh"
WAYS="plain-shared plain-static pkg-config-shared pkg-config-static cmake-shared cmake-static"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# runnable PROGRAM RUNNER...: a script that starts the program by its runner, as a program must be one word for the story.
runnable() {
    local program=$1
    shift
    printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$*" "$program" >"$program.run"
    chmod +x "$program.run"
}

# play NAME PROGRAM PROGRAM [STORE]
play() {
    local name=$1 log=$place/story.log start=$SECONDS
    shift
    if ! (cd "$place" && bash "$folder/examples/story.sh" "$@") >"$log" 2>&1 || ! grep -qx 'demo: success' "$log"; then
        tail -n 40 "$log" >&2
        fail "$target: the story failed: $name"
    fi
    echo "   $name: played, takeover $(sed -n 's/.*A took over after //p' "$log" | tr -d ')') ($((SECONDS - start)) s)"
}

unpack() {
    local archive
    archive=$(archive_of "$target")
    [ -e "$archive" ] || fail "$archive is missing: make dist"
    (cd "$out" && grep " $(basename "$archive")\$" SHA256SUMS | sha256sum --check --quiet)
    case $archive in
    *.zip) unzip -q "$archive" -d "$place" ;;
    *) tar -xzf "$archive" -C "$place" ;;
    esac
    # Moved, because nothing in it may know where it lies.
    mv "$place/$(archive_name "$target")" "$place/$target"
    folder=$place/$target
    (cd "$folder" && sha256sum --check --quiet SHA256SUMS)
    ! grep -rqaF -e "$root" -e "${CARGO_HOME:-$HOME/.cargo}/registry" "$folder" || fail "$target names folders of the machine that built it"
}

# build_and_play RUNNER...
build_and_play() {
    local way programs
    for way in $WAYS; do
        programs=$place/programs-$target/$way
        mkdir -p "$programs"
        bash "$here/check/programs.sh" "$folder" "$way" "$programs" >"$place/build.log" 2>&1 || {
            tail -n 40 "$place/build.log" >&2
            fail "$target: $way does not build"
        }
        runnable "$programs/game_server${WINDOWS:+.exe}" "$@"
        runnable "$programs/game_server_cpp${WINDOWS:+.exe}" "$@"
        play "$way, C and C++" "$programs/game_server${WINDOWS:+.exe}.run" "$programs/game_server_cpp${WINDOWS:+.exe}.run"
    done
}

# play_csharp RUNTIME: in C#, with the servers in C on the same file, from the archive's assembly; then the tests of the binding.
play_csharp() {
    local runtime=$1 dotnet=$root/scripts/dotnet.sh programs=$place/csharp-$1 library=$folder/lib/libsessionlocker.so
    local in_c=$place/programs-$target/plain-shared/game_server options=(3.1)
    if is_windows "$target"; then library=$folder/bin/sessionlocker.dll in_c=$in_c.exe; fi
    # A program is of one runtime, only the binding is of all. CoreCLR 8 runs what is of 3.1.
    case $runtime in *mono) options=(mono -r:"$work/facades/netstandard.dll") ;; esac
    options+=(-langversion:9 -r:"$programs/SessionLocker.CSharp.dll")
    mkdir -p "$programs"
    cp "$folder/csharp/SessionLocker.CSharp.dll" "$library" "$programs/"
    bash "$dotnet" compile "${options[@]}" -out:"$programs/game_server.exe" "$folder/examples/game_server_csharp"
    runnable "$programs/game_server.exe" bash "$dotnet" run "$runtime"
    play "C# on $runtime, with C" "$programs/game_server.exe.run" "$in_c.run"
    play "C, with C# on $runtime" "$in_c.run" "$programs/game_server.exe.run"
    bash "$dotnet" compile "${options[@]}" -unsafe -out:"$programs/SessionLocker.CSharp.Tests.exe" "$root/tests/csharp"
    test_csharp "$runtime" bash "$dotnet" run "$runtime" "$programs/SessionLocker.CSharp.Tests.exe"
}

# test_csharp RUNTIME COMMAND...
test_csharp() {
    local runtime=$1 log=$place/csharp-tests.log start=$SECONDS
    shift
    if ! "$@" --sessions 300 >"$log" 2>&1 || ! tail -n 1 "$log" | grep -q '^[1-9][0-9]* passed, 0 failed'; then
        tail -n 40 "$log" >&2
        fail "$target: the tests of the C# binding failed on $runtime"
    fi
    echo "   tests of the C# binding on $runtime: $(tail -n 1 "$log" | tr -d '\r') ($((SECONDS - start)) s)"
}

# Mono wants assemblies for what is compiled for .NET Standard.
prepare_mono() {
    fetch_mono_facades
    export MONO_PATH=$work/facades
}

check_x86_64_linux() {
    bash "$here/check/header.sh" "$folder" gcc clang
    CC=gcc CXX=g++ build_and_play env
    play "files instead of SQLite, C and C++" "$place/programs-$target/plain-static/game_server" \
        "$place/programs-$target/plain-static/game_server_cpp" files
    bash "$root/scripts/dotnet.sh" setup
    prepare_mono
    play_csharp 8
    play_csharp 3.1
    play_csharp mono
}

check_aarch64_linux() {
    local cmake="-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64"
    bash "$here/check/header.sh" "$folder" aarch64-linux-gnu-gcc
    CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ CMAKE_OPTIONS=$cmake build_and_play qemu-aarch64-static
    bash "$root/scripts/dotnet.sh" setup arm64
    prepare_mono
    play_csharp arm64-mono
}

# As MSVC's linker links: clang and lld-link, without mingw.
check_msvc_style() {
    local programs=$place/msvc-style said
    mkdir -p "$programs"
    cp "$folder/bin/sessionlocker.dll" "$programs/"
    printf 'LIBRARY kernel32.dll\nEXPORTS\nGetStdHandle\nWriteFile\nExitProcess\n' >"$programs/kernel32.def"
    llvm-dlltool -m i386:x86-64 -d "$programs/kernel32.def" -l "$programs/kernel32.lib"
    clang --target=x86_64-pc-windows-msvc -ffreestanding -Wall -Wextra -Werror -I"$folder/include" -c "$here/check/msvc_style.c" \
        -o "$programs/program.obj"
    lld-link -nodefaultlib -subsystem:console -entry:mainCRTStartup -out:"$programs/program.exe" "$programs/program.obj" \
        "$folder/lib/sessionlocker.lib" "$programs/kernel32.lib"
    said=$(wine "$programs/program.exe" 2>/dev/null)
    [ "$said" = "works: $version" ] || fail "$target: linked in the way of MSVC: '$said'"
    echo "   sessionlocker.lib with lld-link: $said"
}

check_x86_64_windows() {
    local cmake="-DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=AMD64"
    prepare_wine
    bash "$here/check/header.sh" "$folder" x86_64-w64-mingw32-gcc-posix clang
    CC=x86_64-w64-mingw32-gcc-posix CXX=x86_64-w64-mingw32-g++-posix WINDOWS=1 CMAKE_OPTIONS=$cmake build_and_play wine
    check_msvc_style
    bash "$root/scripts/dotnet.sh" setup windows
    play_csharp windows-3.1
}

bash "$here/setup.sh" check
# Unquoted on purpose: a list.
for target in ${*:-$TARGETS}; do
    echo "== $target"
    unpack
    case $target in
    x86_64-unknown-linux-gnu) check_x86_64_linux ;;
    aarch64-unknown-linux-gnu) check_aarch64_linux ;;
    x86_64-pc-windows-gnu) check_x86_64_windows ;;
    esac
    # Each takes some hundred megabytes.
    rm -rf "${place:?}"/*
done
if [ $# -eq 0 ]; then
    bash "$here/check/nuget.sh"
    bash "$here/check/unity.sh"
    bash "$here/check/unreal.sh"
fi
echo "dist-check: everything works"
