"""Phi and its Phi-Mamba student in plain PyTorch, written for speed on a CPU with what PyTorch itself offers.

Parameters, shapes, initial distributions and arithmetic are those of this package's Phi and Discrete-Mamba-2.
"""
import functools

import torch
import torch.nn as nn
import torch.nn.functional as F

# MKL's exp is many times slower where its result underflows, and exp(-40) is nothing beside 1.
FLOOR = -40.0


@functools.lru_cache
def above_diagonal(length, dtype):
    """0 on and below the diagonal, very negative above: adding it is faster than masked_fill."""
    return torch.full((length, length), -1e30).triu_(1).to(dtype)


def decay_matrix(sums):
    """exp(s_i - s_j) for j <= i, next to 0 elsewhere. sums [..., length]: cumulative log-decays, fp32.

    Mask and clamp are hidden from autograd: the gradient there is multiplied by exp(FLOOR) anyway.
    """
    differences = sums.unsqueeze(-1) - sums.unsqueeze(-2)
    with torch.no_grad():
        differences.add_(above_diagonal(sums.shape[-1], sums.dtype)).clamp_(min=FLOOR)
    return differences.exp_()


def chunked_ssd(x, logs, b, c, chunk):
    """y = (L * (C B^T)) x. x [batch, heads, length, p]; logs [batch, heads, length]; b, c [batch, heads, length, n]."""
    batch, heads, length, p = x.shape
    n, count = b.shape[-1], length // chunk
    x, b, c = (t.view(batch, heads, count, chunk, -1) for t in (x, b, c))
    sums = logs.view(batch, heads, count, chunk).cumsum(-1)
    y = ((c @ b.transpose(-1, -2)) * decay_matrix(sums).to(x.dtype)) @ x
    if count > 1:
        ends = sums[..., -1]
        own = (b * (ends.unsqueeze(-1) - sums).exp().unsqueeze(-1).to(b.dtype)).transpose(-1, -2) @ x
        between = decay_matrix(ends.cumsum(-1)[..., :-1]).to(x.dtype)
        entering = (between @ own[:, :, :-1].reshape(batch, heads, count - 1, n * p)).view(batch, heads, count - 1, n, p)
        rest = (c[:, :, 1:] * sums[:, :, 1:].exp().unsqueeze(-1).to(c.dtype)) @ entering
        y = torch.cat([y[:, :, :1], y[:, :, 1:] + rest], dim=2)
    return y.reshape(batch, heads, length, p)


def causal_convolution(x, weight, bias):
    """Depth-wise, x [batch, length, channels], weight [channels, 1, taps]; the last tap meets the current token."""
    taps, length = weight.shape[2], x.shape[1]
    padded = F.pad(x.to(weight.dtype), (0, 0, taps - 1, 0))  # addcmul is slow in bf16
    y = torch.addcmul(bias, padded[:, :length], weight[:, 0, 0])
    for tap in range(1, taps):
        y = torch.addcmul(y, padded[:, tap:tap + length], weight[:, 0, tap])
    return y.to(x.dtype)


class DiscreteMamba2(nn.Module):
    def __init__(self, d, layers, heads, state, chunk=64, taps=4):
        super().__init__()
        self.heads, self.state, self.chunk = heads, state, chunk

        def uniform(*shape, bound=d ** -0.5):
            return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))

        def identity(channels):
            weight = torch.zeros(channels, 1, taps)
            weight[:, :, -1] = 1
            return nn.Parameter(weight)

        self.x, self.a_log = uniform(d, d), uniform(heads, d)
        self.bc = uniform(2 * heads * state, d)
        self.z, self.z_bias = nn.Parameter(torch.zeros(d, d)), nn.Parameter(torch.full((d,), 1.278464542761))
        self.conv_x, self.conv_x_bias = identity(d), nn.Parameter(torch.zeros(d))
        self.conv_bc, self.conv_bc_bias = identity(2 * heads * state), nn.Parameter(torch.zeros(2 * heads * state))
        self.D = nn.Parameter(torch.ones(heads))
        self.out = uniform(d, d, bound=(d * layers) ** -0.5)

    def of_matrix(self):
        """The parameters that the matrix depends on."""
        return [self.bc, self.a_log, self.conv_bc, self.conv_bc_bias, self.D]

    def heads_first(self, t):
        return t.view(t.shape[0], t.shape[1], self.heads, -1).transpose(1, 2).contiguous()

    def operands(self, u):
        bc = causal_convolution(F.linear(u, self.bc), self.conv_bc, self.conv_bc_bias)
        b, c = bc.split(self.heads * self.state, dim=-1)
        logs = -F.softplus(F.linear(u, self.a_log).float()).transpose(1, 2)
        return self.heads_first(b), self.heads_first(c), logs

    def matrix(self, u):
        b, c, logs = self.operands(u)
        matrix = (c @ b.transpose(-1, -2)) * decay_matrix(logs.cumsum(-1))
        matrix.diagonal(dim1=-2, dim2=-1).add_(self.D.view(1, -1, 1))
        return matrix

    def forward(self, u):
        batch, length, d = u.shape
        x = self.heads_first(causal_convolution(F.linear(u, self.x), self.conv_x, self.conv_x_bias))
        b, c, logs = self.operands(u)
        y = chunked_ssd(x, logs, b, c, self.chunk) + x * self.D.view(1, -1, 1, 1)
        gate = F.silu(F.linear(u, self.z) + self.z_bias)
        return F.linear(y.transpose(1, 2).reshape(batch, length, d) * gate, self.out)


