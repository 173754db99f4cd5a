"""Opens a GGUF by llama.cpp in a process of its own, because llama.cpp ends the process on what it cannot run.

    llama_cpp_run.py MODEL REQUEST.json ANSWER.safetensors
The request has `ids` (rows of tokens), `tokens` (how many to continue by), `texts`, and `special` (whether control tokens
are read in texts). The answer has the logits of
each row, its greedy continuation, and `text.N`, the tokens of each text. The key-value cache is float32.
"""

import json
import sys
from pathlib import Path

import numpy as np
from llama_cpp import Llama
from safetensors.numpy import save_file


def main(model, request, answer):
    asked = json.loads(Path(request).read_text(encoding="utf-8"))
    length = len(asked["ids"][0])

    def opened():
        return Llama(model, n_ctx=128, logits_all=True, verbose=False, n_threads=1, type_k=0, type_v=0, seed=0)

    logits, continuation = [], []
    for row in asked["ids"]:
        llama = opened()  # a fresh state; recurrent memory is not cleared by every version
        llama.eval(row)
        logits.append(llama.scores[:length].copy())
        found = []
        for _ in range(asked["tokens"]):
            found.append(int(np.argmax(llama.scores[llama.n_tokens - 1])))
            llama.eval(found[-1:])
        continuation.append(found)
    tensors = {"logits": np.stack(logits).astype(np.float32), "continuation": np.array(continuation, dtype=np.int64)}
    for n, text in enumerate(asked["texts"]):
        ids = llama.tokenize(text.encode("utf-8"), add_bos=False, special=asked["special"])
        tensors[f"text.{n}"] = np.array(ids, dtype=np.int64)
    save_file(tensors, answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
