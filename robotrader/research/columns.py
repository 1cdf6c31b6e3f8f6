"""Bars, sessions, costs and limits of a run as the arrays that ``loop`` reads: made once a sweep.

Everything is asked of those who know it: prices of fills and terms of commissions of the venue,
hours of the sessions, limits of the gate. What has no place in the arrays is ``Unfit`` for them.
"""

from __future__ import annotations

from datetime import date
from math import inf
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from robotrader.research import loop
from robotrader.research.loop import Flags, Floats, Market, Rules, Whole
from robotrader.research.moves import Unfit
from robotrader.risk import budget_of
from robotrader.venue import (
    AlwaysOpen,
    FixedPlan,
    NoCommission,
    SessionTable,
    TieredPlan,
    opening_price,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from robotrader.backtest import Setup
    from robotrader.domain import Bar, Instrument
    from robotrader.strategies import Frame
    from robotrader.venue import Sessions, Slippage, Terms

DIGITS: Final = range(6, 10)
"""Decimals of money: a commission has six; prices may have more."""

_MOST: Final = 1 << 62
_EXACT_MOST: Final = 1e15
"""Whole numbers below it are exact as floats, and so are their parts of a power of ten."""

_FEES: Final = (("sec", 8), ("taf", 6), ("taf_most", 6))
"""Fees on sales, and with how many decimals they are whole numbers."""

_PLANS: Final = (FixedPlan, TieredPlan, NoCommission)
_SECOND_NS: Final = 1_000_000_000
_MINUTE_NS: Final = 60 * _SECOND_NS


class Columns(msgspec.Struct, frozen=True):
    """The arrays, the days that their rows stand for, and the decimals of money."""

    market: Market
    rules: Rules
    days: tuple[date, ...]
    digits: int
    largest: int
    """Shares of the largest order that no limit of shares refuses, and that is computed exactly."""


def columns_of(
    setup: Setup, bars: Sequence[Bar], frame: Frame, begin_ns: int, name: str
) -> Columns:
    """Return the arrays of a run.

    Args:
        setup: the run's; of one contract.
        bars: all of them, as the engine has checked them.
        frame: the same as columns.
        begin_ns: what is before is history.
        name: of the strategy, as limits know it.

    Raises:
        Unfit: the loop does not know what is asked for; it says what.
    """
    (instrument,) = setup.instruments
    first = int(np.searchsorted(frame.start_ns, begin_ns))
    _check(setup, instrument, frame)
    hours = _Hours.of(setup.sessions, frame)
    day, last, days = _days(setup.sessions, hours, frame, first)
    slippage = setup.rules.slippage
    buys, sells = (_paid(instrument, slippage, sign, bars, frame) for sign in (1, -1))
    digits = _digits(buys, sells, frame.close)
    terms = [_terms(setup, each) for each in days]
    rows = np.zeros((len(bars), loop.WIDTH), np.int64)
    rows[:, loop.BUYS], rows[:, loop.SELLS] = _whole(buys, digits), _whole(sells, digits)
    rows[:, loop.CLOSE] = _whole(frame.close, digits)
    rows[:, loop.END_NS], rows[:, loop.DAY] = frame.end_ns, day
    rows[:, loop.OPEN] = setup.always_open or hours.open_at(frame.end_ns)
    rows[:, loop.FILLS] = hours.fills(frame)
    fees = (_scaled([getattr(each, name) for each in terms], size) for name, size in _FEES)
    market = Market(rows, np.stack((last, *fees), axis=1))
    rules = _rules(setup, name, first, digits, terms[0])
    return Columns(market, rules, days, digits, _largest(setup, market, rules))


def _check(setup: Setup, instrument: Instrument, frame: Frame) -> None:
    """Refuse what the loop does not know."""
    limits, ends = setup.limits, frame.end_ns
    nearest_ns = int(np.diff(ends).min()) if ends.size > 1 else _MINUTE_NS
    a_minute, a_second = (-(-each // nearest_ns) for each in (_MINUTE_NS, _SECOND_NS))
    unknown = {
        "fills at the close": setup.fill != "open",
        "fills of a part of a bar": setup.rules.participation is not None,
        "slippage by volume": setup.rules.slippage.model == "volume",
        "a collar of the venue": setup.rules.collar_pct is not None,
        f"what cannot be traded ({instrument.symbol})": not instrument.tradable,
        "steps of other than whole shares": instrument.size_step != 1,
        "a symbol that may not be entered": instrument.symbol not in limits.allowed_symbols
        or instrument.symbol in limits.restricted_symbols,
        "limits of what other contracts do": limits.max_sector_weight is not None
        or limits.max_cluster_weight is not None,
        "a limit of past days": limits.looks_back,
        "a limit of heat": limits.max_heat is not None,
        "limits that pass no order": not (
            limits.max_open_positions and limits.max_open_orders and limits.max_entries_pending
        ),
        "bars that follow each other so fast that limits of orders in time bind": (
            a_minute > limits.max_orders_per_min
            or a_second > limits.max_orders_per_s
            or limits.duplicate_window_ms * 1_000_000 > nearest_ns
        ),
    }
    for what, is_so in unknown.items():
        if is_so:
            raise Unfit(what)


# -- prices --


def _paid(
    instrument: Instrument, slippage: Slippage, sign: int, bars: Sequence[Bar], frame: Frame
) -> Floats:
    """Return what a market order pays that waits for each bar."""
    found = frame.open.copy()
    asked = list(range(len(bars)))
    if slippage.model == "none":  # an open that is on the grid is what is paid
        asked = np.flatnonzero(~_on_grid(instrument, found)).tolist()
    for at in asked:
        found[at] = float(opening_price(instrument, slippage, sign, bars[at]))
    return found


def _on_grid(instrument: Instrument, prices: Floats) -> Flags:
    """Say which prices are whole steps of every part of the table of steps."""
    steps = [step for _, step in instrument.tick_table]
    coarse = max(steps)
    if 1 % coarse or any(coarse % step for step in steps):
        return np.zeros(prices.size, np.bool_)
    many = float(1 / coarse)
    return np.asarray(np.rint(prices * many) / many == prices)


def _digits(*prices: Floats) -> int:
    """Return the decimals with which every price is a whole number."""
    for digits in DIGITS:
        scale = float(10**digits)
        if all(bool((_units(each, scale) / scale == each).all()) for each in prices):
            return digits
    msg = f"prices of more than {DIGITS[-1]} decimals"
    raise Unfit(msg)


def _units(prices: Floats, scale: float) -> Floats:
    found = np.rint(prices * scale)
    if found.size and found.max() >= _EXACT_MOST:
        msg = "prices of more digits than are exact"
        raise Unfit(msg)
    return found


def _whole(prices: Floats, digits: int) -> Whole:
    return _units(prices, float(10**digits)).astype(np.int64)


# -- hours and days --


class _Hours(msgspec.Struct, frozen=True):
    """When trading is on and when it ends, a row a session; times in nanoseconds."""

    opens: Whole
    closes: Whole
    rolls: Whole
    """The end of what belongs to a session."""

    @classmethod
    def of(cls, sessions: Sessions, frame: Frame) -> _Hours:
        """Return the sessions of bars, and the one after them."""
        if not isinstance(sessions, AlwaysOpen | SessionTable):
            msg = "sessions of another kind"
            raise Unfit(msg)
        rows: list[tuple[int, int, int]] = []
        at_ns, end_ns = int(frame.start_ns[0]), int(frame.end_ns[-1])
        while len(rows) < 2 or rows[-2][2] <= end_ns:
            if isinstance(sessions, AlwaysOpen):
                roll_ns = sessions.next_roll_ns(at_ns)
                rows.append((at_ns, roll_ns, roll_ns))
            else:
                row = sessions.session(at_ns)
                roll_ns = row.extended_close_ns
                rows.append((row.open_ns, row.close_ns, roll_ns))
            at_ns = roll_ns
        return cls(*(np.array(each, np.int64) for each in zip(*rows, strict=True)))

    def of_times(self, times: Whole) -> Whole:
        """Return the row that each time belongs to."""
        return np.searchsorted(self.rolls, times, side="right")

    def open_at(self, times: Whole) -> Flags:
        """Say at which times trading is on."""
        row = self.of_times(times)
        return np.asarray((self.opens[row] <= times) & (times < self.closes[row]))

    def fills(self, frame: Frame) -> Flags:
        """Say which bars' orders meet the beginning of the next bar; those of the last do not."""
        asked, begins = frame.end_ns[:-1], frame.start_ns[1:]
        row = self.of_times(asked)
        ends = self.closes[row + (asked >= self.closes[row])]
        met = self.open_at(begins) & (begins < ends)
        return np.concatenate((met, [False]))


def _days(
    sessions: Sessions, hours: _Hours, frame: Frame, first: int
) -> tuple[Whole, Whole, tuple[date, ...]]:
    """Return the day of each bar, the last bar of each day, and the days."""
    rows = hours.of_times(frame.start_ns)
    live = rows[first:]
    if not live.size:
        msg = "no bar in the window"
        raise Unfit(msg)
    begins = np.flatnonzero(np.diff(live, prepend=live[0] - 1)) + first
    day = np.full(rows.size, -1, np.int64)
    day[first:] = np.searchsorted(begins, np.arange(first, rows.size), side="right") - 1
    last = np.append(begins[1:] - 1, rows.size - 1)
    return day, last, tuple(sessions.day_of(int(at)) for at in frame.start_ns[begins])


# -- costs and limits --


def _terms(setup: Setup, day: date) -> Terms:
    plan = setup.plan
    found = None
    if isinstance(plan, _PLANS) and type(plan) in _PLANS:  # another's charge is its own
        found = plan.terms(day)
    if found is None or min(found.a_share, found.rate) < 0:
        msg = "a plan of commissions of another kind"
        raise Unfit(msg)
    return found


def _scaled(values: Iterable[Decimal], digits: int) -> Whole:
    """Return amounts as whole numbers of ``10 ** -digits``."""
    scaled = [value.scaleb(digits) for value in values]
    if any(each != int(each) for each in scaled):
        msg = "rates of more decimals than are exact"
        raise Unfit(msg)
    return np.array([int(each) for each in scaled], np.int64)


def _rules(setup: Setup, name: str, first: int, digits: int, terms: Terms) -> Rules:
    (instrument,), limits, unit = setup.instruments, setup.limits, float(10**digits)
    rate, minimum, a_share = _scaled((terms.rate, terms.minimum, terms.a_share), 6).tolist()
    parts = (limits.max_symbol_weight, limits.max_gross, limits.max_net)
    own = limits.max_strategy_weight.get(budget_of(name))
    loss = limits.max_daily_loss_usd
    return Rules(
        first=first,
        cash=int(_scaled((setup.cash,), digits)[0]),
        multiplier=instrument.multiplier,
        fine=10 ** (digits - 6),
        rate=rate,
        minimum=minimum,
        a_share=a_share,
        is_free=not (rate or minimum or a_share),
        allow_short=limits.allow_short,
        order=float(limits.max_order_usd) * unit,
        position=float(limits.max_symbol_usd) * unit,
        gross=float(limits.max_gross_usd) * unit,
        weight=float(min((*parts, parts[0] if own is None else own))),
        daily_loss=float(limits.max_daily_loss),
        daily_loss_most=inf if loss is None else float(loss) * unit,
        drawdown=float(limits.max_drawdown),
        losses_row=limits.max_losses_row,
        cooldown_ns=limits.cooldown_ms * 1_000_000,
        orders_a_day=limits.max_orders_per_day,
    )


def _largest(setup: Setup, market: Market, rules: Rules) -> int:
    """Return the largest order whose money, costs and gains fit into 64 bits, many times over."""
    top = int(market.bars[:, : loop.CLOSE + 1].max()) * rules.multiplier
    sec, taf = market.days[:, (loop.SEC, loop.TAF)].max(axis=0).tolist()
    share = top * max(1_000_000, sec)
    share += (rules.rate + rules.a_share + taf) * rules.fine * 100_000_000
    exact: int = (_MOST - rules.cash - rules.minimum * rules.fine * 100_000_000) // (4 * share)
    limits = setup.limits
    most = min(limits.max_order_qty, limits.max_symbol_qty, setup.rules.max_qty)
    return min(exact, int(most))
