"""What a journal can do to ``robotrader run``: one clear message, one exit status, nothing lost.

Two instances (F16), a full disk (F21, F40), a damaged file (F40).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from robotrader.adapters import journal_tools, lease
from robotrader.adapters.lmdb_disk import DATA
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.app.control_client import ControlClient
from robotrader.config import Config
from robotrader.domain import Instrument, control
from robotrader.domain import records as rec
from robotrader.domain.errors import RoboTraderError
from robotrader.journal import Entry, Watermarks
from robotrader.recovery import CATALOGUE
from tests import forked

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "DU1234567"
RECORDS = 500


def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], timeout_s: float = 90.0) -> Any:
    deadline, waiting = time.monotonic() + timeout_s, threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s"
        waiting.wait(0.05)
    return found


def command(folder: Path, ib_port: int) -> list[str]:
    """``robotrader run`` in ``folder``, with a gateway of its own."""
    conf = folder.parent / "conf"
    (conf / "profiles").mkdir(parents=True, exist_ok=True)
    (conf / "profiles/sim.toml").write_text('mode = "sim"\n')
    says = [
        f'account="{ACCOUNT}"', f"ib.port={ib_port}", "metrics.enabled=false",
        'universe.symbols=["AAPL"]',
    ]  # fmt: skip
    sets = [word for each in says for word in ("--set", each)]
    return [
        sys.executable, "-m", "robotrader", "run", "--conf", str(conf), "--profile", "sim",
        "--data-dir", str(folder), *sets,
    ]  # fmt: skip


def finished(folder: Path) -> tuple[int, str]:
    """Run until it ends by itself; return its status and what it said in words."""
    done = subprocess.run(
        command(folder, port()), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert not [line for line in lines if "Traceback" in line], done.stderr
    return done.returncode, "\n".join(lines)


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A system that trades nothing; it is stopped in order."""
    with subprocess.Popen(
        command(folder, port()), cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(90)


def started(folder: Path, since: int) -> bool:
    """Whether the core has opened the journal and begun a session."""
    log = folder / "journal" / DATA
    return (folder / "control.sock").exists() and log.stat().st_mtime_ns > since


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data directory with a journal of some orders, a second copy, and its contract known."""
    data = tmp_path / "data"
    data.mkdir()
    known = {"AAPL": Instrument(con_id=265598, symbol="AAPL")}
    (data / "contracts.json").write_bytes(msgspec.json.encode(known))
    fill(data / "journal", copy_to=tmp_path / "copy")
    return data


def fill(path: Path, copy_to: Path | None = None) -> None:
    store = LmdbStore(path, copy_to=copy_to, ballast_bytes=0, watermarks=Watermarks(0, 0))
    begun = rec.SessionBegan(epoch=1, account=ACCOUNT, client_id=1, config_hash="")
    saved = [rec.StrategySaved(strategy="s", state=b"state %d" % n) for n in range(RECORDS - 1)]
    store.append([Entry(*CATALOGUE.encode(record)) for record in (begun, *saved)])
    store.close()


def content(folder: Path) -> list[bytes]:
    return [frame.payload for frame in journal_tools.read(folder / "journal")]


def ends_because(folder: Path, status: int, *words: str) -> None:
    """It ends with a status and says why in one line, with what to do."""
    found, said = finished(folder)
    assert found == status, said
    (line,) = [line for line in said.splitlines() if line.startswith("robotrader:")]
    for word in words:
        assert word in line


def test_a_flipped_byte_in_the_middle_is_said_and_mended_by_restore(folder: Path) -> None:
    whole = content(folder)
    path = folder / "journal" / DATA
    data = bytearray(path.read_bytes())
    at = data.find(b"state 250")
    while at >= 0:  # every copy of the page
        data[at] ^= 1
        at = data.find(b"state 250", at + 1)
    path.write_bytes(data)
    ends_because(folder, 65, "record 252: the checksum", "stop; run `robotrader journal verify`")
    journal_tools.restore(folder / "journal", [folder.parent / "copy"])
    assert content(folder) == whole
    since = time.time_ns()
    with running(folder):
        until(lambda: started(folder, since))
    assert content(folder)[:RECORDS] == whole


@pytest.mark.parametrize("left", [0.3, 0.6, 0.9])
def test_a_truncated_journal_is_said_and_no_signal_ends_the_core(folder: Path, left: float) -> None:
    path = folder / "journal" / DATA
    os.truncate(path, int(path.stat().st_size * left))
    found, said = finished(folder)
    (line,) = [line for line in said.splitlines() if line.startswith("robotrader:")]
    assert found == 65, said
    assert "`robotrader journal verify`, then `journal restore` from a second copy" in line
    restored = journal_tools.restore(folder / "journal", [folder.parent / "copy"])
    assert restored.records == RECORDS


def test_a_second_instance_exits_75_and_leaves_the_first_alone(folder: Path) -> None:
    since = time.time_ns()
    with running(folder) as first:
        until(lambda: started(folder, since))
        handed = (folder / "run.json").read_bytes()
        found, said = finished(folder)
        assert found == 75
        assert said == (
            f"robotrader: {folder} is in use by process {first.pid}: stop it, or use another "
            "data_dir"
        )
        assert (folder / "run.json").read_bytes() == handed
        assert first.poll() is None
    assert journal_tools.verify(folder / "journal").problems == ()


def test_of_two_started_together_one_runs(folder: Path) -> None:
    quiet = subprocess.DEVNULL
    both = [
        subprocess.Popen(command(folder, port()), cwd=ROOT, stdout=quiet, stderr=quiet)
        for _ in range(2)
    ]
    try:
        until(lambda: any(each.poll() is not None for each in both))
        (refused,) = [each for each in both if each.poll() is not None]
        assert refused.returncode == 75
    finally:
        for each in both:
            each.terminate()
        for each in both:
            each.wait(90)


def test_sigterm_ends_everything_and_frees_the_directory(folder: Path) -> None:
    since = time.time_ns()
    with running(folder):
        until(lambda: started(folder, since))
        assert lease.holder(folder) is not None
    assert lease.holder(folder) is None, "the core has ended with what started it"


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[None]:
    """A file system of its own at ``path``, with what was there."""
    aside = path.with_name("aside")
    path.rename(aside)
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        shutil.copytree(aside, path, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill_up(path: Path) -> Path:
    """Take all the room that is left; return the file that has it."""
    filler = path / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return filler


def test_a_full_disk_at_the_start_is_said_and_with_room_it_goes_on(folder: Path) -> None:
    whole = content(folder)
    with small_disk(folder / "journal", 4):
        filler = fill_up(folder / "journal")
        ends_because(folder, 74, "nothing was written", "make room on the disk")
        filler.unlink()
        since = time.time_ns()
        with running(folder):
            until(lambda: started(folder, since))
        assert content(folder)[:RECORDS] == whole
        assert journal_tools.verify(folder / "journal").problems == ()


def kill(folder: Path) -> subprocess.CompletedProcess[str]:
    words = ["kill", "--data-dir", str(folder), "--level", "pause", "--reason", "full", "--yes"]
    return forked.run(*words)


def refusal_of_a_kill(folder: Path) -> str:
    """Kill until it is refused, and return why: the journal uses first what it has on the disk."""
    long = "\N{COLLISION SYMBOL}" * 500
    with ControlClient.of(Config(data_dir=str(folder))) as client:
        for number in range(1_000):
            wish = control.Kill(
                level=control.KillLevel.PAUSE, scope="all", reason=long, who="me",
                key=f"kill-{number}", preview=False,
            )  # fmt: skip
            try:
                client.ask(wish)
            except RoboTraderError as error:
                return str(error)
    pytest.fail("no kill was refused")


def tripped(folder: Path) -> int:
    """How often the journal says that the switch was tripped."""
    frames = journal_tools.read(folder / "journal")
    return sum(isinstance(CATALOGUE.decode(frame), rec.SwitchTripped) for frame in frames)


def test_a_full_disk_while_it_runs_is_told_to_who_asks_and_loses_nothing(folder: Path) -> None:
    with small_disk(folder / "journal", 4):
        since = time.time_ns()
        with running(folder):
            until(lambda: started(folder, since))
            filler = fill_up(folder / "journal")
            assert "make room" in refusal_of_a_kill(folder)
            filler.unlink()
            done = kill(folder)
            assert done.returncode == 0, done.stderr
        assert journal_tools.verify(folder / "journal").problems == ()
        assert tripped(folder) >= 1


def test_a_data_directory_without_room_is_said(folder: Path) -> None:
    with small_disk(folder, 4):
        fill_up(folder)
        found, said = finished(folder)
    assert found == 74
    assert "No space left on device" in said
    assert "make room" in said
