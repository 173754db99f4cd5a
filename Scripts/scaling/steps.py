#!/usr/bin/env python3
"""What a step of data-parallel training takes on many machines: computing, the slowest rank, and the network.

Every rank computes its share of the batch, in a time that varies by chance from step to step. Then each sends, bucket by
bucket, the gradients that others move, and later the weights that it has moved itself: 2 · (N - 1) / N · 4 bytes per
parameter. A bucket is on its way while the next is packed, so that the network works without a break; a message costs a
latency beside its bytes, and nobody begins before the slowest rank has its gradients.

    Scripts/scaling/steps.py                     # the tables of Documentation/scaling.md
"""
import argparse
import random
import statistics

BUCKET = 1 << 22  # numbers, as in OptimizerShards.swift


def network_seconds(parameters, ranks, bandwidth, latency):
    """Seconds in which a rank sends and receives what it must, both ways at once."""
    if ranks == 1:
        return 0.0
    buckets = -(-parameters // BUCKET)
    sent = 2 * 4 * parameters * (ranks - 1) / ranks
    return sent / bandwidth + 2 * buckets * (ranks - 1) * latency


def step_seconds(parameters, operations, batch, ranks, speed, bandwidth, latency, spread, steps=2000, seed=1):
    """Mean seconds of a step: of an ideal rank, waiting for the slowest, and on the network."""
    generator = random.Random(seed)
    ideal = operations * batch / (ranks * speed)
    slowest = statistics.fmean(
        max(generator.lognormvariate(0, spread) for _ in range(ranks)) for _ in range(steps)
    )
    return ideal, ideal * (slowest - 1) if ranks > 1 else 0.0, network_seconds(parameters, ranks, bandwidth, latency)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parameters", type=float, default=8.03e9)
    parser.add_argument("--operations", type=float, default=6.0e10, help="of a token")
    parser.add_argument("--tokens", type=float, default=1e10)
    parser.add_argument("--batch", type=float, default=2**20, help="tokens of a step")
    parser.add_argument("--speed", type=float, default=2e13, help="operations a second that a node reaches")
    parser.add_argument("--latency", type=float, default=20e-6)
    parser.add_argument("--spread", type=float, default=0.03, help="of a rank's time, as a share of it")
    parser.add_argument("--fixed", type=float, default=81.4, help="GB of every rank")
    parser.add_argument("--moments", type=float, default=64.2, help="GB of all ranks together")
    options = parser.parse_args()
    for name, bandwidth in [("10 Gbit/s", 1.1e9), ("100 Gbit/s", 1.1e10), ("400 Gbit/s", 4.4e10)]:
        print(f"\n{name}\n")
        print("| nodes | GB per node | computing | waiting | network | network's share | days |")
        print("|---|---|---|---|---|---|---|")
        for ranks in [1, 2, 4, 8, 16, 32, 64]:
            ideal, waiting, network = step_seconds(
                int(options.parameters), options.operations, options.batch, ranks, options.speed, bandwidth,
                options.latency, options.spread)
            whole = ideal + waiting + network
            days = whole * options.tokens / options.batch / 86400
            memory = options.fixed + options.moments / ranks
            print(f"| {ranks} | {memory:.0f} | {ideal:.0f} s | {waiting:.1f} s | {network:.1f} s | "
                  f"{100 * network / whole:.0f} % | {days:.1f} |")


if __name__ == "__main__":
    main()
