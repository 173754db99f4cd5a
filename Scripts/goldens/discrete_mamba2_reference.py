"""The Discrete-Mamba-2 mixer, token by token, in the precision of its inputs.

    [x | B | C | z | A_log] = in_proj(u)
    [x | B | C] <- causal depthwise convolution with bias, no activation
    a_t = sigmoid(-A_log_t) = exp(-softplus(A_log_t))
    h_t = a_t h_{t-1} + x_t B_t^T
    y_t = h_t C_t + D x_t
    out = out_proj(y * SiLU(z + z_bias))

Value head i reads B and C of query-key head i // (v_heads / qk_heads).
"""

from dataclasses import dataclass

import torch

WEIGHTS = ["in_proj.weight", "z_bias", "conv1d.weight", "conv1d.bias", "D", "out_proj.weight"]


@dataclass(frozen=True)
class MixerShape:
    width: int
    state: int
    v_heads: int
    qk_heads: int
    expand: int = 1
    taps: int = 4

    @property
    def inner(self):
        return self.width * self.expand

    @property
    def head(self):
        return self.inner // self.v_heads

    @property
    def convolved(self):
        return self.inner + 2 * self.qk_heads * self.state

    @property
    def projected(self):
        return self.convolved + self.inner + self.v_heads

    def random_weights(self, draw, std=0.3):
        return {
            "in_proj.weight": draw.normal(self.projected, self.width, std=std),
            "z_bias": draw.normal(self.inner, std=0.3, mean=1.278464542761),
            "conv1d.weight": draw.normal(self.convolved, 1, self.taps, std=0.5),
            "conv1d.bias": draw.normal(self.convolved, std=0.2),
            "D": draw.normal(self.v_heads, std=0.3, mean=1.0),
            "out_proj.weight": draw.normal(self.width, self.inner, std=std),
        }


def log_sigmoid_of_minus(a_log):
    """-softplus(a_log), without overflow and without losing small values."""
    return -(a_log.clamp(min=0) + torch.log1p(torch.exp(-a_log.abs())))


def convolve(raw, w, taps):
    """Output t is the sum over k of weight[k] * input[t - (taps - 1) + k]; inputs before the start are 0."""
    length = raw.shape[1]
    padded = torch.cat([raw.new_zeros(raw.shape[0], taps - 1, raw.shape[2]), raw], dim=1)
    kernel = w["conv1d.weight"][:, 0]
    return sum(padded[:, k:k + length] * kernel[:, k] for k in range(taps)) + w["conv1d.bias"]


def project(u, w, shape):
    """Splits the projections, convolves, and gives each value head its own B and C."""
    b, l, _ = u.shape
    raw, z, a_log = (u @ w["in_proj.weight"].T).split([shape.convolved, shape.inner, shape.v_heads], dim=-1)
    group = shape.qk_heads * shape.state
    x, bb, cc = convolve(raw, w, shape.taps).split([shape.inner, group, group], dim=-1)
    owner = torch.arange(shape.v_heads) // (shape.v_heads // shape.qk_heads)
    return {
        "x": x.reshape(b, l, shape.v_heads, shape.head),
        "B": bb.reshape(b, l, shape.qk_heads, shape.state),
        "C": cc.reshape(b, l, shape.qk_heads, shape.state),
        "B_of_v_head": bb.reshape(b, l, shape.qk_heads, shape.state)[:, :, owner],
        "C_of_v_head": cc.reshape(b, l, shape.qk_heads, shape.state)[:, :, owner],
        "gate": torch.nn.functional.silu(z + w["z_bias"]),
        "log_decay": log_sigmoid_of_minus(a_log),
        "raw": raw,
    }


def recur(p, w):
    """y [b, l, heads, head] and the state [b, heads, head, state] after every token."""
    x, bb, cc, decay = p["x"], p["B_of_v_head"], p["C_of_v_head"], p["log_decay"].exp()
    state = x.new_zeros(x.shape[0], x.shape[2], x.shape[3], bb.shape[-1])
    ys, states = [], []
    for t in range(x.shape[1]):
        state = decay[:, t, :, None, None] * state + x[:, t, :, :, None] * bb[:, t, :, None, :]
        ys.append((state * cc[:, t, :, None, :]).sum(-1) + w["D"][:, None] * x[:, t])
        states.append(state)
    return torch.stack(ys, dim=1), states


def materialise(p, w):
    """The matrix [b, heads, l, l], one diagonal entry, then one token further from it at a time.

    Row i, column j: C_i . B_j times the decays of tokens j+1 ... i, with D added on the diagonal.
    """
    bb, cc, decay = p["B_of_v_head"], p["C_of_v_head"], p["log_decay"].exp()
    b, l, heads, _ = bb.shape
    rows = []
    for i in range(l):
        entries, product = [], bb.new_ones(b, heads)
        for j in range(i, -1, -1):
            dot = (cc[:, i] * bb[:, j]).sum(-1)
            entries.append(dot * product + (w["D"] if i == j else 0))
            product = product * decay[:, j]
        entries.reverse()
        entries += [bb.new_zeros(b, heads)] * (l - 1 - i)
        rows.append(torch.stack(entries, dim=-1))
    return torch.stack(rows, dim=-2)


def mixer(u, w, shape):
    """Everything a test may want to compare, by name."""
    p = project(u, w, shape)
    y, states = recur(p, w)
    flat = y.reshape(*y.shape[:2], -1)
    tail = torch.cat([p["raw"].new_zeros(u.shape[0], shape.taps, shape.convolved), p["raw"]], dim=1)
    return {**p, "y": y, "states": states, "output": (flat * p["gate"]) @ w["out_proj.weight"].T,
            "convolution_state": tail[:, -shape.taps:].transpose(1, 2)}
