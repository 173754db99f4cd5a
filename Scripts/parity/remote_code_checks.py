"""Students in formats that transformers does not know, opened by the Python code in their folder: logits, greedy text
through the cache, padding, gradients, and the folder that transformers saves, read again here."""

import json
import shutil
from functools import partial

import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM

import programs
import reference
from check import Failure, Measured, absolute, largest, same_tokens
from family_run import cached_continuation, logits_of, randomise
from golden_file import REPOSITORY, Draw, greedy, next_token_loss
from sources import MARGIN, TOKENS, WORDS, prompt_ids

GOLDENS = REPOSITORY / "Tests/MohawkModelsTests/Goldens"
LIMIT = 1e-4
# Transformers and hybrids of other formats, and goldens, with the format that they are converted to.
CONVERTED = ["smollm3", "olmo3", "gemma2", "gemma3", "llama3", "qwen3", "gpt2", "gpt_neox", "bamba", "granite", "mamba2-groups", "mamba"]
GOLDEN = {"phi-mamba": "phi-mamba", "hybrid-phi-mamba": "phi-mamba", "llama-linear": "mohawk", "qwen2-sliding": "mohawk"}
DISCRETE = {"v_heads": 4, "qk_heads": 2, "state": 8, "convolution": 4, "chunk": 8}
MAMBA2 = {"heads": 4, "head_dim": 16, "groups": 2, "state": 8, "convolution": 3, "chunk": 8, "norm_groups": 2,
          "norm_epsilon": 1e-5, "projection_bias": True, "convolution_bias": False, "time_step_limit": [0.05, 0.9]}
ATTENTION = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "partial_rotary_factor": 0.5,
             "rope_theta": 1e4, "max_position_embeddings": 128, "bias": True, "output_bias": False, "window": 7,
             "head_norm_epsilon": 1e-6}
MAMBA = {"width": 128, "state": 8, "step_rank": 4, "convolution": 4, "projection_bias": True, "convolution_bias": False}
WINDOW = {"tokens": 7, "sinks": 2, "kv_heads": 2, "head_dim": 16, "partial_rotary_factor": 1.0, "rope_theta": 1e4,
          "bias": False}
KEPT = {"layers": [[1, 2], [], [3]], "attention": ATTENTION | {"window": None}}
KEYED = {"heads": 4, "head_dim": 16, "qk_heads": 2, "state_dim": 8, "norm_epsilon": 1e-5}
RANKED = KEYED | {"gate_rank": 4, "gate_divisor": 16}
MAPPED = KEYED | {"rotary_dim": 6, "rotary_base": 1e4, "chunk": 8}
BLOCKS = {"layout": "sequential", "norm": {"kind": "rms", "epsilon": 1e-5},
          "mlp": {"width": 96, "activation": "silu", "gated": True, "bias": False}}


def alone(kind, **section):
    """A model whose layers are all of one kind, in Llama's blocks."""
    return BLOCKS | {"layers": [kind] * 3, kind.replace("-", "_"): section}


