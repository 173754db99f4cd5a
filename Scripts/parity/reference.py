"""What transformers computes from a folder: logits, hidden.N, matrix.N and a greedy continuation."""

import torch
from transformers import AutoModelForCausalLM

from check import Failure
from family_run import cached_continuation, parts, record
from ssm_matrix import matrix


def load(folder, **options):
    """In float32 with eager attention; every tensor of the file must have its place and every place its tensor."""
    model, told = AutoModelForCausalLM.from_pretrained(
        folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True,
        **options)
    wrong = {key: sorted(told[key]) for key in ("missing_keys", "unexpected_keys", "mismatched_keys") if told.get(key)}
    if wrong:
        raise Failure(f"transformers loads {folder.name} with {wrong}")
    return model.eval()


def mixer_inputs(model, ids):
    """What enters each mixer that is not attention."""
    seen, handles = {}, []
    for n, (mixer, attends) in enumerate(parts(model)[1]):
        if not attends:
            handles.append(mixer.register_forward_hook(
                lambda _m, args, kwargs, _o, n=n: seen.__setitem__(n, args[0] if args else kwargs["hidden_states"]),
                with_kwargs=True))
    model(input_ids=ids, use_cache=False)
    for handle in handles:
        handle.remove()
    return seen


def outputs(model, ids, continuation=0):
    with torch.no_grad():
        seen, logits = record(model, ids)
        found = {name: value for name, value in seen.items() if name.startswith("hidden.")}
        found |= {name.replace("attention_matrix", "matrix"): value for name, value in seen.items()
                  if name.startswith("attention_matrix.")}
        mixers = parts(model)[1]
        for n, u in mixer_inputs(model, ids).items():
            if hasattr(mixers[n][0], "num_heads"):  # the first Mamba has no matrix by head
                found[f"matrix.{n}"] = matrix(mixers[n][0], u)
        if continuation:
            found["continuation"] = cached_continuation(model, ids, continuation)
    return found | {"logits": logits}
