"""Every contract's part of the projection, computed anew only where something in it is new.

An account of five hundred positions is looked at before each order and after each fill, and between
two looks a few prices and one holding are new. So each contract's part is kept: what its trades
left as long as it has the same holding, what that is worth as long as it has the same price. The
sums are of blocks: what has as many decimals as before is taken in by what it grew, so that the sum
has the digits that adding everything up would show; where it has not, its block is added up anew.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal, Inexact, getcontext
from typing import TYPE_CHECKING, Final, NamedTuple

from robotrader.ledger.log import Log
from robotrader.ledger.lots import Holding
from robotrader.ledger.marks import Marks
from robotrader.ledger.money import ZERO, market_price
from robotrader.ledger.view import PositionView, StrategyView, average

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from robotrader.ledger.history import History
    from robotrader.ledger.log import Mark

BLOCK: Final = 32
"""Parts that are added up together: about the root of what a large account has."""


class _Part(NamedTuple):
    """What a strategy has in one contract; of its shares, None if it has none."""

    realized: Decimal
    cost: Decimal
    qty: Decimal | None


class _Booked(NamedTuple):
    """What the trades of a contract left, whatever it is worth."""

    held: Holding
    qty: Decimal
    cost: Decimal
    avg_cost: Decimal
    realized: Decimal
    parts: Mapping[str, _Part]

    @classmethod
    def of(cls, held: Holding) -> _Booked:
        """Return what is left in a holding."""
        qty = cost = ZERO
        parts = {name: _Part(gain, ZERO, None) for name, gain in held.realized.items()}
        for lot in held.lots:
            old, paid = parts.get(lot.strategy, _NO_PART), lot.cost
            qty += lot.qty
            cost += paid
            had = lot.qty if old.qty is None else old.qty + lot.qty
            parts[lot.strategy] = _Part(old.realized, old.cost + paid, had)
        realized = sum(held.realized.values(), ZERO)
        return cls(held, qty, cost, average(cost, qty), realized, parts)


_NO_PART: Final = _Part(ZERO, ZERO, None)
_UNSEEN: Final = _Booked(Holding(), ZERO, ZERO, ZERO, ZERO, {})


class _Contract:
    """One contract: its place in the sums, and what was said of it last."""

    __slots__ = ("booked", "mark", "place", "unit")

    def __init__(self, place: int, mark: float | None) -> None:
        self.place, self.mark = place, mark
        self.booked = _UNSEEN
        self.unit: Decimal | None = None
        """What one of it is worth; None: that is not known, or it is not held."""


class Added(NamedTuple):
    """What all contracts have together; None: a price is not known."""

    value: Decimal | None
    gross: Decimal | None
    cost: Decimal
    realized: Decimal
    adopted: Decimal


class _Sum:
    """A sum of one part of each contract."""

    __slots__ = ("_blocks", "_changed", "_parts", "_unknown", "known")

    def __init__(self) -> None:
        self._parts: list[Decimal] = []
        self._blocks: list[Decimal] = []
        self._unknown: set[int] = set()
        self._changed: set[int] = set()
        self.known = ZERO

    @property
    def total(self) -> Decimal | None:
        """The sum; None while a part is not known."""
        return None if self._unknown else self.known

    def put(self, place: int, part: Decimal | None) -> None:
        """Take a part instead of the one that was there, if there was one."""
        if place == len(self._parts):
            self._parts.append(ZERO)
            self._changed.add(place // BLOCK)
        if part is None or place in self._unknown:
            (self._unknown.add if part is None else self._unknown.discard)(place)
            part = ZERO if part is None else part
        old = self._parts[place]
        if part is old:
            return
        self._parts[place] = part
        block = place // BLOCK
        if block in self._changed or not part.same_quantum(old):
            self._changed.add(block)
        else:  # as many decimals as before: so has the sum
            more = part - old
            self._blocks[block] += more
            self.known += more

    def add_up(self, *, anew: bool) -> None:
        """Bring the sum up to date; ``anew``: all of it, whatever has changed."""
        parts, blocks = self._parts, self._blocks
        if anew:
            self._changed.update(range(-(-len(parts) // BLOCK)))
        elif not self._changed:
            return
        for block in sorted(self._changed):
            first = block * BLOCK
            blocks[block : block + 1] = [sum(parts[first : first + BLOCK], ZERO)]
        self._changed.clear()
        self.known = sum(blocks, ZERO)


class Rows:
    """See the module's prose; to be used in the context ``EXACT``.

    Args:
        multipliers: of the contracts; 1 where none is known.
    """

    def __init__(self, multipliers: Mapping[int, int]) -> None:
        self._multipliers = multipliers
        self._contracts: dict[int, _Contract] = {}
        self._marked: Mark[int] | None = None
        """Where the log of prices was, if they have one."""

        self._value, self._gross = _Sum(), _Sum()
        self._cost, self._realized, self._adopted = _Sum(), _Sum(), _Sum()
        self._of: defaultdict[str, dict[int, _Contract]] = defaultdict(dict)
        self.positions: dict[int, PositionView] = {}
        self.strategies: dict[str, StrategyView] = {}
        self.reduced_ns: dict[int, int] = {}
        self.moved: Log[int] = Log()
        """The contracts whose positions were changed."""

        self.shown: Log[str] = Log()
        """The strategies whose parts were changed."""

        self._rounded = False
        """Whether a digit was lost: a sum of what was rounded is added up anew each time."""

        self.sum = Added(ZERO, ZERO, ZERO, ZERO, ZERO)

    def look(
        self,
        histories: Mapping[int, History],
        marks: Mapping[int, float],
        traded: AbstractSet[int],
        commissions: Mapping[str, Decimal],
        paid: AbstractSet[str],
    ) -> None:
        """Take over what is new.

        Args:
            histories: every contract that is or was held.
            marks: their prices.
            traded: those whose holding is new since the last look.
            commissions: what each strategy paid.
            paid: the strategies that paid since the last look.
        """
        context = getcontext()
        context.clear_flags()
        changed = traded | self._moved(marks)
        names = set(paid)
        for con_id in changed:
            names.update(self._replace(con_id, histories[con_id].held, marks.get(con_id)))
        if changed:
            self._add_up(traded=bool(traded), anew=self._rounded)
            if context.flags[Inexact] and not self._rounded:
                self._add_up(traded=True, anew=True)
            self._rounded = context.flags[Inexact]
        self._show(names, commissions)

    def _add_up(self, *, traded: bool, anew: bool) -> None:
        value, gross, cost = self._value, self._gross, self._cost
        realized, adopted = self._realized, self._adopted
        for each in (value, gross, cost, realized, adopted) if anew or traded else (value, gross):
            each.add_up(anew=anew)
        self.sum = Added(value.total, gross.total, cost.known, realized.known, adopted.known)

    def _moved(self, marks: Mapping[int, float]) -> set[int]:
        """Return the contracts whose price is another one, where something is held."""
        before, self._marked = self._marked, marks.mark() if isinstance(marks, Marks) else None
        said = None if self._marked is None else self._marked.since(before)
        found: set[int] = set()
        for con_id in self._contracts if said is None else dict.fromkeys(said):
            kept = self._contracts.get(con_id)
            if kept is not None:
                old, new = kept.mark, marks.get(con_id)
                kept.mark = new
                if old is not new and old != new and con_id in self.positions:
                    found.add(con_id)
        return found

    def _replace(self, con_id: int, held: Holding, mark: float | None) -> Iterable[str]:
        """Compute a contract anew; return the strategies that have or had a part in it."""
        self.moved.add(con_id)
        kept = self._contracts.get(con_id)
        if kept is None:
            kept = self._contracts[con_id] = _Contract(len(self._contracts), mark)
        names: Iterable[str] = kept.booked.parts
        if kept.booked.held is not held:
            names = {*names, *self._book(con_id, kept, held)}
        self._price(con_id, kept, market_price(mark) if kept.booked.qty else None)
        return names

    def _book(self, con_id: int, kept: _Contract, held: Holding) -> Iterable[str]:
        """Take over what the trades of a contract left; return the strategies in it."""
        old, new, place = kept.booked, _Booked.of(held), kept.place
        kept.booked = new
        self._cost.put(place, new.cost)
        self._realized.put(place, new.realized)
        self._adopted.put(place, held.adopted)
        if held.reduced_ns:
            self.reduced_ns[con_id] = held.reduced_ns
        else:
            self.reduced_ns.pop(con_id, None)
        if old.parts.keys() != new.parts.keys():
            for name in old.parts:
                del self._of[name][con_id]
            for name in new.parts:
                self._of[name][con_id] = kept
        return new.parts

    def _price(self, con_id: int, kept: _Contract, price: Decimal | None) -> None:
        """Take over what a contract is worth at a price, None where that is not known."""
        booked = kept.booked
        value: Decimal | None = None
        multiplier = self._multipliers.get(con_id, 1)
        kept.unit = None if price is None else price * multiplier
        if not booked.qty:
            self.positions.pop(con_id, None)
            value = ZERO
        else:
            if price is not None:
                value = booked.qty * price * multiplier
            self.positions[con_id] = PositionView(
                con_id=con_id,
                qty=booked.qty,
                cost=booked.cost,
                avg_cost=booked.avg_cost,
                realized=booked.realized,
                mark=price,
                value=value,
                unrealized=None if value is None else value - booked.cost,
            )
        self._value.put(kept.place, value)
        self._gross.put(kept.place, value if value is None or value > ZERO else -value)

    def _show(self, names: Iterable[str], commissions: Mapping[str, Decimal]) -> None:
        """Add up what these strategies have; those that have and had nothing are none."""
        for name in names:
            self.shown.add(name)
            contracts = self._of[name]
            if not contracts and name not in commissions:
                del self._of[name]
                self.strategies.pop(name, None)
                continue
            value: Decimal | None = ZERO
            cost = realized = ZERO
            for each in contracts.values():
                gained, paid, qty = each.booked.parts[name]
                cost += paid
                realized += gained
                if qty is not None:
                    unit = each.unit
                    value = None if value is None or unit is None else value + qty * unit
            is_new = name not in self.strategies
            self.strategies[name] = StrategyView(
                realized=realized,
                commissions=commissions.get(name, ZERO),
                cost=cost,
                unrealized=None if value is None else value - cost,
            )
            if is_new:
                self.strategies = dict(sorted(self.strategies.items()))
