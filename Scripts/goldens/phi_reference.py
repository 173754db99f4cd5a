"""Phi in the precision of its weights, written from its equations; used in float64.

transformers computes softmax and rotary tables in float32 even for a float64 model, so this is the
more exact of the two.
"""

import math

import torch


def linear(x, w, name):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def layer_norm(x, w, name, eps=1e-5):
    centred = x - x.mean(-1, keepdim=True)
    variance = (centred * centred).mean(-1, keepdim=True)
    return centred / (variance + eps).sqrt() * w[f"{name}.weight"] + w[f"{name}.bias"]


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def mlp(x, w, name):
    return linear(gelu_tanh(linear(x, w, f"{name}.fc1")), w, f"{name}.fc2")


def rotate(x, fraction, theta):
    """Rotary positions on the leading part of the last axis of x [b, h, l, d]: pairs (i, i + r/2)."""
    rotary = int(x.shape[-1] * fraction)
    half = rotary // 2
    frequency = theta ** (-torch.arange(half, dtype=x.dtype) * 2 / rotary)
    angle = torch.arange(x.shape[-2], dtype=x.dtype)[:, None] * frequency
    cos, sin = angle.cos(), angle.sin()
    first, second, rest = x[..., :half], x[..., half:rotary], x[..., rotary:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin, rest], dim=-1)


def attention(x, w, name, heads, kv_heads, fraction=0.5, theta=10000.0):
    """Causal attention. Returns the output after `dense` and the matrix [b, heads, l, l]."""
    b, l, width = x.shape
    d = width // heads

    def split(part, count):
        return linear(x, w, f"{name}.{part}").reshape(b, l, count, d).transpose(1, 2)

    q = rotate(split("q_proj", heads), fraction, theta)
    k = rotate(split("k_proj", kv_heads), fraction, theta)
    v = split("v_proj", kv_heads)
    group = torch.arange(heads) // (heads // kv_heads)
    k, v = k[:, group], v[:, group]
    scores = q @ k.transpose(-1, -2) / math.sqrt(d)
    future = torch.ones(l, l, dtype=torch.bool).triu(1)
    matrix = scores.masked_fill(future, -math.inf).softmax(-1)
    mixed = (matrix @ v).transpose(1, 2).reshape(b, l, width)
    return linear(mixed, w, f"{name}.dense"), matrix


def phi(w, ids, layers, heads, kv_heads, fraction=0.5, theta=10000.0):
    """Everything a test may want to compare, by name."""
    out = {}
    u = w["model.embed_tokens.weight"][ids]
    for n in range(layers):
        name = f"model.layers.{n}"
        out[f"hidden.{n}"] = u
        normed = layer_norm(u, w, f"{name}.input_layernorm")
        attended, matrix = attention(normed, w, f"{name}.self_attn", heads, kv_heads, fraction, theta)
        expanded = mlp(normed, w, f"{name}.mlp")
        out[f"attention_matrix.{n}"] = matrix
        out[f"attention_output.{n}"] = attended
        out[f"mlp_output.{n}"] = expanded
        u = u + attended + expanded
    out[f"hidden.{layers}"] = u
    out["final_norm_output"] = layer_norm(u, w, "model.final_layernorm")
    out["logits"] = linear(out["final_norm_output"], w, "lm_head")
    return out
