"""Runs a model of transformers: its parts, its float64 logits, and what each of its tensors changes."""

import torch
from torch.overrides import TorchFunctionMode
from transformers import AutoModelForCausalLM

from golden_file import assert_close

FINAL_NORMS = ("norm", "norm_f", "final_layernorm", "final_layer_norm", "ln_f")


class InFloat64(TorchFunctionMode):
    """Computes in float64 where the code asks for float32 (norms, softmax, rotary angles, scans)."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.Tensor.float:
            function = torch.Tensor.double
        wide = [torch.float64 if a is torch.float32 else a for a in args]
        return function(*wide, **{k: torch.float64 if v is torch.float32 else v for k, v in (kwargs or {}).items()})


def build(config):
    return AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()


def logits_of(model, ids):
    with torch.no_grad():
        return model(input_ids=ids, use_cache=False).logits


def float64_logits(model, ids):
    """The same float32 weights in a model built anew, whose rotary frequencies are float64 too."""
    with InFloat64():
        twin = build(model.config).double()
        twin.load_state_dict(model.state_dict())
        return logits_of(twin, ids)


def randomise(model, draw, spread=0.3):
    """Draws every parameter in the order of its name, so that no norm, bias or decay is at its neutral value."""
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if name.endswith(".D"):
                value = draw.normal(*parameter.shape, std=0.5, mean=1.0)
            elif name.endswith("A_log"):
                value = draw.normal(*parameter.shape, std=0.8, mean=0.3)
            elif name.endswith("dt_bias") or name.endswith("dt_proj.bias"):
                value = draw.normal(*parameter.shape, std=0.8, mean=-1.0)
            elif name.endswith("bias"):
                value = draw.normal(*parameter.shape, std=0.25)
            elif parameter.dim() == 1:
                value = draw.normal(*parameter.shape, std=0.3, mean=1.0)
            elif parameter is model.get_input_embeddings().weight:
                # A multiplied embedding would outweigh what layers add, and a head that is tied to it repeat its words.
                scale = getattr(model.get_input_embeddings(), "scalar_embed_scale", 1.0)
                value = draw.normal(*parameter.shape, std=0.6 / scale)
            elif "wpe" in name:
                value = draw.normal(*parameter.shape, std=0.4)
            else:
                value = draw.normal(*parameter.shape, std=spread)
            parameter.copy_(value)


def parts(model):
    """Layers, the mixer of each with whether it is attention, and the final norm."""
    body = model.base_model
    layers = getattr(body, "layers", None) or body.h
    mixers = []
    for layer in layers:
        found = [(getattr(layer, name), kind) for name, kind in (
            ("self_attn", True), ("attention", True), ("attn", True), ("mamba", False), ("mixer", False))
            if getattr(layer, name, None) is not None]
        if len(found) != 1:
            raise AssertionError(f"expected one mixer in {type(layer).__name__}, found {len(found)}")
        mixers.append(found[0])
    return layers, mixers, next(getattr(body, name) for name in FINAL_NORMS if hasattr(body, name))


def first(value):
    return value[0] if isinstance(value, tuple) else value


def record(model, ids):
    """hidden.N enters layer N; the last hidden state is before the final norm."""
    seen, handles = {}, []
    layers, mixers, norm = parts(model)

    def on(module, name, pick):
        def hook(_module, args, kwargs, output):
            value = pick(args[0] if args else kwargs["hidden_states"], output)
            seen[name] = value.detach().clone()
        handles.append(module.register_forward_hook(hook, with_kwargs=True))

    for n, (layer, (mixer, attends)) in enumerate(zip(layers, mixers)):
        on(layer, f"hidden.{n}", lambda i, _o: i)
        if attends:
            on(mixer, f"attention_output.{n}", lambda _i, o: o[0])
            on(mixer, f"attention_matrix.{n}", lambda _i, o: o[1])
        else:
            on(mixer, f"mixer_output.{n}", lambda _i, o: first(o))
    on(layers[-1], f"hidden.{len(layers)}", lambda _i, o: first(o))
    on(norm, "final_norm_output", lambda _i, o: o)
    logits = logits_of(model, ids)
    for handle in handles:
        handle.remove()
    return seen, logits


def cached_continuation(model, ids, count):
    """Greedy continuation through the model's own cache, token by token."""
    with torch.no_grad():
        found = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=count,
                               min_new_tokens=count, do_sample=False, eos_token_id=None, pad_token_id=0)
    return found[:, ids.shape[1]:]


def relative_difference(a, b):
    return ((a - b).abs().max() / b.abs().max()).item()


def assert_every_tensor_matters(model, ids, logits, least=1e-3):
    """Without any one tensor (a norm's weight: with ones instead) the logits are others."""
    weakest = (float("inf"), "")
    for name, parameter in model.named_parameters():
        kept = parameter.detach().clone()
        with torch.no_grad():
            parameter.fill_(1.0 if parameter.dim() == 1 and name.endswith("weight") else 0.0)
            weakest = min(weakest, (relative_difference(logits_of(model, ids), logits), name))
            parameter.copy_(kept)
    if weakest[0] < least:
        raise AssertionError(f"{weakest[1]} changes the logits by only {weakest[0]:.1e}")
    return weakest[0]


def assert_apart(model, ids, logits, changes):
    """The same weights under each changed configuration give other logits. The two forms of GELU are close."""
    for change in changes:
        least = 1e-4 if change.keys() & {"hidden_act", "activation_function"} else 1e-2
        fields = model.config.to_dict() | change
        other = build(type(model.config)(**fields))
        other.load_state_dict(model.state_dict())
        difference = relative_difference(logits_of(other, ids), logits)
        if not difference >= least:
            raise AssertionError(f"{change} changes the logits by only {difference:.1e}")


def assert_same_logits(model, ids, logits, what):
    return assert_close(logits_of(model.float().eval(), ids), logits, 1e-6, what)
