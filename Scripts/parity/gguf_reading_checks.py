"""GGUF files by gguf-py and llama.cpp, opened here: what transformers computes from the numbers they stand for."""

import os
from functools import partial

import llama_cpp
from gguf import GGMLQuantizationType

import gguf_by_hand
import programs
import reference
from check import Failure, Measured, largest, relative, same_tokens
from sources import TOKENS

LIMIT = 2e-5
BY_GGUF_PY = [("llama", kind) for kind in ("f32", "f16", "bf16", "q8_0", "q4_0")]
BY_GGUF_PY += [("granite", "f32"), ("granite", "q8_0")]
BY_LLAMA_CPP = [("llama-wide", kind) for kind in ("q4_k_m", "q6_k")]


def compare(path, model, source, scratch):
    ours = programs.outputs(path, source.ids, scratch, TOKENS)
    theirs = reference.outputs(gguf_by_hand.meant(path, model), source.ids, TOKENS)
    names = [name for name in theirs if name in ours and name != "continuation"]
    differences = {name: relative(ours[name], theirs[name]) for name in names}
    worst = largest(differences)
    same_tokens(ours["continuation"], theirs["continuation"], "greedy continuation")
    return Measured(differences[worst], LIMIT, f"largest in {worst}")


def written(name, kind, workshop):
    source = workshop.source(name)
    path = workshop.scratch(f"{name}-{kind}-by-gguf-py.gguf")
    if not path.exists():
        gguf_by_hand.write(path, reference.load(source.folder), source.tokenizer, GGMLQuantizationType[kind.upper()])
    return path


def by_gguf_py(name, kind, workshop):
    source = workshop.source(name)
    path, scratch = written(name, kind, workshop), workshop.scratch(f"{name}-{kind}-read")
    return compare(path, reference.load(source.folder), source, scratch)


def by_llama_cpp(name, kind, workshop):
    plain, source = written(name, "f32", workshop), workshop.source(name)
    path = workshop.scratch(f"{name}-{kind}-by-llama.gguf")
    options = llama_cpp.llama_model_quantize_default_params()
    options.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind.upper()}")
    options.nthread = 1
    with quiet():
        failed = llama_cpp.llama_model_quantize(os.fsencode(plain), os.fsencode(path), options)
    if failed:
        raise Failure(f"llama.cpp did not write {kind}")
    return compare(path, reference.load(source.folder), source, workshop.scratch(f"{name}-{kind}-read"))


class quiet:
    """Sends what llama.cpp prints to nowhere."""

    def __enter__(self):
        self.kept, self.nowhere = [os.dup(1), os.dup(2)], os.open(os.devnull, os.O_WRONLY)
        os.dup2(self.nowhere, 1)
        os.dup2(self.nowhere, 2)

    def __exit__(self, *_error):
        for number, kept in zip((1, 2), self.kept):
            os.dup2(kept, number)
            os.close(kept)
        os.close(self.nowhere)


def checks():
    for name, kind in BY_GGUF_PY:
        yield f"reading gguf: {name} {kind} by gguf-py", partial(by_gguf_py, name, kind)
    for name, kind in BY_LLAMA_CPP:
        yield f"reading gguf: {name} {kind} by llama.cpp", partial(by_llama_cpp, name, kind)
