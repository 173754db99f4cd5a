"""State-space mixers in plain PyTorch: Mamba, Mamba-2 and Discrete-Mamba-2.

They mix a whole text in chunks, and go on from a state of constant size, one token at a time. Step sizes, decays and
states are computed in float32 or wider.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from .attention_mohawk import KeptHeads, score_parts, window_mix
from .parts_mohawk import InputRows, RMSNorm, Taps, convolve, fresh, wide


def ssd(x, b, c, log_decay, chunk, state):
    """h_t = exp(log_decay_t) h_{t−1} + x_t b_tᵀ, y_t = h_t c_t for a whole text, in chunks (Dao and Gu 2024).

    x is [batch, length, heads, headDim], b and c are [batch, length, heads, stateDim], log_decay is [batch, length,
    heads]; the state before and after is [batch, heads, headDim, stateDim] in the type of log_decay.
    """
    length, chunk = x.size(1), min(chunk, x.size(1))
    rest = -length % chunk  # tokens that bring nothing and forget nothing
    x, b, c, logs = (F.pad(t.transpose(1, 2), (0, 0, 0, rest)).unflatten(2, (-1, chunk))
                     for t in (x, b, c, log_decay.unsqueeze(-1)))
    sums = logs.squeeze(-1).cumsum(-1)  # [batch, heads, chunks, chunk]
    later = torch.ones(chunk, chunk, dtype=torch.bool, device=x.device).triu(1)
    decay = (sums.unsqueeze(-1) - sums.unsqueeze(-2)).masked_fill(later, -math.inf).exp()
    y = (c @ b.mT * decay.to(x.dtype)) @ x
    ends = sums[..., -1:]
    own = (x.mT @ (b * (ends - sums).exp().unsqueeze(-1).to(b.dtype))).to(sums.dtype)
    survival, entering = ends.exp().unsqueeze(-1), []
    for n in range(own.size(2)):
        entering.append(state)
        state = state * survival[:, :, n] + own[:, :, n]
    before = torch.stack(entering, 2).to(c.dtype)
    y = y + (c * sums.exp().unsqueeze(-1).to(c.dtype)) @ before.mT
    return y.flatten(2, 3)[:, :, :length].transpose(1, 2), state


class StateSpaceMixer(nn.Module):
    """What Mamba-2 and Discrete-Mamba-2 share: h_t = a_t h_{t−1} + x_t B_tᵀ, y_t = h_t C_t + D x_t, behind a causal
    convolution of x, B and C and before a gate."""

    def __init__(self, width, heads, head_dim, groups, own, last, bias=False, taps_bias=True, joined=False):
        super().__init__()
        inner, self.bc, self.n, self.chunk = heads * head_dim, groups * own["state"], own["state"], own["chunk"]
        self.head_dim, self.repeats, self.joined = head_dim, heads // groups, joined
        rows = {"x": inner, "bc": 2 * self.bc, "z": inner, last: heads}
        self.in_proj = InputRows(rows, width, bias, joined)
        taps = own["convolution"]
        self.conv1d = Taps(inner + 2 * self.bc, taps, taps_bias) if joined else nn.ModuleDict(
            {name: Taps(rows[name], taps, taps_bias) for name in ("x", "bc")})
        self.D = fresh(heads)
        self.out_proj = nn.Linear(inner, width, bias=bias)

    def beside(self, u, x, y, state, padding, places):
        """What becomes of the recurrent part's y [batch, length, heads, headDim]."""
        return y

    def forward(self, u, state, angles, seen, padding, places):
        x, bc, z, dt = self.in_proj(u)
        shown = None if padding is None else padding[:, -u.size(1):, None]
        xbc = torch.cat([x, bc], -1)
        taps = [self.conv1d] if self.joined else list(self.conv1d.values())
        xbc = self.activation(convolve(taps, xbc if shown is None else xbc * shown, state))
        x, b, c = xbc.split([x.size(-1), self.bc, self.bc], -1)
        x = x.unflatten(-1, (-1, self.head_dim))
        b, c = (t.unflatten(-1, (-1, self.n)).repeat_interleave(self.repeats, 2) for t in (b, c))
        step, log_decay = self.decay(dt)
        scaled = x if step is None else x * step.to(x.dtype).unsqueeze(-1)
        if shown is not None:
            scaled, log_decay = scaled * shown.unsqueeze(-1), log_decay * shown
        memory = state.get("memory") if state else None
        if memory is not None and u.size(1) == 1:
            inputs = scaled[:, 0].to(memory.dtype).unsqueeze(-1) * b[:, 0].to(memory.dtype).unsqueeze(-2)
            memory = memory * log_decay[:, 0].exp()[..., None, None] + inputs
            y = (memory @ c[:, 0].to(memory.dtype).unsqueeze(-1)).squeeze(-1).unsqueeze(1).to(x.dtype)
        else:
            if memory is None:
                memory = log_decay.new_zeros(x.size(0), x.size(2), self.head_dim, self.n)
            y, memory = ssd(scaled, b, c, log_decay, self.chunk, memory)
        if state is not None:
            state["memory"] = memory
        y = self.beside(u, x, y + x * self.D.to(x.dtype).unsqueeze(-1), state, padding, places)
        return self.out_proj(self.gate(y.flatten(2), z))