def linear(inputs, outputs, deviation):
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=deviation)
    nn.init.zeros_(layer.bias)
    return layer


class Attention(nn.Module):
    def __init__(self, d, layers, heads, length):
        super().__init__()
        self.heads, self.width = heads, d // heads
        self.q, self.k, self.v = (linear(d, d, d ** -0.5) for _ in range(3))
        self.o = linear(d, d, (2 * layers * d) ** -0.5)
        self.turned = self.width // 2
        rates = 10000.0 ** (-torch.arange(0, self.turned, 2, dtype=torch.float64) / self.turned)
        angles = torch.outer(torch.arange(length, dtype=torch.float64), rates).repeat(1, 2)
        self.register_buffer("cos", angles.cos().float(), persistent=False)
        self.register_buffer("sin", angles.sin().float(), persistent=False)

    def rotate(self, t):
        head, rest = t[..., :self.turned], t[..., self.turned:]
        first, second = head.chunk(2, dim=-1)
        cos, sin = self.cos.to(t.dtype), self.sin.to(t.dtype)
        return torch.cat([head * cos + torch.cat([-second, first], -1) * sin, rest], -1)

    def split(self, t):
        return t.view(t.shape[0], t.shape[1], self.heads, self.width).transpose(1, 2)

    def matrix(self, u):
        return self.weights(self.rotate(self.split(self.q(u))), self.rotate(self.split(self.k(u))))

    def weights(self, q, k):
        scores = q @ (k * self.width ** -0.5).transpose(-1, -2)
        return scores.add_(above_diagonal(q.shape[2], scores.dtype)).softmax(-1)

    def matrix_and_output(self, u):
        weights = self.matrix(u)
        return weights, self.o((weights @ self.split(self.v(u))).transpose(1, 2).flatten(2))

    def forward(self, u):
        q, k, v = self.rotate(self.split(self.q(u))), self.rotate(self.split(self.k(u))), self.split(self.v(u))
        return self.o(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, d, layers, mixer):
        super().__init__()
        self.norm, self.mixer = nn.LayerNorm(d), mixer
        self.fc1, self.fc2 = linear(d, 4 * d, d ** -0.5), linear(4 * d, d, (8 * layers * d) ** -0.5)

    def finish(self, hidden, u, mixed):
        return hidden + mixed + self.fc2(F.gelu(self.fc1(u), approximate="tanh"))

    def forward(self, hidden):
        u = self.norm(hidden)
        return self.finish(hidden, u, self.mixer(u))


class Phi(nn.Module):
    def __init__(self, d, layers, vocabulary, make_mixer):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, d)
        nn.init.normal_(self.embedding.weight, std=0.5)
        self.blocks = nn.ModuleList(Block(d, layers, make_mixer()) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(d), linear(d, vocabulary, 0.02)

    def hidden(self, ids):
        hidden = self.embedding(ids)
        for block in self.blocks:
            hidden = block(hidden)
        return self.norm(hidden)


def pair(d, layers, heads, state, vocabulary, length):
    """A drawn teacher, frozen, and its student with all that a student takes over."""
    torch.manual_seed(0)
    teacher = Phi(d, layers, vocabulary, lambda: Attention(d, layers, heads, length)).requires_grad_(False)
    student = Phi(d, layers, vocabulary, lambda: DiscreteMamba2(d, layers, heads, state))
    student.load_state_dict({k: v for k, v in teacher.state_dict().items() if ".mixer." not in k}, strict=False)
    return teacher, student
