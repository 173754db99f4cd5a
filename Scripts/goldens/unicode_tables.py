# /// script
# requires-python = ">=3.9"
# dependencies = ["tokenizers==0.23.3", "regex"]
# ///
"""Writes the tables `*+Table.swift` in Sources/MohawkText/Tokenizer/Unicode but that of CharacterClass.

Asks the PyPI package `tokenizers` how it treats every Unicode scalar: the general categories of its regular
expressions, their scripts and other named sets, its white space, word characters and punctuation, its decompositions, its
small letters, and the accents that it strips. They come from
different Unicode versions (16, 17, and 9 for normalisation), so no one library could stand in for them.

Run from the repository's root: python Scripts/goldens/unicode_tables.py
"""

import unicodedata

import regex._regex_core  # knows the names of all scripts
from tokenizers import Regex, normalizers
from tokenizers import pre_tokenizers as pre

SCALARS = [s for s in range(0x110000) if not 0xD800 <= s < 0xE000]
CATEGORIES = "Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co".split()
FOLDER = "Sources/MohawkText/Tokenizer/Unicode"


def left_over(pre_tokenizer):
    """Scalars that a pre-tokenizer which removes its matches leaves."""
    found = set()
    for start in range(0, len(SCALARS), 20000):
        text = "".join(map(chr, SCALARS[start : start + 20000]))
        for piece, _ in pre_tokenizer.pre_tokenize_str(text):
            found.update(map(ord, piece))
    return found


def hexadecimal(values):
    lines, line = [], "   "
    for value in values:
        word = f" 0x{value:x},"
        if len(line) + len(word) > 118:
            lines.append(line)
            line = "   "
        line += word
    return "\n".join(lines + [line])


def runs(value):
    values = [value(scalar) for scalar in range(0x110000)]
    return [s << 8 | values[s] for s in range(0x110000) if s == 0 or values[s] != values[s - 1]]


def write(name, body):
    with open(f"{FOLDER}/{name}", "w") as file:
        file.write(f"// Written by Scripts/goldens/unicode_tables.py; change that script, not this file.\n\n{body}")


def properties():
    category = {}
    for index, name in enumerate(CATEGORIES):
        for scalar in left_over(pre.Split(Regex(rf"\P{{{name}}}+"), "removed")):
            assert scalar not in category
            category[scalar] = index
    space = set(SCALARS) - left_over(pre.WhitespaceSplit())
    assert space == left_over(pre.Split(Regex(r"\S+"), "removed"))
    words, signs, digits = pre.Whitespace(), pre.Punctuation(), pre.Digits(True)
    word = {s for s in SCALARS if s not in space and len(words.pre_tokenize_str("a" + chr(s))) == 1}
    punctuation = {s for s in SCALARS if len(signs.pre_tokenize_str("a" + chr(s))) == 2}
    numeric = {s for s in SCALARS if len(digits.pre_tokenize_str("a" + chr(s))) == 2}
    late = sorted(s for s in numeric if CATEGORIES[category[s]][0] != "N")
    assert all(s in numeric for s in SCALARS if CATEGORIES[category[s]][0] == "N")
    table = runs(lambda s: category.get(s, CATEGORIES.index("Cs")) | (s in space) << 5 | (s in word) << 6 | (s in punctuation) << 7)
    names = ", ".join(f'"{name}"' for name in CATEGORIES)
    write(
        "CharacterProperties+Table.swift",
        f"""extension CharacterProperties {{
  /// The names of the general categories, by their number.
  static let categoryNames = [
    {names[: names.index(' "Pd"')]}
    {names[names.index('"Pd"') :]},
  ]

  /// Where each run of scalars with one value starts: `scalar << 8 | value`, in ascending order.
  static let runs: [UInt32] = [
{hexadecimal(table)}
  ]

  /// Scalars that count as numbers, though their category here is another: it comes from an older Unicode version.
  static let lateNumbers: [UInt32] = [
{hexadecimal(late)}
  ]
}}
""",
    )


