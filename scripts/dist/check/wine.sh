# Wine, which runs what is made for Windows. Sourced after common.sh.

# With the one library of Windows that it lacks.
prepare_wine() {
    local system
    # In the locale of the other scripts no file can have a name with umlauts.
    export WINEPREFIX=$work/wine WINEDEBUG=-all DISPLAY= LC_ALL=C.UTF-8
    # What mingw's compilers take from a library of their own.
    WINEPATH=$(printf 'Z:%s;' "$(dirname "$(x86_64-w64-mingw32-g++-posix -print-file-name=libstdc++-6.dll)")" \
        "$(dirname "$(x86_64-w64-mingw32-g++-posix -print-file-name=libwinpthread-1.dll)")")
    export WINEPATH
    system=$WINEPREFIX/drive_c/windows/system32
    [ -e "$system/bcryptprimitives.dll" ] && return 0
    rm -rf "$WINEPREFIX"
    wine wineboot -i >"$work/wine.log" 2>&1 || fail "Wine does not start: see $work/wine.log"
    x86_64-w64-mingw32-gcc -shared -O2 "$here/check/bcryptprimitives.c" -o "$work/bcryptprimitives.dll" -ladvapi32
    mv "$work/bcryptprimitives.dll" "$system/"
}
