"""Random kills, stops and starts of heart's children: it converges, never two of a kind at once.

Each child holds a lock of its kind while it lives and records if it cannot have it. A failing
run prints its seed; ``HEART_CHAOS_SEED=n`` repeats the choices.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from supervision.heart_rules import Phase
from tests.supervision.heart_kit import Ward, child, children_of, exists, state

NAMES: Final = ("core", "web", "worker")
SIGNALS: Final = {
    "kill": signal.SIGKILL,
    "freeze": signal.SIGSTOP,
    "terminate": signal.SIGTERM,
    "abort": signal.SIGABRT,
    "quit": signal.SIGQUIT,
}
HARMS: Final = (*SIGNALS, "stop", "stop and start")
ACTIONS: Final = (*HARMS, "start", "wait for a beat")


def chaos(ward: Ward, chance: random.Random, harms: int) -> dict[str, int]:
    """Do ``harms`` kills and stops, and more, at random moments; return how often each."""
    done = dict.fromkeys(ACTIONS, 0)
    while sum(done[harm] for harm in HARMS) < harms:
        name, action = chance.choice(NAMES), chance.choice(ACTIONS)
        if _do(ward, name, action):
            done[action] += 1
        for _ in range(chance.randrange(4)):
            ward.heart.step(chance.random() / 50)
        assert not ward.overlaps()
    return done


def _do(ward: Ward, name: str, action: str) -> bool:
    """Do something to a child; return whether there was one to do it to."""
    pid = ward.heart.pid(name)
    if action == "wait for a beat":
        if ward.heart.phase(name) is Phase.UP:
            ward.until(lambda: _beats(ward, name) or not _up(ward, name), f"beat of {name}")
    elif action in SIGNALS:
        if not pid or not exists(pid):
            return False
        os.kill(pid, SIGNALS[action])
    else:
        if "stop" in action and not pid:
            return False
        if "stop" in action:
            ward.heart.stop(name)
        if "start" in action:
            ward.heart.start(name)
    return True


def _up(ward: Ward, name: str) -> bool:
    return ward.heart.phase(name) is Phase.UP


def _beats(ward: Ward, name: str) -> bool:
    """Say whether the child that runs now has beaten."""
    pid = ward.heart.pid(name)
    return bool(pid) and any(event.pid == pid for event in ward.told("beating", name))


def converge(ward: Ward) -> None:
    """Start what is down, and wait until one of each kind beats and stays."""
    for name in NAMES:
        ward.until(partial(_settled, ward, name), f"steady {name}")
    running = children_of(os.getpid())
    mine = {ward.heart.pid(name) for name in NAMES}
    assert len(mine) == len(NAMES)
    assert {pid for pid in running if _is_child(pid)} == mine


def _settled(ward: Ward, name: str) -> bool:
    if ward.heart.phase(name) is Phase.DOWN:
        ward.heart.start(name)
    return (
        _up(ward, name)
        and _beats(ward, name)
        and state(ward.heart.pid(name)) not in {"T", "Z", "X"}
    )


def _is_child(pid: int) -> bool:
    return b"child.py" in Path(f"/proc/{pid}/cmdline").read_bytes()


def run(folder: Path, harms: int) -> None:
    seed = int(os.environ.get("HEART_CHAOS_SEED") or random.randrange(2**32))
    sys.stdout.write(f"HEART_CHAOS_SEED={seed}\n")
    changes = {"budget_s": 0.5, "boot_s": 3.0, "shutdown_s": 0.3, "intensity": 100_000}
    children = [child(folder, "beat", name, **changes) for name in NAMES]
    with Ward(folder, *children) as ward:
        done = chaos(ward, random.Random(seed), harms)
        converge(ward)
        dumps = [len(ward.dumps.kept(name)) for name in NAMES]
    sys.stdout.write(f"{done} {[ward.count(name) for name in NAMES]}\n")
    assert all(done.values())
    assert max(dumps) <= 3
    assert ward.overlaps() == []
    for name in NAMES:
        told = [each.event for each in ward.events if each.child == name]
        running = 0
        for event in told:
            running += {"started": 1, "exited": -1}.get(event, 0)
            assert running in {0, 1}, f"{name}: two at once"


def test_otp_213_a_hundred_random_kills_and_stops_never_make_two_of_a_kind(tmp_path: Path) -> None:
    run(tmp_path, 100)


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_otp_213_a_thousand_random_kills_and_stops_never_make_two_of_a_kind(tmp_path: Path) -> None:
    run(tmp_path, 1_000)
