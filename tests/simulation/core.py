"""The core level: the product's tree in one thread, a model of the broker behind its port.

``simulate`` runs a plan: faults until a minute before the end, then the liveness phase, in which
nothing goes wrong any more, a person clears what tripped, and at last the market stands still. The
invariants that hold always are looked at whenever something was sent, arrived, was executed or
became durable: nothing else can break them. Those of rest are looked at at the end.
"""

from __future__ import annotations

import heapq
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Final

from robotrader.venue import AlwaysOpen
from supervision import Simulation
from supervision.states import DEAD
from tests.simulation import persons
from tests.simulation.at_rest import BackToReady
from tests.simulation.catalogue import CATALOGUE as FAULTS
from tests.simulation.checkers import resting, watching
from tests.simulation.core_checks import glancing, resting_core, watching_core
from tests.simulation.disk import new_digest, new_disk
from tests.simulation.exchange import Exchange
from tests.simulation.life import live
from tests.simulation.lively import Ends, Pulse
from tests.simulation.market import Market
from tests.simulation.outcome import Breach, Outcome
from tests.simulation.plan import REST_S, Aim, Plan, swarm
from tests.simulation.process import Folder, Process, trader_of
from tests.simulation.rows import LogView, at_end
from tests.simulation.strike import BOOT_NS, Striker
from tests.simulation.timeline import Timeline
from tests.simulation.traders import INSTRUMENTS, LIMITS, strategies
from tests.simulation.traps import ProcessDied, Traps
from tests.simulation.watch import Watch, check_all
from tests.simulation.weather import Weather

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actors import Trader
    from robotrader.domain.records import Record
    from robotrader.risk import Limits
    from robotrader.venue import Execution, Sessions, Venue
    from tests.simulation.port import ModelPort
    from tests.simulation.session import Session
    from tests.simulation.watch import Checker
    from tests.simulation.world import Asked, Sent

S: Final = 1_000_000_000
START_NS: Final = 1_763_994_600 * S
"""2025-11-24 14:30 UTC."""

CLEARED_S: Final = 5.0
"""How long after the last fault a person clears the switch and resumes what was halted."""

FROZEN_S: Final = 15.0
"""How long before the end the market stands still, so that nothing is on its way at the end."""

COMPARED_S: Final = 5.0
"""How long before the end a person has broker and journal compared: what others traded is shown
to us by the next comparison only, which may be a minute away."""

GLANCE_NS: Final = 450_000_000
"""How often it is looked at what may differ for moments."""

MOST_BREACHES: Final = 20


