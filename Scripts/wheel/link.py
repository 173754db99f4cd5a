#!/usr/bin/env python3
"""Links products of SwiftPM once more, with Swift's libraries inside, from the object files that are there.

    link.py SCRATCH CONFIGURATION OUTPUT PRODUCT...

SCRATCH: SwiftPM's folder, such as .build. `swift build --static-swift-stdlib` does the same, and compiles all packages
anew for it.
"""
import json
import pathlib
import re
import subprocess
import sys

# What the static libraries of Foundation need, which objects that were compiled for the shared ones do not name.
LIBRARIES = ["Foundation", "CoreFoundation", "_FoundationCShims", "_FoundationCollections", "_FoundationICU"]


def main():
    scratch, configuration, output = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
    output.mkdir(parents=True, exist_ok=True)
    plan = (scratch / f"{configuration}.yaml").read_text()
    for product in sys.argv[4:]:
        command = link_command(plan, product)
        command[command.index("-o") + 1] = str(output / product)
        command += ["-static-stdlib", "-Xlinker", "--no-export-dynamic"]
        if "-shared" not in command:
            command += ["-Xlinker", "--start-group", *(f"-l{name}" for name in LIBRARIES), "-Xlinker", "--end-group"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"wheel: {product} cannot be linked with Swift's static libraries:\n{done.stderr}")


def link_command(plan, product):
    """The command of SwiftPM's plan that makes a product."""
    for arguments in re.findall(r"^    args: (\[.*\])$", plan, re.MULTILINE):
        command = json.loads(arguments)
        if "-emit-executable" in command and pathlib.Path(command[command.index("-o") + 1]).name == product:
            return command
    sys.exit(f"wheel: SwiftPM's plan does not link {product}; build it first")


if __name__ == "__main__":
    main()
