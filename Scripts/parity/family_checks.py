"""Our outputs of each family's folder against those that transformers computes from the same folder now."""

import json
import shutil
from functools import partial

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

import programs
import reference
from check import Measured, NotAvailable, largest, relative, same_tokens
from golden_file import REPOSITORY

GOLDENS = REPOSITORY / "Tests/MohawkModelsTests/Goldens"
LIMIT, TOKENS = 2e-5, 12
FAMILIES = ["llama", "llama3", "llama-linear", "llama-yarn", "qwen2-yarn", "llama-longrope", "llama-dynamic", "mistral", "qwen2", "qwen2-sliding", "qwen3", "smollm3",
            "smollm3-sliding", "phi3", "phi3-longrope", "olmo2", "olmo3", "gemma2", "gemma3_text", "gpt_neox",
            "gpt_neox-sequential", "gpt2", "phi", "phi-gqa", "mamba2", "mamba2-groups", "mamba", "bamba",
            "granitemoehybrid", "granitemoehybrid-scaled"]
# Other files of the same weights, and the folder that transformers reads instead.
OTHER_FILES = {"llama-sharded": "llama", "llama-pickled": "llama", "gpt2-unprefixed": "gpt2",
               "state-spaces-mamba2": "mamba2", "state-spaces-mamba": "mamba"}


def compare(folder, model, ids, scratch):
    ours = programs.outputs(folder, ids, scratch, TOKENS)
    theirs = reference.outputs(model, ids, TOKENS)
    same_tokens(ours["continuation"], theirs.pop("continuation"), "greedy continuation")
    absent = sorted(name for name in theirs if name not in ours)
    if needed := [name for name in absent if not name.startswith("matrix.")]:
        raise NotAvailable(f"mohawk-parity outputs wrote no {', '.join(needed)}")
    differences = {name: relative(ours[name], theirs[name]) for name in theirs if name in ours}
    worst = largest(differences)
    note = f"; without {', '.join(absent)}" if absent else ""
    return Measured(differences[worst], LIMIT, f"largest in {worst}{note}")


def family(name, source, workshop):
    ids = load_file(str(GOLDENS / source / "outputs.safetensors"))["input_ids"]
    return compare(GOLDENS / name, reference.load(GOLDENS / source), ids, workshop.scratch(name))


def older_configuration(name, workshop):
    """The configuration as published checkpoints have it."""
    folder = workshop.scratch(f"{name}-flat")
    folder.mkdir(parents=True)
    shutil.copy(GOLDENS / name / "config-flat.json", folder / "config.json")
    shutil.copy(GOLDENS / name / "model.safetensors", folder)
    ids = load_file(str(GOLDENS / name / "outputs.safetensors"))["input_ids"]
    return compare(folder, reference.load(folder), ids, workshop.scratch(f"{name}-flat-outputs"))


def half_precision(name, kind, workshop):
    """Weights stored in 16 bits, computed in float32 on both sides."""
    folder = workshop.scratch(f"{name}-{kind}")
    model = AutoModelForCausalLM.from_pretrained(GOLDENS / name, dtype=getattr(torch, kind))
    model.save_pretrained(folder)
    if json.loads((folder / "config.json").read_text())["dtype"] != kind:
        raise AssertionError("the checkpoint was not saved in 16 bits")
    ids = load_file(str(GOLDENS / name / "outputs.safetensors"))["input_ids"]
    return compare(folder, reference.load(folder), ids, workshop.scratch(f"{name}-{kind}-outputs"))


def checks():
    for name in FAMILIES:
        yield f"family: {name}", partial(family, name, name)
    for name, source in OTHER_FILES.items():
        yield f"family: {name}", partial(family, name, source)
    for name in FAMILIES:
        yield f"family: {name}, published configuration", partial(older_configuration, name)
    for name, kind in [("llama", "bfloat16"), ("qwen3", "bfloat16"), ("gemma3_text", "bfloat16"), ("gpt_neox", "float16"),
                       ("granitemoehybrid", "bfloat16")]:
        yield f"family: {name} in {kind}", partial(half_precision, name, kind)
