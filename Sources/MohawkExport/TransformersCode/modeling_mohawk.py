"""Language models out of attention and state-space layers, as swift-mohawk writes them, in plain PyTorch.

Padding may stand on either side of a text, but a cache can go on only after texts that are padded on the left.
"""

import torch
from torch import nn
from torch.nn import functional as F
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import CausalLMOutputWithPast

from .configuration_mohawk import ATTENTION, MohawkConfig, PhiMambaConfig
from .attention_mohawk import Attention, SlidingWindowAttention
from .fixed_matrices_mohawk import Monarch, Toeplitz
from .linear_attention_mohawk import (ELULinearAttention, GatedDeltaNet, GatedLinear, Hedgehog, KimiDelta,
                                      LinearAttention, Semiseparable)
from .parts_mohawk import InputRows, RMSNorm, Taps, rotary_tables, visibility
from .state_space_mohawk import DiscreteMamba2, Mamba, Mamba2

ACTIVATIONS = {"gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "relu": F.relu,
               "relu2": lambda x: F.relu(x).square()}
MIXERS = {
    "discrete-mamba-2": DiscreteMamba2, "mamba-2": Mamba2, "mamba": Mamba, "gated-deltanet": GatedDeltaNet,
    "kimi-delta": KimiDelta, "gated-linear-attention": GatedLinear, "semiseparable": Semiseparable,
    "linear-attention": LinearAttention, "elu-linear-attention": ELULinearAttention, "hedgehog": Hedgehog,
    "sliding-window-attention": SlidingWindowAttention, "toeplitz": Toeplitz, "monarch": Monarch}
# What transformers calls a cache: from 5.24 on, and before.
CACHE = "cache" if "cache" in CausalLMOutputWithPast.__dataclass_fields__ else "past_key_values"
# Where the parts of a model stand in its checkpoint.
NAMES = {
    "mohawk": {"embedding": "embedding", "layers": "layers", "final_norm": "final_norm", "norm": "norm",
               "attention": "attention"},
    "phi-mamba": {"embedding": "backbone.embedding", "layers": "backbone.layers", "norm": "input_layernorm",
                  "final_norm": "backbone.final_layernorm", "attention": "mixer.self_attn"},
}


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


def place(root, path, module):
    *parents, name = path.split(".")
    for parent in parents:
        if not hasattr(root, parent):
            root.add_module(parent, nn.Module())
        root = getattr(root, parent)
    root.add_module(name, module)


class MohawkBlock(GradientCheckpointingLayer):
    """A mixer and, but for the layout mixer-only, an MLP, each added to the stream."""

    def __init__(self, config, kind, layer):
        super().__init__()
        names, self.layout = NAMES[config.model_type], config.layout
        attends = kind in ATTENTION
        self.norm_name, self.mixer_name = names["norm"], names["attention"] if attends else "mixer"
        self.residual = (config.multipliers or {}).get("residual", 1.0)
        before, after = config.norm_places != "after", config.norm_places != "before"
        if before:
            place(self, self.norm_name, norm(config))
        if attends:
            window = config.attention.get("window") if kind == "windowed-attention" else None
            place(self, self.mixer_name, Attention(config, window))
        else:
            self.mixer = MIXERS[kind](config, layer)
        if self.layout in ("sequential", "parallel-norms") and before:
            self.mlp_norm = norm(config)
        if after:
            self.post_norm, self.mlp_post_norm = norm(config), norm(config)
        if self.layout != "mixer-only":
            self.mlp = MLP(config)

    def normed(self, name, x):
        """x after the norm of this name, if there is one."""
        return self.get_submodule(name)(x) if hasattr(self, name.split(".")[0]) else x

    def forward(self, hidden, *context):
        given = self.normed(self.norm_name, hidden)
        mixed = self.normed("post_norm", self.get_submodule(self.mixer_name)(given, *context))
        mixed = hidden + mixed * self.residual
        if self.layout == "mixer-only":
            return mixed
        if self.layout != "parallel":
            given = self.normed("mlp_norm", mixed if self.layout == "sequential" else hidden)
        return mixed + self.normed("mlp_post_norm", self.mlp(given)) * self.residual


class MohawkCache:
    """What the layers remember of a text: keys and values, or the last inputs of a convolution and a state."""

    is_compileable = is_croppable = False

    def __init__(self, layers):
        self.states, self.length = [{} for _ in range(layers)], 0

    def get_seq_length(self, layer_idx=0):
        return self.length

    def reorder_cache(self, beam_idx):
        for state in self.states:
            state.update({name: value.index_select(0, beam_idx.to(value.device)) for name, value in state.items()})


