"""Blocks of seeds at the wire level: two files of tests, so that two processes can share them."""

from __future__ import annotations

from collections import Counter
from typing import Final

from tests.simulation.run import run

SEEDS: Final = 300
BLOCK: Final = 10


def blocks(half: int) -> list[range]:
    """Return the blocks of one half of the seeds."""
    first = half * SEEDS // 2
    return [range(at, at + BLOCK) for at in range(first, first + SEEDS // 2, BLOCK)]


def check_block(seeds: range) -> Counter[str]:
    """Run seeds; a failure prints every breach, the timeline and how to run it again."""
    reached: Counter[str] = Counter()
    for seed in seeds:
        outcome = run(seed, "wire")
        assert outcome.ok, outcome.text()
        reached.update(outcome.coverage)
    return reached
