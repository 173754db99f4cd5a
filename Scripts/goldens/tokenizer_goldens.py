# /// script
# requires-python = ">=3.9"
# dependencies = ["tokenizers==0.23.3"]
# ///
"""Writes Tests/MohawkTextTests/Goldens/tokenizer.json, tokenizer-cases.json and tokenizer-families.json.

Trains a vocabulary of 600 entries with the PyPI package `tokenizers` on the text below, adds tokens that strip white
space, stand alone or are white space, and encodes strings of many kinds. The suite demands the same ids, and the same
vocabulary when it trains on the same text. Then the same for a tiny tokenizer of each family of models, with what it
makes of its ids and of random ones.

Run from the repository's root: python Scripts/goldens/tokenizer_goldens.py
"""

import json
import random

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from tokenizer_families import FAMILIES, family

TEXT = """The miller's daughter said: "It's late, isn't it? We'll go home when they've closed the mill."
He'd walked 12 miles; she'd walked 1,234. They're tired, and I'm tired too. The mill and the miller, the hill and the
river: the river runs under the mill, the wheel turns, the wheel grinds, and the flour falls into 25 white sacks.
Der Müller schläft über dem Fluß. Le meunier déjeune à midi, où il fait frais. El molino está en la montaña.
Мельница стоит у реки. Мельник спит, а река течёт. Ο μύλος είναι στο ποτάμι. מים זורמים. الماء يجري تحت الطاحونة.
水は川を流れる。風車が回る。물레방아가 돌아간다. 水流过磨坊。नदी बहती है। แม่น้ำไหล
def turn(wheel):\n    for spoke in wheel:\n\t\tspoke.angle += 0.5  # half a turn\n    return wheel
""" * 3

CASES = [
    "", " ", "  ", "\n", "\n\n", " \n ", "\t\t", "a", " a", "a ", "  a", "   a  b   ", "\r\n", "a\r\n\r\nb", "\u00a0a", "a\u00a0\u00a0b",
    "\u3000\u3000x", "\u2028x\u2029", "\u0085x", "The mill and the miller.", "Hello, world!", "I'm, you're, he'll, we'd, it's, they've, don't",
    "I'M YOU'RE DON'T", "'s 't 're", "''s", "o'clock 'tis '", "it’s", "1234567890 12.5 3/4 ½ Ⅻ ٣ 一二三", "a1b2c3", "12 34  56",
    "...!!!???", "--- *** ___", "{[(<>)]}", "x=y+z;//c", "def turn(wheel):\n    return wheel\n", "\tif x:\n\t\ty\n",
    "Der Müller schläft über dem Fluß.", "où déjà vu", "e\u0301 versus é", "n\u0303\u0303", "Мельница стоит у реки.", "Ο μύλος είναι",
    "מים זורמים", "الماء يجري", "水は川を流れる。", "물레방아", "가\u1100\u1161", "नदी बहती है।", "แม่น้ำไหล", "ქართული", "ᚠᚢᚦ", "🙂", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷",
    "👍🏽 ok", "a🙂b 🙂 c", "\ufeffx", "zero\u200bwidth", "\u202eright", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚", "\U00020000\U0002a6df", "\U000e0001", "\U0010ffff",
    "<|endoftext|>", "a<|endoftext|>b", "a <|endoftext|> b", "<|endoftext|><|endoftext|>", "<|endoftext|", "<|left|>", "a   <|left|>b",
    "a <|right|>   b", "<|right|> <|left|>", "<|both|>", " \n <|both|> \t x", "a<|word|>b", "a <|word|> b", "é<|word|>", "<|word|>",
    "<|word|>_", "    ", "        ", "x    y", "x     y", "<pad", "<pad>", "<pad><padding>", "<padding> <pad>",
    "\u0000\u0001\u007f", "supercalifragilisticexpialidocious " * 3, "a" * 300, "ab" * 200, " " * 100, "the" * 60,
]


def random_text(source: random.Random) -> str:
    pieces = ["the ", " mill", "'s", "'re", "  ", "\n", "\t", " ", "<|endoftext|>", "    ", "1", "23", "!", "é", "ж", "水", "🙂"]
    text = ""
    for _ in range(source.randrange(1, 24)):
        if source.random() < 0.5:
            text += source.choice(pieces)
        else:
            scalar = source.choice([source.randrange(0x20, 0x7F), source.randrange(0xA0, 0x3000), source.randrange(0x3000, 0x20000)])
            text += "" if 0xD800 <= scalar < 0xE000 else chr(scalar)
    return text


