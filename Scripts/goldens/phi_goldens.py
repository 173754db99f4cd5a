"""Tiny random Phi checkpoints by transformers, with what the model computes inside."""

import torch
from transformers import PhiConfig, PhiForCausalLM

from golden_file import (REPOSITORY, Draw, assert_close, greedy, make_deterministic, next_token_loss, save,
                         save_json)
from phi_reference import phi

LAYERS, HEADS, LENGTH, BATCH = 3, 4, 17, 2
GRADIENTS = [
    "model.embed_tokens.weight",
    "model.layers.0.input_layernorm.weight",
    "model.layers.0.input_layernorm.bias",
    "model.layers.0.self_attn.q_proj.weight",
    "model.layers.1.self_attn.k_proj.weight",
    "model.layers.1.self_attn.v_proj.bias",
    "model.layers.1.self_attn.dense.weight",
    "model.layers.2.mlp.fc1.bias",
    "model.layers.2.mlp.fc2.bias",
    "model.final_layernorm.weight",
    "lm_head.bias",
]


def tiny_config(kv_heads, theta):
    return PhiConfig(
        vocab_size=101, hidden_size=32, intermediate_size=64, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=kv_heads, max_position_embeddings=64,
        layer_norm_eps=1e-5, hidden_act="gelu_new", resid_pdrop=0.0, embd_pdrop=0.0, attention_dropout=0.0,
        partial_rotary_factor=0.5, rope_theta=theta, tie_word_embeddings=False, qk_layernorm=False,
        bos_token_id=1, eos_token_id=2)


def flat_config(config):
    """The same configuration with the rotary fields at the top level, as in published Phi checkpoints."""
    flat = config.to_dict()
    rope = flat.pop("rope_parameters")
    kept = ["architectures", "model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
            "num_attention_heads", "num_key_value_heads", "max_position_embeddings", "layer_norm_eps", "hidden_act",
            "resid_pdrop", "embd_pdrop", "attention_dropout", "tie_word_embeddings", "qk_layernorm", "bos_token_id",
            "eos_token_id", "initializer_range", "use_cache"]
    flat = {k: flat[k] for k in kept}
    return flat | {"partial_rotary_factor": rope["partial_rotary_factor"], "rope_theta": rope["rope_theta"],
                   "rope_scaling": None, "torch_dtype": "float32"}


def randomise(model, draw):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            norm = "layernorm" in name
            if norm and name.endswith("weight"):
                parameter.copy_(draw.normal(*parameter.shape, std=0.2, mean=1.0))
            elif name.endswith("bias"):
                parameter.copy_(draw.normal(*parameter.shape, std=0.1))
            elif "embed_tokens" in name:
                parameter.copy_(draw.normal(*parameter.shape))
            else:
                parameter.copy_(draw.normal(*parameter.shape, std=0.25))


def record(model, ids):
    """Runs the model with hooks. hidden.N enters layer N; the last hidden state is before the final norm."""
    seen, handles = {}, []

    def keep(name, pick):
        return lambda _module, inputs, output: seen.__setitem__(name, pick(inputs, output).detach())

    for n, layer in enumerate(model.model.layers):
        handles.append(layer.register_forward_hook(keep(f"hidden.{n}", lambda i, o: i[0])))
        handles.append(layer.self_attn.register_forward_hook(keep(f"attention_output.{n}", lambda i, o: o[0])))
        handles.append(layer.self_attn.register_forward_hook(keep(f"attention_matrix.{n}", lambda i, o: o[1])))
        handles.append(layer.mlp.register_forward_hook(keep(f"mlp_output.{n}", lambda i, o: o)))
    handles.append(model.model.layers[-1].register_forward_hook(keep(f"hidden.{LAYERS}", lambda i, o: o)))
    handles.append(model.model.final_layernorm.register_forward_hook(keep("final_norm_output", lambda i, o: o)))
    logits = model(input_ids=ids, use_cache=False).logits
    for handle in handles:
        handle.remove()
    return seen, logits


def cached_continuation(model, ids, count):
    """The same greedy continuation through the key-value cache."""
    found, cache, step = [], None, ids
    for _ in range(count):
        out = model(input_ids=step, past_key_values=cache, use_cache=True)
        cache, step = out.past_key_values, out.logits[:, -1:].argmax(-1)
        found.append(step)
    return torch.cat(found, dim=1)


def write(folder, kv_heads, theta, seed):
    draw = Draw(seed)
    model = PhiForCausalLM._from_config(tiny_config(kv_heads, theta), attn_implementation="eager").float().eval()
    randomise(model, draw)
    model.config.architectures = ["PhiForCausalLM"]
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    save_json(flat_config(model.config), folder / "config-flat.json")

    ids = draw.ids(BATCH, LENGTH, below=101)
    seen, logits = record(model, ids)
    loss = next_token_loss(logits, ids)
    parameters = dict(model.named_parameters())
    gradients = torch.autograd.grad(loss, [parameters[name] for name in GRADIENTS])

    exact_weights = {k: v.detach().double().requires_grad_() for k, v in parameters.items()}
    exact = phi(exact_weights, ids, LAYERS, HEADS, kv_heads, theta=theta)
    exact_loss = next_token_loss(exact["logits"], ids)
    exact_gradients = torch.autograd.grad(exact_loss, [exact_weights[name] for name in GRADIENTS])
    worst = max(assert_close(seen[k], exact[k], 5e-6, f"{folder.name} {k}") for k in seen)
    worst = max(worst, assert_close(logits, exact["logits"], 5e-6, f"{folder.name} logits"))
    gradient_worst = max(assert_close(g, e, 2e-5, f"{folder.name} gradient of {name}")
                         for name, g, e in zip(GRADIENTS, gradients, exact_gradients))

    with torch.no_grad():
        continuation = greedy(lambda s: model(input_ids=s, use_cache=False).logits, ids, 12)
        if not torch.equal(continuation, cached_continuation(model, ids, 12)):
            raise AssertionError("the cached continuation differs")
        double_logits = model.double()(input_ids=ids, use_cache=False).logits
    assert_close(double_logits, exact["logits"], 1e-6, f"{folder.name} double logits")

    tensors = {"input_ids": ids, "logits": logits, "logits_f64": exact["logits"],
               "continuation": continuation,
               "loss": loss, "loss_f64": exact_loss, **seen}
    tensors |= {f"grad.{name}": g for name, g in zip(GRADIENTS, gradients)}
    save(tensors, folder / "outputs.safetensors")
    print(f"{folder.name}: float32 against float64 {worst:.1e}, gradients {gradient_worst:.1e}, "
          f"continuation {continuation.tolist()}")


def main(root=REPOSITORY):
    make_deterministic()
    goldens = root / "Tests/MohawkModelsTests/Goldens"
    write(goldens / "phi", kv_heads=4, theta=10000.0, seed=1)
    write(goldens / "phi-gqa", kv_heads=2, theta=1000.0, seed=2)


if __name__ == "__main__":
    main()
