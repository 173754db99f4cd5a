"""Goldens of the Gated DeltaNet mixer: outputs, matrices, states and gradients.

Tests/MohawkMixersTests/Goldens/gated_delta_net.safetensors; names are CASE. followed by

    input, weight.KEY            one tensor for each parameter; in_proj.q and so on are rows of transformers' joined projections
    transformers.output          by Qwen3NextGatedDeltaNet in float32, in chunks
    transformers.final_state     from its cache; token by token it is the same
    output, matrix               float64, by the recurrence below; the matrix from unit vectors as values
    final_state, prefix_state    float64, after all tokens and after 7
    grad_of_output.LEAF          float64, of sum(output x cotangent); LEAF is a key or `input`

and `cotangent` once. Cases: equal (as many heads of keys as of values), grouped (half as many), decays (extreme ones), alike
(all keys of a head nearly the same, and written in full).
"""

import torch
import torch.nn.functional as F
from transformers import Qwen3NextConfig
from transformers.cache_utils import DynamicCache
from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextGatedDeltaNet

from golden_file import REPOSITORY, Draw, assert_close, make_deterministic, save

BATCH, LENGTH, PREFIX = 2, 13, 7
WIDTH, HEADS, VALUE, KEY, TAPS, EPSILON = 12, 4, 3, 5, 4, 1e-6


def random_weights(draw, groups):
    rows = {"q": groups * KEY, "k": groups * KEY, "v": HEADS * VALUE, "z": HEADS * VALUE, "b": HEADS, "a": HEADS}
    w = {f"in_proj.{name}": draw.normal(count, WIDTH, std=0.4) for name, count in rows.items()}
    w |= {f"conv1d.{name}.weight": draw.normal(rows[name], 1, TAPS, std=0.5) for name in "qkv"}
    return w | {
        "A_log": draw.normal(HEADS, std=0.7, mean=0.5), "dt_bias": draw.normal(HEADS, std=1.0, mean=-1.5),
        "norm.weight": draw.normal(VALUE, std=0.2, mean=1.0),
        "out_proj.weight": draw.normal(WIDTH, HEADS * VALUE, std=0.3),
    }


def joined(w, groups):
    """The weights as transformers' module has them: the rows of each group of heads together."""
    def parts(*names):
        return torch.cat([w[f"in_proj.{n}"].reshape(groups, -1, WIDTH) for n in names], 1).reshape(-1, WIDTH)
    return {
        "in_proj_qkvz.weight": parts("q", "k", "v", "z"), "in_proj_ba.weight": parts("b", "a"),
        "conv1d.weight": torch.cat([w[f"conv1d.{n}.weight"] for n in "qkv"]), "A_log": w["A_log"],
        "dt_bias": w["dt_bias"], "norm.weight": w["norm.weight"], "out_proj.weight": w["out_proj.weight"],
    }


def by_transformers(u, w, groups):
    config = Qwen3NextConfig(
        hidden_size=WIDTH, num_hidden_layers=1, layer_types=["linear_attention"], linear_num_value_heads=HEADS,
        linear_num_key_heads=groups, linear_key_head_dim=KEY, linear_value_head_dim=VALUE,
        linear_conv_kernel_dim=TAPS, rms_norm_eps=EPSILON, hidden_act="silu")
    module = Qwen3NextGatedDeltaNet(config, 0)
    module.load_state_dict(joined(w, groups), strict=True)
    module.eval()
    with torch.no_grad():
        cache = DynamicCache(config=config)
        output = module(u, cache_params=cache)
        state = cache.get_recurrent_state(0, state_idx=0)
        # The first tokens at once, because the cache begins with them; then one by one.
        steps = DynamicCache(config=config)
        rows = [module(u[:, :2], cache_params=steps)]
        rows += [module(u[:, t:t + 1], cache_params=steps) for t in range(2, LENGTH)]
        assert_close(torch.cat(rows, 1), output, 1e-5, "recurrent and chunked")
    return {"transformers.output": output, "transformers.final_state": state}


