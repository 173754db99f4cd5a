"""The ids of texts by llama.cpp, in a process of its own: it ends the process on files that it cannot read.

    llama_cpp_tokens.py MODEL TEXTS.json IDS.json
Control tokens in texts are read as such, and what the file puts before a text is there.
"""

import json
import sys
from pathlib import Path

from llama_cpp import Llama


def main(model, texts, ids):
    llama = Llama(model, vocab_only=True, verbose=False)
    found = [llama.tokenize(text.encode("utf-8"), add_bos=True, special=True)
             for text in json.loads(Path(texts).read_text(encoding="utf-8"))]
    Path(ids).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
