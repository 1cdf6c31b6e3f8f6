"""The positions as they are, and what would become of them: on each day of the past, and in stress.

Every profit is that of today's positions, had prices moved as they did then. A position whose worth
or whose past is not known makes unknown what would need it (F47).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from robotrader.risk.correlation import aligned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from robotrader.ledger import LedgerView
    from robotrader.risk.correlation import Closes


class Scenario(msgspec.Struct, frozen=True, gc=False):
    """A move: of each price, of the market (each by its beta), or against each position."""

    name: str
    move: float
    how: str


SCENARIOS: Final = (
    Scenario("all prices fall 10 %", -0.10, "prices"),
    Scenario("all prices fall 20 %", -0.20, "prices"),
    Scenario("all prices rise 10 %", 0.10, "prices"),
    Scenario("all prices rise 20 %", 0.20, "prices"),
    Scenario("every position goes 10 % the wrong way", -0.10, "against"),
    Scenario("the largest position goes 30 % the wrong way", -0.30, "largest"),
    Scenario("the market falls 10 %, each position by its beta", -0.10, "market"),
)


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What a scenario brings, in the account's currency; None with the reason if not known."""

    name: str
    profit: float | None
    why: str = ""


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """Positions and what their past says. Money is in the account's currency, as floats."""

    values: dict[int, float] | None
    """The worth of each position, shorts negative; None if one is not known."""

    days: tuple[str, ...] = ()
    profits: tuple[float, ...] = ()
    """What today's positions would have brought on each of these days."""

    betas: dict[int, float] = {}
    """Of each contract, to the mean of all that are watched."""

    watched: int = 0
    why: str = ""
    """Why there are no profits."""

    @property
    def beta_value(self) -> float | None:
        """What the market's whole worth in these positions is: their worths times their betas."""
        if self.values is None or not self.values.keys() <= self.betas.keys():
            return None
        return sum(value * self.betas[con_id] for con_id, value in self.values.items())


def book_of(ledger: LedgerView, closes: Closes, *, least_days: int) -> Book:
    """Return the positions of an account with their past, as far as it is known."""
    values: dict[int, float] = {}
    for con_id, held in ledger.positions.items():
        if held.value is None:
            return Book(values=None, why=f"the price of contract {con_id} is not known")
        values[con_id] = float(held.value)
    if not values:
        return Book(values={}, why="nothing is held")
    table = aligned(_of(closes, values), least_days=least_days)
    betas, watched = _betas(closes, least_days)
    missing = [con_id for con_id in values if con_id not in table.con_ids]
    if missing:
        found = table.unknown.get(missing[0], "there are no daily prices of it")
        why = f"contract {missing[0]}: {found}"
        return Book(values=values, betas=betas, watched=watched, why=why)
    worth = np.array([values[con_id] for con_id in table.con_ids])
    profits = table.returns @ worth
    return Book(
        values=values,
        days=table.days[1:],
        profits=tuple(profits.tolist()),
        betas=betas,
        watched=watched,
    )


def _of(closes: Closes, values: Mapping[int, float]) -> dict[int, Mapping[str, float]]:
    return {con_id: closes[con_id] for con_id in values if con_id in closes}


def _betas(closes: Closes, least_days: int) -> tuple[dict[int, float], int]:
    """Return each contract's beta to the mean of those that have a common past, and how many."""
    table = aligned(closes, least_days=least_days)
    if not table.con_ids:
        return {}, 0
    returns = table.returns - table.returns.mean(axis=0)
    market = returns.mean(axis=1)
    variance = float(market @ market)
    if variance <= 0:
        return {}, len(table.con_ids)
    found = (market @ returns / variance).tolist()
    return dict(zip(table.con_ids, found, strict=True)), len(table.con_ids)


def scenarios(book: Book) -> tuple[Outcome, ...]:
    """Return what each scenario would bring, and the worst of the past."""
    if book.values is None:
        return tuple(Outcome(each.name, None, book.why) for each in SCENARIOS)
    return (*(_outcome(each, book, book.values) for each in SCENARIOS), *_worst(book))


def _outcome(scenario: Scenario, book: Book, values: Mapping[int, float]) -> Outcome:
    sizes = [abs(each) for each in values.values()]
    exposed = {
        "prices": sum(values.values()),
        "against": sum(sizes),
        "largest": max(sizes, default=0.0),
        "market": book.beta_value,
    }[scenario.how]
    if exposed is None:
        return Outcome(scenario.name, None, "a beta is not known")
    return Outcome(scenario.name, exposed * scenario.move + 0.0)  # nothing held loses 0, not -0


def _worst(book: Book) -> tuple[Outcome, ...]:
    """Return the worst day and the worst five in a row of the past."""
    if not book.profits:
        why = book.why or "no past is known"
        return (Outcome("the worst day of the past", None if book.values else 0.0, why),)
    day = int(np.argmin(book.profits))
    found = [Outcome(f"the worst day of {len(book.profits)}: {book.days[day]}", book.profits[day])]
    if len(book.profits) >= 5:
        sums = np.convolve(book.profits, np.ones(5), mode="valid")
        end = int(np.argmin(sums))
        found.append(Outcome(f"the worst five days: to {book.days[end + 4]}", float(sums[end])))
    return tuple(found)
