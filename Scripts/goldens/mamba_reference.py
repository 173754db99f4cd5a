"""The Mamba-2 and the Mamba mixer, token by token, in the precision of their inputs.

Mamba-2: [z | x | B | C | dt] = in_proj(u); (x, B, C) <- SiLU(causal depthwise convolution)
    D_t = clamp(softplus(dt_t + dt_bias)),  a_t = exp(-D_t exp(A_log))          one per head
    h_t = a_t h_{t-1} + D_t x_t B_t^T,      y_t = h_t C_t + D x_t
    out = out_proj(norm(y * SiLU(z)) * norm.weight), the mean square taken over groups of channels

Mamba: [x | z] = in_proj(u); x <- SiLU(convolution); [r | B | C] = x_proj(x)
    D_t = softplus(dt_proj(r_t)),           a_t = exp(-D_t exp(A_log))          one per channel and state
    h_t = a_t * h_{t-1} + D_t x_t B_t^T,    y_t = h_t C_t + D x_t,   out = out_proj(y * SiLU(z))
"""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Mamba2Shape:
    width: int
    heads: int
    head: int
    state: int
    groups: int
    norm_groups: int
    bias: bool = False
    conv_bias: bool = True
    limit: tuple = (0.0, float("inf"))
    epsilon: float = 1e-5
    taps: int = 4

    @property
    def inner(self):
        return self.heads * self.head

    @property
    def convolved(self):
        return self.inner + 2 * self.groups * self.state

    def random_weights(self, draw):
        w = {
            "in_proj.weight": draw.normal(self.inner + self.convolved + self.heads, self.width, std=0.4),
            "conv1d.weight": draw.normal(self.convolved, 1, self.taps, std=0.5),
            "dt_bias": draw.normal(self.heads, std=1.0, mean=-1.5),
            "A_log": draw.normal(self.heads, std=0.7, mean=0.5),
            "D": draw.normal(self.heads, std=0.3, mean=1.0),
            "norm.weight": draw.normal(self.inner, std=0.2, mean=1.0),
            "out_proj.weight": draw.normal(self.width, self.inner, std=0.3),
        }
        if self.conv_bias:
            w["conv1d.bias"] = draw.normal(self.convolved, std=0.2)
        if self.bias:
            w["in_proj.bias"] = draw.normal(self.inner + self.convolved + self.heads, std=0.3)
            w["out_proj.bias"] = draw.normal(self.width, std=0.3)
        return w


@dataclass(frozen=True)
class MambaShape:
    width: int
    inner: int
    state: int
    rank: int
    bias: bool = False
    conv_bias: bool = True
    taps: int = 4

    def random_weights(self, draw):
        w = {
            "in_proj.weight": draw.normal(2 * self.inner, self.width, std=0.4),
            "conv1d.weight": draw.normal(self.inner, 1, self.taps, std=0.5),
            "x_proj.weight": draw.normal(self.rank + 2 * self.state, self.inner, std=0.4),
            "dt_proj.weight": draw.normal(self.inner, self.rank, std=0.5),
            "dt_proj.bias": draw.normal(self.inner, std=1.0, mean=-1.5),
            "A_log": draw.normal(self.inner, self.state, std=0.7, mean=0.5),
            "D": draw.normal(self.inner, std=0.3, mean=1.0),
            "out_proj.weight": draw.normal(self.width, self.inner, std=0.3),
        }
        if self.conv_bias:
            w["conv1d.bias"] = draw.normal(self.inner, std=0.2)
        if self.bias:
            w["in_proj.bias"] = draw.normal(2 * self.inner, std=0.3)
            w["out_proj.bias"] = draw.normal(self.width, std=0.3)
        return w


def silu(x):
    return x / (1 + torch.exp(-x))


def softplus(x):
    return x.clamp(min=0) + torch.log1p(torch.exp(-x.abs()))


def project(u, w, name):
    y = u @ w[name + ".weight"].T
    return y + w[name + ".bias"] if name + ".bias" in w else y


