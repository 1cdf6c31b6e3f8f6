"""Crash dumps, the child's side of the pipe, and the lines that heart writes."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from supervision import pulse
from supervision.heart import Heart
from supervision.heart_dumps import Dumps
from supervision.heart_events import Event, JsonLines
from supervision.heart_process import Process
from supervision.heart_rules import Exit, Phase
from supervision.pulse import Pulse
from tests.supervision.heart_kit import Ward, child, open_fds

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)


def write_dump(dumps: Dumps, text: bytes) -> Path | None:
    fd = dumps.open("core")
    os.write(fd, text)
    os.close(fd)
    return dumps.collect("core")


def test_only_the_newest_dumps_are_kept_in_their_order(tmp_path: Path) -> None:
    dumps = Dumps(tmp_path, keep=3)
    for number in range(12):
        write_dump(dumps, f"dump {number}".encode())
    assert [path.read_text() for path in dumps.kept("core")] == ["dump 9", "dump 10", "dump 11"]
    assert [path.name for path in dumps.kept("core")][-1] == "core.000012.dump"
    assert len(list(tmp_path.iterdir())) == 3


def test_an_empty_dump_leaves_no_file(tmp_path: Path) -> None:
    assert write_dump(Dumps(tmp_path), b"") is None
    assert Dumps(tmp_path).collect("core") is None
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_heart_left_is_kept_by_the_next_one(tmp_path: Path) -> None:
    os.close(Dumps(tmp_path).open("core"))
    (tmp_path / "core.current").write_text("stacks")
    os.close(Dumps(tmp_path).open("core"))
    assert [path.read_text() for path in Dumps(tmp_path).kept("core")] == ["stacks"]


def test_the_dumps_of_one_child_are_not_those_of_another(tmp_path: Path) -> None:
    dumps = Dumps(tmp_path)
    for name in ("core", "core.web", "core.1.dump"):
        os.close(dumps.open(name))
        (tmp_path / f"{name}.current").write_text(name)
        dumps.collect(name)
    assert [path.read_text() for path in dumps.kept("core")] == ["core"]


def test_keeping_no_dump_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="keep is 0; use a count >= 1"):
        Dumps(tmp_path, keep=0)


def test_a_folder_that_is_gone_does_not_keep_a_child_from_starting(tmp_path: Path) -> None:
    with Ward(tmp_path, child(tmp_path, "quit_with 1", intensity=0)) as ward:
        ward.until_told("gave_up")
        (tmp_path / "dumps").rmdir()
        ward.heart.start("core")
        ward.until_told("beating", times=2)
    assert ward.told("started")[1].detail.startswith("without a dump file: ")


def test_a_crash_leaves_its_stacks_and_the_event_says_where(tmp_path: Path) -> None:
    with Ward(tmp_path, child(tmp_path, "segfault", intensity=5)) as ward:
        ward.until_told("gave_up")
    kept = ward.dumps.kept("core")
    assert len(kept) == 3
    assert "Segmentation fault" in kept[-1].read_text()
    assert ward.told("exited")[-1].detail == f"signal SIGSEGV; stacks in {kept[-1]}"


def test_otp_217_a_child_that_holds_the_gil_ends_itself_if_heart_does_not(tmp_path: Path) -> None:
    with Ward(tmp_path, child(tmp_path, "last_resort", intensity=0, budget_s=60)) as ward:
        ward.until_told("gave_up")
    assert ward.told("exited")[0].detail.startswith("exit code 1; stacks in ")
    assert "in regex" in ward.dumps.kept("core")[0].read_text()


def test_the_system_refusing_a_process_spends_the_budget_and_loses_no_descriptor(
    tmp_path: Path,
) -> None:
    events: list[Event] = []
    with Heart([child(tmp_path, "beat")], on_event=events.append) as heart:
        before = open_fds()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            heart.start("core")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert open_fds() == before
        assert heart.phase("core") is Phase.DOWN
        assert heart.outcome() is Exit.GAVE_UP
    assert [event.event for event in events].count("exited") == 4
    assert "Too many open files" in events[0].detail


def test_a_process_that_cannot_be_watched_does_not_live() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    program = "import signal; signal.pause()"
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", program]) as popen:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(OSError, match="Too many open files"):
                Process(popen, -1)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert popen.returncode == -signal.SIGKILL


def test_heart_gives_back_every_descriptor(tmp_path: Path) -> None:
    before = open_fds()
    with Ward(tmp_path, child(tmp_path, "quit_with 1"), child(tmp_path, "beat", "web")) as ward:
        ward.until_told("gave_up")
        ward.until_told("beating", name="web")
    assert open_fds() == before


@pytest.mark.parametrize(("intensity", "started"), [(0, 2), (2, 3)])
def test_a_listener_that_starts_a_child_at_its_exit_never_makes_two(
    tmp_path: Path, intensity: int, started: int
) -> None:
    ward = Ward(tmp_path, child(tmp_path, "quit_with 1", intensity=intensity))

    def start_at_the_first_exit(event: Event) -> None:
        ward.events.append(event)
        if event.event == "exited" and len(ward.told("exited")) == 1:
            ward.heart.start("core")

    ward.react = start_at_the_first_exit
    with ward:
        ward.until(lambda: ward.count().get("exited") == started, "all exits")
        assert ward.heart.phase("core") is Phase.DOWN
    assert ward.count()["started"] == started


def test_pulse_writes_the_bytes_that_heart_reads() -> None:
    with pipe() as (reader, writer):
        beating = Pulse(os.dup(writer))
        beating.replaying()
        beating.beat()
        beating.planned()
        assert os.read(reader, 100) == b"r.planned"


def test_a_full_pipe_blocks_no_beat_but_refuses_to_lose_a_planned_stop() -> None:
    with pipe() as (_, writer):
        beating = Pulse(writer)
        with contextlib.suppress(BlockingIOError):
            while os.write(writer, b"." * 4096):
                pass
        beating.beat()
        with pytest.raises(BlockingIOError):
            beating.planned()


def test_a_beat_to_a_heart_that_is_gone_says_so() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        Pulse(writer).beat()
    os.close(writer)


def test_a_process_that_heart_did_not_start_beats_to_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(pulse.PULSE_FD, raising=False)
    alone = Pulse.from_env()
    alone.beat()
    alone.planned()
    with pytest.raises(ValueError, match="last_resort_s is 0; use seconds > 0"):
        alone.enable_crash_dumps(last_resort_s=0)


def test_the_descriptors_are_not_passed_on_to_a_childs_children(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pipe() as (_, writer):
        os.set_inheritable(writer, True)
        monkeypatch.setenv(pulse.PULSE_FD, str(writer))
        Pulse.from_env().beat()
        assert not os.get_inheritable(writer)
        assert pulse.PULSE_FD not in os.environ


EVENT = Event(1.5, "core", "late", 7, "why")


def test_an_event_is_one_line_of_json() -> None:
    with pipe() as (reader, writer):
        JsonLines(writer)(EVENT)
        line = os.read(reader, 4096)
    assert line.endswith(b"\n")
    wanted = {"at_s": 1.5, "child": "core", "event": "late", "pid": 7, "detail": "why"}
    assert json.loads(line) == wanted | {"dropped": 0}


def test_the_longest_line_fits_a_pipe_in_one_piece() -> None:
    with pipe() as (reader, writer):
        JsonLines(writer)(Event(1e9, "\U0001f600" * 64, "restarted", 2**22, "\U0001f600" * 9_999))
        assert json.loads(os.read(reader, 4096))["child"] == "\U0001f600" * 64


def test_a_reader_that_does_not_read_cannot_stop_heart() -> None:
    with pipe() as (reader, writer):
        lines = JsonLines(writer)
        while not lines.dropped:
            lines(EVENT)
        lines(EVENT)
        assert lines.dropped == 2
        while not os.read(reader, 65536).endswith(b"\n"):
            pass
        lines(EVENT)
        assert json.loads(os.read(reader, 4096).splitlines()[-1])["dropped"] == 2


def test_a_log_that_is_broken_cannot_stop_heart() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    lines = JsonLines(writer)
    lines(EVENT)
    os.close(writer)
    lines(EVENT)
    assert lines.dropped == 2


def test_the_launcher_tells_heart_what_it_could_not_execute() -> None:
    with pipe() as (reader, writer):
        done = subprocess.run(
            [sys.executable, "-I", "-S", pulse.__file__, str(os.getpid()), "/no/such"],
            env={pulse.PULSE_FD: str(writer)},
            pass_fds=[writer],
            check=False,
        )
        assert os.read(reader, 100) == b"xNo such file or directory"
    assert done.returncode == pulse.LAUNCH_FAILED
