"""What is measured of the journal: commits on this machine's disk, replay, audit, snapshots."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from actors.snapshots import Snapshots
from bench import recovery
from bench.scratch import scratch
from robotrader.adapters import journal_tools
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.app.garbage import settle_memory
from robotrader.journal import Entry, Index, IndexRow

RECORD_BYTES: Final = 220
REPLAYED: Final = 50_000
BATCHES: Final = (1, 16, 128)
SNAPSHOT_RECORDS: Final = 100
"""Records in the snapshot for each commit of a sample: 50,000, as many as make one due."""

COPIED: Final = 16
"""The batch with which the cost of the second copy is measured."""


def _entry(number: int) -> Entry:
    rows = (IndexRow(Index.REF, b"rt1-1-%d" % number),)
    return Entry(1, 1, bytes(RECORD_BYTES), incarnation=1, wall_ns=number, rows=rows)


def _commits(folder: Path, batch: int, count: int, *, copy: bool = False) -> float:
    """Commits a second of ``batch`` records with one index row each."""
    store = LmdbStore(folder / "journal", copy_to=folder / "copy" if copy else None)
    batches = [
        [_entry(first + n) for n in range(batch)] for first in range(0, count * batch, batch)
    ]
    begun = time.perf_counter()
    for entries in batches:
        store.append(entries)
    took = time.perf_counter() - begun
    store.close()
    return count / took


def _reading(folder: Path) -> dict[str, float]:
    store = LmdbStore(folder / "journal")
    for first in range(0, REPLAYED, 1_000):
        store.append([_entry(first + n) for n in range(1_000)])
    begun = time.perf_counter()
    replayed = sum(1 for _ in store.replay())
    replay_s = time.perf_counter() - begun
    store.close()
    begun = time.perf_counter()
    found = journal_tools.verify(folder / "journal")
    verify_s = time.perf_counter() - begun
    assert found.records == replayed == REPLAYED
    return {"replay": replayed / replay_s, "verify": replayed / verify_s}


def _snapshot(folder: Path, count: int) -> dict[str, float]:
    """How long the steps of a snapshot of ``count`` records take: a commit waits for one."""
    recovery.write(folder / "journal", count, snapshot=False)
    store = LmdbStore(folder / "journal", ballast_bytes=0)
    taking = Snapshots(store, recovery.HOLDER, time.time_ns, every_records=store.tip.seq)
    steps, more = [], True
    while more:
        begun = time.perf_counter()
        more = taking.step()
        steps.append((time.perf_counter() - begun) * 1e3)
    assert taking.base.tip == store.tip
    store.close()
    steps.sort()
    return {"step_p50_ms": steps[len(steps) // 2], "step_p99_ms": steps[len(steps) * 99 // 100]}


def journal(_system: str, size: int) -> dict[str, float]:
    """Commits/s for batches of 1, 16 and 128; with a second copy; replay, audit, snapshot."""
    figures = {}
    settle_memory()  # as in the core
    for batch in BATCHES:
        with scratch() as folder:
            figures[f"commits_{batch}"] = _commits(Path(folder), batch, size)
    figures["appended"] = figures["commits_128"] * 128
    with scratch() as folder:
        figures["copied"] = _commits(Path(folder), COPIED, size, copy=True)
    with scratch() as folder:
        figures |= _reading(Path(folder))
    with scratch() as folder:
        figures |= _snapshot(Path(folder), size * SNAPSHOT_RECORDS)
    return figures


SPECIAL: Final = {"journal": journal}
