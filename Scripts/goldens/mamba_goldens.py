"""Goldens of the Mamba-2 and the Mamba mixer: outputs, matrices, states and gradients.

Tests/MohawkMixersTests/Goldens/mamba2.safetensors and mamba.safetensors; names are CASE. followed by

    input, weight.KEY            keys as in checkpoints
    transformers.output          by the mixer module of transformers in float32; absent in `whole`
    transformers.final_state     from its cache
    output, matrix               float64, by mamba_reference.py; D on the matrix's diagonal, 0 above it
    final_state, prefix_state    float64, after all tokens and after 7
    grad_of_output.LEAF          float64, of sum(output x cotangent); LEAF is a key or `input`

and `cotangent` once. The modules are Mamba2Mixer (stock; grouped: two groups, limited steps, biases; decays: extreme ones),
BambaMixer (bamba: no bias in the convolution), GraniteMoeHybridMambaLayer (granite: two groups) and MambaMixer. `whole` has two
groups of B and C under one norm of all channels.
"""

import torch
from transformers import BambaConfig, GraniteMoeHybridConfig, Mamba2Config, MambaConfig
from transformers.cache_utils import DynamicCache
from transformers.models.bamba.modeling_bamba import BambaMixer
from transformers.models.granitemoehybrid.modeling_granitemoehybrid import GraniteMoeHybridMambaLayer
from transformers.models.mamba.modeling_mamba import MambaMixer
from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer

from golden_file import REPOSITORY, Draw, assert_close, make_deterministic, save
from mamba_reference import Mamba2Shape, MambaShape, mamba, mamba2

BATCH, LENGTH, PREFIX = 2, 13, 7


def mamba2_module(s):
    config = Mamba2Config(
        hidden_size=s.width, num_heads=s.heads, head_dim=s.head, expand=s.inner // s.width, state_size=s.state,
        n_groups=s.groups, conv_kernel=s.taps, use_bias=s.bias, use_conv_bias=s.conv_bias, chunk_size=4,
        layer_norm_epsilon=s.epsilon, time_step_limit=s.limit, num_hidden_layers=1)
    return Mamba2Mixer(config, 0), config


def hybrid_module(kind, config_kind, s):
    config = config_kind(
        hidden_size=s.width, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2, mamba_n_heads=s.heads,
        mamba_d_head=s.head, mamba_expand=s.inner // s.width, mamba_d_state=s.state, mamba_n_groups=s.groups,
        mamba_d_conv=s.taps, mamba_proj_bias=s.bias, mamba_conv_bias=s.conv_bias, mamba_chunk_size=4,
        rms_norm_eps=s.epsilon, time_step_limit=s.limit)
    return kind(config, 0), config


def mamba_module(s):
    config = MambaConfig(
        hidden_size=s.width, expand=s.inner // s.width, state_size=s.state, time_step_rank=s.rank, conv_kernel=s.taps,
        use_bias=s.bias, use_conv_bias=s.conv_bias, num_hidden_layers=1)
    return MambaMixer(config, 0), config


def by_transformers(module, config, u, w):
    module.load_state_dict(w, strict=True)
    module.eval()
    cache = DynamicCache(config=config)
    with torch.no_grad():
        output = module(u)
        assert_close(module(u, cache_params=cache), output, 1e-6, "with and without a cache")
    return {"transformers.output": output, "transformers.final_state": cache.get_recurrent_state(0, state_idx=0)}


def exactly(reference, u, w, cotangent, s):
    u = u.double().requires_grad_()
    w = {k: v.double().requires_grad_() for k, v in w.items()}
    out = reference(u, w, s)
    assert_close(torch.einsum("bhij,bjhp->bihp", out["matrix"], out["x"]), out["y"], 1e-12, "matrix times x")
    leaves = w | {"input": u}
    gradients = torch.autograd.grad((out["output"] * cotangent.double()).sum(), list(leaves.values()))
    result = {"output": out["output"], "matrix": out["matrix"], "final_state": out["states"][-1],
              "prefix_state": out["states"][PREFIX - 1]}
    return result | {f"grad_of_output.{k}": g for k, g in zip(leaves, gradients)}, out["step"]


def write(cases, reference, file, width):
    cotangent = Draw(40).normal(BATCH, LENGTH, width)
    tensors = {"cotangent": cotangent}
    for seed, (name, (s, module, change)) in enumerate(cases.items(), start=41):
        draw = Draw(seed)
        u, w = draw.normal(BATCH, LENGTH, width), s.random_weights(draw)
        change(w)
        exact, step = exactly(reference, u, w, cotangent, s)
        theirs = by_transformers(*module(s), u, w) if module else {}
        errors = [assert_close(v, exact[k.removeprefix("transformers.")], 1e-5, f"{name} {k}")
                  for k, v in theirs.items()]
        print(f"{file} {name}: transformers against float64 {[f'{e:.1e}' for e in errors]} (output, state); "
              f"steps from {step.min().item():.1e} to {step.max().item():.1e}")
        tensors |= {f"{name}.weight.{k}": v for k, v in w.items()} | {f"{name}.input": u}
        tensors |= {f"{name}.{k}": v for k, v in (theirs | exact).items()}
    return tensors


def unchanged(w):
    pass


def extreme_heads(w):
    """By head: forgets everything; steps of 1e-6; steps of about 12 with decay near 1; ordinary."""
    w["dt_bias"][:3] = torch.tensor([3.0, -14.0, 12.0])
    w["A_log"][:3] = torch.tensor([4.0, 0.0, -12.0])


def extreme_channels(w):
    w["dt_proj.bias"][:3] = torch.tensor([3.0, -14.0, 12.0])
    w["A_log"][0], w["A_log"][2] = 4.0, -12.0


def main(root=REPOSITORY):
    make_deterministic()
    width = 12

    def shape(**changes):
        return Mamba2Shape(**(dict(width=width, heads=4, head=3, state=5, groups=1, norm_groups=1) | changes))

    def bamba(s):
        return hybrid_module(BambaMixer, BambaConfig, s)

    def granite(s):
        return hybrid_module(GraniteMoeHybridMambaLayer, GraniteMoeHybridConfig, s)

    two = dict(groups=2, norm_groups=2)
    cases = {
        "stock": (shape(), mamba2_module, unchanged),
        "grouped": (shape(**two, bias=True, limit=(0.1, 0.4)), mamba2_module, unchanged),
        "decays": (shape(), mamba2_module, extreme_heads),
        "bamba": (shape(conv_bias=False), bamba, unchanged),
        "granite": (shape(**two), granite, unchanged),
        "whole": (shape(groups=2, norm_groups=1), None, unchanged),
    }
    goldens = root / "Tests/MohawkMixersTests/Goldens"
    save(write(cases, mamba2, "mamba2", width), goldens / "mamba2.safetensors")

    width = 6
    narrow = dict(width=width, inner=12, state=5, rank=3)
    cases = {
        "stock": (MambaShape(**narrow), mamba_module, unchanged),
        "biased": (MambaShape(**narrow, bias=True, conv_bias=False), mamba_module, unchanged),
        "decays": (MambaShape(**narrow), mamba_module, extreme_channels),
    }
    save(write(cases, mamba, "mamba", width), goldens / "mamba.safetensors")


if __name__ == "__main__":
    main()
