"""The wire level: the product's gateway actor and ib_async against the emulator, in one thread."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from actors.say import AskTrading
from robotrader.domain import LinkState
from tests.simulation import wire
from tests.simulation.plan import Fault, Plan
from tests.simulation.run import run
from tests.simulation.wire_faults import ROWS
from tests.simulation.wire_tree import S
from tests.simulation.wire_world import WireWorld

ROOT = Path(__file__).parents[2]
SEEDS = range(20, 24)
SCRIPT = """
from tests.simulation.run import run
print(*(run(seed, "wire").trace_hash for seed in range(20, 24)))
"""
LEAKS = """
import os, sys, time, uuid, secrets
from tests.simulation.run import run
run(20, "wire")                      # what is imported or read once has been by now
found, on = set(), [False]
def hook(event, args):
    if on[0] and event.split(".")[0] in {"open", "socket", "subprocess", "os", "shutil"}:
        found.add(event)
sys.addaudithook(hook)
def watched(name, real):
    def call(*args):
        caller = sys._getframe(1).f_code.co_filename
        if on[0]:
            found.add(f"{name} in {caller[-40:]}")
        return real(*args)
    return call
for module, names in (
    (time, ("time", "time_ns", "monotonic", "monotonic_ns", "sleep")),
    (os, ("urandom",)), (uuid, ("uuid4",)), (secrets, ("token_bytes",)),
):
    for name in names:
        setattr(module, name, watched(f"{module.__name__}.{name}", getattr(module, name)))
on[0] = True
for seed in range(21, 24):
    run(seed, "wire")
on[0] = False
print("\\n".join(sorted(found)))
"""
METERS = {
    "time.time in /ib_async/client.py": "when a connection began, for statistics that nobody reads",
    "time.time in /logging/__init__.py": "the time of a log record",
    "time.time_ns in /logging/__init__.py": "the time of a log record",
}
"""What may read the machine's clock: no decision follows from it."""


def program(source: str, hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=300, check=True,
    )  # fmt: skip
    return done.stdout


@cache
def here() -> tuple[int, ...]:
    """Return the traces of the seeds in this process."""
    return tuple(run(seed, "wire").trace_hash for seed in SEEDS)


@contextmanager
def world(seed: int = 1) -> Iterator[WireWorld]:
    made = WireWorld(seed)
    try:
        yield made
    finally:
        made.close()


def test_it_gets_ready_subscribes_and_trades() -> None:
    """The whole tree over the wire: connected within a second, trading within a minute."""
    with world() as made:
        made.run_until(S)
        assert made.life is not None
        port = made.life.port()
        assert port is not None
        assert port.link.state is LinkState.READY
        made.run_until(60 * S)
        assert made.breaches == []
        assert {each.con_id for each in made.executions} == set(made.gateway.instruments)
        assert made.life.actor("orders").on_receive(AskTrading()).ready


def test_a_killed_process_comes_back_and_goes_on() -> None:
    with world() as made:
        made.run_until(21 * S)
        traded = len(made.executions)
        made.kill()
        made.run_until(30 * S)
        assert made.core is None
        made.begin()
        made.run_until(90 * S)
        assert made.breaches == []
        assert len(made.executions) > traded
        assert len(made.clients) == 2


def test_a_process_whose_disk_fails_as_it_starts_is_started_again_until_it_does() -> None:
    """Seed 1001791 of the deep runs: it died while the disk failed, and its start raised."""
    dies = Fault(1, 20 * S, "process", "kill -9", lasts_ns=2 * S)
    fails = Fault(2, 19 * S, "disk", "eio", amount=1.0, lasts_ns=20 * S)
    outcome = wire.simulate(Plan(3, 110.0, ("process", "disk"), (dies, fails)))
    assert outcome.breaches == ()
    assert outcome.coverage["start that failed"] > 5, "every second and a half of seventeen"


def test_a_stranger_at_the_port_is_found() -> None:
    """Who connects with another number breaks W4: the checker sees it."""
    with world() as made:
        made.run_until(S)
        made.started(12)
        made.run_until(3 * S)
        assert [each.checker for each in made.breaches] == ["W4 one client"]


def test_too_many_messages_are_found() -> None:
    with world() as made:
        made.run_until(S)
        made.messages += [(1, made.now_ns)] * 51
        made.run_until(3 * S)
        assert [each.checker for each in made.breaches] == ["W8 rate kept"]


def test_a_callback_that_raises_is_found() -> None:
    with world() as made:
        made.run_until(S)
        made.system.loop.call_soon(lambda: 1 // 0)
        made.run_until(3 * S)
        assert [each.checker for each in made.breaches] == ["L1 no callback raised"]


@pytest.mark.parametrize("kind", ["stall", "dark", "fin", "rst", "delay", "cuts", "unreachable"])
def test_a_connection_that_suffers_is_back_in_time(kind: str) -> None:
    """One fault of the network, hard: a minute later everything is as it should be."""
    amounts = {"stall": 8.0, "dark": 30.0, "delay": 5.0, "cuts": 12.0}
    lasts_ns = 15 * S if kind in {"delay", "cuts", "unreachable"} else 0
    fault = Fault(1, 20 * S, "network", kind, amount=amounts.get(kind, 0.0), lasts_ns=lasts_ns)
    outcome = wire.simulate(Plan(3, 50.0, ("network",), (fault,)), record=True)
    assert outcome.ok, outcome.text()


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_a_seed_has_the_same_trace_in_every_process(hash_seed: str) -> None:
    there = tuple(int(each) for each in program(SCRIPT, hash_seed).split())
    assert there == here()
    assert len(set(there)) == len(SEEDS)


def test_no_decision_rests_on_this_machine() -> None:
    """No real clock, no real chance, no file and no socket, but for meters."""
    found = program(LEAKS, "random").splitlines()
    short = {f"{line.partition(' in ')[0]} in {tail(line)}" for line in found}
    assert short <= set(METERS)


def tail(line: str) -> str:
    parts = line.rpartition(" ")[2].split("/")
    return "/" + "/".join(parts[-2:])


def test_the_seeds_play_every_row_of_the_failure_catalogue() -> None:
    played = {
        fault.subject
        for seed in range(len(ROWS))
        for fault in wire.plan_of(seed, 120.0).faults
        if fault.kind == "program"
    }
    assert played == set(ROWS)
