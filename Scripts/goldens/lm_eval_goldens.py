"""A tiny Llama, small task files, and what lm_eval's backend `hf` makes of them: Tests/MohawkEvaluationTests/Goldens.

Run by itself, with the packages of ../evaluation/requirements.txt; --check compares instead of writing.
"""

import json
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "evaluation"))
import lm_eval_run
import task_files
import torch
from golden_file import REPOSITORY, make_deterministic
from lm_eval.api.metrics import bootstrap_stderr, perplexity
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

FOLDER = REPOSITORY / "Tests/MohawkEvaluationTests/Goldens"
WINDOW = 128
SHOTS = [0, 2, 6]


def tokenizer(texts):
    result = Tokenizer(models.BPE())
    result.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    result.decoder = decoders.ByteLevel()
    result.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["<s>", "</s>"]))
    result.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(tokenizer_object=result, bos_token="<s>", eos_token="</s>")


def model():
    torch.manual_seed(5)
    config = LlamaConfig(
        vocab_size=404, hidden_size=24, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=WINDOW, bos_token_id=0, eos_token_id=1,
        tie_word_embeddings=True, initializer_range=0.25)
    return LlamaForCausalLM(config)


def greedy_lambada(network, tokens):
    """A passage whose last word is what the model finds likeliest."""
    draw = random.Random(3)
    while True:
        context = " ".join(draw.choice(task_files.NAMES + task_files.THINGS) for _ in range(6))
        logits = network(torch.tensor([tokens.encode(context)])).logits[0, -1]
        word = tokens.decode([int(logits.argmax())])
        whole = tokens.encode(context + word)
        if word.startswith(" ") and word[1:].isalpha() and whole[:-1] == tokens.encode(context):
            return {"text": context + word}


def write(root):
    make_deterministic()
    root.mkdir(parents=True, exist_ok=True)
    data = task_files.write_data(root / "tasks", documents=10, seed=7)
    texts = [path.read_text(encoding="utf-8") for pair in data.values() for path in pair if path]
    tokens, network = tokenizer(texts), model().eval()
    folder = root / "model"
    network.save_pretrained(folder)
    tokens.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    path = data["lambada_openai"][0]
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(greedy_lambada(network, tokens)) + "\n")
        file.write(json.dumps({"text": "Oneword"}) + "\n")
        file.write(json.dumps({"text": "<s>Ada had a  lantern "}) + "\n")
    expected = {"window": WINDOW, "runs": {}}
    with tempfile.TemporaryDirectory() as tasks_folder:
        task_files.write_tasks(tasks_folder, data)
        for shots in SHOTS:
            tasks = [t for t in data if shots == 0 or t != "perplexity"]
            found = lm_eval_run.run(folder, tasks_folder, tasks, shots, batch_size=4, bootstrap=100000)
            expected["runs"][str(shots)] = {task: {
                "results": {k.split(",")[0]: v for k, v in found["results"][task].items() if "," in k},
                "likelihoods": [s["filtered_resps"] for s in sorted(found["samples"][task], key=lambda s: s["doc_id"])]
                if task != "perplexity" else [],
            } for task in tasks}
    generator = random.Random(1234)
    expected["random"] = {
        "units": [generator.random() for _ in range(3)],
        "below": [generator.randrange(n) for n in [1, 2, 3, 10, 1000, 2**31]],
        "samples": {f"{k} of {n}": random.Random(1234).sample(range(n), k)
                    for k, n in [(3, 10), (3, 21), (3, 22), (5, 30), (6, 30), (6, 85), (6, 86), (10, 10)]},
        "seed0": random.Random(0).random(),
    }
    values = [-0.5, -2.25, -7.0, -0.125]
    expected["bootstrap"] = {"values": values, "error": bootstrap_stderr(perplexity, values, 100000)}
    (root / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


def main():
    if "--check" not in sys.argv[1:]:
        write(FOLDER)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        files = sorted(p.relative_to(folder) for p in Path(folder).rglob("*") if p.is_file())
        different = [f for f in files if not (FOLDER / f).exists()
                     or (FOLDER / f).read_bytes() != (Path(folder) / f).read_bytes()]
    print(f"{len(files)} files, {len(different)} different", *different)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
