"""Seeded tensors and files whose bytes repeat."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

REPOSITORY = Path(__file__).resolve().parents[2]


def make_deterministic():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(0)


class Draw:
    """Draws float32 normals. A float64 computation starts from the exact same values."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape, std=1.0, mean=0.0):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float32) * std + mean

    def ids(self, *shape, below):
        return torch.randint(0, below, shape, generator=self.generator, dtype=torch.int64)


def save(tensors, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, str(path))


def save_json(value, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=4) + "\n", encoding="utf-8")


def assert_close(actual, expected, tolerance, what):
    """Fails unless the largest difference, relative to the largest value, is within tolerance."""
    scale = max(expected.abs().max().item(), 1e-30)
    error = (actual.double() - expected.double()).abs().max().item() / scale
    if not error <= tolerance:
        raise AssertionError(f"{what}: relative difference {error:.3e} exceeds {tolerance:.1e}")
    return error


def greedy(logits_of, ids, count, least_margin=2e-3, least_distinct=6):
    """Greedy continuation, recomputed in full for each token.

    Refuses near ties, so that an implementation in another precision or order must find the same ids,
    and rows that settle on a few tokens, because those would hide a wrong state.
    """
    sequence, tightest = ids, float("inf")
    for _ in range(count):
        top = logits_of(sequence)[:, -1].topk(2, dim=-1)
        tightest = min(tightest, (top.values[:, 0] - top.values[:, 1]).min().item())
        sequence = torch.cat([sequence, top.indices[:, :1]], dim=1)
    if tightest < least_margin:
        raise AssertionError(f"greedy continuation has a near tie ({tightest:.2e}); choose another seed")
    continuation = sequence[:, ids.shape[1]:]
    if min(len(set(row)) for row in continuation.tolist()) < least_distinct:
        raise AssertionError(f"greedy continuation repeats itself: {continuation.tolist()}; choose another seed")
    return continuation


def next_token_loss(logits, ids):
    """Mean cross-entropy of position t's logits against token t + 1."""
    log_p = logits[:, :-1].log_softmax(-1)
    return -log_p.gather(-1, ids[:, 1:, None]).mean()
