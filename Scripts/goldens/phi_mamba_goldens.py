"""Tiny random Phi-Mamba and Hybrid-Phi-Mamba checkpoints in the authors' layout, with their outputs."""

import torch
from safetensors.torch import load_file

from discrete_mamba2_reference import MixerShape
from golden_file import REPOSITORY, Draw, assert_close, greedy, make_deterministic, next_token_loss, save, save_json
from phi_mamba_reference import AttentionShape, phi_mamba, random_weights

WIDTH, STATE, LENGTH, BATCH, PAD = 24, 4, 17, 2, 8
SEEDS = (1, 1)


def block(shape, layers):
    """One block of layers in the authors' configuration."""
    if isinstance(shape, MixerShape):
        core = "discrete_mamba2"
        core_input = {"d_state": shape.state, "n_v_heads": shape.v_heads, "n_qk_heads": shape.qk_heads,
                      "d_conv": shape.taps, "conv_bias": True, "expand": shape.expand, "chunk_size": 8,
                      "activation": "identity", "bias": False}
    else:
        core = "phi_attention"
        core_input = {"num_attention_heads": shape.heads, "num_key_value_heads": shape.heads}
    return {"n_layers": layers, "BlockType": "modules.phi_block", "block_input": {"resid_dropout": 0.0},
            "CoreType": f"modules.mixers.{core}", "core_input": core_input}


def configuration(vocabulary, blocks):
    numbered = {f"Block{i}": block(shape, layers) for i, (shape, layers) in enumerate(blocks, start=1)}
    return {
        "LanguageModel": {"input": {"vocab_size": vocabulary, "pad_vocab_size_multiple": PAD}},
        "MixerModel": {"input": {"d_model": WIDTH, "n_layer": sum(layers for _, layers in blocks),
                                 "lm_head_prenorm": "layer"}},
    } | numbered


def gradient_names(shapes):
    names = ["backbone.embedding.weight", "backbone.final_layernorm.bias", "backbone.layers.0.mixer.in_proj.weight"]
    for n, shape in enumerate(shapes):
        own = ["z_bias", "conv1d.weight", "conv1d.bias", "D"] if isinstance(shape, MixerShape) else [
            "self_attn.q_proj.weight", "self_attn.v_proj.bias"]
        names += [f"backbone.layers.{n}.mixer.{key}" for key in own]
    return names


def write(folder, vocabulary, blocks, seed):
    draw = Draw(seed)
    shapes = [shape for shape, layers in blocks for _ in range(layers)]
    rows = -(-vocabulary // PAD) * PAD
    w = random_weights(draw, rows, WIDTH, shapes)
    # Padding rows exist in real checkpoints; here none is ever the greedy choice.
    w["lm_head.bias"][vocabulary:] = -20.0
    ids = draw.ids(BATCH, LENGTH, below=vocabulary)
    save_json(configuration(vocabulary, blocks), folder / "config.json")
    save(w, folder / "model.safetensors")

    exact_weights = {k: v.double().requires_grad_() for k, v in w.items()}
    exact = phi_mamba(exact_weights, ids, shapes)
    loss, names = next_token_loss(exact["logits"], ids), gradient_names(shapes)
    gradients = torch.autograd.grad(loss, [exact_weights[name] for name in names])
    with torch.no_grad():
        single = phi_mamba(w, ids, shapes)
        worst = max(assert_close(single[k], exact[k], 1e-5, f"{folder.name} {k}") for k in single)
        continuation = greedy(lambda s: phi_mamba(exact_weights, s, shapes)["logits"], ids, 12)
    tensors = {"input_ids": ids, "continuation": continuation, "logits_f64": exact["logits"], "loss_f64": loss}
    tensors |= single | {f"grad.{name}": g.float() for name, g in zip(names, gradients)}
    save(tensors, folder / "outputs.safetensors")
    print(f"{folder.name}: float32 against float64 {worst:.1e}, continuation {continuation.tolist()}")


def check_against_phi(folder):
    """A hybrid that keeps attention in every layer, given transformers' Phi weights, must be that Phi."""
    w = {}
    for key, value in load_file(folder / "model.safetensors").items():
        key = key.replace("model.", "backbone.", 1).replace("embed_tokens", "embedding")
        w[key.replace("self_attn", "mixer.self_attn")] = value.double()
    expected = load_file(folder / "outputs.safetensors")
    found = phi_mamba(w, expected["input_ids"], [AttentionShape(32, heads=4)] * 3)
    for key in ["hidden.1", "hidden.3", "logits"]:
        assert_close(found[key], expected[key], 5e-6, f"all-attention hybrid {key}")


def main(root=REPOSITORY):
    make_deterministic()
    goldens = root / "Tests/MohawkModelsTests/Goldens"
    check_against_phi(goldens / "phi")
    # Value heads share B and C in pairs, blocks of two and one layer, 61 words padded to 64 rows.
    grouped = MixerShape(WIDTH, STATE, v_heads=4, qk_heads=2)
    write(goldens / "phi-mamba", 61, [(grouped, 2), (grouped, 1)], seed=SEEDS[0])
    # Every head has its own B and C, attention in the middle, 64 words need no padding.
    equal = MixerShape(WIDTH, STATE, v_heads=3, qk_heads=3)
    write(goldens / "hybrid-phi-mamba", 64, [(equal, 1), (AttentionShape(WIDTH, heads=3), 1), (equal, 1)],
          seed=SEEDS[1])


if __name__ == "__main__":
    main()
