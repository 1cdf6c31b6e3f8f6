"""The one projection of the ledger: every page, check and report reads these numbers (F39).

Money is in the account's currency. What is not known is None, and so is all that would be computed
from it: a total without one of its parts would be a number that nobody measured (F47).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.ledger.money import EXACT, ZERO

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN: Final = Decimal("1e-8")


class DayMark(msgspec.Struct, frozen=True, gc=False):
    """The moment at which an exchange day began; its totals are since the account began."""

    day: str
    equity: Decimal
    capital: Decimal
    realized: Decimal
    commissions: Decimal


class PositionView(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One contract that is held. Shorts have a negative quantity, cost and value."""

    con_id: int
    qty: Decimal
    cost: Decimal
    """What was paid for it, commissions included."""

    avg_cost: Decimal
    """Cost of one share or contract, for people to read: it is rounded."""

    realized: Decimal
    mark: Decimal | None
    value: Decimal | None
    unrealized: Decimal | None


class StrategyView(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One strategy's part: the lots that it opened, whoever closed them."""

    realized: Decimal
    commissions: Decimal
    cost: Decimal
    unrealized: Decimal | None


class LedgerView(msgspec.Struct, frozen=True):
    """An account at one moment.

    ``capital`` is what came in by adoption, not by trading: ``cash + cost = capital + realized``.
    """

    account: str
    currency: str
    cash: Decimal | None
    capital: Decimal | None
    cost: Decimal
    realized: Decimal
    commissions: Decimal
    positions: dict[int, PositionView]
    strategies: dict[str, StrategyView]
    value: Decimal | None
    """The worth of all positions, shorts negative."""

    gross: Decimal | None
    """The worth of all positions, each as a positive number."""

    unrealized: Decimal | None
    equity: Decimal | None
    day: str
    """The exchange day, empty before the first one began."""

    day_equity: Decimal | None
    """Equity at the day's start, moved by what was adopted since."""

    daily: Decimal | None
    """Profit since the day's start, marked to market."""

    realized_today: Decimal | None
    commissions_today: Decimal | None
    peak: Decimal | None
    """The highest equity at any day's start or now, moved by what was adopted since.

    What was only reached during an earlier day is not in it: a restart must not change it.
    """

    drawdown: Decimal | None
    """Money below the peak."""

    unmatched: tuple[str, ...] = ()
    """Families whose correction or commission came and whose fill did not."""

    doubts: tuple[str, ...] = ()
    """Why equity is unknown although every price is known."""

    losses_ns: tuple[int, ...] = ()
    """When the last trades were over that lost, newest first, back to the last that did not."""

    reduced_ns: dict[int, int] = {}
    """When a fill last made a contract's position smaller, or turned it round."""

    def position(self, con_id: int) -> Decimal:
        """Return the signed quantity held of a contract."""
        held = self.positions.get(con_id)
        return ZERO if held is None else held.qty


def average(cost: Decimal, qty: Decimal) -> Decimal:
    """Return the cost of one share or contract, to a hundred-millionth; 0 where none is held."""
    return EXACT.quantize(EXACT.divide(cost, qty), _SHOWN) if qty else ZERO


def total(parts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum, None if a part is unknown."""
    added = ZERO
    for each in parts:
        if each is None:
            return None
        added += each
    return added


def profit(begin: DayMark, end: DayMark) -> Decimal:
    """Return what was earned between two days' starts, open positions marked to market (F49)."""
    return (end.equity - end.capital) - (begin.equity - begin.capital)
