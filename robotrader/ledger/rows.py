"""Every contract's part of the projection, computed anew only where something in it is new.

An account of five hundred positions is looked at before each order and after each fill, and between
two looks a few prices and one holding are new. So each contract's row is kept, and the sums are of
blocks of rows: one that has changed is added up anew, the others are as they were. Nothing is ever
subtracted, so that the numbers are those of adding everything up, to the last digit shown.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from robotrader.ledger.log import Log
from robotrader.ledger.marks import Marks
from robotrader.ledger.money import ZERO, market_price
from robotrader.ledger.view import PositionView, StrategyView, position_view, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from decimal import Decimal

    from robotrader.ledger.history import History
    from robotrader.ledger.log import Mark
    from robotrader.ledger.lots import Holding

BLOCK: Final = 32
"""Rows that are added up together: about the root of what a large account has."""


class _Part(NamedTuple):
    """What a strategy has in one contract."""

    realized: Decimal
    cost: Decimal
    value: Decimal | None


_NO_PART: Final = _Part(ZERO, ZERO, ZERO)


class _Row(NamedTuple):
    """One contract; a sum of rows has the same numbers, and no position and no parts."""

    position: PositionView | None
    value: Decimal | None
    gross: Decimal | None
    cost: Decimal
    realized: Decimal
    adopted: Decimal
    parts: Mapping[str, _Part]


def _row(con_id: int, held: Holding, multiplier: int, price: float | None) -> _Row:
    realized = sum(held.realized.values(), ZERO)
    mark = market_price(price) if held.lots else None
    position = position_view(con_id, held, multiplier, mark) if held.lots else None
    parts = _parts(held, multiplier, mark)
    if position is None:
        return _Row(None, ZERO, ZERO, ZERO, realized, held.adopted, parts)
    value = position.value
    gross = None if value is None else abs(value)
    return _Row(position, value, gross, position.cost, realized, held.adopted, parts)


def _parts(held: Holding, multiplier: int, mark: Decimal | None) -> dict[str, _Part]:
    """Return each strategy's part; its worth is unknown where the price is."""
    found = {name: _Part(realized, ZERO, ZERO) for name, realized in held.realized.items()}
    unit = None if mark is None else mark * multiplier
    for lot in held.lots:
        old = found.get(lot.strategy, _NO_PART)
        value = None if unit is None or old.value is None else old.value + lot.qty * unit
        found[lot.strategy] = _Part(old.realized, old.cost + lot.cost, value)
    return found


def _added(rows: Iterable[_Row]) -> _Row:
    value: Decimal | None = ZERO
    gross: Decimal | None = ZERO
    cost = realized = adopted = ZERO
    for _, worth, size, paid, gained, moved, _ in rows:
        value = None if value is None or worth is None else value + worth
        gross = None if gross is None or size is None else gross + size
        cost += paid
        realized += gained
        adopted += moved
    return _Row(None, value, gross, cost, realized, adopted, {})


class Rows:
    """See the module's prose; to be used in the context ``EXACT``.

    Args:
        multipliers: of the contracts; 1 where none is known.
    """

    def __init__(self, multipliers: Mapping[int, int]) -> None:
        self._multipliers = multipliers
        self._con_ids: list[int] = []
        self._places: dict[int, int] = {}
        self._marks: list[float | None] = []
        self._marked: Mark[int] | None = None
        """Where the log of prices was, if they have one."""

        self._rows: list[_Row] = []
        self._blocks: list[_Row] = []
        self._of: defaultdict[str, dict[int, _Part]] = defaultdict(dict)
        self.positions: dict[int, PositionView] = {}
        self.strategies: dict[str, StrategyView] = {}
        self.reduced_ns: dict[int, int] = {}
        self.moved: Log[int] = Log()
        """The contracts whose positions were changed."""

        self.shown: Log[str] = Log()
        """The strategies whose parts were changed."""

        self.sum = _added(())

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
        changed = traded | self._moved(marks)
        names = set(paid)
        for con_id in changed:
            names |= self._replace(con_id, histories[con_id].held, marks.get(con_id))
        for block in sorted({self._places[con_id] // BLOCK for con_id in changed}):
            first = block * BLOCK
            self._blocks[block : block + 1] = [_added(self._rows[first : first + BLOCK])]
        if changed:
            blocks = self._blocks
            self.sum = blocks[0] if len(blocks) == 1 else _added(blocks)
        self._show(names, commissions)

    def _moved(self, marks: Mapping[int, float]) -> set[int]:
        """Return the contracts whose price is another one, where something is held."""
        before, self._marked = self._marked, marks.mark() if isinstance(marks, Marks) else None
        said = None if self._marked is None else self._marked.since(before)
        return self._compared(marks) if said is None else self._said(said, marks)

    def _said(self, con_ids: Iterable[int], marks: Mapping[int, float]) -> set[int]:
        """Take over the prices that are new; return those that are others, where it is held."""
        found: set[int] = set()
        for con_id in dict.fromkeys(con_ids):
            place = self._places.get(con_id)
            if place is not None:
                old, new = self._marks[place], marks.get(con_id)
                self._marks[place] = new
                if old is not new and old != new and con_id in self.positions:
                    found.add(con_id)
        return found

    def _compared(self, marks: Mapping[int, float]) -> set[int]:
        """Take over all prices; return those that are others, where it is held."""
        now = list(map(marks.get, self._con_ids))
        before, self._marks = self._marks, now
        if now == before:
            return set()
        return {
            con_id
            for con_id, old, new in zip(self._con_ids, before, now, strict=True)
            if old is not new and old != new and con_id in self.positions
        }

    def _replace(self, con_id: int, held: Holding, mark: float | None) -> set[str]:
        """Compute a contract anew; return the strategies that have or had a part in it."""
        self.moved.add(con_id)
        new = _row(con_id, held, self._multipliers.get(con_id, 1), mark)
        place = self._places.setdefault(con_id, len(self._rows))
        if place == len(self._rows):
            self._con_ids.append(con_id)
            self._marks.append(mark)
            self._rows.append(new)
            old: Mapping[str, _Part] = {}
        else:
            old, self._rows[place] = self._rows[place].parts, new
        for name in old:
            del self._of[name][con_id]
        for name, part in new.parts.items():
            self._of[name][con_id] = part
        if new.position is None:
            self.positions.pop(con_id, None)
        else:
            self.positions[con_id] = new.position
        if held.reduced_ns:
            self.reduced_ns[con_id] = held.reduced_ns
        else:
            self.reduced_ns.pop(con_id, None)
        return {*old, *new.parts}

    def _show(self, names: Iterable[str], commissions: Mapping[str, Decimal]) -> None:
        """Add up what these strategies have; those that have and had nothing are none."""
        for name in names:
            self.shown.add(name)
            parts = self._of[name].values()
            if not parts and name not in commissions:
                del self._of[name]
                self.strategies.pop(name, None)
                continue
            value = total([part.value for part in parts])
            cost = realized = ZERO
            for part in parts:
                cost += part.cost
                realized += part.realized
            is_new = name not in self.strategies
            self.strategies[name] = StrategyView(
                realized=realized,
                commissions=commissions.get(name, ZERO),
                cost=cost,
                unrealized=None if value is None else value - cost,
            )
            if is_new:
                self.strategies = dict(sorted(self.strategies.items()))
