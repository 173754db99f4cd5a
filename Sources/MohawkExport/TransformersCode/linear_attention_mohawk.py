"""Mixers of keys and values in plain PyTorch: linear attention, gated linear attention, delta rules, and states that
every token rotates.

A head's state is [stateDim, headDim]; it takes in a key and a value with every token, and gives what it holds under the
query. States, keys and decays are computed in float32 or wider.
"""

import torch
from torch import nn
from torch.nn import functional as F

from .parts_mohawk import InputRows, RMSNorm, Taps, convolve, fresh, rotary_tables, rotated, wide
from .state_space_mohawk import ssd


def keyed_chunks(q, k, v, beta, log_decay, state):
    """S_t = Diag(a_t) S_{t−1} + k_t v_tᵀ, y_t = S_tᵀ q_t, or with rates β the delta rule
    S_t = (I − β_t k_t k_tᵀ) Diag(a_t) S_{t−1} + β_t k_t v_tᵀ, for a whole text in chunks (Yang et al. 2024).

    q and k are [batch, length, heads, stateDim], v is [batch, length, heads, headDim], beta None or [batch, length,
    heads], log_decay [batch, length, heads, stateDim or 1], the state before and after [batch, heads, stateDim, headDim].
    """
    length, alike = q.size(1), log_decay.size(-1) == 1
    size = min(64 if alike else 16, length)
    rest = -length % size  # tokens that bring nothing and forget nothing
    parts = [q, k, v, log_decay] + ([] if beta is None else [beta.unsqueeze(-1)])
    q, k, v, logs, *rates = (F.pad(t.transpose(1, 2), (0, 0, 0, rest)).unflatten(2, (-1, size)) for t in parts)
    sums = logs.cumsum(-2)  # [batch, heads, chunks, size, stateDim or 1]
    # Above the diagonal decays would grow; there they are 1 and cut off.
    decays = ((sums - sums.mT) if alike else (sums.unsqueeze(-2) - sums.unsqueeze(-3))).clamp(max=0).exp()

    def products(rows):
        return (rows @ k.mT) * decays if alike else (rows.unsqueeze(-2) * (k.unsqueeze(-3) * decays)).sum(-1)

    scores, read, ends = products(q).tril(), None, sums[..., -1:, :]
    if rates:
        known = products(k * rates[0]).tril(-1) + torch.eye(size, dtype=k.dtype, device=k.device)
        both = torch.cat([v * rates[0], k * rates[0] * sums.exp()], -1)
        v, read = torch.linalg.solve_triangular(known, both, upper=False, unitriangular=True).split(
            [v.size(-1), k.size(-1)], -1)
    queries, leaves, survival, rows = q * sums.exp(), (k * (ends - sums).exp()).mT, ends.exp().mT, []
    for n in range(q.size(2)):
        new = v[:, :, n] if read is None else v[:, :, n] - read[:, :, n] @ state
        rows.append(queries[:, :, n] @ state + scores[:, :, n] @ new)
        state = state * survival[:, :, n] + leaves[:, :, n] @ new
    return torch.cat(rows, 2)[:, :, :length].transpose(1, 2), state


def unit(x):
    """Of unit length."""
    return x * (x.square().sum(-1, keepdim=True) + 1e-6).rsqrt()


