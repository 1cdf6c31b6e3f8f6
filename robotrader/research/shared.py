"""One account of several lanes: what is asked for at one time is judged as the gate does it.

The limits of a contract alone, of losses and of orders in time are judged by ``loop``'s steps and
by counting. For limits of the whole account what is held and what is on its way is added up as
positive numbers. That is the worst case: what passes then passes. What does not is refused only
where nothing else can be true; everywhere else the run is ``Unfit``, and the engine's.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from robotrader.research import loop
from robotrader.research.loop import (
    CASH,
    LOSSES,
    NEAR,
    ORDERS,
    PASSES,
    POSITION,
    REDUCED_NS,
    REFUSED,
    SIZE,
    STREAK,
    within,
)
from robotrader.research.moves import Unfit
from robotrader.research.paid import DIGITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.domain import Bar
    from robotrader.research.lane import Lane, Row
    from robotrader.research.window import Day, Window

_UNIT: Final = float(10**DIGITS)
_SECOND_NS: Final = 1_000_000_000
_MINUTE_NS: Final = 60 * _SECOND_NS
_REMEMBERED: Final = 100_000
"""Orders of a minute that the gate remembers."""

_MANY: Final = 1 << 62
"""Trades that lost, where nobody counts them."""

_CHEAP: Final = 5.0
"""Dollars: below it a share that is sold short binds all that it is worth, and that at least."""

NEAR_GROSS: Final = "a limit of all positions together is near"
NEAR_NET: Final = "a limit of long less short positions is near"
NEAR_BUDGET: Final = "the budget of a strategy is near"
NEAR_POSITIONS: Final = "a limit of open positions is near"
NEAR_ORDERS: Final = "a limit of open orders is near"
NEAR_LOSSES: Final = "a limit of losses in a row is near"
OTHER_DAY: Final = "bars that end together and begin on different days"


class Streak:
    """How many trades lost one after another, at least and at most.

    Of those that are over at the same time the ledger says which was first, by its own order.
    """

    def __init__(self) -> None:
        self.least = self.most = 0
        self._before, self._at_ns, self._lost, self._won = (0, 0), -1, 0, 0

    def ended(self, at_ns: int, *, lost: bool) -> None:
        """Take it that a trade is over."""
        if at_ns != self._at_ns:
            self._before, self._at_ns = (self.least, self.most), at_ns
            self._lost = self._won = 0
        self._lost += lost
        self._won += not lost
        least, most = (0, 0) if self._won else self._before
        self.most = most + self._lost
        self.least = 0 if self._won else least + self._lost


class Shared:
    """See the module's prose.

    Args:
        window: the run's days.
        lanes: all of them, by their places.

    Attributes:
        account: as ``loop`` has it; places of a position are those of the lane that fills.
        fills: a row each: contract, bar, shares, price in units, commission in millionths.
    """

    def __init__(self, window: Window, lanes: Sequence[Lane]) -> None:
        self._window, self._limits = window, window.setup.limits
        self._count, self._streak = len(lanes), Streak()
        self.account: list[int] = [0] * SIZE
        loop.begin(self.account, lanes[0].contract.rules)  # all have the same cash
        self.fills: list[tuple[int, *Row]] = []
        limits = self._limits
        self._most_net = float(limits.max_net)
        self._most_gross = float(limits.max_gross)
        if not limits.allow_short:  # then there is nothing that net is less by
            self._most_gross = min(self._most_gross, self._most_net)
        self._most_worth = float(limits.max_gross_usd) * _UNIT
        self._most_losses = limits.max_losses_row or _MANY
        self._fewest = min(limits.max_orders_per_s, limits.max_orders_per_min)
        self._busy: dict[int, Lane] = {}
        """Those that hold something, or wait for it, by their places."""

        self._pending = self._passed = 0
        """Orders that wait, and those of them that were asked for now."""

        self._passed_ns: deque[int] = deque(maxlen=_REMEMBERED)
        self._equity = self._gross = self._margin = self._free = 0.0
        self._used = dict.fromkeys([lane.contract.budget for lane in lanes], 0.0)
        """What the strategies of each name hold and wait for."""

    # -- orders --

    def fill(self, lane: Lane, bar: Bar, day: Day) -> None:
        """Fill what a lane waits for as its next bar begins."""
        if not day.begin_ns <= bar.start_ns < day.end_ns:
            raise Unfit(OTHER_DAY)
        account = self.account
        lost = account[LOSSES]
        account[POSITION:STREAK] = lane.own
        self.fills.append((bar.con_id, *lane.fill(bar, day, account)))
        lane.own = account[POSITION:STREAK]
        self._pending -= 1
        if not lane.shares:
            lane.reduced_ns = bar.end_ns
            self._streak.ended(bar.end_ns, lost=account[LOSSES] > lost)
            del self._busy[lane.place]

    def answer(self, asked: list[tuple[Lane, Bar]], row: Sequence[Bar], day: Day) -> None:
        """Take what lanes want at the end of a batch: those that pass wait for their next bar."""
        looked, self._passed = False, 0
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
        self._passed += 1
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
        part = min(self._most_gross, self._most_net)
        self._free = min(part * self._equity, self._most_worth) * (1.0 - NEAR)
        self._use(row if whole else ())

    def _use(self, row: Sequence[Bar]) -> None:
        """Add the same up by the names of strategies; ``row`` has all of the lanes, or nothing."""
        used = self._used
        if len(used) == 1:
            for name in used:
                used[name] = self._gross
            return
        used.update(dict.fromkeys(used, 0.0))
        for place, lane in self._busy.items():
            price = row[place].close if row else lane.close()
            used[lane.contract.budget] += abs(lane.dollars * price)

    def _judge(self, lane: Lane, shares: int, bar: Bar, day: Day) -> int:
        """Judge an entry from flat; raises ``Unfit`` where only the engine can."""
        own, account, now_ns = lane.contract, self.account, bar.end_ns
        if len(self._passed_ns) >= self._fewest and self._too_fast(now_ns):
            return REFUSED
        account[REDUCED_NS], account[STREAK] = lane.reduced_ns, self._streak.least
        close, is_open = own.prices.units(bar.close), self._window.is_open(day, now_ns)
        verdict = loop.judge(shares, close, now_ns, is_open, self._equity, account, own.rules)
        if verdict < 0:
            raise Unfit(loop.STOPPED[-verdict])
        return self._beside(lane, shares, bar.close) if verdict == PASSES else verdict

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

    def _beside(self, lane: Lane, shares: int, price: float) -> int:
        """Judge an entry that passes alone beside all else; raises ``Unfit`` as above."""
        limits, own = self._limits, lane.contract
        worth = abs(shares * price * own.unit)
        gross, margin = self._gross + worth, self._margin + 0.5 * worth
        if shares < 0:
            margin += more_for_short(worth, shares, price)
        used = self._used[own.budget] + worth
        clearly = self._equity * (1.0 - NEAR)
        if not (  # nearly always
            gross <= self._free
            and margin <= clearly
            and used <= own.share * clearly
            and len(self._busy) < limits.max_open_positions
            and self._pending < limits.max_open_orders
            and self._streak.most < self._most_losses
        ):
            verdict = self._near(gross, used, margin, own.share)
            if verdict != PASSES:
                return verdict
        self._gross, self._used[own.budget] = gross, used  # the venue looks at what is held
        return PASSES

    def _near(self, gross: float, used: float, margin: float, share: float) -> int:
        """Say whether a limit is above what would be; raises ``Unfit`` where that is not known."""
        limits, equity = self._limits, self._equity
        found = {
            NEAR_GROSS: within(gross, min(self._most_gross * equity, self._most_worth)),
            NEAR_BUDGET: within(used, share * equity),
            NEAR_POSITIONS: at_most(len(self._busy) + 1, limits.max_open_positions),
            NEAR_ORDERS: at_most(self._pending + 1, limits.max_open_orders),
        }
        # what has waited for longer than since now may be over, and not as much be there
        if self._pending == self._passed and REFUSED in found.values():
            return REFUSED
        found[NEAR_NET] = within(gross, self._most_net * equity)
        found[NEAR_LOSSES] = at_most(self._streak.most + 1, self._most_losses)
        found[loop.STOPPED[loop.MARGIN]] = within(margin, equity)
        for why, verdict in found.items():
            if verdict != PASSES:
                raise Unfit(why)
        return PASSES

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


def at_most(count: int, most: int) -> int:
    """Compare a count with its limit."""
    return PASSES if count <= most else REFUSED


def more_for_short(worth: float, shares: int, price: float) -> float:
    """Return what a short position binds at the venue above half of its worth, in units.

    See ``venue.margin``.
    """
    half = 0.5 * worth
    return max(worth if price < _CHEAP else half, -shares * _CHEAP * _UNIT) - half
