"""The simulated disk is as bad as it is told to be, by seed, and the journal sees all of it."""

from __future__ import annotations

from operator import methodcaller

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.journal import (
    CorruptJournal,
    DiskFaults,
    Entry,
    Fate,
    Index,
    IndexRow,
    JournalBehind,
    JournalError,
    Known,
    MemoryDisk,
    MemoryStore,
    SafeMode,
    Watermarks,
    audit,
    index,
)
from robotrader.journal.ports import TABLES, Transaction
from tests.robotrader.journal import kit

seeds = st.integers(0, 2**32)


def content(txn: Transaction) -> list[list[tuple[bytes, bytes]]]:
    return [list(txn.rows(table)) for table in TABLES]


def filled_disk(seed: int, faults: DiskFaults | None = None) -> MemoryDisk:
    disk = MemoryDisk(seed, faults)
    store = MemoryStore(disk, watermarks=kit.NO_MARKS)
    for number in range(20):
        store.append([kit.placed(number), kit.filled(f"e{number}")])
    store.put_snapshot(30, b"state", 1)
    return disk


@given(seeds)
def test_the_same_seed_gives_the_same_disk_and_the_same_latencies(seed: int) -> None:
    one, two = filled_disk(seed), filled_disk(seed)
    assert one.read(content) == two.read(content)
    assert one.latency_ns == two.latency_ns > 0


def test_latencies_have_the_measured_median_and_tail() -> None:
    disk = MemoryDisk(3)
    store = MemoryStore(disk)
    latencies = []
    for number in range(2_000):
        store.append([kit.placed(number)])
        latencies.append(store.latency_ns)
    latencies.sort()
    assert 280_000 < latencies[1_000] < 340_000
    assert 4_000_000 < latencies[1_980] < 9_000_000


@given(seeds)
def test_every_flipped_bit_is_found_by_the_audit(seed: int) -> None:
    """A key of the index or a snapshot, the records, the meta table: whatever the bit hits."""
    disk = filled_disk(seed)
    before = disk.read(content)
    assert disk.read(audit).problems == ()
    hit = disk.flip_bit()
    assert disk.read(content) != before
    assert disk.read(audit).problems != (), hit


@given(seeds)
def test_a_tail_that_a_lying_disk_has_lost_is_seen_by_who_knows_better(seed: int) -> None:
    disk = filled_disk(seed, DiskFaults(lies=True))
    known = Known(40, 1)
    lost = disk.power_loss()
    assert disk.read(audit).problems == ()
    if lost > 1:  # the last commit was the snapshot
        with pytest.raises(JournalBehind, match="backup of the past"):
            MemoryStore(disk, known=known)
    else:
        assert MemoryStore(disk, known=known).tip.seq == 40


@given(seeds)
def test_what_an_input_output_error_has_written_is_lost_in_its_turn(seed: int) -> None:
    """A later commit that is lost leaves none of an earlier one that failed and was there."""
    disk = filled_disk(seed, DiskFaults(lies=True))
    disk.faults = DiskFaults(lies=True, eio_rate=1.0)
    with pytest.raises(SafeMode, match="EIO"):
        MemoryStore(disk).append([kit.placed(41)])
    disk.faults = DiskFaults(lies=True)
    MemoryStore(disk).append([kit.placed(42)])
    disk.power_loss()
    assert disk.read(audit).problems == ()


@given(seeds)
def test_after_an_input_output_error_nothing_is_written_until_it_is_opened_anew(seed: int) -> None:
    disk = MemoryDisk(seed)
    store = MemoryStore(disk)
    store.append([kit.placed(1)])
    disk.faults = DiskFaults(eio_rate=1.0)
    with pytest.raises(SafeMode, match="EIO"):
        store.append([kit.placed(2), kit.placed(3)])
    disk.faults = DiskFaults()
    with pytest.raises(SafeMode, match="EIO"):
        store.append([kit.placed(4)])
    again = MemoryStore(disk)
    assert again.tip.seq in {1, 3}
    assert len(list(again.replay())) == again.tip.seq


