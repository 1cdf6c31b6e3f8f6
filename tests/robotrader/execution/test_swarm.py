"""Thousands of crashes in seconds: random lives with faults, held against the broker's truth.

A failing test names its seed: ``python -c "from tests.robotrader.execution.swarm import live;
live(SEED)"`` lives it again, event by event.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.robotrader.execution.swarm import live

FEW = 500


def lives(seeds: range) -> tuple[int, int]:
    """Return how many crashes and how many sent orders there were."""
    crashes = sent = 0
    for seed in seeds:
        try:
            world = live(seed)
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
        crashes += world.crashes
        sent += len(world.sent)
    return crashes, sent


def test_a_thousand_crashes_double_lose_and_invent_nothing() -> None:
    crashes, sent = lives(range(FEW))
    assert crashes > 1_000
    assert sent > 2_000


def test_a_seed_is_lived_the_same_way_twice() -> None:
    for seed in range(20):
        assert live(seed).journal == live(seed).journal


@pytest.mark.deep
@pytest.mark.timeout(3_600)
def test_a_hundred_thousand_crashes_double_lose_and_invent_nothing() -> None:
    parts = [range(start, start + 1_000) for start in range(FEW, FEW + 40_000, 1_000)]
    with ProcessPoolExecutor() as pool:
        done = list(pool.map(lives, parts))
    assert sum(crashes for crashes, _ in done) > 100_000
