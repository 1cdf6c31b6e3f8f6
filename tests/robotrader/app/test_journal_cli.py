"""``robotrader journal`` as a user runs it: in processes of their own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from robotrader.adapters import journal_tools
from robotrader.adapters.lmdb_disk import DATA
from tests import forked
from tests.robotrader.app.unread import unread
from tests.robotrader.journal import kit


def run(*options: str | Path) -> subprocess.CompletedProcess[str]:
    return forked.run("journal", *map(str, options))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten records, snapshots at the fifth and the tenth, and a second copy."""
    kit.full(tmp_path / "journal", 10, copy_to=tmp_path / "copy")
    store = kit.store(tmp_path / "journal", copy_to=tmp_path / "copy")
    store.put_snapshot(5, b"state", 1)
    store.close()
    return tmp_path


def test_verify_says_what_there_is_and_that_it_is_sound(folder: Path) -> None:
    done = run("verify", folder / "journal")
    assert done.stdout.splitlines() == [
        f"{folder / 'journal'}: records 1 to 10, 10 in the log",
        "epoch 2, snapshots 5, index rows 15",
        "snapshots 5 cannot be compared",
        "sound",
    ]
    assert (done.returncode, done.stderr) == (0, "")


def test_verify_says_what_is_wrong_and_ends_with_1(folder: Path) -> None:
    path = folder / "journal" / DATA
    data = bytearray(path.read_bytes())
    at = data.rindex(b"rt1-1-4")
    while at >= 0:  # every copy of the page
        data[at] ^= 1
        at = data.rfind(b"rt1-1-4")
    path.write_bytes(data)
    done = run("verify", folder / "journal")
    assert done.returncode == 1
    assert "record 5: the checksum of key and frame" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("faults")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_left_does_not_change_what_verify_ends_with(
    folder: Path, unbuffered: str
) -> None:
    (folder / "hurt").mkdir()
    hurt = (folder / "journal" / DATA).read_bytes().replace(b"rt1-1-4", b"rt1-1-5")
    (folder / "hurt" / DATA).write_bytes(hurt)
    cases = ((("verify", "journal"), 0), (("verify", "hurt"), 1), (("dump", "journal"), 0))
    for (verb, name), status in cases:
        assert unread("journal", verb, folder / name, unbuffered=unbuffered) == (status, b"")


def test_verify_outlives_a_crash_of_lmdb_and_tells_it_as_a_fault(folder: Path) -> None:
    path = folder / "journal" / DATA
    path.write_bytes(path.read_bytes()[: 4096 * 4])  # the map is longer than the file: SIGBUS
    done = run("verify", folder / "journal")
    assert done.returncode == 1
    assert "damage" in done.stdout + done.stderr


def test_dump_shows_a_line_of_json_for_each_record(folder: Path) -> None:
    done = run("dump", folder / "journal", "--after", "3", "--count", "2")
    fill, order = map(json.loads, done.stdout.splitlines())
    assert fill["record"] == {"exec_id": "e3", "qty_shares": "1"}
    assert fill["index"] == [{"index": "exec", "key": "e3"}]
    assert (order["seq"], order["type"], order["epoch"], order["wall_ns"]) == (5, 1, 1, 4)
    assert order["record"] == {"ref": "rt1-1-4", "qty_shares": "4", "price_usd": None}
    assert done.returncode == 0


def test_backup_writes_a_copy_that_is_sound_and_is_never_overwritten(folder: Path) -> None:
    """F42: what is kept is not overwritten."""
    done = run("backup", folder / "journal", folder / "backup")
    assert done.stdout == f"{folder / 'backup'}: sound, 10 records to 10, epoch 2\n"
    assert journal_tools.verify(folder / "backup").problems == ()
    again = run("backup", folder / "journal", folder / "backup")
    assert (again.returncode, again.stdout) == (2, "")
    assert "File exists" in again.stderr


def test_restore_does_nothing_before_it_is_told_to(folder: Path) -> None:
    """F43: a tool changes nothing without ``--apply``."""
    (folder / "journal" / DATA).write_bytes(b"gone")
    command = ("restore", folder / "journal", "--from", folder / "copy")
    told = run(*command)
    assert told.stdout == "would restore records 1 to 10; add --apply to do it\n"
    assert (folder / "journal" / DATA).read_bytes() == b"gone"
    done = run(*command, "--apply", "--epoch", "7")
    assert done.stdout.splitlines() == [
        f"{folder / 'journal'}: sound, 10 records, epoch 7",
        f"what was there is in {folder / 'journal.old-1'}",
    ]
    assert (folder / "journal.old-1" / DATA).read_bytes() == b"gone"
    store = kit.store(folder / "journal", copy_to=folder / "copy")
    assert (store.epoch, store.tip.seq) == (8, 10)
    store.close()


def test_a_journal_in_use_is_left_alone(folder: Path) -> None:
    store = kit.store(folder / "journal")
    for command in (("verify",), ("dump",), ("backup",)):
        to = (folder / "to",) if command == ("backup",) else ()
        done = run(*command, folder / "journal", *to)
        assert done.returncode == 2
        assert "is in use by process" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    store.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("verify", "nowhere"), "nowhere is no journal: it has no data.mdb; name a journal's"),
        (("dump", ".", "--after", "-1"), "'-1' is no number from 0"),
        (("dump", ".", "--count", "x"), "'x' is no number from 0"),
        (("restore", "."), "the following arguments are required: --from"),
    ],
)
def test_a_wrong_argument_is_one_clear_error(options: tuple[str, ...], says: str) -> None:
    done = run(*options)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
