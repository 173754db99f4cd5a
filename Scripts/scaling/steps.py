#!/usr/bin/env python3
"""What a step of data-parallel training takes on many machines: computing, the slowest rank, and the network.

Every rank computes its share of the batch in micro-batches, in a time that varies by chance from step to step. The backward
pass of the last one completes the gradients bucket by bucket, and each bucket is sent then, once the slowest rank has it, to
the ranks that move by it; when all have moved, each rank sends what it has moved: 2 · (N - 1) / N · 4 bytes per parameter. One
bucket follows the other on the network, and a message costs a latency beside its bytes.

    Scripts/scaling/steps.py                     # the tables of Documentation/scaling.md
"""
import argparse
import random
import statistics

BUCKET = 1 << 22  # numbers, as in OptimizerShards.swift
BACKWARD = 0.5  # of the operations of a token in stage 3: 2 of the teacher, 2 forwards, 4 backwards


def after_backward(compute, backward, buckets, seconds):
    """Seconds from the end of the backward pass until all buckets are there, of which each takes `seconds`.

    Buckets are complete at equal distances. The network is behind either all the time, or only with the last one.
    """
    first = compute - backward * (1 - 1 / buckets)
    return max(first + buckets * seconds, compute + seconds) - compute


def step(options, ranks, bandwidth, draws=2000, seed=1):
    """Mean seconds of a step: of an ideal rank, of waiting for the slowest, of waiting for the network, and of the network
    where nothing overlaps."""
    generator = random.Random(seed)
    ideal = options.operations * options.batch / (ranks * options.speed)
    if ranks == 1:
        return ideal, 0.0, 0.0, 0.0
    buckets = -(-int(options.parameters) // BUCKET)
    sent = 4 * options.parameters * (ranks - 1) / ranks / buckets
    seconds = sent / bandwidth + (ranks - 1) * options.latency
    micro_batches = max(1, round(options.batch / ranks / options.micro_batch))
    waiting, network = [], []
    for _ in range(draws):
        slowest = ideal * max(generator.lognormvariate(0, options.spread) for _ in range(ranks))
        waiting.append(slowest - ideal)
        backward = 0 if options.no_overlap else BACKWARD * slowest / micro_batches
        network.append(after_backward(slowest, backward, buckets, seconds) + buckets * seconds)
    return ideal, statistics.fmean(waiting), statistics.fmean(network), 2 * buckets * seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parameters", type=float, default=8.03e9)
    parser.add_argument("--operations", type=float, default=6.0e10, help="of a token")
    parser.add_argument("--tokens", type=float, default=1e10)
    parser.add_argument("--batch", type=float, default=2**20, help="tokens of a step")
    parser.add_argument("--micro-batch", type=float, default=2**14, help="tokens of a rank at a time")
    parser.add_argument("--speed", type=float, default=2e13, help="operations a second that a node reaches")
    parser.add_argument("--latency", type=float, default=20e-6)
    parser.add_argument("--spread", type=float, default=0.03, help="of a rank's time, as a share of it")
    parser.add_argument("--fixed", type=float, default=81.4, help="GB of every rank")
    parser.add_argument("--moments", type=float, default=64.2, help="GB of all ranks together")
    parser.add_argument("--no-overlap", action="store_true", help="gradients wait for the end of the backward pass")
    parser.add_argument("--gigabits", type=float, nargs="*", default=[10, 100, 400],
                        help="a second, of each network; 88 %% of them are reached")
    parser.add_argument("--nodes", type=int, nargs="*", default=[1, 2, 4, 8, 16, 32, 64])
    options = parser.parse_args()
    for gigabits in options.gigabits:
        print(f"\n{gigabits:g} Gbit/s\n")
        print("| nodes | GB per node | computing | waiting | network | hidden | network's share | days |")
        print("|---|---|---|---|---|---|---|---|")
        for ranks in options.nodes:
            ideal, waiting, network, plain = step(options, ranks, 1.1e8 * gigabits)
            whole = ideal + waiting + network
            days = whole * options.tokens / options.batch / 86400
            memory = options.fixed + options.moments / ranks
            digits = 0 if ideal > 10 else 2
            print(f"| {ranks} | {memory:.0f} | {ideal:.{digits}f} s | {waiting:.1f} s | {network:.1f} s | "
                  f"{plain - network:.1f} s | {100 * network / whole:.0f} % | {days:.1f} |")


if __name__ == "__main__":
    main()
