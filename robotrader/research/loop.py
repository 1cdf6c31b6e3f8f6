"""What the engine does for a strategy that follows its signals, for one combination, on arrays.

Written so that a compiler of loops can take it (``robotrader.adapters.compiled``) and plain Python
can run it: there is one source. Its steps (``judge``, ``fill``, ``end_day``) take numbers, so that
``callbacks``, which calls strategies bar by bar, takes the same ones. It decides nothing of its
own. What the strategy answers is looked up in a table that was made by asking it (``moves``),
prices and costs are the venue's. Money is whole numbers of ``10 ** -digits`` dollars, so no digit
is lost and no order of adding matters.

What a limit is compared with is a float that is off by less than ``NEAR`` of itself. Whatever is
nearer than that to its limit, and whatever else this loop does not know, ends it with a number that
says why (``STOPPED``): the engine runs that combination.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Whole: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Account: TypeAlias = Whole | list[int]
"""``SIZE`` numbers; a list where plain Python counts, whose numbers have no end."""

NEAR: Final = 1e-9
"""Far above what floats are off by, far below what a limit means."""

DONE, NEAR_LIMIT, WAITS, MARGIN, LOST, OTHER_SIGNALS = range(6)

STOPPED: Final = {
    NEAR_LIMIT: "a limit is met to the last digits",
    WAITS: "an order waits for more than the next bar",
    MARGIN: "the venue's margin may refuse an order",
    LOST: "the account is worth nothing",
    OTHER_SIGNALS: "too many different signals",
}
"""Why a combination is not the loop's, by what it ended with."""

PASSES, REFUSED, DOUBT = range(3)

CASH, PAID, WON, LOST_MONEY, TRADES, WINS, LOSSES, SEEN = range(8)
PEAK, DAY_EQUITY, POSITION, ENTERED, ENTRY_FEE, STREAK, ORDERS, REDUCED_NS, TODAY = range(8, 17)
"""Places in an account: what a run ends with, and what it goes on with."""

SIZE: Final = 17


BUYS, SELLS, CLOSE, END_NS, DAY, OPEN, FILLS = range(7)
"""Places in a bar's row. What is paid by an order of the bar before, and what is got for one; the
close; the end; the exchange day, from 0, or -1 before the run begins; whether the gate takes the
market for open at the bar's end; whether an order of that end is filled as the next bar begins."""

WIDTH: Final = 8
"""A row is as wide as a line of a processor's cache: looking at a bar fetches one, not seven."""


LAST, SEC, TAF, TAF_MOST = range(4)
"""Places in an exchange day's row. Its last bar; fees on its sales: hundredths of a dollar for a
million dollars, millionths of a dollar for a share, and at most."""


class Market(NamedTuple):
    """The bars and their exchange days, a row each."""

    bars: Whole
    days: Whole


class Rules(NamedTuple):
    """Account, costs and limits. Ratios and dollars as floats, money in units."""

    first: int
    """The first bar that is traded on."""

    cash: int
    multiplier: int
    fine: int
    """Units in a millionth of a dollar."""

    rate: int
    """Millionths of a dollar: the commission for a share,"""

    minimum: int
    """for an order at least,"""

    a_share: int
    """and what exchanges take for a share."""

    is_free: bool
    allow_short: bool
    worth: float
    """Units; the least of all limits in dollars: of an order, a position, the gross exposure."""

    weight: float
    """The least of all limits that are a part of equity."""

    daily_loss: float
    daily_loss_most: float
    """In units, too; infinite for none."""

    drawdown: float
    losses_row: int
    cooldown_ns: int
    orders_a_day: int


class Moves(NamedTuple):
    """What a strategy does, by place (state and position), signal and whether it warms up."""

    act: Whole
    """Shares that it asks for, signed; 0: nothing."""

    after: Whole
    """Its place then."""

    filled: Whole
    """Its place once they are its."""

    settled: Flags
    """Whether the same would lead to nothing again."""


def news(signals: Floats, values: Floats, at: Whole, codes: Whole) -> int:
    """Find the bars whose signal is another one; a NaN is always another one.

    Args:
        signals: one for each bar.
        values: those that are known; NaN is 0, the others follow from 1 on.
        at: takes the bars.
        codes: takes their signals' numbers.

    Returns:
        How many there are; less than 0: the signal of bar ``-1 - result`` is not known.
    """
    count, before = 0, np.inf
    for bar in range(signals.size):
        signal = signals[bar]
        if signal == before:
            continue
        before = signal
        code = 0 if signal != signal else -1  # noqa: PLR0124 - the fastest way to see a NaN
        if code < 0:
            for known in range(values.size):
                if values[known] == signal:
                    code = known + 1
        if code < 0:
            return -1 - bar
        at[count] = bar
        codes[count] = code
        count += 1
    return count


