"""Checkpoints as torch.save and transformers write them, with the tensors that they hold as plain safetensors."""

import warnings
from collections import OrderedDict

import torch
from safetensors.torch import save_file
from transformers import PhiConfig, PhiForCausalLM

from golden_file import REPOSITORY, Draw, make_deterministic, save, save_json

FOLDER = "Tests/MohawkWeightsTests/Goldens"
DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.int32, torch.int16,
          torch.int8, torch.uint8, torch.bool]


def everything(draw):
    """Every element type, awkward views, tied weights, parameters, and members that are no tensors."""
    weight = draw.normal(4, 6)
    state = OrderedDict((f"type.{str(d).split('.')[1]}", (draw.normal(3, 2) * 4).to(d)) for d in DTYPES)
    state["embedding.weight"] = weight
    state["head.weight"] = weight
    state["parameter"] = torch.nn.Parameter(draw.normal(2, 2))
    attributed = torch.nn.Parameter(draw.normal(2))
    attributed.note = "kept by PyTorch, of no use here"
    state["parameter_with_attribute"] = attributed
    tensor = draw.normal(2)
    tensor.note = 3
    state["tensor_with_attribute"] = tensor
    state["buffer"] = torch.nn.Buffer(draw.normal(3))
    state["view.transposed"] = weight.t()
    state["view.columns"] = weight[:, 1::2]
    state["view.rows"] = weight[1:3]
    state["view.expanded"] = draw.normal(3, 1).expand(3, 4)
    state["view.permuted"] = draw.normal(2, 3, 4).permute(2, 0, 1)
    state["view.half_transposed"] = draw.normal(3, 2).half().t()
    state["view.bytes_transposed"] = torch.arange(6, dtype=torch.uint8).reshape(2, 3).t()
    state["empty"] = torch.zeros(0, 4)
    state["scalar"] = torch.tensor(2.5)
    state["ünïcode 🎈"] = draw.normal(1)
    state._metadata = OrderedDict([("", {"version": 1}), ("head", {"version": 1})])
    return state


def unreadable(draw):
    """One tensor that can be read among those that cannot."""
    state = OrderedDict(good=draw.normal(2))
    for name in ["float8_e4m3fn", "float8_e5m2", "uint16", "uint32", "complex64", "complex128"]:
        state[name] = torch.zeros(2, dtype=getattr(torch, name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state["quantised"] = torch.quantize_per_tensor(draw.normal(2), 0.1, 0, torch.qint8)
    state["sparse"] = torch.eye(2).to_sparse()
    state["meta"] = torch.empty(2, device="meta")
    return state


def write(value, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(value, path, **options)


def main(root=REPOSITORY):
    make_deterministic()
    folder = root / FOLDER
    state = everything(Draw(71))
    save({k: v.data for k, v in state.items()}, folder / "everything.safetensors")
    for protocol in [2, 3, 4, 5]:
        write(state, folder / f"protocol-{protocol}.bin", pickle_protocol=protocol)
    write(unreadable(Draw(72)), folder / "unreadable.pt")

    small = OrderedDict(a=Draw(73).normal(2, 3), b=torch.arange(4))
    save(small, folder / "small.safetensors")
    beside = {"epoch": 3, "loss": 0.25, "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}, "groups": [{"lr": 1e-3}]},
              "shape": torch.Size([2]), "dtype": torch.bfloat16, "device": torch.device("cpu"), "raw": b"bytes",
              "set": {1, 2}, "large": 1 << 80, "none": None, "note": "ü"}
    for key in ["state_dict", "model", "model_state_dict"]:
        write({**beside, key: small}, folder / f"nested-{key}.pth")

    torch.manual_seed(7)
    model = PhiForCausalLM(PhiConfig(vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
                                     num_attention_heads=2, tie_word_embeddings=False))
    tensors = {k: v.detach() for k, v in model.state_dict().items()}
    sharded = folder / "sharded-safetensors"
    model.save_pretrained(sharded, max_shard_size="12KB")
    for name in ["config.json", "generation_config.json"]:
        (sharded / name).unlink(missing_ok=True)
    save(tensors, folder / "sharded.safetensors")

    names, shards = list(tensors), 3
    parts = [names[i::shards] for i in range(shards)]
    weight_map = {}
    for number, part in enumerate(parts, 1):
        file = f"pytorch_model-{number:05}-of-{shards:05}.bin"
        write(OrderedDict((n, tensors[n]) for n in part), folder / "sharded-bin" / file)
        weight_map |= {n: file for n in part}
    size = sum(t.numel() * t.element_size() for t in tensors.values())
    save_json({"metadata": {"total_size": size}, "weight_map": weight_map},
              folder / "sharded-bin" / "pytorch_model.bin.index.json")

    # Types of the format that PyTorch cannot compute with everywhere, beside one that it can.
    foreign = {"good": Draw(74).normal(2), "f8": torch.zeros(3, dtype=torch.float8_e4m3fn),
               "u16": torch.zeros(1, dtype=torch.uint16), "c64": torch.zeros(1, dtype=torch.complex64)}
    save_file(foreign, str(folder / "foreign.safetensors"))
    total = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    print(f"weights: {len(state)} tensors of every kind, {len(tensors)} sharded, {total} bytes of files")


if __name__ == "__main__":
    main()
