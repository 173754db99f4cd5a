# /// script
# requires-python = ">=3.9"
# dependencies = ["tokenizers==0.23.3"]
# ///
"""Writes Sources/MohawkText/Tokenizer/Unicode/CharacterClass+Table.swift.

Asks the byte-level pre-tokenizer of the PyPI package `tokenizers` how it treats every Unicode scalar, so that words
are cut the same way on every platform, whatever Unicode version the standard library there has.

Run from the repository's root: python Scripts/goldens/character_classes.py
"""

from tokenizers.pre_tokenizers import ByteLevel

OTHER, LETTER, NUMBER, SPACE = range(4)
pre_tokenizer = ByteLevel(add_prefix_space=False)


def joins(left: str, character: str) -> bool:
    return len(pre_tokenizer.pre_tokenize_str(left + character)) == 1


def character_class(scalar: int) -> int:
    if 0xD800 <= scalar < 0xE000:
        return OTHER
    character = chr(scalar)
    if joins("a", character):
        return LETTER
    if joins("1", character):
        return NUMBER
    if joins("!", character):
        return OTHER
    return SPACE


classes = [character_class(scalar) for scalar in range(0x110000)]
starts = [
    scalar << 2 | classes[scalar]
    for scalar in range(0x110000)
    if scalar == 0 or classes[scalar] != classes[scalar - 1]
]
assert all(c == OTHER for c in classes[0x40000:])

words = [f"0x{start:x}" for start in starts]
lines, line = [], "   "
for word in words:
    if len(line) + len(word) + 2 > 118:
        lines.append(line)
        line = "   "
    line += f" {word},"
lines.append(line)
body = "\n".join(lines)
with open("Sources/MohawkText/Tokenizer/Unicode/CharacterClass+Table.swift", "w") as file:
    file.write(
        f"""// Written by Scripts/goldens/character_classes.py; change that script, not this file.

extension CharacterClass {{
  /// Where each run of scalars of one class starts: `scalar << 2 | class`, in ascending order.
  /// These are the classes of `tokenizers` 0.23.3 (Unicode 16.0).
  static let runs: [UInt32] = [
{body}
  ]
}}
"""
    )
