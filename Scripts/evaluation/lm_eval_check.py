"""Compares `mohawk evaluate --tasks` with lm_eval's own `hf` backend on one model folder, without downloads.

    python Scripts/evaluation/lm_eval_check.py MODEL --mohawk .build/release/mohawk [--documents 24] [--shots 0 3]

Every log-likelihood must agree within 1e-4, every greedy flag and every share exactly, and standard errors and
perplexities within 1e-4 of their size. Needs the packages of requirements.txt.
"""

import argparse
import glob
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import lm_eval_run
import task_files
from lm_eval.utils import make_table


def ours(mohawk, model, data, shots, folder, more):
    tasks = ",".join(f"{task}={path}" for task, (path, _) in data.items())
    command = [mohawk, "evaluate", str(model), "--tasks", tasks, "--output", str(folder), "--log-samples", *more]
    if shots:
        command += ["--num-fewshot", str(shots), "--examples",
                    ",".join(f"{task}={train}" for task, (_, train) in data.items() if train)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    place = Path(folder) / "results/student"
    results = json.loads(Path(glob.glob(f"{place}/results_*.json")[0]).read_text())
    samples = {}
    for task in data:
        for path in glob.glob(f"{place}/samples_{task}_*.jsonl"):
            samples[task] = [json.loads(line) for line in Path(path).read_text().splitlines()]
    return results, samples


def compare(task, mine, theirs, my_samples, their_samples, faults):
    """Largest difference of a log-likelihood; what differs is added to faults."""
    worst = 0.0
    if my_samples is not None:
        their_samples = sorted(their_samples, key=lambda s: s["doc_id"])
        if len(my_samples) != len(their_samples):
            faults.append(f"{task}: {len(my_samples)} documents, lm_eval has {len(their_samples)}")
        for mine_one, theirs_one in zip(my_samples, their_samples):
            number = mine_one["doc_id"]
            for index, (a, b) in enumerate(zip(mine_one["filtered_resps"], theirs_one["filtered_resps"], strict=True)):
                pair = mine_one["arguments"][f"gen_args_{index}"]
                if (pair["arg_0"], pair["arg_1"]) != tuple(theirs_one["arguments"][index]):
                    faults.append(f"{task} {number}.{index}: {pair} is not {theirs_one['arguments'][index]}")
                worst = max(worst, abs(a[0] - b[0]))
                if abs(a[0] - b[0]) > 1e-4 or bool(a[1]) != bool(b[1]):
                    faults.append(f"{task} {number}.{index}: {a} is not {b}")
    for key, value in theirs.items():
        if "," not in key:
            continue
        own = mine.get(key)
        if isinstance(value, str) or isinstance(own, str) or own is None:
            same = own == value
        elif key.startswith("acc"):
            same = own == value
        else:
            same = math.isclose(own, value, rel_tol=1e-4)
        if not same:
            faults.append(f"{task} {key}: {own} is not {value}")
    return worst


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--mohawk", default=".build/release/mohawk")
    parser.add_argument("--documents", type=int, default=24)
    parser.add_argument("--shots", type=int, nargs="+", default=[0])
    parser.add_argument("--more", nargs="*", default=[], help="further options of mohawk evaluate")
    options = parser.parse_args()
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        data = task_files.write_data(f"{folder}/data", options.documents)
        task_files.write_tasks(f"{folder}/tasks", data)
        for shots in options.shots:
            if shots:
                data.pop("perplexity", None)
            results, samples = ours(options.mohawk, options.model, data, shots, f"{folder}/out-{shots}", options.more)
            make_table(results)  # lm_eval must be able to read what was written
            reference = lm_eval_run.run(options.model, f"{folder}/tasks", list(data), shots)
            for key in ("results", "configs", "versions", "n-shot", "higher_is_better", "n-samples"):
                if set(reference[key]) != set(results[key]):
                    faults.append(f"the tasks under {key!r} are {sorted(results[key])}")
            for task in data:
                worst = compare(task, results["results"][task], reference["results"][task], samples.get(task),
                                reference["samples"][task], faults)
                shares = {k.split(",")[0]: v for k, v in results["results"][task].items()
                          if k.startswith(("acc", "perp", "bits")) and "stderr" not in k}
                print(f"{shots} shots {task:15} largest difference {worst:.1e} {shares}")
                if results["n-samples"][task] != dict(reference["n-samples"][task]):
                    faults.append(f"{task}: n-samples {results['n-samples'][task]}")
    for fault in faults:
        print("different:", fault)
    print(f"{len(faults)} differences")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