class DiscreteMamba2(StateSpaceMixer):
    """The mixer of Phi-Mamba (Bick et al. 2024): a = sigmoid(−A_log) from the token, out = W_out (y ⊙ SiLU(z)).

    With a window, y is g · attention + (1 − g) · y, where attention mixes the same x by softmax over the last tokens and
    the first ones of the text, and g = sigmoid(window_gate). Heads that keep attention have that of all tokens instead."""

    def __init__(self, config, layer):
        own, width = config.discrete_mamba_2, config.hidden_size
        super().__init__(width, own["v_heads"], width // own["v_heads"], own["qk_heads"], own, "a_log",
                         joined=config.model_type == "phi-mamba")
        self.z_bias, self.activation, self.kept = fresh(width), nn.Identity(), None
        self.window, kept = own.get("window"), own.get("kept_heads") or {"layers": []}
        if self.window:
            score_parts(self, width, own["v_heads"], self.window["kv_heads"], self.window)
            self.window_gate = fresh(own["v_heads"])
        if layer < len(kept["layers"]) and kept["layers"][layer]:
            self.kept = KeptHeads(width, kept["attention"], sorted(kept["layers"][layer]))

    def decay(self, a_log):
        return None, -F.softplus(wide(a_log))

    def beside(self, u, x, y, state, padding, places):
        if self.window:
            mixed = window_mix(self, self.window, u, x.transpose(1, 2), state, padding, places)
            share = self.window_gate.sigmoid().to(y.dtype).unsqueeze(-1)
            y = mixed.transpose(1, 2) * share + y * (1 - share)
        if self.kept is None:
            return y
        heads, mixed = list(y.unbind(2)), self.kept(u, x, state, padding, places)
        for head, own in zip(self.kept.heads, mixed.unbind(2)):
            heads[head] = own.to(y.dtype)
        return torch.stack(heads, 2)

    def gate(self, y, z):
        return y * F.silu(z + self.z_bias)


class Mamba2(StateSpaceMixer):
    """Mamba-2 (Dao and Gu 2024): x scaled by Δ = softplus(dt + dt_bias), a = exp(−Δ exp(A_log)), SiLU, a norm."""

    def __init__(self, config, layer):
        own = config.mamba_2
        heads, head_dim = own["heads"], own["head_dim"]
        super().__init__(config.hidden_size, heads, head_dim, own["groups"], own, "dt",
                         own.get("projection_bias", False), own.get("convolution_bias", True))
        self.A_log, self.dt_bias, self.limit = fresh(heads), fresh(heads), own.get("time_step_limit") or (0, 1e9)
        groups, self.activation = own.get("norm_groups", 0), F.silu
        self.norm = RMSNorm(heads * head_dim, own.get("norm_epsilon", 1e-5), groups) if groups else None

    def decay(self, dt):
        step = F.softplus(wide(dt) + wide(self.dt_bias)).clamp(*self.limit)
        return step, -step * wide(self.A_log).exp()

    def gate(self, y, z):
        return y * F.silu(z) if self.norm is None else self.norm(y, z)


def scan(x, b, c, steps, rates, state):
    """h_t = exp(Δ_t A) ⊙ h_{t−1} + Δ_t x_t b_tᵀ, y_t = h_t c_t for a whole text, in chunks (Gu and Dao 2023).

    x and Δ are [batch, length, channels], b and c are [batch, length, stateDim], A is [channels, stateDim]; the state
    before and after is [batch, channels, stateDim].
    """
    length = x.size(1)
    chunk = math.isqrt(length - 1) + 1
    x, b, c, steps = (F.pad(t, (0, 0, 0, -length % chunk)).unflatten(1, (-1, chunk)) for t in (x * steps, b, c, steps))

    def walk(h):
        for t in range(chunk):
            h = h * (steps[:, :, t, :, None] * rates).exp() + x[:, :, t, :, None] * b[:, :, t, None, :]
            yield h

    *_, own = walk(torch.zeros_like(state).unsqueeze(1))
    survival, entering = (steps.sum(2).unsqueeze(-1) * rates).exp(), []
    for n in range(x.size(1)):
        entering.append(state)
        state = state * survival[:, n] + own[:, n]
    y = [(h @ c[:, :, t, :, None]).squeeze(-1) for t, h in enumerate(walk(torch.stack(entering, 1)))]
    return torch.stack(y, 2).flatten(1, 2)[:, :length], state


class Mamba(nn.Module):
    """Mamba (Gu and Dao 2023): a scan with a state for every channel, behind a causal convolution and before a gate."""

    def __init__(self, config, layer):
        super().__init__()
        own, width, bias = config.mamba, config.hidden_size, config.mamba.get("projection_bias", False)
        inner, self.sizes = own["width"], [own["step_rank"], own["state"], own["state"]]
        self.in_proj = InputRows({"x": inner, "z": inner}, width, bias, joined=False)
        self.conv1d = Taps(inner, own["convolution"], own.get("convolution_bias", True))
        self.x_proj = nn.Linear(inner, sum(self.sizes), bias=False)
        self.dt_proj = nn.Linear(own["step_rank"], inner)
        self.A_log, self.D = fresh(inner, own["state"]), fresh(inner)
        self.out_proj = nn.Linear(inner, width, bias=bias)

    def forward(self, u, state, angles, seen, padding, places):
        x, z = self.in_proj(u)
        shown = None if padding is None else padding[:, -u.size(1):, None]
        memory = state.get("memory") if state else None
        x = F.silu(convolve([self.conv1d], x if shown is None else x * shown, state))
        dt, b, c = self.x_proj(x).split(self.sizes, -1)
        steps = F.softplus(wide(F.linear(dt, self.dt_proj.weight)) + wide(self.dt_proj.bias))
        steps = steps if shown is None else steps * shown
        if memory is None:
            memory = steps.new_zeros(x.size(0), *self.A_log.shape)
        y, memory = scan(wide(x), wide(b), wide(c), steps, -wide(self.A_log).exp(), memory)
        if state is not None:
            state["memory"] = memory
        return self.out_proj((y + wide(x) * wide(self.D)).to(x.dtype) * F.silu(z))
