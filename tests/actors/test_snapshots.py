"""The journal's actor takes snapshots that nobody waits for, and its followers begin with them."""

from __future__ import annotations

import logging
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors import snapshots
from actors.journal import Journal, JournalMemory
from actors.say import Commit, Committed, Follow, Recorded, Replayed, Restored
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.domain import records as rec
from robotrader.journal import DiskFaults, Entry, MemoryDisk, MemoryStore, Watermarks
from robotrader.recovery import CATALOGUE, PARTS, Folds
from supervision import ChildSpec, Simulation, Supervisor, SupervisorFlags
from supervision.testing import ProbeActor
from tests.robotrader.recovery import kit, snapping

ALL = tuple(part.name for part in PARTS)


class Bench:
    """A journal in a simulation that takes a snapshot every 200 records."""

    def __init__(self, seed: int = 0, every: int = 200) -> None:
        self.system = Simulation(seed)
        self.disk = MemoryDisk()
        self.memory = JournalMemory(lambda: MemoryStore(self.disk))
        self.every = every
        self.root = self.system.start(
            Supervisor([ChildSpec(id="journal", start=self.made)], SupervisorFlags(intensity=99))
        )

    def made(self) -> Journal:
        self.journal = Journal(self.memory, lambda: 1, kit.HOLDER, self.every)
        return self.journal

    def probe(self) -> Any:
        probe = ProbeActor()
        self.system.start(probe)
        return probe

    def commit(self, records: tuple[rec.Record, ...], size: int = 7) -> None:
        for first in range(0, len(records), size):
            self.journal.actor_ref.tell(Commit(first, records[first : first + size]))

    def followed(self, parts: tuple[str, ...] = ALL) -> Any:
        probe = self.probe()
        self.journal.actor_ref.tell(Follow(probe.actor_ref, parts))
        self.system.run()
        return probe


def lives(seed: int) -> tuple[rec.Record, ...]:
    """The records of five lives, one behind the other; a fill that comes twice is written once."""
    return tuple(record for life in range(seed, seed + 5) for record in kit.journal(life))


def believed(probe: Any) -> Folds:
    """What a follower believes that folds all it was told."""
    folds = Folds(kit.HOLDER)
    for message in probe.received:
        if isinstance(message, Restored):
            folds = Folds(kit.HOLDER, message.base)
        elif isinstance(message, Replayed | Recorded):
            for seq, record in message.records:
                folds.apply(seq, record)
    return folds


def told(probe: Any) -> int:
    """How many records a follower was told one by one."""
    messages = [m for m in probe.received if isinstance(m, Replayed | Recorded)]
    return sum(len(message.records) for message in messages)


@pytest.mark.parametrize("seed", range(5))
def test_who_begins_with_a_snapshot_believes_what_who_reads_everything_believes(seed: int) -> None:
    bench = Bench(seed)
    bench.commit(lives(seed))
    bench.system.run()
    late, everything = bench.followed(), bench.followed(())
    assert isinstance(late.received[0], Restored)
    assert told(late) < told(everything) - 200
    assert not [m for m in everything.received if isinstance(m, Restored)], "it named no parts"
    assert kit.facts(believed(late)) == kit.facts(believed(everything))


@pytest.mark.parametrize("seed", range(10))
def test_a_crash_at_any_step_of_a_snapshot_changes_nothing(seed: int) -> None:
    bench, records = Bench(seed, every=60), lives(seed)
    for first in range(0, len(records), 40):
        bench.commit(records[first : first + 40])
        bench.system.run_for(0.003 + 0.011 * (seed + first % 5))  # past what may linger
        bench.journal.actor_ref.tell({"no": "message of ours"})
        bench.system.run_for(0.5)
    bench.system.run()
    late, everything = bench.followed(), bench.followed(())
    assert isinstance(late.received[0], Restored)
    assert kit.facts(believed(late)) == kit.facts(believed(everything))


def test_a_follower_that_lives_on_through_snapshots_is_told_everything_once() -> None:
    bench = Bench()
    early = bench.followed()
    bench.commit(lives(1))
    bench.system.run()
    assert not [m for m in early.received if isinstance(m, Restored)]
    assert told(early) == told(bench.followed(())) == bench.journal.store.tip.seq


