"""The same weights in other files: shards, a pickled state dict, unprefixed keys, the layout of state-spaces."""

import json
import shutil

import torch
from transformers import AutoModelForCausalLM

from family_models import ROWS, WORDS
from family_run import assert_same_logits, build
from golden_file import save, save_json


def copy_config(goldens, source, folder):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(goldens / source / "config.json", folder / "config.json")


def sharded(goldens, model, ids, logits):
    folder = goldens / "llama-sharded"
    model.save_pretrained(folder, max_shard_size="24KB")
    (folder / "generation_config.json").unlink(missing_ok=True)
    shards = len(list(folder.glob("model-*.safetensors")))
    if shards < 3:
        raise AssertionError(f"expected several shards, found {shards}")
    assert_same_logits(AutoModelForCausalLM.from_pretrained(folder), ids, logits, folder.name)


def pickled(goldens, model, ids, logits):
    """With the rotary frequencies that older Llama checkpoints hold beside the weights."""
    folder = goldens / "llama-pickled"
    copy_config(goldens, "llama", folder)
    state = dict(model.state_dict())
    for n in range(model.config.num_hidden_layers):
        state[f"model.layers.{n}.self_attn.rotary_emb.inv_freq"] = model.model.rotary_emb.inv_freq.clone()
    torch.save(state, folder / "pytorch_model.bin")
    assert_same_logits(AutoModelForCausalLM.from_pretrained(folder), ids, logits, folder.name)


def unprefixed_gpt2(goldens, model, ids, logits):
    """The published GPT-2: keys without `transformer.`, and each layer's causal mask as a tensor."""
    folder = goldens / "gpt2-unprefixed"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(goldens / "gpt2/config-flat.json", folder / "config.json")
    fields = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    state = {k.removeprefix("transformer."): v for k, v in model.state_dict().items() if k != "lm_head.weight"}
    places = fields["n_positions"]
    for n in range(model.config.n_layer):
        state[f"h.{n}.attn.bias"] = torch.ones(places, places).tril()[None, None]
    save(state, folder / "model.safetensors")
    assert_same_logits(AutoModelForCausalLM.from_pretrained(folder), ids, logits, folder.name)


def state_spaces_config(config, mixer):
    return {"d_model": config.hidden_size, "d_intermediate": 0, "n_layer": config.num_hidden_layers,
            "vocab_size": WORDS, "ssm_cfg": mixer, "attn_layer_idx": [], "attn_cfg": {}, "rms_norm": True,
            "residual_in_fp32": True, "fused_add_norm": True, "pad_vocab_size_multiple": 8, "tie_embeddings": True}


def state_spaces(goldens, source, mixer, model, ids, logits):
    """The authors' names: `embedding` for `embeddings`, and the tied head written again."""
    folder = goldens / f"state-spaces-{source}"
    save_json(state_spaces_config(model.config, mixer), folder / "config.json")
    state = {k.replace("backbone.embeddings.", "backbone.embedding."): v for k, v in model.state_dict().items()}
    state["lm_head.weight"] = state["backbone.embedding.weight"]
    if state["lm_head.weight"].shape[0] != ROWS:
        raise AssertionError("the padded vocabulary has another size")
    torch.save(state, folder / "pytorch_model.bin")
    other = build(model.config)
    # Both classes rename the authors' key on loading.
    other.load_state_dict(torch.load(folder / "pytorch_model.bin", weights_only=True))
    assert_same_logits(other, ids, logits, folder.name)


def write(goldens, made):
    sharded(goldens, *made["llama"])
    pickled(goldens, *made["llama"])
    unprefixed_gpt2(goldens, *made["gpt2"])
    mamba2 = made["mamba2"][0].config
    state_spaces(goldens, "mamba2", {"layer": "Mamba2", "d_state": mamba2.state_size, "headdim": mamba2.head_dim},
                 *made["mamba2"])
    mamba = made["mamba"][0].config
    state_spaces(goldens, "mamba", {"d_state": mamba.state_size, "dt_rank": mamba.time_step_rank}, *made["mamba"])
