"""A pair on the real tree: as the engine trades it, and balanced whatever goes wrong."""

from __future__ import annotations

import gc
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from robotrader.backtest import Engine, Setup
from robotrader.domain import records as rec
from robotrader.risk import Ratio
from robotrader.strategies import (
    Params,
    Spread,
    SpreadContext,
    SpreadHost,
    State,
    StopKind,
    StopRule,
)
from robotrader.venue import AlwaysOpen
from tests.simulation.core import START_NS, CoreWorld, plan_of
from tests.simulation.core_checks import codes
from tests.simulation.exchange import CASH
from tests.simulation.market import BAR_S, S
from tests.simulation.plan import REST_S, Plan
from tests.simulation.protection import strange
from tests.simulation.test_backtest import Lived, entries
from tests.simulation.traders import INSTRUMENTS, LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from robotrader.domain import Bar

LEGS: Final = INSTRUMENTS[:2]
SHORTS: Final = msgspec.structs.replace(
    LIMITS, allow_short=True, short_needs_borrow=False, max_net=Ratio(LIMITS.max_gross)
)
NAME: Final = "turns/AAPL-KO"
SEEDS: Final = range(1, 5)


class Turns(Spread[Params, State]):
    """In for two rows, out for one: 12 shares of the first against 8 of the second."""

    def on_bars(self, ctx: SpreadContext, bars: tuple[Bar, ...]) -> None:
        """Trade."""
        turn = bars[0].end_ns // (BAR_S * S) % 3
        if turn == 0:
            ctx.enter((3.0, -2.0), 4)
        elif turn == 2 and any(ctx.positions):
            ctx.close("enough")


def made(percent: float = 0.1) -> SpreadHost:
    rule = StopRule(kind=StopKind.PERCENT, value=percent)
    return SpreadHost(Turns(Params()), name=NAME, instruments=LEGS, stop=rule)


FAR: Final = 5.0


class Calm(Lived):
    """Nothing goes wrong, and what the market says is kept; no stop is near enough to fire.

    Where one fires, the tree answers the fill of one leg while the broker still speaks of it: whose
    record comes first is a matter of microseconds, and the engine has no second answer.
    """

    def __init__(self, seed: int, seconds: float) -> None:
        self.spreads = {NAME: (LEGS, partial(made, FAR))}
        super().__init__(seed, seconds)
        self.limits = SHORTS
        self.excused |= codes()  # they know of no strategy over several contracts
        self._glancing = []

    def strategies(self) -> dict[str, int]:
        """L4 asks of strategies of one contract."""
        return {}


class Rough(CoreWorld):
    """With a seed's faults; stops are near, and fire."""

    def __init__(self, plan: Plan) -> None:
        self.spreads = {NAME: (LEGS, made)}
        super().__init__(plan, record=False)
        self.limits = SHORTS
        self.excused |= codes()
        self._glancing = []

    def strategies(self) -> dict[str, int]:
        """L4 asks of strategies of one contract."""
        return {}


def lived(world: CoreWorld) -> None:
    level, collects = logging.root.manager.disable, gc.isenabled()
    logging.disable(logging.CRITICAL)
    gc.disable()
    try:
        world.run()
    finally:
        logging.disable(level)
        world.system.close()
        if collects:
            gc.enable()


def by_contract(records: list[rec.Record]) -> dict[int, list[tuple[str, dict[str, Any]]]]:
    """Return the entries of each contract in their order, 0 for those of none.

    Both legs are on their way at once, with delays of their own, so that only the order within a
    contract is the same everywhere; an order is called by its number in its contract.
    """
    names: dict[str, str] = {}
    places: dict[str, int] = {}
    found: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    for name, fields in entries(records):
        ref = str(fields.get("ref", ""))
        if name == "OrderIntended":
            places[ref] = int(fields["con_id"])
            count = sum(each == places[ref] for each in places.values())
            names[ref] = f"order {count} of {places[ref]}"
        said = {k: names.get(v, v) if isinstance(v, str) else v for k, v in fields.items()}
        found.setdefault(int(fields.get("con_id", places.get(ref, 0))), []).append((name, said))
    loose = [each for each in found.pop(0) if each[0] == "CommissionBooked"]
    found[0] = sorted(loose, key=lambda each: str(each[1]))
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_a_pair_on_the_tree_and_in_the_engine_have_one_journal(seed: int) -> None:
    world = Calm(seed, 120.0)
    lived(world)
    assert not [each for each in world.breaches if each.checker.split()[0] not in world.excused]
    setup = Setup(
        instruments=INSTRUMENTS, cash=CASH, limits=SHORTS, sessions=AlwaysOpen(),
        account=world.account,
    )  # fmt: skip
    result = Engine(setup, [made(FAR)]).run(world.tape, begin_ns=START_NS + BAR_S * S)
    one = by_contract([record for _, record in world.log])
    other = by_contract(list(result.records))
    assert one == other
    fills = [name for own in one.values() for name, _ in own if name == "FillBooked"]
    assert len(fills) >= 4 * 6, "six times in and out with both legs"


@pytest.mark.parametrize("role", ["symbol:1", "symbol:2", "risk"])
def test_it_trades_on_after_a_symbol_or_itself_has_died(role: str) -> None:
    """Who feeds it then is another one, and has to be asked to."""
    world, died_s = Calm(3, 120.0), 40.0

    def kill() -> None:
        assert world.process is not None
        cell = world.process.cell(role)
        assert cell is not None
        cell.ref.kill()

    world.plan_at(int(died_s * S), kill)
    lived(world)
    assert [each for each in world.breaches if "L3" not in each.checker] == []
    late_ns = START_NS + int((died_s + 20) * S)
    traded = {
        record.con_id
        for at_ns, (_, record) in zip(world.log_ns, world.log, strict=True)
        if isinstance(record, rec.FillBooked) and at_ns > late_ns
    }
    assert traded == {each.con_id for each in LEGS}


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_goes_wrong_the_legs_are_balanced_in_the_end(seed: int) -> None:
    """All invariants of the simulation hold, too: no order twice, no fill lost, limits kept."""
    plan = plan_of(seed, 120.0)
    world = Rough(Plan(seed, plan.seconds + REST_S, plan.classes, plan.faults))
    held: list[Mapping[int, Decimal]] = []

    def look() -> None:
        gate: Any = None if world.process is None else world.process.actor("risk")
        if gate is not None:
            standings = gate.keeper.standings
            held.append({e.con_id: standings.standing(NAME, e.con_id).position for e in LEGS})

    world.plan_at(int((plan.seconds + REST_S) * S) - 1, look)
    lived(world)
    assert not [each for each in world.breaches if each.checker.split()[0] not in world.excused]
    (last,) = held
    if strange(world) & last.keys():  # what others sold of it, a person books
        return
    assert last[1] * 2 + last[2] * 3 == 0, last


def test_seeds_reach_what_they_are_for() -> None:
    """Faults kill symbols and the process while a leg is on its way, and pairs are traded."""
    reached: dict[str, int] = {}
    for seed in SEEDS:
        for each in plan_of(seed, 120.0).faults:
            reached[each.cls] = reached.get(each.cls, 0) + 1
    assert set(reached) >= {"process", "network", "broker"}


@pytest.mark.deep
@pytest.mark.timeout(3_600)
def test_many_seeds_leave_no_leg_alone() -> None:
    run = partial(test_whatever_goes_wrong_the_legs_are_balanced_in_the_end)
    seeds = range(5, 305)
    for seed in seeds:
        run(seed)
    assert len(seeds) == 300, "each without a breach"
