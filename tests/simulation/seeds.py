"""Blocks of seeds as jobs: each runs on its own, and what it says is small."""

from __future__ import annotations

import gc
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from tests.simulation.run import run

if TYPE_CHECKING:
    from robotrader.jobs import Executor

CORE_SEEDS: Final = 2_000
"""Seeds in ``make test``: what it may take in time; ``make simulate`` runs any number."""

WIRE_SEEDS: Final = 300

BLOCK: Final = 20
LONG_BLOCK: Final = 2
"""Weeks: a block of them takes as long as one of the others."""


class Block(msgspec.Struct, frozen=True):
    """Which seeds to run at which level."""

    first: int
    count: int
    level: str = "core"
    seconds: float | None = None


class Sum(msgspec.Struct, frozen=True):
    """What came of a block: how often what was reached, turns, and every failing run as text."""

    seeds: int
    events: int
    coverage: dict[str, int]
    failed: tuple[str, ...]

    def plus(self, other: Sum) -> Sum:
        """Return both together."""
        coverage = Counter(self.coverage) + Counter(other.coverage)
        return Sum(
            self.seeds + other.seeds,
            self.events + other.events,
            dict(coverage),
            self.failed + other.failed,
        )


NOTHING: Final = Sum(0, 0, {}, ())


def run_block(block: Block) -> Sum:
    """Run the seeds of a block."""
    total = NOTHING
    for seed in range(block.first, block.first + block.count):
        outcome = run(seed, block.level, block.seconds)
        failed = () if outcome.ok else (outcome.text(),)
        total = total.plus(Sum(1, outcome.events, outcome.coverage, failed))
    gc.collect()  # a run at wire level leaves a megabyte that is not young (``uncollected``)
    return total


def blocks(first: int, count: int, level: str = "core") -> list[Block]:
    """Cut a range of seeds into blocks."""
    most = LONG_BLOCK if level == "long" else BLOCK
    return [
        Block(at, min(most, first + count - at), level) for at in range(first, first + count, most)
    ]


def broken(block: Block) -> str:
    """Run a block of ``make test``; return every failing run as text, empty if none is."""
    total = run_block(block)
    assert total.seeds == block.count, f"{total.seeds} seeds of {block} were run"
    return "\n\n".join(total.failed)


def run_all(executor: Executor, first: int, count: int, level: str = "core") -> Sum:
    """Run many seeds through an executor; the order of the blocks does not matter for the sum."""
    total = NOTHING
    for each in executor.run(run_block, blocks(first, count, level)):
        total = total.plus(each)
    return total
