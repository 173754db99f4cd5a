"""Configurations of models out of attention and state-space layers, as swift-mohawk writes them."""

from transformers import PreTrainedConfig

ATTENTION = ("attention", "windowed-attention")
# Each has a section of its name, with `_` for `-`.
MIXERS = ("discrete-mamba-2", "mamba-2", "mamba", "gated-deltanet", "kimi-delta", "gated-linear-attention",
          "semiseparable", "linear-attention", "elu-linear-attention", "hedgehog", "sliding-window-attention",
          "toeplitz", "monarch")
LAYOUTS = ("sequential", "parallel", "parallel-norms", "mixer-only")
NORM_PLACES = ("before", "after", "around")


class MohawkConfig(PreTrainedConfig):
    """swift-mohawk's own format. Sections say what each kind of layer looks like.

    Args:
        layers: the mixer of each layer, one of `ATTENTION` or `MIXERS`.
        layout: how a block joins its mixer and its MLP to the stream, one of `LAYOUTS`.
        norm: `kind` (layer or rms) and `epsilon` of all norms.
        norm_places: where a block's norms stand: before mixer and MLP, after them, or around them.
        mlp: `width`, `activation` (gelu, gelu_tanh, silu, relu, relu2), `gated`, `bias`.
        attention: `num_attention_heads`, `num_key_value_heads`, `head_dim`, `partial_rotary_factor`, `rope_theta`,
            `rope_scaling`, `max_position_embeddings`, `bias`, `output_bias`, `head_norm_epsilon`, `norms_across_heads`,
            `window`, `scale` (of the scores), `score_cap`.
        other_rotary: `layers` with other rotary positions, and these: `partial_rotary_factor`, `rope_theta`,
            `rope_scaling`.
        discrete_mamba_2: `v_heads`, `qk_heads`, `state`, `convolution`, `chunk`, and where softmax attention mixes
            beside the recurrent part `window`: `tokens` that a token sees, `sinks` (first tokens of the text that it
            sees too), `kv_heads`, `head_dim`, `partial_rotary_factor`, `rope_theta`, `rope_scaling`, `bias`, `scale`,
            `head_norm_epsilon`; and where single heads stay attention `kept_heads`: `layers`, a list of heads for each
            layer, and `attention`, whose heads they are, as above.
        mamba_2: `heads`, `head_dim`, `groups`, `state`, `convolution`, `chunk`, `norm_groups` (0: no norm),
            `norm_epsilon`, `projection_bias`, `convolution_bias`, `time_step_limit`.
        mamba: `width`, `state`, `step_rank`, `convolution`, `projection_bias`, `convolution_bias`.
        gated_deltanet, kimi_delta, gated_linear_attention, semiseparable, linear_attention, elu_linear_attention,
        hedgehog: `heads` of values, `head_dim`, `qk_heads`, `state_dim` (of a head of queries and keys), `norm_epsilon`, and
            some of `conv_width`, `gate_rank`, `gate_divisor`, `planes`, `rotary_dim`, `rotary_base`, `chunk`.
        sliding_window_attention: `heads`, `output_bias`, and the keys of the window of `discrete_mamba_2`.
        toeplitz: `heads`, `head_dim`, `taps`.
        monarch: `heads`, `head_dim`, `block`, `reach` (blocks that a token sees before its own).
        learned_positions: positions that have a learned vector; None when there are none.
        head_bias: whether the head has a bias.
        multipliers: `embedding`, and whether it is rounded to the type of the weights (`rounds_embedding`); `residual`,
            of what mixers and MLPs add; `logits`, by which logits are divided.
        logit_cap: c of c · tanh(logits / c); None when there is none.
        tie_word_embeddings: whether the head is the embedding's matrix.
    """

    model_type = "mohawk"

    def __init__(self, vocab_size=256, hidden_size=64, layers=(), layout="sequential", norm=None, mlp=None,
                 attention=None, learned_positions=None, head_bias=False, tie_word_embeddings=False, use_cache=True,
                 norm_places="before", other_rotary=None, multipliers=None, logit_cap=None, **kwargs):
        known = ATTENTION + MIXERS + LAYOUTS + NORM_PLACES
        unknown = sorted({*layers, layout, norm_places} - set(known))
        if unknown:
            raise ValueError(f"unknown {', '.join(unknown)}; known are {', '.join(known)}")
        self.norm_places, self.other_rotary = norm_places, other_rotary
        self.multipliers, self.logit_cap = multipliers, logit_cap
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        self.layers, self.layout = list(layers), layout
        self.norm = norm or {"kind": "rms", "epsilon": 1e-5}
        self.mlp = mlp or {"width": 4 * hidden_size, "activation": "silu", "gated": True, "bias": False}
        self.attention = attention
        self.learned_positions, self.head_bias = learned_positions, head_bias
        self.tie_word_embeddings, self.use_cache = tie_word_embeddings, use_cache
        kwargs["num_hidden_layers"] = len(self.layers)
        super().__init__(**kwargs)  # keeps the sections of mixers as they are