class GatedMixer(nn.Module):
    """Queries, keys and values of one projection, maybe behind a causal convolution and SiLU, a state, and behind it a
    norm for each head, a gate and the output projection."""

    section, gate = None, staticmethod(F.silu)

    def __init__(self, config, layer):
        super().__init__()
        self.own, width = getattr(config, self.section), config.hidden_size
        self.heads, self.size, self.n, groups = (self.own[k] for k in ("heads", "head_dim", "state_dim", "qk_heads"))
        self.repeats, inner = self.heads // groups, self.heads * self.size
        shared, taps = {"q": groups * self.n, "k": groups * self.n, "v": inner}, self.own.get("conv_width")
        self.in_proj = InputRows(shared | self.rows(inner), width, bias=False, joined=False)
        if taps:
            self.conv1d = nn.ModuleDict({name: Taps(count, taps, False) for name, count in shared.items()})
        self.shared, self.convolved = list(shared.values()), bool(taps)
        self.norm, self.out_proj = RMSNorm(self.size, self.own["norm_epsilon"]), nn.Linear(inner, width, bias=False)

    def mix(self, q, k, v, rates, memory):
        """y [batch, length, heads, headDim] and the next state, by what `rates` gave."""
        return keyed_chunks(q, k, v, *rates, memory)

    def forward(self, u, state, angles, seen, padding, places):
        q, k, v, *others = self.in_proj(u)
        shown = None if padding is None else padding[:, -u.size(1):, None]
        if self.convolved:
            x = torch.cat([q, k, v], -1)
            x = convolve(list(self.conv1d.values()), x if shown is None else x * shown, state)
            q, k, v = F.silu(x).split(self.shared, -1)
        q, k = (self.keys(wide(t).unflatten(-1, (-1, self.n))).repeat_interleave(self.repeats, 2) for t in (q, k))
        v = wide(v).unflatten(-1, (-1, self.size))
        gate, *rates = self.rates(others)
        if shown is not None:  # padding neither writes nor forgets
            v, *rates = (t if t is None else t * shown.view(*shown.shape, *(1,) * (t.dim() - 3)) for t in (v, *rates))
        memory = state.get("memory") if state else None
        if memory is None:
            memory = v.new_zeros(v.size(0), self.heads, self.n, self.size)
        y, memory = self.mix(q * self.n ** -0.5, k, v, rates, memory)
        if state is not None:
            state["memory"] = memory
        gate = self.gate(wide(gate)).unflatten(-1, (-1, self.size))
        return self.out_proj((self.norm(y) * gate).flatten(2).to(u.dtype))


class GatedDeltaNet(GatedMixer):
    """The gated delta rule over keys of unit length (Yang, Kautz and Hatamizadeh 2024)."""

    section, keys = "gated_deltanet", staticmethod(unit)

    def __init__(self, config, layer):
        super().__init__(config, layer)
        self.A_log, self.dt_bias = fresh(self.heads), fresh(self.heads)

    def rows(self, inner):
        return {"z": inner, "b": self.own["heads"], "a": self.own["heads"]}

    def rates(self, others):
        z, b, a = others
        step = F.softplus(wide(a) + wide(self.dt_bias))
        return z, wide(b).sigmoid(), -(step * wide(self.A_log).exp()).unsqueeze(-1)


class KimiDelta(GatedMixer):
    """Kimi Delta Attention (Kimi Team 2025): the delta rule with a decay for every channel of the keys."""

    section, keys, gate = "kimi_delta", staticmethod(unit), staticmethod(torch.sigmoid)

    def __init__(self, config, layer):
        super().__init__(config, layer)
        rank, channels = self.own["gate_rank"], self.heads * self.n
        self.f_proj, self.g_proj = nn.Linear(rank, channels, bias=False), nn.Linear(rank, self.heads * self.size)
        self.A_log, self.dt_bias = fresh(self.heads), fresh(channels)

    def rows(self, inner):
        return {"f": self.own["gate_rank"], "b": self.own["heads"], "g": self.own["gate_rank"]}

    def rates(self, others):
        f, b, g = others
        step = F.softplus(wide(self.f_proj(f)) + wide(self.dt_bias)).unflatten(-1, (-1, self.n))
        return self.g_proj(g), wide(b).sigmoid(), -(step * wide(self.A_log).exp().unsqueeze(-1))


class GatedLinear(GatedMixer):
    """Gated linear attention (Yang et al. 2023): each channel of the keys forgets at a rate of its own."""

    section, keys = "gated_linear_attention", staticmethod(lambda x: x)

    def __init__(self, config, layer):
        super().__init__(config, layer)
        self.f_proj = nn.Linear(self.own["gate_rank"], self.heads * self.n)

    def rows(self, inner):
        return {"z": inner, "f": self.own["gate_rank"]}

    def rates(self, others):
        z, f, *_ = others
        logs = F.logsigmoid(wide(self.f_proj(f))) / self.own["gate_divisor"]
        return z, None, logs.unflatten(-1, (-1, self.n))