def convolve(raw, w, taps):
    """SiLU of the sum over k of weight[k] * input[t - (taps - 1) + k]; inputs before the start are 0."""
    length = raw.shape[1]
    padded = torch.cat([raw.new_zeros(raw.shape[0], taps - 1, raw.shape[2]), raw], dim=1)
    y = sum(padded[:, k:k + length] * w["conv1d.weight"][:, 0, k] for k in range(taps))
    return silu(y + w["conv1d.bias"] if "conv1d.bias" in w else y)


def rows_of_matrix(length, entry, like):
    """Entry (i, j) for j <= i from `entry`, zeros above: [.., length, length]."""
    rows = [torch.stack([entry(i, j) if j <= i else torch.zeros_like(like) for j in range(length)], dim=-1)
            for i in range(length)]
    return torch.stack(rows, dim=-2)


def mamba2(u, w, s):
    batch, length, _ = u.shape
    z, raw, dt = project(u, w, "in_proj").split([s.inner, s.convolved, s.heads], dim=-1)
    group = s.groups * s.state
    x, b, c = convolve(raw, w, s.taps).split([s.inner, group, group], dim=-1)
    owner = torch.arange(s.heads) // (s.heads // s.groups)
    x = x.reshape(batch, length, s.heads, s.head)
    b = b.reshape(batch, length, s.groups, s.state)[:, :, owner]
    c = c.reshape(batch, length, s.groups, s.state)[:, :, owner]
    step = softplus(dt + w["dt_bias"]).clamp(s.limit[0], s.limit[1])
    log_decay = -step * w["A_log"].exp()

    state, states, ys = x.new_zeros(batch, s.heads, s.head, s.state), [], []
    for t in range(length):
        added = (step[:, t, :, None] * x[:, t])[..., None] * b[:, t, :, None, :]
        state = log_decay[:, t, :, None, None].exp() * state + added
        ys.append((state * c[:, t, :, None, :]).sum(-1) + w["D"][:, None] * x[:, t])
        states.append(state)
    y = torch.stack(ys, dim=1)

    def entry(i, j):
        decay = log_decay[:, j + 1:i + 1].sum(1).exp()
        return (c[:, i] * b[:, j]).sum(-1) * decay * step[:, j] + (w["D"] if i == j else 0)

    gated = (y.reshape(batch, length, s.inner) * silu(z)).reshape(batch, length, s.norm_groups, -1)
    normed = gated / (gated.square().mean(-1, keepdim=True) + s.epsilon).sqrt()
    output = project(normed.reshape(batch, length, s.inner) * w["norm.weight"], w, "out_proj")
    return {"x": x, "step": step, "y": y, "states": states, "output": output,
            "matrix": rows_of_matrix(length, entry, step[:, 0])}


def mamba(u, w, s):
    batch, length, _ = u.shape
    raw, z = project(u, w, "in_proj").split([s.inner, s.inner], dim=-1)
    x = convolve(raw, w, s.taps)
    r, b, c = project(x, w, "x_proj").split([s.rank, s.state, s.state], dim=-1)
    step = softplus(project(r, w, "dt_proj"))
    a = -w["A_log"].exp()

    state, states, ys = x.new_zeros(batch, s.inner, s.state), [], []
    for t in range(length):
        state = (step[:, t, :, None] * a).exp() * state + (step[:, t] * x[:, t])[..., None] * b[:, t, None, :]
        ys.append((state * c[:, t, None, :]).sum(-1) + w["D"] * x[:, t])
        states.append(state)
    y = torch.stack(ys, dim=1)

    def entry(i, j):
        decay = (step[:, j + 1:i + 1].sum(1)[..., None] * a).exp()
        reached = (c[:, None, i] * decay * b[:, None, j]).sum(-1)
        return reached * step[:, j] + (w["D"] if i == j else 0)

    return {"x": x[..., None], "step": step, "y": y[..., None], "states": states,
            "output": project(y * silu(z), w, "out_proj"), "matrix": rows_of_matrix(length, entry, step[:, 0])}
