"""Softmax attention in plain PyTorch: over all tokens before, over a window of them, or in single heads of a mixer."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from .parts_mohawk import RMSNorm, rotary_tables, rotated, visibility, wide


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


def score_parts(mixer, width, heads, groups, own):
    """Gives a mixer the queries of `heads` and the keys of `groups` heads of an attention."""
    size, bias, epsilon = own["head_dim"], bool(own.get("bias")), own.get("head_norm_epsilon")
    mixer.q_proj = nn.Linear(width, heads * size, bias=bias)
    mixer.k_proj = nn.Linear(width, groups * size, bias=bias)
    mixer.q_norm = nn.Identity() if epsilon is None else RMSNorm(size, epsilon)
    mixer.k_norm = nn.Identity() if epsilon is None else RMSNorm(size, epsilon)


def scored(mixer, own, u, places):
    """Queries and keys, [batch, heads, length, headDim], rotated."""
    tables = rotary_tables(own, own["head_dim"], places)
    return (rotated(norm(rows(u).unflatten(-1, (-1, own["head_dim"]))).transpose(1, 2), tables)
            for rows, norm in ((mixer.q_proj, mixer.q_norm), (mixer.k_proj, mixer.k_norm)))


def window_mix(mixer, own, u, v, state, padding, places):
    """Softmax attention over the last tokens and the first of each text; v is [batch, heads or groups, length, ·]."""
    (q, k), length, at = scored(mixer, own, u, places), u.size(1), places.expand(u.size(0), -1)
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
    mixed = F.scaled_dot_product_attention(
        q, *(t.repeat_interleave(q.size(1) // t.size(1), 1) for t in (k, v)), attn_mask=seen[:, None],
        scale=own.get("scale"))
    if state is not None:  # what the next tokens see of any text
        kept = ((at >= 0) & ((at[:, -1:] - at < own["tokens"] - 1) | (at < sinks))).any(0)
        state.update(window_keys=k[:, :, kept], window_values=v[:, :, kept], window_places=at[:, kept])
    return mixed


class SlidingWindowAttention(nn.Module):
    """Softmax attention over the last tokens and the first ones of the text, and nothing beside it."""

    def __init__(self, config, layer):
        super().__init__()
        self.own, width = config.sliding_window_attention, config.hidden_size
        heads, groups, size = (self.own[key] for key in ("heads", "kv_heads", "head_dim"))
        score_parts(self, width, heads, groups, self.own)
        self.v_proj = nn.Linear(width, groups * size, bias=bool(self.own.get("bias")))
        self.out_proj = nn.Linear(heads * size, width, bias=bool(self.own.get("output_bias")))

    def forward(self, u, state, angles, seen, padding, places):
        v = self.v_proj(u).unflatten(-1, (-1, self.own["head_dim"])).transpose(1, 2)
        mixed = window_mix(self, self.own, u, v, state, padding, places)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))


class KeptHeads(nn.Module):
    """Single heads of an attention over all tokens before, whose values are the mixer's."""

    def __init__(self, width, own, heads):
        super().__init__()
        self.own, self.heads = own, heads
        shared = own["num_attention_heads"] // (own.get("num_key_value_heads") or own["num_attention_heads"])
        groups = sorted({head // shared for head in heads})
        self.group_of = [groups.index(head // shared) for head in heads]
        score_parts(self, width, len(heads), len(groups), own)

    def forward(self, u, x, state, padding, places):
        """What these heads make of their part of x [batch, length, all heads, width]: [batch, length, heads, width]."""
        (q, k), v = scored(self, self.own, u, places), x[:, :, self.heads].transpose(1, 2)
        if state is not None:
            if "kept_keys" in state:
                k, v = torch.cat([state["kept_keys"], k], 2), torch.cat([state["kept_values"], v], 2)
            state.update(kept_keys=k, kept_values=v)
        seen = visibility(q.size(2), k.size(2), None, padding, u.device)
        mixed = F.scaled_dot_product_attention(q, k[:, self.group_of], v, attn_mask=seen, scale=self.own.get("scale"),
                                               is_causal=seen is None and q.size(2) > 1)
        return mixed.transpose(1, 2)
