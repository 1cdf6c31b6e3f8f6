"""SIGKILL at any moment while snapshots are written: nothing is lost, none is half a one (F40)."""

from __future__ import annotations

from pathlib import Path

import pytest

from robotrader.adapters import journal_tools
from robotrader.journal import Frame
from robotrader.recovery import CATALOGUE, Folds, read
from tests.robotrader.journal import kit as journals
from tests.robotrader.journal.killing import killed
from tests.robotrader.recovery import kit, snapping


def fold(folds: Folds, frames: list[Frame]) -> Folds:
    for frame in frames:
        folds.apply(frame.seq, CATALOGUE.decode(frame))
    return folds


def check(folder: Path, answered: int) -> int:
    """Hold what is left against the full fold; return the record of the newest snapshot."""
    assert journal_tools.verify(folder / "journal").problems == ()
    proof = journal_tools.prove(folder / "journal")
    assert (proof.skipped, proof.problems) == ((), ())
    store = journals.store(folder / "journal")
    try:
        assert store.tip.seq >= answered
        snapshot, broken = store.snapshot()
        assert broken == ()
        frames = list(store.replay())
        if snapshot is None:
            return 0
        begun = Folds(kit.HOLDER, read(snapshot, kit.HOLDER))
        behind = fold(begun, list(store.replay(snapshot.tip)))
        assert kit.facts(behind) == kit.facts(fold(Folds(kit.HOLDER), frames))
        assert proof.proven[-1] == snapshot.tip.seq
        return snapshot.tip.seq
    finally:
        store.close()


def kill_often(folder: Path, kills: int, seed: int) -> list[int]:
    return [
        check(folder, killed(snapping.__name__, folder, seed + number, 0.8))
        for number in range(kills)
    ]


def test_4_kills_while_snapshots_are_written_lose_nothing(tmp_path: Path) -> None:
    taken = kill_often(tmp_path, 4, seed=1)
    assert taken == sorted(taken)
    assert taken[-1] > 0, "no snapshot was ever finished"


@pytest.mark.deep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("series", range(4))
def test_15_kills_while_snapshots_are_written_lose_nothing(tmp_path: Path, series: int) -> None:
    taken = kill_often(tmp_path, 15, seed=1_000 * (series + 1))
    assert taken[-1] > 0