def test_a_restart_begins_with_the_snapshot_and_says_what_is_set_aside(
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = MemoryDisk()
    store = MemoryStore(disk)
    records = snapping.records()
    store.append([Entry(*CATALOGUE.encode(each)) for each in records[:900]])
    taking = snapshots.Snapshots(store, kit.HOLDER, lambda: 1, every_records=400)
    while taking.step():
        pass
    first = taking.base.tip.seq
    assert 400 <= first <= 900
    store.put_piece(taking.base.tip.seq, 0, b"spoilt")
    with caplog.at_level(logging.WARNING):
        again = snapshots.Snapshots(MemoryStore(disk), kit.HOLDER, lambda: 1)
    assert again.base.tip.seq < first
    assert f"a snapshot is set aside: record {first}: its snapshot was made of other" in caplog.text


def test_a_full_disk_ends_a_snapshot_and_no_commit(caplog: pytest.LogCaptureFixture) -> None:
    disk = MemoryDisk()
    store = MemoryStore(disk, watermarks=Watermarks(0, 0))
    entries = [Entry(*CATALOGUE.encode(each)) for each in lives(1)]
    store.append(entries[:-1])
    disk.faults = DiskFaults(capacity_bytes=disk.used_bytes + 9_000)
    taking = snapshots.Snapshots(store, kit.HOLDER, lambda: 1, every_records=300)
    with caplog.at_level(logging.WARNING):
        while taking.step():
            pass
    assert "was given up" in caplog.text
    assert "make room" in caplog.text
    store.append(entries[-1:])
    assert store.tip.seq == len(entries)
    assert store.snapshot() == (None, ())


def test_an_almost_full_disk_is_not_filled_with_snapshots(
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = MemoryDisk()
    marks = Watermarks(1 << 60, 1 << 60)
    store = MemoryStore(disk, watermarks=marks)
    store.append([Entry(*CATALOGUE.encode(each)) for each in kit.journal(1)])
    taking = snapshots.Snapshots(store, kit.HOLDER, lambda: 1, every_records=10)
    with caplog.at_level(logging.WARNING):
        while taking.step():
            pass
    assert taking.base.tip.seq == 0
    assert "the disk is almost full; make room" in caplog.text


def test_a_session_ends_with_a_snapshot(tmp_path: Path) -> None:
    store = LmdbStore(tmp_path / "journal", ballast_bytes=0, watermarks=Watermarks(0, 0))
    records = tuple(
        rec.StrategySaved(strategy="s", state=b"%d" % n) for n in range(snapshots.LEAST_RECORDS + 1)
    )
    store.append([Entry(*CATALOGUE.encode(each)) for each in records])
    snapshots.Snapshots(store, kit.HOLDER, lambda: 1).finish(time.monotonic_ns)
    found, _ = store.snapshot()
    store.close()
    assert found is not None
    assert found.tip.seq == len(records)


def test_commits_are_answered_between_the_pieces_of_a_snapshot() -> None:
    """While 2,000 orders are written, no commit waits for more than a step of it."""
    bench = Bench(every=3_000)
    asker = bench.probe()
    orders = tuple(
        rec.OrderIntended(
            ref=f"rt1-1-{n}", order_id=n, generation=1, strategy="s", con_id=1, symbol="A",
            account="DU1", side="BUY", order_type="MKT", qty=Decimal(1),
        )
        for n in range(1, 4_001)
    )  # fmt: skip
    bench.commit(orders, size=250)
    steps = 0
    step = snapshots.Snapshots.step
    waited: list[int] = []

    def counted(self: snapshots.Snapshots) -> bool:
        nonlocal steps
        steps += 1
        bench.journal.actor_ref.tell(Commit(steps, (orders[0],), asker.actor_ref))
        waited.append(steps - len([m for m in asker.received if isinstance(m, Committed)]))
        return step(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots.Snapshots, "step", counted)
        bench.system.run_for(3.0)
    assert steps > 60
    assert max(waited) <= 1
