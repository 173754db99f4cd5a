"""Random models with a tokenizer, large enough for exports: 320 words, widths that blocks of 32 numbers divide."""

import math
from dataclasses import dataclass
from functools import cache

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (BambaConfig, Gemma2Config, Gemma3TextConfig, GPT2Config, GPTNeoXConfig,
                          GraniteMoeHybridConfig, LlamaConfig, Mamba2Config, MambaConfig, MistralConfig, Olmo2Config,
                          Olmo3Config, Phi3Config, PhiConfig, PreTrainedTokenizerFast, Qwen2Config, Qwen3Config,
                          SmolLM3Config)

from family_models import LLAMA3, rope
from family_run import build, logits_of, randomise
from golden_file import REPOSITORY, Draw, greedy

WORDS, TOKENS, MARGIN = 320, 32, 0.02
PROMPTS = ["The mill stands by the river, and the miller sleeps.",
           "A student learns what the teacher knows; no more, no less."]
TEXTS = PROMPTS + ["  two  spaces\n\nand lines\t!", "déjà vu, naïve: 12345 + 67", "水は川を流れる 🙂", "don't we'll I'M",
                   ""]
END = "<|endoftext|>"


@dataclass
class Source:
    """A checkpoint folder with a tokenizer, prompts of equal length, and their logits and continuation by transformers.

    The continuation is computed in full for each token: without attention, transformers has no cache that works.
    """

    name: str
    folder: object
    tokenizer: object
    ids: torch.Tensor
    expected: dict


