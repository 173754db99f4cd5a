"""Ids of the same texts by `mohawk tokens` and by the package tokenizers, over the families' settings."""

import os
import subprocess
import sys
from pathlib import Path

from check import Failure, Measured
from golden_file import REPOSITORY

RANDOM_TEXTS = 300


def same_ids(_workshop):
    program = str(Path(__file__).with_name("tokenizer_ids.py"))
    texts = [str(REPOSITORY / name) for name in ("README.md", "LOG.md", "Documentation")]
    done = subprocess.run(
        [sys.executable, program, "--mohawk", os.environ["MOHAWK"], "--families", "--random", str(RANDOM_TEXTS), "--", *texts],
        capture_output=True, text=True)
    lines = done.stdout.splitlines()
    if done.returncode != 0:
        raise Failure("; ".join(line for line in lines if "DIFFERENT" in line) or (done.stderr.splitlines() or ["no message"])[-1])
    return Measured(0, 0, f"{len(lines)} comparisons, 0 different")


def checks():
    yield "tokenizers: ids of all families", same_ids
