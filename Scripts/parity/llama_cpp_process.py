"""Asks llama.cpp, in a process of its own, for logits, a greedy continuation and the tokens of texts."""

import json
import subprocess
import sys
from pathlib import Path

from safetensors.torch import load_file

from check import Failure

SCRIPT = Path(__file__).with_name("llama_cpp_run.py")


def outputs(model, ids, tokens, texts, scratch, special=False):
    scratch.mkdir(parents=True, exist_ok=True)
    request, answer = scratch / "request.json", scratch / "answer.safetensors"
    request.write_text(json.dumps({"ids": ids.tolist(), "tokens": tokens, "texts": texts, "special": special}), encoding="utf-8")
    done = subprocess.run([sys.executable, str(SCRIPT), str(model), str(request), str(answer)],
                          capture_output=True, text=True, errors="replace", timeout=300)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        telling = [line for line in lines if "GGML_ASSERT" in line or "error" in line.lower()]
        raise Failure(f"llama.cpp gave {done.returncode}: {(telling or lines)[-1]}")
    return load_file(str(answer))