def canonical():
    nfd, nfc = normalizers.NFD().normalize_str, normalizers.NFC().normalize_str

    def combining(scalar):
        """The combining class, which has not changed since it was given; 0 where the package knows none."""
        known = unicodedata.combining(chr(scalar)) if not 0xD800 <= scalar < 0xE000 else 0
        if known == 0 or scalar in (0x334, 0x345):
            return known
        mark = chr(scalar)
        after_overlay = nfd(f"x{mark}\u0334") == f"x\u0334{mark}"
        before_iota = nfd(f"x\u0345{mark}") == f"x{mark}\u0345"
        return known if after_overlay or before_iota or nfd(mark) != mark else 0

    pairs = []
    for scalar in SCALARS:
        if 0xAC00 <= scalar < 0xD7A4 or nfd(chr(scalar)) == chr(scalar):
            continue
        parts = [int(part, 16) for part in unicodedata.decomposition(chr(scalar)).split()]
        assert nfd("".join(map(chr, parts))) == nfd(chr(scalar)), hex(scalar)
        composes = nfc(chr(scalar)) == chr(scalar)
        assert not composes or (len(parts) == 2 and nfc("".join(map(chr, parts))) == chr(scalar))
        pairs.append(composes << 63 | scalar << 42 | parts[0] << 21 | (parts[1] if len(parts) == 2 else 0))
    write(
        "CanonicalForm+Table.swift",
        f"""extension CanonicalForm {{
  /// Where each run of scalars with one combining class starts: `scalar << 8 | class`, in ascending order.
  static let combiningRuns: [UInt32] = [
{hexadecimal(runs(combining))}
  ]

  /// One step of decomposition: `composes << 63 | scalar << 42 | first << 21 | second`, by scalar. Without a second
  /// it is 0; `composes` tells whether the two make the scalar again. Hangul is not listed.
  static let decompositions: [UInt64] = [
{hexadecimal(pairs)}
  ]
}}
""",
    )



def sets():
    """Scripts, which share no scalars, and sets that do."""
    aliases = {}
    for name, number in regex._regex_core.PROPERTIES["SCRIPT"][1].items():
        aliases.setdefault(number, set()).add(name)
    scripts, of = [], {}
    for names in sorted(map(sorted, aliases.values())):
        try:
            members = left_over(pre.Split(Regex(rf"\P{{{names[0]}}}+"), "removed"))
        except Exception:  # newer than the package
            continue
        if "UNKNOWN" in names or not members:
            continue
        scripts.append(" ".join(names))
        for scalar in members:
            assert scalar not in of
            of[scalar] = len(scripts)
    named = {}
    for name in ["Word", "Alphabetic", "Uppercase", "Lowercase", "Ideographic", "Emoji"]:
        members = left_over(pre.Split(Regex(rf"\P{{{name}}}+"), "removed"))
        named[name.upper()] = [s for s in range(0x110000) if (s in members) != (s - 1 in members)]
    body = "\n".join(f'    "{name}": [\n{hexadecimal(borders)}\n    ],' for name, borders in named.items())
    write(
        "CharacterSets+Table.swift",
        f"""extension CharacterSets {{
  /// The names of each script, numbered from 1.
  static let scriptNames = [
{chr(10).join(f'    "{names}",' for names in scripts)}
  ]

  /// Where each run of scalars of one script starts: `scalar << 8 | script`, in ascending order; 0 is none.
  static let scriptRuns: [UInt32] = [
{hexadecimal(runs(lambda s: of.get(s, 0)))}
  ]

  /// Where scalars begin and cease to belong to a set, by its name.
  static let borders: [String: [UInt32]] = [
{body}
  ]
}}
""",
    )


def changes():
    nfd, nfkd, nfkc = (f().normalize_str for f in (normalizers.NFD, normalizers.NFKD, normalizers.NFKC))
    lower, strip = normalizers.Lowercase().normalize_str, normalizers.StripAccents().normalize_str
    compatible, small = [], []
    for scalar in SCALARS:
        text = chr(scalar)
        if nfkd(text) != nfd(text):
            parts = [ord(part) for part in nfkd(text)]
            compatible += [scalar, len(parts), *parts]
        if lower(text) != text:
            small += [scalar, len(lower(text)), *map(ord, lower(text))]
    accents = {s for s in SCALARS if strip("a" + chr(s)) == "a"}
    write(
        "CharacterChanges+Table.swift",
        f"""extension CharacterChanges {{
  /// Compatibility decompositions, in full: a scalar, how many it becomes, and these.
  static let compatible: [UInt32] = [
{hexadecimal(compatible)}
  ]

  /// Small letters, in the same form.
  static let small: [UInt32] = [
{hexadecimal(small)}
  ]

  /// Where scalars begin and cease to be accents.
  static let accents: [UInt32] = [
{hexadecimal([s for s in range(0x110000) if (s in accents) != (s - 1 in accents)])}
  ]
}}
""",
    )


properties()
canonical()
sets()
changes()
