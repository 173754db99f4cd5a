"""lm_eval, unmodified, on the server and on transformers: the same accuracies and the same likelihoods.

    lm_eval_check.py URL NAME=FOLDER…      each NAME is served at URL from FOLDER, which transformers opens
"""
import json
import os
import sys
import tempfile

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

CLAIMS = [
    ("Tom had a red ball. He gave the ball to Mia. Now the ball belongs to", ["Mia", "Tom", "the dog"], 0),
    ("Anna saw a cat in the tree. The cat was", ["up high", "a spoon", "seven"], 0),
    ("One day, a little girl named Lily went to the", ["because", "park", "and the"], 1),
    ("The sun was hot, so they drank cold", ["stone", "chair", "water"], 2),
    ("Ben had two apples. He got one more. He has", ["three apples", "no apples", "a boat"], 0),
    ("It was raining. They took an", ["umbrella", "apple pie", "elephant"], 0),
    ("She was tired and wanted to", ["explode", "sleep", "the"], 1),
    ("He opened the door and went", ["blue", "quickly the", "inside"], 2),
    ("They were friends. They played", ["together", "potato", "under of"], 0),
    ("At the end of the day they all went", ["home", "number", "is"], 0),
    ("Once upon a time there was a", ["king", "of", "!"], 0),
    ("“Thank you,” said", ["the old man", ";", "twelve twelve"], 0),
]

TASKS = {
    "choices": """
task: choices
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{text}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{label}}}}"
metric_list: [{{metric: acc}}, {{metric: acc_norm}}]
""",
    "last_words": """
task: last_words
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: loglikelihood
doc_to_text: "{{{{text}}}}"
doc_to_target: "{{{{' ' + choices[label]}}}}"
metric_list: [{{metric: perplexity}}, {{metric: acc}}]
""",
    "texts": """
task: texts
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{{{text}}}}"
metric_list: [{{metric: word_perplexity}}, {{metric: bits_per_byte}}]
""",
    "continuations": """
task: continuations
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{text}}}}"
doc_to_target: "{{{{choices[label]}}}}"
generation_kwargs: {{until: ["\\n", "."], max_gen_toks: 12, do_sample: false, temperature: 0}}
metric_list: [{{metric: exact_match}}]
""",
}


def evaluate(folder, model, arguments, batch):
    import lm_eval
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=folder, include_defaults=False)
    result = lm_eval.simple_evaluate(
        model=model, model_args=arguments, tasks=list(TASKS), task_manager=manager, batch_size=batch,
        log_samples=True, bootstrap_iters=0, verbosity="ERROR")
    return result["results"], result["samples"]


def answers(samples):
    """What the model said to each question, by task."""
    return {task: [sample["filtered_resps"] for sample in sorted(rows, key=lambda row: row["doc_id"])] for task, rows in samples.items()}


def flat(value):
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from flat(item)
    else:
        yield value


def differences(one, two):
    """The largest difference of numbers, and what differs otherwise."""
    largest, other = 0.0, []
    for task in TASKS:
        for a, b in zip(flat(one[task]), flat(two[task]), strict=True):
            if isinstance(a, float) and isinstance(b, float):
                largest = max(largest, abs(a - b) / max(1.0, abs(b)))
            elif a != b:
                other.append(f"{task}: {a!r} and {b!r}")
    return largest, other


def main():
    url, models = sys.argv[1], [pair.split("=", 1) for pair in sys.argv[2:]]
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HF_DATASETS_CACHE"] = folder + "/cache"
        file = folder + "/questions.jsonl"
        with open(file, "w") as out:
            for text, choices, label in CLAIMS:
                out.write(json.dumps({"text": text, "choices": choices, "label": label}) + "\n")
        for name, text in TASKS.items():
            with open(f"{folder}/{name}.yaml", "w") as out:
                out.write(text.format(file=file))
        for name, model in models:
            wanted, samples = evaluate(folder, "hf", f"pretrained={model},dtype=float32,trust_remote_code=True,device=cpu", 1)
            reference = answers(samples)
            base = f"model={name},base_url={url}/v1/completions,num_concurrent=1"
            forms = {
                "ids, one by one": (base + f",tokenizer_backend=huggingface,tokenizer={model}", 1),
                "ids, four together": (base + f",tokenizer_backend=huggingface,tokenizer={model}", 4),
                "the server's tokenizer": (base, 1),
                "concurrent": (base.replace("num_concurrent=1", "num_concurrent=4") + f",tokenizer_backend=huggingface,tokenizer={model}", 1),
            }
            for form, (arguments, batch) in forms.items():
                found, samples = evaluate(folder, "local-completions", arguments, batch)
                largest, other = differences(answers(samples), reference)
                same = all(
                    abs(found[task][metric] - value) < 1e-3 * max(1, abs(value))
                    for task in TASKS for metric, value in wanted[task].items() if isinstance(value, float) and "stderr" not in metric)
                good = same and not other and largest < 1e-3
                failures += not good
                print(f"{'ok  ' if good else 'FAIL'} {name}, {form}: likelihoods differ by {largest:.1e} at most"
                      + "".join(f"\n     {line}" for line in other[:5]))
            print("     " + ", ".join(f"{task} {metric.split(',')[0]} {value:.4g}" for task in TASKS
                                     for metric, value in wanted[task].items() if isinstance(value, float) and "stderr" not in metric))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
