"""The store on LMDB: its lease, its map, its disk, its snapshots, its archive."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from robotrader.adapters import journal_tools
from robotrader.adapters.journal_files import SegmentCopy, pack
from robotrader.adapters.lmdb_disk import DATA
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.journal import (
    CorruptJournal,
    Entry,
    Fate,
    Index,
    InvalidEntry,
    JournalInUse,
    Level,
    SafeMode,
    Tip,
    Watermarks,
    log,
)
from robotrader.journal import frame as frames
from robotrader.journal.frame import key_of
from robotrader.journal.ports import Transaction
from tests.robotrader.journal import kit

NOBODY = Watermarks(1 << 60, 1 << 60)
"""Watermarks that every disk is below."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB, where this process may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_second_process_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    store = kit.store(tmp_path / "j")
    code = "import sys, pathlib; from tests.robotrader.journal import kit"
    run = [
        sys.executable,
        "-c",
        f"{code}; kit.store(pathlib.Path(sys.argv[1]))",
        str(tmp_path / "j"),
    ]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert f"is in use by process {os.getpid()}; stop that process" in done.stderr
    with pytest.raises(JournalInUse, match=f"in use by process {os.getpid()}"):
        kit.store(tmp_path / "j")
    with pytest.raises(JournalInUse):
        journal_tools.verify(tmp_path / "j")
    store.close()
    kit.store(tmp_path / "j").close()


def test_every_opening_is_an_epoch_even_if_nothing_is_written(tmp_path: Path) -> None:
    epochs = []
    for _ in range(3):
        store = kit.store(tmp_path / "j")
        epochs.append(store.epoch)
        store.close()
    assert epochs == [1, 2, 3]


def test_a_second_thread_and_a_forked_child_are_refused(tmp_path: Path) -> None:
    store = kit.store(tmp_path / "j")
    entered, leave = threading.Event(), threading.Event()

    def slow(txn: object) -> None:
        entered.set()
        leave.wait(10)

    thread = threading.Thread(target=store._lmdb.read, args=(slow,))
    thread.start()
    entered.wait(10)
    with pytest.raises(InvalidEntry, match="two threads use"):
        store.append([kit.placed(1)])
    leave.set()
    thread.join(10)
    store._lmdb._owner += 1  # as it is seen by a child
    with pytest.raises(InvalidEntry, match="never fork with it open"):
        store.append([kit.placed(1)])
    store._lmdb._owner -= 1
    assert store.append([kit.placed(1)])[0].seq == 1
    store.close()


