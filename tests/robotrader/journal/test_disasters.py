"""kill -9, flipped bits, a lost file: what was answered is there, what is wrong is said.

Nothing is half written (F40) and nothing that was kept is overwritten (F42).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from robotrader.adapters import journal_tools
from robotrader.adapters.lmdb_disk import DATA
from robotrader.journal import GENESIS, CorruptJournal, Index, InvalidEntry, JournalBehind, Known
from tests.robotrader.journal import kit, writing
from tests.robotrader.journal.killing import killed


def check_survivor(folder: Path, answered: int) -> None:
    found = journal_tools.verify(folder / "journal")
    assert found.problems == ()
    assert found.tip.seq >= answered
    store = kit.store(folder / "journal", copy_to=folder / "copy")
    assert store.epoch == found.epoch + 1
    snapshot, broken = store.snapshot()
    assert broken == ()
    after = GENESIS
    if snapshot is not None:
        assert snapshot.state == writing.payload(snapshot.tip.seq)
        after = snapshot.tip
    replayed = list(store.replay(after))
    assert [frame.seq for frame in replayed] == list(range(after.seq + 1, found.tip.seq + 1))
    assert all(map(writing.holds, replayed))
    for seq in (1, answered // 2 + 1, answered):
        row = store.find(Index.EXEC, b"exec-%d" % seq)
        assert row is not None
        assert row.seq == seq
    store.close()
    (folder / "archive").mkdir(exist_ok=True)
    whole, last = journal_tools.available([folder / "archive", folder / "copy"])
    assert whole == last == found.tip.seq


def kill_often(folder: Path, kills: int, seed: int) -> None:
    for number in range(kills):
        answered = killed(writing.__name__, folder, seed + number, 0.4)
        assert answered > 0
        check_survivor(folder, answered)


def test_what_was_answered_survives_5_kills_and_the_second_copy_catches_up(tmp_path: Path) -> None:
    kill_often(tmp_path, 5, seed=100)


@pytest.mark.deep
@pytest.mark.timeout(600)
@pytest.mark.parametrize("series", range(4))
def test_what_was_answered_survives_80_kills(tmp_path: Path, series: int) -> None:
    kill_often(tmp_path, 20, seed=1_000 * (series + 1))


def flipped(path: Path, seed: int, flips: int) -> dict[str, int]:
    kit.full(path, 2_000)
    store = kit.store(path)
    store.put_snapshot(1_500, b"state" * 100, 1)
    store.close()
    done = subprocess.run(
        [sys.executable, "-m", "tests.robotrader.journal.flipping", path, str(seed), str(flips)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    counts: dict[str, int] = json.loads(done.stdout)
    silent = counts.pop("silent", 0)
    assert not silent, f"seed {seed}: nobody has seen {counts['bits']}"
    assert counts["seen"] + counts["same"] == flips
    return counts


def test_50_flipped_bits_of_the_data_file_are_seen_or_harmless(tmp_path: Path) -> None:
    assert flipped(tmp_path / "journal", seed=1, flips=50)["seen"] > 10


@pytest.mark.deep
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(5))
def test_400_flipped_bits_of_the_data_file_are_seen_or_harmless(tmp_path: Path, seed: int) -> None:
    assert flipped(tmp_path / "journal", seed, flips=400)["seen"] > 100


def written_with_copy(folder: Path) -> None:
    """A journal of 300 records, the first 100 of them archived."""
    kit.full(folder / "journal", 100, copy_to=folder / "copy")
    store = kit.store(folder / "journal", copy_to=folder / "copy")
    store.put_snapshot(100, b"state", 1)
    store.append([kit.placed(number) for number in range(1_000, 1_200)])
    assert store.archive(folder / "archive").records == 100
    store.close()


def test_a_destroyed_journal_is_restored_from_archive_and_copy(tmp_path: Path) -> None:
    written_with_copy(tmp_path)
    path = tmp_path / "journal"
    before = [frame.payload for frame in journal_tools.read(path)]
    damaged = (path / DATA).read_bytes()
    (path / DATA).write_bytes(damaged[: len(damaged) // 3])
    restored = journal_tools.restore(path, [tmp_path / "archive", tmp_path / "copy"])
    assert (restored.records, restored.epoch) == (300, 2)
    assert restored.aside is not None
    assert (restored.aside / DATA).stat().st_size == len(damaged) // 3
    assert journal_tools.verify(path).problems == ()
    store = kit.store(path, copy_to=tmp_path / "copy")
    assert [frame.payload for frame in store.replay()][100:] == before
    assert store.epoch == 3
    assert store.append([kit.filled("e1")])[0].seq == 2  # its fill is known again
    store.close()


def test_a_gap_between_archive_and_copy_is_said(tmp_path: Path) -> None:
    written_with_copy(tmp_path)
    store = kit.store(tmp_path / "journal", copy_to=tmp_path / "later")
    store.append([kit.placed(5_000)])
    store.close()
    first, *_ = (tmp_path / "later").iterdir()
    with pytest.raises(CorruptJournal, match=r"record 101: is the first.*1 to 100 are missing"):
        journal_tools.restore(tmp_path / "new", [first.parent])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "archive", "copy", "journal", "later",
    ]  # fmt: skip


def test_folders_without_records_restore_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidEntry, match="no records; name those of copies and archives"):
        journal_tools.restore(tmp_path / "new", [tmp_path / "empty"])


def test_a_backup_of_the_past_is_refused_because_the_second_copy_is_newer(tmp_path: Path) -> None:
    path, copy = tmp_path / "journal", tmp_path / "copy"
    kit.full(path, 50, copy_to=copy)
    journal_tools.backup(path, tmp_path / "backup")
    store = kit.store(path, copy_to=copy)
    store.append([kit.placed(1_000)])
    store.close()
    with pytest.raises(JournalBehind, match="reaches record 50 of epoch 1, and record 51 of epoch"):
        kit.store(tmp_path / "backup", copy_to=copy)
    assert journal_tools.verify(tmp_path / "backup").epoch == 1  # it was not touched


@pytest.mark.parametrize("known", [Known(51, 1), Known(50, 2)])
def test_a_backup_of_the_past_is_refused_because_the_broker_knows_more(
    tmp_path: Path, known: Known
) -> None:
    kit.full(tmp_path / "journal", 50)
    with pytest.raises(JournalBehind, match="this is a backup of the past; do not trade"):
        kit.store(tmp_path / "journal", known=known)
    kit.store(tmp_path / "journal", known=Known(50, 1)).close()


def test_a_copy_of_another_journal_is_refused(tmp_path: Path) -> None:
    kit.full(tmp_path / "one", 10, copy_to=tmp_path / "copy")
    store = kit.store(tmp_path / "two")
    store.append([kit.placed(number) for number in range(20)])
    store.close()
    with pytest.raises(CorruptJournal, match=r"record 10: .*of another journal"):
        kit.store(tmp_path / "two", copy_to=tmp_path / "copy")


def test_a_copy_begun_late_gets_everything_and_a_torn_one_is_mended(tmp_path: Path) -> None:
    path, copy = tmp_path / "journal", tmp_path / "copy"
    kit.full(path, 250)
    kit.store(path, copy_to=copy).close()
    assert journal_tools.available([copy]) == (250, 250)
    (file,) = copy.iterdir()
    os.truncate(file, file.stat().st_size - 30)
    assert journal_tools.available([copy]) == (249, 249)
    kit.store(path, copy_to=copy).close()
    assert journal_tools.available([copy]) == (250, 250)
    os.truncate(file, 10)
    kit.store(path, copy_to=copy).close()
    assert journal_tools.available([copy]) == (250, 250)
    file.write_bytes(bytes(5_000))  # after a power loss: the length was written, the data not
    kit.store(path, copy_to=copy).close()
    assert journal_tools.available([copy]) == (250, 250)


def test_a_copy_that_is_damaged_names_its_file_and_the_remedy(tmp_path: Path) -> None:
    path, copy = tmp_path / "journal", tmp_path / "copy"
    kit.full(path, 20, copy_to=copy)
    (file,) = copy.iterdir()
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    file.write_bytes(data)
    with pytest.raises(CorruptJournal, match=rf"{file}: is broken.*move this file away"):
        kit.store(path, copy_to=copy)
    file.rename(tmp_path / "away")
    kit.store(path, copy_to=copy).close()
    assert journal_tools.available([copy]) == (20, 20)


def test_a_copy_that_fails_is_shown_and_the_journal_goes_on(tmp_path: Path) -> None:
    store = kit.store(tmp_path / "journal", copy_to=tmp_path / "copy")
    (tmp_path / "copy").rmdir()
    store.append([kit.placed(1)])
    assert store.append([kit.placed(2)])[0].seq == 2
    assert "ends before record 1" in store.health().copy_problem
    assert store.health().problem == ""
    store.close()
    assert len(list(journal_tools.read(tmp_path / "journal"))) == 2
