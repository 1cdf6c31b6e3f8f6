"""The wire level: our real client's bytes against the emulated gateway; see ``run``."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from actors.say import HurryUp
from robotrader.domain import LinkState
from robotrader.domain.records import SwitchCleared, SymbolResumed
from tests.simulation.checkers import resting
from tests.simulation.outcome import Outcome
from tests.simulation.plan import swarm
from tests.simulation.processor import one_processor
from tests.simulation.strike import BOOT_NS
from tests.simulation.uncollected import uncollected
from tests.simulation.watch import check_all
from tests.simulation.wire_checks import resting_wire
from tests.simulation.wire_faults import CATALOGUE, Faults, with_row
from tests.simulation.wire_tree import S
from tests.simulation.wire_world import WireWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.plan import Aim, Plan

REST_S: Final = 70.0
"""How long all is well before everything has to agree: what others trade by hand is learned by the
order manager's round, which comes every minute."""

CLEARED_S: Final = 5.0
LOOKS: Final = 6
"""How often and after how long a person sees to the gateway, the switch and what was halted: an
attempt to connect that began with the last fault is given up ten seconds later."""

FROZEN_S: Final = 15.0
"""How long before the end the market stands still, so that nothing is on its way at the end."""


def plan_of(seed: int, seconds: float, aim: Aim | None = None) -> Plan:
    """Draw the faults of a seed; none in the last part, in which all is well."""
    plan = swarm(seed, CATALOGUE, max(0.0, seconds - REST_S), aim)
    return plan if aim is not None else with_row(plan)


def simulate(plan: Plan, *, record: bool = False, seconds: float | None = None) -> Outcome:
    """Run a plan, let all be well, then compare everything."""
    with one_processor():
        return uncollected(partial(_run, plan, record=record, seconds=seconds))


def _run(plan: Plan, *, record: bool, seconds: float | None) -> Outcome:
    whole_s = plan.seconds + REST_S if seconds is None else seconds
    with _silence():
        world = WireWorld(plan.seed, record=record)
        try:
            _storm(world, plan)
            if not world.breaches:
                _rest(world, whole_s)
        finally:
            world.close()
    return Outcome(
        seed=plan.seed,
        level="wire",
        seconds=whole_s,
        trace_hash=world.trace_hash,
        events=world.system.steps,
        breaches=tuple(world.breaches),
        coverage=dict(world.coverage),
        timeline=tuple(world.timeline),
        faults=tuple(each.id for each in plan.faults),
    )


@contextmanager
def _silence() -> Iterator[None]:
    """Let nothing be logged: hundreds of crashes with their stacks cost more than the run."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _storm(world: WireWorld, plan: Plan) -> None:
    faults = Faults(world)
    moments = [(each.at_ns, 0, each) for each in plan.faults]
    moments += [(each.until_ns, 1, each) for each in plan.faults if each.lasts_ns]
    for at_ns, over, fault in sorted(moments, key=lambda each: (each[0], each[1], each[2].id)):
        _until(world, faults, at_ns)
        (faults.end if over else faults.begin)(fault)
    _until(world, faults, round(plan.seconds * S))
    faults.stop()


def _until(world: WireWorld, faults: Faults, at_ns: int) -> None:
    """Let time pass; what did not start is started again and again, as heart does it."""
    while faults.missing and world.since_ns() + BOOT_NS < at_ns:
        world.run_until(world.since_ns() + BOOT_NS)
        faults.revive()
    world.run_until(at_ns)


def _rest(world: WireWorld, whole_s: float) -> None:
    """Let time pass, with a person's help and at last no market; then compare."""
    world.say("the faults are over")
    for _ in range(LOOKS):
        world.run_until(world.since_ns() + round(CLEARED_S * S))
        _clear(world)
    world.run_until(round((whole_s - FROZEN_S) * S))
    world.gateway.market.quiet = set(world.gateway.instruments)
    world.run_until(round(whole_s * S))
    # A link that comes back after its longest wait leaves strategies 15 s, in which their entries
    # may wait for a price, or be given up.
    world.breaches += check_all([*resting_wire(), *resting(patient=True)], world)
    world.coverage["executions"] += len(world.executions)
    world.coverage["connections"] += len(world.clients)
    world.coverage["messages"] += len(world.messages)


def _clear(world: WireWorld) -> None:
    """Do what a person does: say that the gateway is fine, clear the switch, resume contracts."""
    if world.life is None or world.core is None:
        return
    role, switch, trading = world.life.trader.role, world.core.switch(), world.core.trading()
    port = world.life.port()
    if port is not None and port.link.state is LinkState.NEEDS_HUMAN:
        role("gateway").tell(HurryUp())
    for scope in sorted({trip.scope for trip in switch.trips} if switch else ()):
        role("journal").tell(SwitchCleared(scope=scope, who="ann", why="calm again"))
    for con_id in sorted(trading.halted if trading else ()):
        if con_id in world.strange():
            continue  # nobody has adopted what others traded
        role("journal").tell(SymbolResumed(con_id=con_id, who="ann", why="looked at"))
