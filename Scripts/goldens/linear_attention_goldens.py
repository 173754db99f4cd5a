"""Goldens of linear attention with three feature maps.

Tests/MohawkMixersTests/Goldens/linear_attention.safetensors; names are CASE. followed by

    input, weight.KEY            one tensor for each parameter
    fla.output                   over flash-linear-attention's `naive_recurrent_linear_attn`, float32
    output, matrix               float64, by the sums written out below
    final_state, prefix_state    float64, after all tokens and after 7: [batch, heads, values and 1, features]
    grad_of_output.LEAF          float64, of sum(output x cotangent); LEAF is a key or `input`

and `cotangent` once. Cases: identity (a norm in place of the division, no positions), elu (half as many heads of keys, rotary
positions), hedgehog (rotary positions).
"""

import torch
import torch.nn.functional as F

from channel_decay_goldens import naive
from golden_file import REPOSITORY, Draw, assert_close, make_deterministic, save

BATCH, LENGTH, PREFIX = 2, 13, 7
WIDTH, HEADS, VALUE, KEY, EPSILON, BASE = 12, 4, 3, 6, 1e-5, 100.0


def random_weights(draw, case, groups):
    rows = {"q": groups * KEY, "k": groups * KEY, "v": HEADS * VALUE}
    w = {f"in_proj.{name}": draw.normal(count, WIDTH, std=0.4) for name, count in rows.items()}
    if case == "hedgehog":
        w |= {f"feature_map.{name}": draw.normal(groups, KEY, KEY, std=0.3) for name in "qk"}
    if case == "identity":
        w["norm.weight"] = draw.normal(VALUE, std=0.2, mean=1.0)
    return w | {"out_proj.weight": draw.normal(WIDTH, HEADS * VALUE, std=0.3)}


def rotated(x, dimensions):
    """The first dimensions of heads [batch, length, heads, width], dimension i with i + dimensions / 2."""
    half = dimensions // 2
    angles = torch.arange(LENGTH, dtype=torch.float64)[:, None] * BASE ** (-torch.arange(half) / half).double()
    cos, sin = (f(angles).to(x.dtype)[:, None, :] for f in (torch.cos, torch.sin))
    a, b = x[..., :half], x[..., half:dimensions]
    return torch.cat([a * cos - b * sin, b * cos + a * sin, x[..., dimensions:]], -1)


def features(case, x, w, name):
    if case == "identity":
        return x
    x = rotated(x, 4)
    if case == "elu":
        return 1 + F.elu(x)
    mapped = x + torch.einsum("blhi,hij->blhj", x, w[f"feature_map.{name}"])
    return torch.cat([F.softmax(mapped, -1), F.softmax(-mapped, -1)], -1)


def operands(case, u, w, groups):
    def heads(name, count):
        return F.linear(u, w[f"in_proj.{name}"]).reshape(BATCH, LENGTH, count, -1)
    q, k = (features(case, heads(n, groups), w, n).repeat_interleave(HEADS // groups, 2) for n in "qk")
    return q, k, heads("v", HEADS)


def projected(case, y, w):
    if case == "identity":
        y = y * torch.rsqrt(y.square().mean(-1, keepdim=True) + EPSILON) * w["norm.weight"]
    return F.linear(y.reshape(BATCH, LENGTH, -1), w["out_proj.weight"])


def reference(case, u, w, groups):
    q, k, v = operands(case, u, w, groups)
    matrix = torch.einsum("bihn,bjhn->bhij", q, k).tril()
    if case == "identity":
        matrix = matrix / KEY ** 0.5
    else:
        matrix = matrix / (matrix.sum(-1, keepdim=True) + 1e-6)
        v = torch.cat([v, torch.ones_like(v[..., :1])], -1)
    state = torch.einsum("bjhp,bjhn->bjhpn", v, k).cumsum(1)
    y = torch.einsum("bhij,bjhp->bihp", matrix, v[..., :VALUE])
    return {
        "output": projected(case, y, w), "matrix": matrix, "final_state": state[:, -1],
        "prefix_state": state[:, PREFIX - 1],
    }


def main(root=REPOSITORY):
    make_deterministic()
    cotangent = Draw(100).normal(BATCH, LENGTH, WIDTH)
    tensors = {"cotangent": cotangent}
    for seed, (case, groups) in enumerate({"identity": 4, "elu": 2, "hedgehog": 4}.items(), start=101):
        draw = Draw(seed)
        u, w = draw.normal(BATCH, LENGTH, WIDTH), random_weights(draw, case, groups)
        with torch.no_grad():
            q, k, v = operands(case, u, w, groups)
            scale = KEY ** -0.5 if case == "identity" else 1.0
            y, _ = naive("linear_attn").naive_recurrent_linear_attn(q, k, v, scale=scale, normalize=case != "identity")
            theirs = projected(case, y, w)
        leaves = {k: v.double().requires_grad_() for k, v in (w | {"input": u}).items()}
        exact = reference(case, leaves["input"], leaves, groups)
        gradients = torch.autograd.grad((exact["output"] * cotangent.double()).sum(), list(leaves.values()))
        error = assert_close(theirs, exact["output"], 1e-4, f"{case} output")
        print(f"linear_attention {case}: flash-linear-attention against float64 {error:.1e}")
        exact |= {f"grad_of_output.{k}": g for k, g in zip(leaves, gradients)}
        tensors |= {f"{case}.weight.{k}": v for k, v in w.items()} | {f"{case}.input": u, f"{case}.fla.output": theirs}
        tensors |= {f"{case}.{k}": v for k, v in exact.items()}
    save(tensors, root / "Tests/MohawkMixersTests/Goldens/linear_attention.safetensors")


if __name__ == "__main__":
    main()
