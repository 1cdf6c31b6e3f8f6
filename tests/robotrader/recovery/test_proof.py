"""``journal verify`` proves snapshots, and sees one that was made of other records."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.snapshots import Snapshots
from robotrader.adapters import journal_tools
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.journal import Entry
from robotrader.journal.snapshots import Pieces
from robotrader.recovery import CATALOGUE, pieces
from tests.robotrader.journal import kit as journals
from tests.robotrader.recovery import kit, snapping


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A journal of some lives with three snapshots, the second and third made of the one before."""
    whole = snapping.records()
    store = journals.store(tmp_path / "journal", copy_to=tmp_path / "copy")
    third = len(whole) // 3
    for first in range(0, 3 * third, third):
        entries = [Entry(*CATALOGUE.encode(each)) for each in whole[first : first + third]]
        store.append(entries)
        take(store)
    store.append([Entry(*CATALOGUE.encode(each)) for each in whole[3 * third :]])
    store.close()
    return tmp_path


def take(store: LmdbStore) -> None:
    snapshots = Snapshots(store, kit.HOLDER, lambda: 1, every_records=1)
    before = snapshots.base.tip
    while snapshots.base.tip == before or snapshots.base.tip.seq < store.tip.seq:
        snapshots.step()


def test_every_snapshot_is_proven_also_in_a_backup(folder: Path) -> None:
    kept = journal_tools.verify(folder / "journal").snapshots
    proof = journal_tools.prove(folder / "journal")
    assert (proof.proven, proof.skipped, proof.problems) == (kept, (), ())
    assert len(kept) == 3
    journal_tools.backup(folder / "journal", folder / "backup")
    assert journal_tools.prove(folder / "backup") == proof


def test_a_snapshot_of_other_records_is_said_although_its_checksums_are_right(folder: Path) -> None:
    store = journals.store(folder / "journal", copy_to=folder / "copy")
    seq = store.tip.seq
    wrong = list(pieces(kit.folded(snapping.records()[:-3])))
    for number, piece in enumerate(wrong):
        store.put_piece(seq, number, piece)
    store.put_snapshot(seq, Pieces(wrong).state, 1)
    store.close()
    assert journal_tools.verify(folder / "journal").problems == ()
    (problem,) = journal_tools.prove(folder / "journal").problems
    assert f"record {seq}: its snapshot is not what the records fold to" in problem
    assert "journal restore" in problem


def test_where_the_first_records_are_archived_the_later_snapshots_are_proven(folder: Path) -> None:
    store = journals.store(folder / "journal", copy_to=folder / "copy")
    store.archive(folder / "archive")
    store.close()
    first, *later = journal_tools.verify(folder / "journal").snapshots
    proof = journal_tools.prove(folder / "journal")
    assert (proof.proven, proof.skipped, proof.problems) == (tuple(later), (first,), ())


def test_a_restored_journal_has_no_snapshots_and_folds_to_the_same(folder: Path) -> None:
    journal_tools.restore(folder / "new", [folder / "copy"])
    store = journals.store(folder / "new")
    snapshots = Snapshots(store, kit.HOLDER, lambda: 1)
    assert snapshots.base.tip.seq == 0
    frames = [CATALOGUE.decode(frame) for frame in store.replay()]
    store.close()
    assert tuple(frames) == snapping.records()