@cache
def tokenizer():
    """Byte-level BPE with the splitting of GPT-2, learnt from this repository's README."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=WORDS, special_tokens=[AddedToken(END, special=True)], show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    made.train_from_iterator([(REPOSITORY / "README.md").read_text(encoding="utf-8")], trainer)
    if made.get_vocab_size() != WORDS:
        raise AssertionError(f"the tokenizer has {made.get_vocab_size()} words")
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token=END, bos_token=END, unk_token=None)


def transformer(cls, **fields):
    own = dict(vocab_size=WORDS, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
               num_key_value_heads=2, max_position_embeddings=128, bos_token_id=0, eos_token_id=0,
               tie_word_embeddings=False, rms_norm_eps=1e-5, rope_parameters=rope())
    return cls(**(own | fields))




def granite(**fields):
    own = dict(num_local_experts=0, num_experts_per_tok=0, shared_intermediate_size=96, position_embedding_type="rope",
               attention_multiplier=1 / math.sqrt(16), layer_types=["mamba", "attention", "mamba"], mamba_n_heads=8,
               mamba_d_head=16, mamba_n_groups=1, mamba_d_state=16, mamba_expand=2, mamba_d_conv=4, mamba_chunk_size=8)
    return transformer(GraniteMoeHybridConfig, **(own | fields))


def by_layers():
    """Norms behind mixers, caps, windows in some layers, positions that differ between layers or are those of a part of
    each head. Gemma and OLMo 3 have the layers with a window that llama.cpp knows by the architecture."""
    sliding, full = "sliding_attention", "full_attention"
    yarn = dict(factor=8.0, original_max_position_embeddings=16)
    gemma = dict(head_dim=32, query_pre_attn_scalar=32, sliding_window=6, tie_word_embeddings=True, pad_token_id=0,
                 rms_norm_eps=1e-6)
    factors = dict(short_factor=[1.0, 1.5, 2.0, 3.0, 4.0, 5.0], long_factor=[2.0, 3.0, 5.0, 9.0, 9.0, 9.0],
                   original_max_position_embeddings=512)
    return {
        "smollm3": transformer(SmolLM3Config, num_hidden_layers=5, pad_token_id=0, tie_word_embeddings=True),
        # llama.cpp looks for words of Phi-3's own tokenizer in files of models that are called "phi3".
        "fused-phi": transformer(Phi3Config, pad_token_id=0, max_position_embeddings=1024, tie_word_embeddings=True,
                            original_max_position_embeddings=512,
                            rope_parameters=rope("longrope", partial_rotary_factor=0.75, **factors)),
        "olmo2": transformer(Olmo2Config, pad_token_id=0),
        "olmo3": transformer(Olmo3Config, num_hidden_layers=5, pad_token_id=0, sliding_window=6, rope_parameters={
            sliding: rope(theta=500000.0), full: rope("yarn", 500000.0, **yarn)}),
        "gemma2": transformer(Gemma2Config, num_hidden_layers=4, attn_logit_softcapping=5.0,
                              final_logit_softcapping=8.0, **gemma),
        "gemma3": transformer(Gemma3TextConfig, num_hidden_layers=7, **(gemma | {"rope_parameters": {
            sliding: rope(theta=100.0), full: rope("linear", 500.0, factor=8.0)}})),
    }


def configurations():
    mixer = dict(mamba_n_heads=8, mamba_d_head=16, mamba_d_state=16, mamba_expand=2, mamba_d_conv=4, mamba_chunk_size=8)
    ssm = dict(vocab_size=WORDS, hidden_size=64, num_hidden_layers=3, bos_token_id=0, eos_token_id=0, pad_token_id=0)
    mamba2 = dict(state_size=16, num_heads=8, head_dim=16, chunk_size=8, **ssm)
    layer_norms = dict(vocab_size=WORDS, hidden_size=64, intermediate_size=96, num_hidden_layers=3,
                       num_attention_heads=4, max_position_embeddings=128, bos_token_id=0, eos_token_id=0)
    return {
        "granite": granite(),
        "granite-llama3": granite(tie_word_embeddings=True, attention_bias=True, max_position_embeddings=512,
                                  rope_parameters=rope("llama3", **LLAMA3)),
        "granite-scaled": granite(position_embedding_type="nope", mamba_n_groups=2, attention_multiplier=0.2,
                                  embedding_multiplier=1.5, residual_multiplier=0.75, logits_scaling=2.0),
        "granite-attention-free": granite(layer_types=["mamba"] * 3),
        "granite-narrow": granite(mamba_expand=1, mamba_n_heads=4),
        "granite-linear": granite(mamba_conv_bias=False, rope_parameters=rope("linear", factor=4.0)),
        "granite-narrow-attention-free": granite(layer_types=["mamba"] * 3, mamba_expand=1, mamba_n_heads=4,
                                                 mamba_n_groups=2),
        "granite-dense": granite(layer_types=["attention"] * 3, attention_multiplier=0.2, residual_multiplier=0.75,
                                 logits_scaling=0.5, embedding_multiplier=1.5),
        "bamba": transformer(BambaConfig, attn_layer_indices=[1], mamba_n_groups=1, pad_token_id=0,
                             rope_parameters=rope(partial_rotary_factor=0.5), **mixer),
        "bamba-full": transformer(BambaConfig, attn_layer_indices=[1], mamba_n_groups=1, pad_token_id=0,
                                  rope_parameters=rope(partial_rotary_factor=1.0), **mixer),
        "mamba2": Mamba2Config(n_groups=1, tie_word_embeddings=True, **mamba2),
        "mamba2-groups": Mamba2Config(n_groups=2, tie_word_embeddings=False, **mamba2),
        "mamba": MambaConfig(state_size=16, **ssm),
        "llama": transformer(LlamaConfig),
        # K types round 256 numbers at a time.
        "llama-wide": transformer(LlamaConfig, hidden_size=256, intermediate_size=512, num_hidden_layers=2),
        "llama3": transformer(LlamaConfig, tie_word_embeddings=True, head_dim=32, attention_bias=True,
                              max_position_embeddings=512, rope_parameters=rope("llama3", **LLAMA3)),
        "mistral": transformer(MistralConfig, sliding_window=None),
        "qwen2": transformer(Qwen2Config, tie_word_embeddings=True),
        "qwen3": transformer(Qwen3Config, head_dim=32),
        "llama-yarn": transformer(LlamaConfig, max_position_embeddings=512, rope_parameters=rope(
            "yarn", factor=16.0, original_max_position_embeddings=32)),
        "qwen2-yarn": transformer(Qwen2Config, max_position_embeddings=512, rope_parameters=rope(
            "yarn", factor=16.0, original_max_position_embeddings=32)),
        **by_layers(),
        "phi": PhiConfig(num_key_value_heads=4, rope_parameters=rope(partial_rotary_factor=0.5),
                         tie_word_embeddings=False, resid_pdrop=0.0, embd_pdrop=0.0, **layer_norms),
        "gpt_neox": GPTNeoXConfig(rope_parameters=rope(partial_rotary_factor=0.5), **layer_norms),
        "gpt_neox-sequential": GPTNeoXConfig(rope_parameters=rope(partial_rotary_factor=0.25), attention_bias=False,
                                             use_parallel_residual=False, tie_word_embeddings=True, **layer_norms),
        "gpt2": GPT2Config(vocab_size=WORDS, n_positions=128, n_embd=64, n_layer=3, n_head=4, bos_token_id=0,
                           eos_token_id=0),
    }


def prompt_ids():
    rows = [tokenizer()(text)["input_ids"] for text in PROMPTS]
    length = min(len(row) for row in rows)
    return torch.tensor([row[:length] for row in rows])


def draw(config, ids):
    """The first weights whose continuation has no near ties, so that equal models must continue equally; and it."""
    for seed in range(1, 200):
        model = build(config)
        randomise(model, Draw(seed), spread=0.19)
        try:
            with torch.no_grad():
                return model, greedy(lambda s: logits_of(model, s), ids, TOKENS, least_margin=MARGIN)
        except AssertionError:
            continue
    raise AssertionError(f"no seed gives {config.model_type} a clear continuation")


class Workshop:
    """Folders of one run, and the sources made so far."""

    def __init__(self, root):
        self.root, self.made = root, {}

    def scratch(self, name):
        return self.root / name.replace(" ", "-").replace("/", "-")

    def source(self, name):
        if name not in self.made:
            folder, ids = self.scratch(f"source-{name}"), prompt_ids()
            model, continuation = draw(configurations()[name], ids)
            model.save_pretrained(folder)
            tokenizer().save_pretrained(folder)
            expected = {"logits": logits_of(model, ids), "continuation": continuation}
            self.made[name] = Source(name, folder, tokenizer(), ids, expected)
        return self.made[name]
