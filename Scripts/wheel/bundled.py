"""What a built program holds of other projects: names, versions, licences."""
import json
import pathlib
import re
import subprocess


# Modules whose folder has another name.
FOLDERS = {"SystemPackage": "System"}


class Part:
    """A project whose code is in a program."""

    def __init__(self, name, version, address, licences):
        self.name, self.version, self.address, self.licences = name, version, address, licences


def parts(root, build, products):
    """The parts of products, by the object files that SwiftPM linked.

    root: this package; build: the folder with the programs, as `swift build --show-bin-path` prints it.
    """
    modules = set()
    for product in products:
        lines = (build / f"{product}.product" / "Objects.LinkFileList").read_text().splitlines()
        modules |= {match.group(1) for match in (re.search(r"/([^/]+)\.build/", line) for line in lines) if match}
    pins = {pin["identity"]: pin for pin in json.loads((root / "Package.resolved").read_text())["pins"]}
    checkouts = build.parent.parent / "checkouts"
    homes = {}
    for checkout in checkouts.iterdir():
        for folder in checkout.glob("Sources/*/"):
            homes.setdefault(folder.name, (checkout, folder))
    own = {folder.name.replace("-", "_") for folder in (root / "Sources").iterdir()}
    found = {}
    for module in sorted(modules - own):
        module = FOLDERS.get(module, module)
        if module not in homes:
            raise SystemExit(f"wheel: it is not known from which package the module {module} comes")
        checkout, folder = homes[module]
        found.setdefault(checkout, set()).update(licence_files(checkout) | licence_files(folder))
    result = [swift()]
    for checkout, files in sorted(found.items(), key=lambda item: item[0].name.lower()):
        pin = pins[checkout.name.lower()]
        licences = {f"{checkout.name}/{path.relative_to(checkout)}": path for path in files}
        if not licences:
            raise SystemExit(f"wheel: {checkout.name} has no file with its licence")
        result.append(Part(checkout.name, pin["state"]["version"], pin["location"], licences))
    return result


def licence_files(folder):
    return {path for path in folder.iterdir() if path.is_file() and re.match(r"(LICEN[CS]E|NOTICE)", path.name, re.I)}


def swift():
    """Swift's standard library, Foundation (with ICU) and Dispatch, which are linked statically."""
    info = json.loads(subprocess.run(["swift", "-print-target-info"], check=True, capture_output=True, text=True).stdout)
    version = re.search(r"Swift version ([0-9.]+)", info["compilerVersion"]).group(1)
    resources = pathlib.Path(info["paths"]["runtimeResourcePath"])  # usr/lib/swift
    licence = resources.parent.parent / "share" / "swift" / "LICENSE.txt"
    if not licence.exists():
        raise SystemExit(f"wheel: Swift's licence is not at {licence}")
    name = "Swift runtime, Foundation with ICU, Dispatch"
    return Part(name, version, "https://github.com/swiftlang/swift", {"swift/LICENSE.txt": licence})


def bill(name, version, found):
    """The parts in the form of CycloneDX, as PEP 770 asks for."""
    return json.dumps({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {"type": "application", "name": name, "version": version}},
        "components": [
            {"type": "library", "name": part.name, "version": part.version,
             "externalReferences": [{"type": "vcs", "url": part.address}]}
            for part in found
        ],
    }, indent=1) + "\n"