@given(st.integers(2_000, 20_000), st.integers(0, 2_000))
def test_a_full_disk_refuses_a_batch_as_a_whole_and_the_ballast_saves_exits(
    capacity: int, ballast: int
) -> None:
    disk = MemoryDisk(1, DiskFaults(capacity_bytes=capacity, ballast_bytes=ballast))
    store = MemoryStore(disk, watermarks=kit.NO_MARKS)
    entered = exits = 0
    while kit.fits(store, kit.placed(entered, entering=True)):
        entered += 1
    while kit.fits(store, Entry(1, 1, b"exit")):
        exits += 1
    assert not disk.ballast
    assert len(list(store.replay())) == entered + exits
    assert disk.used_bytes <= capacity
    assert disk.read(audit).problems == ()


def test_a_duplicate_execution_is_reported_and_a_correction_takes_its_place() -> None:
    store = MemoryStore(MemoryDisk())
    first, again, correction, late = store.append(
        [kit.filled("e.01", 1), kit.filled("e.01", 1), kit.filled("e.01", 2), kit.filled("e.01", 1)]
    )
    assert (first.fate, first.seq) == (Fate.WRITTEN, 1)
    assert (again.fate, again.seq) == (Fate.DUPLICATE, 1)
    assert (correction.fate, correction.seq) == (Fate.WRITTEN, 2)
    assert (late.fate, late.seq) == (Fate.DUPLICATE, 2)
    found = store.find(Index.EXEC, b"e.01")
    assert found is not None
    assert (found.seq, found.revision, found.value) == (2, 2, b"value")
    assert store.find(Index.EXEC, b"e.02") is None


def test_an_index_row_without_its_event_and_an_event_without_its_row_are_found() -> None:
    for table, key in (("idx_ref", b"rt1-1-4"), ("idx_oid", b"4"), ("idx_exec", b"e4")):
        disk = filled_disk(1)
        disk.write(methodcaller("delete", table, key))
        (problem,) = disk.read(audit).problems
        assert f"{table} has no row of {key!r}" in problem
    disk = filled_disk(1)
    row = IndexRow(Index.PERM, b"77")
    disk.write(lambda txn: txn.put("idx_perm", b"77", index.stored(row, 3)))
    (problem,) = disk.read(audit).problems
    assert problem.startswith("record 3: idx_perm has a row of b'77' that the record does not have")


def test_the_default_watermarks_stop_entries_on_a_small_disk() -> None:
    store = MemoryStore(MemoryDisk(1, DiskFaults(capacity_bytes=1 << 30)))
    receipts = store.append([kit.placed(1, entering=True), kit.placed(2)])
    assert [receipt.fate for receipt in receipts] == [Fate.REFUSED, Fate.WRITTEN]
    relaxed = MemoryStore(store.disk, watermarks=Watermarks(1 << 20, 0))
    assert relaxed.append([kit.placed(1, entering=True)])[0].fate is Fate.WRITTEN


def test_every_error_of_a_journal_names_what_where_and_the_remedy() -> None:
    error = JournalError("is broken", "mend it", seq=7)
    assert str(error) == "record 7: is broken; mend it"
    assert str(JournalError("is broken", "mend it")) == "is broken; mend it"


def test_a_damaged_index_row_ends_all_writing() -> None:
    """Whether the fill is a duplicate cannot be known, so nothing is written from there on."""
    disk = filled_disk(1)
    store = MemoryStore(disk)
    damaged = bytearray(disk.read(lambda txn: txn.get("idx_exec", b"e4")) or b"")
    damaged[3] ^= 8
    disk.write(methodcaller("put", "idx_exec", b"e4", bytes(damaged)))
    with pytest.raises(CorruptJournal, match="idx_exec: the checksum of the row of b'e4'"):
        store.append([kit.placed(100), kit.filled("e4")])
    with pytest.raises(SafeMode, match="b'e4'"):
        store.append([kit.placed(100)])
    assert "b'e4'" in store.health().problem
    assert store.tip.seq == 40
