"""GGUF files written by gguf-py from models of transformers, as other people's converters write them."""

import copy
import json

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, TokenType
from gguf.quants import dequantize, quantize

LLAMA = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
         "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
MAMBA = {"in_proj.weight": "ssm_in.weight", "conv1d.weight": "ssm_conv1d.weight", "conv1d.bias": "ssm_conv1d.bias",
         "dt_bias": "ssm_dt.bias", "A_log": "ssm_a", "D": "ssm_d", "norm.weight": "ssm_norm.weight",
         "out_proj.weight": "ssm_out.weight"}


def permute(rows, heads):
    """From halves to pairs: llama.cpp rotates neighbours in these architectures."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def mamba_tensor(key, value, groups):
    if key == "A_log":
        return -np.exp(value)[:, None]
    if key == "D":
        return value[:, None]
    if key == "conv1d.weight":
        return value[:, 0]
    return value.reshape(groups, -1) if key == "norm.weight" else value


def layer_tensor(rest, value, config):
    """The GGUF name after `blk.N.` and the values of one tensor of a layer; SwiGLU's joint matrix gives two."""
    heads, pairs = config.num_attention_heads, config.num_key_value_heads
    if rest.startswith("mamba."):
        key = rest.removeprefix("mamba.")
        return [(MAMBA[key], mamba_tensor(key, value, config.mamba_n_groups))]
    if rest == "shared_mlp.input_linear.weight":
        return list(zip(("ffn_gate.weight", "ffn_up.weight"), np.split(value, 2)))
    if rest == "shared_mlp.output_linear.weight":
        return [("ffn_down.weight", value)]
    part, kind = rest.rsplit(".", 1)
    rotated = {"self_attn.q_proj": heads, "self_attn.k_proj": pairs}.get(part)
    return [(f"{LLAMA[part]}.{kind}", permute(value, rotated) if rotated else value)]


def tensors(model):
    """GGUF names and float32 values of a Llama or a GraniteMoeHybrid."""
    top = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
           "lm_head.weight": "output.weight"}
    for name, value in model.state_dict().items():
        value = value.numpy()
        if name in top:
            if name != "lm_head.weight" or not model.config.tie_word_embeddings:
                yield top[name], value
            continue
        _, _, layer, rest = name.split(".", 3)
        yield from ((f"blk.{layer}.{own}", v) for own, v in layer_tensor(rest, value, model.config))


def header(writer, model, tokenizer):
    config = model.config
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    kinds = getattr(config, "layer_types", None) or ["full_attention"] * config.num_hidden_layers
    pairs = [config.num_key_value_heads if kind == "full_attention" else 0 for kind in kinds]
    hybrid = 0 in pairs
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.shared_intermediate_size if hybrid else config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(pairs if hybrid else config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    if hybrid:
        writer.add_ssm_conv_kernel(config.mamba_d_conv)
        writer.add_ssm_state_size(config.mamba_d_state)
        writer.add_ssm_group_count(config.mamba_n_groups)
        writer.add_ssm_inner_size(config.mamba_expand * config.hidden_size)
        writer.add_ssm_time_step_rank(config.mamba_n_heads)
        writer.add_rope_scaling_finetuned(config.position_embedding_type == "rope")
    words = tokenizer.convert_ids_to_tokens(range(config.vocab_size))
    special = set(tokenizer.all_special_tokens)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(words)
    writer.add_token_types([TokenType.CONTROL if w in special else TokenType.NORMAL for w in words])
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_add_bos_token(False)


def stored(name, values, kind):
    """The type of a tensor as converters choose it: matrices in `kind`, all else in float32."""
    small = values.ndim < 2 or "ssm_conv1d" in name or "norm" in name or not name.endswith(".weight")
    return GGMLQuantizationType.F32 if small else kind


def write(path, model, tokenizer, kind):
    writer = GGUFWriter(str(path), "granitehybrid" if model.config.model_type == "granitemoehybrid" else "llama")
    header(writer, model, tokenizer)
    for name, values in tensors(model):
        own = stored(name, values, kind)
        if own == GGMLQuantizationType.F16:
            writer.add_tensor(name, values.astype(np.float16))
        else:
            writer.add_tensor(name, quantize(np.ascontiguousarray(values, dtype=np.float32), own), raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def meant(path, model):
    """A copy of the model with the numbers that the file stands for, by gguf-py's reading of its blocks.

    Numbers every element of the model, lets the numbers take the way into a GGUF, and goes that way back.
    """
    copied, start = copy.deepcopy(model), 0
    with torch.no_grad():
        for parameter in model.parameters():
            count = parameter.numel()
            parameter.copy_(torch.arange(start, start + count).reshape(parameter.shape))
            start += count
        places = {name: values.astype(np.int64).reshape(-1) for name, values in tensors(model)}
        for original, parameter in zip(copied.parameters(), model.parameters()):
            parameter.copy_(original)
        flat = torch.cat([parameter.reshape(-1) for parameter in copied.parameters()])
        for tensor in GGUFReader(path).tensors:
            if not tensor.name.endswith("ssm_a"):  # not a rearrangement, and never rounded
                values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(-1)
                flat[torch.from_numpy(places[tensor.name])] = torch.from_numpy(values.copy())
        start = 0
        for parameter in copied.parameters():
            parameter.copy_(flat[start:start + parameter.numel()].reshape(parameter.shape))
            start += parameter.numel()
    return copied
