"""A seed is a run: the same in every process, whatever the hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.simulation.run import run

ROOT = Path(__file__).parents[2]
SEEDS = (7, 8, 9, 119)
"""119 has a file KILL: its name stands in a record, where an address once stood."""

SCRIPT = f"from tests.simulation.run import run; print(*(run(s).trace_hash for s in {SEEDS}))"


@cache
def here() -> tuple[int, ...]:
    """Return the traces of the seeds in this process."""
    return tuple(run(seed).trace_hash for seed in SEEDS)


@pytest.mark.timeout(180)  # it starts an interpreter beside others
@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_a_seed_has_the_same_trace_in_every_process(hash_seed: str) -> None:
    """Four runs with faults: another process with another hash seed has the same hashes."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=300, check=True,
    )  # fmt: skip
    assert tuple(int(each) for each in done.stdout.split()) == here()


def test_another_seed_is_another_run() -> None:
    """Four seeds have four traces."""
    assert len(set(here())) == len(SEEDS)


def test_looking_changes_nothing() -> None:
    """A run with a timeline is the run without one."""
    outcome = run(7, record=True)
    assert outcome.timeline
    assert outcome.trace_hash == here()[SEEDS.index(7)]
