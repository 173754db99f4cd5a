"""What a check gives back, and the comparisons they share."""

import math
from dataclasses import dataclass


class NotAvailable(Exception):
    """Something that the check needs is missing: a program, a command, a tensor in its output."""


class Failure(Exception):
    """The check ran and found a difference that has no size: other tokens, other names, a refusal."""


@dataclass
class Measured:
    """The largest difference found and how large it may be. A check that counts nothing leaves both out."""

    difference: float | None = None
    limit: float | None = None
    note: str = ""


def relative(actual, expected):
    """The largest difference, relative to the largest expected value."""
    if tuple(actual.shape) != tuple(expected.shape):
        raise Failure(f"shape {list(actual.shape)} instead of {list(expected.shape)}")
    return ((actual.double() - expected.double()).abs().max() / expected.double().abs().max().clamp(min=1e-30)).item()


def absolute(actual, expected):
    if tuple(actual.shape) != tuple(expected.shape):
        raise Failure(f"shape {list(actual.shape)} instead of {list(expected.shape)}")
    return (actual.double() - expected.double()).abs().max().item()


def relative_rms(actual, expected):
    actual, expected = actual.double(), expected.double()
    return ((actual - expected).pow(2).mean() / expected.pow(2).mean()).sqrt().item()


def largest(differences):
    """The name with the largest difference; one that is not a number is larger than any."""
    return max(differences, key=lambda name: (math.isnan(differences[name]), differences[name]))


def same_tokens(actual, expected, what):
    """Fails at the first token that differs."""
    if tuple(actual.shape) != tuple(expected.shape):
        raise Failure(f"{what}: {list(actual.shape)} tokens instead of {list(expected.shape)}")
    for row, (a, b) in enumerate(zip(actual.tolist(), expected.tolist())):
        for n, (mine, theirs) in enumerate(zip(a, b)):
            if mine != theirs:
                raise Failure(f"{what}: token {n} of row {row} is {mine}, expected {theirs}")


def agreement(actual, expected):
    """How many tokens agree before the first difference, in the worst row."""
    def prefix(a, b):
        return next((n for n, (x, y) in enumerate(zip(a, b)) if x != y), len(b))
    return min(prefix(a, b) for a, b in zip(actual.tolist(), expected.tolist()))
