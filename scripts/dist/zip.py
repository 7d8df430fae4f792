"""Packs a folder so that the same files give the same bytes: zip.py FOLDER OUTPUT [FIRST-NAME]

The archive has the folder's own name in front of each path, unless FIRST-NAME is given: then paths start inside the folder,
and the file of that name comes first, as some formats want it.
"""

import os
import sys
import time
import zipfile


def files(folder):
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield os.path.join(place, name)


def main(folder, output, first=None):
    folder = os.path.abspath(folder)
    start = folder if first else os.path.dirname(folder)
    when = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))[:6]
    paths = sorted(files(folder), key=lambda path: (os.path.relpath(path, start) != first, path))
    with zipfile.ZipFile(output, "w") as archive:
        for path in paths:
            entry = zipfile.ZipInfo(os.path.relpath(path, start), when)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o100755 if os.access(path, os.X_OK) else 0o100644) << 16
            with open(path, "rb") as file:
                archive.writestr(entry, file.read(), compresslevel=9)


main(*sys.argv[1:])