# What no other format has; drawn here.
DRAWN = {
    "sequential Discrete-Mamba-2": dict(
        layers=["discrete-mamba-2"] * 3, layout="sequential", discrete_mamba_2=DISCRETE, tie_word_embeddings=True,
        norm={"kind": "layer", "epsilon": 1e-5}, mlp={"width": 96, "activation": "gelu", "gated": False, "bias": True}),
    "all mixers": dict(
        layers=["discrete-mamba-2", "windowed-attention", "mamba-2", "attention"], layout="parallel-norms",
        discrete_mamba_2=DISCRETE, mamba_2=MAMBA2, attention=ATTENTION, head_bias=True,
        norm={"kind": "rms", "epsilon": 1e-6}, mlp={"width": 96, "activation": "relu2", "gated": True, "bias": True}),
    "Mamba": dict(
        layers=["mamba", "mamba", "attention"], layout="parallel", mamba=MAMBA, attention=ATTENTION,
        norm={"kind": "layer", "epsilon": 1e-5}, mlp={"width": 96, "activation": "silu", "gated": True, "bias": False}),
    "a window beside Discrete-Mamba-2, Llama's blocks": dict(
        layers=["discrete-mamba-2", "attention", "discrete-mamba-2"], layout="sequential",
        discrete_mamba_2=DISCRETE | {"window": WINDOW}, attention=ATTENTION, tie_word_embeddings=True,
        norm={"kind": "rms", "epsilon": 1e-5}, mlp={"width": 96, "activation": "silu", "gated": True, "bias": False}),
    "a window beside Discrete-Mamba-2, Phi's blocks": dict(
        layers=["discrete-mamba-2"] * 3, layout="parallel", head_bias=True,
        discrete_mamba_2=DISCRETE | {"window": WINDOW | {
            "tokens": 5, "sinks": 0, "kv_heads": 4, "head_dim": 12, "partial_rotary_factor": 0.5, "bias": True,
            "rope_scaling": {"rope_type": "linear", "factor": 2.0}, "scale": 0.3, "head_norm_epsilon": 1e-6}},
        norm={"kind": "layer", "epsilon": 1e-5},
        mlp={"width": 96, "activation": "gelu_tanh", "gated": False, "bias": True}),
    "heads that keep attention": BLOCKS | dict(
        layers=["discrete-mamba-2"] * 3, discrete_mamba_2=DISCRETE | {"kept_heads": KEPT}, tie_word_embeddings=True),
    "heads that keep attention beside a window": BLOCKS | dict(
        layers=["discrete-mamba-2", "attention", "discrete-mamba-2"], attention=ATTENTION,
        discrete_mamba_2=DISCRETE | {"window": WINDOW, "kept_heads": KEPT}),
    "Gated DeltaNet": alone("gated-deltanet", **KEYED, conv_width=4, chunk=8),
    "Kimi Delta Attention": alone("kimi-delta", **KEYED, gate_rank=4, conv_width=3),
    "gated linear attention": alone("gated-linear-attention", **RANKED),
    "semiseparable": alone("semiseparable", **RANKED, planes=2),
    "linear attention": alone("linear-attention", **MAPPED),
    "linear attention with 1 + ELU": alone("elu-linear-attention", **MAPPED),
    "Hedgehog": alone("hedgehog", **MAPPED),
    "sliding-window attention": alone("sliding-window-attention", heads=4, output_bias=True, **WINDOW),
    "Toeplitz": alone("toeplitz", heads=4, head_dim=16, taps=9),
    "Monarch": alone("monarch", heads=4, head_dim=16, block=4, reach=3),
    "mixers only": dict(
        layers=["mamba-2", "discrete-mamba-2", "mamba-2"], layout="mixer-only", discrete_mamba_2=DISCRETE,
        mamba_2=MAMBA2 | {"norm_groups": 0, "projection_bias": False, "convolution_bias": True}, learned_positions=128,
        norm={"kind": "rms", "epsilon": 1e-5}, mlp={"width": 64, "activation": "relu", "gated": False, "bias": False}),
}


def through_cache(model, ids):
    """Logits token by token, each from the state that the one before left, under both names that transformers has for it."""
    found, cache = [], None
    for n in range(ids.shape[1]):
        step = model(input_ids=ids[:, n:n + 1], use_cache=True, **{("cache", "past_key_values")[n % 2]: cache})
        cache = step.past_key_values
        found.append(step.logits)
    return torch.cat(found, 1)


def gradients(model, logits, ids):
    model.zero_grad()
    next_token_loss(logits, ids).backward()
    return {name: value.grad.clone() for name, value in model.named_parameters()}


def padded(model, ids, count):
    """Continuations of the rows, of which the first has lost its beginning to padding, and that one alone."""
    short = ids.shape[1] // 2
    mask = torch.ones_like(ids)
    mask[0, :-short] = 0
    options = dict(max_new_tokens=count, min_new_tokens=count, do_sample=False, eos_token_id=None, pad_token_id=0)
    together = model.generate(input_ids=ids * mask, attention_mask=mask, **options)[:, ids.shape[1]:]
    return together, cached_continuation(model, ids[:1, -short:], count)