def test_the_map_grows_between_transactions_and_when_a_batch_does_not_fit(tmp_path: Path) -> None:
    store = kit.store(tmp_path / "j", map_bytes=1 << 17)
    start = store._lmdb.map_bytes
    for number in range(200):
        store.append([kit.placed(number)])
    assert store._lmdb.map_bytes > start
    grown = store._lmdb.map_bytes
    large = Entry(1, 1, bytes(grown * 2 // 3))
    assert store.append([large])[0].fate is Fate.WRITTEN
    assert store._lmdb.map_bytes == grown * 2
    assert len(list(store.replay())) == 201
    store.close()


def test_a_batch_that_a_doubled_map_cannot_hold_ends_in_safe_mode(tmp_path: Path) -> None:
    store = kit.store(tmp_path / "j", map_bytes=1 << 18)
    store.append([kit.placed(1)])
    with pytest.raises(SafeMode, match="MAP_FULL"):
        store.append([Entry(1, 1, bytes(1 << 20))])
    assert "MAP_FULL" in store.health().problem
    with pytest.raises(SafeMode):
        store.append([kit.placed(2)])
    store.close()
    store = kit.store(tmp_path / "j")
    assert [frame.wall_ns for frame in store.replay()] == [1]
    store.close()


def test_below_the_low_mark_entries_are_refused_and_exits_are_written(tmp_path: Path) -> None:
    store = kit.store(tmp_path / "j", watermarks=NOBODY)
    receipts = store.append([kit.placed(1, entering=True), kit.filled("e"), kit.placed(2)])
    assert [(receipt.fate, receipt.seq) for receipt in receipts] == [
        (Fate.REFUSED, 0),
        (Fate.WRITTEN, 1),
        (Fate.WRITTEN, 2),
    ]
    assert store.find(Index.REF, b"rt1-1-1") is None
    assert store.health().level is Level.LOW
    store.close()


def test_a_full_disk_refuses_the_batch_and_the_ballast_saves_the_exits(small_disk: Path) -> None:
    store = kit.store(small_disk / "j", ballast_bytes=1 << 19)
    assert store.health().ballast
    noise = random.Random(1)
    written = 0
    while kit.fits(store, Entry(1, 1, noise.randbytes(30_000), entering=True)):
        written += 1
    assert not store.health().ballast  # it was given up, and still nothing new is entered
    assert written > 20
    exits = 0
    while kit.fits(store, Entry(1, 1, noise.randbytes(3_000))):
        exits += 1
    assert exits > 20
    assert len(list(store.replay())) == written + exits
    store.close()
    store = kit.store(small_disk / "j")  # a restart on a full disk reads, and makes no ballast
    assert len(list(store.replay())) == written + exits
    assert not store.health().ballast
    store.close()
    assert journal_tools.verify(small_disk / "j").problems == ()


def test_a_second_copy_whose_disk_is_full_is_shown_and_the_journal_goes_on(
    small_disk: Path, tmp_path: Path
) -> None:
    store = kit.store(tmp_path / "j", copy_to=small_disk / "copy")
    for number in range(100):
        store.append([Entry(1, 1, bytes(60_000)), kit.placed(number)])
    assert os.strerror(errno.ENOSPC) in store.health().copy_problem
    assert store.health().problem == ""
    store.close()
    assert journal_tools.verify(tmp_path / "j").records == 200
    kept, _ = journal_tools.available([small_disk / "copy"])
    assert 100 < kept < 200


def test_a_second_copy_is_cut_into_files_that_join(tmp_path: Path) -> None:
    kit.full(tmp_path / "j", 100)
    copy = SegmentCopy(tmp_path / "copy", file_bytes=2_000)
    for frame in list(journal_tools.read(tmp_path / "j")):
        copy.append([frames.encode(frame)], Tip(frame.seq - 1, frame.prev))
    copy.close()
    assert len(list((tmp_path / "copy").iterdir())) > 5
    assert journal_tools.available([tmp_path / "copy"]) == (100, 100)
    again = SegmentCopy(tmp_path / "copy", file_bytes=2_000)
    assert again.tip == journal_tools.verify(tmp_path / "j").tip
    again.close()


EIO_PROGRAM = """
import resource, sys
from pathlib import Path
from robotrader.journal import SafeMode, DiskFull, Entry
from tests.robotrader.journal import kit
store = kit.store(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    while True:
        store.append([Entry(1, 1, bytes(5_000))] * 3)
except SafeMode as error:
    sys.stdout.write(f"{store.tip.seq} {error}\\n")
try:
    store.append([Entry(1, 1, b"")])
except SafeMode as error:
    sys.stdout.write("refused\\n")
"""


def test_an_input_output_error_ends_in_safe_mode_and_is_not_tried_again(tmp_path: Path) -> None:
    """A write that a limit cuts short is EIO to LMDB, with room left on the disk."""
    run = [sys.executable, "-c", EIO_PROGRAM, str(tmp_path / "j")]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    failed, refused = done.stdout.splitlines()
    answered = int(failed.split()[0])
    assert os.strerror(errno.EIO) in failed
    assert refused == "refused"
    store = kit.store(tmp_path / "j")
    assert store.tip.seq in {answered, answered + 3}
    assert len(list(store.replay())) == store.tip.seq
    store.close()


def test_a_corrupt_newest_snapshot_gives_way_to_the_one_before(tmp_path: Path) -> None:
    store = kit.store(tmp_path / "j")
    store.append([kit.placed(number) for number in range(10)])
    store.put_snapshot(4, b"older", 1)
    store.put_snapshot(8, b"newer", 1)

    def damage(txn: Transaction) -> None:
        data = bytearray(txn.get("snap", key_of(8)) or b"")
        data[-6] ^= 1
        txn.put("snap", key_of(8), bytes(data))

    store._lmdb.write(damage)
    snapshot, broken = store.snapshot()
    assert snapshot is not None
    assert (snapshot.tip.seq, snapshot.state) == (4, b"older")
    assert [error.seq for error in broken] == [8]
    assert len(list(store.replay(snapshot.tip))) == 6
    with pytest.raises(InvalidEntry, match="nothing is archived: record 8: the checksum"):
        store.archive(tmp_path / "archive")
    store.close()
    assert "record 8: the checksum" in journal_tools.verify(tmp_path / "j").problems[0]


def archived(tmp_path: Path) -> LmdbStore:
    store = kit.store(tmp_path / "j")
    for first in range(0, 2_500, 500):
        store.append([kit.filled(f"e{number}") for number in range(first, first + 500)])
    store.put_snapshot(2_400, b"state", 1)
    return store


def test_what_was_archived_is_gone_from_the_log_and_still_known_by_the_index(
    tmp_path: Path,
) -> None:
    store = archived(tmp_path)
    done = store.archive(tmp_path / "archive")
    assert done.records == 2_400
    assert done.files[0].name == "00000000000000000001-00000000000000002400.seg.zst"
    assert store.append([kit.filled("e7")])[0].fate is Fate.DUPLICATE
    with pytest.raises(CorruptJournal, match="record 2401: is the first"):
        list(store.replay())
    snapshot, _ = store.snapshot()
    assert snapshot is not None
    assert len(list(store.replay(snapshot.tip))) == 100
    compacted = store.compact()
    assert compacted.after_bytes < compacted.before_bytes
    assert store.archive(tmp_path / "archive").records == 0
    assert len(list(store.replay(snapshot.tip))) == 100
    store.close()
    assert (tmp_path / "j" / DATA).stat().st_mode & 0o777 == 0o600
    hashes = (tmp_path / "archive" / "hashes").read_text().splitlines()
    assert [line.split()[1] for line in hashes] == [done.files[0].name]


def test_a_snapshot_of_a_record_that_was_archived_can_be_taken_again(tmp_path: Path) -> None:
    """The end of a session in which nothing happened (found by a long random program)."""
    store = kit.store(tmp_path / "j")
    store.append([kit.placed(1)])
    store.put_snapshot(1, b"state", 1)
    assert store.archive(tmp_path / "archive").records == 1
    assert store.put_snapshot(1, b"state", 2).tip == store.tip
    assert list(store.replay(store.tip)) == []
    store.close()


def test_an_archiving_that_stopped_half_way_is_finished_by_the_next(tmp_path: Path) -> None:
    """What ``archive`` does, up to its first deletion."""
    store = archived(tmp_path)
    (tmp_path / "archive").mkdir()
    pack(tmp_path / "archive", store._lmdb.read(lambda txn: log.page(txn, 1, 2_400)))
    assert store._lmdb.write(lambda txn: log.drop(txn, 2_400)) == log.DROP_ROWS
    assert store.archive(tmp_path / "archive").records == 1_400
    assert len(list((tmp_path / "archive").glob("*.zst"))) == 2
    store.close()
    assert journal_tools.verify(tmp_path / "j").problems == ()
    assert journal_tools.available([tmp_path / "archive"]) == (2_400, 2_400)


def test_rows_deleted_above_the_snapshot_are_refused_as_a_hole(tmp_path: Path) -> None:
    store = archived(tmp_path)
    snapshot, _ = store.snapshot()
    assert snapshot is not None
    store._lmdb.write(lambda txn: [txn.delete("log", key_of(seq)) for seq in range(1, 2_402)])
    with pytest.raises(CorruptJournal, match=r"record 2402: .*2401 to 2401 are missing"):
        list(store.replay(snapshot.tip))
    store.close()
    assert journal_tools.verify(tmp_path / "j").problems != ()


@pytest.mark.parametrize("missing", [2_400, 1_234])
def test_nothing_is_deleted_when_a_record_to_be_archived_is_missing(
    tmp_path: Path, missing: int
) -> None:
    store = archived(tmp_path)
    store._lmdb.write(lambda txn: txn.delete("log", key_of(missing)))
    with pytest.raises(
        CorruptJournal, match=rf"record {missing}: is missing|{missing} are missing"
    ):
        store.archive(tmp_path / "archive")
    assert store._lmdb.read(lambda txn: len(list(txn.rows("log")))) == 2_499
    store.close()


def test_nothing_is_archived_without_a_snapshot(tmp_path: Path) -> None:
    kit.full(tmp_path / "j", 10)
    store = kit.store(tmp_path / "j")
    with pytest.raises(InvalidEntry, match="there is no snapshot; take snapshots, then archive"):
        store.archive(tmp_path / "archive")
    store.close()


def test_leftovers_of_a_compaction_are_removed_and_the_old_file_is_used(tmp_path: Path) -> None:
    kit.full(tmp_path / "j", 10)
    (tmp_path / "j" / "compact.new").mkdir()
    (tmp_path / "j" / "compact.new" / DATA).write_bytes(b"half a copy")
    store = kit.store(tmp_path / "j")
    assert len(list(store.replay())) == 10
    assert not (tmp_path / "j" / "compact.new").exists()
    store.close()


def test_a_file_that_is_no_journal_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "j").mkdir()
    (tmp_path / "j" / DATA).write_bytes(b"not a database" * 1_000)
    with pytest.raises(CorruptJournal, match="LMDB finds it damaged"):
        kit.store(tmp_path / "j")
    with pytest.raises(InvalidEntry, match="is no journal"):
        journal_tools.verify(tmp_path)
