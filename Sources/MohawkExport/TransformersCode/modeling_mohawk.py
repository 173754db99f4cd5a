"""Language models out of attention, Mamba-2 and Discrete-Mamba-2 layers, as swift-mohawk writes them, in plain PyTorch.

State-space layers mix a whole text in chunks, and go on from a state of constant size, one token at a time. Step sizes,
decays and states are computed in float32 or wider. Padding may stand on either side of a text, but a cache can go on
only after texts that are padded on the left.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import CausalLMOutputWithPast

from .configuration_mohawk import MohawkConfig, PhiMambaConfig

ACTIVATIONS = {"gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "relu": F.relu,
               "relu2": lambda x: F.relu(x).square()}


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


def norm(config):
    kind = nn.LayerNorm if config.norm["kind"] == "layer" else RMSNorm
    return kind(config.hidden_size, config.norm["epsilon"])


class MLP(nn.Module):
    """fc2(act(fc1(x))), or, gated, down(act(gate(x)) ⊙ up(x))."""

    def __init__(self, config):
        super().__init__()
        own, wide, bias = config.mlp, config.mlp["width"], config.mlp.get("bias", False)
        self.activation, self.gated = ACTIVATIONS[own["activation"]], own.get("gated", False)
        for name in ("gate", "up") if self.gated else ("fc1",):
            self.add_module(name, nn.Linear(config.hidden_size, wide, bias=bias))
        self.add_module("down" if self.gated else "fc2", nn.Linear(wide, config.hidden_size, bias=bias))

    def forward(self, x):
        if self.gated:
            return self.down(self.activation(self.gate(x)) * self.up(x))
        return self.fc2(self.activation(self.fc1(x)))


def rotary_frequencies(own, head_dim):
    """Radians per position of each pair of dimensions that turns, stretched as `rope_scaling` says."""
    count = int(head_dim * own.get("partial_rotary_factor", 1.0) + 1e-6) // 2
    frequencies = [own.get("rope_theta", 1e4) ** (-n / count) for n in range(count)]
    scaling = own.get("rope_scaling") or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind == "linear":
        return [f / scaling["factor"] for f in frequencies]
    if kind == "llama3":
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        waves = [scaling["original_max_position_embeddings"] * f / (2 * math.pi) for f in frequencies]
        shares = [min(max((w - low) / (high - low), 0.0), 1.0) for w in waves]
        return [(1 - s) * f / scaling["factor"] + s * f for f, s in zip(frequencies, shares)]
    if kind != "default":
        raise ValueError(f"the rotary embedding '{kind}' is not known; known are default, linear and llama3")
    return frequencies


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
    """Causal softmax attention with grouped keys and values and rotary positions."""

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
        self.q_norm = None if epsilon is None else RMSNorm(self.head_dim, epsilon)
        self.k_norm = None if epsilon is None else RMSNorm(self.head_dim, epsilon)

    def heads(self, x, turn=None, norm=None):
        x = x.unflatten(-1, (-1, self.head_dim))
        x = (x if norm is None else norm(x)).transpose(1, 2)
        if turn is None:
            return x
        cosine, sine = (table.to(x.dtype) for table in turn)
        half = cosine.size(-1)
        first, second, rest = x.split([half, half, x.size(-1) - 2 * half], -1)
        return torch.cat([first * cosine - second * sine, second * cosine + first * sine, rest], -1)

    def forward(self, u, state, turn, seen, padding):
        q = self.heads(self.q_proj(u), turn, self.q_norm)
        k, v = self.heads(self.k_proj(u), turn, self.k_norm), self.heads(self.v_proj(u))
        if state is not None:
            if state:
                k, v = torch.cat([state["keys"], k], 2), torch.cat([state["values"], v], 2)
            first = 0 if self.window is None else max(0, k.size(2) - self.window + 1)
            state.update(keys=k[:, :, first:], values=v[:, :, first:])
        k, v = k.repeat_interleave(self.repeats, 1), v.repeat_interleave(self.repeats, 1)
        causal = seen is None and q.size(2) > 1
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=seen, is_causal=causal)
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


class StateSpaceMixer(nn.Module):
    """What Mamba-2 and Discrete-Mamba-2 share: h_t = a_t h_{t−1} + x_t B_tᵀ, y_t = h_t C_t + D x_t, behind a causal
    convolution of x, B and C and before a gate."""

    def __init__(self, width, heads, head_dim, groups, own, last, bias=False, taps_bias=True, joined=False):
        super().__init__()
        inner, self.bc, self.n, self.chunk = heads * head_dim, groups * own["state"], own["state"], own["chunk"]
        self.head_dim, self.repeats, self.joined, self.has_taps_bias = head_dim, heads // groups, joined, taps_bias
        rows = {"x": inner, "bc": 2 * self.bc, "z": inner, last: heads}
        self.in_proj = InputRows(rows, width, bias, joined)
        taps = own["convolution"]
        self.conv1d = Taps(inner + 2 * self.bc, taps, taps_bias) if joined else nn.ModuleDict(
            {name: Taps(rows[name], taps, taps_bias) for name in ("x", "bc")})
        self.D = fresh(heads)
        self.out_proj = nn.Linear(inner, width, bias=bias)

    def filter(self, xbc, state):
        """The convolution; the state keeps the inputs that the next one needs."""
        taps = [self.conv1d] if self.joined else self.conv1d.values()
        weight = torch.cat([t.weight for t in taps]).to(xbc.dtype)
        bias = torch.cat([t.bias for t in taps]).to(xbc.dtype) if self.has_taps_bias else None
        past = state["inputs"] if state else xbc.new_zeros(xbc.size(0), weight.size(2) - 1, xbc.size(2))
        xbc = torch.cat([past, xbc], 1)
        if state is not None:
            state["inputs"] = xbc[:, xbc.size(1) - past.size(1):]
        return F.conv1d(xbc.mT, weight, bias, groups=xbc.size(2)).mT

    def forward(self, u, state, turn, seen, padding):
        x, bc, z, dt = self.in_proj(u)
        shown = None if padding is None else padding[:, -u.size(1):, None]
        xbc = torch.cat([x, bc], -1)
        xbc = self.activation(self.filter(xbc if shown is None else xbc * shown, state))
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
        y = (y + x * self.D.to(x.dtype).unsqueeze(-1)).flatten(2)
        return self.out_proj(self.gate(y, z))


class DiscreteMamba2(StateSpaceMixer):
    """The mixer of Phi-Mamba (Bick et al. 2024): a = sigmoid(−A_log) from the token, out = W_out (y ⊙ SiLU(z))."""

    def __init__(self, config):
        own, width = config.discrete_mamba_2, config.hidden_size
        super().__init__(width, own["v_heads"], width // own["v_heads"], own["qk_heads"], own, "a_log",
                         joined=config.model_type == "phi-mamba")
        self.z_bias, self.activation = fresh(width), nn.Identity()

    def decay(self, a_log):
        return None, -F.softplus(wide(a_log))

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


# Where the parts of a model stand in its checkpoint.
NAMES = {
    "mohawk": {"embedding": "embedding", "layers": "layers", "final_norm": "final_norm", "norm": "norm",
               "attention": "attention"},
    "phi-mamba": {"embedding": "backbone.embedding", "layers": "backbone.layers", "norm": "input_layernorm",
                  "final_norm": "backbone.final_layernorm", "attention": "mixer.self_attn"},
}


def place(root, path, module):
    *parents, name = path.split(".")
    for parent in parents:
        if not hasattr(root, parent):
            root.add_module(parent, nn.Module())
        root = getattr(root, parent)
    root.add_module(name, module)


class MohawkBlock(GradientCheckpointingLayer):
    """A mixer and, but for the layout mixer-only, an MLP, each added to the stream."""

    def __init__(self, config, kind):
        super().__init__()
        names, self.layout = NAMES[config.model_type], config.layout
        attends = kind.endswith("attention")
        self.norm_name, self.mixer_name = names["norm"], names["attention"] if attends else "mixer"
        place(self, self.norm_name, norm(config))
        if attends:
            window = config.attention.get("window") if kind == "windowed-attention" else None
            place(self, self.mixer_name, Attention(config, window))
        else:
            self.mixer = (DiscreteMamba2 if kind == "discrete-mamba-2" else Mamba2)(config)
        if self.layout in ("sequential", "parallel-norms"):
            self.mlp_norm = norm(config)
        if self.layout != "mixer-only":
            self.mlp = MLP(config)

    def forward(self, hidden, *context):
        given = self.get_submodule(self.norm_name)(hidden)
        mixed = hidden + self.get_submodule(self.mixer_name)(given, *context)
        if self.layout == "mixer-only":
            return mixed
        if self.layout != "parallel":
            given = self.mlp_norm(mixed if self.layout == "sequential" else hidden)
        return mixed + self.mlp(given)


class MohawkCache:
    """What the layers remember of a text: keys and values, or the last inputs of a convolution and a state."""

    is_compileable = False

    def __init__(self, layers):
        self.states, self.length = [{} for _ in range(layers)], 0

    def get_seq_length(self, layer_idx=0):
        return self.length

    def reorder_cache(self, beam_idx):
        for state in self.states:
            state.update({name: value.index_select(0, beam_idx.to(value.device)) for name, value in state.items()})


class MohawkForCausalLM(PreTrainedModel, GenerationMixin):
    """Embedding, blocks, norm and head. Goes on from `past_key_values` if that is a `MohawkCache`."""

    config_class = MohawkConfig
    base_model_prefix = ""
    supports_gradient_checkpointing = True
    _no_split_modules = ["MohawkBlock"]
    _supports_sdpa = True
    _is_stateful = True  # a state cannot go back

    def __init__(self, config):
        super().__init__(config)
        self.names, width = NAMES[config.model_type], config.hidden_size
        place(self, self.names["embedding"], nn.Embedding(config.vocab_size, width))
        if config.learned_positions:
            self.positions = nn.Embedding(config.learned_positions, width)
        place(self, self.names["layers"], nn.ModuleList(MohawkBlock(config, kind) for kind in config.layers))
        place(self, self.names["final_norm"], norm(config))
        if not config.tie_word_embeddings:
            self.lm_head = nn.Linear(width, config.vocab_size, bias=config.head_bias)
        self.post_init()

    @classmethod
    def _supports_default_dynamic_cache(cls):
        return False  # `forward` makes the cache

    def _init_weights(self, module):
        super()._init_weights(module)
        for name, value in module.named_parameters(recurse=False):
            if isinstance(module, RMSNorm) or name == "D":
                nn.init.ones_(value)
            elif isinstance(module, (InputRows, Taps)) and value.dim() > 1:
                nn.init.uniform_(value, -value[0].numel() ** -0.5, value[0].numel() ** -0.5)
            elif isinstance(module, (Taps, nn.ParameterDict)):
                nn.init.zeros_(value)
            elif name in ("A_log", "dt_bias", "z_bias"):
                low, high = {"A_log": (0.0, 2.77), "dt_bias": (-6.9, -2.3), "z_bias": (1.2784, 1.2785)}[name]
                nn.init.uniform_(value, low, high)

    def get_input_embeddings(self):
        return self.get_submodule(self.names["embedding"])

    def set_input_embeddings(self, value):
        place(self, self.names["embedding"], value)

    def get_output_embeddings(self):
        return getattr(self, "lm_head", None)

    def set_output_embeddings(self, value):
        self.lm_head = value

    def _turn(self, places):
        """Cosines and sines of the rotary positions, their angles computed in float64."""
        if not any(kind.endswith("attention") for kind in self.config.layers):
            return None
        own = self.config.attention
        head_dim = own.get("head_dim") or self.config.hidden_size // own["num_attention_heads"]
        kind = torch.float32 if places.device.type == "mps" else torch.float64
        frequencies = torch.tensor(rotary_frequencies(own, head_dim), dtype=kind, device=places.device)
        angles = places.to(kind)[:, None, :, None] * frequencies
        return angles.cos(), angles.sin()

    def forward(self, input_ids=None, attention_mask=None, position_ids=None, past_key_values=None, inputs_embeds=None,
                labels=None, use_cache=None, output_hidden_states=None, logits_to_keep=0, **kwargs):
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("one of input_ids and inputs_embeds is needed, not both")
        hidden = self.get_input_embeddings()(input_ids) if inputs_embeds is None else inputs_embeds
        length, config = hidden.size(1), self.config
        if use_cache is None:
            use_cache = config.use_cache and not self.training
        cache = MohawkCache(len(config.layers)) if use_cache and past_key_values is None else past_key_values
        if not (cache is None or isinstance(cache, MohawkCache)):
            raise TypeError(f"past_key_values is a {type(cache).__name__}; this model goes on from a MohawkCache only")
        past = cache.length if cache is not None else 0
        mask = None if attention_mask is None or attention_mask.bool().all() else attention_mask.bool()
        if mask is not None and tuple(mask.shape) != (hidden.size(0), past + length):
            raise ValueError(f"the attention mask is {list(mask.shape)}, not {[hidden.size(0), past + length]}")
        if mask is not None and past and not mask[:, past - 1].all():
            raise ValueError("the cache cannot go on after padding; pad the texts on the left")
        places = position_ids  # in the texts, padding not counted
        if places is None and mask is None:
            places = torch.arange(past, past + length, device=hidden.device)[None]
        elif places is None:
            places = (mask.cumsum(-1)[:, -length:] - 1).clamp(min=0)
        if config.learned_positions:
            if past + length > config.learned_positions:
                raise ValueError(f"token {past + length} of {config.learned_positions} that the model can look at")
            hidden = hidden + self.positions(places)
        turn = self._turn(places)
        windows = {None} if turn is None else {None, config.attention.get("window")}
        seen = {w: visibility(length, past + length, w, mask, hidden.device) for w in windows} if turn else {}
        blocks, streams = self.get_submodule(self.names["layers"]), [hidden]
        for n, (block, kind) in enumerate(zip(blocks, config.layers)):
            window = config.attention.get("window") if kind == "windowed-attention" else None
            hidden = block(hidden, cache.states[n] if cache is not None else None, turn, seen.get(window), mask)
            streams.append(hidden)
        if cache is not None:
            cache.length += length
        hidden = self.get_submodule(self.names["final_norm"])(hidden)
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        hidden, head = hidden[:, kept], self.get_output_embeddings()
        logits = F.linear(hidden, self.get_input_embeddings().weight) if head is None else head(hidden)
        loss = None if labels is None else self.loss_function(logits, labels, vocab_size=logits.size(-1), **kwargs)
        streams = tuple(streams) if output_hidden_states or config.output_hidden_states else None
        return CausalLMOutputWithPast(loss=loss, logits=logits, past_key_values=cache, hidden_states=streams)


class PhiMambaForCausalLM(MohawkForCausalLM):
    """Phi-Mamba and its hybrids, under their authors' names."""

    config_class = PhiMambaConfig
