#!/usr/bin/env bash
# Compiles the headers of an unpacked archive in every language version with all warnings.
# Usage: scripts/dist/check/header.sh FOLDER COMPILER...    C compilers; the C++ compiler of each is found by its name
set -euo pipefail
folder=$1
shift
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Werror -fsyntax-only"
count=0

# check COMPILER LANGUAGE HEADER STANDARD...
check() {
    local compiler=$1 language=$2 header=$3 standard
    shift 3
    for standard in "$@"; do
        # Unquoted on purpose: a list of options.
        echo "#include <$header>" | "$compiler" -x "$language" -std="$standard" $warnings -I"$folder/include" -
        count=$((count + 1))
    done
}

for cc in "$@"; do
    case $cc in
    *clang*) cxx=${cc/clang/clang++} ;;
    *) cxx=${cc/gcc/g++} ;;
    esac
    check "$cc" c sessionlocker.h c99 c11 c17 c2x
    check "$cxx" c++ sessionlocker.h c++11 c++14 c++17 c++20 c++2b
    check "$cxx" c++ sessionlocker.hpp c++17 c++20
done
echo "   headers: compiled $count times without a warning"
