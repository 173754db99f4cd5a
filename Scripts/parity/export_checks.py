"""`mohawk convert` into folders, opened by transformers: the same logits and the same greedy text."""

from functools import partial

from transformers import AutoTokenizer

import programs
import reference
from check import Failure, Measured, absolute, largest, same_tokens
from sources import TEXTS, TOKENS

LIMIT = 1e-4
# What is converted, and to what. Random weights, as good as distilled ones here.
FOLDERS = [("granite", "hf"), ("granite-llama3", "hf"), ("granite-scaled", "hf"), ("granite-narrow", "hf"),
           ("granite-attention-free", "hf"), ("bamba", "hf"), ("bamba", "bamba"), ("granite", "granite"),
           ("granite", "bamba"), ("bamba-full", "granite"), ("mamba2", "hf"), ("mamba2", "mamba2"),
           ("mamba2-groups", "mamba2"), ("llama", "hf"), ("llama3", "hf"), ("qwen3", "hf"), ("phi", "hf"),
           ("smollm3", "hf"), ("fused-phi", "hf"), ("olmo2", "hf"), ("olmo3", "hf"), ("gemma2", "hf"), ("gemma3", "hf")]


def same_tokenizer(folder, source):
    """The tokenizer came along, as its own file and as transformers opens it."""
    if not (folder / "tokenizer.json").exists():
        raise Failure("the converted folder has no tokenizer.json")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for text in TEXTS:
        if tokenizer(text)["input_ids"] != source.tokenizer(text)["input_ids"]:
            raise Failure(f"the converted folder's tokenizer reads {text!r} differently")
    return tokenizer


def folder(name, form, workshop):
    source = workshop.source(name)
    ours = programs.outputs(source.folder, source.ids, workshop.scratch(f"{name}-ours"), TOKENS)
    target = programs.convert(source.folder, workshop.scratch(f"{name}-to-{form}"), form)
    tokenizer = same_tokenizer(target, source)
    model = reference.load(target)
    theirs = reference.outputs(model, source.ids, TOKENS)
    again = programs.outputs(target, source.ids, workshop.scratch(f"{name}-to-{form}-ours"), TOKENS)
    same_tokens(theirs["continuation"], ours["continuation"], "greedy continuation by transformers")
    same_tokens(again["continuation"], ours["continuation"], "greedy continuation by the converted folder here")
    text = [tokenizer.decode(row) for row in theirs["continuation"]]
    if text != [source.tokenizer.decode(row) for row in ours["continuation"]]:
        raise Failure("the same tokens give another text")
    words = ours["logits"].shape[-1]
    differences = {"transformers": absolute(theirs["logits"][..., :words], ours["logits"]),
                   "read again here": absolute(again["logits"][..., :words], ours["logits"]),
                   "the source in transformers": absolute(source.expected["logits"], ours["logits"])}
    worst = largest(differences)
    return Measured(differences[worst], LIMIT, f"{type(model).__name__}, {TOKENS} tokens agree; largest: {worst}")


def checks():
    for name, form in FOLDERS:
        yield f"export: {name} to {form}", partial(folder, name, form)
