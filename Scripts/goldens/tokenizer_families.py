"""Tokenizers with the settings that families of models publish, trained on any text with the PyPI package `tokenizers`.

Used by tokenizer_goldens.py, where they are tiny, and by Scripts/parity/tokenizer_ids.py, where they are large.
"""

import json

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA_3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN_2 = LLAMA_3.replace("{1,3}", "")
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
GPT_4O = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTIONS}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTIONS}?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEKKEN = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CL100K_TIKTOKEN = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
SCRIPTS = (
    r"\p{Han}|\p{Hiragana}+|\p{Katakana}+|[\p{Latin}&&[^aeiouAEIOU]]+|(?i:[aeiou\p{Han}]{2})|[\p{L}&&[^\p{Han}\p{Latin}]]+"
    r"|[^\p{Latin}\p{Han}\W]+|[\P{Alphabetic}&&[^\s]]+"
)
DEEPSEEK_V3 = [
    r"\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
]
DEEPSEEK = [r"[\r\n]", r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕ]+",
            r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", "[一-龥ࠀ-一가-퟿]+"]


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def byte_level(prefix=False, regex=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def sequence(key, *parts):
    return {"type": "Sequence", key: list(parts)}


def cuts(*parts):
    return sequence("pretokenizers", *parts)


def metaspace(scheme="always", splits=True, **more):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": splits, **more}


def replace(pattern, content):
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def template(prefix, suffix=()):
    """A post-processor that puts tokens, given by spelling and id, around a text."""
    piece = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [piece(name) for name, _ in prefix] + [text] + [piece(name) for name, _ in suffix],
        "pair": [text, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {name: {"id": name, "ids": [id], "tokens": [name]} for name, id in [*prefix, *suffix]},
    }


def added(content, special=True, normalized=False, **more):
    flags = {"single_word": False, "lstrip": False, "rstrip": False}
    return {"id": 0, "content": content, **flags, "normalized": normalized, "special": special, **more}


NFC = {"type": "NFC"}
SENTENCE_NORMALIZER = sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, replace(" ", "▁"))
FALLBACK = [replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"}]
STRIPPING = sequence("decoders", *FALLBACK, {"type": "Strip", "content": " ", "start": 1, "stop": 0})
BYTES = dict(decoder=byte_level(True, True))
BYTE_FALLBACK = dict(unk_token="<unk>", fuse_unk=True, byte_fallback=True)
BEGIN = template([("<s>", 1)])
SPECIAL = [added("<unk>"), added("<s>"), added("</s>")]

#: Each family: whether its words are bytes, the parts of its file, and options of the model.
FAMILIES = {
    "llama-3": dict(
        BYTES, bytes=True, pre_tokenizer=cuts(split(LLAMA_3), byte_level()), options=dict(ignore_merges=True),
        post_processor=sequence("processors", byte_level(True, True), template([("<|begin_of_text|>", 0)])),
        added_tokens=[added("<|begin_of_text|>"), added("<|end_of_text|>"), added("<|eot_id|>")],
    ),
    "qwen-2": dict(
        BYTES, bytes=True, normalizer=NFC, pre_tokenizer=cuts(split(QWEN_2), byte_level()), post_processor=byte_level(),
        added_tokens=[added("<|endoftext|>"), added("<|im_start|>"), added("<|im_end|>"), added("<think>", False)],
    ),
    "phi-4": dict(
        BYTES, bytes=True, pre_tokenizer=cuts(split(LLAMA_3, "Removed", True), byte_level()),
        added_tokens=[added("<|endoftext|>"), added("<|dummy|>", lstrip=True, rstrip=True), added("word", False, single_word=True)],
    ),
    "pythia": dict(
        BYTES, bytes=True, normalizer=NFC, pre_tokenizer=byte_level(False, True), post_processor=byte_level(False, True),
        added_tokens=[added("<|endoftext|>"), added("<|padding|>")]
        + [added(" " * n, False, True) for n in range(24, 1, -1)],
    ),
    "gpt-2-prefix": dict(
        BYTES, bytes=True, pre_tokenizer=byte_level(True, True), added_tokens=[added("<s>"), added("</s>"), added("<mask>", lstrip=True)],
        post_processor={"type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0], "trim_offsets": True, "add_prefix_space": True},
    ),
    "smollm": dict(
        BYTES, bytes=True, pre_tokenizer=cuts({"type": "Digits", "individual_digits": True}, byte_level(False, True)),
        added_tokens=[added("<|endoftext|>"), added("<|im_start|>")],
    ),
    "deepseek": dict(
        BYTES, bytes=True, normalizer=sequence("normalizers"),
        pre_tokenizer=cuts(*map(split, DEEPSEEK), {"type": "Digits", "individual_digits": True}, byte_level()),
        added_tokens=[added("<｜begin▁of▁sentence｜>", normalized=True), added("ø", False, True), added("é Ġ", False, True)],
        post_processor=template([("<｜begin▁of▁sentence｜>", 0)]),
    ),
    "deepseek-v3": dict(BYTES, bytes=True, pre_tokenizer=cuts(*map(split, DEEPSEEK_V3), byte_level()), added_tokens=[added("<|end|>")]),
    "gpt-4o": dict(BYTES, bytes=True, pre_tokenizer=cuts(split(GPT_4O), byte_level()), added_tokens=[added("<|endoftext|>")]),
    "tekken": dict(BYTES, bytes=True, pre_tokenizer=cuts(split(TEKKEN), byte_level()), added_tokens=[added("<s>")], options=dict(ignore_merges=True)),
    "tiktoken": dict(BYTES, bytes=True, pre_tokenizer=cuts(split(CL100K_TIKTOKEN), byte_level()), added_tokens=[added("<s>")]),
    "bytes-whole": dict(BYTES, bytes=True, pre_tokenizer=byte_level(), added_tokens=[added("<s>")]),
    "bytes-incomplete": dict(
        BYTES, bytes=True, drops=["ÿ", "Ġ", "Ã", "e"], pre_tokenizer=byte_level(False, True), added_tokens=[added("<unk>")],
        options=dict(unk_token="<unk>"),
    ),
    "llama-2": dict(
        normalizer=SENTENCE_NORMALIZER, decoder=STRIPPING, options=BYTE_FALLBACK, post_processor=BEGIN,
        added_tokens=[added("<unk>", normalized=True), added("<s>", normalized=True), added("</s>", normalized=True)],
    ),
    "tinyllama": dict(normalizer=SENTENCE_NORMALIZER, decoder=STRIPPING, options=BYTE_FALLBACK, post_processor=BEGIN, added_tokens=SPECIAL),
    "phi-3": dict(
        normalizer=SENTENCE_NORMALIZER, decoder=STRIPPING, options=BYTE_FALLBACK,
        added_tokens=[added("<unk>"), added("<s>"), added("</s>", False, rstrip=True), added("<|endoftext|>")]
        + [added(f"<|{name}|>", rstrip=True) for name in ["assistant", "end", "user"]],
    ),
    "mistral": dict(
        pre_tokenizer=metaspace("first", False), decoder=STRIPPING, options=dict(BYTE_FALLBACK, ignore_merges=False),
        post_processor=BEGIN, added_tokens=SPECIAL + [added("[INST]"), added("[/INST]")],
    ),
    "metaspace": dict(pre_tokenizer=metaspace(), decoder=metaspace(), options=BYTE_FALLBACK, added_tokens=SPECIAL, post_processor=template([], [("</s>", 2)])),
    "metaspace-never": dict(pre_tokenizer=metaspace("never"), decoder=metaspace("never"), options=dict(unk_token="<unk>", fuse_unk=True), added_tokens=SPECIAL),
    "metaspace-old": dict(
        pre_tokenizer={"type": "Metaspace", "replacement": "▁", "add_prefix_space": True, "str_rep": "▁"},
        decoder={"type": "Metaspace", "replacement": "▁", "add_prefix_space": True, "str_rep": "▁"},
        options=dict(unk_token="<unk>"), added_tokens=[*SPECIAL, added("<ml>", False, single_word=True, lstrip=True)],
    ),
    "gemma": dict(
        normalizer=replace(" ", "▁"), pre_tokenizer=split(" ", "MergedWithPrevious", kind="String"), options=BYTE_FALLBACK,
        decoder=sequence("decoders", *FALLBACK), post_processor=BEGIN,
        added_tokens=[*SPECIAL, added("\n\n", False), added("▁▁", False), added("\t", False), added("<b>", False)],
    ),
    "some-bytes": dict(
        normalizer=SENTENCE_NORMALIZER, decoder=STRIPPING, options=dict(BYTE_FALLBACK, fuse_unk=False), added_tokens=SPECIAL,
        drops=["<0x9F>", "<0x41>", "<0xE4>", "e"],
    ),
    "whole-words": dict(
        normalizer=SENTENCE_NORMALIZER, decoder=sequence("decoders", {"type": "ByteFallback"}, metaspace()),
        options=dict(BYTE_FALLBACK, ignore_merges=True), added_tokens=SPECIAL,
    ),
    "whitespace": dict(
        normalizer=sequence("normalizers", {"type": "NFD"}, {"type": "Strip", "strip_left": True, "strip_right": True}),
        pre_tokenizer={"type": "Whitespace"}, options=dict(unk_token="<unk>"), added_tokens=SPECIAL,
    ),
    "punctuation": dict(
        normalizer=sequence("normalizers", {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, replace("``", '"')),
        pre_tokenizer=cuts(
            {"type": "Punctuation", "behavior": "MergedWithNext"}, {"type": "WhitespaceSplit"},
            {"type": "Digits", "individual_digits": False}, split("ab", "Contiguous", kind="String"),
        ),
        options=dict(unk_token="<unk>"), added_tokens=SPECIAL, decoder={"type": "Fuse"},
    ),
    "first-strip": dict(
        normalizer=sequence("normalizers", {"type": "Strip", "strip_left": True, "strip_right": False}, NFC),
        pre_tokenizer=cuts(split(",", "MergedWithPrevious", kind="String"), metaspace("first")),
        decoder=sequence("decoders", {"type": "Strip", "content": "▁", "start": 2, "stop": 0}, metaspace("never")),
        options=dict(unk_token="<unk>", fuse_unk=True), added_tokens=[*SPECIAL, added("<n>", False, True)],
    ),
    "bloom": dict(BYTES, bytes=True, pre_tokenizer=cuts(split(BLOOM), byte_level()), added_tokens=[added("<s>")]),
    "scripts": dict(BYTES, bytes=True, pre_tokenizer=cuts(split(SCRIPTS), byte_level()), added_tokens=[added("<s>")]),
    "nfkc": dict(
        BYTES, bytes=True, normalizer=sequence("normalizers", {"type": "NFKC"}, {"type": "Lowercase"}), pre_tokenizer=byte_level(False, True),
        added_tokens=[added("<s>"), added("Ⅷ", False, True)],
    ),
    "nfkd": dict(
        BYTES, bytes=True, normalizer=sequence("normalizers", {"type": "NFKD"}, {"type": "StripAccents"}), pre_tokenizer=byte_level(False, True),
        added_tokens=[added("<s>")],
    ),
}


def learned(texts, size, with_bytes, special):
    """Vocabulary and merges over bytes, or over characters with ▁ for a space."""
    tokenizer = Tokenizer(models.BPE())
    if with_bytes:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        alphabet = []
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, limit_alphabet=2000, show_progress=False, special_tokens=special,
        min_frequency=2,
    )
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], model["merges"]


def family(name, texts, size):
    """The `tokenizer.json` of a family as a dictionary, with a vocabulary of about `size` entries learned from `texts`."""
    parts = dict(FAMILIES[name])
    with_bytes, drops, options = parts.pop("bytes", False), parts.pop("drops", []), parts.pop("options", {})
    tokens = parts["added_tokens"]
    # Some added tokens stand in the vocabulary, as the first three of Llama 2 do; the others come after it.
    inside = [token["content"] for token in tokens if token["special"]]
    pieces = [f"<0x{byte:02X}>" for byte in range(256)] if options.get("byte_fallback") else []
    vocabulary, merges = learned(texts, size, with_bytes, inside + pieces)
    if options.get("ignore_merges"):
        # Words that no merges make: they are tokens only because they stand in the vocabulary.
        sign = "Ġ" if with_bytes else "▁"
        for word in ["theriver", sign + "millstone", "3000", "\u010a\u010a\u010a", "xyzzy", sign + "a" + sign + "mill"]:
            vocabulary.setdefault(word, len(vocabulary))
    vocabulary = {piece: index for index, piece in enumerate(p for p in vocabulary if p not in drops)}
    merges = [m for m in merges if all(p in vocabulary for p in (m[0], m[1], m[0] + m[1]))]
    flags = dict(dropout=None, unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None, fuse_unk=False, byte_fallback=False, ignore_merges=False)
    whole = dict(version="1.0", truncation=None, padding=None, added_tokens=[], normalizer=None, pre_tokenizer=None, post_processor=None, decoder=None)
    whole.update(parts)
    whole["model"] = {"type": "BPE", **flags, **options, "vocab": vocabulary, "merges": merges}
    # The package gives ids to the added tokens; with them the file is what the package would write.
    return json.loads(Tokenizer.from_str(json.dumps(whole)).to_str())
