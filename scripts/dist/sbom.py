"""Writes a bill of materials of a library, as CycloneDX 1.5: sbom.py TARGET FEATURES COMMIT OUTPUT"""

import json
import os
import re
import sys
import time
import uuid

import crates

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
# The version of what a crate bundles is said by a macro in its sources.
BUNDLED = {
    "libsqlite3-sys": ("sqlite", "sqlite3/sqlite3.h", r'#define SQLITE_VERSION\s+"([\d.]+)"', "blessing"),
    "zstd-sys": ("zstd", "zstd/lib/zstd.h",
                 r"#define ZSTD_VERSION_MAJOR\s+(\d+)\n#define ZSTD_VERSION_MINOR\s+(\d+)\n#define ZSTD_VERSION_RELEASE\s+(\d+)",
                 "BSD-3-Clause"),
}


def checksums():
    """What Cargo.lock says of each crate's package."""
    found, name, version = {}, None, None
    with open(os.path.join(ROOT, "Cargo.lock"), encoding="utf-8") as file:
        for line in file:
            key, _, value = line.strip().partition(" = ")
            value = value.strip('"')
            if key == "name":
                name = value
            elif key == "version":
                version = value
            elif key == "checksum":
                found[name, version] = value
    return found


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, sums):
    entry = {"type": "library", "bom-ref": reference(package), "name": package["name"], "version": package["version"],
             "purl": reference(package)}
    if package["license"]:
        entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = sums.get((package["name"], package["version"]))
    if checksum:
        entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["name"] in BUNDLED:
        entry["components"] = [bundled(package)]
    return entry


def bundled(package):
    name, file, pattern, licence = BUNDLED[package["name"]]
    path = os.path.join(os.path.dirname(package["manifest_path"]), file)
    with open(path, encoding="utf-8", errors="replace") as source:
        version = ".".join(re.search(pattern, source.read()).groups())
    return {"type": "library", "bom-ref": f"{reference(package)}#{name}", "name": name, "version": version,
            "purl": f"pkg:generic/{name}@{version}", "licenses": [{"license": {"id": licence}}]}


def main(target, features, commit, output):
    library, needs = crates.inside(os.path.join(ROOT, "Cargo.toml"), target, features, "sessionlocker")
    sums = checksums()
    own, others = library[0], library[1:]
    by_id = {package["id"]: package for package in library}
    rust = [package for package in crates.standard_library(target) if reference(package) not in map(reference, others)]
    subject = component(own, sums)
    subject["properties"] = [{"name": "commit", "value": commit}, {"name": "target", "value": target},
                             {"name": "features", "value": features}]
    # Of a name, so that the same library has the same number whenever it is built.
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"sessionlocker {own['version']} {commit} {target} {features}")
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))),
            "component": subject,
        },
        "components": [component(package, sums) for package in others + rust],
        "dependencies": [{"ref": reference(by_id[one]), "dependsOn": sorted({reference(by_id[need]) for need in needs[one]})}
                         for one in sorted(needs)],
    }
    with open(output, "w", encoding="utf-8") as file:
        json.dump(bill, file, indent=2)
        file.write("\n")


main(*sys.argv[1:])
