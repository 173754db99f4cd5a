"""The model families: one tiny configuration each, chosen so that a usual mistake in reading it shows in the logits."""

import math
from dataclasses import dataclass, field

from transformers import (BambaConfig, Gemma2Config, Gemma3TextConfig, GPT2Config, GPTNeoXConfig,
                          GraniteMoeHybridConfig, LlamaConfig, Mamba2Config, MambaConfig, MistralConfig, Olmo2Config,
                          Olmo3Config, Phi3Config, Qwen2Config, Qwen3Config, SmolLM3Config)

LAYERS = 3
WORDS = 61
# State-spaces checkpoints pad 61 words to 64 rows; the same weights in the layout of transformers have 64 words.
ROWS = 64


@dataclass
class Family:
    """A folder name and its configuration.

    `flat` changes the configuration as saved to the older form of published checkpoints; None removes a field.
    `apart` lists configurations that the same weights also fit and whose logits must differ.
    """

    name: str
    config: object
    seed: int
    flat: dict = field(default_factory=dict)
    apart: list = field(default_factory=list)


def transformer(cls, **fields):
    own = dict(vocab_size=WORDS, hidden_size=24, intermediate_size=36, num_hidden_layers=LAYERS, num_attention_heads=4,
               num_key_value_heads=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2,
               tie_word_embeddings=False)
    return cls(**(own | fields))


def rope(kind="default", theta=10000.0, **fields):
    return {"rope_type": kind, "rope_theta": theta} | fields


LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}


def llamas():
    """With 16 numbers per head and 64 original positions llama3 keeps one frequency, blends one and divides six."""
    yield Family("llama", transformer(LlamaConfig, rms_norm_eps=1e-5, rope_parameters=rope()), 1,
                 {"head_dim": None, "rope_theta": 10000.0, "rope_scaling": None, "pretraining_tp": 1},
                 [{"rope_parameters": rope(theta=500.0)}])
    yield Family("llama3", transformer(LlamaConfig, head_dim=16, tie_word_embeddings=True, max_position_embeddings=512,
                                       rms_norm_eps=1e-5, intermediate_size=24,
                                       rope_parameters=rope("llama3", **LLAMA3)), 2,
                 {"rope_theta": 10000.0, "rope_scaling": LLAMA3 | {"rope_type": "llama3"}},
                 [{"rope_parameters": rope()}, {"rope_parameters": rope("linear", factor=8.0)}])
    yield Family("llama-linear", transformer(LlamaConfig, attention_bias=True, mlp_bias=True,
                                             rope_parameters=rope("linear", 1000.0, factor=4.0)), 2,
                 {"head_dim": None, "rope_theta": 1000.0, "rope_scaling": {"type": "linear", "factor": 4.0}},
                 [{"rope_parameters": rope(theta=1000.0)}])


def stretched():
    """Wave lengths stretched by YaRN, in the paper's way and with every key, by LongRoPE, and for longer texts only."""
    usual = {"factor": 4.0, "original_max_position_embeddings": 16}
    yield Family("llama-yarn", transformer(LlamaConfig, head_dim=16, max_position_embeddings=64,
                                           rope_parameters=rope("yarn", 1000.0, **usual)), 1,
                 {"rope_theta": 1000.0, "rope_scaling": {"type": "yarn"} | usual},
                 [{"rope_parameters": rope(theta=1000.0)}, {"rope_parameters": rope("linear", 1000.0, factor=4.0)},
                  {"rope_parameters": rope("yarn", 1000.0, attention_factor=1.0, **usual)}])
    keys = usual | {"beta_fast": 2.0, "beta_slow": 0.5, "mscale": 1.5, "mscale_all_dim": 0.5, "truncate": False}
    yield Family("qwen2-yarn", transformer(Qwen2Config, max_position_embeddings=64, use_sliding_window=False,
                                           rope_parameters=rope("yarn", 100.0, **keys)), 2,
                 {"layer_types": None, "rope_theta": 100.0, "rope_scaling": {"rope_type": "yarn"} | keys},
                 [{"rope_parameters": rope("yarn", 100.0, **(keys | changed))}
                  for changed in ({"truncate": True}, {"beta_fast": 3.0}, {"beta_slow": 1.0}, {"mscale": 1.0})])
    factors = {"short_factor": [1.0, 1.5, 2.0, 3.0], "long_factor": [2.0, 3.0, 5.0, 9.0],
               "original_max_position_embeddings": 48}
    yield Family("llama-longrope", transformer(LlamaConfig, head_dim=8, max_position_embeddings=192,
                                               rope_parameters=rope("longrope", 1000.0, **factors)), 1,
                 {"rope_theta": 1000.0, "rope_scaling": {"type": "longrope"} | factors},
                 [{"rope_parameters": rope(theta=1000.0)},
                  {"rope_parameters": rope("longrope", 1000.0, **(factors | {"attention_factor": 1.0}))}])
    yield Family("llama-dynamic", transformer(LlamaConfig, max_position_embeddings=64,
                                              rope_parameters=rope("dynamic", 1000.0, factor=4.0)), 1,
                 {"head_dim": None, "rope_theta": 1000.0, "rope_scaling": {"type": "dynamic", "factor": 4.0}},
                 [{"rope_parameters": rope("linear", 1000.0, factor=4.0)}])


