"""One strategy on the bars of one contract, without the engine: what it is told, wants and gets.

It is told as its host would tell it. How its orders are judged is the affair of who runs it: alone
on an account (``callbacks``), or beside others (``lanes``).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from operator import length_hint
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.domain import Bar
from robotrader.research import loop
from robotrader.research.columns import FAST
from robotrader.research.desk import Desk
from robotrader.research.loop import POSITION, Rules
from robotrader.research.moves import Unfit, shares_of, unfit_by
from robotrader.research.paid import Prices
from robotrader.strategies import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.research.window import Day, Window
    from robotrader.strategies import StrategyHost

ZERO: Final = Decimal(0)
_NO_FEES: Final = (0, 0, 0)
_NEVER_NS: Final = -(1 << 61)
"""Longer ago than orders have to be apart, but where limits pass none at all."""

Row = tuple[int, int, int, int]
"""A fill: bar, shares, price in units, commission in millionths."""


class Contract(msgspec.Struct, frozen=True):
    """What a contract's orders need, whichever strategy asks for them."""

    bars: Sequence[Bar]
    first: int
    """The first bar that is traded on."""

    rules: Rules
    prices: Prices
    most: int
    """Shares of an order that no limit of shares refuses."""

    apart_ns: int
    """How far from each other orders have to be asked for."""

    budget: str = ""
    share: float = 0.0
    """The name whose budget its strategy has, and the part of equity that this is."""

    unit: float = 0.0
    """Units in a dollar of its price."""


class Lane:
    """See the module's prose.

    Args:
        host: whose strategy it is; it has not begun.
        contract: its host's.
        window: says which orders meet which bars.

    Attributes:
        wanted: shares that were approved and meet the next bar, signed.
        shares: what is held, signed; ``position`` the same with its decimals, as it is told.
        ready: whether it has seen as many bars as it wants.
        rests: whether nothing has to be done before it is told of its next bar. This and what
            follows is of lanes that share an account.
        place: its own among them.
        own: its places in the account, ``POSITION`` and the two after it; ``reduced_ns`` likewise.
        dollars: what it holds or waits for is worth so much for each dollar of its price, in units.

    Raises:
        Unfit: only the engine can run it.
    """

    __slots__ = (
        "_asked_ns", "_first", "_host", "_qty", "_window", "contract", "desk", "dollars", "end",
        "following", "own", "place", "position", "ready", "reduced_ns", "rests", "shares",
        "strategy", "wanted",
    )  # fmt: skip

    def __init__(self, host: StrategyHost, contract: Contract, window: Window) -> None:
        if not host.bare or host.bars_seen:
            msg = "its host has begun" if host.bare else "sizes or stops of the strategy's section"
            raise Unfit(msg)
        self._host, self.contract, self._window = host, contract, window
        self._first = contract.first
        self.strategy: Strategy[Any, Any] = host.strategy
        if getattr(self.strategy.on_fill, "__func__", None) is not Strategy.on_fill:
            msg = "it has a method of its own: on_fill"
            raise Unfit(msg)
        self.following: Iterator[Bar] = iter(contract.bars)
        self.end = len(contract.bars)
        self.desk = Desk(host, self.live)
        self.ready = self.rests = False
        self.place, self.own, self.reduced_ns, self.dollars = 0, [0, 0, 0], -1, 0.0
        self.wanted, self.shares, self._asked_ns = 0, 0, _NEVER_NS
        self._qty = self.position = ZERO

    def live(self) -> int:
        """Return how many bars were told live, with the one of now."""
        return self.end - length_hint(self.following) - self._first

    def close(self) -> float:
        """Return the newest close of its contract."""
        found: float = self.contract.bars[self.end - length_hint(self.following) - 1].close
        return found

    # -- what the strategy is told, as its host does --

    def start(self, now_ns: int) -> None:
        """Tell it that it starts."""
        desk = self.desk
        desk.what, desk.now_ns, desk.warming, desk.blocked = "start", now_ns, True, False
        try:
            self.strategy.on_start(desk)
        except Exception as error:  # the engine, which runs it then, says where
            raise unfit_by(error) from error
        desk.taken()

    def tell(self, bar: Bar, *, warming: bool) -> None:
        """Tell it of a bar before which it has never traded."""
        desk = self.desk
        desk.what, desk.now_ns, desk.warming, desk.blocked = bar, bar.end_ns, warming, False
        desk.position = desk.bought = desk.sold = ZERO
        try:
            self.strategy.on_bar(desk, bar)
        except Exception as error:  # the engine, which runs it then, says where
            raise unfit_by(error) from error
        if warming and desk.touched:
            desk.taken()

    def look(self) -> None:
        """See whether it is ready at the bar of now."""
        try:
            self.ready = self._first + self.live() >= self._host.warmup_bars
        except Exception as error:  # the engine, which runs it then, says where
            raise unfit_by(error) from error

    # -- what comes of it, as the engine does --

    def wants(self, now_ns: int) -> int:
        """Return the shares that it wants in answer to what it was told now, signed."""
        wish = self.desk.taken()
        if wish is None:
            return 0
        shares = shares_of(wish, self.shares)
        if abs(shares) > self.contract.most:
            msg = "an order of more shares than pass"
            raise Unfit(msg)
        if now_ns - self._asked_ns < self.contract.apart_ns:
            raise Unfit(FAST)
        self._asked_ns, self._qty = now_ns, wish.qty
        return shares

    def fill(self, bar: Bar, day: Day, account: list[int]) -> Row:
        """Fill what was wanted as a bar begins."""
        shares, own = self.wanted, self.contract
        if not self._window.meets(day, self._asked_ns, bar.start_ns):
            raise Unfit(loop.STOPPED[loop.WAITS])
        self.position += self._qty if shares > 0 else -self._qty  # with its decimals, as told
        price = own.prices.paid(shares, bar)
        sec, taf, most = day.fees if shares < 0 else _NO_FEES
        fee = loop.fill(shares, price, bar.end_ns, sec, taf, most, account, own.rules)
        self.wanted, self.shares = 0, account[POSITION]
        return self._first + self.live() - 1, shares, price, fee
