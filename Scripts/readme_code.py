#!/usr/bin/env python3
"""Checks that every Swift block of a Markdown file stands, line by line, in a snippet of a folder."""
import pathlib
import re
import sys

page, folder = map(pathlib.Path, sys.argv[1:])
snippets = {path: path.read_text() for path in sorted(folder.glob("*.swift"))}
failed = False
blocks = re.findall(r"^```swift\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
for block in blocks:
    if not any(block in text for text in snippets.values()):
        failed = True
        print(f"{page}: this code stands in no snippet of {folder}:\n{block}", file=sys.stderr)
if failed:
    sys.exit(1)
print(f"{page}: {len(blocks)} Swift blocks, all of them compiled snippets")
