"""Students that start from the context of a random teacher and take some steps, as a run leaves them: opened by transformers,
by its own model or by the code in their folder."""

from functools import partial

import programs
import reference
from check import Failure, Measured, absolute, same_tokens
from family_run import cached_continuation, logits_of
from golden_file import REPOSITORY
from sources import TOKENS

LIMIT = 1e-4
# A norm behind the mixers magnifies the rounding of their small outputs: against fp64, transformers in fp32 is 0.9e-4 away
# and this package 2.5e-4, of logits up to 5.
LIMITS = {"a hybrid of Gemma 3": 5e-4}
STEPS = ["--set", "stages=[calibration,distillation]", "--set", "data.sequenceLength=64", "--set", "threads=1",
         "--set", "calibration.tokens=256", "--set", "calibration.passes=4", "--set", "calibration.batchTokens=64",
         "--set", "distillation.tokens=512", "--set", "distillation.batchTokens=128", "--set", "precision=fp32",
         "--set", "evaluation.tokens=256"]
# Teacher, what the recipe says beside it, and the architecture that opens the student.
STUDENTS = {
    "stock Mamba-2 in all layers": ("llama", [], "GraniteMoeHybridForCausalLM"),
    "a hybrid of stock Mamba-2": ("llama", ["--attention", "1"], "GraniteMoeHybridForCausalLM"),
    "stock Mamba-2 of a teacher with norms of queries": ("qwen3", [], None),
    "a hybrid of SmolLM 3": ("smollm3", ["--attention", "2,3"], None),
    "stock Mamba-2 in the blocks of OLMo 2": ("olmo2", [], None),
    "a hybrid of Gemma 3": ("gemma3", ["--attention", "0,5"], None),
    "a window beside Discrete-Mamba-2": ("llama", ["--set", "student.window=9", "--set", "student.sinks=2"], None),
    "Discrete-Mamba-2 in the blocks of Phi": ("phi", [], None),
    "two heads that keep attention, and a window": (
        "llama", ["--attention", "heads:2", "--set", "student.window=9", "--set", "student.sinks=2"], None),
    "Gated DeltaNet": ("qwen3", ["--set", "student.mixer=gated-deltanet"], None),
    "gated linear attention in the blocks of Phi": ("phi", ["--set", "student.mixer=gated-linear-attention"], None),
}


def student(name, workshop):
    teacher, options, architecture = STUDENTS[name]
    source = workshop.source(teacher)
    run = workshop.scratch(f"started {name}")
    text = REPOSITORY / "README.md"
    folder = workshop.scratch(f"text of {name}")
    folder.mkdir(parents=True)
    (folder / "text.txt").write_text(text.read_text(encoding="utf-8"), encoding="utf-8")
    programs.distill(source.folder, run, ["--data", str(folder), "--validation", str(folder)] + STEPS + options)
    if "fitted to the attention" not in (run / "transfer.json").read_text(encoding="utf-8"):
        raise Failure("the student did not start from the context")
    model = run / "model"
    ours = programs.outputs(model, source.ids, workshop.scratch(f"started {name} ours"), TOKENS)
    words = ours["logits"].shape[-1]
    theirs = reference.load(model, trust_remote_code=True)
    if architecture and type(theirs).__name__ != architecture:
        raise Failure(f"transformers opens it as {type(theirs).__name__}, not {architecture}")
    same_tokens(cached_continuation(theirs, source.ids, TOKENS), ours["continuation"], "greedy continuation")
    difference = absolute(logits_of(theirs, source.ids)[..., :words], ours["logits"])
    return Measured(difference, LIMITS.get(name, LIMIT), f"{type(theirs).__name__}, {TOKENS} tokens agree")


def checks():
    for name in STUDENTS:
        yield f"started: {name}", partial(student, name)
