"""`mohawk convert --to gguf`, opened by llama.cpp; its blocks against those that gguf-py packs."""

from functools import partial

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader
from gguf.quants import dequantize, quantize

import llama_cpp_process
import programs
from check import Failure, Measured, agreement, relative_rms, same_tokens
from sources import TEXTS, TOKENS

# Relative root mean square of logits against our own with the same weights: llama.cpp multiplies by 16-bit weights
# with activations in 16 bits, and by quantised ones with activations in blocks of 8 bits.
LIMITS = {"f32": 1e-4, "f16": 1e-2, "bf16": 3e-2, "q8_0": 1e-1, "q4_0": 1e-1}
# llama.cpp looks GELU up in a table of 16-bit numbers, whatever the file holds: with that table in transformers the
# differences are below 1e-4.
TABLE_LIMIT = 1e-3
WITH_GELU = ("gemma2", "gemma3", "phi", "gpt_neox", "gpt_neox-sequential", "gpt2")
ALL = list(LIMITS)
FILES = [("granite", ALL), ("granite-llama3", ["f32"]), ("granite-scaled", ["f32"]), ("granite-narrow", ["f32"]),
         ("granite-linear", ["f32"]), ("granite-attention-free", ["f32"]), ("granite-narrow-attention-free", ["f32"]),
         ("granite-dense", ["f32"]), ("bamba", ["f32"]), ("mamba2", ALL), ("mamba2-groups", ["f32"]),
         ("mamba", ["f32"]), ("llama", ALL), ("llama3", ["f32"]), ("mistral", ["f32"]), ("qwen2", ["f32"]),
         ("qwen3", ["f32"]), ("llama-yarn", ["f32"]), ("qwen2-yarn", ["f32"]), ("smollm3", ["f32"]),
         ("fused-phi", ["f32"]), ("olmo2", ["f32"]), ("olmo3", ["f32"]), ("gemma2", ["f32"]), ("gemma3", ["f32"]), ("phi", ["f32"]), ("gpt_neox", ["f32"]), ("gpt_neox-sequential", ["f32"]),
         ("gpt2", ["f32"])]


def file(name, kind, workshop):
    """Converts once; a second check finds the file."""
    target = workshop.scratch(f"{name}-{kind}") / "model.gguf"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        programs.convert(workshop.source(name).folder, target, "gguf", kind)
    return target


def same_texts(found, source):
    for n, text in enumerate(TEXTS):
        expected = source.tokenizer(text)["input_ids"]
        if found[f"text.{n}"].tolist() != expected:
            raise Failure(f"llama.cpp reads {text!r} as {found[f'text.{n}'].tolist()}, the tokenizer as {expected}")


def exact(name, workshop):
    """Float32: the tokens of our own continuation, all of them, and its logits."""
    source = workshop.source(name)
    target = file(name, "f32", workshop)
    found = llama_cpp_process.outputs(target, source.ids, TOKENS, TEXTS, workshop.scratch(f"{name}-llama"))
    ours = programs.outputs(source.folder, source.ids, workshop.scratch(f"{name}-ours"), TOKENS)
    same_texts(found, source)
    same_tokens(found["continuation"], ours["continuation"], "greedy continuation by llama.cpp")
    difference = relative_rms(found["logits"][..., :ours["logits"].shape[-1]], ours["logits"])
    limit = TABLE_LIMIT if name in WITH_GELU else LIMITS["f32"]
    return Measured(difference, limit, f"{TOKENS} tokens and {len(TEXTS)} texts agree")


def rounded(name, kind, workshop):
    """16 bits or blocks: against our own computation with the same rounded weights."""
    source = workshop.source(name)
    target = file(name, kind, workshop)
    found = llama_cpp_process.outputs(target, source.ids, TOKENS, TEXTS, workshop.scratch(f"{name}-{kind}-llama"))
    same_texts(found, source)
    ours = programs.outputs(source.folder, source.ids, workshop.scratch(f"{name}-{kind}-ours"), TOKENS, kind)
    same = agreement(found["continuation"], ours["continuation"])
    original = agreement(found["continuation"], source.expected["continuation"])
    return Measured(relative_rms(found["logits"][..., :ours["logits"].shape[-1]], ours["logits"]), LIMITS[kind],
                    f"{same} of {TOKENS} tokens as with the same rounded weights here, {original} as in float32")


def packed(values, kind):
    """The numbers of a row-major float32 tensor in `kind`, as gguf-py packs them."""
    if kind == GGMLQuantizationType.F16:
        return values.astype(np.float16)
    return quantize(np.ascontiguousarray(values), kind)


def blocks(name, kind, workshop):
    """Every tensor is the float32 file's, rounded as gguf-py rounds it; nearly all numbers are of the asked type."""
    plain = {t.name: t for t in GGUFReader(file(name, "f32", workshop)).tensors}
    other = {t.name: t for t in GGUFReader(file(name, kind, workshop)).tensors}
    if plain.keys() != other.keys():
        raise Failure(f"other tensors: {sorted(plain.keys() ^ other.keys())}")
    asked, of_kind, total = GGMLQuantizationType[kind.upper()], 0, 0
    for key, tensor in other.items():
        values = dequantize(plain[key].data, plain[key].tensor_type).reshape(plain[key].data.shape)
        total, of_kind = total + values.size, of_kind + (values.size if tensor.tensor_type == asked else 0)
        if tensor.tensor_type == GGMLQuantizationType.F32:
            expected = values.astype(np.float32)
        else:
            expected = packed(values, tensor.tensor_type)
        if np.ascontiguousarray(tensor.data).tobytes() != np.ascontiguousarray(expected).tobytes():
            got = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).astype(np.float32))
            wanted = torch.from_numpy(dequantize(expected, tensor.tensor_type).astype(np.float32))
            largest = (got.reshape(-1) - wanted.reshape(-1)).abs().max().item()
            raise Failure(f"{key} has other bytes than gguf-py's ({tensor.tensor_type.name}); its numbers differ by up "
                          f"to {largest:.1e}")
    share = of_kind / total
    if share < 0.9:
        raise Failure(f"only {share:.0%} of the numbers are {kind}")
    return Measured(0, 0, f"{len(other)} tensors, every byte; {share:.0%} of the numbers are {kind}")


def checks():
    for name, kinds in FILES:
        for kind in kinds:
            run = partial(exact, name) if kind == "f32" else partial(rounded, name, kind)
            yield f"gguf: {name} {kind}", run
    for name in ("granite", "llama"):
        for kind in ALL[1:]:
            yield f"gguf: {name} {kind}, bytes", partial(blocks, name, kind)
