"""GGUF files as models here: written by this package, rounded by llama.cpp's own quantiser, and a published one."""

import ctypes
import shutil
import subprocess
from functools import partial

import llama_cpp
import torch
from transformers import AutoModelForCausalLM

import llama_cpp_process
import programs
from check import Failure, Measured, NotAvailable, relative, relative_rms, same_tokens
from golden_file import REPOSITORY
from gguf_checks import FILES, file
from sources import TEXTS, TOKENS

# Of the largest logit: both compute the same numbers in float32.
LIMIT = 1e-5
# llama.cpp multiplies blocks with activations in blocks of 8 bits.
LLAMA_LIMIT = 1e-1
TYPES = ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K"]


def whole(name, workshop):
    """A float32 file opened here gives what transformers gives for the folder that it was written from."""
    source = workshop.source(name)
    found = programs.outputs(file(name, "f32", workshop), source.ids, workshop.scratch(f"in-{name}"), TOKENS)
    same_tokens(found["continuation"], source.expected["continuation"], "greedy continuation")
    return Measured(relative(found["logits"], source.expected["logits"]), LIMIT, f"{TOKENS} tokens agree")


def quantise(source, target, kind):
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind}")
    params.nthread = 1
    target.parent.mkdir(parents=True, exist_ok=True)
    llama_cpp.llama_log_set(SILENT, ctypes.c_void_p(0))
    if llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(params)) != 0:
        raise NotAvailable(f"llama.cpp could not write {kind}")


@llama_cpp.llama_log_callback
def SILENT(level, text, data):
    pass


def quantised(kind, workshop):
    """llama.cpp's file opened here against transformers, which dequantises it, and against llama.cpp itself."""
    source = workshop.source("llama-wide")
    target = workshop.scratch(f"in-wide-{kind}") / "model.gguf"
    quantise(file("llama-wide", "f32", workshop), target, kind)
    found = programs.outputs(target, source.ids, workshop.scratch(f"in-wide-{kind}-ours"))
    with torch.no_grad():
        model = AutoModelForCausalLM.from_pretrained(str(target.parent), gguf_file=target.name, dtype=torch.float32)
        expected = model(source.ids).logits
    llama = llama_cpp_process.outputs(target, source.ids, 1, TEXTS, workshop.scratch(f"in-wide-{kind}-llama"))
    apart = relative_rms(llama["logits"][..., :found["logits"].shape[-1]], found["logits"])
    if not apart < LLAMA_LIMIT:
        raise Failure(f"llama.cpp's logits are {apart:.1e} apart, above {LLAMA_LIMIT}")
    return Measured(relative(found["logits"], expected), LIMIT, f"llama.cpp is {apart:.1e} apart")


def round_trip(name, workshop):
    """Folder to GGUF to folder: transformers finds the same logits."""
    source = workshop.source(name)
    target = workshop.scratch(f"in-{name}-back")
    shutil.rmtree(target, ignore_errors=True)
    programs.convert(file(name, "f32", workshop), target, "hf")
    with torch.no_grad():
        model = AutoModelForCausalLM.from_pretrained(str(target), dtype=torch.float32)
        logits = model(source.ids).logits
    return Measured(relative(logits, source.expected["logits"]), LIMIT)


def published(workshop):
    """SmolLM2-135M-Instruct as it is published: the greedy continuation, and the logits that transformers finds."""
    fetched = subprocess.run([REPOSITORY / "Scripts/teacher", "smollm2"], capture_output=True, text=True)
    if fetched.returncode != 0:
        raise NotAvailable(f"SmolLM2 could not be fetched: {fetched.stderr.strip()[-200:]}")
    path = fetched.stdout.strip()
    mohawk = programs.program("MOHAWK", ".build/release/mohawk")
    text = programs.call([mohawk, "generate", path, "--prompt", "The capital of France is", "--temperature", "0",
                          "--tokens", "2"])
    if " Paris." not in text:
        raise Failure(f"'The capital of France is' continues with {text!r}")
    ids = torch.tensor([[504, 3575, 282, 4649, 314, 7042, 30, 198, 504, 1646, 282, 260, 3528]])
    found = programs.outputs(path, ids, workshop.scratch("in-published"))
    folder, name = path.rsplit("/", 1)
    with torch.no_grad():
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
        expected = model(ids).logits
    return Measured(relative(found["logits"], expected), LIMIT, "continues with ' Paris.'")


def checks():
    for name, _ in FILES:
        yield f"gguf in: {name}", partial(whole, name)
    for kind in TYPES:
        yield f"gguf in: llama.cpp's {kind}", partial(quantised, kind)
    for name in ("llama", "qwen3", "smollm3", "fused-phi", "olmo2", "olmo3", "gemma2", "gemma3", "phi", "gpt2", "granite", "mamba2", "gpt_neox"):
        yield f"gguf in: {name} to a folder and back", partial(round_trip, name)
    yield "gguf in: SmolLM2 as it is published", published
