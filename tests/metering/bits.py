"""Flipping bits of what a meter signed."""

import random

from tests.counts import times

from voltroam.metering import find
from voltroam.metering.record import Record


def record_of(data: str | bytes) -> Record:
    """The first record of a file."""
    record = find(data)[0].record
    assert record is not None
    return record


def bits(size: int, seed: str, sample: int) -> list[int]:
    """Every bit in the soak, else a sample that is the same on every run."""
    every = range(size * 8)
    count = times(min(sample, len(every)), full=len(every))
    return list(every) if count == len(every) else random.Random(seed).sample(every, count)


def flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