class PhiMambaConfig(PreTrainedConfig):
    """Phi-Mamba and its hybrids in the layout of goombalab/phi-mamba: sections `Block1`, `Block2`, … each describe a
    run of equal layers, in the order in which they stand. The rest is as `MohawkConfig` has it, and fixed."""

    model_type = "phi-mamba"
    layout, learned_positions, head_bias = "parallel", None, True
    norm_places, other_rotary, multipliers, logit_cap = "before", None, None, None
    norm = {"kind": "layer", "epsilon": 1e-5}

    def __init__(self, MixerModel=None, LanguageModel=None, use_cache=True, **kwargs):
        self.MixerModel = MixerModel or {"input": {"d_model": 64, "n_layer": 0, "lm_head_prenorm": "layer"}}
        self.LanguageModel = LanguageModel or {"input": {"vocab_size": 256, "pad_vocab_size_multiple": 1}}
        language = self.LanguageModel["input"]
        multiple = language.get("pad_vocab_size_multiple", 1)
        self.vocab_size = -(-language["vocab_size"] // multiple) * multiple
        self.hidden_size, self.num_hidden_layers = (self.MixerModel["input"][key] for key in ("d_model", "n_layer"))
        self.tie_word_embeddings, self.use_cache = False, use_cache
        for key in ("vocab_size", "hidden_size", "num_hidden_layers", "tie_word_embeddings"):
            kwargs.pop(key, None)
        super().__init__(**kwargs)

    def _blocks(self):
        """The mixer of each run of layers, how many they are, and what it looks like."""
        kinds = {"modules.mixers.discrete_mamba2": "discrete-mamba-2", "modules.mixers.phi_attention": "attention"}
        blocks = [value for key, value in vars(self).items() if key.startswith("Block")]
        return [(kinds[block["CoreType"]], block["n_layers"], block.get("core_input") or {}) for block in blocks]

    @property
    def layers(self):
        return [kind for kind, count, _ in self._blocks() for _ in range(count)]

    @property
    def mlp(self):
        return {"width": 4 * self.hidden_size, "activation": "gelu_tanh", "gated": False, "bias": True}

    @property
    def attention(self):
        own = next((own for kind, _, own in self._blocks() if kind == "attention"), {})
        heads = 1 if self.hidden_size % 32 else 32
        return {"num_attention_heads": heads, "partial_rotary_factor": 0.5, "bias": True, "output_bias": True} | own

    @property
    def discrete_mamba_2(self):
        own = next((own for kind, _, own in self._blocks() if kind != "attention"), {"n_v_heads": 1})
        heads, chunk = own["n_v_heads"], own.get("chunk_size", 128)
        return {"v_heads": heads, "qk_heads": own.get("n_qk_heads", heads), "state": own.get("d_state", 64),
                "convolution": own.get("d_conv", 4), "chunk": chunk}

    def to_dict(self):
        """With the authors' count of words, should the embedding have been resized."""
        described = super().to_dict()
        language, rows = described["LanguageModel"]["input"], self.vocab_size
        if not rows - language.get("pad_vocab_size_multiple", 1) < language["vocab_size"] <= rows:
            language |= {"vocab_size": rows, "pad_vocab_size_multiple": 1}
        return described
