"""The table of Scripts/real-text: OUTPUT ARM…; means and sample deviations over the seeds that are there."""
import glob
import json
import statistics
import sys


def seconds(folder):
    """Training seconds of all stages, without evaluations and checkpoints."""
    total = 0.0
    for line in open(folder + "/metrics.jsonl"):
        event = json.loads(line)
        if event["event"] == "step":
            total += event["seconds"]
    return total


def spread(values, digits):
    mean = statistics.mean(values)
    text = f"{mean:.{digits}f}"
    return text + (f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else "")


output, arms = sys.argv[1], sys.argv[2:]
print("| arm | seeds | KL | perplexity | same token | seconds |\n|---|---|---|---|---|---|")
for arm in arms:
    found = []
    for folder in sorted(glob.glob(f"{output}/{arm.replace(':', '-')}-seed*/")):
        try:
            found.append((json.load(open(folder + "evaluation.json")), seconds(folder)))
        except FileNotFoundError:
            continue
    if not found:
        continue
    def column(name, digits, factor=1):
        return spread([factor * result[name] for result, _ in found], digits)

    print(
        f"| {arm} | {len(found)} | {column('divergence', 4)} | {column('studentPerplexity', 2)} "
        f"| {column('agreement', 1, 100)} % | {spread([s for _, s in found], 0)} |"
    )
