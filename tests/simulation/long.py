"""The long level: a trading week of the core level's world, with the calendar as it is.

Sessions, nights, a weekend, holidays, changed clocks; the gateway's restart every night and its
login on Sunday; orders for the day and for longer; limits and statements of a day. The product is
configured as for simulated days (``sim.speed``, ``sim.calendar``): an hour of the market takes a
minute, and what bears with the delays of machines is scaled as the product does it itself. Faults
come a few an hour; what lasts a minute of ours lasts an hour of the market's.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.app.building import at_pace
from robotrader.gateway import LinkRules, RestartWindow
from robotrader.market import LineRules
from robotrader.risk import TripRules, Usd
from tests.simulation import persons
from tests.simulation.catalogue import CATALOGUE
from tests.simulation.checkers import resting, watching
from tests.simulation.core import CoreWorld
from tests.simulation.days import DayIsToday, DaysBegin, EntriesOfADay, LossTrips, statement
from tests.simulation.exchange import Exchange
from tests.simulation.life import live
from tests.simulation.lively import StillTrades
from tests.simulation.long_market import MINUTE_NS, LongMarket, long_strategies
from tests.simulation.plan import REST_S, Fault, Kind, Plan, swarm
from tests.simulation.process import LINK
from tests.simulation.protection import WholeProtected
from tests.simulation.strike import Striker
from tests.simulation.traders import INSTRUMENTS, LIMITS
from tests.simulation.watch import Watch, check_all
from tests.simulation.week import NEW_YORK, PACE, every_night, sessions_in, table, week_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors import Trader
    from tests.simulation.outcome import Outcome
    from tests.simulation.watch import Checker

S: Final = 1_000_000_000
HOUR_NS: Final = 3_600 * S
RARER: Final = 20
"""How much rarer faults are than at the core level."""

LEFT_OUT: Final = frozenset({"day_roll", "rolls_dead", "manual", "correct_qty"})
"""The day ends here by itself. What others trade, and what is taken back of a fill, only a person
could end: see ``soak``."""

WINDOW: Final = RestartWindow(at="23:45", tz="America/New_York")
SUNDAY: Final = 6
CALM_NS: Final = 30 * S
"""So long a statement wants all to be well before it."""

FAULTS: Final = {
    cls: tuple(
        msgspec.structs.replace(each, per_min=each.per_min / RARER)
        for each in kinds
        if each.name not in LEFT_OUT
    )
    + ((Kind("off", 0.05, lasts_s=(20.0, 1_000.0)),) if cls == "process" else ())
    for cls, kinds in CATALOGUE.items()
}  # fmt: skip
"""Those of the core level, rarer; and a machine that is off for up to a night."""


class LongStriker(Striker):
    """Also switches the machine off."""

    def _off(self, fault: Fault) -> None:
        world = self.world
        assert isinstance(world, LongWorld)
        world.off_until_ns = max(world.off_until_ns, world.sim_ns() + fault.lasts_ns)
        world.die(f"fault {fault.id}: off")

    def stop(self) -> None:
        """End it too."""
        super().stop()
        assert isinstance(self.world, LongWorld)
        self.world.off_until_ns = 0


class LongWorld(CoreWorld):
    """See the module's prose."""

    level = "long"
    pace = PACE
    snapshot_records = 1_000

    def __init__(self, plan: Plan, *, record: bool) -> None:
        self.start_ns = week_of(plan.seed).begin_ns
        super().__init__(plan, record=record)

    def _set_up(self) -> None:
        self.off_until_ns = 0
        self.day_equity: Decimal | None = None
        self.loss_usd = Decimal(60)
        limits = at_pace(LIMITS, self.pace, "max_quote_lead_ms", "max_clock_skew_ms",
                         "margin_age_ms", "max_quote_age_ms")  # fmt: skip
        self.limits = msgspec.structs.replace(
            limits, max_orders_per_day=90, max_daily_loss_usd=Usd(self.loss_usd)
        )
        self.hours = table()
        self.hosts = long_strategies(self.seed)
        self.exchange = Exchange(self, INSTRUMENTS)
        self.market = LongMarket(self, INSTRUMENTS)
        self.striker = LongStriker(self)
        self._days = DaysBegin()
        # The other checkers of the core level count in seconds of a market that goes no faster.
        self._watching = Watch(
            [*watching(), WholeProtected(), self._days, LossTrips(), EntriesOfADay()]
        )
        self._glancing = []

    def trader(self) -> Trader:
        """Return our process as it is on simulated days."""
        line = LineRules(primary="ibkr", size_ns=MINUTE_NS)
        edge = at_pace(line.edge, self.pace, "ahead_ns", "old_ns")
        line = at_pace(line, self.pace, "grace_ns", "silent_ns")
        lines = dict.fromkeys(self.hosts, msgspec.structs.replace(line, edge=edge))
        trips = at_pace(TripRules(), self.pace, "stale_after_ms", "disconnected_ms", "max_skew_ms")
        made = super().trader()
        settings = msgspec.structs.replace(made.settings, link=link_at(self.pace))
        return replace(made, lines=lines, trips=trips, settings=settings, pace=float(self.pace),
                       restart_at_ns=WINDOW.announced_ns)  # fmt: skip

    # -- time, worth --

    def clock_of(self, now_ns: int) -> int:
        """Return the market's time at a time of the stop watch."""
        return self.start_ns + (now_ns - self.start_ns) * self.pace

    def _sim_of(self, clock_ns: int) -> int:
        return -(-(clock_ns - self.start_ns) // self.pace)

    def equity(self) -> Decimal:
        """Return what the account is worth at the venue."""
        return self.exchange.books.equity(self.account)

    def worth(self) -> Decimal:
        """Return what is held there, longs and shorts added up."""
        prices = self.exchange.books.prices
        return sum((abs(qty) * Decimal(str(prices.get(con_id, 0.0)))
                    for con_id, qty in self.positions().items()), Decimal(0))  # fmt: skip

    def strange(self) -> bool:
        """Whether our books may differ from the venue's just now: something is on its way."""
        return self.calm_ns is None or self.now_ns - self.calm_ns < CALM_NS

    # -- running --

    def boot(self) -> None:
        """Start our process, unless its machine is off."""
        if self.sim_ns() < self.off_until_ns:
            self.plan_at(self.off_until_ns, self.boot)
        else:
            super().boot()

    def run(self) -> None:
        """Run the plan in its week."""
        begin_ns, end_ns = self.start_ns, self.clock_of(self.start_ns + int(self.plan.seconds * S))
        calm_ns = end_ns - int(REST_S * S) * self.pace
        for session in sessions_in(begin_ns, end_ns):
            for at_ns in (session.close_ns, session.extended_close_ns):
                self._plan_clock(at_ns, self.exchange.pass_time)
            for at_ns in (session.open_ns - HOUR_NS // 2, session.open_ns + 3 * HOUR_NS):
                self._plan_clock(at_ns, partial(persons.see_to, self))
            self._plan_clock(session.extended_close_ns + HOUR_NS, self._state)
        for at_ns in every_night(begin_ns, min(calm_ns, end_ns), dt.time(23, 45)):
            self._plan_clock(at_ns, partial(self._restart, at_ns))
        super().run()

    def _plan_clock(self, clock_ns: int, do: Callable[[], None]) -> None:
        if clock_ns > self.start_ns:
            self.plan_at(self._sim_of(clock_ns), do)

    def _restart(self, at_ns: int) -> None:
        """Let the gateway restart, as every night; on Sunday somebody has to log in."""
        own = Random(f"{self.seed}/{at_ns}")
        sunday = dt.datetime.fromtimestamp(at_ns // S, NEW_YORK).weekday() == SUNDAY
        kind, most_s = ("login_wall", 60.0) if sunday else ("gateway_down", 5.0)
        lasts_ns = int(own.uniform(0.5, most_s) * S)
        number = -(at_ns // HOUR_NS)
        self.striker.begin(Fault(number, self.sim_ns(), "broker", kind, lasts_ns=lasts_ns))

    def _state(self) -> None:
        """Compare both sides in the evening, if all is well."""
        trading = None if self.process is None else self.process.trading()
        calm_ns = self.calm_ns
        if calm_ns is None or self.now_ns - calm_ns < CALM_NS or trading is None or trading.halted:
            return
        self.reach("statement")
        found = check_all(statement(self.exchange.lapsed), self)
        self.breaches += found
        for each in found:
            self.timeline.say(f"BREACH {each.checker}: {each.text}")

    def _resting(self) -> list[Checker]:
        begun_ns = self.clock_ns - int(REST_S * S) * self.pace
        is_open = all(self.hours.is_open(at, outside_rth=False) for at in (begun_ns, self.clock_ns))
        trades = [StillTrades(patient=True)] if is_open else []
        others = (
            each for each in resting(self.exchange.lapsed) if not isinstance(each, StillTrades)
        )
        return [DayIsToday(self._days), *others, *trades]


def link_at(pace: int) -> LinkRules:
    """Return the link's patience in the market's time."""
    names = [name for name in LINK.__struct_fields__ if name.endswith("_s")]
    scaled = {name: getattr(LINK, name) * pace for name in names}
    return msgspec.structs.replace(LINK, windows=(WINDOW,), **scaled)


def plan_of(seed: int, seconds: float) -> Plan:
    """Draw the faults of a seed; none in the last minute."""
    return swarm(seed, FAULTS, max(0.0, seconds - REST_S))


def simulate(plan: Plan, *, record: bool = False) -> Outcome:
    """Run a plan, and the hour of rest that follows its faults; return what came of it."""
    return live(LongWorld, plan, record=record)
