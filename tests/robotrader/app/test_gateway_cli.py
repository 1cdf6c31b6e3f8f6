"""``robotrader gateway`` as a user runs it: what serves is a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from robotrader.__main__ import main

RUN = [sys.executable, "-m", "robotrader", "gateway"]


@contextmanager
def emulated(*options: str) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A gateway process; its port and its control port."""
    process = subprocess.Popen(
        [*RUN, "emulate", "--port", "0", "--control-port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline().split(",")[0].rpartition(":")[2])
        process.stdout.readline()
        control = int(process.stdout.readline().split()[-1])
        yield process, port, control
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(20)
        process.stdout.close()
        assert status == 0


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, run in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(["gateway", *arguments])
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def started(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The same as a process of its own."""
    return subprocess.run(
        [*RUN, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def command(port: int, **fields: Any) -> Any:
    """One command on the control port."""
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(json.dumps(fields).encode() + b"\n")
        return json.loads(sock.makefile().readline())


def test_a_probe_says_what_answers_and_leaves_no_connection_behind() -> None:
    with emulated() as (_, port, control):
        done = started("probe", f"127.0.0.1:{port}")
        assert done.returncode == 0
        assert "server version 200, accounts DU1234567, answers" in done.stdout
        assert command(control, do="links") == {"ok": {"accepted": 1, "connected": []}}


def test_the_control_port_tells_the_truth_moves_the_clock_and_injects_faults() -> None:
    with emulated("--cash", "5000", "--account", "DU7") as (_, port, control):
        assert command(control, do="cash")["ok"]["DU7"]["cash"] == "5000"
        before = command(control, do="time")["ok"]
        after = command(control, do="clock", advance_s=3600)["ok"]
        assert after - before >= 3600 * 10**9
        assert "error" in command(control, do="fault", program="Z9")
        assert command(control, do="fault", program="C2")["ok"]
        probe = call("probe", f"127.0.0.1:{port}")
        assert probe.returncode == 1
        assert "does not answer" in probe.stdout
        assert command(control, do="clear") == {"ok": True}
        assert call("probe", f"127.0.0.1:{port}").returncode == 0
        assert "no command 'dance'" in command(control, do="dance")["error"]
        assert "unknown field" in command(control, do="time", when=1)["error"]


def test_a_log_can_be_shown_message_by_message(tmp_path: Path) -> None:
    log = tmp_path / "frames.jsonl"
    with emulated("--log", str(log)) as (_, port, _control):
        assert call("probe", f"127.0.0.1:{port}").returncode == 0
    shown = call("replay", str(log)).stdout
    assert "-> hello: versions 157 to 200" in shown
    assert "<- managedAccounts accounts=DU1234567" in shown
    played = subprocess.Popen(
        [*RUN, "replay", str(log), "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert played.stdout is not None
    said = played.stdout.readline()
    assert said.startswith(f"playing 1 connections of {log} on 127.0.0.1:")
    again = call("probe", said.strip().rpartition(" ")[2])
    assert "accounts DU1234567, answers" in again.stdout
    assert played.wait(20) == 0
    played.stdout.close()
    log.write_text("nonsense\n")
    done = call("replay", str(log))
    assert (done.returncode, "line 1: no frame of an event log" in done.stderr) == (2, True)


def test_the_state_file_is_written_and_read_again(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with emulated("--state", str(state), "--account", "DU9"):
        pass
    assert json.loads(state.read_text())["venue"]["accounts"].keys() == {"DU9"}
    with emulated("--state", str(state), "--account", "DU9") as (_, _port, control):
        assert "DU9" in command(control, do="cash")["ok"]
    state.write_text("{}")
    done = call("emulate", "--port", "0", "--state", str(state))
    assert done.returncode == 2
    assert "holds no state of an emulated gateway" in done.stderr


def test_codes_are_explained() -> None:
    assert "1100 (link): the gateway lost IBKR" in call("errors", "1100").stdout
    assert call("errors", "4711").returncode == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--version-cap", "158"], "use 157 to 200, and not 158"),
        (["--speed", "-1"], "--speed -1.0: use 0"),
        (["--cash", "much"], "--cash 'much' is no number"),
        (["--fault", "nothing.toml"], "nothing.toml"),
    ],
)
def test_an_argument_that_cannot_be_used_is_one_clear_error(options: list[str], said: str) -> None:
    done = call("emulate", "--port", "0", *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_one_clear_error() -> None:
    with emulated() as (_, port, _control):
        done = started("emulate", "--port", str(port))
        assert done.returncode == 75
        assert "is in use: end what listens there" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_probe_of_nothing_says_so() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        done = call("probe", f"127.0.0.1:{port}")
    assert done.returncode == 1
    assert call("probe", "nowhere").returncode == 2


def own_days(folder: Path) -> Path:
    lines = ["date,open,high,low,close,volume"]
    lines += [f"2024-01-{day:02},10,12,9,11,1000" for day in (2, 3, 4, 5, 8)]
    (folder / "KO.csv").write_text("\n".join(lines))
    return folder


@pytest.mark.parametrize(
    ("options", "begins"),
    [
        ([], "2024-01-02 00:00"),
        (["--calendar"], "2024-01-02 09:30"),
        (["--calendar", "--start", "2024-01-04T10:00"], "2024-01-04 10:00"),
        (["--start", "2024-01-04T15:00+00:00"], "2024-01-04 10:00"),
    ],
)
def test_own_data_are_replayed_from_their_first_day_or_from_the_start(
    tmp_path: Path, options: list[str], begins: str
) -> None:
    with emulated("--data", str(own_days(tmp_path)), *options) as (process, _port, control):
        assert process.stdout is not None
        assert process.stdout.readline() == (
            "KO: own data, CSV, 5 days (your own): 2024-01-02 to 2024-01-08, "
            "synthetic intraday prices; contract 8894\n"
        )
        begin = datetime.fromisoformat(begins).replace(tzinfo=ZoneInfo("America/New_York"))
        assert 0 <= command(control, do="time")["ok"] / 1e9 - begin.timestamp() < 60


def test_data_that_cannot_be_used_are_one_error_with_every_bad_line(tmp_path: Path) -> None:
    (tmp_path / "KO.csv").write_text(
        "date,open,high,low,close\nnever,1,1,1,1\n2024-01-02,1,1,1,2\n"
    )
    done = call("emulate", "--port", "0", "--data", str(tmp_path))
    assert done.returncode == 2
    assert f"{tmp_path}/KO.csv:2: time 'never' is not as 'iso'" in done.stderr
    assert f"{tmp_path}/KO.csv:3: close 2.0 lies outside 1.0 to 1.0" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--start", "soon"], "--start 'soon' is no time: use 2024-01-02"),
        (["--data", "nowhere"], "nowhere: there is no such file or folder"),
        (["--data", ".", "--data-zone", "Mars"], "no time zone 'Mars'"),
    ],
)
def test_data_and_start_that_cannot_be_used_are_clear_errors(options: list[str], said: str) -> None:
    done = call("emulate", "--port", "0", *options)
    assert (done.returncode, said in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr


def test_the_calendar_is_the_exchanges() -> None:
    with emulated("--calendar", "--start", "2026-11-27T12:00") as (_, port, _control):
        assert call("probe", f"127.0.0.1:{port}").returncode == 0


def test_a_replay_goes_on_where_its_state_was_left(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    own = ("--data", str(own_days(tmp_path) / "KO.csv"), "--state", str(state), "--speed", "0")
    with emulated(*own) as (_, _port, control):
        left = command(control, do="clock", advance_s=90_000)["ok"]
        written = state.stat().st_mtime_ns if state.exists() else 0
        deadline = time.monotonic() + 20
        while not state.exists() or state.stat().st_mtime_ns == written:
            assert time.monotonic() < deadline, "the state is written every second"
            select.select([], [], [], 0.05)
    with emulated(*own) as (_, _port, control):
        assert command(control, do="time")["ok"] == left
    done = call("emulate", "--port", "0", *own, "--start", "2024-01-02")
    assert done.returncode == 2
    assert "state.json is of 2024-01-03 01:00:00; move it away to begin anew" in done.stderr
    with emulated(*own, "--start", "2024-01-02", "--resume") as (_, _port, control):
        assert command(control, do="time")["ok"] == left, "who restarts it names the first moment"


def test_bundled_prices_resume_at_the_time_that_they_had_come_to(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path / "state.json"), "--resume", "--speed", "0")
    with emulated(*options) as (_, _port, control):
        left = command(control, do="clock", advance_s=7_200)["ok"]
        deadline = time.monotonic() + 20
        while not _saved_at(tmp_path / "state.json") >= left:
            assert time.monotonic() < deadline, "the state is written every second"
            select.select([], [], [], 0.05)
    with emulated(*options) as (_, _port, control):
        assert command(control, do="time")["ok"] == left


def _saved_at(state: Path) -> int:
    return int(json.loads(state.read_text())["venue"]["now_ns"]) if state.exists() else 0