class MohawkForCausalLM(PreTrainedModel, GenerationMixin):
    """Embedding, blocks, norm and head. Goes on from `cache`, or `past_key_values`, if that is a `MohawkCache`."""

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
        place(self, self.names["layers"], nn.ModuleList(
            MohawkBlock(config, kind, n) for n, kind in enumerate(config.layers)))
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
            if isinstance(module, RMSNorm) or name in ("D", "skip"):
                nn.init.ones_(value)
            elif isinstance(module, (InputRows, Taps)) and value.dim() > 1 or name in ("kernel", "own", "near", "far"):
                nn.init.uniform_(value, -value[0].numel() ** -0.5, value[0].numel() ** -0.5)
            elif isinstance(module, (Taps, nn.ParameterDict)):
                nn.init.zeros_(value)
            elif name in ("A_log", "dt_bias", "z_bias", "window_gate"):
                low, high = {"A_log": (0.0, 2.77), "dt_bias": (-6.9, -2.3), "z_bias": (1.2784, 1.2785),
                             "window_gate": (2.1999, 2.2001)}[name]
                nn.init.uniform_(value, low, high)

    def get_input_embeddings(self):
        return self.get_submodule(self.names["embedding"])

    def set_input_embeddings(self, value):
        place(self, self.names["embedding"], value)

    def get_output_embeddings(self):
        return getattr(self, "lm_head", None)

    def set_output_embeddings(self, value):
        self.lm_head = value

    def _angles(self, places):
        """Cosines and sines of the rotary positions of each layer with attention."""
        attending = [n for n, kind in enumerate(self.config.layers) if kind in ATTENTION]
        if not attending:
            return {}
        own, other = self.config.attention, self.config.other_rotary or {"layers": ()}
        head_dim = own.get("head_dim") or self.config.hidden_size // own["num_attention_heads"]
        tables = [rotary_tables(own, head_dim, places)]
        if other["layers"]:
            tables.append(rotary_tables(other, head_dim, places))
        return {n: tables[n in other["layers"]] for n in attending}

    def _embedded(self, ids):
        """The embedding of tokens, times its multiplier."""
        hidden, own = self.get_input_embeddings()(ids), self.config.multipliers or {}
        scale = own.get("embedding", 1.0)
        if own.get("rounds_embedding"):
            scale = torch.tensor(scale, dtype=hidden.dtype, device=hidden.device)
        return hidden * scale

    def _logits(self, hidden):
        head = self.get_output_embeddings()
        logits = F.linear(hidden, self.get_input_embeddings().weight) if head is None else head(hidden)
        logits = logits / (self.config.multipliers or {}).get("logits", 1.0)
        cap = self.config.logit_cap
        return logits if cap is None else (logits / cap).tanh() * cap

    def forward(self, input_ids=None, attention_mask=None, position_ids=None, past_key_values=None, inputs_embeds=None,
                labels=None, use_cache=None, output_hidden_states=None, logits_to_keep=0, cache=None, **kwargs):
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("one of input_ids and inputs_embeds is needed, not both")
        unknown = [name for name, value in kwargs.items() if isinstance(value, MohawkCache)]
        if unknown or (cache is not None and past_key_values is not None):
            raise TypeError(f"a cache is given as cache or past_key_values, once, not as {', '.join(unknown) or 'both'}")
        hidden = self._embedded(input_ids) if inputs_embeds is None else inputs_embeds
        length, config = hidden.size(1), self.config
        if use_cache is None:
            use_cache = config.use_cache and not self.training
        cache = past_key_values if cache is None else cache
        if cache is None and use_cache:
            cache = MohawkCache(len(config.layers))
        if not (cache is None or isinstance(cache, MohawkCache)):
            raise TypeError(f"the cache is a {type(cache).__name__}; this model goes on from a MohawkCache only")
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
        angles = self._angles(places)
        windows = {None, config.attention.get("window")} if angles else {}
        seen = {w: visibility(length, past + length, w, mask, hidden.device) for w in windows}
        blocks, streams = self.get_submodule(self.names["layers"]), [hidden]
        for n, (block, kind) in enumerate(zip(blocks, config.layers)):
            window = config.attention.get("window") if kind == "windowed-attention" else None
            hidden = block(hidden, cache.states[n] if cache is not None else None, angles.get(n), seen.get(window), mask,
                           places)
            streams.append(hidden)
        if cache is not None:
            cache.length += length
        hidden = self.get_submodule(self.names["final_norm"])(hidden)
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self._logits(hidden[:, kept])
        loss = None if labels is None else self.loss_function(logits, labels, vocab_size=logits.size(-1), **kwargs)
        streams = tuple(streams) if output_hidden_states or config.output_hidden_states else None
        return CausalLMOutputWithPast(loss=loss, logits=logits, hidden_states=streams, **{CACHE: cache})


class PhiMambaForCausalLM(MohawkForCausalLM):
    """Phi-Mamba and its hybrids, under their authors' names."""

    config_class = PhiMambaConfig
