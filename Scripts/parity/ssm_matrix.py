"""The matrix [batch, heads, length, length] by which a Mamba-2 layer of transformers mixes x after its convolution."""

import torch
from torch.nn import functional

from check import relative


def matrix(mixer, u):
    """Row i, column j: C_i . B_j times the decays of tokens j+1 ... i and the step of token j; D on the diagonal.

    Multiplies x by it and finishes the layer, to see that it is the layer's own.
    """
    batch, length, _ = u.shape
    heads, groups, state = mixer.num_heads, mixer.n_groups, mixer.ssm_state_size
    z, raw, dt = mixer.in_proj(u).split([mixer.intermediate_size, mixer.conv_dim, heads], dim=-1)
    convolved = functional.silu(mixer.conv1d(raw.transpose(1, 2))[..., :length].transpose(1, 2))
    x, b, c = convolved.split([mixer.intermediate_size, groups * state, groups * state], dim=-1)
    b, c = (v.reshape(batch, length, groups, state).repeat_interleave(heads // groups, 2).double() for v in (b, c))
    step = functional.softplus(dt + mixer.dt_bias).clamp(*mixer.time_step_limit).double()
    until = (-step * mixer.A_log.double().exp()).cumsum(1).transpose(1, 2)
    decay = (until[..., :, None] - until[..., None, :]).exp()
    found = (torch.einsum("bihn,bjhn->bhij", c, b) * decay * step.transpose(1, 2)[:, :, None, :]).tril()
    found = found + torch.diag_embed(mixer.D.double()[None, :, None].expand(batch, heads, length))
    mixed = torch.einsum("bhij,bjhp->bihp", found, x.reshape(batch, length, heads, -1).double())
    output = mixer.out_proj(mixer.norm(mixed.reshape(batch, length, -1).to(u.dtype), z))
    difference = relative(output, mixer(u))
    if difference > 1e-4:
        raise AssertionError(f"the matrix is not that of {type(mixer).__name__}: {difference:.1e}")
    return found