def charge(  # noqa: PLR0917 - what is compiled takes no keywords
    qty: int, value: int, sec: int, taf: int, taf_most: int, rules: Rules
) -> int:
    """Return what an order costs that fills at once, in millionths of a dollar, as plans round.

    Fees are those of its day if it sells, else 0.
    """
    if rules.is_free:
        return 0
    scale = rules.fine * 100_000_000  # a hundred-millionth of a unit
    least = qty * rules.rate
    least = max(least, rules.minimum)  # a built-in's call takes longer, where nobody compiles it
    whole = min(least * scale, value * 1_000_000) + qty * rules.a_share * scale
    if sec != 0 or taf != 0:
        whole += value * sec + min(qty * taf, taf_most) * scale
    rounded = whole // scale
    rest = whole - rounded * scale
    if 2 * rest > scale or (2 * rest == scale and rounded % 2 == 1):
        rounded += 1
    return int(rounded)


def within(value: float, most: float) -> int:
    """Compare what may be as much as its limit."""
    if value <= most * (1.0 - NEAR):
        return PASSES
    return REFUSED if value >= most * (1.0 + NEAR) else DOUBT


def allowed(  # noqa: PLR0917 - as above
    worth: float, equity: float, day_equity: float, peak: float, wanted: int, rules: Rules
) -> int:
    """Judge an entry from flat by the limits of size and loss; DOUBT as soon as one is near."""
    if equity <= 0.0 or (wanted < 0 and not rules.allow_short):
        return REFUSED
    found, least = within(worth, rules.worth), within(worth, rules.weight * equity)
    found = max(found, least)
    if equity < day_equity:  # no loss is below each limit
        most = min(rules.daily_loss * day_equity, rules.daily_loss_most)
        found = max(found, within(day_equity - equity, most))
    if equity < peak:
        found = max(found, within(peak - equity, rules.drawdown * peak))
    return found


def needs_margin(worth: float, qty: int, equity: float, rules: Rules) -> bool:
    """Whether a position is near what the venue's margin refuses; ``qty`` is signed."""
    needed = worth * 0.5
    if qty < 0:
        least = -qty * 5.0 * rules.fine * 1e6
        if worth < least * rules.multiplier:  # below five dollars all of it is needed
            needed = worth
        needed = max(needed, least)
    return needed >= equity * (1.0 - NEAR)


def judge(  # noqa: PLR0917 - as above
    wanted: int, close: int, end_ns: int, is_open: bool, equity: float, account: Account,
    rules: Rules,
) -> int:  # fmt: skip
    """Judge an entry from flat: ``PASSES``, ``REFUSED``, or how the run ends.

    It is asked for at a bar's close and end; ``is_open`` is what the gate takes the market for,
    ``equity`` what the account is worth.
    """
    worth = float(abs(wanted) * close * rules.multiplier)
    found = allowed(worth, equity, float(account[DAY_EQUITY]), float(account[PEAK]), wanted, rules)
    since_ns = account[REDUCED_NS]
    rests = since_ns >= 0 and end_ns - since_ns < rules.cooldown_ns
    tired = 0 < rules.losses_row <= account[STREAK]
    if not is_open or account[ORDERS] >= rules.orders_a_day or rests or tired:
        return REFUSED
    if found == PASSES and needs_margin(worth, wanted, equity, rules):
        return -MARGIN
    return -NEAR_LIMIT if found == DOUBT else found


def begin(account: Account, rules: Rules) -> None:
    """Open an account."""
    for place in range(SIZE):
        account[place] = 0
    account[CASH] = account[PEAK] = account[DAY_EQUITY] = rules.cash
    account[REDUCED_NS] = -1


def end_day(close: int, account: Account, rules: Rules) -> int:
    """End today's exchange day at its last close; return what the account is worth."""
    equity: int = account[CASH] + account[POSITION] * rules.multiplier * close
    end_at(equity, account)
    return equity


def end_at(equity: int, account: Account) -> None:
    """End today's exchange day with what the account is worth."""
    account[DAY_EQUITY] = equity
    account[PEAK] = max(account[PEAK], equity)
    account[ORDERS] = 0
    account[TODAY] += 1


def roll(until: int, account: Account, market: Market, rules: Rules, values: Whole) -> None:
    """End the exchange days before one."""
    while account[TODAY] < until:
        today = account[TODAY]
        values[today] = end_day(market.bars[market.days[today, LAST], CLOSE], account, rules)


