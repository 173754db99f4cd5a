"""The mixers of swift-mohawk's students in plain PyTorch: attention, Mamba, Mamba-2 and Discrete-Mamba-2.

State-space layers mix a whole text in chunks, and go on from a state of constant size, one token at a time. Step sizes,
decays and states are computed in float32 or wider.

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


class Attention(nn.Module):
    """Causal softmax attention with grouped keys and values, rotary positions, and maybe a soft cap on the scores."""

    def __init__(self, config, window):
        super().__init__()
        own, width = config.attention, config.hidden_size
        heads, self.window = own["num_attention_heads"], window
        groups = own.get("num_key_value_heads") or heads
        self.head_dim, self.repeats = own.get("head_dim") or width // heads, heads // groups
        bias, epsilon = own.get("bias", False), own.get("head_norm_epsilon")
        self.q_proj = nn.Linear(width, heads * self.head_dim, bias=bias)
        self.k_proj = nn.Linear(width, groups * self.head_dim, bias=bias)
        self.v_proj = nn.Linear(width, groups * self.head_dim, bias=bias)
        self.dense = nn.Linear(heads * self.head_dim, width, bias=own.get("output_bias", False))
        self.scale, self.cap = own.get("scale"), own.get("score_cap")
        self.across = bool(own.get("norms_across_heads"))
        for name, count in (("q_norm", heads), ("k_norm", groups)):
            width = count * self.head_dim if self.across else self.head_dim
            self.add_module(name, None if epsilon is None else RMSNorm(width, epsilon))

    def heads(self, x, angles=None, norm=None):
        if norm is not None and self.across:
            x = norm(x)
        x = x.unflatten(-1, (-1, self.head_dim))
        x = (x if norm is None or self.across else norm(x)).transpose(1, 2)
        return x if angles is None else rotated(x, angles)

    def mix(self, q, k, v, seen):
        """Of [batch, heads, length, headDim]; without `seen`, a query sees all keys up to its own."""
        causal = seen is None and q.size(2) > 1
        if self.cap is None:
            return F.scaled_dot_product_attention(q, k, v, attn_mask=seen, is_causal=causal, scale=self.scale)
        if causal:
            seen = torch.ones(q.size(2), k.size(2), dtype=torch.bool, device=q.device).tril()
        scale = self.head_dim ** -0.5 if self.scale is None else self.scale
        scores = ((q @ k.mT) * (scale / self.cap)).tanh() * self.cap
        scores = wide(scores if seen is None else scores.masked_fill(~seen, -math.inf))
        return scores.softmax(-1).to(v.dtype) @ v

    def forward(self, u, state, angles, seen, padding, places):
        q = self.heads(self.q_proj(u), angles, self.q_norm)
        k, v = self.heads(self.k_proj(u), angles, self.k_norm), self.heads(self.v_proj(u))
        if state is not None:
            if state:
                k, v = torch.cat([state["keys"], k], 2), torch.cat([state["values"], v], 2)
            first = 0 if self.window is None else max(0, k.size(2) - self.window + 1)
            state.update(keys=k[:, :, first:], values=v[:, :, first:])
        k, v = k.repeat_interleave(self.repeats, 1), v.repeat_interleave(self.repeats, 1)
        mixed = self.mix(q, k, v, seen)
        return self.dense(mixed.transpose(1, 2).flatten(2))


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
    the first ones of the text, and g = sigmoid(window_gate)."""

    def __init__(self, config):
        own, width = config.discrete_mamba_2, config.hidden_size
        super().__init__(width, own["v_heads"], width // own["v_heads"], own["qk_heads"], own, "a_log",
                         joined=config.model_type == "phi-mamba")
        self.z_bias, self.activation = fresh(width), nn.Identity()
        self.window = own.get("window")
        if self.window:
            groups, wide_head, bias = (self.window.get(key) for key in ("kv_heads", "head_dim", "bias"))
            self.q_proj = nn.Linear(width, own["v_heads"] * wide_head, bias=bool(bias))
            self.k_proj = nn.Linear(width, groups * wide_head, bias=bool(bias))
            self.window_gate, epsilon = fresh(own["v_heads"]), self.window.get("head_norm_epsilon")
            self.q_norm = nn.Identity() if epsilon is None else RMSNorm(wide_head, epsilon)
            self.k_norm = nn.Identity() if epsilon is None else RMSNorm(wide_head, epsilon)

    def decay(self, a_log):
        return None, -F.softplus(wide(a_log))

    def beside(self, u, x, y, state, padding, places):
        if not self.window:
            return y
        own, length = self.window, u.size(1)
        tables = rotary_tables(own, own["head_dim"], places)
        q, k = (rotated(norm(p(u).unflatten(-1, (-1, own["head_dim"]))).transpose(1, 2), tables)
                for p, norm in ((self.q_proj, self.q_norm), (self.k_proj, self.k_norm)))
        v, at = x.transpose(1, 2), places.expand(u.size(0), -1)
        if padding is not None:
            at = at.masked_fill(~padding[:, -length:], -1)  # padding has no place in a text
        own_at = at
        if state is not None and "window_keys" in state:
            k, v = torch.cat([state["window_keys"], k], 2), torch.cat([state["window_values"], v], 2)
            at = torch.cat([state["window_places"], at], 1)
        distance, sinks = own_at[:, :, None] - at[:, None, :], own.get("sinks", 0)
        seen = (at >= 0)[:, None] & (distance >= 0) & ((distance < own["tokens"]) | (at < sinks)[:, None])
        columns = torch.arange(at.size(1), device=at.device)
        seen = seen | (columns[-length:, None] == columns)  # padding sees itself, so that no row is empty
        mixed = F.scaled_dot_product_attention(q, k.repeat_interleave(q.size(1) // k.size(1), 1), v,
                                               attn_mask=seen[:, None], scale=own.get("scale"))
        if state is not None:  # what the next tokens see of any text
            kept = ((at >= 0) & ((at[:, -1:] - at < own["tokens"] - 1) | (at < sinks))).any(0)
            state.update(window_keys=k[:, :, kept], window_values=v[:, :, kept], window_places=at[:, kept])
        share = self.window_gate.sigmoid().to(y.dtype).unsqueeze(-1)
        return mixed.transpose(1, 2) * share + y * (1 - share)

    def gate(self, y, z):
        return y * F.silu(z + self.z_bias)


class Mamba2(StateSpaceMixer):
    """Mamba-2 (Dao and Gu 2024): x scaled by Δ = softplus(dt + dt_bias), a = exp(−Δ exp(A_log)), SiLU, a norm."""

    def __init__(self, config):
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

    def __init__(self, config):
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
