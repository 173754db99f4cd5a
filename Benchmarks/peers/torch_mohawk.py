"""One optimiser step of each MOHAWK stage in PyTorch, taking turns with mohawk-bench over standard input and output.

Says who it is in a line of JSON, then answers each line `step` with what the step cost, until it reads anything else.

  stage 1  per layer: mean over batch and heads of ||student matrix - teacher matrix||_F
  stage 2  per layer: mean over tokens of ||student mixer output - attention output||_2
  stage 3  cross-entropy of the student's logits against the teacher's probabilities; everything moves

With --ssd a step is instead the state-space operation alone, forward and backward.

In stages 1 and 2 every layer gets the teacher's own input, and its graph is released before the next one begins.
"""
import argparse
import contextlib
import ctypes
import json
import math
import resource
import sys
import time

import torch
import torch.nn.functional as F

import phi_mamba

PRESETS = {
    "tiny": dict(d=64, layers=2, heads=4, state=16, vocabulary=256, length=128),
    "small": dict(d=256, layers=6, heads=8, state=64, vocabulary=2048, length=512),
    "medium": dict(d=768, layers=12, heads=12, state=64, vocabulary=50304, length=1024),
}
for name, length in (("phi-layer", 2048), ("long-8k", 8192), ("long-32k", 32768)):
    PRESETS[name] = dict(d=2048, layers=1, heads=32, state=64, vocabulary=256, length=length)


class Trainer:
    def __init__(self, options, size):
        self.stage = options.stage
        self.bf16 = options.precision == "bf16"
        self.compile = torch.compile if options.compile else (lambda function: function)
        self.teacher, self.student = phi_mamba.pair(**size)
        if self.bf16:  # the teacher never moves: its matrices are cast once
            for module in self.teacher.modules():
                if isinstance(module, torch.nn.Linear):
                    module.to(torch.bfloat16)
        self.moving = self.choose()
        self.optimizer = torch.optim.AdamW(
            [dict(params=[p for p in self.moving if p.dim() >= 2], weight_decay=0.1),
             dict(params=[p for p in self.moving if p.dim() < 2], weight_decay=0.0)],
            lr=1e-4, betas=(0.9, 0.95), eps=1e-8, fused=True)
        self.teach = self.compile(self.teach_matrix if self.stage == 1 else self.teach_output)
        self.compare = self.compile(self.matrix_loss if self.stage == 1 else self.output_loss)
        self.last_teach = self.compile(lambda block, hidden: (block.norm(hidden), self.target(block, hidden)))
        self.vocabulary_loss = self.compile(self.distillation_loss)
        if options.compile and self.stage == 3:
            for block in [*self.teacher.blocks, *self.student.blocks]:
                block.compile()

    def choose(self):
        self.student.requires_grad_(self.stage == 3)
        if self.stage == 3:
            return list(self.student.parameters())
        moving = []
        for block in self.student.blocks:
            moving += block.mixer.of_matrix() if self.stage == 1 else list(block.mixer.parameters())
        for parameter in moving:
            parameter.requires_grad_(True)
        return moving

    def autocast(self):
        return torch.autocast("cpu", torch.bfloat16) if self.bf16 else contextlib.nullcontext()

    @staticmethod
    def teach_matrix(block, hidden):
        u = block.norm(hidden)
        matrix, mixed = block.mixer.matrix_and_output(u)
        return u, matrix, block.finish(hidden, u, mixed)

    @staticmethod
    def teach_output(block, hidden):
        u = block.norm(hidden)
        mixed = block.mixer(u)
        return u, mixed, block.finish(hidden, u, mixed)

    def target(self, block, hidden):
        u = block.norm(hidden)
        return block.mixer.matrix(u) if self.stage == 1 else block.mixer(u)

    @staticmethod
    def matrix_loss(mixer, u, target):
        return torch.linalg.vector_norm(mixer.matrix(u).sub_(target), dim=(-2, -1)).mean()

    @staticmethod
    def output_loss(mixer, u, target):
        return torch.linalg.vector_norm((mixer(u) - target).float(), dim=-1).mean()

    def distillation_loss(self, student, teacher):
        logits = self.student.head(student).float()
        with torch.no_grad():
            target = self.teacher.head(teacher).float().softmax(-1)
        return F.cross_entropy(logits, target)

    def layer_by_layer(self, ids):
        total = 0.0
        hidden = self.teacher.embedding(ids)
        last = len(self.teacher.blocks) - 1
        for index, (block, own) in enumerate(zip(self.teacher.blocks, self.student.blocks)):
            with torch.no_grad(), self.autocast():
                if index < last:
                    u, target, hidden = self.teach(block, hidden)
                else:  # nobody needs what leaves the last layer
                    u, target = self.last_teach(block, hidden)
            with self.autocast():
                loss = self.compare(own.mixer, u, target)
            del target
            loss.backward()
            total += loss.detach()
        return total

    def end_to_end(self, ids):
        with torch.no_grad(), self.autocast():
            teacher = self.teacher.hidden(ids).flatten(0, 1)
        with self.autocast():
            loss = self.vocabulary_loss(self.student.hidden(ids).flatten(0, 1), teacher)
        loss.backward()
        return loss.detach()

    def accumulate(self, ids):
        return self.end_to_end(ids) if self.stage == 3 else self.layer_by_layer(ids)

    def step(self, ids):
        loss = self.accumulate(ids)
        torch.nn.utils.clip_grad_norm_(self.moving, 1.0, foreach=True)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()


