"""Tiny random checkpoints of each model family by transformers, with what the model computes inside."""

import json

import torch
from transformers import AutoConfig, AutoModelForCausalLM

import family_layouts
from family_models import WORDS, families
from family_run import (assert_apart, assert_every_tensor_matters, assert_same_logits, build, cached_continuation,
                        float64_logits, logits_of, randomise, record)
from golden_file import REPOSITORY, Draw, assert_close, greedy, make_deterministic, save, save_json

LENGTH, BATCH, CONTINUATION = 11, 2, 12
NEWER_FIELDS = ("rope_parameters", "dtype", "transformers_version")


def flat_config(family):
    """The configuration in the form of published checkpoints: rotary fields at the top, older names."""
    saved = json.loads(family.config.to_json_string())
    kept = {k: v for k, v in saved.items() if k not in NEWER_FIELDS}
    if "time_step_limit" in kept:
        kept["time_step_limit"] = [0.0, float("inf")]
    for key, value in family.flat.items():
        if value is None and not key.startswith("rope_"):
            kept.pop(key, None)
        else:
            kept[key] = value
    return kept | {"torch_dtype": "float32"}


def check_flat(path, model, ids, logits):
    """transformers reads the older form as the same model."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    other = build(AutoConfig.for_model(**fields))
    other.load_state_dict(model.state_dict())
    assert_same_logits(other, ids, logits, f"{path}")


def write(folder, family):
    draw = Draw(family.seed)
    model = build(family.config)
    randomise(model, draw)
    model.config.architectures = [type(model).__name__]
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    save_json(flat_config(family), folder / "config-flat.json")

    ids = draw.ids(BATCH, LENGTH, below=WORDS)
    seen, logits = record(model, ids)
    exact = float64_logits(model, ids)
    error = assert_close(logits, exact, 1e-5, f"{folder.name} logits")
    check_flat(folder / "config-flat.json", model, ids, logits)
    assert_same_logits(AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager"), ids, logits,
                       f"{folder.name} reloaded")
    assert_apart(model, ids, logits, family.apart)
    weakest = assert_every_tensor_matters(model, ids, logits)
    with torch.no_grad():
        continuation = greedy(lambda s: logits_of(model, s), ids, CONTINUATION)
    if not torch.equal(continuation, cached_continuation(model, ids, CONTINUATION)):
        raise AssertionError(f"{folder.name}: the cached continuation differs")
    if continuation.max() >= WORDS:
        raise AssertionError(f"{folder.name}: the continuation has a padding word; choose another seed")
    save({"input_ids": ids, "continuation": continuation, "logits": logits, "logits_f64": exact, **seen},
         folder / "outputs.safetensors")
    print(f"{folder.name}: float32 against float64 {error:.1e}, weakest tensor {weakest:.1e}, "
          f"continuation {continuation.tolist()}")
    return model, ids, logits


def main(root=REPOSITORY):
    make_deterministic()
    goldens = root / "Tests/MohawkModelsTests/Goldens"
    made = {family.name: write(goldens / family.name, family) for family in families()}
    family_layouts.write(goldens, made)


if __name__ == "__main__":
    main()