def mistral_and_qwen():
    yield Family("mistral", transformer(MistralConfig, head_dim=8, sliding_window=5, rms_norm_eps=1e-5,
                                        rope_parameters=rope()), 1,
                 {"rope_theta": 10000.0}, [{"sliding_window": None}, {"sliding_window": 4}, {"sliding_window": 6}])
    yield Family("qwen2", transformer(Qwen2Config, tie_word_embeddings=True, use_sliding_window=False, sliding_window=5,
                                      max_window_layers=1, rope_parameters=rope(theta=1e6)), 1,
                 {"layer_types": None, "rope_theta": 1e6, "sliding_window": 5},
                 [{"use_sliding_window": True, "sliding_window": 5, "layer_types": None}])
    yield Family("qwen2-sliding", transformer(Qwen2Config, use_sliding_window=True, sliding_window=5,
                                              max_window_layers=1, rope_parameters=rope(theta=1e6)), 2,
                 {"layer_types": None, "rope_theta": 1e6},
                 [{"use_sliding_window": False, "layer_types": None}, {"max_window_layers": 0, "layer_types": None}])
    yield Family("qwen3", transformer(Qwen3Config, head_dim=8, rope_parameters=rope(theta=1e6)), 1,
                 {"layer_types": None, "rope_theta": 1e6, "rope_scaling": None, "sliding_window": None},
                 [{"rope_parameters": rope()}])


def smollm3():
    """Layers without positions by the list, and by the interval, where they have a window too."""
    plain = dict(rope_parameters=rope(theta=500.0), pad_token_id=0)
    yield Family("smollm3", transformer(SmolLM3Config, no_rope_layers=[1, 0, 1], tie_word_embeddings=True, **plain), 1,
                 {"layer_types": None, "rope_theta": 500.0, "rope_scaling": None},
                 [{"no_rope_layers": [1, 1, 0]}, {"no_rope_layers": [1, 1, 1]}, {"rope_parameters": rope()}])
    windows = transformer(SmolLM3Config, no_rope_layer_interval=2, use_sliding_window=True, sliding_window=4,
                          mlp_bias=True, head_dim=8, **plain)
    yield Family("smollm3-sliding", windows, 1,
                 {"layer_types": None, "no_rope_layers": None, "rope_theta": 500.0, "rope_scaling": None},
                 [{"sliding_window": 5}, {"use_sliding_window": False, "layer_types": None}])


