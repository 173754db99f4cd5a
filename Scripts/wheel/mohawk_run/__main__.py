"""Starts the program mohawk-run, which pip has put among this Python's scripts."""
import os
import pathlib
import sys
import sysconfig


def main():
    schemes = [None, sysconfig.get_preferred_scheme("user")]
    folders = [sysconfig.get_path("scripts", scheme) if scheme else sysconfig.get_path("scripts") for scheme in schemes]
    for folder in folders:
        program = pathlib.Path(folder) / "mohawk-run"
        if program.exists():
            os.execv(program, [str(program), *sys.argv[1:]])
    sys.exit(f"mohawk-run: the program is neither in {' nor in '.join(folders)}; install the package again")


if __name__ == "__main__":
    main()
