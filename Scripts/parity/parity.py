"""Runs the checks and prints a table; exit code 1 when any fails."""

import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "goldens"))
warnings.filterwarnings("ignore")
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TQDM_DISABLE"] = "1"
MODULES = tempfile.TemporaryDirectory()  # where transformers copies the code of folders
os.environ["HF_MODULES_CACHE"] = MODULES.name

from transformers.utils import logging  # noqa: E402

import export_checks  # noqa: E402
import family_checks  # noqa: E402
import gguf_checks  # noqa: E402
import gguf_in_checks  # noqa: E402
import gguf_in_token_checks  # noqa: E402
import gguf_tokenizer_checks  # noqa: E402
import golden_checks  # noqa: E402
import remote_code_checks  # noqa: E402
import started_checks  # noqa: E402
import student_checks  # noqa: E402
import tokenizer_checks  # noqa: E402
from check import Failure, Measured, NotAvailable  # noqa: E402
from golden_file import make_deterministic  # noqa: E402
from sources import Workshop  # noqa: E402

GROUPS = [golden_checks, family_checks, export_checks, gguf_checks, gguf_in_checks, gguf_tokenizer_checks,
          gguf_in_token_checks, remote_code_checks, student_checks, started_checks,
          tokenizer_checks]


def run(check, workshop):
    """One row of the table: passed, the largest difference and its limit, a note."""
    try:
        measured = check(workshop)
        passed = measured.difference <= measured.limit  # a NaN fails
        return passed, measured, measured.note if passed else f"above the limit. {measured.note}"
    except NotAvailable as reason:
        return False, Measured(), f"not available: {reason}"
    except Failure as reason:
        return False, Measured(), str(reason)
    except Exception as error:  # a check that breaks is a failed check, not the end of the others
        return False, Measured(), f"{type(error).__name__}: {error}"


def row(passed, name, measured, note):
    number = "" if measured.limit is None else f"{measured.difference:.1e} of {measured.limit:.0e}"
    return f"{'ok' if passed else 'FAILED':6}  {name:57}  {number:18}  {' '.join(note.split())[:400]}".rstrip()


def main(words):
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    make_deterministic()
    checks = [(name, check) for group in GROUPS for name, check in group.checks()]
    listing, words = "--list" in words, [w for w in words if not w.startswith("-")]
    chosen = [(name, check) for name, check in checks if not words or any(w in name for w in words)]
    if listing:
        print("\n".join(name for name, _ in chosen))
        return 0
    if not chosen:
        print(f"no check has a name with {' or '.join(words)}; --list names all")
        return 1
    print(f"{'':6}  {'check':57}  {'difference, limit':18}  note")
    failed, start = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        for name, check in chosen:
            passed, measured, note = run(check, workshop)
            failed += not passed
            print(row(passed, name, measured, note), flush=True)
    print(f"{len(chosen)} checks, {failed} failed, {time.monotonic() - start:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
