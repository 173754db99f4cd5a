"""Students in the authors' layout: every name has its place in an independent model, and the logits are its logits."""

import json
from functools import partial

import torch
from safetensors.torch import load_file

import programs
from check import Failure, Measured, NotAvailable, largest, relative, same_tokens
from discrete_mamba2_reference import MixerShape
from golden_file import REPOSITORY, Draw, greedy
from phi_mamba_reference import AttentionShape, phi_mamba, random_weights

GOLDENS = REPOSITORY / "Tests/MohawkModelsTests/Goldens"
LIMIT, TOKENS = 2e-5, 12


def shapes(config):
    """One shape per layer, from the authors' configuration: blocks of equal layers."""
    width, found = config["MixerModel"]["input"]["d_model"], []
    for number in range(1, sum(key.startswith("Block") for key in config) + 1):
        block = config[f"Block{number}"]
        own = block["core_input"]
        if "phi_attention" in block["CoreType"]:
            shape = AttentionShape(width, own["num_attention_heads"])
        else:
            shape = MixerShape(width, own["d_state"], own["n_v_heads"], own["n_qk_heads"], own["expand"], own["d_conv"])
        found += [shape] * block["n_layers"]
    return found


def strict(folder):
    """The weights and shapes, if the names and sizes are those of the reference model, no more and no fewer."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    files = sorted(folder.glob("model*.safetensors"))
    if not files:
        raise NotAvailable(f"{folder.name} has no model.safetensors")
    weights = {name: value for file in files for name, value in load_file(str(file)).items()}
    own, vocabulary = shapes(config), config["LanguageModel"]["input"]
    multiple = vocabulary["pad_vocab_size_multiple"]
    rows = -(-vocabulary["vocab_size"] // multiple) * multiple
    wanted = random_weights(Draw(0), rows, config["MixerModel"]["input"]["d_model"], own)
    wrong = sorted(wanted.keys() ^ weights.keys())
    wrong += [name for name in wanted if name in weights and wanted[name].shape != weights[name].shape]
    if wrong:
        raise Failure(f"names or shapes differ from the authors': {', '.join(wrong[:6])}")
    return weights, own


def student(name, workshop):
    source = GOLDENS / name
    target = programs.convert(source, workshop.scratch(f"{name}-to-phi-mamba"), "phi-mamba")
    weights, own = strict(target)
    exact = {key: value.double() for key, value in weights.items()}
    ids = load_file(str(source / "outputs.safetensors"))["input_ids"]
    theirs = phi_mamba(exact, ids, own)
    theirs["continuation"] = greedy(lambda s: phi_mamba(exact, s, own)["logits"], ids, TOKENS)
    ours = programs.outputs(source, ids, workshop.scratch(f"{name}-ours"), TOKENS)
    same_tokens(ours["continuation"], theirs["continuation"], "greedy continuation")
    names = [key for key in theirs if key in ours and key.startswith(("hidden.", "matrix.", "logits"))]
    words = ours["logits"].shape[-1]
    theirs["logits"] = theirs["logits"][..., :words]
    differences = {key: relative(ours[key], theirs[key]) for key in names}
    worst = largest(differences)
    return Measured(differences[worst], LIMIT, f"strictly the authors' {len(weights)} names; largest in {worst}")


def checks():
    for name in ("phi-mamba", "hybrid-phi-mamba"):
        yield f"student: {name}", partial(student, name)