def phi3():
    """A window in all layers; and, as in Phi-4-mini, LongRoPE on a part of each head, which 8 numbers of 12 are."""
    yield Family("phi3", transformer(Phi3Config, sliding_window=5, rms_norm_eps=1e-5, rope_parameters=rope(),
                                     pad_token_id=0), 2,
                 {"rope_theta": 10000.0, "rope_scaling": None, "attention_bias": False},
                 [{"sliding_window": None}, {"sliding_window": 6}, {"rope_parameters": rope(theta=500.0)}])
    factors = {"short_factor": [1.0, 1.5, 2.0, 3.0], "long_factor": [2.0, 3.0, 5.0, 9.0]}
    part = rope("longrope", 1000.0, partial_rotary_factor=0.67, original_max_position_embeddings=48, **factors)
    yield Family("phi3-longrope",
                 transformer(Phi3Config, num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=192,
                             original_max_position_embeddings=48, tie_word_embeddings=True, pad_token_id=0,
                             rope_parameters=part), 1,
                 {"rope_theta": 1000.0, "partial_rotary_factor": 0.67, "rope_scaling": {"type": "longrope"} | factors},
                 [{"rope_parameters": rope(theta=1000.0, partial_rotary_factor=0.67)},
                  {"rope_parameters": part | {"attention_factor": 1.0}}])


def olmos():
    """Of OLMo 3's layers the last one has no window, and YaRN."""
    own = dict(rms_norm_eps=1e-5, pad_token_id=0)
    yield Family("olmo2", transformer(Olmo2Config, rope_parameters=rope(theta=500.0), attention_bias=True, **own), 7,
                 {"rope_theta": 500.0, "rope_scaling": None}, [{"rope_parameters": rope()}])
    yarn = {"factor": 4.0, "original_max_position_embeddings": 16, "attention_factor": 1.25}
    kinds = ["sliding_attention", "sliding_attention", "full_attention"]
    yield Family("olmo3",
                 transformer(Olmo3Config, sliding_window=5, layer_types=kinds, **own, rope_parameters={
                     "sliding_attention": rope(theta=500000.0), "full_attention": rope("yarn", 500000.0, **yarn)}), 1,
                 {"rope_theta": 500000.0, "rope_scaling": {"rope_type": "yarn"} | yarn},
                 [{"sliding_window": 4}, {"rope_parameters": {kind: rope(theta=500000.0) for kind in kinds}},
                  {"layer_types": ["sliding_attention", "full_attention", "full_attention"]}])


def gemmas():
    """Caps low enough to bend what random weights give; heads that together are wider than the model."""
    own = dict(head_dim=8, sliding_window=4, query_pre_attn_scalar=12, tie_word_embeddings=True, pad_token_id=0)
    caps = {"attn_logit_softcapping": 2.0, "final_logit_softcapping": 5.0}
    kinds = ["sliding_attention", "full_attention", "sliding_attention"]
    yield Family("gemma2", transformer(Gemma2Config, rope_parameters=rope(theta=500.0), **caps, **own), 3,
                 {"layer_types": None, "rope_theta": 500.0, "hidden_act": "gelu_pytorch_tanh"},
                 [{"attn_logit_softcapping": None}, {"final_logit_softcapping": None}, {"query_pre_attn_scalar": 8},
                  {"sliding_window": 5}])
    rotary = {"sliding_attention": rope(theta=100.0), "full_attention": rope("linear", 500.0, factor=4.0)}
    yield Family("gemma3_text",
                 transformer(Gemma3TextConfig, layer_types=kinds, rope_parameters=rotary, attention_bias=True, **own), 3,
                 {"layer_types": None, "sliding_window_pattern": 2, "rope_theta": 500.0, "rope_local_base_freq": 100.0,
                  "rope_scaling": {"rope_type": "linear", "factor": 4.0}},
                 [{"rope_parameters": rotary | {"sliding_attention": rope(theta=500.0)}},
                  {"rope_parameters": rotary | {"full_attention": rope(theta=500.0)}}, {"query_pre_attn_scalar": 8},
                  {"layer_types": ["sliding_attention"] * 3}, {"final_logit_softcapping": 5.0}])


