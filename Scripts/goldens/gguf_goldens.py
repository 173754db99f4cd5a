"""GGUF files by the gguf package: every type of metadata, and numbers in every type that is read or written."""

import gguf
import numpy as np

from golden_file import REPOSITORY

F16_LARGEST = 65504.0


def numbers():
    """24 rows of 256: ordinary ones, and rows with what quantisers and roundings stumble over."""
    random = np.random.Generator(np.random.PCG64(20))
    rows = random.standard_normal((24, 256)).astype(np.float32)
    rows[1] *= 1e-3
    rows[2] *= 1e4
    rows[3] = 0
    rows[4, ::2] = 0
    rows[5] = -np.abs(rows[5])
    rows[6] = np.abs(rows[6])
    rows[7] = 1e-7 * rows[7]                                       # half precision's subnormals
    rows[8] = 1e-9 * rows[8]                                       # half precision's zero
    rows[9] = np.where(np.arange(256) % 32 == 7, 1.5, 0.5 / 127)   # scale 1.5 / 127
    rows[10] = (np.arange(256) % 32 - 15.5).astype(np.float32)     # the largest magnitude twice, with both signs
    rows[11] = -rows[10]
    rows[12] = (np.arange(256) % 255 - 127) / 2                    # with 63.5 scaled ties of Q8_0
    rows[12, ::32] = 127
    rows[13] = np.arange(256) - 128
    rows[14] = 1 + np.arange(256) / 2**11                          # ties of half precision
    rows[15] = 1 + np.arange(256) / 2**8                           # ties of the upper half of single precision
    rows[16] = F16_LARGEST * np.where(np.arange(256) % 2, 1, -1)
    rows[17] = np.float32(2.0) ** -(np.arange(256) % 32)
    rows[18] = -0.0
    return np.ascontiguousarray(rows)


def k_blocks(kind, random):
    """Random blocks of a K type, with scales that are ordinary numbers."""
    size = gguf.GGML_QUANT_SIZES[kind][1]
    blocks = random.integers(0, 256, (6, size), dtype=np.uint8)
    scales = (random.standard_normal((6, 2)) * 0.1).astype(np.float16).view(np.uint8)
    if kind in (gguf.GGMLQuantizationType.Q6_K, gguf.GGMLQuantizationType.Q3_K):
        blocks[:, -2:] = scales[:, :2]
    elif kind == gguf.GGMLQuantizationType.Q2_K:
        blocks[:, -4:] = scales
    else:
        blocks[:, :4] = scales
    return blocks


def metadata(writer):
    for kind, low, high in (("uint8", 0, 2**8 - 1), ("int8", -2**7, 2**7 - 1), ("uint16", 0, 2**16 - 1),
                            ("int16", -2**15, 2**15 - 1), ("uint32", 0, 2**32 - 1), ("int32", -2**31, 2**31 - 1),
                            ("uint64", 0, 2**64 - 1), ("int64", -2**63, 2**63 - 1)):
        getattr(writer, f"add_{kind}")(f"golden.{kind}.lowest", low)
        getattr(writer, f"add_{kind}")(f"golden.{kind}.highest", high)
    writer.add_float32("golden.float32", 0.1)
    writer.add_float64("golden.float64", 0.1)
    writer.add_bool("golden.bool", True)
    writer.add_string("golden.string", "naïve 東京 🦅")
    writer.add_array("golden.strings", ["<s>", "", "Ġthe", "▁東京", "🦅"])
    writer.add_array("golden.int32s", [-1, 0, 7])
    writer.add_array("golden.float32s", [0.5, -2.25])
    writer.add_array("golden.bools", [True, False, True])
    writer.add_array("golden.nested", [[1, 2], [3]])


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main(root=REPOSITORY):
    folder = root / "Tests/MohawkGGUFTests/Goldens"
    folder.mkdir(parents=True, exist_ok=True)
    kinds = gguf.GGMLQuantizationType

    writer = gguf.GGUFWriter(folder / "metadata.gguf", "golden")
    writer.add_custom_alignment(64)
    metadata(writer)
    writer.add_tensor("vector", np.arange(5, dtype=np.float32))
    writer.add_tensor("matrix", np.arange(6, dtype=np.float32).reshape(2, 3))
    writer.add_tensor("cube", np.arange(24, dtype=np.float16).reshape(2, 3, 4))
    finish(writer)

    writer = gguf.GGUFWriter(folder / "numbers.gguf", "golden")
    rows = numbers()
    writer.add_tensor("F32", rows)
    for kind in (kinds.F16, kinds.BF16, kinds.Q8_0, kinds.Q5_0, kinds.Q4_0):
        with np.errstate(all="ignore"):
            stored = gguf.quantize(rows, kind)
        writer.add_tensor(kind.name, stored, raw_dtype=kind)
    finish(writer)

    writer = gguf.GGUFWriter(folder / "blocks.gguf", "golden")
    random = np.random.Generator(np.random.PCG64(21))
    for kind in (kinds.Q4_K, kinds.Q5_K, kinds.Q6_K):
        blocks = k_blocks(kind, random)
        writer.add_tensor(kind.name, blocks, raw_dtype=kind)
        writer.add_tensor(f"{kind.name}.numbers", np.ascontiguousarray(gguf.dequantize(blocks, kind)))
    for kind in (kinds.Q8_0, kinds.Q4_0):
        stored = gguf.quantize(rows[:3], kind)
        writer.add_tensor(kind.name, stored, raw_dtype=kind)
        writer.add_tensor(f"{kind.name}.numbers", np.ascontiguousarray(gguf.dequantize(stored, kind)))
    halves = np.array([*range(0, 0x7C00, 61), 1, 0x3FF, 0x400, 0x7BFF, 0x7C00, 0x8001, 0xFBFF, 0xFC00], dtype=np.uint16)
    writer.add_tensor("F16", halves.view(np.float16))
    writer.add_tensor("F16.numbers", halves.view(np.float16).astype(np.float32))
    for kind in (kinds.Q2_K, kinds.Q3_K):
        blocks = k_blocks(kind, random)
        writer.add_tensor(kind.name, blocks, raw_dtype=kind)
        writer.add_tensor(f"{kind.name}.numbers", np.ascontiguousarray(gguf.dequantize(blocks, kind)))
    for kind in (kinds.Q4_1, kinds.Q5_0, kinds.Q5_1):
        stored = gguf.quantize(rows[:3], kind)
        writer.add_tensor(kind.name, stored, raw_dtype=kind)
        writer.add_tensor(f"{kind.name}.numbers", np.ascontiguousarray(gguf.dequantize(stored, kind)))
    doubles = np.array([0.1, -0.0, 1e-300, 1 / 3, 16777217.0, 3.4e38], dtype=np.float64)
    writer.add_tensor("F64", doubles)
    writer.add_tensor("F64.numbers", doubles.astype(np.float32))
    finish(writer)
    print(f"gguf: {len(rows)} rows, {sum(p.stat().st_size for p in folder.glob('*.gguf'))} bytes")


if __name__ == "__main__":
    main()
