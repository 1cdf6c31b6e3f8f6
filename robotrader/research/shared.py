"""One account of several lanes: what is asked for at one time is judged as the gate does it.

The limits of a contract alone, of losses and of orders in time are judged by ``loop``'s steps and
by counting. What limits of the whole account could bind is not judged at all: held positions and
orders on their way are added up as positive numbers, in the worst case, and where that does not
clearly pass, the run is ``Unfit`` and the engine's.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from robotrader.research import loop
from robotrader.research.loop import (
    CASH,
    NEAR,
    ORDERS,
    PASSES,
    POSITION,
    REDUCED_NS,
    REFUSED,
    SIZE,
    STREAK,
)
from robotrader.research.moves import Unfit
from robotrader.research.paid import DIGITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.domain import Bar
    from robotrader.research.lane import Lane, Row
    from robotrader.research.loop import Rules
    from robotrader.research.window import Day, Window

_UNIT: Final = float(10**DIGITS)
_SECOND_NS: Final = 1_000_000_000
_MINUTE_NS: Final = 60 * _SECOND_NS
_REMEMBERED: Final = 100_000
"""Orders of a minute that the gate remembers."""

_CHEAP: Final = 5.0
"""Dollars: below it a share that is sold short binds all that it is worth, and that at least."""

NEAR_GROSS: Final = "a limit of all positions together is near"
NEAR_POSITIONS: Final = "a limit of open positions is near"
NEAR_ORDERS: Final = "a limit of open orders is near"
OTHER_DAY: Final = "bars that end together and begin on different days"


class Shared:
    """See the module's prose.

    Args:
        window: the run's days.
        rules: of one of the contracts; all have the same account.
        count: how many lanes there are.

    Attributes:
        account: as ``loop`` has it; places of a position are those of the lane that fills.
        fills: a row each: contract, bar, shares, price in units, commission in millionths.
    """

    def __init__(self, window: Window, rules: Rules, count: int) -> None:
        self._window, self._limits = window, window.setup.limits
        self.account: list[int] = [0] * SIZE
        loop.begin(self.account, rules)
        self.fills: list[tuple[int, *Row]] = []
        self._most_gross = float(self._limits.max_gross_usd) * _UNIT
        self._busy: dict[int, Lane] = {}
        """Those that hold something, or wait for it, by their places."""

        self._pending, self._count = 0, count
        self._passed_ns: deque[int] = deque(maxlen=_REMEMBERED)
        self._equity = self._gross = self._margin = 0.0

    # -- orders --

    def fill(self, lane: Lane, bar: Bar, day: Day) -> None:
        """Fill what a lane waits for as its next bar begins."""
        if not day.begin_ns <= bar.start_ns < day.end_ns:
            raise Unfit(OTHER_DAY)
        account = self.account
        account[POSITION:STREAK] = lane.own
        self.fills.append((bar.con_id, *lane.fill(bar, day, account)))
        lane.own = account[POSITION:STREAK]
        self._pending -= 1
        if not lane.shares:
            lane.reduced_ns = bar.end_ns
            del self._busy[lane.place]

    def answer(self, asked: list[tuple[Lane, Bar]], row: Sequence[Bar], day: Day) -> None:
        """Take what lanes want at the end of a batch: those that pass wait for their next bar."""
        looked = False
        for lane, bar in asked:
            shares = lane.wants(bar.end_ns)
            if not shares:
                continue
            if not lane.shares:
                if not looked:
                    self._look(row)
                    looked = True
                if self._judge(lane, shares, bar, day) != PASSES:
                    continue
            self._pass(lane, shares, bar.end_ns)

    def _pass(self, lane: Lane, shares: int, now_ns: int) -> None:
        self.account[ORDERS] += 1
        self._passed_ns.append(now_ns)
        self._pending += 1
        self._busy[lane.place] = lane
        lane.wanted, lane.rests = shares, False
        lane.dollars = (lane.shares or shares) * lane.contract.unit

    def _look(self, row: Sequence[Bar]) -> None:
        """Add up what is held or waits, at the newest closes, in units; ``row`` is the batch."""
        long = short = more = waits = 0.0
        whole = len(row) == self._count
        for place, lane in self._busy.items():
            price = row[place].close if whole else lane.close()
            worth = lane.dollars * price
            if worth > 0.0:
                long += worth
            else:
                short -= worth
                more += more_for_short(-worth, lane.shares or lane.wanted, price)
            if not lane.shares:
                waits += worth
        self._equity = float(self.account[CASH]) + long - short - waits
        self._gross = long + short
        self._margin = 0.5 * self._gross + more

    def _judge(self, lane: Lane, shares: int, bar: Bar, day: Day) -> int:
        """Judge an entry from flat; raises ``Unfit`` where only the engine can."""
        own, account, now_ns = lane.contract, self.account, bar.end_ns
        if self._too_fast(now_ns):
            return REFUSED
        account[REDUCED_NS] = lane.reduced_ns
        close, is_open = own.prices.units(bar.close), self._window.is_open(day, now_ns)
        verdict = loop.judge(shares, close, now_ns, is_open, self._equity, account, own.rules)
        if verdict < 0:
            raise Unfit(loop.STOPPED[-verdict])
        if verdict == PASSES:
            self._add(lane, shares, bar.close)
        return verdict

    def _too_fast(self, now_ns: int) -> bool:
        """Whether as many orders as may be passed in the last second, or minute."""
        limits, passed = self._limits, self._passed_ns
        for most, span_ns in (
            (limits.max_orders_per_s, _SECOND_NS),
            (limits.max_orders_per_min, _MINUTE_NS),
        ):
            if len(passed) >= most and (not most or passed[-most] > now_ns - span_ns):
                return True
        return False

    def _add(self, lane: Lane, shares: int, price: float) -> None:
        """Count an entry that passes with all else; raises ``Unfit`` if that may not pass."""
        limits, own = self._limits, lane.contract
        worth = shares * price * own.unit
        gross = self._gross + abs(worth)
        margin = self._margin + 0.5 * abs(worth)
        if shares < 0:
            margin += more_for_short(-worth, shares, price)
        near = {
            NEAR_GROSS: loop.within(gross, min(own.share * self._equity, self._most_gross)),
            NEAR_POSITIONS: len(self._busy) >= limits.max_open_positions,
            NEAR_ORDERS: self._pending >= limits.max_open_orders,
            loop.STOPPED[loop.MARGIN]: margin >= self._equity * (1.0 - NEAR),
        }
        for why, is_so in near.items():
            if is_so:
                raise Unfit(why)
        self._gross, self._margin = gross, margin

    # -- days --

    def end_day(self) -> int:
        """End today's exchange day; return what the account is worth, in units."""
        equity = self.account[CASH]
        for lane in self._busy.values():
            own = lane.contract
            if lane.shares:
                equity += lane.shares * own.rules.multiplier * own.prices.units(lane.close())
        loop.end_at(equity, self.account)
        return equity


def more_for_short(worth: float, shares: int, price: float) -> float:
    """Return what a short position binds at the venue above half of its worth, in units.

    See ``venue.margin``.
    """
    half = 0.5 * worth
    return max(worth if price < _CHEAP else half, -shares * _CHEAP * _UNIT) - half
