#!/usr/bin/env bash
# Builds the game servers in C and C++ from an unpacked archive, in one way.
# Usage: scripts/dist/check/programs.sh FOLDER WAY OUTPUT    WAY: plain, pkg-config or cmake, then -shared or -static
# CC, CXX: the compilers. WINDOWS=1: the programs are for Windows.
set -euo pipefail
folder=$1 way=${2%-*} kind=${2#*-} output=$3
warnings="-Wall -Wextra -Werror"
exe=${WINDOWS:+.exe} sockets=${WINDOWS:+-lws2_32}
# Windows looks for libraries beside the program instead.
rpath=${WINDOWS:+-L.}
rpath=${rpath:--Wl,-rpath,$folder/lib}
mkdir -p "$output"

# compile OPTIONS...: both programs with these options behind the sources.
compile() {
    # Unquoted on purpose: options that may be none.
    "$CC" -std=c11 $warnings "$folder"/examples/game_server/*.c "$@" $sockets -o "$output/game_server$exe"
    "$CXX" -std=c++17 $warnings "$folder"/examples/game_server_cpp/*.cpp "$@" $sockets -o "$output/game_server_cpp$exe"
}

plain() {
    local system_libs
    if [ "$kind" = shared ]; then
        compile -I"$folder/include" -L"$folder/lib" -lsessionlocker $rpath
    else
        system_libs=$(sed -n 's/^Libs: [^ ]* //p' "$folder/lib/pkgconfig/sessionlocker-static.pc")
        compile -I"$folder/include" -DSLK_STATIC "$folder/lib/libsessionlocker.a" $system_libs
    fi
}

with_pkg_config() {
    local name=sessionlocker
    [ "$kind" = shared ] || name=sessionlocker-static
    export PKG_CONFIG_PATH=$folder/lib/pkgconfig
    # Unquoted on purpose: options.
    compile $(pkg-config --cflags --libs "$name") $rpath
}

with_cmake() {
    local options=(-DCMAKE_PREFIX_PATH="$folder" -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX")
    [ "$kind" = shared ] || options+=(-DGAME_SERVER_STATIC=ON)
    # Unquoted on purpose: a list of options.
    cmake -S "$folder/examples" -B "$output/cmake" "${options[@]}" ${CMAKE_OPTIONS:-} -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=BOTH
    cmake --build "$output/cmake"
    cp "$output/cmake/game_server$exe" "$output/cmake/game_server_cpp$exe" "$output/"
}

case $way in
plain) plain ;;
pkg-config) with_pkg_config ;;
cmake) with_cmake ;;
esac
[ -z "${WINDOWS:-}" ] || [ "$kind" = static ] || cp "$folder/bin/sessionlocker.dll" "$output/"
