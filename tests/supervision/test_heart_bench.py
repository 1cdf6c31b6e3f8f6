"""How long heart takes to replace a child. Needs a quiet machine: ``pytest -m bench -s``."""

from __future__ import annotations

import os
import signal
import statistics
import sys
from typing import TYPE_CHECKING

import pytest

from tests.supervision.heart_kit import Ward, child

if TYPE_CHECKING:
    from pathlib import Path

    from supervision.heart_rules import Child

SAMPLES = 30


def latencies_ms(folder: Path, number: signal.Signals, kept: Child) -> list[float]:
    """Send a signal to the child again and again: milliseconds until the next one's first byte."""
    found = []
    with Ward(folder, kept) as ward:
        for sample in range(SAMPLES):
            last = ward.until_told("beating", times=sample + 1)
            sent_s = ward.heart.now_s()
            os.kill(last.pid, number)
            again = ward.until_told("beating", times=sample + 2)
            found.append((again.at_s - sent_s) * 1_000)
    return found


def report(what: str, found: list[float]) -> float:
    p50 = statistics.median(found)
    spread = f"min {min(found):.0f}, max {max(found):.0f}, n {len(found)}"
    sys.stdout.write(f"{what}: p50 {p50:.0f} ms, {spread}\n")
    return p50


@pytest.mark.bench
def test_otp_212_a_killed_child_beats_again_within_a_quarter_of_a_second(tmp_path: Path) -> None:
    kept = child(tmp_path, "beat", intensity=SAMPLES)
    assert report("SIGKILL to first byte", latencies_ms(tmp_path, signal.SIGKILL, kept)) < 250


@pytest.mark.bench
def test_otp_218_a_frozen_child_is_replaced_within_a_second_of_a_half_second_budget(
    tmp_path: Path,
) -> None:
    kept = child(tmp_path, "beat", budget_s=0.5, intensity=SAMPLES)
    assert report("SIGSTOP to first byte", latencies_ms(tmp_path, signal.SIGSTOP, kept)) < 1_000