# This package's names of parameters, part by part, and ours.
NAMES = [("layers.", "blocks."), ("attention.", "mixer."), ("q_proj", "q"), ("k_proj", "k"), ("v_proj", "v"), ("dense", "o"),
         ("mlp.", ""), ("in_proj.", ""), ("conv1d.x.weight", "conv_x"), ("conv1d.x.bias", "conv_x_bias"),
         ("conv1d.bc.weight", "conv_bc"), ("conv1d.bc.bias", "conv_bc_bias"), ("out_proj.weight", "out"),
         ("final_norm", "norm"), ("lm_head", "head")]


def own_name(name):
    for theirs, ours in NAMES:
        name = name.replace(theirs, ours)
    return name


def read_safetensors(path):
    types = {"F32": torch.float32, "BF16": torch.bfloat16, "I64": torch.int64, "F64": torch.float64}
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = bytearray(file.read())
    return {name: torch.frombuffer(data, dtype=types[entry["dtype"]], offset=entry["data_offsets"][0],
                                   count=math.prod(entry["shape"])).view(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}


def compare(trainer, path):
    """Loss and gradients of the models and the batch in a file, beside those in it."""
    tensors = read_safetensors(path)
    for kind, model in (("teacher", trainer.teacher), ("student", trainer.student)):
        own = {own_name(name[8:]): tensor for name, tensor in tensors.items() if name.startswith(kind + ".")}
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.copy_(own.pop(name))
        assert not own, f"not used: {sorted(own)}"
    loss = trainer.accumulate(tensors["ids"])
    given = {own_name(name[9:]): tensor for name, tensor in tensors.items() if name.startswith("gradient.")}
    apart = whole = worst = 0.0
    culprit = ""
    for name, parameter in trainer.student.named_parameters():
        if not parameter.requires_grad:
            continue
        mine, other = parameter.grad.double(), given.pop(name).double()
        difference, size = (mine - other).square().sum().item(), mine.square().sum().item()
        apart, whole = apart + difference, whole + size
        if size > 0 and difference / size > worst:
            worst, culprit = difference / size, name
    assert not given, f"gradients of what does not move: {sorted(given)}"
    theirs = tensors["loss"].item()
    return dict(loss=loss.item(), lossError=abs(loss.item() - theirs) / abs(loss.item()),
                gradientError=(apart / whole) ** 0.5, worstError=worst ** 0.5, worst=culprit)


class StateSpace:
    """The state-space operation alone; x, b, c [batch, heads, length, n], as it is fastest here."""

    names = ("x", "log_decay", "b", "c", "y_gradient")
    per_turn = 5

    def __init__(self, options, size):
        self.run = torch.compile(phi_mamba.chunked_ssd) if options.compile else phi_mamba.chunked_ssd
        dtype = torch.bfloat16 if options.precision == "bf16" else torch.float32
        shape = options.batch, size["heads"], size["length"]
        p, n = size["d"] // size["heads"], size["state"]
        generator = torch.Generator().manual_seed(1)

        def drawn(*more, factor=1.0):
            return torch.randn(*shape, *more, generator=generator).mul_(factor)

        self.operands = [drawn(p).to(dtype), -F.softplus(drawn()), drawn(n, factor=n ** -0.5).to(dtype),
                         drawn(n, factor=n ** -0.5).to(dtype), drawn(p).to(dtype)]
        self.require_gradients()

    def require_gradients(self):
        self.leaves = [operand.requires_grad_() for operand in self.operands[:4]]

    def step(self):
        y = self.run(*self.leaves, 64)
        return y, torch.autograd.grad(y, self.leaves, self.operands[4])

    def compare(self, path):
        tensors = {name: tensor.transpose(1, 2).contiguous() for name, tensor in read_safetensors(path).items()}
        self.operands = [tensors[name] for name in self.names]
        self.require_gradients()
        y, gradients = self.step()

        def apart(one, other):
            one, other = one.detach().double(), other.double()
            return (one - other).square().sum().item(), one.square().sum().item()

        pairs = {name: apart(mine, tensors["gradient." + name]) for name, mine in zip(self.names, gradients)}
        worst = max(pairs, key=lambda name: pairs[name][0] / pairs[name][1])
        values = apart(y, tensors["y"])
        return dict(loss=y.float().mean().item(), lossError=(values[0] / values[1]) ** 0.5,
                    gradientError=(sum(d for d, _ in pairs.values()) / sum(s for _, s in pairs.values())) ** 0.5,
                    worstError=(pairs[worst][0] / pairs[worst][1]) ** 0.5, worst=worst)

    def serve(self):
        for _ in range(2):
            self.step()
        forget_peak()
        operands = sum(t.numel() * t.element_size() for t in self.operands) / (1 << 20)
        say(dict(teacher=0, student=sum(t.numel() for t in self.operands), moving=0, programMiB=resident() - operands,
                 weightsMiB=operands))
        answer(self.turn, self.per_turn)

    def turn(self, _):
        for _ in range(self.per_turn):
            self.step()


def resident():
    """Memory in use, in MiB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / (1 << 20)


def forget_peak():
    """Gives back what only the drawing of weights needed, and starts the peak of memory anew."""
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
        with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
            file.write("5")


def say(message):
    print(json.dumps(message), flush=True)


def answer(step, per_turn=1):
    """Works at each line `step`, which is given its number, and tells what one of the `per_turn` times in it cost."""
    for index, line in enumerate(sys.stdin):
        if line.strip() != "step":
            break
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        loss = step(index)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        say(dict(seconds=seconds / per_turn, cpuSeconds=cpu / per_turn,
                 pageFaults=after.ru_minflt - before.ru_minflt, loss=loss,
                 peakMiB=after.ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="small")
    parser.add_argument("--stage", type=int, choices=(1, 2, 3), default=1)
    parser.add_argument("--ssd", action="store_true", help="the state-space operation alone instead of a stage")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="bf16")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--compile", action="store_true", help="torch.compile what can be compiled")
    parser.add_argument("--layers", type=int, help="fewer layers than the preset has")
    parser.add_argument("--vocabulary", type=int, help="fewer rows than the preset has")
    parser.add_argument("--compare", help="a file with models, a batch, its loss and its gradients")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    size = PRESETS[options.preset]
    size.update({key: min(size[key], getattr(options, key)) for key in ("layers", "vocabulary") if getattr(options, key)})
    if options.ssd:
        alone = StateSpace(options, size)
        return say(alone.compare(options.compare)) if options.compare else alone.serve()
    program = resident()
    trainer = Trainer(options, size)
    if options.compare:
        return say(compare(trainer, options.compare))

    def count(tensors):
        return sum(t.numel() for t in tensors)

    def mebibytes(tensors):
        return sum(t.numel() * t.element_size() for t in tensors) / (1 << 20)

    forget_peak()
    weights = [*trainer.teacher.parameters(), *trainer.student.parameters()]
    say(dict(teacher=count(trainer.teacher.parameters()), student=count(trainer.student.parameters()),
             moving=count(trainer.moving), programMiB=program, weightsMiB=mebibytes(weights)))
    generator = torch.Generator().manual_seed(1)
    batches = [torch.randint(size["vocabulary"], (options.batch, size["length"]), generator=generator) for _ in range(4)]
    answer(lambda index: trainer.step(batches[index % 4]))


if __name__ == "__main__":
    main()
