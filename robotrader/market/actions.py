"""Splits and dividends, and prices adjusted for them; what is stored stays as it was traded.

A split of ``ratio`` divides the prices before its day by it and multiplies their volumes. A
dividend of D a share, held on its ex-day after any split of that day, multiplies the prices before
by 1 - D/C, C being the last close before, in shares of the ex-day. So a return of adjusted prices
is that of whoever puts each dividend back at the price C - D: the method of CRSP's and Yahoo's
adjusted closes. The factor of a day is made of what was known before that day opened.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from enum import StrEnum
from itertools import groupby
from math import inf
from typing import TYPE_CHECKING

import msgspec

from robotrader.domain import Bar
from robotrader.market.hours import midnight_ns
from robotrader.market.quality import DataError
from robotrader.market.series import Daily

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Adjust(StrEnum):
    """What prices are adjusted for."""

    ALL = "all"
    SPLITS = "splits"
    NONE = "none"


class ActionKind(StrEnum):
    """What a company did."""

    SPLIT = "split"
    DIVIDEND = "dividend"


class Action(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """A split or a dividend.

    ``day`` is the first on which the price is without it. ``value`` is new shares for an old one
    (4.0 for 4:1, 0.1 for 1:10), or an amount a share in the instrument's currency.
    """

    day: date
    kind: ActionKind
    value: float

    @property
    def fault(self) -> str | None:
        """What is wrong with it, None if nothing is."""
        if not 0 < self.value < inf:
            return f"{self.kind} of {self.value}: write a number above zero"
        return None


class Adjustment(msgspec.Struct, frozen=True):
    """What a symbol's prices and volumes are multiplied by, from each day on.

    ``days`` ascend; ``prices[n]`` and ``volumes[n]`` are for the days before ``days[n]`` and not
    before ``days[n - 1]``. From the last of them on nothing is changed.
    """

    days: tuple[date, ...]
    prices: tuple[float, ...]
    volumes: tuple[float, ...]

    def apply_days(self, rows: Iterable[Daily]) -> list[Daily]:
        """Return days adjusted."""
        made = []
        for row in rows:
            price, volume = self._at(bisect_right(self.days, row.day))
            made.append(
                Daily(row.day, row.open * price, row.high * price, row.low * price,
                      row.close * price, row.volume * volume)
            )  # fmt: skip
        return made

    def apply_bars(self, rows: Iterable[Bar]) -> list[Bar]:
        """Return bars adjusted; a day begins at midnight in New York."""
        edges = [midnight_ns(day) for day in self.days]
        made = []
        for row in rows:
            price, volume = self._at(bisect_right(edges, row.start_ns))
            made.append(
                Bar(row.con_id, row.start_ns, row.end_ns, row.open * price, row.high * price,
                    row.low * price, row.close * price, row.volume * volume, row.wap * price,
                    row.count)
            )  # fmt: skip
        return made

    def _at(self, place: int) -> tuple[float, float]:
        return (*self.prices, 1.0)[place], (*self.volumes, 1.0)[place]


def adjustment(
    actions: Iterable[Action], days: Sequence[Daily], adjust: Adjust = Adjust.ALL
) -> Adjustment:
    """Return how ``days``, or the bars inside them, are adjusted.

    Actions on or before the first of the days, and after the last one, change nothing: nobody who
    traded these days knew the latter.

    Raises:
        DataError: a dividend is not below the close before it; it names the day.
    """
    wanted = [each for each in sorted(actions) if _counts(each, days, adjust)]
    dates = [row.day for row in days]
    found: list[tuple[date, float, float]] = []
    for day, group in groupby(wanted, key=lambda each: each.day):
        before = days[bisect_left(dates, day) - 1]
        found.append((day, *_factors(day, list(group), before.close)))
    prices, volumes = [1.0], [1.0]
    for _, price, volume in reversed(found):
        prices.append(prices[-1] * price)
        volumes.append(volumes[-1] * volume)
    in_order = (tuple(reversed(prices[1:])), tuple(reversed(volumes[1:])))
    return Adjustment(tuple(day for day, _, _ in found), *in_order)


def _counts(action: Action, days: Sequence[Daily], adjust: Adjust) -> bool:
    """Say whether an action lies inside the days and is asked for."""
    asked = adjust is Adjust.ALL or (adjust is Adjust.SPLITS and action.kind is ActionKind.SPLIT)
    return asked and bool(days) and days[0].day < action.day <= days[-1].day


def _factors(day: date, actions: Sequence[Action], close: float) -> tuple[float, float]:
    """Return what the prices and the volumes before a day are multiplied by."""
    ratio = 1.0
    for each in actions:
        ratio *= each.value if each.kind is ActionKind.SPLIT else 1.0
    paid = sum(each.value for each in actions if each.kind is ActionKind.DIVIDEND)
    before = close / ratio
    if paid >= before:
        msg = (
            f"dividends of {paid} on {day} are not below the close before, {before}: "
            "correct the actions, or import prices that are not adjusted"
        )
        raise DataError(msg)
    return (1 - paid / before) / ratio, ratio
