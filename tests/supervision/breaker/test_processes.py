"""Breakers of real processes that are killed with SIGKILL (cases 98, 100, 135)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from supervision.clock import to_ns
from tests.supervision.breaker.journal import FileJournal
from tests.supervision.breaker.support import OPERATOR

ROOT = Path(__file__).parents[3]


class Process:
    """A real process with a breaker and a journal."""

    def __init__(self, journal: Path, command: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.supervision.breaker.journal", str(journal), command],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def states(self) -> list[str]:
        """Return what the process said: its state when it was up."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().split()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=10)


@pytest.mark.parametrize(("number", "state"), [("098", "forced_open"), ("100", "open")])
def test_breaker_098_100_a_killed_process_comes_back_as_it_was(
    tmp_path: Path, number: str, state: str
) -> None:
    journal = tmp_path / f"{number}.jsonl"
    first = Process(journal, state)
    assert first.states() == [state, state]
    first.kill()
    with journal.open("a", encoding="utf-8") as file:
        file.write('{"name": "orders", "sta')
    second = Process(journal, "look")
    assert second.states() == [state, state], "before any call"
    second.kill()
    kept = FileJournal(journal).load("orders")
    assert kept is not None
    assert kept.by == OPERATOR
    assert kept.remaining_ns == (to_ns(3600) if state == "open" else None)


def test_breaker_135_processes_share_no_state_and_the_successor_starts_from_the_journal(
    tmp_path: Path,
) -> None:
    mine, theirs = tmp_path / "mine.jsonl", tmp_path / "theirs.jsonl"
    active, other = Process(mine, "forced_open"), Process(theirs, "look")
    assert active.states() == ["forced_open"] * 2
    assert other.states() == ["closed"] * 2
    active.kill()
    successor = Process(mine, "look")
    assert successor.states() == ["forced_open"] * 2
    for process in (other, successor):
        process.kill()
