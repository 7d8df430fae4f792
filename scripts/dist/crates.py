"""The crates that are inside a library: what cargo resolves for one platform, without what only builds or tests."""

import json
import os
import subprocess


def read(manifest, target, features):
    """The metadata of cargo as a dictionary from package id to package, and the ids that each needs at run time."""
    command = ["/usr/bin/cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", target,
               "--manifest-path", manifest]
    if features:
        command += ["--features", features]
    environment = dict(os.environ, RUSTC_BOOTSTRAP="1", RUSTC="/usr/bin/rustc")
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout)
    packages = {package["id"]: package for package in found["packages"]}
    needs = {}
    for node in found["resolve"]["nodes"]:
        inside = [need["pkg"] for need in node["deps"] if any(kind["kind"] is None for kind in need["dep_kinds"])]
        needs[node["id"]] = sorted(pkg for pkg in inside if not is_macro(packages[pkg]))
    return packages, needs


def is_macro(package):
    """Macros run in the compiler and are not part of what it makes."""
    return any("proc-macro" in target["kind"] for target in package["targets"])


def reachable(needs, start):
    seen, waiting = set(), [start]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += needs[one]
    return seen


def inside(manifest, target, features, name):
    """The packages inside the library of this name, itself first, and the ids that each needs."""
    packages, needs = read(manifest, target, features)
    start = next(package["id"] for package in packages.values() if package["name"] == name and not package["source"])
    ids = reachable(needs, start)
    others = sorted((packages[one] for one in ids - {start}), key=lambda package: (package["name"], package["version"]))
    return [packages[start]] + others, {one: needs[one] for one in ids}


STANDARD_LIBRARY = "/usr/lib/rustlib/src/rust/library/Cargo.toml"


def standard_library(target):
    """The same for the standard library of Rust, which is compiled along. Its facades for its own crates are left out."""
    packages, _ = inside(STANDARD_LIBRARY, target, None, "std")
    return [package for package in packages if package["source"]]
