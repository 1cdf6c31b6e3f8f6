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
from robotrader.research.hours import Hours
from robotrader.research.loop import Flags, Floats, Market, Rules, Whole
from robotrader.research.moves import Unfit
from robotrader.risk import budget_of
from robotrader.venue import (
    FixedPlan,
    NoCommission,
    TieredPlan,
    opening_price,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from robotrader.backtest import Setup
    from robotrader.domain import Bar, Instrument
    from robotrader.risk import Limits
    from robotrader.strategies import Frame
    from robotrader.venue import Sessions, Slippage, Terms

DIGITS: Final = range(6, 10)
"""Decimals of money: a commission has six; prices may have more."""

_MOST: Final = 1 << 62
EXACT_MOST: Final = 1e15
"""Whole numbers below it are exact as floats, and so are their parts of a power of ten."""

_FEES: Final = (("sec", 8), ("taf", 6), ("taf_most", 6))
"""Fees on sales, and with how many decimals they are whole numbers."""

_PLANS: Final = (FixedPlan, TieredPlan, NoCommission)

FAST: Final = "bars that follow each other so fast that limits of orders in time bind"

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
    check_setup(setup)
    ends = frame.end_ns
    if (int(np.diff(ends).min()) if ends.size > 1 else _MINUTE_NS) < apart_ns(setup.limits):
        raise Unfit(FAST)
    hours = Hours.of(setup.sessions, int(frame.start_ns[0]), int(frame.end_ns[-1]))
    day, last, days = _days(setup.sessions, hours, frame, first)
    slippage = setup.rules.slippage
    buys, sells = (_paid(instrument, slippage, sign, bars, frame) for sign in (1, -1))
    digits = _digits(buys, sells, frame.close)
    terms = [terms_of(setup, each) for each in days]
    rows = np.zeros((len(bars), loop.WIDTH), np.int64)
    rows[:, loop.BUYS], rows[:, loop.SELLS] = _whole(buys, digits), _whole(sells, digits)
    rows[:, loop.CLOSE] = _whole(frame.close, digits)
    rows[:, loop.END_NS], rows[:, loop.DAY] = frame.end_ns, day
    rows[:, loop.OPEN] = setup.always_open or hours.open_at(frame.end_ns)
    rows[:-1, loop.FILLS] = hours.fills(frame.end_ns[:-1], frame.start_ns[1:])
    fees = np.array([fees_of(each) for each in terms], np.int64)
    market = Market(rows, np.column_stack((last, fees)))
    rules = rules_of(setup, name, first, digits, terms[0])
    return Columns(market, rules, days, digits, _largest(setup, market, rules))


def check_setup(setup: Setup) -> None:
    """Refuse what the loop does not know; raises ``Unfit``."""
    (instrument,), limits = setup.instruments, setup.limits
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
    }
    for what, is_so in unknown.items():
        if is_so:
            raise Unfit(what)


def apart_ns(limits: Limits) -> int:
    """Return how far from each other orders are that no limit of orders in time knows."""
    most = ((_MINUTE_NS, limits.max_orders_per_min), (_SECOND_NS, limits.max_orders_per_s))
    if not all(many for _, many in most):
        return _MOST
    by_count: int = max(-(-each // many) for each, many in most)
    return max(limits.duplicate_window_ms * 1_000_000, by_count)


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
    many = steps_of(instrument)
    if not many:
        return np.zeros(prices.size, np.bool_)
    return np.asarray(np.rint(prices * many) / many == prices)


def steps_of(instrument: Instrument) -> float:
    """Return how many of the largest steps of the table a dollar has, 0 if that says too little."""
    steps = [step for _, step in instrument.tick_table]
    coarse = max(steps)
    if 1 % coarse or any(coarse % step for step in steps):
        return 0.0
    return float(1 / coarse)


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
    if found.size and found.max() >= EXACT_MOST:
        msg = "prices of more digits than are exact"
        raise Unfit(msg)
    return found


def _whole(prices: Floats, digits: int) -> Whole:
    return _units(prices, float(10**digits)).astype(np.int64)


# -- days --


def _days(
    sessions: Sessions, hours: Hours, frame: Frame, first: int
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


def terms_of(setup: Setup, day: date) -> Terms:
    """Return what a day's orders cost; raises ``Unfit`` if the loop does not know it."""
    plan = setup.plan
    found = None
    if isinstance(plan, _PLANS) and type(plan) in _PLANS:  # another's charge is its own
        found = plan.terms(day)
    if found is None or min(found.a_share, found.rate) < 0:
        msg = "a plan of commissions of another kind"
        raise Unfit(msg)
    return found


def fees_of(terms: Terms) -> tuple[int, int, int]:
    """Return the fees on a day's sales; see ``loop.SEC``. Raises ``Unfit``."""
    sec, taf, most = (_scaled(getattr(terms, name), digits) for name, digits in _FEES)
    return sec, taf, most


def _scaled(value: Decimal, digits: int) -> int:
    """Return an amount as a whole number of ``10 ** -digits``."""
    scaled = value.scaleb(digits)
    found = int(scaled)
    if scaled != found or abs(found) >= _MOST:
        msg = "amounts of more digits than are exact"
        raise Unfit(msg)
    return found


def rules_of(setup: Setup, name: str, first: int, digits: int, terms: Terms) -> Rules:
    """Return account, costs and limits as the loop has them; raises ``Unfit``.

    ``first`` is the first bar that is traded on, ``digits`` the decimals of money.
    """
    (instrument,), limits, unit = setup.instruments, setup.limits, float(10**digits)
    rate, minimum, a_share = (_scaled(e, 6) for e in (terms.rate, terms.minimum, terms.a_share))
    parts = (limits.max_symbol_weight, limits.max_gross, limits.max_net)
    own = limits.max_strategy_weight.get(budget_of(name))
    loss = limits.max_daily_loss_usd
    return Rules(
        first=first,
        cash=_scaled(setup.cash, digits),
        multiplier=instrument.multiplier,
        fine=10 ** (digits - 6),
        rate=rate,
        minimum=minimum,
        a_share=a_share,
        is_free=not (rate or minimum or a_share),
        allow_short=limits.allow_short,
        worth=float(min(limits.max_order_usd, limits.max_symbol_usd, limits.max_gross_usd)) * unit,
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
    return min(exact, most_shares(setup))


def most_shares(setup: Setup) -> int:
    """Return how many shares an order may have that no limit of shares refuses."""
    limits = setup.limits
    return int(min(limits.max_order_qty, limits.max_symbol_qty, setup.rules.max_qty))
