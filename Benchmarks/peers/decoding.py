"""Decoding and prompt reading by other programs, one turn per line of standard input (see Partner.swift).

  python decoding.py llama.cpp write --model model.gguf --threads 2 --batch 8 --context 512
  python decoding.py transformers read --model FOLDER --threads 2 --context 4096
"""
import argparse
import ctypes
import json
import resource
import sys
import time


class LlamaCpp:
    """A GGUF file through llama-cpp-python's bindings of llama.cpp's own interface."""

    def __init__(self, options, tokens):
        import llama_cpp
        import numpy

        self.c, self.numpy, self.options = llama_cpp, numpy, options
        self.silence = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(self.silence, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(options.model.encode(), llama_cpp.llama_model_default_params())
        wanted = llama_cpp.llama_context_default_params()
        wanted.n_ctx = (options.context + tokens) * options.batch
        wanted.n_batch = wanted.n_ubatch = max(512, options.batch)
        wanted.n_seq_max = options.batch
        wanted.n_threads = wanted.n_threads_batch = options.threads
        self.context = llama_cpp.llama_init_from_model(self.model, wanted)
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))
        self.batch = llama_cpp.llama_batch_init(max(512, options.batch), 0, options.batch)
        self.position = 0

    def feed(self, items):
        for i, (token, position, sequence, wanted) in enumerate(items):
            self.batch.token[i], self.batch.pos[i], self.batch.logits[i] = int(token), position, wanted
            self.batch.n_seq_id[i], self.batch.seq_id[i][0] = 1, sequence
        self.batch.n_tokens = len(items)
        assert self.c.llama_decode(self.context, self.batch) == 0

    def best(self, row):
        logits = self.c.llama_get_logits_ith(self.context, row)
        return int(self.numpy.ctypeslib.as_array(logits, shape=(self.vocabulary,)).argmax())

    def read(self, prompt):
        self.c.llama_memory_clear(self.c.llama_get_memory(self.context), True)
        for sequence in range(self.options.batch):
            for first in range(0, len(prompt), 512):
                last = min(first + 512, len(prompt))
                self.feed([(prompt[p], p, sequence, p == len(prompt) - 1) for p in range(first, last)])
        self.position = len(prompt)
        self.last = [self.best(-1)] * self.options.batch

    def write(self):
        self.feed([(token, self.position, sequence, 1) for sequence, token in enumerate(self.last)])
        self.last = [self.best(row) for row in range(self.options.batch)]
        self.position += 1


class Transformers:
    """A folder through AutoModelForCausalLM, with the cache that the model makes."""

    def __init__(self, options, tokens):
        import torch
        import transformers

        transformers.logging.set_verbosity_error()
        torch.set_num_threads(options.threads)
        torch.set_grad_enabled(False)
        self.torch, self.options = torch, options
        self.model = transformers.AutoModelForCausalLM.from_pretrained(options.model, dtype="auto").eval()
        self.vocabulary = self.model.config.vocab_size

    def read(self, prompt):
        ids = self.torch.tensor([prompt] * self.options.batch)
        out = self.model(ids, use_cache=True, logits_to_keep=1)
        self.cache = getattr(out, "cache_params", None) or out.past_key_values
        self.name = "cache_params" if getattr(out, "cache_params", None) is not None else "past_key_values"
        self.last = out.logits[:, -1].argmax(-1, keepdim=True)

    def write(self):
        out = self.model(self.last, use_cache=True, logits_to_keep=1, **{self.name: self.cache})
        self.last = out.logits[:, -1].argmax(-1, keepdim=True)


def say(message):
    print(json.dumps(message), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", choices=("llama.cpp", "transformers"))
    parser.add_argument("work", choices=("read", "write"))
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--tokens", type=int, default=16, help="tokens of one turn of writing")
    options = parser.parse_args()
    peer = (LlamaCpp if options.program == "llama.cpp" else Transformers)(options, tokens=4096)
    prompt = [(7919 * i + 13) % peer.vocabulary for i in range(options.context)]
    if options.work == "write":
        peer.read(prompt)
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(dict(teacher=0, student=0, moving=0, programMiB=mib, weightsMiB=0))
    for line in sys.stdin:
        if line.strip() != "step":
            break
        start, cpu = time.perf_counter(), time.process_time()
        turns = 1
        if options.work == "read":
            peer.read(prompt)
        else:
            turns = options.tokens
            for _ in range(turns):
                peer.write()
        mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        say(dict(seconds=(time.perf_counter() - start) / turns, cpuSeconds=(time.process_time() - cpu) / turns,
                 pageFaults=0, peakMiB=mib))


if __name__ == "__main__":
    main()
