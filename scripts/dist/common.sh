# What the scripts of `make dist` agree on. Sourced by them, from bash.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/scripts/dist
work=${CARGO_TARGET_DIR:-$root/target}/dist # what is built on the way
out=${DIST_OUT:-$root/build/dist}           # what is shipped
FEATURES=${FEATURES-postgres,redis}
TARGETS="x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-pc-windows-gnu"
# CentOS 7's, and older than that of every distribution that is still looked after.
GLIBC_FLOOR=2.17

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
abi=$(sed -n 's/^#define SLK_ABI_VERSION \([0-9]*\)$/\1/p' "$root/include/sessionlocker.h")
commit=$(git -C "$root" rev-parse HEAD)
[ -z "$(git -C "$root" status --porcelain)" ] || commit="$commit with changes that are not committed"
# Stands for the time of the build wherever a format wants one, so that the same commit gives the same bytes.
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC

mkdir -p "$work" "$out"
work=$(cd "$work" && pwd)
out=$(cd "$out" && pwd)

# One compiler for all platforms. It is a stable one, and compiling the standard library along counts as unstable.
use_debian_rust() {
    export RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc CARGO=/usr/bin/cargo RUSTC_BOOTSTRAP=1 CARGO_INCREMENTAL=0
}

is_windows() { [ "$1" = x86_64-pc-windows-gnu ]; }

# archive_name TARGET: of the folder in the archive, too.
archive_name() { echo "sessionlocker-$version-$1"; }

# archive_of TARGET: the archive's file.
archive_of() {
    if is_windows "$1"; then echo "$out/$(archive_name "$1").zip"; else echo "$out/$(archive_name "$1").tar.gz"; fi
}

# pack_tar FOLDER NAME OUTPUT: the same files give the same bytes.
pack_tar() {
    tar -C "$1" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --mode=u+rwX,go+rX,go-w --format=gnu -cf - "$2" | gzip -9n >"$3"
}

# Mono finds netstandard's types by a facade, which Debian has in a package for developers; nothing else of it is wanted.
fetch_mono_facades() {
    [ ! -e "$work/facades/netstandard.dll" ] || return 0
    rm -rf "$work/mono-devel"
    mkdir -p "$work/mono-devel" "$work/facades"
    (cd "$work/mono-devel" && apt-get -o APT::Sandbox::User=root download -qq mono-devel >/dev/null && dpkg-deb -x ./*.deb .)
    cp "$work"/mono-devel/usr/lib/mono/4.5/Facades/*.dll "$work/facades/"
    rm -rf "$work/mono-devel"
}

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}
