"""Goldens of one Discrete-Mamba-2 mixer: outputs, matrices, states and gradients."""

import torch

from discrete_mamba2_reference import WEIGHTS, MixerShape, materialise, mixer
from golden_file import REPOSITORY, Draw, assert_close, make_deterministic, save

BATCH, LENGTH, WIDTH, STATE, HEADS = 2, 19, 24, 6, 4
PREFIX = 7  # tokens after which the state is recorded as well


def inputs(name, shape, draw):
    u, w = draw.normal(BATCH, LENGTH, WIDTH), shape.random_weights(draw)
    if name == "decays":
        # The last input channel is 1, so it acts as a bias of A_log. By head: log decays from about -30 to
        # about 0; near -25 throughout; within 1e-4 of 0 throughout; ordinary.
        u[..., -1] = 1.0
        a_log = w["in_proj.weight"][-shape.v_heads:]
        a_log[0] *= 11.0
        a_log[1, -1], a_log[2, -1] = 25.0, -14.0
    return u, w


def run(u, w, cotangents, shape, dtype):
    u = u.to(dtype).requires_grad_()
    w = {k: v.to(dtype).requires_grad_() for k, v in w.items()}
    out = mixer(u, w, shape)
    matrix = materialise(out, w)
    mixed = torch.einsum("bhij,bjhp->bihp", matrix, out["x"])
    assert_close(mixed, out["y"], 1e-12 if dtype == torch.float64 else 2e-6, "matrix times x against recurrence")

    leaves = [w[name] for name in WEIGHTS] + [u]
    names = WEIGHTS + ["input"]
    result = {name: out[name] for name in ["output", "convolution_state"]}
    result |= {"matrix": matrix, "final_state": out["states"][-1], "prefix_state": out["states"][PREFIX - 1]}
    for of, tensor in [("output", out["output"]), ("matrix", matrix)]:
        loss = (tensor * cotangents[of].to(dtype)).sum()
        gradients = torch.autograd.grad(loss, leaves, retain_graph=True, allow_unused=True)
        result |= {f"grad_of_{of}.{name}": g for name, g in zip(names, gradients) if g is not None}
    inside = {name: out[name] for name in ["x", "B", "C", "log_decay", "y"]}
    return result, inside


def check_by_differences(u, w, cotangents, shape, result):
    """Central differences in float64 along one random direction per leaf."""
    draw, step = Draw(99), 1e-6
    exact = {k: v.double() for k, v in w.items()} | {"input": u.double()}
    for of in ["output", "matrix"]:
        for name in exact:
            direction = draw.normal(*exact[name].shape).double()
            ends = []
            for sign in (1, -1):
                moved = exact | {name: exact[name] + sign * step * direction}
                out = mixer(moved["input"], moved, shape)
                tensor = out["output"] if of == "output" else materialise(out, moved)
                ends.append((tensor * cotangents[of].double()).sum())
            numeric = (ends[0] - ends[1]) / (2 * step)
            gradient = result.get(f"grad_of_{of}.{name}")
            analytic = (gradient * direction).sum() if gradient is not None else torch.zeros(())
            if not abs(numeric - analytic) <= 1e-6 * max(1.0, abs(analytic)):
                raise AssertionError(f"gradient of {of} by {name}: {analytic} but differences give {numeric}")


def main(root=REPOSITORY):
    make_deterministic()
    draw = Draw(20)
    cotangents = {"output": draw.normal(BATCH, LENGTH, WIDTH), "matrix": draw.normal(BATCH, HEADS, LENGTH, LENGTH)}
    tensors = {f"cotangent.{k}": v for k, v in cotangents.items()}
    for seed, (name, qk_heads) in enumerate([("equal", 4), ("grouped", 2), ("decays", 4)], start=21):
        shape = MixerShape(WIDTH, STATE, v_heads=HEADS, qk_heads=qk_heads)
        u, w = inputs(name, shape, Draw(seed))
        exact, inside = run(u, w, cotangents, shape, torch.float64)
        single, _ = run(u, w, cotangents, shape, torch.float32)
        check_by_differences(u, w, cotangents, shape, exact)
        worst = {k: assert_close(single[k], exact[k], 2e-4, f"{name} {k}") for k in exact}
        last = max(worst, key=worst.get)
        log_decay = inside["log_decay"]
        print(f"mixer {name}: float32 against float64 {worst['output']:.1e} (output), {worst[last]:.1e} ({last}); "
              f"log decays by head from {[round(v, 2) for v in log_decay.amin((0, 1)).tolist()]} "
              f"to {[float(f'{v:.1e}') for v in log_decay.amax((0, 1)).tolist()]}")
        tensors |= {f"{name}.weight.{k}": v for k, v in w.items()} | {f"{name}.input": u}
        tensors |= {f"{name}.f64.{k}": v for k, v in exact.items()}
        tensors |= {f"{name}.inside.{k}": v.float() for k, v in inside.items()}
        tensors |= {f"{name}.f32.{k}": v for k, v in single.items()
                    if not k.startswith("grad_of_matrix") and k != "convolution_state"}
    save(tensors, root / "Tests/MohawkMixersTests/Goldens/discrete_mamba2.safetensors")


if __name__ == "__main__":
    main()
