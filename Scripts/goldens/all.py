"""Writes every golden file; with --check, compares the committed ones with fresh ones, byte by byte."""

import subprocess
import sys
import tempfile
from pathlib import Path

from transformers.utils import logging

import channel_decay_goldens
import delta_net_goldens
import discrete_mamba2_goldens
import families_goldens
import gguf_goldens
import linear_attention_goldens
import losses_goldens
import mamba_goldens
import phi_goldens
import phi_mamba_goldens
import weights_goldens
from golden_file import REPOSITORY

GENERATORS = [phi_goldens, discrete_mamba2_goldens, phi_mamba_goldens, losses_goldens, families_goldens,
              mamba_goldens, delta_net_goldens, channel_decay_goldens, linear_attention_goldens,
              weights_goldens, gguf_goldens]
# Programs of their own, which write below the folder that they are started in.
PROGRAMS = ["tokenizer_goldens.py", "tokenizer_class_goldens.py", "chat_goldens.py"]


def write(root):
    for generator in GENERATORS:
        generator.main(root)
    (root / "Tests/MohawkTextTests/Goldens").mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        subprocess.run([sys.executable, str(Path(__file__).parent / program)], cwd=root, check=True)
    return sorted(p.relative_to(root) for p in root.glob("Tests/*/Goldens/**/*") if p.is_file())


def main():
    logging.disable_progress_bar()
    if "--check" not in sys.argv[1:]:
        write(REPOSITORY)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder))
        different = [f for f in files if not (REPOSITORY / f).exists()
                     or (REPOSITORY / f).read_bytes() != (Path(folder) / f).read_bytes()]
        size = sum((Path(folder) / f).stat().st_size for f in files)
    print(f"{len(files)} files, {size} bytes, {len(different)} different")
    for file in different:
        print(f"different: {file}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