def gpts():
    """GPT-NeoX rotates 4 of 16 numbers per head; 2 would not tell halves from pairs."""
    neox = dict(vocab_size=WORDS, hidden_size=32, intermediate_size=32, num_hidden_layers=LAYERS, num_attention_heads=2,
                max_position_embeddings=64, bos_token_id=0, eos_token_id=0,
                rope_parameters=rope(partial_rotary_factor=0.25))
    flat = {"rotary_pct": 0.25, "rotary_emb_base": 10000}
    whole = {"rope_parameters": rope(partial_rotary_factor=1.0)}
    yield Family("gpt_neox", GPTNeoXConfig(**neox), 6, flat, [{"use_parallel_residual": False}, whole])
    yield Family("gpt_neox-sequential", GPTNeoXConfig(use_parallel_residual=False, **neox), 1, flat,
                 [{"use_parallel_residual": True}, {"hidden_act": "gelu_new"}])
    gpt2 = GPT2Config(vocab_size=WORDS, n_positions=32, n_embd=24, n_layer=LAYERS, n_head=4, bos_token_id=0,
                      eos_token_id=0)
    yield Family("gpt2", gpt2, 11, {"n_ctx": 32},
                 [{"scale_attn_by_inverse_layer_idx": True}, {"activation_function": "gelu"}])


def state_spaces():
    mamba2 = dict(vocab_size=ROWS, hidden_size=24, num_hidden_layers=LAYERS, state_size=6, expand=2, num_heads=4,
                  head_dim=12, conv_kernel=4, chunk_size=4, layer_norm_epsilon=1e-5)
    yield Family("mamba2", Mamba2Config(n_groups=1, tie_word_embeddings=True, **mamba2), 1)
    yield Family("mamba2-groups", Mamba2Config(n_groups=2, use_bias=True, tie_word_embeddings=False, **mamba2), 1)
    yield Family("mamba", MambaConfig(vocab_size=ROWS, hidden_size=24, num_hidden_layers=LAYERS, state_size=6,
                                      time_step_rank=2), 1)


def hybrids():
    """Attention in layer 1 of 3. Three heads of 8, so that Bamba rotates 4 numbers of each."""
    mixer = dict(mamba_n_heads=4, mamba_d_head=12, mamba_d_state=6, mamba_expand=2, mamba_d_conv=4, mamba_chunk_size=4)
    heads = dict(num_attention_heads=3, num_key_value_heads=1)
    bamba = transformer(BambaConfig, attn_layer_indices=[1], mamba_n_groups=1, intermediate_size=32,
                        rope_parameters=rope(partial_rotary_factor=0.5), **mixer, **heads)
    yield Family("bamba", bamba, 1, {"rope_theta": 10000.0, "attn_rotary_emb": 4},
                 [{"rope_parameters": rope(partial_rotary_factor=1.0)}])
    granite = dict(layer_types=["mamba", "attention", "mamba"], num_local_experts=0, num_experts_per_tok=0,
                   shared_intermediate_size=32, intermediate_size=32, rms_norm_eps=1e-5, rope_parameters=rope(),
                   **mixer, **heads)
    flat = {"layer_types": ["mamba", "attention", "mamba"], "rope_theta": 10000.0, "rope_scaling": None}
    plain = transformer(GraniteMoeHybridConfig, position_embedding_type="rope", mamba_n_groups=1,
                        attention_multiplier=1 / math.sqrt(8), **granite)
    yield Family("granitemoehybrid", plain, 1, flat,
                 [{"position_embedding_type": "nope"}, {"attention_multiplier": 1.0}])
    scaled = transformer(GraniteMoeHybridConfig, position_embedding_type="nope", mamba_n_groups=2,
                         attention_multiplier=0.25, embedding_multiplier=1.5, residual_multiplier=0.75,
                         logits_scaling=2.0, tie_word_embeddings=True, **granite)
    yield Family("granitemoehybrid-scaled", scaled, 1, flat | {"position_embedding_type": "nope"},
                 [{"position_embedding_type": "rope"}, {"attention_multiplier": 1 / math.sqrt(8)},
                  {"embedding_multiplier": 1.0}, {"residual_multiplier": 1.0}, {"logits_scaling": 1.0}])


def families():
    for group in (llamas, stretched, mistral_and_qwen, smollm3, phi3, olmos, gemmas, gpts, state_spaces, hybrids):
        yield from group()