def compare(folder, ids, scratch, count=TOKENS):
    if not (folder / "modeling_mohawk.py").exists():
        raise Failure(f"{folder.name} holds no code")
    ours = programs.outputs(folder, ids, scratch / "ours", count)
    model = reference.load(folder, trust_remote_code=True)
    same_tokens(cached_continuation(model, ids, count), ours["continuation"], "greedy continuation")
    together, alone = padded(model, ids, count // 2)
    same_tokens(together[:1], alone, "greedy continuation after padding")
    same_tokens(together[1:], ours["continuation"][1:, :count // 2], "greedy continuation beside padding")
    saved = scratch / "saved"
    model.save_pretrained(saved, max_shard_size="50KB")
    again = programs.outputs(saved, ids, scratch / "again")
    words = ours["logits"].shape[-1]
    differences = {"transformers": absolute(logits_of(model, ids)[..., :words], ours["logits"]),
                   "token by token": absolute(through_cache(model, ids).detach()[..., :words], ours["logits"]),
                   "saved by transformers, read here": absolute(again["logits"], ours["logits"])}
    whole = gradients(model, model(input_ids=ids).logits, ids)
    steps = gradients(model, through_cache(model, ids), ids)
    # Some gradients are zero but for rounding, as that of a key's bias without rotary positions.
    least = 1e-2 * max(value.abs().max().item() for value in steps.values())
    each = {name: absolute(whole[name], value) / max(value.abs().max().item(), least) for name, value in steps.items()}
    name = largest(each)
    differences[f"gradient of {name}"] = each[name]
    worst = largest(differences)
    return Measured(differences[worst], LIMIT, f"{type(model).__name__}, {count} tokens agree; largest: {worst}")


def converted(name, workshop):
    source = workshop.source(name)
    target = programs.convert(source.folder, workshop.scratch(f"{name}-to-mohawk"), "mohawk")
    return compare(target, source.ids, workshop.scratch(f"{name}-remote"))


def golden(name, workshop):
    target = programs.convert(GOLDENS / name, workshop.scratch(f"{name}-remote-folder"), GOLDEN[name])
    ids = load_file(str(GOLDENS / name / "outputs.safetensors"))["input_ids"]
    return compare(target, ids, workshop.scratch(f"{name}-remote"))


def drawn(name, workshop):
    """A folder with the code of another student, a configuration of its own, and the first weights without near ties."""
    template = programs.convert(workshop.source("qwen3").folder, workshop.scratch(f"{name}-code"), "mohawk")
    folder, ids = workshop.scratch(name), prompt_ids()
    folder.mkdir(parents=True)
    for file in template.glob("*.py"):
        shutil.copy(file, folder)
    config = {"model_type": "mohawk", "auto_map": json.loads((template / "config.json").read_text())["auto_map"],
              "vocab_size": WORDS, "hidden_size": 64} | DRAWN[name]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    config = AutoConfig.from_pretrained(folder, trust_remote_code=True)
    model = AutoModelForCausalLM.from_config(config, trust_remote_code=True).float().eval()
    for seed in range(1, 200):
        randomise(model, Draw(seed), spread=0.19)
        try:
            with torch.no_grad():
                greedy(lambda s: logits_of(model, s), ids, TOKENS, least_margin=MARGIN)
            break
        except AssertionError:
            continue
    else:
        raise Failure("no seed gives a clear continuation")
    model.save_pretrained(folder)
    return compare(folder, ids, workshop.scratch(f"{name}-remote"))


def checks():
    for name in CONVERTED:
        yield f"code in the folder: {name}", partial(converted, name)
    for name in GOLDEN:
        yield f"code in the folder: golden {name}", partial(golden, name)
    for name in DRAWN:
        yield f"code in the folder: {name}", partial(drawn, name)
