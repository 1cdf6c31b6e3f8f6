"""Section O: trees and escalation."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from supervision.manage import start_child, which_child, which_children
from supervision.reasons import SHUTDOWN
from supervision.spec import ChildSpec, SupervisorFlags
from supervision.supervisor import Supervisor
from tests.supervision.otp.kit import Stage


def tree(stage: Stage, names: str, child_id: str = "inner", **fields: Any) -> ChildSpec:
    """Return the spec of an inner supervisor that allows no restart."""
    specs = [stage.spec(name) for name in names]
    flags = SupervisorFlags(intensity=0)
    fields.setdefault("restart", "permanent")
    return ChildSpec(
        id=child_id, start=Supervisor, args=(specs, flags), type="supervisor", **fields
    )


def test_otp_160_a_restarted_inner_supervisor_has_only_its_static_children() -> None:
    stage = Stage()
    outer = stage.boot(tree(stage, "ab"), intensity=5)
    inner = stage.ref(outer, "inner")
    stage.add(inner, stage.spec("dynamic"))
    stage.take()
    stage.die(inner, "a")
    assert inner.exit_reason == SHUTDOWN
    trace = ["down a crash", "down dynamic shutdown", "down b shutdown", "up a", "up b"]
    assert stage.take() == trace
    assert stage.states(stage.ref(outer, "inner")) == {"a": "up", "b": "up"}


def test_otp_161_the_children_of_a_sibling_supervisor_keep_their_identities() -> None:
    stage = Stage()
    outer = stage.boot(tree(stage, "a", "left"), tree(stage, "b", "right"), intensity=5)
    right = stage.ref(outer, "right")
    b = stage.ref(right, "b")
    stage.die(stage.ref(outer, "left"), "a")
    assert stage.ref(outer, "right") is right
    assert stage.ref(right, "b") is b
    assert stage.states(outer) == {"left": "up", "right": "up"}


def test_otp_162_a_root_that_exceeds_its_intensity_ends() -> None:
    stage = Stage()
    outer = stage.boot(tree(stage, "a"), stage.spec("b"), intensity=1)
    for _ in range(2):
        stage.die(stage.ref(outer, "inner"), "a")
    assert outer.exit_reason == SHUTDOWN
    assert not stage.sim.cells


ROOT = """
import sys
from supervision.actor import Actor
from supervision.spec import ChildSpec, SupervisorFlags
from supervision.supervisor import Supervisor
from supervision.manage import which_child

class Fragile(Actor):
    def on_receive(self, message):
        raise RuntimeError(message)

root = Supervisor.start([ChildSpec(id=1, start=Fragile)], SupervisorFlags(intensity=0))
which_child(root, 1).child.tell("boom")
root.actor_stopped.wait(10)
sys.exit(3)
"""


def test_otp_162_the_process_of_an_ended_root_ends_for_the_process_supervisor_to_see() -> None:
    command = [sys.executable, "-c", ROOT]
    ended = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert ended.returncode == 3


@pytest.mark.parametrize(("restart", "state"), [("transient", "undefined"), ("permanent", "up")])
def test_otp_163_only_a_permanent_supervisor_is_restarted_after_its_intensity(
    restart: Any, state: str
) -> None:
    stage = Stage()
    outer = stage.boot(tree(stage, "a", restart=restart), intensity=5)
    stage.die(stage.ref(outer, "inner"), "a")
    assert stage.states(outer) == {"inner": state}


def test_otp_164_a_killed_middle_supervisor_and_its_worker_come_back_as_new_ones() -> None:
    stage = Stage()
    middle = ChildSpec(
        id="middle", start=Supervisor, args=([tree(stage, "x", "low")],), type="supervisor"
    )
    outer = stage.boot(middle)
    old_middle = stage.ref(outer, "middle")
    old_low = stage.ref(old_middle, "low")
    old = stage.ref(old_low, "x")
    old_middle.kill()
    stage.sim.settle()
    assert not old.is_alive()
    assert not old_low.is_alive()
    new = stage.ref(stage.ref(stage.ref(outer, "middle"), "low"), "x")
    assert new.number > old.number
    assert len(stage.sim.cells) == 4


def test_otp_165_a_crash_three_levels_deep_is_the_nearest_supervisors_affair() -> None:
    stage = Stage()
    low = ChildSpec(id="low", start=Supervisor, args=([stage.spec("x")],), type="supervisor")
    middle = ChildSpec(id="middle", start=Supervisor, args=([low],), type="supervisor")
    outer = stage.boot(middle, intensity=0)
    middle_ref = stage.ref(outer, "middle")
    low_ref = stage.ref(middle_ref, "low")
    stage.die(low_ref, "x")
    assert stage.ref(outer, "middle") is middle_ref
    assert stage.ref(middle_ref, "low") is low_ref
    assert stage.take() == ["up x", "down x crash", "up x"]


LEAVES = {
    # leaf: what is restarted when it is killed. The tree: rest_for_one at the top over
    # journal, an one_for_all pair of gateway and orders, and one_for_one strategies.
    "journal": ["journal", "gateway", "orders", "s1", "s2"],
    "gateway": ["gateway", "orders"],
    "orders": ["gateway", "orders"],
    "s1": ["s1"],
    "s2": ["s2"],
}


@pytest.mark.parametrize("leaf", list(LEAVES))
def test_otp_169_the_blast_radius_of_every_leaf_is_known(leaf: str) -> None:
    stage = Stage()

    def group(child_id: str, names: list[str], strategy: Any) -> ChildSpec:
        specs = [stage.spec(name) for name in names]
        flags = SupervisorFlags(strategy=strategy)
        return ChildSpec(id=child_id, start=Supervisor, args=(specs, flags), type="supervisor")

    broker = group("broker", ["gateway", "orders"], "one_for_all")
    strategies = group("strategies", ["s1", "s2"], "one_for_one")
    root = stage.boot(stage.spec("journal"), broker, strategies, strategy="rest_for_one")
    inner: list[Any] = [line.child for line in which_children(root) if line.type == "supervisor"]
    owners = [one for one in (root, *inner) if isinstance(which_child(one, leaf), tuple)]
    stage.take()
    stage.die(owners[0], leaf, "kill")
    restarted = [line.removeprefix("up ") for line in stage.take() if line.startswith("up ")]
    assert restarted == LEAVES[leaf]


def test_a_supervisor_can_be_added_to_a_running_tree() -> None:
    stage = Stage()
    outer = stage.boot()
    stage.call(start_child, outer, tree(stage, "ab"))
    assert stage.counts(outer) == (1, 1, 1, 0)
    stage.stop(outer)
    stage.check_ended(outer, ["up a", "up b", "down b shutdown", "down a shutdown"])
