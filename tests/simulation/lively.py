"""The system does its work: no actor crashes but by a fault, and strategies trade once all is well.

A system that does nothing keeps every other invariant. Seeded mistakes have shown it: one that had
the order manager crash with every order was found by nobody.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pykka

from actors import StrategyActor
from robotrader.domain import Side
from robotrader.domain import records as rec
from robotrader.domain.errors import OrderError
from robotrader.journal import JournalError
from supervision.errors import ActorStartError, SupervisionError
from supervision.observe import NullObserver
from supervision.reasons import Crash
from supervision.states import ALIVE
from tests.simulation.outcome import Breach
from tests.simulation.protection import strange
from tests.simulation.watch import CRASHES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from supervision.cell import Cell
    from supervision.reasons import ExitReason
    from tests.simulation.core import CoreWorld
    from tests.simulation.world import World

ZERO: Final = Decimal(0)
S: Final = 1_000_000_000
MOST_TURNS: Final = 50_000
"""A second has a few hundred turns, a burst some thousand."""

WINDOW_S: Final = 45
"""How long before the end everybody begins to trade: the switch is cleared, the market moves."""

_AS_WANTED: Final = frozenset({rec.Ending.FILLED, rec.Ending.CANCELLED})

_OTHERS: Final = (JournalError, SupervisionError, ActorStartError, pykka.ActorDeadError,
                  pykka.Timeout)  # fmt: skip
"""What ends an actor whose disk has failed, or whose partner is gone or silent."""


class Ends(NullObserver):
    """Hears of every crash of an actor: who, and of what."""

    def __init__(self) -> None:
        self.crashes: list[str] = []
        """Those of which no fault is the reason."""

    def ended(self, cell: Cell, reason: ExitReason) -> None:
        """Keep a crash that no fault explains."""
        if isinstance(reason, Crash) and not _explained(reason.cause):
            self.crashes.append(f"{type(cell.actor).__name__}: {reason.cause!r}")


def _explained(error: BaseException) -> bool:
    if not isinstance(error, Exception):
        return True  # told to die, or fenced off
    if isinstance(error, OrderError):
        return "the journal refuses" in str(error)
    return isinstance(error, _OTHERS)


class Pulse:
    """L6: time goes on. Whoever asks for a turn at once, again and again, stops a virtual clock."""

    name = "L6 time goes on"

    def __init__(self) -> None:
        self.due = MOST_TURNS
        self._at_ns = -1

    def look(self, world: CoreWorld) -> None:
        """See whether the clock has moved within so many turns; end the process if it has not."""
        self.due = world.system.steps + MOST_TURNS
        if world.sim_ns() == self._at_ns:
            text = f"{MOST_TURNS} turns and the clock has not moved"
            world.breaches.append(Breach(self.name, world.now_ns, text))
            world.dying = text
        self._at_ns = world.sim_ns()


class OnlyFaultsCrash:
    """No actor crashes but by a fault: an exception of our own is a defect."""

    name = "L3 only faults crash an actor"
    reads = CRASHES

    def __init__(self) -> None:
        self._at = 0

    def check(self, world: World) -> list[Breach]:
        """Look at the crashes since."""
        crashes = world.ends.crashes
        found = [Breach(self.name, world.now_ns, each) for each in crashes[self._at :]]
        self._at = len(crashes)
        return found


class StillTrades:
    """Once all is well, every strategy that holds nothing enters again.

    ``patient``: strategies of which an entry may wait for its price for longer than the window, so
    that one that works, or has worked in it and was filled or taken back, is a deed. Whether it
    does work at the venue is for ``BooksAgree`` to say.
    """

    name = "L4 still trades"

    def __init__(self, *, patient: bool = False) -> None:
        self._patient = patient

    def check(self, world: World) -> list[Breach]:
        """Look for what each strategy did in the calm before the market stands still."""
        core = world.core
        switch = None if core is None else core.switch()
        trading = None if core is None else core.trading()
        if switch is None or trading is None or switch.trips:
            return []  # said by I7, or as a person wants it
        lively, symbols, held = _lively(world), world.strategies(), held_by(world)
        lively |= _waiting(world) if self._patient else set()
        # Of what others have sold it may be more than the strategy had: then it waits for a person.
        apart = {*trading.halted, *_taken_back(world), *strange(world)}
        return [
            Breach(self.name, world.now_ns, f"{name} holds {held[name]} and did nothing")
            for name, con_id in sorted(symbols.items())
            if name not in lively and not held[name] and con_id not in apart
        ]


class StrategiesKnow:
    """At rest every strategy believes that it has what the fold of the journal says it has."""

    name = "L5 strategies know what they have"

    def check(self, world: World) -> list[Breach]:
        """Compare them."""
        core = world.core
        return [
            Breach(self.name, world.now_ns, f"{name} believes in {believes}, it has {has}")
            for name, (believes, has) in sorted((core.believed() if core else {}).items())
            if believes != has
        ]


def believed(gate: Any, cells: Iterable[Cell]) -> dict[str, tuple[Decimal, Decimal]]:
    """Return what live strategies believe to have, and what the gate says that they have."""
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for cell in cells:
        actor: Any = cell.actor
        if gate is None or not isinstance(actor, StrategyActor) or cell.state != ALIVE:
            continue
        if actor._host is not None:
            for con_id, believes in actor.host.positions.items():
                has = gate.keeper.standings.standing(actor.name, con_id)
                found[f"{actor.name} of {con_id}"] = believes, has.position
    return found


def _lively(world: World) -> set[str]:
    """Return who intended an order in the window, or held something that was closed in it."""
    since_ns = world.now_ns - WINDOW_S * S
    return {
        record.strategy
        for at_ns, (_, record) in zip(world.log_ns, world.log, strict=True)
        if at_ns >= since_ns and isinstance(record, rec.OrderIntended | rec.FillBooked)
    }


def _waiting(world: World) -> set[str]:
    """Return whose entry works, or worked in the window until the broker ended it as wanted."""
    since_ns = world.now_ns - WINDOW_S * S
    entries: dict[str, str] = {}
    for at_ns, (_, record) in zip(world.log_ns, world.log, strict=True):
        if isinstance(record, rec.OrderIntended) and not record.reduces:
            entries[record.ref] = record.strategy
        elif isinstance(record, rec.OrderDone) and (
            at_ns < since_ns or record.ending not in _AS_WANTED
        ):
            entries.pop(record.ref, None)
    return set(entries.values())


def _taken_back(world: World) -> set[int]:
    """Return the contracts in which the broker took part of a fill back.

    It may go on counting those shares as filled; then they are awaited, and block an exit.
    """
    fills = {each.family: each for _, each in world.log if isinstance(each, rec.FillBooked)}
    return {
        fills[record.family].con_id
        for _, record in world.log
        if isinstance(record, rec.FillCorrected) and record.family in fills
        if record.qty != fills[record.family].qty
    }


def held_by(world: World) -> defaultdict[str, Decimal]:
    """Return what each strategy's own fills come to."""
    fills: dict[str, tuple[str, int, Decimal]] = {}
    for _, record in world.log:
        if isinstance(record, rec.FillBooked):
            sign = Side(record.side).sign
            fills.setdefault(record.family, (record.strategy, sign, record.qty))
        elif isinstance(record, rec.FillCorrected) and record.family in fills:
            name, sign, _ = fills[record.family]
            fills[record.family] = (name, sign, record.qty)
    held: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for name, sign, qty in fills.values():
        held[name] += sign * qty
    return held
