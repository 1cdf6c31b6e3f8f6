"""Who is told what: a trip holds at once, a start knows the switch, a person's word is taken.

I5h: from a quarter of a second after a trip is in force no entry leaves us, though the trip may
not be durable yet. I5i: an order manager that starts has every scope that is tripped, and awaits
what is to come. L6: what a person has cleared stays clear, and a day has begun. L7: a strategy
holds what its own fills say.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

from robotrader.domain import records as rec
from tests.simulation.emergency import HANDED_NS, Trips
from tests.simulation.lively import held_by
from tests.simulation.outcome import Breach
from tests.simulation.watch import ALWAYS, of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from robotrader.domain.records import Record
    from robotrader.risk import Switch
    from tests.simulation.core import CoreWorld
    from tests.simulation.world import World

NEVER: Final = float("inf")


class InForceAtOnce:
    """I5h, see the module's prose."""

    name = "I5h a trip is in force at once"
    reads = ALWAYS

    def __init__(self) -> None:
        self._log = self._sent = 0
        self._trips = Trips()
        self._since: dict[tuple[str, str], int] = {}
        self._switch: Switch | None = None
        self._life = 0

    def check(self, world: World) -> list[Breach]:
        """Note since when the switch's owner has its trips; look at what left us since."""
        core = cast("CoreWorld", world)
        if core.life != self._life:
            self._life, self._since, self._switch = core.life, {}, None
        switch = None if core.process is None else core.process.switch()
        if switch is not self._switch:  # one that is the same has the trips that it had
            self._switch = switch
            on = {(each.scope, each.trigger) for each in switch.trips} if switch else set()
            self._since = {key: self._since.get(key, world.now_ns) for key in on}
        for _, record in world.log[self._log :]:
            self._trips.take(record, world.now_ns)
        self._log = len(world.log)
        found = [
            Breach(self.name, sent.at_ns, f"{sent.order.order_ref} left, the switch was on")
            for sent in world.sent[self._sent :]
            if sent.order is not None and self._late(sent.order.order_ref) < sent.at_ns
        ]
        self._sent = len(world.sent)
        return found

    def _late(self, ref: str) -> float:
        intent = self._trips.intents.get(ref)
        if intent is None or intent.reduces or intent.wall_ns == 0:
            return NEVER
        scopes = self._trips.scopes(intent)
        since = [at_ns for (scope, _), at_ns in self._since.items() if scope in scopes]
        return min(since, default=NEVER) + HANDED_NS


class _Awaited:
    """Orders that ended with more shares than were booked: fills are still to come."""

    def __init__(self) -> None:
        self._said: dict[str, Decimal] = {}
        self._seen: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._fills: dict[str, str] = {}
        self._corrected: set[str] = set()

    def take(self, record: Record) -> None:
        """Fold one record in."""
        match record:
            case rec.OrderDone():
                self._said[record.ref] = record.cum_filled
            case rec.OrderAcked():
                self._said.pop(record.ref, None)
            case rec.FillBooked():
                self._seen[record.ref] += record.qty
                self._fills[record.family] = record.ref
            case rec.FillCorrected():
                self._corrected.add(self._fills.get(record.family, ""))
            case _:
                pass

    def refs(self) -> set[str]:
        """Return them, but for those of which a fill was corrected."""
        open_ = {ref for ref, said in self._said.items() if said > self._seen[ref]}
        return open_ - self._corrected


class StartsKnowing:
    """I5i, see the module's prose."""

    name = "I5i a start knows the switch"
    reads = of(rec.SessionBegan)

    def __init__(self) -> None:
        self._log = 0
        self._trips, self._awaited = Trips(), _Awaited()

    def check(self, world: World) -> list[Breach]:
        """Look at each session that has begun since."""
        found, after = [], self._log
        for at_ns, (_, record) in zip(world.log_ns[after:], world.log[after:], strict=True):
            self._trips.take(record, at_ns)
            self._awaited.take(record)
            if isinstance(record, rec.SessionBegan):
                lacking = self._lacking(cast("CoreWorld", world), record)
                if lacking:
                    text = f"epoch {record.epoch} knows nothing of {', '.join(lacking)}"
                    found.append(Breach(self.name, world.now_ns, text))
        self._log = len(world.log)
        return found

    def _lacking(self, world: CoreWorld, record: rec.SessionBegan) -> list[str]:
        orders = None if world.process is None else world.process.actor("orders")
        if orders is None or orders.manager._flight is None:
            return []
        begun = record in orders.manager._flight[1].records
        book = orders.manager._desk.book
        should = {scope for scope, _ in self._trips.levels} - set(book.blocked)
        return sorted(should | (self._awaited.refs() - set(book.awaited))) if begun else []


class OwnNumbers:
    """C3: in a life of the process no two connections have the same number."""

    name = "C3 connections have numbers of their own"
    reads = ALWAYS

    def __init__(self) -> None:
        self._at = 0
        self._seen: set[tuple[int, int]] = set()

    def check(self, world: World) -> list[Breach]:
        """Look at the connections since."""
        core, found = cast("CoreWorld", world), []
        for each in core.connections[self._at :]:
            if each in self._seen:
                text = f"connection {each[1]} is another one's too"
                found.append(Breach(self.name, world.now_ns, text))
            self._seen.add(each)
        self._at = len(core.connections)
        return found


class PersonsAreHeard:
    """L6, see the module's prose; at rest."""

    name = "L6 a person is heard"

    def check(self, world: World) -> list[Breach]:
        """Look for trips that are older than their clearing."""
        core, trips = cast("CoreWorld", world), Trips()
        for at_ns, (_, record) in zip(world.log_ns, world.log, strict=True):
            trips.take(record, at_ns)
        late = sorted({scope for (scope, _), (_, at_ns) in trips.levels.items()
                       if core.said_ns is not None and at_ns < core.said_ns})  # fmt: skip
        found = [f"{scope} was cleared and is tripped" for scope in late]
        ledger = None if core.process is None else core.process.ledger()
        if ledger is not None and ledger.cash is not None and not ledger.day:
            found.append("no day has begun")
        return [Breach(self.name, world.now_ns, text) for text in found]


class HoldingsAreOwn:
    """L7, see the module's prose; at rest, where nobody else has traded or closed a position."""

    name = "L7 holdings are own fills"

    def check(self, world: World) -> list[Breach]:
        """Compare what the order manager has of each strategy with its fills."""
        core = cast("CoreWorld", world)
        orders = None if core.process is None else core.process.actor("orders")
        if orders is None:
            return []
        named = world.strategies()
        others = {
            record.con_id
            for _, record in world.log
            if isinstance(record, rec.PositionAdopted | rec.FillBooked)
            if _of_others(record, named)
        }
        book, own = orders.manager._desk.book, held_by(world)
        return [
            Breach(self.name, world.now_ns, f"{name} has {has}, its fills say {own[name]}")
            for name, con_id in world.strategies().items()
            if con_id not in others
            if (has := book.holdings.get((name, con_id), 0)) != own[name]
        ]


def _of_others(record: rec.PositionAdopted | rec.FillBooked, named: Mapping[str, int]) -> bool:
    """Whether somebody else than a strategy has changed what is held."""
    return isinstance(record, rec.PositionAdopted) or record.strategy not in named
