#!/usr/bin/env python3
"""Lists the public symbols without documentation in a folder of symbol graphs; fails when there are any."""
import json
import pathlib
import sys

count = 0
bare = []
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.symbols.json")):
    for symbol in json.loads(path.read_text())["symbols"]:
        if "::SYNTHESIZED::" in symbol["identifier"]["precise"]:
            continue
        if symbol["pathComponents"][-1].startswith("$"):  # written by the macro of a task-local value
            continue
        count += 1
        if "docComment" not in symbol:
            location = symbol.get("location", {})
            file = location.get("uri", "").removeprefix("file://").split("/Sources/")[-1]
            line = location.get("position", {}).get("line", -1) + 1
            bare.append(f"Sources/{file}:{line}: {'.'.join(symbol['pathComponents'])}")
if bare:
    print("\n".join(bare))
    sys.exit(1)
print(f"{count} symbols")
