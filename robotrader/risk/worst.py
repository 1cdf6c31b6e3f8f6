"""All contracts in the worst case, kept from one intent to the next: only what changed is computed.

Five hundred positions would be added up anew for every intent although a few prices are new since
the last one (measured: 4 ms, of which this takes 0.03). What changed is found by identity: quotes,
positions and orders are frozen, so what is the same object is the same. Sums stay exact, because
nothing that is added is ever rounded; where something would have been, all is added up anew.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal, Inexact, getcontext
from typing import TYPE_CHECKING, Any

from robotrader.ledger.money import ZERO
from robotrader.ledger.view import total
from robotrader.risk.budgets import Budgets
from robotrader.risk.clusters import Clusters
from robotrader.risk.exposure import NOTHING, Exposure, Pending, entry_of, exposure_with, market_of
from robotrader.risk.heat import heat_with
from robotrader.risk.held import Held
from robotrader.risk.onway import Orders, by_budget
from robotrader.risk.quotes import Quotes
from robotrader.risk.rows import NO_ROW, NOBODY, Row, Seen, Sum, Sums, above_and_below
from robotrader.risk.switch import budget_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from robotrader.ledger import Mark, PositionView
    from robotrader.risk.correlation import Correlations
    from robotrader.risk.exposure import Reservation
    from robotrader.risk.view import Moved, RiskView

    _Names = tuple[object, object, Decimal | None, bool, bool]
    """What does not change while rows are kept: contracts, sectors, the part that a share without
    a stop loses, and whether positions and quotes say what is new."""


class Worst:
    """See the module's prose."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.rows: dict[int, Row] = {}
        self.held: set[int] = set()
        """Contracts of which something is or could be held."""

        self.sums = Sums()
        self.sectors: defaultdict[str, Sum] = defaultdict(Sum)
        self._sector_sums: dict[int, Sum] = {}
        self.orders = Orders()
        """What is on its way."""

        self.clusters = Clusters()
        self.wanted: dict[int, Mapping[str, Decimal]] = {}
        """How many shares of each contract every strategy's entries are for."""

        self.coming: defaultdict[str, Sum] = defaultdict(Sum)
        """What the entries of each strategy are worth that are on their way."""

        self._quotes, self._positions = Seen(), Seen()
        self._quoted: Mark[int] | None = None
        self._moved: Moved | None = None
        self._view: RiskView | None = None
        self._budgets = Budgets()
        self._names: _Names = (None, None, None, False, False)
        self._rounded = False
        self._late: set[int] = set()
        """Contracts whose rows are to be computed anew."""

        self._known: Correlations | None = None
        self._strangers: AbstractSet[int] = frozenset()

    def look(
        self,
        view: RiskView,
        reserved: Held | tuple[Reservation, ...],
        bare: Decimal | None = None,
        moved: AbstractSet[int] | None = None,
        *,
        own: int | None = None,
    ) -> None:
        """Take over what is new in the world since the last look, in the context ``EXACT``.

        ``bare`` is the part of its worth that a share without a stop loses; None: what would be
        lost at the stops is not looked at. ``moved`` are the contracts whose reservations are new;
        None: those are looked for. The contract ``own`` is left as it was counted, because what is
        asked next is with an order more in it.
        """
        anew, late = self.notice(view, reserved, bare, moved), self._late
        waits = own in late and not anew
        if not anew and len(late) == waits:
            return
        self._late = {own} if own is not None and waits else set()
        rounded = self._take(late - self._late)
        if anew:
            self._rounded = rounded
        elif rounded:
            self._rounded = True
            self.look(view, reserved, bare)

    def notice(
        self,
        view: RiskView,
        reserved: Held | tuple[Reservation, ...],
        bare: Decimal | None = None,
        moved: AbstractSet[int] | None = None,
    ) -> bool:
        """Find what is new since the last look, and take none of it over yet; True: it is all."""
        held = Held.these(reserved) if isinstance(reserved, tuple) else reserved
        quoted = isinstance(view.quotes, Quotes)
        names = (view.instruments, view.sectors, bare, view.moved is None, quoted)
        anew = self._rounded or names != self._names
        if anew:
            self._begin()
            self._names, moved = names, None
        self._find(view, held, moved)
        return anew

    def settle(self) -> bool:
        """Take over one contract of those that were noticed; return whether there are more."""
        if self._late and self._take([self._late.pop()]):
            self._rounded = True  # the next look begins anew
        if not self._late and self._view is not None:
            self._budgets.look(self._view)
        return bool(self._late)

    def _take(self, contracts: Iterable[int]) -> bool:
        """Compute contracts anew; return whether a digit was lost."""
        context = getcontext()
        context.clear_flags()
        view = self._view
        assert view is not None, "noticed in a view"
        positions = {} if view.ledger is None else view.ledger.positions
        for con_id in contracts:
            self._replace(view, con_id, positions.get(con_id))
        return context.flags[Inexact]

    def take(self, held: Reservation, after: After) -> bool:
        """Take over an entry that has passed, as it was weighed; False: it has to be seen."""
        con_id, qty = held.con_id, held.qty
        way = self.orders.way(con_id).plus(entry_of(con_id, held.sign, qty, held.price, held.stop))
        context = getcontext()
        context.clear_flags()
        if self._rounded or not self.orders.add(held, way):
            return False
        old, name = self.rows.get(con_id, NO_ROW), budget_of(held.strategy)
        wanted = self.wanted.get(con_id, NOBODY)
        wanted = self.wanted[con_id] = {**wanted, name: wanted.get(name, ZERO) + qty}
        row = after.row
        now = Row(row.each, row.value, row.high, row.low, row.heat, wanted, way)
        self._put(con_id, old, now)
        self._late.discard(con_id)
        self._rounded = context.flags[Inexact]
        return True

    def _find(self, view: RiskView, reserved: Held, moved: AbstractSet[int] | None) -> None:
        """Find the contracts of which something is new."""
        before, now, late = self._moved, view.moved, self._late
        quotes = view.quotes
        if isinstance(quotes, Quotes):
            earlier, self._quoted = self._quoted, quotes.mark()
            quoted = self._quoted.since(earlier)
            late.update((*self.rows, *quotes) if quoted is None else quoted)
        else:
            late.update(self._quotes.changed(quotes))
        working: Collection[int] | None = None
        placed: Iterable[int] | None = None
        if now is not None and before is not None:
            placed = now.positions.since(before.positions)
            same = now.orders == before.orders
            working = () if same else now.orders.since(before.orders)
        late.update(self._repositioned(view, before) if placed is None else placed)
        for con_id in self.orders.look(view, reserved, moved, working):
            self._reorder(con_id)
            late.add(con_id)
        self._view, self._moved = view, now

    def _repositioned(self, view: RiskView, before: Moved | None) -> Iterable[int]:
        """Return the contracts whose position may be another, where nothing says so."""
        positions = {} if view.ledger is None else view.ledger.positions
        if view.moved is not None:
            return {*self.rows, *positions}
        if before is None and self._view is not None and view.ledger is self._view.ledger:
            return ()
        return self._positions.changed(positions)

    def _reorder(self, con_id: int) -> None:
        """Count whose entries are on their way in a contract."""
        wanted = by_budget(self.orders.all_for(con_id))
        if wanted:
            self.wanted[con_id] = wanted
        else:
            self.wanted.pop(con_id, None)

    def _replace(self, view: RiskView, con_id: int, held: PositionView | None) -> None:
        """Compute one contract anew; one that is neither held nor on its way is none of ours."""
        old, way = self.rows.get(con_id, NO_ROW), self.orders.ways.get(con_id, NOTHING)
        if way is not NOTHING or held is not None:
            quote, instrument = view.quotes.get(con_id), view.instruments.get(con_id)
            price, bare = market_of(quote), self._names[2]
            each = exposure_with(held, price, instrument, way.buys, way.sells, way.top)
            if old.way is way and each == old.each and not way.stopped.for_short:
                return  # nothing of it is another: what a short can lose follows the bid, too
            heat = (
                ZERO
                if bare is None
                else heat_with(held, quote, instrument, way.stopped, each, bare)
            )
            new = Row.of(each, heat, self.wanted.get(con_id, NOBODY), way)
            self._put(con_id, old, new)
        elif self.rows.pop(con_id, None) is not None:
            self._put(con_id, old, NO_ROW)

    def _put(self, con_id: int, old: Row, new: Row) -> None:
        """Take one row of a contract instead of another."""
        if new is not NO_ROW:
            self.rows[con_id] = new
        if old.wanted or new.wanted:
            self._count_coming(old, new)
        sector = self._sector_sums.get(con_id)
        if sector is None:
            sector = self._sector_sums[con_id] = self.sectors[self.sector_of(con_id)]
        self.sums.swap(old, new, sector)
        self.clusters.swap(con_id, old, new)
        if (con_id in self.held) is not bool(new.each.high or new.each.low):
            self.held ^= {con_id}
            self._known = None
            self.clusters.clear()

    def _count_coming(self, old: Row, new: Row) -> None:
        """Take what the entries of one row are worth instead of those of another."""
        before, now = old.wanted, new.wanted
        if before is now:
            for name, qty in now.items():
                self.coming[name].swap(worth(qty, old.each), worth(qty, new.each))
        else:
            for name, qty in before.items():
                self.coming[name].swap(worth(qty, old.each), ZERO)
            for name, qty in now.items():
                self.coming[name].swap(ZERO, worth(qty, new.each))

    def sector_of(self, con_id: int) -> str:
        """Return a contract's sector, empty if it is not known."""
        names: Any = self._names[1]
        found: str = names.get(con_id, "")
        return found

    def in_sector(self, name: str) -> Sum:
        """Return what the contracts of a sector are worth; empty: those without one."""
        return self.sectors[name]

    def own(self, con_id: int) -> tuple[Pending, ...]:
        """Return what is on its way in a contract."""
        return self.orders.way(con_id).own

    def strangers(self, known: Correlations) -> AbstractSet[int]:
        """Return what is or could be held and has no correlations."""
        if self._known is not known:
            self._known, self._strangers = known, self.held - known.places.keys()
        return self._strangers

    def budget(self, name: str) -> Decimal | None:
        """Return what the strategies of a name hold, None if a price of it is not known."""
        return ZERO if self._view is None else self._budgets.held(name, self._view)


