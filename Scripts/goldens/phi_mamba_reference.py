"""Phi-Mamba and its hybrid: Phi blocks whose mixer is Discrete-Mamba-2 or, in some layers, attention."""

from dataclasses import dataclass

from discrete_mamba2_reference import WEIGHTS, MixerShape, materialise, mixer
from phi_reference import attention, layer_norm, linear, mlp


@dataclass(frozen=True)
class AttentionShape:
    """Phi's attention in a hybrid: rotary on half of each head, no grouping."""

    width: int
    heads: int


def phi_mamba(w, ids, shapes):
    """Runs the model; `shapes` has one MixerShape or AttentionShape per layer."""
    out = {}
    u = w["backbone.embedding.weight"][ids]
    for n, shape in enumerate(shapes):
        name = f"backbone.layers.{n}"
        out[f"hidden.{n}"] = u
        normed = layer_norm(u, w, f"{name}.input_layernorm")
        if isinstance(shape, MixerShape):
            own = {key: w[f"{name}.mixer.{key}"] for key in WEIGHTS}
            mixed = mixer(normed, own, shape)
            out[f"matrix.{n}"] = materialise(mixed, own)
            out[f"final_state.{n}"] = mixed["states"][-1]
            result = mixed["output"]
        else:
            result, out[f"matrix.{n}"] = attention(normed, w, f"{name}.mixer.self_attn", shape.heads, shape.heads)
        out[f"mixer_output.{n}"] = result
        u = u + result + mlp(normed, w, f"{name}.mlp")
    out[f"hidden.{len(shapes)}"] = u
    out["logits"] = linear(layer_norm(u, w, "backbone.final_layernorm"), w, "lm_head")
    return out


def random_weights(draw, rows, width, shapes):
    """Weights under the authors' checkpoint keys."""
    w = {"backbone.embedding.weight": draw.normal(rows, width)}

    def dense(name, outputs, inputs):
        w[f"{name}.weight"] = draw.normal(outputs, inputs, std=0.25)
        w[f"{name}.bias"] = draw.normal(outputs, std=0.1)

    def norm(name):
        w[f"{name}.weight"] = draw.normal(width, std=0.2, mean=1.0)
        w[f"{name}.bias"] = draw.normal(width, std=0.1)

    for n, shape in enumerate(shapes):
        name = f"backbone.layers.{n}"
        norm(f"{name}.input_layernorm")
        if isinstance(shape, MixerShape):
            w |= {f"{name}.mixer.{key}": v for key, v in shape.random_weights(draw, std=0.25).items()}
        else:
            for part in ["q_proj", "k_proj", "v_proj", "dense"]:
                dense(f"{name}.mixer.self_attn.{part}", width, width)
        dense(f"{name}.mlp.fc1", 4 * width, width)
        dense(f"{name}.mlp.fc2", width, 4 * width)
    norm("backbone.final_layernorm")
    dense("lm_head", rows, width)
    return w