class Semiseparable(GatedLinear):
    """Gated linear attention whose state every token rotates in some planes, each by two reflections: token by token."""

    section = "semiseparable"

    def rows(self, inner):
        normals = self.own["heads"] * self.own["planes"] * self.own["state_dim"]
        return super().rows(inner) | {"plane": normals, "rotation": normals}

    def rates(self, others):
        plane, rotation = (wide(t).unflatten(-1, (self.heads, -1, self.n)) for t in others[2:])
        normals = torch.stack([plane, plane + rotation], -2).flatten(-3, -2)
        return *super().rates(others), normals

    def mix(self, q, k, v, rates, memory):
        _, logs, normals = rates
        normals, rows = normals * (normals.square().sum(-1, keepdim=True) + 1e-20).rsqrt(), []
        for t in range(q.size(1)):
            for n in normals[:, t].unbind(2):
                memory = memory - 2 * n.unsqueeze(-1) * (n.unsqueeze(-2) @ memory)
            memory = memory * logs[:, t].exp().unsqueeze(-1) + k[:, t].unsqueeze(-1) * v[:, t].unsqueeze(-2)
            rows.append((q[:, t].unsqueeze(-2) @ memory).squeeze(-2))
        return torch.stack(rows, 1), memory


class LinearAttention(nn.Module):
    """Σ φ(q_i) · φ(k_j) v_j with φ(x) = x, and a norm for each head behind it."""

    section, divides = "linear_attention", False

    def __init__(self, config, layer):
        super().__init__()
        self.own, width = getattr(config, self.section), config.hidden_size
        self.heads, self.size, self.n, groups = (self.own[k] for k in ("heads", "head_dim", "state_dim", "qk_heads"))
        self.repeats, self.groups = self.heads // groups, groups
        self.positions = {"partial_rotary_factor": self.own["rotary_dim"] / self.n,
                          "rope_theta": self.own["rotary_base"]}
        rows = {"q": groups * self.n, "k": groups * self.n, "v": self.heads * self.size}
        self.in_proj = InputRows(rows, width, bias=False, joined=False)
        self.norm = None if self.divides else RMSNorm(self.size, self.own["norm_epsilon"])
        self.out_proj = nn.Linear(self.heads * self.size, width, bias=False)

    def features(self, x, name):
        """Of x [batch, length, heads, stateDim]."""
        return x * self.n ** -0.5 if name == "q" else x

    def forward(self, u, state, angles, seen, padding, places):
        q, k, v = self.in_proj(u)
        tables = rotary_tables(self.positions, self.n, places)
        q, k = (rotated(wide(t).unflatten(-1, (-1, self.n)).transpose(1, 2), tables).transpose(1, 2) for t in (q, k))
        q, k = (self.features(t, name).repeat_interleave(self.repeats, 2) for t, name in ((q, "q"), (k, "k")))
        v = wide(v).unflatten(-1, (-1, self.size))
        if self.divides:  # a 1 behind the values collects the sums by which rows are divided
            v = F.pad(v, (0, 1), value=1.0)
        if padding is not None:
            v = v * padding[:, -u.size(1):, None, None]
        memory = state.get("memory") if state else None
        if memory is None:
            memory = v.new_zeros(v.size(0), self.heads, v.size(-1), q.size(-1))
        y, memory = ssd(v, k, q, v.new_zeros(v.shape[:3]), self.own["chunk"], memory)
        if state is not None:
            state["memory"] = memory
        y = y[..., :-1] / (y[..., -1:] + 1e-6) if self.divides else self.norm(y)
        return self.out_proj(y.flatten(2).to(u.dtype))


class ELULinearAttention(LinearAttention):
    """φ(x) = 1 + ELU(x) (Katharopoulos et al. 2020), rows divided by their sums."""

    section, divides = "elu_linear_attention", True

    def features(self, x, name):
        return 1 + F.elu(x)


class Hedgehog(LinearAttention):
    """φ(x) = softmax of W x and of −W x, W a matrix for each head (Zhang et al. 2024), rows divided by their sums."""

    section, divides = "hedgehog", True

    def __init__(self, config, layer):
        super().__init__(config, layer)
        self.feature_map = nn.ParameterDict({name: fresh(self.groups, self.n, self.n) for name in ("q", "k")})

    def features(self, x, name):
        x = x + (x.unsqueeze(-2) @ wide(self.feature_map[name])).squeeze(-2)
        return torch.cat([x.softmax(-1), (-x).softmax(-1)], -1)