source = random.Random(20)
CASES += [random_text(source) for _ in range(200)]

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
tokenizer.train_from_iterator(
    [TEXT],
    trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    ),
)
tokenizer.add_special_tokens(
    [AddedToken("<|left|>", lstrip=True), AddedToken("<|right|>", rstrip=True), AddedToken("<|both|>", lstrip=True, rstrip=True)]
)
tokenizer.add_tokens([AddedToken("<|word|>", single_word=True, normalized=False), "    ", "<pad>", AddedToken("<padding>", normalized=False)])

folder = "Tests/MohawkTextTests/Goldens"
with open(f"{folder}/tokenizer.json", "w") as file:
    json.dump(json.loads(tokenizer.to_str()), file, ensure_ascii=False, separators=(",", ":"))
cases = []
for text in CASES:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = True
    plain = tokenizer.encode(text, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = False
    cases.append({"text": text, "ids": ids} if plain == ids else {"text": text, "ids": ids, "plain": plain})
with open(f"{folder}/tokenizer-cases.json", "w") as file:
    json.dump({"training": TEXT, "cases": cases}, file, separators=(",", ":"))

FAMILY_CASES = [
    "", " ", "  a", "a  ", "\n\n a", "The mill, isn't it?", "WE'LL GO'S 'ſ 'Re", "  two  spaces   three ", "a\r\n\r\n  b\n \n", "x\t\ty\u00a0z\u3000",
    "12 1234567 3.14 ½Ⅻ٣٤", "theriver millstone xyzzy 3000\n\n\n", "theriver", " millstone", "Der Müller: «schläft»", "e\u0301 a\u0323\u0307 \u212b \u0344 한\u1100\u1161\u11a8", "é Ġ ø Å",
    "水は川を流れる。中文字", "Мельница ǅ ʰʰ", "नदी बहती है। แม่น้ำ", "🙂👩‍👩‍👧 🇩🇪", "\u0000\u007f\u0085\ufeff\u200d", "▁▁a▁b Ġ <0x41>", "``quoted'' (ab) #1!",
    "def f(x):\n    return {x: 'y'}  # done\n", "supercalifragilistic " * 2, "ab" * 30, " " * 9, "中" * 5, "hello_world ÀÉ ßẞ",
    "ﬁ ① ㎏ ﾊﾟ ｱｶﾞ İSTANBUL ΣΑΣ ẛ\u0323 ¨ ﷺ ｈａｌｆ ²³ ꭰ", "NAÏVE café Ａ\u0301 カタカナ ひらがな 漢字, aei KÄSE 川a.",
]


def token_cases(tokens):
    """Texts with the added tokens of a family in them."""
    texts = []
    for token in tokens[:2]:
        texts += [f"a{token}b", f"x  {token}  y", f"{token} {token}", token[:-1]]
    return texts + [random_text(source) + tokens[-1] + " end" for _ in range(4)]


families = []
for name in FAMILIES:
    content = family(name, [TEXT], 320 if FAMILIES[name].get("bytes") else 450)
    tokenizer = Tokenizer.from_str(json.dumps(content))
    own = token_cases([token["content"] for token in content["added_tokens"]])
    every = sorted(tokenizer.get_vocab().values())
    prefix, suffix = ([1], []) if name in ("llama-2", "tinyllama", "mistral", "gemma") else ([0], []) if name in ("llama-3", "deepseek") else ([], [])
    prefix, suffix = {"gpt-2-prefix": ([0], [1]), "metaspace": ([], [2])}.get(name, (prefix, suffix))
    ids, decoded = [], []
    for text in FAMILY_CASES + own:
        ids.append(tokenizer.encode(text, add_special_tokens=False).ids)
        assert tokenizer.encode(text).ids == prefix + ids[-1] + suffix
        back = tokenizer.decode(ids[-1], skip_special_tokens=False)
        decoded.append(None if back == text else back)
    random_ids = [[source.choice(every) for _ in range(source.randrange(1, 12))] for _ in range(8)]
    decodings = [{"ids": ids, "all": tokenizer.decode(ids, skip_special_tokens=False), "readable": tokenizer.decode(ids)} for ids in random_ids]
    families.append(
        {
            "name": name, "tokenizer": json.dumps(content, ensure_ascii=False, separators=(",", ":")), "prefix": prefix, "suffix": suffix,
            "texts": own, "ids": ids, "decoded": decoded, "decodings": decodings,
        }
    )
with open(f"{folder}/tokenizer-families.json", "w") as file:
    json.dump({"texts": FAMILY_CASES, "families": families}, file, ensure_ascii=False, separators=(",", ":"))
