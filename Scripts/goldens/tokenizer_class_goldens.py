# /// script
# requires-python = ">=3.10"
# dependencies = ["tokenizers==0.23.3", "transformers==5.23.0"]
# ///
"""Writes Tests/MohawkTextTests/Goldens/tokenizer-classes.json: the ids that `AutoTokenizer` gives for folders whose
`tokenizer_config.json` names a class, which makes parts of `tokenizer.json` anew.

The tokenizers are those of tokenizer-families.json, which tokenizer_goldens.py writes first.

Run from the repository's root: python Scripts/goldens/tokenizer_class_goldens.py
"""

import json
import os
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

from transformers import AutoTokenizer
from transformers.utils import logging

TEXTS = [
    "Hello world", " Hello world", "  5 apples   77", "\n\nHi", "<s>hello", "hello</s> world", "a<s>b</s>  c", "  ",
    "x\u0301y ﬁ Å", "12345 6,789", "don't I'LL", "\ttab  tab", " ▁ ▁▁", "<unk>x", "<FILL_ME>y", "<|endoftext|> after",
    "naïve 日本 😀", "<|im_start|>user\n2 + 2<|im_end|>\n", "<extra> x",
]

# Family of tokenizer-families.json, class, `model_type` of config.json, other members of tokenizer_config.json.
CLASSES = [
    ("tinyllama", "LlamaTokenizer"), ("tinyllama", "CodeLlamaTokenizer"), ("mistral", "LlamaTokenizer"),
    ("metaspace-never", "LlamaTokenizer"), ("gemma", "LlamaTokenizer"), ("gemma", "GemmaTokenizer"), ("tinyllama", "GemmaTokenizer"),
    ("smollm", "GPT2Tokenizer"), ("smollm", "CodeGenTokenizer"), ("smollm", "GPTNeoXTokenizer"), ("pythia", "GPTNeoXTokenizer"),
    ("qwen-2", "Qwen2Tokenizer"), ("smollm", "Qwen2Tokenizer"), ("smollm", "Qwen3_5Tokenizer"), ("smollm", "CohereTokenizer"),
    ("llama-3", "LlamaTokenizer"), ("llama-3", "GPT2Tokenizer"), ("nfkc", "GPT2Tokenizer"), ("gpt-2-prefix", "GPT2Tokenizer"),
]
CASES = [(family, name, "llama", flags) for family, name in CLASSES for flags in [
    {}, {"add_prefix_space": True}, {"add_prefix_space": False}, {"legacy": True}, {"add_bos_token": True, "add_eos_token": True},
]]
TYPES = ["llama", "mistral", "gpt2", "gpt_neox", "phi", "phi3", "qwen2", "qwen3", "gemma2", "mamba2", "olmo2", "granitemoehybrid"]
CASES += [("smollm", name, kind, {}) for kind in TYPES for name in [None, "GPT2TokenizerFast", "PreTrainedTokenizerFast", "LlamaTokenizerFast", "NoSuchTokenizer"]]
CASES += [("tinyllama", name, kind, {}) for kind in TYPES for name in ["LlamaTokenizerFast", "GPT2Tokenizer"]]
EXTRA = {"content": "<extra>", "lstrip": True, "rstrip": False, "normalized": False, "single_word": False, "special": False}
CASES += [(family, name, "llama", flags) for family, name in [("smollm", "GPT2Tokenizer"), ("tinyllama", "LlamaTokenizer"), ("smollm", "Qwen2Tokenizer")] for flags in [
    {"added_tokens_decoder": {"5000": EXTRA}}, {"additional_special_tokens": ["<extra>"]}, {"pad_token": "<extra>", "unk_token": "<unk>"},
    {"bos_token": "<s>", "eos_token": {"__type": "AddedToken", "content": "<extra>", "lstrip": True}}, {"image_token": "<extra>"},
]]


def case(tokenizers, family, name, kind, flags):
    configuration = ({"tokenizer_class": name} if name else {}) | flags
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tokenizer.json").write_text(tokenizers[family])
        Path(folder, "tokenizer_config.json").write_text(json.dumps(configuration))
        Path(folder, "config.json").write_text(json.dumps({"model_type": kind}))
        tokenizer = AutoTokenizer.from_pretrained(folder)
    # CodeLlama's class fills in between what stands around this token, and cuts all texts after that otherwise.
    fills = type(tokenizer).__name__ == "CodeLlamaTokenizer"
    texts = [None if fills and "<FILL_ME>" in text else text for text in TEXTS]
    try:
        ids = [text and tokenizer(text)["input_ids"] for text in texts]
    except Exception:  # of `tokenizers`, which has no class of its own for an unknown token that is nowhere
        return None
    decoded = [text and tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"], clean_up_tokenization_spaces=False) for text in texts]
    return {"family": family, "model": kind, "configuration": json.dumps(configuration), "size": len(tokenizer), "ids": ids, "decoded": decoded}


def main():
    logging.set_verbosity_error()
    folder = Path("Tests/MohawkTextTests/Goldens")
    families = json.loads((folder / "tokenizer-families.json").read_text())["families"]
    tokenizers = {family["name"]: family["tokenizer"] for family in families}
    cases = [found for found in (case(tokenizers, *values) for values in CASES) if found]
    text = json.dumps({"texts": TEXTS, "cases": cases}, ensure_ascii=True, separators=(",", ":"))
    (folder / "tokenizer-classes.json").write_text(text.replace('{"family"', '\n{"family"') + "\n")


if __name__ == "__main__":
    main()
