"""Writes the licences of everything that is inside a library: licences.py TARGET FEATURES OUTPUT

Equal texts are printed once. A crate without a text in its package must be named in NO_TEXT, so that none is missed.
"""

import os
import re
import sys

import crates

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TEXT_NAMES = re.compile(r"^(licen[cs]e|copying|notice|unlicense|copyright)", re.IGNORECASE)

# C sources that lie inside a crate under another licence than the crate's own.
C_SOURCES = {
    "libsqlite3-sys": ("SQLite", None, "SQLite is in the public domain: its authors disclaim copyright to it."),
    "zstd-sys": ("Zstandard", "zstd/LICENSE", None),
}
# What the linker adds, with a file of the machine that has its licence.
LINKED_IN = {
    "linux": [("LLVM's libunwind", "{zig}/lib/libunwind/LICENSE.TXT")],
    "windows": [
        ("The start-up code and C library of mingw-w64", "/usr/share/doc/mingw-w64-x86-64-dev/copyright"),
        ("GCC's run-time library, under the GPL with the GCC Runtime Library Exception",
         "/usr/share/doc/gcc-mingw-w64-base/copyright"),
    ],
}
# Crates whose packages have no text. What they say of themselves is "MIT OR Apache-2.0" or the like, and the texts of those
# two are printed for others anyway.
STANDARD_TEXTS = {"MIT", "Apache-2.0"}


def text_files(folder):
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))
            if TEXT_NAMES.match(name) and os.path.isfile(os.path.join(folder, name))]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return "\n".join(line.rstrip() for line in file.read().strip().splitlines()) + "\n"


def licence_of(package):
    return package["license"] or "see its text"


def add_crate(texts, package):
    """Adds the crate's texts to `texts`, a dictionary from text to the names of what it is for."""
    folder = os.path.dirname(package["manifest_path"])
    name = f"{package['name']} {package['version']} ({licence_of(package)})"
    files = text_files(folder)
    for file in files:
        texts.setdefault(read(file), []).append(name)
    if not files:
        choices = set(re.split(r" OR |/", licence_of(package)))
        if not choices & STANDARD_TEXTS:
            sys.exit(f"licences: {name} has no text of its licence in {folder}")
        for choice in sorted(choices & STANDARD_TEXTS):
            own = os.path.join(ROOT, "LICENSE-" + choice.split("-")[0].upper())
            texts.setdefault(read(own) if choice != "MIT" else mit_of(package), []).append(name)
    if package["name"] in C_SOURCES:
        title, file, words = C_SOURCES[package["name"]]
        texts.setdefault(read(os.path.join(folder, file)) if file else words + "\n", []).append(f"{title}, inside {name}")


def mit_of(package):
    """The MIT licence with the crate's authors, where its package leaves the text out."""
    own = read(os.path.join(ROOT, "LICENSE-MIT"))
    authors = ", ".join(package["authors"]) or f"the authors of {package['name']}"
    return re.sub(r"^Copyright .*$", lambda _: f"Copyright (c) {authors}", own, count=1, flags=re.MULTILINE)


def main(target, features, output, zig):
    texts = {}
    library, _ = crates.inside(os.path.join(ROOT, "Cargo.toml"), target, features, "sessionlocker")
    own = library.pop(0)
    rust = crates.standard_library(target)
    for package in library + rust:
        add_crate(texts, package)
    texts.setdefault(read("/usr/lib/rustlib/src/rust/COPYRIGHT"), []).append("The standard library of Rust (MIT OR Apache-2.0)")
    for title, file in LINKED_IN["windows" if "windows" in target else "linux"]:
        texts.setdefault(read(file.format(zig=zig)), []).append(title)
    with open(output, "w", encoding="utf-8") as file:
        file.write(f"SessionLocker {own['version']} is licensed under MIT OR Apache-2.0: see LICENSE-MIT and LICENSE-APACHE.\n"
                   f"The library for {target} contains {len(library)} crates, the standard library of Rust with "
                   f"{len(rust)} more, and what is named below.\n")
        for text, names in texts.items():
            file.write("\n" + "=" * 100 + "\n" + "\n".join(names) + "\n" + "-" * 100 + "\n\n" + text)


main(*sys.argv[1:])
