"""Goldens of mixers whose channels forget at rates of their own: Kimi Delta Attention and gated linear attention.

Tests/MohawkMixersTests/Goldens/kimi_delta.safetensors and gated_linear.safetensors; names are CASE. followed by

    input, weight.KEY            one tensor for each parameter
    fla.output, fla.final_state  the layer over flash-linear-attention's `naive_recurrent_kda` or `naive_recurrent_gla`, float32
    output, matrix               float64, by the recurrence below; the matrix from unit vectors as values
    final_state, prefix_state    float64, after all tokens and after 7
    grad_of_output.LEAF          float64, of sum(output x cotangent); LEAF is a key or `input`

and `cotangent` once. Cases: equal (as many heads of keys as of values), grouped (half as many), decays (extreme ones). The
naive forms are read from files of the package `fla-core`, which needs a GPU to be imported as a whole.
"""

import importlib.util
from importlib.metadata import files

import torch
import torch.nn.functional as F

from golden_file import REPOSITORY, Draw, assert_close, make_deterministic, save

BATCH, LENGTH, PREFIX = 2, 13, 7
WIDTH, HEADS, VALUE, KEY, RANK, TAPS, EPSILON = 12, 4, 3, 5, 4, 4, 1e-5
DIVISOR = 16


def naive(operation):
    """A module of plain PyTorch from flash-linear-attention."""
    path = next(f.locate() for f in files("fla-core") if str(f) == f"fla/ops/{operation}/naive.py")
    spec = importlib.util.spec_from_file_location(f"naive_{operation}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kimi_weights(draw, groups):
    rows = {"q": groups * KEY, "k": groups * KEY, "v": HEADS * VALUE, "f": RANK, "b": HEADS, "g": RANK}
    w = {f"in_proj.{name}": draw.normal(count, WIDTH, std=0.4) for name, count in rows.items()}
    w |= {f"conv1d.{name}.weight": draw.normal(rows[name], 1, TAPS, std=0.5) for name in "qkv"}
    return w | {
        "f_proj.weight": draw.normal(HEADS * KEY, RANK, std=0.5),
        "g_proj.weight": draw.normal(HEADS * VALUE, RANK, std=0.5), "g_proj.bias": draw.normal(HEADS * VALUE, std=0.3),
        "A_log": draw.normal(HEADS, std=0.7, mean=0.5), "dt_bias": draw.normal(HEADS * KEY, std=1.0, mean=-1.5),
        "norm.weight": draw.normal(VALUE, std=0.2, mean=1.0),
        "out_proj.weight": draw.normal(WIDTH, HEADS * VALUE, std=0.3),
    }


def linear_weights(draw, groups):
    rows = {"q": groups * KEY, "k": groups * KEY, "v": HEADS * VALUE, "z": HEADS * VALUE, "f": RANK}
    w = {f"in_proj.{name}": draw.normal(count, WIDTH, std=0.4) for name, count in rows.items()}
    return w | {
        "f_proj.weight": draw.normal(HEADS * KEY, RANK, std=1.0), "f_proj.bias": draw.normal(HEADS * KEY, std=1.0),
        "norm.weight": draw.normal(VALUE, std=0.2, mean=1.0),
        "out_proj.weight": draw.normal(WIDTH, HEADS * VALUE, std=0.3),
    }


def heads(x, count):
    return x.reshape(BATCH, LENGTH, count, -1)


def kimi_operands(u, w, groups):
    def convolved(name, count):
        x = F.linear(u, w[f"in_proj.{name}"]).transpose(1, 2)
        taps = w[f"conv1d.{name}.weight"]
        return heads(F.silu(F.conv1d(F.pad(x, (TAPS - 1, 0)), taps, groups=taps.shape[0])).transpose(1, 2), count)

    def unit(x):
        return x * torch.rsqrt((x * x).sum(-1, keepdim=True) + 1e-6)

    step = F.softplus(F.linear(F.linear(u, w["in_proj.f"]), w["f_proj.weight"]) + w["dt_bias"])
    return {
        "q": unit(convolved("q", groups)), "k": unit(convolved("k", groups)), "v": convolved("v", HEADS),
        "g": -heads(step, HEADS) * torch.exp(w["A_log"])[:, None], "beta": torch.sigmoid(F.linear(u, w["in_proj.b"])),
    }


def linear_operands(u, w, groups):
    f = F.linear(F.linear(u, w["in_proj.f"]), w["f_proj.weight"], w["f_proj.bias"])
    return {
        "q": heads(F.linear(u, w["in_proj.q"]), groups), "k": heads(F.linear(u, w["in_proj.k"]), groups),
        "v": heads(F.linear(u, w["in_proj.v"]), HEADS), "g": heads(F.logsigmoid(f), HEADS) / DIVISOR, "beta": None,
    }


def kimi_output(y, u, w):
    gate = torch.sigmoid(F.linear(F.linear(u, w["in_proj.g"]), w["g_proj.weight"], w["g_proj.bias"]))
    return projected(y, gate, w)


def linear_output(y, u, w):
    return projected(y, F.silu(F.linear(u, w["in_proj.z"])), w)


def projected(y, gate, w):
    normed = y * torch.rsqrt(y.square().mean(-1, keepdim=True) + EPSILON) * w["norm.weight"]
    return F.linear((normed * heads(gate, HEADS)).reshape(BATCH, LENGTH, -1), w["out_proj.weight"])


def by_kimi(o):
    return naive("kda").naive_recurrent_kda(**o, output_final_state=True)


def by_linear(o):
    repeats = HEADS // o["q"].shape[2]
    q, k = (o[n].repeat_interleave(repeats, 2) for n in "qk")
    return naive("gla").naive_recurrent_gla(q, k, o["v"], o["g"], output_final_state=True)


def run(o, values):
    """The mixer token by token, in the precision of its inputs."""
    repeats = HEADS // o["q"].shape[2]
    q, k = (o[n].repeat_interleave(repeats, 2) for n in "qk")
    state = values.new_zeros(BATCH, HEADS, KEY, values.shape[-1])
    rows, states = [], []
    for t in range(LENGTH):
        state = state * o["g"][:, t].exp()[..., None]
        change = values[:, t]
        if o["beta"] is not None:
            change = (change - torch.einsum("bhkv,bhk->bhv", state, k[:, t])) * o["beta"][:, t, :, None]
        state = state + torch.einsum("bhk,bhv->bhkv", k[:, t], change)
        rows.append(torch.einsum("bhkv,bhk->bhv", state, q[:, t]) / KEY ** 0.5)
        states.append(state)
    return torch.stack(rows, 1), states


def reference(o):
    y, states = run(o, o["v"])
    units = torch.eye(LENGTH, dtype=y.dtype)[None, :, None, :].expand(BATCH, LENGTH, HEADS, LENGTH)
    matrix = run(o, units)[0].transpose(1, 2)
    assert_close(torch.einsum("bhij,bjhp->bihp", matrix, o["v"]), y, 1e-12, "matrix times values")
    return y, {"matrix": matrix, "final_state": states[-1], "prefix_state": states[PREFIX - 1]}


def unchanged(w):
    pass


def extreme_kimi(w):
    """By head: forgets everything; remembers everything; ordinary."""
    w["dt_bias"][:2 * KEY] = torch.tensor([3.0, -14.0]).repeat_interleave(KEY)
    w["A_log"][:2] = torch.tensor([4.0, -12.0])


def extreme_linear(w):
    w["f_proj.bias"][:2 * KEY] = torch.tensor([-400.0, 30.0]).repeat_interleave(KEY)


def write(root, name, seed, weights, operands, output, theirs, extreme):
    cotangent = Draw(seed).normal(BATCH, LENGTH, WIDTH)
    tensors = {"cotangent": cotangent}
    cases = {"equal": (4, unchanged), "grouped": (2, unchanged), "decays": (4, extreme)}
    for number, (case, (groups, change)) in enumerate(cases.items(), start=seed + 1):
        draw = Draw(number)
        u, w = draw.normal(BATCH, LENGTH, WIDTH), weights(draw, groups)
        change(w)
        with torch.no_grad():
            y, state = theirs(operands(u, w, groups))
            found = {"fla.output": output(y, u, w), "fla.final_state": state}
        leaves = {k: v.double().requires_grad_() for k, v in (w | {"input": u}).items()}
        y, exact = reference(operands(leaves["input"], leaves, groups))
        exact["output"] = output(y, leaves["input"], leaves)
        gradients = torch.autograd.grad((exact["output"] * cotangent.double()).sum(), list(leaves.values()))
        errors = [assert_close(v, exact[k.removeprefix("fla.")], 1e-4, f"{case} {k}") for k, v in found.items()]
        print(f"{name} {case}: flash-linear-attention against float64 {[f'{e:.1e}' for e in errors]} (output, state)")
        exact |= {f"grad_of_output.{k}": g for k, g in zip(leaves, gradients)}
        tensors |= {f"{case}.weight.{k}": v for k, v in w.items()} | {f"{case}.input": u}
        tensors |= {f"{case}.{k}": v for k, v in (found | exact).items()}
    save(tensors, root / f"Tests/MohawkMixersTests/Goldens/{name}.safetensors")


def main(root=REPOSITORY):
    make_deterministic()
    write(root, "kimi_delta", 80, kimi_weights, kimi_operands, kimi_output, by_kimi, extreme_kimi)
    write(root, "gated_linear", 90, linear_weights, linear_operands, linear_output, by_linear, extreme_linear)


if __name__ == "__main__":
    main()
