"""The gateway's own program, started by ``ib.gateway_command``: real processes, a real connection.

The program is our emulated gateway, started as IBC's script would be: by the core and not by heart.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.supervision.heart_kit import exists
from tests.system.console import ACCOUNT, Console, running, until
from tests.system.kit import Venue, free_port


def own_gateway(folder: Path, port: int, control_port: int) -> str:
    """Return the setting of a gateway that is the core's own to start."""
    command = [
        sys.executable, "-m", "robotrader", "gateway", "emulate", "--port", str(port),
        "--control-port", str(control_port), "--account", ACCOUNT,
        "--state", str(folder / "gateway.json"), "--resume",
    ]  # fmt: skip
    return f"ib.gateway_command={json.dumps(command)}"


def program(port: int) -> list[int]:
    """Return the processes of the gateway that was told to listen on this port."""
    wanted, found = ["emulate", "--port", str(port)], []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_text().split("\0")
        except OSError:
            continue
        if words[4:7] == wanted:
            found.append(int(each.parent.name))
    return found


def link(console: Console) -> Any:
    status = console.asked("status")
    return status and status["link"]


def links_accepted(venue: Venue) -> int:
    return int(venue.say(do="links")["accepted"])


@pytest.mark.deep
@pytest.mark.timeout(240)
def test_a_first_start_starts_the_gateway_a_2fa_wall_waits_for_a_human_a_kill_does_not(
    tmp_path: Path,
) -> None:
    port, control_port = free_port(), free_port()
    venue = Venue(control_port)
    own = own_gateway(tmp_path, port, control_port)
    console = Console(tmp_path, port, own, "ib.connect_timeout_s=1")
    with running(console):
        console.ready()
        (first,) = program(port)

        venue.say(do="lock", for_s=600)
        until(lambda: link(console) == "needs_human", 90)
        assert program(port) == [first], "each start would ask the phone again (F14)"
        tried = links_accepted(venue)
        assert console.say("healthcheck").returncode == 4
        venue.say(do="clear")
        assert links_accepted(venue) == tried, "it is tried every five minutes, or when told"
        assert console.say("gateway", "confirm").returncode == 0
        console.ready()
        assert program(port) == [first]

        os.kill(first, signal.SIGKILL)
        until(lambda: link(console) in {"down", "connecting"})
        console.ready()
        (second,) = program(port)
        assert second != first
    assert exists(second), "a session that a person has logged in is left to the next start"
    os.kill(second, signal.SIGTERM)
    until(lambda: not exists(second), 15)


def stopped(pid: int) -> bool:
    """Whether a process is there and stands still."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.deep
@pytest.mark.timeout(300)
def test_f14_a_gateway_that_listens_and_says_nothing_is_dead_to_us_and_not_restarted(
    tmp_path: Path,
) -> None:
    """SIGSTOP: the kernel goes on accepting connections on its port, and nobody answers."""
    port, control_port = free_port(), free_port()
    venue = Venue(control_port)
    own = own_gateway(tmp_path, port, control_port)
    console = Console(tmp_path, port, own, "ib.connect_timeout_s=3")
    with running(console):
        until(lambda: link(console) == "ready", 120)
        core = console.ready()["pid"]
        (pid,) = program(port)
        until(venue.refs, 90)
        try:
            os.kill(pid, signal.SIGSTOP)
            until(lambda: link(console) in {"down", "connecting"})
            assert not console.asked("status")["reconciled"], "nothing is entered meanwhile"
            os.kill(pid, signal.SIGCONT)
            assert console.ready()["pid"] == core, "it answers again: connected by itself"
            before = venue.refs()

            os.kill(pid, signal.SIGSTOP)
            until(lambda: link(console) == "needs_human", 90)
            healthcheck = console.say("healthcheck")
            assert healthcheck.returncode == 4
            assert "no handshake within 3 s" in healthcheck.stdout
            assert program(port) == [pid], "another start would ask the phone again"
            assert stopped(pid)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert console.say("gateway", "confirm").returncode == 0
        assert console.ready()["pid"] == core
        assert program(port) == [pid]
        refs = venue.refs()
        assert refs[: len(before)] == before
        assert len(refs) == len(set(refs)), "one order of each intent"
    os.kill(pid, signal.SIGTERM)
    until(lambda: not exists(pid), 15)