def fill(  # noqa: PLR0917 - as above
    shares: int, price: int, end_ns: int, sec: int, taf: int, taf_most: int,
    account: Account, rules: Rules,
) -> int:  # fmt: skip
    """Fill an order as a bar begins: an entry from flat, or an exit of all; return what it costs.

    ``end_ns`` is the bar's. Fees are those of its day if it sells, else 0.
    """
    value, fine = shares * price * rules.multiplier, rules.fine
    fee = charge(abs(shares), abs(value), sec, taf, taf_most, rules)
    account[CASH] -= value + fee * fine
    account[PAID] += fee
    account[SEEN] += 1
    if account[POSITION] == 0:
        account[POSITION], account[ENTERED], account[ENTRY_FEE] = shares, price, fee
        return fee
    moved = account[POSITION] * (price - account[ENTERED]) * rules.multiplier
    gain = moved - (account[ENTRY_FEE] + fee) * fine
    account[POSITION] = 0
    account[REDUCED_NS] = end_ns
    account[TRADES] += 1
    if gain < 0:
        account[LOSSES] += 1
        account[LOST_MONEY] -= gain
        account[STREAK] += 1
        return fee
    account[STREAK] = 0
    if gain > 0:
        account[WINS] += 1
        account[WON] += gain
    return fee


def meet(  # noqa: PLR0917 - as above
    shares: int, bar: int, account: Account, market: Market, rules: Rules, fills: Whole
) -> None:
    """Fill an order at the beginning of a bar, and note it where there is a row for it."""
    price = market.bars[bar, BUYS if shares > 0 else SELLS]
    sec = taf = most = 0
    if shares < 0:
        today = account[TODAY]
        sec, taf = market.days[today, SEC], market.days[today, TAF]
        most = market.days[today, TAF_MOST]
    row = account[SEEN]
    fee = fill(shares, price, market.bars[bar, END_NS], sec, taf, most, account, rules)
    if row < fills.shape[0]:
        fills[row, 0], fills[row, 1], fills[row, 2], fills[row, 3] = bar, shares, price, fee


def run(  # noqa: PLR0917 - as above
    at: Whole, codes: Whole, warmup: int, moves: Moves, market: Market, rules: Rules,
    values: Whole, account: Whole, fills: Whole,
) -> int:  # fmt: skip
    """Run one combination.

    Args:
        at: the bars with another signal, the first among them.
        codes: their signals' numbers.
        warmup: how many bars the strategy has to see.
        moves: what it does.
        market: the bars.
        rules: account, costs and limits.
        values: takes what the account is worth at the end of each day, units.
        account: ``SIZE`` numbers; what the run ends with.
        fills: takes a row a fill (bar, shares, price, commission), as far as there are rows.

    Returns:
        ``DONE``, or why the engine has to run it.
    """
    begin(account, rules)
    count, bar, following, place, code, told, pending = len(market.bars), 0, 0, 0, 0, -1, 0
    settled = is_live = False
    while bar < count:
        while following < at.size and at[following] <= bar:
            code = codes[following]
            following += 1
        if account[TODAY] < market.bars[bar, DAY]:
            roll(market.bars[bar, DAY], account, market, rules, values)
        if pending != 0:
            meet(pending, bar, account, market, rules, fills)
            pending = 0
        settled = settled and bar != rules.first  # to begin is an event
        if code != 0 and code == told and settled and bar >= warmup and is_live:
            bar = at[following] if following < at.size else count
            continue
        way = 1 if bar < rules.first or bar + 1 < warmup else 0
        told, is_live = code, bar >= rules.first and bar >= warmup
        wanted, settled = moves.act[place, code, way], moves.settled[place, code, way]
        before, place = place, moves.after[place, code, way]
        if wanted != 0:
            verdict = PASSES
            if account[POSITION] == 0:
                row = market.bars[bar]
                close, is_open, equity = row[CLOSE], row[OPEN] != 0, float(account[CASH])
                verdict = judge(wanted, close, row[END_NS], is_open, equity, account, rules)
            if verdict < 0:
                return -verdict
            if verdict == PASSES:
                pending, place = wanted, moves.filled[before, code, way]
                account[ORDERS] += 1
                if bar + 1 < count and market.bars[bar, FILLS] == 0:
                    return WAITS
        bar += 1
    roll(values.size, account, market, rules, values)
    return DONE if values.min() > 0 else LOST


HELPERS: Final = (
    charge, within, allowed, needs_margin, judge, begin, end_at, end_day, roll, fill, meet,
)  # fmt: skip
"""What ``run`` calls, each after what it calls itself."""
