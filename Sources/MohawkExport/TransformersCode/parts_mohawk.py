"""What the mixers of swift-mohawk's models are made of: norms, rotary positions, projections and convolutions.

Each mixer is called with its input [batch, length, width]; a dictionary in which it keeps its state, or None; cosines
and sines of the rotary positions; which keys are seen; where the texts are, if there is padding: [batch, tokens]; and
the place of each token in its text, [batch or 1, length].
"""

import math

import torch
from torch import nn
from torch.nn import functional as F


def wide(x):
    """In float32, or float64 if it is that already."""
    return x if x.dtype == torch.float64 else x.float()


def fresh(*shape):
    return nn.Parameter(torch.empty(*shape))


class RMSNorm(nn.Module):
    """Unit mean square within each group of channels, then scale; of x, or of x · SiLU(gate)."""

    def __init__(self, width, epsilon, groups=1):
        super().__init__()
        self.weight, self.epsilon, self.groups = fresh(width), epsilon, groups

    def forward(self, x, gate=None):
        given = wide(x) if gate is None else wide(x) * F.silu(wide(gate))
        parts = given.unflatten(-1, (self.groups, -1))
        return (F.rms_norm(parts, parts.shape[-1:], eps=self.epsilon).flatten(-2) * wide(self.weight)).to(x.dtype)


def rotary_frequencies(own, head_dim):
    """Radians per position of each pair of dimensions that is rotated, stretched as `rope_scaling` says, and what cosines and
    sines are multiplied by."""
    count = int(head_dim * own.get("partial_rotary_factor", 1.0) + 1e-6) // 2
    base = own.get("rope_theta", 1e4)
    frequencies = [base ** (-n / count) for n in range(count)]
    scaling = own.get("rope_scaling") or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind in ("default", "dynamic"):  # dynamic stretches beyond the longest text only
        return frequencies, 1.0
    if kind == "linear":
        return [f / scaling["factor"] for f in frequencies], 1.0
    if kind == "longrope":
        return [f / s for f, s in zip(frequencies, scaling["short_factor"])], scaling["attention_factor"]
    length = scaling.get("original_max_position_embeddings")
    if kind == "llama3":
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        waves = [length * f / (2 * math.pi) for f in frequencies]
        shares = [min(max((w - low) / (high - low), 0.0), 1.0) for w in waves]
        return [(1 - s) * f / scaling["factor"] + s * f for f, s in zip(frequencies, shares)], 1.0
    if kind == "yarn":
        borders = [count * math.log(length / (scaling[key] * 2 * math.pi)) / math.log(base) for key in ("beta_fast", "beta_slow")]
        if scaling["truncate"]:
            borders = [math.floor(borders[0]), math.ceil(borders[1])]
        low, high = max(borders[0], 0), min(borders[1], 2 * count - 1)
        high += 0.001 if low == high else 0
        shares = [min(max((n - low) / (high - low), 0.0), 1.0) for n in range(count)]
        return [s * f / scaling["factor"] + (1 - s) * f for f, s in zip(frequencies, shares)], scaling["attention_factor"]
    raise ValueError(f"the rotary embedding '{kind}' is not known")


def rotary_tables(own, head_dim, places):
    """Cosines and sines of the rotary positions, their angles computed in float64: [batch or 1, 1, length, pairs]."""
    kind = torch.float32 if places.device.type == "mps" else torch.float64
    frequencies, magnitude = rotary_frequencies(own, head_dim)
    frequencies = torch.tensor(frequencies, dtype=kind, device=places.device)
    angles = places.to(kind)[:, None, :, None] * frequencies
    return angles.cos() * magnitude, angles.sin() * magnitude


def rotated(x, tables):
    """The first dimensions of each head of [batch, heads, length, headDim] rotated by their positions."""
    cosine, sine = (table.to(x.dtype) for table in tables)
    half = cosine.size(-1)
    first, second, rest = x.split([half, half, x.size(-1) - 2 * half], -1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine, rest], -1)


def visibility(length, total, window, padding, device):
    """Which keys each of the last `length` of `total` tokens sees, [rows or 1, 1, length, keys]; None for all of them,
    or, with several queries, all up to its own. Padding sees itself, so that no row of the softmax is empty."""
    keys = total if window is None else min(total, length + window - 1)
    if padding is None and (length == 1 or (length == total and (window is None or window >= total))):
        return None
    places = torch.arange(total, device=device)
    distance = places[-length:, None] - places[None, -keys:]
    seen = ((distance >= 0) & (distance < (window or total)))[None, None]
    return seen if padding is None else seen & padding[:, None, None, -keys:] | (distance == 0)


class InputRows(nn.Module):
    """A linear map whose rows have several uses: each a parameter of its own, or all in one."""

    def __init__(self, rows, width, bias, joined):
        super().__init__()
        self.rows, self.joined = rows, joined
        for name, count in {"weight": sum(rows.values())}.items() if joined else rows.items():
            self.register_parameter(name, fresh(count, width))
        self.bias = nn.ParameterDict({name: fresh(count) for name, count in rows.items()}) if bias else None

    def forward(self, u):
        if self.joined:
            return F.linear(u, self.weight).split(list(self.rows.values()), -1)
        return [F.linear(u, getattr(self, name), self.bias[name] if self.bias else None) for name in self.rows]


class Taps(nn.Module):
    """The weights of a depth-wise causal convolution; the last tap meets the current token."""

    def __init__(self, channels, width, bias):
        super().__init__()
        self.weight, self.bias = fresh(channels, 1, width), fresh(channels) if bias else None


def convolve(taps, x, state):
    """The convolution of [batch, length, channels] by taps of all channels; the state keeps what the next one needs."""
    weight = torch.cat([t.weight for t in taps]).to(x.dtype)
    bias = None if taps[0].bias is None else torch.cat([t.bias for t in taps]).to(x.dtype)
    past = state["inputs"] if state else x.new_zeros(x.size(0), weight.size(2) - 1, x.size(2))
    x = torch.cat([past, x], 1)
    if state is not None:
        state["inputs"] = x[:, x.size(1) - past.size(1):]
    return F.conv1d(x.mT, weight, bias, groups=x.size(2)).mT
