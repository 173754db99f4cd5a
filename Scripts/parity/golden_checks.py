"""The golden files are what their generators write."""

import subprocess
import sys

from check import Failure, Measured
from golden_file import REPOSITORY


def regenerate(_workshop):
    done = subprocess.run([sys.executable, str(REPOSITORY / "Scripts/goldens/all.py"), "--check"],
                          capture_output=True, text=True)
    lines = done.stdout.splitlines() or [""]
    if done.returncode != 0:
        names = [line for line in lines if line.startswith("different:")]
        raise Failure("; ".join(names) or (done.stderr.splitlines() or ["no message"])[-1])
    counts = [line for line in lines if line.endswith(" different")]
    return Measured(0, 0, (counts or [""])[-1])


def checks():
    yield "goldens: generators", regenerate
