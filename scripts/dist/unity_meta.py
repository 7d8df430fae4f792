"""Writes the .meta files of a Unity package, by which Unity knows files: unity_meta.py FOLDER

The ids are made of the paths, so that they stay from release to release. Unity looks into no folder whose name ends in "~".
"""

import hashlib
import os
import sys

PLUGINS = {
    "Plugins/Linux/x86_64/libsessionlocker.so": ("Linux64", "Linux"),
    "Plugins/Windows/x86_64/sessionlocker.dll": ("Win64", "Windows"),
}
END = "  userData: \n  assetBundleName: \n  assetBundleVariant: \n"


def script():
    return ("MonoImporter:\n  externalObjects: {}\n  serializedVersion: 2\n  defaultReferences: []\n  executionOrder: 0\n"
            "  icon: {instanceID: 0}\n" + END)


def platform(kind, name, enabled, settings):
    lines = [f"  - first:\n      {kind}: {name}\n    second:\n      enabled: {enabled}\n"]
    if settings:
        lines.append("      settings:\n")
        lines += [f"        {key}: {value}\n" for key, value in settings]
    else:
        lines.append("      settings: {}\n")
    return "".join(lines)


def plugin(path):
    player, editor = PLUGINS[path]
    excluded = [("Exclude Editor", 0)] + [(f"Exclude {name}", 0 if name == player else 1)
                                          for name in ("Linux64", "OSXUniversal", "Win", "Win64")]
    return ("PluginImporter:\n  externalObjects: {}\n  serializedVersion: 2\n  iconMap: {}\n  executionOrder: {}\n"
            "  defineConstraints: []\n  isPreloaded: 0\n  isOverridable: 0\n  isExplicitlyReferenced: 0\n"
            "  validateReferences: 1\n  platformData:\n"
            + platform("", "Any", 0, excluded)
            + platform("Any", "", 0, [])
            + platform("Editor", "Editor", 1, [("CPU", "x86_64"), ("DefaultValueInitialized", "true"), ("OS", editor)])
            + platform("Standalone", player, 1, [("CPU", "x86_64")])
            + END)


def importer(folder, path):
    if os.path.isdir(os.path.join(folder, path)):
        return "folderAsset: yes\nDefaultImporter:\n  externalObjects: {}\n" + END
    if path in PLUGINS:
        return plugin(path)
    if path.endswith(".cs"):
        return script()
    if path.endswith(".asmdef"):
        return "AssemblyDefinitionImporter:\n  externalObjects: {}\n" + END
    if path == "package.json":
        return "PackageManifestImporter:\n  externalObjects: {}\n" + END
    if path.endswith((".md", ".txt")):
        return "TextScriptImporter:\n  externalObjects: {}\n" + END
    sys.exit(f"unity_meta: nothing is known of {path}")


def main(folder):
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.endswith("~"))
        for name in folders + sorted(names):
            path = os.path.relpath(os.path.join(place, name), folder)
            guid = hashlib.md5(f"com.sessionlocker/{path}".encode()).hexdigest()
            with open(os.path.join(folder, path + ".meta"), "w", encoding="utf-8") as file:
                file.write(f"fileFormatVersion: 2\nguid: {guid}\n{importer(folder, path)}")


main(sys.argv[1])