class CoreWorld:
    """The world of one run; see ``world.World`` for what checkers see of it."""

    account: Final = "DU1"
    client_id: Final = 7
    level = "core"
    start_ns = START_NS
    pace = 1  # how many seconds of the market a second takes
    snapshot_records = 60  # so that runs of two minutes have snapshots
    spreads: Any = None  # strategies over several contracts, in place of the others
    most_breaches = MOST_BREACHES  # a hunt of mistakes needs one

    def __init__(self, plan: Plan, *, record: bool) -> None:
        self.plan, self.seed = plan, plan.seed
        self.limits: Limits = LIMITS
        self.system = Simulation(plan.seed, raise_deadlocks=False)
        self.system.observer = self.ends = Ends()
        self.skew_ns = 0
        self.weather = Weather(plan.seed)
        self.log_view = LogView(self)
        self.link_random = Random(f"{plan.seed}/link")
        self.disk = new_disk(plan)
        self.folder = Folder()
        self.digest = new_digest()
        self.log: list[tuple[int, Record]] = []
        self.log_ns: list[int] = []
        self.sent: list[Sent] = []
        self.refused: list[tuple[int, str]] = []
        self.excused: set[str] = set()
        self.coverage: Counter[str] = Counter()
        self.breaches: list[Breach] = []
        self.changed = self.ready = False
        self.life = self.losses = 0
        self.process: Process | None = None
        self.port: ModelPort | None = None
        self.dying = ""
        self.connections: list[tuple[int, int]] = []
        self.sessions: list[Session] = []  # the connections that the process holds
        self.traps = Traps(self)
        self.crash_steps, self.pulse = list[int](), Pulse()  # at which turns the process dies
        self.fail_commit = False
        self._calm_ns: int | None = None
        self.said_ns: int | None = None  # when a person has cleared what the faults have left
        self._watching = Watch([*watching(), *watching_core()])
        self._glancing: list[Checker] = glancing()
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()
        self._replanned = False  # what was planned while the system ran may come first
        self.timeline = Timeline(self, on=record)
        self._set_up()

    def _set_up(self) -> None:
        """Make what another level has otherwise."""
        self.hours: Sessions = AlwaysOpen()
        self.hosts = strategies(self.seed)
        self.exchange = Exchange(self, INSTRUMENTS)
        self.market = Market(self, INSTRUMENTS)
        self.striker = Striker(self)

    # -- what checkers see --

    @property
    def venue(self) -> Venue:
        """The venue."""
        return self.exchange.venue

    @property
    def executions(self) -> list[Execution]:
        """Everything that was ever executed."""
        return self.exchange.executions

    @property
    def asked(self) -> list[Asked]:
        """Every request that reached the venue."""
        return self.exchange.asked

    @property
    def now_ns(self) -> int:
        """The true time, as a stop watch has it."""
        return self.start_ns + self.system.coarse_ns

    @property
    def clock_ns(self) -> int:
        """The market's time; at pace 1 the same."""
        return self.start_ns + self.system.coarse_ns * self.pace

    def stopped_ns(self, clock_ns: int) -> int:
        """Return what the stop watch says at a time of the market."""
        return self.start_ns + (clock_ns - self.start_ns) // self.pace

    @property
    def calm_ns(self) -> int | None:
        """Since when all is well."""
        return self._calm_ns

    @property
    def core(self) -> Process | None:
        """Our process while it lives."""
        return self.process

    def positions(self) -> Mapping[int, Decimal]:
        """The account's shares at the venue."""
        return self.exchange.positions()

    def strategies(self) -> dict[str, int]:
        """Who trades what."""
        return {name: con_id for con_id, named in self.hosts.items() for name in named}

    def cash(self) -> tuple[Decimal, Decimal]:
        """Cash and commissions at the venue."""
        account = self.exchange.books.accounts[self.account]
        return account.cash, account.commissions

    def replayed(self) -> object | None:
        """The fold of the journal as it is on the disk."""
        return None if self.process is None else self.process.replayed()

    # -- time --

    def sim_ns(self) -> int:
        """Nanoseconds since the run began."""
        return self.system.coarse_ns

    def wall_ns(self) -> int:
        """What our machine's clock says."""
        return self.start_ns + self.system.coarse_ns * self.pace + self.skew_ns

    def at(self, sim_ns: int, do: Callable[[], None]) -> None:
        """Call ``do`` at a time of the run."""
        self.system.timers.at(sim_ns, do)

    def after(self, delay_ns: int, do: Callable[[], None]) -> None:
        """Call ``do`` later."""
        self.system.timers.at(self.system.coarse_ns + delay_ns, do)

    # -- what happens --

    def sends(self, sent: Sent) -> None:
        """A request leaves our process."""
        self.sent.append(sent)
        self.changed = True

    def committed(self, fresh: list[tuple[int, Record]]) -> None:
        """Records have become durable."""
        self.log += fresh
        self.log_ns += [self.now_ns] * len(fresh)
        self.changed = True
        for _, record in fresh:
            self.log_view.take(record)
        self.timeline.records(fresh)

    def linked(self, ready: bool) -> None:
        """The link is READY, or not any more."""
        self.losses += self.ready and not ready
        self.ready = ready
        self.judge_calm()

    def judge_calm(self) -> None:
        """See whether all is well since now, or no more."""
        well = self.ready and self.weather.calm and self.process is not None
        if not well:
            self._calm_ns = None
        elif self._calm_ns is None:
            self._calm_ns = self.now_ns

    def reach(self, what: str) -> None:
        """Count that something was reached."""
        self.coverage[what] += 1

    def point(self, name: str, *what: str) -> None:
        """Pass a named point, at which the process may die with ``what`` in hand.

        Raises:
            ProcessDied: it was told to.
        """
        self.coverage[name] += 1
        self.traps.passes(name, what)

    # -- the process --

    def trader(self) -> Trader:
        """Return what our process is made of."""
        return trader_of(self)

    def boot(self) -> None:
        """Start our process."""
        if self.process is None:
            self.timeline.say("boots")
            self.process = Process(self)
            self.judge_calm()

    def die(self, why: str) -> None:
        """End our process at once; heart starts another one."""
        if self.process is None:
            return
        self.timeline.say(f"dies: {why}")
        self.reach("death")
        self.log_view.at_death()
        process, self.process, self.life = self.process, None, self.life + 1
        self.dying, self.crash_steps = "", []
        self.exchange.lapsed.died(self.now_ns)
        self.traps.clear()
        process.die()
        for session in list(self.sessions):
            session.end()
        self.ready = False
        self.judge_calm()
        self.plan_at(self.sim_ns() + BOOT_NS, self.boot)

    # -- running --

    def plan_soon(self, delay_ns: int, do: Callable[[], None]) -> None:
        """Do something from outside of the system after a time."""
        self.plan_at(self.sim_ns() + delay_ns, do)

    def plan_at(self, sim_ns: int, do: Callable[[], None]) -> None:
        """Do something from outside of the system at a time."""
        heapq.heappush(self._agenda, (sim_ns, next(self._numbers), do))
        self._replanned = True

    def run(self) -> None:
        """Run the plan to its end."""
        end_ns = int(self.plan.seconds * S)
        calm_from_ns = max(0, end_ns - int(REST_S * S))
        for fault in self.plan.faults:
            if fault.at_ns < calm_from_ns:
                self.plan_at(fault.at_ns, partial(self.striker.begin, fault))
        self.plan_at(calm_from_ns, self._calm_down)
        self.plan_at(calm_from_ns + int(CLEARED_S * S), partial(persons.see_to, self))
        self.plan_at(end_ns - int(FROZEN_S * S), self.market.freeze)
        self.plan_at(end_ns - int(COMPARED_S * S), self.compare)
        self.at(GLANCE_NS, self._glance)
        self.boot()
        self.market.begin()
        while self._agenda and self._agenda[0][0] < end_ns and not self._broken():
            at_ns, _, do = heapq.heappop(self._agenda)
            self._drive_to(at_ns)
            do()
        self._drive_to(end_ns)
        self._look()
        if not self._broken():
            self.breaches += check_all(self._resting(), self)
        at_end(self)

    def _broken(self) -> bool:
        return len(self.breaches) >= self.most_breaches

    def _resting(self) -> list[Checker]:
        return [*resting(self.exchange.lapsed), *resting_core()]

    def _drive_to(self, sim_ns: int) -> None:
        """Let the system run until a time; do what is planned on the way, and what was since."""
        system = self.system
        while self.sim_ns() < sim_ns and not self._broken():
            planned, self._replanned = self._agenda, False
            until_ns = min(sim_ns, planned[0][0]) if planned else sim_ns
            with suppress(ProcessDied):  # at a point outside of any actor's turn
                system.run(self._must_stop, limit_s=max(0, until_ns - self.sim_ns()) / S)
            if self.dying:
                self.die(self.dying)
            elif self.process is not None and not self.process.alive:
                self._gave_up(self.process)
            elif not self._replanned:
                clock: Any = system.clock
                clock.advance_ns(max(0, until_ns - self.sim_ns()))
            if planned and planned[0][0] <= self.sim_ns() and planned[0][0] < sim_ns:
                heapq.heappop(planned)[2]()

    def _gave_up(self, process: Process) -> None:
        self.reach("root gave up")
        refused = "CorruptJournal" in str(process.root.reason)
        self.reach("refused: corrupt" if refused else "refused: other")
        self.die(f"its root ended: {process.root.reason}")

    def _must_stop(self) -> bool:
        if self.changed:
            self._look()
        steps = self.system.simulated.steps
        if self.crash_steps and steps >= self.crash_steps[0]:
            self.crash_steps.pop(0)
            self.dying = "after so many turns"
        if steps >= self.pulse.due:
            self.pulse.look(self)
        if self.dying or self._replanned or (self.breaches and self._broken()):
            return True
        process = self.process
        return process is not None and process.root.state == DEAD

    def _look(self) -> None:
        self.changed = False
        if not self._broken():
            found = self._watching.look(self)
            self.breaches += found
            for each in found:
                self.timeline.say(f"BREACH {each.checker}: {each.text}")

    def _glance(self) -> None:
        """Look at what may differ for a moment, when nothing is on its way: a timer of the run."""
        self.after(GLANCE_NS, self._glance)
        self.breaches += check_all(self._glancing, self)

    # -- the liveness phase --

    def _calm_down(self) -> None:
        """Nothing goes wrong any more."""
        self.timeline.say("faults stop")
        self.striker.stop()
        self.boot()
        self.judge_calm()

    def compare(self) -> None:
        """Be back to ready by now, without help; then have broker and journal compared."""
        self.breaches += check_all([BackToReady()], self)
        persons.compare(self)


def plan_of(seed: int, seconds: float, aim: Aim | None = None) -> Plan:
    """Draw the faults of a seed; none in the last minute."""
    return swarm(seed, FAULTS, max(0.0, seconds - REST_S), aim)


def simulate(plan: Plan, *, record: bool = False) -> Outcome:
    """Run a plan, and the minute of rest that follows its faults; return what came of it."""
    return live(CoreWorld, plan, record=record)
