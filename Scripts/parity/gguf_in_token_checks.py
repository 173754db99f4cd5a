"""Tokenizers in GGUF files, written here by gguf-py: `mohawk tokens` gives the ids of llama.cpp."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

from gguf import GGUFWriter, TokenType

import programs
from check import Failure, Measured
from gguf_tokenizer_checks import KINDS, MORE
from sources import END, TEXTS

SCRIPT = Path(__file__).with_name("llama_cpp_tokens.py")
# The names in `tokenizer.ggml.pre` beyond those that the other checks export, on the same 600 words.
NAMES = ["default", "falcon", "command-r", "glm4", "deepseek-v3", "deepseek-coder", "gpt-4o", "tekken", "qwen35",
         "seed-coder", "bailingmoe", "minicpm5", "bloom", "viking", "chameleon", "youtu", "laguna"]
SPM = "sentencepiece"


def vocabulary(kind):
    """Tokens by id, their kinds, and the tokenizer's own description of its merges."""
    made = KINDS[kind if kind in KINDS else "gpt-2"]()
    described = json.loads(made.to_str())
    words = sorted(made.get_vocab().items(), key=lambda entry: entry[1])
    special = {token["content"] for token in described["added_tokens"]}
    byte = [f"<0x{n:02X}>" for n in range(256)]
    kinds = [TokenType.UNKNOWN if word == "<unk>" else TokenType.CONTROL if word in special
             else TokenType.BYTE if kind == SPM and word in byte else TokenType.NORMAL for word, _ in words]
    return [word for word, _ in words], kinds, [tuple(pair) for pair in described["model"]["merges"]]


def write(kind, path):
    words, kinds, merges = vocabulary(kind)
    writer = GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama" if kind == SPM else "gpt2")
    writer.add_tokenizer_pre("default" if kind == SPM else kind)
    writer.add_token_list(words)
    writer.add_token_types(kinds)
    if kind == SPM:
        made = list(dict.fromkeys(left + right for left, right in merges))
        scores = {word: -float(n) for n, word in enumerate(made)}
        writer.add_token_scores([scores.get(word, 0.0) for word in words])
    else:
        writer.add_token_merges([" ".join(pair) for pair in merges])
        writer.add_bos_token_id(words.index(END))
        writer.add_eos_token_id(words.index(END))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return words.index("</s>" if kind == SPM else END)


def by_llama_cpp(model, texts, scratch):
    asked, found = scratch / "texts.json", scratch / "ids.json"
    asked.write_text(json.dumps(texts), encoding="utf-8")
    done = subprocess.run([sys.executable, str(SCRIPT), str(model), str(asked), str(found)], capture_output=True,
                          text=True, errors="replace", timeout=300)
    if done.returncode != 0:
        raise Failure(f"llama.cpp gave {done.returncode}: {(done.stderr.splitlines() or ['no message'])[-1]}")
    return json.loads(found.read_text(encoding="utf-8"))


def by_mohawk(model, texts, scratch):
    """The ids of all texts in one row, each text's with the end of text behind them."""
    corpus, shards = scratch / "texts.jsonl", scratch / "shards"
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    programs.call([programs.program("MOHAWK", ".build/release/mohawk"), "tokens", str(corpus), "--tokenizer", str(model),
                   "-o", str(shards)])
    raw = b"".join(path.read_bytes() for path in sorted(shards.glob("tokens-*.bin")))
    return [int.from_bytes(raw[n:n + 2], "little") for n in range(0, len(raw), 2)]


def same_ids(kind, workshop):
    scratch = workshop.scratch(f"gguf-in-{kind}")
    scratch.mkdir(parents=True, exist_ok=True)
    model = scratch / "vocabulary.gguf"
    end = write(kind, model)
    texts = [text for text in TEXTS + MORE if text]
    expected, ours = by_llama_cpp(model, texts, scratch), by_mohawk(model, texts, scratch)
    place = 0
    for text, ids in zip(texts, expected):
        found = ours[place:place + len(ids) + 1]
        if found != ids + [end]:
            raise Failure(f"{text!r} is read as {found[:-1]}, by llama.cpp as {ids}")
        place += len(found)
    return Measured(0, 0, f"{len(texts)} texts, {place} ids agree")


def checks():
    for kind in [*KINDS, *NAMES]:
        yield f"gguf in: tokens, {kind}", partial(same_ids, kind)
