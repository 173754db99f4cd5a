"""Starts the program in this package with the libtorch of this Python's package torch."""
import importlib.util
import os
import pathlib
import re
import sys

TORCH = "@TORCH@"  # the minor version whose C++ interface the program was built for
PACKAGE = pathlib.Path(__file__).resolve().parent


def torch_folder():
    """The folder of the package torch, found without importing it."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.origin:
        sys.exit(f"mohawk: there is no package torch beside {sys.executable}: pip install 'torch=={TORCH}.*'")
    folder = pathlib.Path(spec.origin).parent
    try:
        text = (folder / "version.py").read_text()
    except OSError:
        text = ""
    found = re.search(r"^__version__\b.*?['\"]([^'\"]+)", text, re.MULTILINE)
    version = found.group(1) if found else "of an unknown version"
    if version.split(".")[:2] != TORCH.split("."):
        sys.exit(f"mohawk: {folder} is torch {version}, and this package is built for {TORCH}: pip install 'torch=={TORCH}.*'")
    return folder


def main():
    environment = dict(os.environ)
    folder = torch_folder()
    # The library looks for torch beside this package. Elsewhere, as with one of the two in the user's own site-packages,
    # the loader must be told.
    if folder.resolve() != PACKAGE.parent / "torch":
        paths = [str(folder / "lib"), environment.get("LD_LIBRARY_PATH", "")]
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, paths))
    environment.setdefault("MOHAWK_PYTHON", sys.executable)
    program = PACKAGE / "bin" / "mohawk"
    try:
        os.execve(program, [str(program), *sys.argv[1:]], environment)
    except OSError as error:
        sys.exit(f"mohawk: {program} cannot be started: {error.strerror}; install the package again")


if __name__ == "__main__":
    main()
