"""Runs lm_eval's own `hf` backend over local task files."""

import os

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TOKENIZERS_PARALLELISM="false", DISABLE_MULTIPROC="1")

import torch
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager


def run(model, tasks_folder, tasks, shots=0, batch_size=8, limit=None, bootstrap=100000, threads=1):
    torch.set_num_threads(threads)
    return simple_evaluate(
        model="hf", model_args={"pretrained": str(model), "dtype": "float32", "trust_remote_code": True},
        tasks=list(tasks), num_fewshot=shots, batch_size=batch_size, device="cpu", limit=limit,
        task_manager=TaskManager(include_path=str(tasks_folder), include_defaults=False),
        bootstrap_iters=bootstrap, log_samples=True)
