"""Each kind of leak is planted, and found; the product has none."""

from __future__ import annotations

import random
import secrets
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from supervision import Actor, Simulation
from supervision.reasons import Crash
from tests.simulation.leaks import Leak, banned_calls, sealed
from tests.simulation.run import run

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
# ruff: noqa: PLW0108 - the functions are patched later: they have to be looked up when called
PLANTED: dict[str, Callable[[], object]] = {
    "time": lambda: time.time(),
    "time_ns": lambda: time.time_ns(),
    "monotonic": lambda: time.monotonic(),
    "monotonic_ns": lambda: time.monotonic_ns(),
    "perf_counter": lambda: time.perf_counter(),
    "sleep": lambda: vars(time)["sleep"](0.0),
    "random": lambda: random.random(),
    "choice": lambda: random.choice((1, 2)),
    "uuid4": lambda: uuid.uuid4(),
    "secrets": lambda: secrets.token_hex(),
    "open": lambda: (ROOT / "README.md").open().close(),
    "read": lambda: (ROOT / "README.md").read_bytes(),
    "socket": lambda: socket.socket().close(),
    "process": lambda: subprocess.run([sys.executable, "-V"], check=True, capture_output=True),
}


class Leaks(Actor):
    """Does what it is told."""

    def on_receive(self, message: Any) -> Any:
        """Leak."""
        return message()


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_found(name: str) -> None:
    """An actor that leaks in its turn crashes with a word about what it did."""
    system = Simulation(1)
    ref = system.start(Leaks())
    with sealed():
        ref.tell(PLANTED[name])
        system.settle()
    reason = ref.exit_reason
    assert isinstance(reason, Crash)
    assert isinstance(reason.cause, Leak)
    system.close()


@pytest.mark.parametrize("name", PLANTED)
def test_outside_of_a_turn_everything_is_as_ever(name: str) -> None:
    """The seal is for runs only, and ends."""
    with sealed():
        PLANTED[name]()
    PLANTED[name]()
    assert time.time() > 0


def test_the_whole_system_leaks_nothing() -> None:
    """Runs with all classes of faults under the seal: nothing is raised, the hash is the same."""
    run(0)  # what is imported or cached at first use
    for seed in range(4, 10):
        with sealed():
            outcome = run(seed)
        assert outcome.ok, outcome.text()
        assert outcome.trace_hash == run(seed).trace_hash


@pytest.mark.parametrize("package", ["actors", "supervision", "robotrader"])
def test_what_no_seal_sees_is_not_called(package: str) -> None:
    """``datetime.now`` cannot be patched: outside of adapters and app nobody calls it."""
    outside = {"adapters", "app"}
    sources = [each for each in (ROOT / package).rglob("*.py") if not outside & set(each.parts)]
    assert sources
    assert not [call for each in sources for call in banned_calls(each)]


def test_a_banned_call_is_found(tmp_path: Path) -> None:
    """Whatever it is called on."""
    source = tmp_path / "leaky.py"
    source.write_text("from datetime import datetime\n\n\ndef now():\n    return datetime.now()\n")
    assert len(banned_calls(source)) == 1
