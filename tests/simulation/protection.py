"""What is held is protected, whole and no more: seen from the venue, not from what we believe.

B1: an entry never trades before its stop is at the venue. P1: working stops and exits close what is
held, to the share. P2: a stop comes nearer to the market and never goes back (F75).
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from robotrader.domain import NOBODY, Side, accepted, moved
from robotrader.domain import records as rec
from robotrader.execution.identity import is_ours
from robotrader.risk import Level
from robotrader.venue.working import STOPS
from tests.simulation.outcome import Breach
from tests.simulation.watch import ALWAYS, ASKED, EXECUTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.domain import Order, OrderKey
    from tests.simulation.core import CoreWorld
    from tests.simulation.world import World

Move: TypeAlias = rec.FillBooked | rec.PositionAdopted
"""What moves shares, besides corrections: a contract with one of those is left out."""

ZERO: Final = Decimal(0)
S: Final = 1_000_000_000
HARMLESS: Final = frozenset({"thin", "cut_short", "gap", "crossed", "nan", "zero", "wild"})
"""Faults that last and are no reason for a position to lack its stop."""

MOMENT_S: Final = 8
"""A cancel of which the answer was lost is sent again after five seconds; an exit waits for it."""


class LegsComeFirst:
    """B1: when an entry trades, every leg that it was intended with has reached the venue."""

    name = "B1 no half bracket trades"
    reads = EXECUTIONS

    def __init__(self) -> None:
        self._log = self._asked = self._at = 0
        self._legs: defaultdict[str, list[str]] = defaultdict(list)
        self._there: set[str] = set()

    def check(self, world: World) -> list[Breach]:
        """Look at the executions since."""
        for _, record in world.log[self._log :]:
            if isinstance(record, rec.OrderIntended) and record.parent_ref:
                self._legs[record.parent_ref].append(record.ref)
        self._log = len(world.log)
        for asked in world.asked[self._asked :]:
            if asked.order is not None:
                self._there.add(asked.order.order_ref)
        self._asked = len(world.asked)
        new, self._at = world.executions[self._at :], len(world.executions)
        return [
            Breach(self.name, each.time_ns, f"{each.order_ref} traded without {leg}")
            for each in new
            for leg in self._legs.get(each.order_ref, ())
            if leg not in self._there
        ]


class StopsRatchet:
    """P2: a change of a stop brings its trigger nearer to the market."""

    name = "P2 stops ratchet"
    reads = ASKED

    def __init__(self) -> None:
        self._at = 0
        self._triggers: dict[OrderKey, Decimal] = {}

    def check(self, world: World) -> list[Breach]:
        """Look at the requests since."""
        found: list[Breach] = []
        for asked in world.asked[self._at :]:
            order = asked.order
            if order is None or order.order_type not in STOPS or order.aux_price is None:
                continue
            before = self._triggers.get(asked.key, order.aux_price)
            if _further(order, before):
                text = f"{order.order_ref} from {before} to {order.aux_price}"
                found.append(Breach(self.name, asked.at_ns, text))
            self._triggers[asked.key] = order.aux_price
        self._at = len(world.asked)
        exchange = getattr(world, "exchange", None)  # at wire level no change is refused
        while exchange is not None and exchange.unchanged:
            self._triggers.pop(exchange.unchanged.pop(), None)
        return found


def _further(order: Order, before: Decimal) -> bool:
    return order.aux_price is not None and (order.aux_price - before) * order.side.sign > 0


class WholeProtected:
    """P1: working stops and exits close exactly what is held, but for moments.

    A moment is what an answer of the broker and a second try take, from the last of: the difference
    began, all was calm, both sides were compared. Looked at where strategies bring a stop with
    every entry and nobody else has traded; a contract of which a fill was taken back, or that is
    halted, is a person's to look at. What a person adopted and no strategy bought gets no stop.
    """

    name = "P1 all is protected"
    reads = ALWAYS

    def __init__(self) -> None:
        self._log = self._agreed_ns = self._well_ns = 0
        self._changes = -1
        self._since: dict[int, tuple[Decimal, int]] = {}
        self._moves: list[tuple[int, Move]] = []

    def check(self, world: World) -> list[Breach]:
        """Compare positions with what would close them."""
        self._read(world)
        core = cast("CoreWorld", world)
        if core.exchange.changes != self._changes:  # else nothing differs that did not before
            self._changes = core.exchange.changes
            self._compare(world)
        well = core.ready and core.weather.only(HARMLESS)
        self._well_ns = (self._well_ns or world.now_ns) if well else 0
        if not well or not self._agreed_ns:
            return []
        late_ns = world.now_ns - MOMENT_S * S
        late = {con_id: by for con_id, (by, at_ns) in self._since.items()
                if max(at_ns, self._well_ns, self._agreed_ns) < late_ns}  # fmt: skip
        return self._told(world, late) if late else []

    def _compare(self, world: World) -> None:
        """Note since when more or less is held of a contract than would be closed."""
        closing, held = _closing(world), world.positions()
        differ = {con_id: held.get(con_id, ZERO) - closing.get(con_id, ZERO)
                  for con_id in {*held, *closing}}  # fmt: skip
        self._since = {
            con_id: self._since.get(con_id, (ZERO, world.now_ns))
            if self._since.get(con_id, (ZERO, 0))[0] == by
            else (by, world.now_ns)
            for con_id, by in differ.items()
            if by
        }

    def _read(self, world: World) -> None:
        for seq, record in world.log[self._log :]:
            while self._moves and self._moves[-1][0] >= seq:  # a disk has lost what had this number
                self._moves.pop()
            if isinstance(record, (rec.FillBooked, rec.PositionAdopted)):
                self._moves.append((seq, record))
            elif isinstance(record, (rec.Reconciled, rec.SwitchCleared, rec.SymbolResumed)):
                self._agreed_ns = world.now_ns
            elif isinstance(record, rec.SessionBegan):
                self._agreed_ns = 0
        self._log = len(world.log)

    def _told(self, world: World, late: dict[int, Decimal]) -> list[Breach]:
        trading = None if world.core is None else world.core.trading()
        switch = None if world.core is None else world.core.switch()
        flat = any(each.level >= Level.FLATTEN for each in switch.trips) if switch else False
        if trading is None or switch is None or not trading.ready or flat:
            self._agreed_ns = world.now_ns
            return []
        apart = {*trading.halted, *strange(world)}
        self._since |= {con_id: (by, world.now_ns) for con_id, by in late.items()}
        held = world.positions()
        return [
            Breach(self.name, world.now_ns, f"{con_id}: {by} more held than would be closed")
            for con_id, by in sorted(late.items())
            if con_id not in apart and by != self._nobodys(con_id, held.get(con_id, ZERO))
        ]

    def _nobodys(self, con_id: int, held: Decimal) -> Decimal:
        """Return how many of the shares that are held no strategy has bought."""
        left = adopted((each for _, each in self._moves), con_id)
        return min(abs(left), abs(held)).copy_sign(held) if left * held > 0 else ZERO


def _closing(world: World) -> dict[int, Decimal]:
    """Return how many shares stops and exits would close, by contract, below 0 where they are
    bought back; of a group only one fills.
    """
    groups: dict[tuple[int, str], Decimal] = {}
    held = world.positions()
    for key, each in world.venue.live.items():
        order, parent = each.order, each.parent
        if not is_ours(order.order_ref) or order.side is Side.SELL_SHORT:
            continue
        if (order.side is Side.BUY) != (held.get(order.con_id, ZERO) < 0):
            continue
        left = each.remaining
        if parent is not None:
            left = min(left, max(each.allowed(), ZERO))
        where = (order.con_id, each.oca or repr(key))
        groups[where] = max(groups.get(where, ZERO), left)
    found: dict[int, Decimal] = {}
    for (con_id, _), qty in groups.items():
        sign = -1 if held.get(con_id, ZERO) < 0 else 1
        found[con_id] = found.get(con_id, ZERO) + sign * qty
    return found


def adopted(moves: Iterable[Move], con_id: int) -> Decimal:
    """Return the shares of a contract that a person adopted, that no fill brought, and are there.

    A fill of ours that the product took for nobody's is none of them: it is its order's.
    """
    held: dict[str, Decimal] = {}
    for each in moves:
        if each.con_id != con_id:
            continue
        if isinstance(each, rec.FillBooked):
            sign = 1 if each.side == Side.BUY else -1
            changes = moved(held, each.strategy or each.ref, sign * each.qty)
        else:
            changes = accepted(held, each.qty)
        for name, change in changes.items():
            held[name] = held.get(name, ZERO) + change
        if isinstance(each, rec.PositionAdopted):
            rest = each.qty - sum(held.values(), ZERO)
            held[NOBODY] = held.get(NOBODY, ZERO) + rest
    return held.get(NOBODY, ZERO)


def strange(world: World) -> set[int]:
    """Return the contracts that others traded, or in which a fill was corrected."""
    families: set[str] = set()
    found: set[int] = set()
    for each in world.executions:
        family = each.exec_id.rpartition(".")[0]
        if family in families or not is_ours(each.order_ref):
            found.add(each.con_id)
        families.add(family)
    return found
