"""What people get wrong: one clear message that says what to do, an exit status, nothing lost."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from robotrader.adapters.ib import IbSettings
from tests.system.console import ACCOUNT, ROOT, Console, gateway, running, until

PAPER_PORT = 7497
QUICK = ("ib.connect_timeout_s=0.4", "supervision.core_max_restarts=0")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with gateway() as number:
        yield number


def ends(console: Console, *more: str) -> tuple[int, str]:
    """Run to the end; return the exit status and what was said of it."""
    command = console.command("run")
    for each in more:
        command += ["--set", each]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=45, check=False, cwd=ROOT
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("robotrader: ")]
    assert "Traceback" not in done.stderr
    assert said, done.stderr
    return done.returncode, said[-1]


def plain(folder: Path, port: int, *more: str) -> Console:
    """Without a gateway's program: nobody starts one."""
    return Console(folder, port, "strategy.rest.enabled=false", *more)


def paper(folder: Path) -> Console:
    """As on a paper account, where the gateway is somebody else's; its port is 7497."""
    console = plain(folder, PAPER_PORT, *QUICK, 'mode="paper"', "ib.gateway_command=[]")
    (folder / "conf" / "profiles" / "paper.toml").write_text('mode = "paper"\n')
    console.options[console.options.index("demo")] = "paper"
    return console


def test_a_wrong_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", PAPER_PORT))  # bound and not listening: nobody answers there
        status, said = ends(paper(tmp_path))
    assert status == 4
    assert "127.0.0.1:7497" in said
    assert "start it, or correct ib.host and ib.port" in said


def test_a_wrong_account_is_named_with_the_right_one(tmp_path: Path, port: int) -> None:
    status, said = ends(plain(tmp_path, port), 'account="DU7654321"')
    assert status == 2
    assert f"account DU7654321 is not this login's, which has {ACCOUNT}" in said
    assert not (tmp_path / "data" / "journal").exists(), "nothing was begun in its name"


def test_a_client_id_in_use_is_named(tmp_path: Path) -> None:
    with gateway("--port", str(PAPER_PORT)) as own, session(own, IbSettings().client_id):
        status, said = ends(paper(tmp_path))
    assert status == 4
    assert "end the other program with client id 11, or set ib.client_id" in said


@contextlib.contextmanager
def session(port: int, client_id: int) -> Iterator[None]:
    """Another program that has this client id."""
    hello = b"API\0" + b"\0\0\0\x09v100..176"
    start = f"71\x002\x00{client_id}\x00\x00".encode()
    with socket.create_connection(("127.0.0.1", port), 10) as other:
        other.sendall(hello)
        other.recv(1000)
        other.sendall(len(start).to_bytes(4, "big") + start)
        other.recv(1000)
        yield


def test_an_unknown_symbol_is_named_and_so_is_its_key(tmp_path: Path, port: int) -> None:
    status, said = ends(plain(tmp_path, port), 'universe.symbols=["AAPL", "KO", "NOSUCH"]')
    assert status == 2
    assert said.startswith("robotrader: universe.symbols NOSUCH: ")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("risk.max_gros=1", "risk.max_gros: unknown key: did you mean max_gross?"),
        ('strategy.rest.symbols=["IBM"]', "IBM is not in universe.symbols: add it there"),
        ('ib.restart_windows=[{at = "23:45", tz = "Mars/Olympus"}]', "Mars/Olympus is no time"),
        ("ib.pacing.market_data_lines=3", "2 symbols need 4 lines"),
    ],
)
def test_a_wrong_configuration_starts_nothing(tmp_path: Path, wrong: str, says: str) -> None:
    done = Console(tmp_path, 4002, wrong).say("run")
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "run.json").exists()


def test_a_naive_time_is_refused_with_the_same_time_in_utc(tmp_path: Path) -> None:
    console = Console(tmp_path, 4002)
    done = console.say("trades", "--from", "2026-11-21T09:30:00")
    assert done.returncode == 2
    assert "has no zone: write 2026-11-21T09:30:00Z for UTC" in done.stderr
    local = tmp_path / "conf" / "local.toml"
    local.write_text("[strategy.other.params]\nat = 2026-11-21T09:30:00\n")
    done = console.say("run")
    assert done.returncode == 2
    assert "local.toml:2: strategy.other.params.at: a date or time without a zone" in done.stderr


def test_missing_permission_for_market_data_is_said_and_nothing_is_entered(tmp_path: Path) -> None:
    with gateway("--fault", "D5") as number, running(Console(tmp_path, number)) as console:
        console.ready()
        until(lambda: "354: Requested market data is not subscribed" in console.log())
        alert = next(line for line in console.log().splitlines() if "354:" in line)
        assert "subscribe, or ask for delayed data" in alert
        done = console.say("healthcheck")
        assert (done.returncode, done.stdout) == (4, "2 of 2 feeds are stale\n")
        assert console.asked("orders", "--ended")["orders"] == []


def test_a_mistake_between_two_runs_loses_nothing(tmp_path: Path, port: int) -> None:
    """Held, then a wrong symbol, a wrong account, a second start; then as before."""
    console = Console(tmp_path, port)
    with running(console):
        console.ready()
        until(lambda: held(console) == {"AAPL": "10", "KO": "10"})
        status, said = ends(console)
        assert (status, "is in use by process" in said) == (75, True)
        handed = json.loads((console.data_dir / "run.json").read_text())
    for wrong in ('universe.symbols=["AAPL", "KO", "NOSUCH"]', 'account="DU7654321"'):
        status, said = ends(console, wrong)
        assert status == 2, said
    assert "has the journal of account DU1234567" in said
    with running(console):
        console.ready()
        assert held(console) == {"AAPL": "10", "KO": "10"}
        assert console.asked("reconcile")["clean"]
        after = json.loads((console.data_dir / "run.json").read_text())
        assert after["config"] == handed["config"]


def held(console: Console) -> dict[str, Any]:
    answer = console.asked("positions")
    return {} if answer is None else {row["symbol"]: row["qty"] for row in answer["positions"]}
