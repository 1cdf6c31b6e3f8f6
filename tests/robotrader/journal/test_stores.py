"""Both stores against a dictionary: whatever is done to them, a replay gives what was answered."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.journal import (
    GENESIS,
    Entry,
    Fate,
    Frame,
    Index,
    IndexRow,
    InvalidEntry,
    MemoryDisk,
    MemoryStore,
    SafeMode,
    Store,
    audit,
)
from robotrader.journal.store import MAX_BATCH, Journal
from tests.robotrader.journal import kit

Fold = dict[str, int]
"""State: a sum for each key."""

keys = st.sampled_from(["a", "b", "c"])
changes = st.tuples(keys, st.integers(-9, 9), st.none() | st.tuples(keys, st.integers(1, 3)))
batches = st.lists(changes, max_size=6)


def apply(state: Fold, frame: Frame) -> Fold:
    key, _, amount = frame.payload.decode().partition(" ")
    return {**state, key: state.get(key, 0) + int(amount)}


def encoded(state: Fold) -> bytes:
    return repr(sorted(state.items())).encode()


class Machine(RuleBasedStateMachine):
    """Appends, kills and snapshots; the model is the live state and the rows of the index."""

    def __init__(self) -> None:
        super().__init__()
        self.journal = self.opened()
        self.live: Fold = {}
        self.history: list[Fold] = [{}]
        self.fills: dict[str, tuple[int, int]] = {}
        self.newest: dict[str, int] = {}
        self.snapshots: list[int] = []
        self.epoch = 1

    def opened(self) -> Store:
        raise NotImplementedError

    def archive(self) -> None:
        """Only a store on a disk can."""

    @rule(batch=batches)
    def append(self, batch: list[tuple[str, int, tuple[str, int] | None]]) -> None:
        entries = []
        for key, amount, fill in batch:
            rows = [IndexRow(Index.REF, key.encode())]
            if fill is not None:
                rows.append(IndexRow(Index.EXEC, fill[0].encode(), b"", fill[1]))
            entries.append(Entry(1, 1, f"{key} {amount}".encode(), rows=tuple(rows)))
        receipts = self.journal.append(entries)
        assert len(receipts) == len(batch)
        for receipt, (key, amount, fill) in zip(receipts, batch, strict=True):
            known = self.fills.get(fill[0]) if fill else None
            if fill and known and known[1] >= fill[1]:
                assert (receipt.fate, receipt.seq) == (Fate.DUPLICATE, known[0])
                continue
            assert (receipt.fate, receipt.seq) == (Fate.WRITTEN, len(self.history))
            self.live = {**self.live, key: self.live.get(key, 0) + amount}
            self.history.append(self.live)
            self.newest[key] = receipt.seq
            if fill:
                self.fills[fill[0]] = (receipt.seq, fill[1])

    @rule()
    def reopen(self) -> None:
        self.journal.close()
        self.journal = self.opened()
        self.epoch += 1
        assert self.journal.epoch == self.epoch

    @rule(back=st.integers(0, 5))
    def take_snapshot(self, back: int) -> None:
        seq = max(len(self.history) - 1 - back, *self.snapshots, 0, 0)
        state = encoded(self.history[seq])
        assert self.journal.put_snapshot(seq, state, 1).state == state
        self.snapshots = sorted({*self.snapshots, seq})

    @rule()
    def move_old_records_away(self) -> None:
        self.archive()

    @invariant()
    def fold_of_the_replay_is_the_live_state(self) -> None:
        snapshot, broken = self.journal.snapshot()
        assert broken == ()
        after, state = GENESIS, Fold()
        if snapshot is not None:
            assert snapshot.tip.seq == self.snapshots[-1]
            after, state = snapshot.tip, self.history[snapshot.tip.seq]
            assert encoded(state) == snapshot.state
        for frame in self.journal.replay(after):
            state = apply(state, frame)
        assert state == self.live
        assert self.journal.tip.seq == len(self.history) - 1

    @invariant()
    def the_index_leads_to_the_newest_event_of_a_key(self) -> None:
        for key in "abc":
            found = self.journal.find(Index.REF, key.encode())
            assert (found.seq if found else None) == self.newest.get(key)
            fill = self.journal.find(Index.EXEC, key.encode())
            assert ((fill.seq, fill.revision) if fill else None) == self.fills.get(key)


class MemoryMachine(Machine):
    def opened(self) -> MemoryStore:
        self.disk = getattr(self, "disk", None) or MemoryDisk(seed=1)
        return MemoryStore(self.disk)

    def teardown(self) -> None:
        assert self.disk.read(audit).problems == ()
        rows = [self.disk.read(lambda txn: list(txn.rows("log")))]
        assert self.disk.used_bytes >= sum(len(k) + len(v) for k, v in rows[0])


class LmdbMachine(Machine):
    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        super().__init__()

    def opened(self) -> LmdbStore:
        return kit.store(self.path / "journal", copy_to=self.path / "copy")

    def archive(self) -> None:
        assert isinstance(self.journal, LmdbStore)
        if self.snapshots:
            self.journal.archive(self.path / "archive")
            self.journal.compact()

    def teardown(self) -> None:
        self.journal.close()
        self.folder.cleanup()


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
TestMemory = MemoryMachine.TestCase
TestMemory.settings = settings(deadline=None, max_examples=60, suppress_health_check=SLOW)
TestLmdb = LmdbMachine.TestCase
TestLmdb.settings = settings(
    deadline=None, max_examples=25, stateful_step_count=25, suppress_health_check=SLOW
)


LONG = settings(deadline=None, max_examples=250, stateful_step_count=40, suppress_health_check=SLOW)


class LongMemoryMachine(MemoryMachine):
    """The same for longer."""


class LongLmdbMachine(LmdbMachine):
    """The same for longer."""


DEEP = pytest.mark.timeout(600)
TestLongMemory = pytest.mark.deep(DEEP(LongMemoryMachine.TestCase))
TestLongMemory.settings = LONG
TestLongLmdb = pytest.mark.deep(DEEP(LongLmdbMachine.TestCase))
TestLongLmdb.settings = LONG


@pytest.fixture(params=["memory", "lmdb"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    made = MemoryStore(MemoryDisk()) if request.param == "memory" else kit.store(tmp_path / "j")
    yield made
    made.close()


def test_a_batch_with_an_entry_that_does_not_fit_is_refused_as_a_whole(journal: Journal) -> None:
    journal.append([kit.placed(1)])
    before = journal.tip
    for wrong in (
        Entry(70_000, 1, b""),
        Entry(1, 1, b"", rows=(IndexRow(Index.REF, b""),)),
        Entry(1, 1, b"", rows=(IndexRow(Index.EXEC, b"a"), IndexRow(Index.EXEC, b"b"))),
    ):
        with pytest.raises(InvalidEntry):
            journal.append([kit.placed(2), kit.filled("e"), wrong])
    assert journal.tip == before
    assert journal.find(Index.REF, b"rt1-1-2") is None
    assert journal.find(Index.EXEC, b"e") is None
    assert [receipt.seq for receipt in journal.append([kit.placed(3)])] == [2]


def test_a_runaway_batch_is_refused(journal: Journal) -> None:
    with pytest.raises(InvalidEntry, match=f"use at most {MAX_BATCH}"):
        journal.append([kit.placed(1)] * (MAX_BATCH + 1))


def test_a_snapshot_of_a_record_that_is_not_there_is_refused(journal: Journal) -> None:
    with pytest.raises(InvalidEntry, match="record 7: is not there"):
        journal.put_snapshot(7, b"state", 1)


def test_three_snapshots_are_kept(journal: Journal) -> None:
    journal.append([kit.placed(number) for number in range(5)])
    for seq in range(6):
        journal.put_snapshot(seq, b"%d" % seq, 1)
    newest, broken = journal.snapshot()
    assert newest is not None
    assert (newest.tip.seq, newest.state, broken) == (5, b"5", ())
    kept = journal._disk.read(lambda txn: len(list(txn.rows("snap"))))
    assert kept == 3


def test_a_store_that_was_closed_is_not_used_again(journal: Journal) -> None:
    journal.close()
    with pytest.raises(SafeMode, match="closed"):
        journal.append([kit.placed(1)])
    with pytest.raises(SafeMode, match="closed"):
        list(journal.replay())