def reference(u, w, groups):
    """The mixer token by token, in the precision of its inputs."""
    def convolved(name, heads):
        x = F.linear(u, w[f"in_proj.{name}"]).transpose(1, 2)
        taps = w[f"conv1d.{name}.weight"]
        x = F.conv1d(F.pad(x, (TAPS - 1, 0)), taps, groups=taps.shape[0])
        return F.silu(x).transpose(1, 2).reshape(BATCH, LENGTH, heads, -1)

    def unit(x):
        x = x * torch.rsqrt((x * x).sum(-1, keepdim=True) + 1e-6)
        return x.repeat_interleave(HEADS // groups, 2)

    q, k, v = unit(convolved("q", groups)) / KEY ** 0.5, unit(convolved("k", groups)), convolved("v", HEADS)
    beta = torch.sigmoid(F.linear(u, w["in_proj.b"]))
    decay = torch.exp(-torch.exp(w["A_log"]) * F.softplus(F.linear(u, w["in_proj.a"]) + w["dt_bias"]))

    def run(values):
        state = values.new_zeros(BATCH, HEADS, KEY, values.shape[-1])
        rows, states = [], []
        for t in range(LENGTH):
            state = state * decay[:, t, :, None, None]
            known = torch.einsum("bhkv,bhk->bhv", state, k[:, t])
            change = (values[:, t] - known) * beta[:, t, :, None]
            state = state + torch.einsum("bhk,bhv->bhkv", k[:, t], change)
            rows.append(torch.einsum("bhkv,bhk->bhv", state, q[:, t]))
            states.append(state)
        return torch.stack(rows, 1), states

    y, states = run(v)
    units = torch.eye(LENGTH, dtype=u.dtype)[None, :, None, :].expand(BATCH, LENGTH, HEADS, LENGTH)
    matrix = run(units)[0].transpose(1, 2)
    normed = y * torch.rsqrt(y.square().mean(-1, keepdim=True) + EPSILON) * w["norm.weight"]
    gate = F.silu(F.linear(u, w["in_proj.z"])).reshape(normed.shape)
    output = F.linear((normed * gate).reshape(BATCH, LENGTH, -1), w["out_proj.weight"])
    assert_close(torch.einsum("bhij,bjhp->bihp", matrix, v), y, 1e-12, "matrix times values")
    return {"output": output, "matrix": matrix, "final_state": states[-1], "prefix_state": states[PREFIX - 1]}


def unchanged(u, w):
    pass


def extreme(u, w):
    """By head: forgets everything; remembers everything; ordinary."""
    w["dt_bias"][:2] = torch.tensor([3.0, -14.0])
    w["A_log"][:2] = torch.tensor([4.0, -12.0])


def alike(u, w):
    u += 4 * u[:, :1]
    w["conv1d.k.weight"][:, :, :-1] = 0
    w["in_proj.b"] = 3 * torch.ones_like(w["in_proj.b"]) * u.mean((0, 1)).sign()


def main(root=REPOSITORY):
    make_deterministic()
    cotangent = Draw(60).normal(BATCH, LENGTH, WIDTH)
    tensors = {"cotangent": cotangent}
    cases = {"equal": (4, unchanged), "grouped": (2, unchanged), "decays": (4, extreme), "alike": (4, alike)}
    for seed, (name, (groups, change)) in enumerate(cases.items(), start=61):
        draw = Draw(seed)
        u, w = draw.normal(BATCH, LENGTH, WIDTH), random_weights(draw, groups)
        change(u, w)
        theirs = by_transformers(u, w, groups)
        leaves = {k: v.double().requires_grad_() for k, v in (w | {"input": u}).items()}
        exact = reference(leaves["input"], leaves, groups)
        gradients = torch.autograd.grad((exact["output"] * cotangent.double()).sum(), list(leaves.values()))
        errors = [assert_close(v, exact[k.removeprefix("transformers.")], 1e-4, f"{name} {k}") for k, v in theirs.items()]
        print(f"gated_delta_net {name}: transformers against float64 {[f'{e:.1e}' for e in errors]} (output, state)")
        exact |= {f"grad_of_output.{k}": g for k, g in zip(leaves, gradients)}
        tensors |= {f"{name}.weight.{k}": v for k, v in w.items()} | {f"{name}.input": u}
        tensors |= {f"{name}.{k}": v for k, v in (theirs | exact).items()}
    save(tensors, root / "Tests/MohawkMixersTests/Goldens/gated_delta_net.safetensors")


if __name__ == "__main__":
    main()
