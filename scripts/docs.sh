#!/usr/bin/env bash
# Makes the documentation site: target/docs/site/index.html, which needs no server and no network.
# Packages of the system are installed when run as root; Sphinx is fetched into target/docs, pinned by version and hash.
#
#   scripts/docs.sh          makes the site; any warning is an error
#   scripts/docs.sh check    makes it and looks at every page in a browser, wide and narrow, light and dark
set -euo pipefail
cd "$(dirname "$0")/.."
work=${CARGO_TARGET_DIR:-$PWD/target}/docs
mkdir -p "$work"

# npm's package of a library that drives a browser. It brings no browser: that is Debian's. Later versions want a newer
# Node.js than Debian 12 has.
PLAYWRIGHT_PACKAGE=playwright-core@1.60.0
PLAYWRIGHT_SHA512=f5b5bacef5ff9b49446e04ca27a629a4e2b1f07dd538f04c382161da2ad714e4f805b1e0af1e613e3c0960b4f8d0bbbee2ab43dfaa8a73f1e7e7a4ad516e7b20

# need PROGRAM PACKAGE...: for each pair, the package is installed if there is no such program.
need() {
    local missing=()
    while [ $# -gt 0 ]; do
        command -v "$1" >/dev/null || missing+=("$2")
        shift 2
    done
    [ ${#missing[@]} -eq 0 ] || install "${missing[@]}"
}

install() {
    local missing=("$@")
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "docs: installing ${missing[*]}" >&2
        apt-get -o DPkg::Lock::Timeout=300 update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${missing[@]}" >&2
        return 0
    fi
    echo "docs: missing: as root run: apt-get install --no-install-recommends ${missing[*]}" >&2
    return 1
}

fetch_sphinx() {
    local wanted
    wanted=$(sha512sum scripts/docs-requirements.txt)
    [ "$(cat "$work/python/complete" 2>/dev/null)" = "$wanted" ] && return 0
    python3 -m pip --version >/dev/null 2>&1 || install python3-pip
    echo "docs: fetching Sphinx" >&2
    rm -rf "$work/python"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps --only-binary :all: \
        --require-hashes -r scripts/docs-requirements.txt --target "$work/python" >&2
    echo "$wanted" >"$work/python/complete"
}

# The pages keep their places relative to each other, so that links between them hold here as they do in the repository.
gather() {
    rm -rf "$work/source"
    mkdir -p "$work/source"
    cp docs/site/* include/sessionlocker.h "$work/source/"
    cp --parents README.md CHANGELOG.md LICENSE-* docs/*.md docs/charts/*.svg docs/guide/*.md bindings/*/README.md "$work/source/"
    python3 docs/site/reference.py include/sessionlocker.h "$work/source/reference"
}

build() {
    need python3 python3 dot graphviz
    fetch_sphinx
    gather
    rm -rf "$work/site"
    PYTHONPATH="$work/python" PYTHONDONTWRITEBYTECODE=1 python3 -m sphinx --quiet --fail-on-warning --keep-going \
        -b html -d "$work/doctrees" -E "$work/source" "$work/site"
    rm -rf "$work/site/.buildinfo" "$work/site/objects.inv"
    echo "docs: $(find "$work/site" -name '*.html' | wc -l) pages: $work/site/index.html"
}

fetch_playwright() {
    [ -e "$work/playwright/package/index.mjs" ] && return 0
    echo "docs: fetching Playwright" >&2
    rm -rf "$work/playwright"
    mkdir -p "$work/playwright"
    (cd "$work/playwright" && npm pack --silent "$PLAYWRIGHT_PACKAGE" >/dev/null)
    local archive
    archive=$(echo "$work/playwright/"*.tgz)
    echo "$PLAYWRIGHT_SHA512  $archive" | sha512sum --check --quiet >&2
    tar -xzf "$archive" -C "$work/playwright"
    rm "$archive"
}

check() {
    build
    need node nodejs npm npm chromium chromium
    fetch_playwright
    node scripts/docs-check.mjs "$work/playwright/package/index.mjs" "$work/site" "$work/screenshots"
}

command=${1:-build}
case $command in
build | check) "$command" ;;
*) echo "docs: build or check, not '$command'" >&2; exit 2 ;;
esac