class After:
    """The worst case with one more order: its own contract is another, all else as before."""

    __slots__ = (
        "_before", "_con_id", "_more", "_old",
        "each", "gross", "heat", "held", "high", "low", "mine", "row",
    )  # fmt: skip

    def __init__(
        self, before: Worst, con_id: int, mine: Exposure, heat: Decimal | None = ZERO
    ) -> None:
        self._before, self._con_id, self.each = before, con_id, mine
        self._old = old = before.rows.get(con_id, NO_ROW)
        self.row = new = Row.of(mine, heat, NOBODY)
        """Its own contract; whose orders they are is not in it."""

        sums, more = before.sums, above_and_below(old, new)
        self.gross: Decimal | None
        self.high: Decimal | None
        self.low: Decimal | None
        if more is None or sums.gross.unknown:
            self.gross = sums.gross.with_swap(old.value, new.value)
            self.high = sums.high.with_swap(old.high, new.high)
            self.low = sums.low.with_swap(old.low, new.low)
        else:
            self.gross = sums.gross.known + more[0]
            self.high, self.low = sums.high.known + more[1], sums.low.known + more[2]
        """The worth of all, each as a positive number; if what is bought comes and no sale; if what
        is sold goes and nothing is bought. None: a price is not known."""

        self.mine = new.value
        """The worth of its own contract."""

        self._more = None if more is None else more[0]
        """By how much its own contract's worth grows; None: that is not so simple."""

        before_it, with_it, lost = old.heat, new.heat, sums.heat
        if before_it is None or with_it is None or lost.unknown:
            self.heat = lost.with_swap(before_it, with_it)
        else:
            self.heat = lost.known + (with_it - before_it)
        """What all would lose if their stops were hit."""

        self.held: AbstractSet[int] = before.held
        if (con_id in self.held) is not bool(mine.high or mine.low):
            self.held = self.held ^ {con_id}
        """The contracts of which something is or could be held."""

    def cluster(
        self, known: Correlations, least: Decimal | float
    ) -> tuple[AbstractSet[int], Decimal | None]:
        """Return what would be held and move with its contract, and what that would be worth."""
        con_id, before, more = self._con_id, self._before, self._more
        if self.held is before.held and con_id in self.held:
            rows, strangers = before.rows, before.strangers
            members, worth = before.clusters.of(con_id, self.held, known, least, rows, strangers)
            if more is None or worth.unknown:
                return members, worth.with_swap(self._old.value, self.row.value)
            return members, worth.known + more
        members = known.cluster(con_id, self.held, float(least))
        return members, total([self._row(each).value for each in members])

    def _row(self, con_id: int) -> Row:
        return self.row if con_id == self._con_id else self._before.rows[con_id]

    def __getitem__(self, con_id: int) -> Exposure:
        """Return a contract's.

        Raises:
            KeyError: it is neither held nor on its way.
        """
        return self._row(con_id).each

    def coming(self, name: str, qty: Decimal) -> Decimal | None:
        """Return what a strategy has on its way, with so many shares more of this contract."""
        old, before, unit = self._old, self._before, self.row.each.unit
        wanted = before.wanted.get(self._con_id, NOBODY)
        counted: Decimal | None = ZERO
        if name in wanted:
            qty += wanted[name]
        if name in old.wanted:
            counted = worth(old.wanted[name], old.each)
        return before.coming[name].with_swap(counted, None if unit is None else qty * unit)

    def of_sector(self, name: str) -> Decimal | None:
        """Return the worth of a sector's; one without a sector could be of this one."""
        before, more = self._before, self._more
        sectors = before.sectors
        own, strangers = sectors[name], sectors[""]
        if more is None or own.unknown or strangers.unknown or not name:
            return total([self._in_sector(each) for each in (name, "")])
        known, mine = own.known + strangers.known, before.sector_of(self._con_id)
        return known + more if mine == name or not mine else known

    def _in_sector(self, name: str) -> Decimal | None:
        added = self._before.in_sector(name)
        if name != self._before.sector_of(self._con_id):
            return added.with_swap(ZERO, ZERO)
        return added.with_swap(self._old.value, self.row.value)


def worth(qty: Decimal, each: Exposure) -> Decimal | None:
    """Return what so many shares of a contract are worth, None if no price is known."""
    return None if each.unit is None else qty * each.unit
