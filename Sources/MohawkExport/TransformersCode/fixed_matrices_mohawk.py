"""Mixers whose matrices are the same for every text, in plain PyTorch: causal Toeplitz and Monarch matrices."""

import torch
from torch import nn

from .parts_mohawk import InputRows, fresh, wide


class FixedMatrices(nn.Module):
    """y_i = Σ_j M_ij v_j for each head, where M_ij follows from the places i and j in the text alone and is 0 from a
    distance of `reach` on. The state is the last values and their places."""

    section = None

    def __init__(self, config, layer):
        super().__init__()
        described, width = getattr(config, self.section), config.hidden_size
        self.heads, self.size = described["heads"], described["head_dim"]
        self.in_proj = InputRows({"v": self.heads * self.size}, width, bias=False, joined=False)
        self.out_proj = nn.Linear(self.heads * self.size, width, bias=False)

    def forward(self, u, state, angles, seen, padding, places):
        v = wide(self.in_proj(u)[0]).unflatten(-1, (-1, self.size)).transpose(1, 2)
        length, at = u.size(1), places.expand(u.size(0), -1)
        if padding is not None:
            at = at.masked_fill(~padding[:, -length:], -1)  # padding has no place in a text
        own_at = at
        if state is not None and "last_values" in state:
            v, at = torch.cat([state["last_values"], v], 2), torch.cat([state["last_places"], at], 1)
        before, rows = at.size(1) - length, []
        for start in range(0, length, self.reach):
            end = min(start + self.reach, length)
            columns = slice(max(0, before + start - self.reach + 1), before + end)
            i, j = own_at[:, start:end, None], at[:, None, columns]
            matrix = self.matrix(i, j) * ((j >= 0) & (j <= i) & (i - j < self.reach))[:, None]
            rows.append(matrix @ v[:, :, columns])
        if state is not None:
            state.update(last_values=v[:, :, -self.reach:], last_places=at[:, -self.reach:])
        return self.out_proj(torch.cat(rows, 2).transpose(1, 2).flatten(2).to(u.dtype))


class Toeplitz(FixedMatrices):
    """M_ij is a number for each distance i − j."""

    section = "toeplitz"

    def __init__(self, config, layer):
        super().__init__(config, layer)
        self.reach = config.toeplitz["taps"]
        self.kernel = fresh(self.heads, self.reach)

    def matrix(self, i, j):
        return wide(self.kernel)[:, (self.reach - 1 - (i - j)).clamp(0, self.reach - 1)].transpose(0, 1)


class Monarch(FixedMatrices):
    """Tokens stand in blocks; M_ij is dense in a token's own block, and far[r, distance of blocks] near[r, c] between
    places r and c of two blocks."""

    section = "monarch"

    def __init__(self, config, layer):
        super().__init__(config, layer)
        self.block, self.blocks = config.monarch["block"], config.monarch["reach"]
        self.reach = self.block * (self.blocks + 1)
        self.own, self.near = (fresh(self.heads, self.block, self.block) for _ in range(2))
        self.far, self.skip = fresh(self.heads, self.block, self.blocks), fresh(self.heads)

    def matrix(self, i, j):
        r, c = i % self.block, j % self.block
        distance = (i // self.block - j // self.block).clamp(min=0)
        inside = wide(self.own)[:, r, c] + wide(self.skip)[:, None, None, None] * (i == j)
        far = wide(self.far)[:, r, (distance - 1).clamp(0, self.blocks - 1)] * wide(self.near)[:, r, c]
        return torch.where(distance == 0, inside, far * (distance <= self.blocks)).transpose(0, 1)
