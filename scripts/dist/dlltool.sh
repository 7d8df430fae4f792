#!/usr/bin/env bash
# dlltool for the compiler: it writes the name of the import library, folder and all, into that library, and the compiler
# has each made in a folder with a random name. So it is run in that folder, and is given the name alone.
set -euo pipefail
arguments=()
while [ $# -gt 0 ]; do
    if [ "$1" = -l ]; then
        cd "$(dirname "$2")"
        arguments+=(-l "$(basename "$2")")
        shift 2
    else
        arguments+=("$1")
        shift
    fi
done
exec x86_64-w64-mingw32-dlltool "${arguments[@]}"
