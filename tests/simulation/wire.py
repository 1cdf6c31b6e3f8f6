"""The wire level: our real client's bytes against the emulated gateway; see ``run``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actors.say import HurryUp
from robotrader.domain import LinkState
from tests.simulation.checkers import check_all, resting
from tests.simulation.outcome import Outcome
from tests.simulation.plan import swarm
from tests.simulation.wire_checks import resting_wire
from tests.simulation.wire_faults import CATALOGUE, Faults
from tests.simulation.wire_tree import BAR_S, S
from tests.simulation.wire_world import WireWorld

if TYPE_CHECKING:
    from tests.simulation.plan import Plan

CALM_S: Final = 60
"""How long it may take after the last fault until everything is as it should be."""


def plan_of(seed: int, seconds: float) -> Plan:
    """Draw the faults of a seed."""
    return swarm(seed, CATALOGUE, seconds)


def simulate(plan: Plan, *, record: bool = False) -> Outcome:
    """Run a plan, then a calm minute, then compare everything."""
    world = WireWorld(plan.seed, record=record)
    try:
        _storm(world, plan)
        if not world.breaches:
            _rest(world)
    finally:
        world.close()
    return Outcome(
        seed=plan.seed,
        level="wire",
        seconds=plan.seconds,
        trace_hash=world.trace_hash,
        events=world.system.steps,
        breaches=tuple(world.breaches),
        coverage=dict(world.coverage),
        timeline=tuple(world.timeline),
        faults=tuple(each.id for each in plan.faults),
    )


def _storm(world: WireWorld, plan: Plan) -> None:
    faults = Faults(world)
    moments = [(each.at_ns, 0, each) for each in plan.faults]
    moments += [(each.until_ns, 1, each) for each in plan.faults if each.lasts_ns]
    for at_ns, over, fault in sorted(moments, key=lambda each: (each[0], each[1], each[2].id)):
        world.run_until(at_ns)
        (faults.end if over else faults.begin)(fault)
    world.run_until(round(plan.seconds * S))
    faults.stop()


def _rest(world: WireWorld) -> None:
    """Let a minute pass, then look between two bars, when nothing should be under way."""
    world.say("the faults are over")
    _hurry(world)
    until_ns = world.since_ns() + CALM_S * S
    until_ns += -until_ns % (BAR_S * S) - S
    world.run_until(until_ns)
    world.breaches += check_all([*resting(), *resting_wire()], world)
    for role in ("orders", "gateway", "data", "account"):
        world.coverage[f"alive {role}"] += world.life is not None and bool(world.life.actor(role))
    world.coverage["executions"] += len(world.executions)
    world.coverage["connections"] += len(world.clients)
    world.coverage["messages"] += len(world.messages)


def _hurry(world: WireWorld) -> None:
    """Say what a person says who has seen to the gateway: it is fine again."""
    port = None if world.life is None else world.life.port()
    if port is not None and port.link.state is LinkState.NEEDS_HUMAN:
        assert world.life is not None, "it has a port"
        world.life.trader.role("gateway").tell(HurryUp())
