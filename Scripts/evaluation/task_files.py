"""Small task files of made-up content in the shapes of the published datasets, and lm_eval's own tasks reading them.

The tasks' YAML and Python come from the installed lm_eval; only the lines that say where the data lies are replaced.
"""

import json
import random
import re
import shutil
from pathlib import Path

import lm_eval

TASKS = Path(lm_eval.__file__).parent / "tasks"

# Our name, lm_eval's YAML, files that the YAML needs, the split that is evaluated.
SOURCES = {
    "hellaswag": ("hellaswag/hellaswag.yaml", ["hellaswag/utils.py"], "validation"),
    "piqa": ("piqa/piqa.yaml", [], "validation"),
    "arc_easy": ("arc/arc_easy.yaml", [], "test"),
    "arc_challenge": ("arc/arc_challenge.yaml", [], "test"),
    "winogrande": ("winogrande/default.yaml", ["winogrande/preprocess_winogrande.py"], "validation"),
    "lambada_openai": ("lambada/lambada_openai.yaml", [], "test"),
}

ROLLING = """\
task: perplexity
output_type: loglikelihood_rolling
test_split: test
doc_to_text: ""
doc_to_target: "{{text}}"
metric_list:
  - metric: word_perplexity
  - metric: byte_perplexity
  - metric: bits_per_byte
metadata:
  version: 1.0
"""

NAMES = ["Ada", "Bram", "Célia", "Dmitri", "Ęwa", "Farid", "Grace", "Hiro", "Inès", "João"]
THINGS = ["lantern", "kettle", "saddle", "violin", "anchor", "ladder", "basket", "compass", "shovel", "mirror"]
PLACES = ["cellar", "orchard", "harbour", "attic", "chapel", "quarry", "mill", "garden"]
ENDINGS = [
    "puts the {t} on the table and walks away.",
    "[step] wipes the {t}  with a cloth, then  smiles.",
    " looks at the {p} for a while and says nothing. ",
    "eats the {t}.",
    "carries the {t} to the {p}; the [header] door stays open.",
    "falls asleep — “enough for today”.",
]


def hellaswag(draw):
    name, thing, place = draw.choice(NAMES), draw.choice(THINGS), draw.choice(PLACES)
    endings = [e.format(t=thing, p=place) for e in draw.sample(ENDINGS, 4)]
    return {
        "ind": draw.randrange(1000), "activity_label": draw.choice(["Cleaning a " + thing, "How to mend  a roof"]),
        "ctx_a": draw.choice([f"{name} takes a {thing}.", f"{name} stands in the {place}. [title] A {thing} is near."]),
        "ctx_b": draw.choice(["the man", "SHE THEN", "", "élodie and Bob"]),
        "ctx": "unused", "split": "val", "endings": endings, "label": str(draw.randrange(4)),
    }


def piqa(draw):
    thing = draw.choice(THINGS)
    return {
        "goal": draw.choice([f"How do you clean a {thing}?", f"to keep a {thing} dry, ", "What is good? "]),
        "sol1": f"Put the {thing} under a roof.", "sol2": f"Leave it in the {draw.choice(PLACES)}, it dries.",
        "label": draw.randrange(2),
    }


def arc(draw):
    labels = draw.choice([["A", "B", "C", "D"], ["1", "2", "3", "4"], ["A", "B", "C"], ["A", "B", "C", "D", "E"]])
    return {
        "id": f"made-up-{draw.randrange(10**6)}",
        "question": f"{draw.choice(NAMES)} moves a {draw.choice(THINGS)} 3 m in 2 s. What is 'it' called?",
        "choices": {"text": draw.sample(["speed", "a force", "3.5 m/s", "heat", "\"mass\"", "it's light"], len(labels)),
                    "label": labels},
        "answerKey": draw.choice(labels),
    }


def winogrande(draw):
    a, b = draw.sample(NAMES, 2)
    thing = draw.choice(THINGS)
    return {
        "sentence": draw.choice([
            f"{a} gave the {thing} to {b} because _ did not need it.",
            f"_ thanked {b} for the {thing}, as {a} had none .",
            f"The {thing} did not fit in the box because the _ was too large.",
        ]),
        "option1": draw.choice([a, thing]), "option2": draw.choice([b, "box"]), "answer": draw.choice(["1", "2"]),
    }


def lambada(draw):
    a, b = draw.sample(NAMES, 2)
    thing = draw.choice(THINGS)
    return {"text": draw.choice([
        f"{a} had a {thing} and {b} had none. \"Give it to me,\" said {b}. So {a} handed over the {thing}",
        f"In the {draw.choice(PLACES)} it was dark, said {b}\nand {a} lit the  lantern",
    ])}


def text(draw):
    words = [draw.choice(NAMES + THINGS + PLACES + ["and", "the", "of", "went", "to", ".", "\n\n"])
             for _ in range(draw.choice([5, 40, 400]))]
    return {"text": " ".join(words)}


MAKERS = {"hellaswag": hellaswag, "piqa": piqa, "arc_easy": arc, "arc_challenge": arc, "winogrande": winogrande,
          "lambada_openai": lambada, "perplexity": text}


def write_data(folder, documents, seed=1):
    """TASK.jsonl of every task, and TASK-train.jsonl where it has examples; returns {task: (path, path or None)}."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for task, make in MAKERS.items():
        paths = []
        trained = task in SOURCES and SOURCES[task][2] == "validation" or task.startswith("arc")
        for suffix, count in [("", documents), ("-train", 30 if trained else 0)]:
            if count == 0:
                paths.append(None)
                continue
            draw = random.Random(f"{seed}{task}{suffix}")
            path = folder / f"{task}{suffix}.jsonl"
            lines = [json.dumps(make(draw), ensure_ascii=False) for _ in range(count)]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            paths.append(path)
        written[task] = tuple(paths)
    return written


def write_tasks(folder, data):
    """lm_eval's tasks over these files."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for task, (path, train) in data.items():
        if task in SOURCES:
            yaml, others, split = SOURCES[task]
            source = (TASKS / yaml).read_text(encoding="utf-8")
            if source.startswith("include:"):
                included = re.match(r"include: *(\S+)", source).group(1)
                own = "\n".join(source.split("\n")[1:])
                keys = re.findall(r"^(\w+):", own, re.M)
                base = ((TASKS / yaml).parent / included).read_text(encoding="utf-8")
                base = re.sub(rf"^({'|'.join(keys)}):.*\n", "", base, flags=re.M)
                source = base + own
            for other in others:
                shutil.copy(TASKS / other, folder)
            source = re.sub(r"^(dataset_path|dataset_name|tag):.*\n(  - .*\n)*", "", source, flags=re.M)
            if split == "test":
                source = re.sub(r"^validation_split:.*\n", "", source, flags=re.M)
        else:
            source, split = ROLLING, "test"
        files = {split: str(Path(path).resolve())}
        if "training_split" in source:
            files["train"] = str(Path(train).resolve())
        source += f"\ndataset_path: json\ndataset_kwargs:\n  data_files: {json.dumps(files)}\n"
        (folder / f"{task}.yaml").write_text(source, encoding="utf-8")
