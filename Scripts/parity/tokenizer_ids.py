# /// script
# requires-python = ">=3.9"
# dependencies = ["tokenizers==0.23.3"]
# ///
"""Compares the ids of `mohawk tokens` with those of the PyPI package `tokenizers`, and how long both take on one core.

    python Scripts/parity/tokenizer_ids.py --tokenizer gpt2/tokenizer.json qwen2 -- texts/ corpus.jsonl code.py
    python Scripts/parity/tokenizer_ids.py --families -- texts/

Documents are the files (a `.jsonl` holds one per line, under `text`), and `--random` texts of all Unicode planes with
the tokenizer's own added tokens in them. `--families` trains tokenizers with the settings of many families of models
on the documents and compares these too. Exits with 1 when an id differs.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "goldens"))


from tokenizers import Tokenizer  # noqa: E402

from tokenizer_families import FAMILIES, added, family  # noqa: E402

# The names by which `mohawk` knows the token between documents, in its order.
END_OF_TEXT = ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<｜end▁of▁sentence｜>"]
SPACES = " \t\n\r\x0b\x0c\x85\xa0\u1680\u2003\u2028\u2029\u202f\u3000"
PARTS = (
    "the,'s,'S,'ſ,'re,'LL,don't, I'm,  ,   ,\n\n,\r\n,    ,\t\t,12,1234567,3.14,½,Ⅻ,٣٤,Hello, World,🙂,👩‍👩‍👧,🇩🇪,e\u0301,a\u0323\u0307,한국,"
    "\u1100\u1161\u11a8,가\u11a8,漢字,かな,नमस्ते,ไทย,ſ,İ,ß,ﬁ,\u212b,\u0344,▁,▁▁,Ġ,<0x41>,<s>,_,-,...,!?,\u200d,\ufeff,\u00ad,ǆ,ʰ"
).split(",")
PLANES = [(0x20, 0x7F), (0x80, 0x250), (0x300, 0x370), (0x370, 0x2000), (0x2000, 0x3100), (0x3100, 0xD800), (0xE000, 0x20000), (0x20000, 0x110000)]


def random_texts(count, tokens):
    source = random.Random(1)
    parts = PARTS + tokens

    def character():
        plane = source.randrange(len(PLANES) + 1)
        return source.choice(SPACES) if plane == len(PLANES) else chr(source.randrange(*PLANES[plane]))

    def piece():
        return source.choice(parts) if source.random() < 0.55 else character() * source.choice([1, 1, 1, 2, 3])

    return ["".join(piece() for _ in range(source.randrange(1, 30))) for _ in range(count)]


def documents(paths):
    found = []
    for path in map(Path, paths):
        for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
            try:
                text = file.read_bytes().decode()
            except UnicodeDecodeError:
                continue
            found += [json.loads(line)["text"] for line in text.splitlines()] if file.suffix == ".jsonl" else [text]
    return [text for text in found if text]


def expected(tokenizer, texts):
    """Ids as in the shards: what the template puts first, the text's, and the end of text."""
    full, plain = tokenizer.encode("a").ids, tokenizer.encode("a", add_special_tokens=False).ids
    begin = next(k for k in range(len(full) + 1) if full[k : k + len(plain)] == plain)
    names = [t.content for t in tokenizer.get_added_tokens_decoder().values()]
    end = tokenizer.token_to_id(next(name for name in END_OF_TEXT if name in names))
    return [full[:begin] + tokenizer.encode(text, add_special_tokens=False).ids + [end] for text in texts]


def shards(folder):
    ids = []
    for side_car in sorted(Path(folder).glob("tokens-*.json")):
        size = 2 if json.loads(side_car.read_text())["type"] == "uint16" else 4
        raw = side_car.with_suffix(".bin").read_bytes()
        ids += [int.from_bytes(raw[i : i + size], "little") for i in range(0, len(raw), size)]
    return ids


def mohawk_ids(mohawk, file, texts):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "texts.jsonl"), Path(folder, "tokens")
        source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        start = time.perf_counter()
        result = subprocess.run([*mohawk.split(), "tokens", source, "--tokenizer", file, "-o", target], capture_output=True, text=True)
        seconds = time.perf_counter() - start
        if result.returncode:
            sys.exit(f"{file}: {result.stderr.strip() or result.stdout.strip()}")
        return shards(target), seconds


def compare(name, file, texts, mohawk):
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    start = time.perf_counter()
    tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    theirs = time.perf_counter() - start
    wanted = expected(tokenizer, texts)
    got, ours = mohawk_ids(mohawk, file, texts)
    size = sum(len(text.encode()) for text in texts)
    different, place = 0, 0
    for text, ids in zip(texts, wanted):
        if got[place : place + len(ids)] != ids:
            different += 1
            if different == 1:
                print(f"  first difference in {text[:80]!r}: {ids[:12]} against {got[place : place + 12]}")
                break
        place += len(ids)
    same = different == 0 and place == len(got)
    print(
        f"{name:20} {len(texts):6} texts {size / 1e6:7.2f} MB  {'same ids' if same else 'DIFFERENT'}"
        f"  whole command {ours:.2f} s, encode_batch_fast {theirs:.2f} s, ratio {theirs / ours:.1f}", flush=True,
    )
    return same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mohawk", default="mohawk", help="the command, as 'swift run -c release mohawk'")
    parser.add_argument("--tokenizer", nargs="*", default=[], help="tokenizer.json files, or folders that hold one")
    parser.add_argument("--families", nargs="*", help="train and compare these families, all if none is named")
    parser.add_argument("--vocabulary", type=int, default=8000, help="entries of the trained ones")
    parser.add_argument("--random", type=int, default=10_000, help="how many random texts")
    parser.add_argument("text", nargs="*", help="text files and folders")
    options = parser.parse_args()
    texts = documents(options.text)
    same = True

    def both(name, file):
        tokens = [token["content"] for token in json.loads(Path(file).read_text())["added_tokens"]][:40]
        result = compare(f"{name}, random", file, random_texts(options.random, tokens), options.mohawk)
        return (compare(name, file, texts, options.mohawk) if texts else True) and result

    for file in options.tokenizer:
        same &= both(Path(file).parent.name if file.endswith(".json") else Path(file).name, Path(file, "tokenizer.json") if Path(file).is_dir() else file)
    if options.families is not None:
        with tempfile.TemporaryDirectory() as folder:
            for name in options.families or FAMILIES:
                content = family(name, texts or random_texts(2000, []), options.vocabulary)
                if not any(token["content"] in END_OF_TEXT for token in content["added_tokens"]):
                    content["added_tokens"].append(added("</s>"))
                file = Path(folder, f"{name}.json")
                Tokenizer.from_str(json.dumps(content)).save(str(file))
                same &= both(name, file)
    sys.exit(0 if same else 1)


main()
