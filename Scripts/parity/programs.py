"""The two programs of this package, as the checks call them. Every option is written here and nowhere else."""

import os
import subprocess
from pathlib import Path

from safetensors.torch import load_file, save_file

from check import Failure, NotAvailable

SECONDS = 300


def program(variable, default):
    path = Path(os.environ.get(variable, default))
    if not path.exists():
        raise NotAvailable(f"{path} does not exist; build it, or name it by {variable}")
    return str(path)


def call(arguments):
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=SECONDS, errors="replace")
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{Path(arguments[0]).name} {arguments[1]} took more than {SECONDS} s") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        ended = f"was ended by signal {-done.returncode}" if done.returncode < 0 else f"gave {done.returncode}"
        raise Failure(f"{Path(arguments[0]).name} {' '.join(arguments[1:2])} {ended}: {' '.join(lines[-4:])}")
    return done.stdout


def outputs(model, ids, scratch, continuation=0, kind=None):
    """What this package computes for a folder: logits, hidden.N, matrix.N, continuation; with `kind` after rounding the
    weights as a GGUF file of this type holds them."""
    parity = program("MOHAWK_PARITY", ".build/release/mohawk-parity")
    scratch.mkdir(parents=True, exist_ok=True)
    given, found = scratch / "ids.safetensors", scratch / "outputs.safetensors"
    found.unlink(missing_ok=True)
    save_file({"input_ids": ids.contiguous()}, str(given))
    call([parity, "outputs", str(model), str(given), str(found)]
         + (["--continuation", str(continuation)] if continuation else []) + (["--as", kind] if kind else []))
    if not found.exists():
        raise NotAvailable("mohawk-parity outputs wrote no file")
    tensors = load_file(str(found))
    wanted = ["logits"] + (["continuation"] if continuation else [])
    missing = [name for name in wanted if name not in tensors]
    if missing:
        raise NotAvailable(f"mohawk-parity outputs wrote no {' and no '.join(missing)}")
    return tensors


def distill(teacher, run, options):
    """`mohawk distill`."""
    call([program("MOHAWK", ".build/release/mohawk"), "distill", "--teacher", str(teacher), "--output", str(run)] + options)


def convert(source, target, form, kind=None):
    """`mohawk convert`; form is hf, granite, bamba, mamba2, phi-mamba or gguf, kind the type of a GGUF's numbers."""
    mohawk = program("MOHAWK", ".build/release/mohawk")
    call([mohawk, "convert", str(source), str(target), "--to", form] + (["--type", kind] if kind else []))
    if not target.exists():
        raise Failure(f"mohawk convert --to {form} ended well and wrote nothing")
    return target
