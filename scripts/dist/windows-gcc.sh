#!/usr/bin/env bash
# The linker for Windows, which puts what is imported into the order of the paths of the files that it came from. So it is run
# in the folder of the build and sees paths from there, not where that folder lies on this machine.
# (The compiler tells by the name of this file that it takes gcc's options.)
set -euo pipefail
cd "$DIST_WORK"
exec x86_64-w64-mingw32-gcc "${@//"$DIST_WORK/"/}"
