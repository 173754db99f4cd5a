"""Tokenizers of other kinds than the checks of models have, in GGUF files: llama.cpp reads texts into the same tokens."""

from functools import partial

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, PreTrainedTokenizerFast

import llama_cpp_process
import programs
from check import Failure, Measured
from family_run import build
from golden_file import REPOSITORY
from sources import END, TEXTS, transformer

ROWS, WORDS = 1024, 600
MORE = ["3.14159 2025-11-21 x1000000", "He's SHE'LL we'D\r\n\r\n  indented\n\ttabbed   ", " leading", "trailing ", "ÀÉ ﬁ Ⅷ ½",
        "<|endoftext|> as text", "a" * 70, "!!!???...,,,", "mixed漢字kana かな and ไทย"]
# With {} for a control token: what stands before and behind one, and texts that begin with blanks.
AROUND = ["{}hello", "{} hello", "a{}b", "hello{} world", "{}{}", " {} a", "  two blanks", "    four", "a    b        c", "   "]
CASED = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+END"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*END|DIGITS"
         r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
QWEN35 = (CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|DIGITS| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_level(*steps, regex=False, ignore_merges=False):
    made = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [*steps, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=regex)])
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=WORDS, special_tokens=[AddedToken(END, special=True)], show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    made.train_from_iterator([(REPOSITORY / "README.md").read_text(encoding="utf-8")], trainer)
    return made


def split(digits):
    return isolated(LLAMA3.replace("DIGITS", digits))


def isolated(pattern):
    return pre_tokenizers.Split(Regex(pattern), behavior="isolated")


def cased(end, digits):
    return isolated(CASED.replace("END", end).replace("DIGITS", digits))


def with_beginning(made):
    made.post_processor = processors.TemplateProcessing(single=f"{END} $A", pair=None,
                                                        special_tokens=[(END, made.token_to_id(END))])
    return made


def pieces(mixed=False, scheme=None):
    """As Llama 2's: characters, bytes to fall back on, and every pair of pieces that makes a piece as a merge.

    mixed puts runs of spaces last, with merges in the order of transformers 4.38 to 4.57; scheme is Metaspace's.
    """
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    learner.train_from_iterator([text], trainers.BpeTrainer(vocab_size=WORDS, show_progress=False))
    learnt = sorted(learner.get_vocab().items(), key=lambda entry: entry[1])
    words = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + [word for word, _ in learnt]
    vocabulary = {word: n for n, word in enumerate(dict.fromkeys(words))}
    merges = [(word[:n], word[n:]) for word, _ in learnt for n in range(1, len(word))
              if word[:n] in vocabulary and word[n:] in vocabulary]
    if mixed:
        for length in range(2, 16):
            vocabulary.setdefault("▁" * length, len(vocabulary))
        runs = [("▁" * n, "▁" * m) for n in range(1, 15) for m in range(1, 15) if n + m < 16]
        merges = [pair for pair in merges if set("".join(pair)) != {"▁"}]
        merges += sorted(runs, key=lambda pair: (len(pair[0]), len(pair[1])), reverse=True)
    made = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if scheme:
        made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    else:
        made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                      decoders.Strip(" ", 1, 0)])
    made.add_special_tokens([AddedToken(word, special=True) for word in ("<unk>", "<s>", "</s>")])
    return made


KINDS = {
    "gpt-2": lambda: byte_level(regex=True),
    "llama-bpe": lambda: with_beginning(byte_level(split(r"\p{N}{1,3}"), ignore_merges=True)),
    "smaug-bpe": lambda: byte_level(split(r"\p{N}{1,3}")),
    "qwen2": lambda: byte_level(split(r"\p{N}")),
    "smollm": lambda: byte_level(pre_tokenizers.Digits(individual_digits=True), regex=True),
    "sentencepiece": pieces,
}

# Beside those whose keys are the names in `tokenizer.ggml.pre`.
EXPORTED = KINDS | {
    "tekken": lambda: with_beginning(byte_level(cased("", r"\p{N}"), ignore_merges=True)),
    "gpt-4o": lambda: byte_level(cased(CONTRACTIONS + "?", r"\p{N}{1,3}")),
    "qwen35": lambda: byte_level(isolated(QWEN35)),
    "sentencepiece, mixed merges": lambda: pieces(mixed=True),
    "sentencepiece, no space in front": lambda: pieces(scheme="never"),
}
# llama.cpp would read these otherwise.
REFUSED = {f"sentencepiece, {scheme}": partial(pieces, scheme=scheme) for scheme in ("first", "always")}


def reads(kind, workshop):
    made = EXPORTED[kind]()
    end = END if made.token_to_id(END) is not None else "</s>"
    folder = written(made, end, kind, workshop)
    target = programs.convert(folder, workshop.scratch(f"tokenizer-{kind}.gguf"), "gguf", "f16")
    texts = TEXTS + MORE + [text.replace("{}", end) for text in AROUND]
    # Control tokens are read in texts, as tokenizers always does.
    found = llama_cpp_process.outputs(target, torch.tensor([[1, 2]]), 0, texts, workshop.scratch(f"tokenizer-{kind}-llama"), special=True)
    for n, text in enumerate(texts):
        expected = made.encode(text, add_special_tokens=False).ids
        if found[f"text.{n}"].tolist() != expected:
            raise Failure(f"llama.cpp reads {text!r} as {found[f'text.{n}'].tolist()}, the tokenizer as {expected}")
    return Measured(0, 0, f"{len(texts)} texts agree")


def written(made, end, kind, workshop):
    config = transformer(LlamaConfig, vocab_size=ROWS, num_hidden_layers=1, eos_token_id=made.token_to_id(end))
    folder = workshop.scratch(f"tokenizer-{kind}")
    build(config).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=made, eos_token=end, unk_token=None).save_pretrained(folder)
    return folder


def refuses(kind, workshop):
    folder = written(REFUSED[kind](), "</s>", kind, workshop)
    try:
        programs.convert(folder, workshop.scratch(f"tokenizer-{kind}.gguf"), "gguf", "f16")
    except Failure as failure:
        if "otherwise than this tokenizer" in str(failure):
            return Measured(0, 0, "refused by name")
        raise
    raise Failure("the tokenizer is exported, though llama.cpp reads texts otherwise")


def checks():
    for kind in EXPORTED:
        yield f"gguf tokenizer: {kind}", partial(reads, kind)
    for kind in REFUSED:
        yield f"gguf tokenizer: {kind}", partial(refuses, kind)
