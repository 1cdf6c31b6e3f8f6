"""From the ticks of one line to quotes and trades, with a guard at the edge (D3, D4, D8, D9).

A tick says one thing (the bid's price, the last size); a quote says all. However many ticks come,
one quote is taken at a time: what nobody has taken is replaced. What cannot be (no number, not
positive, crossed, older than what was said before) is counted with its reason and goes nowhere.

Trades come from ``rtVolume`` (tick 48), the only tick that carries price, size and time together;
where it does not come (delayed data, indices) they come from the last price and its timestamp. A
trade whose time is not known is no trade: times are not guessed.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Final

from robotrader.domain import Borrow, Quote, Trade

SECOND_NS: Final = 1_000_000_000
MILLI_NS: Final = 1_000_000
LARGEST: Final = 1e12
"""IBKR writes 1.79E308 for "not set"; no price and no size of a share is near this."""

_BID, _ASK, _LAST = 0, 1, 2
_PRICES: Final = {1: _BID, 66: _BID, 2: _ASK, 67: _ASK, 4: _LAST, 68: _LAST}
_SIZES: Final = {0: _BID, 69: _BID, 3: _ASK, 70: _ASK, 5: _LAST, 71: _LAST}
_TIMES: Final = frozenset({45, 88})
_RT_VOLUME: Final = frozenset({48, 77})
_HIGHEST_TYPE: Final = 105
_UNKNOWN: Final = "unknown tick type"
LENDING: Final = 46
"""How easily shares can be borrowed: above 2.5 at least 1,000 can, above 1.5 they have to be
located first, at or below that there are none (IBKR, generic tick 236)."""

SHARES: Final = 89
"""How many shares can be borrowed (generic tick 236 too)."""

_EASY, _LOCATED, _EASY_SHARES = 2.5, 1.5, Decimal(1_000)
DELAYED_TYPES: Final = range(66, 91)


def possible(value: float) -> bool:
    """Whether a number can be a price or a size: finite, not negative, not "unset"."""
    return 0 <= value < LARGEST  # no NaN is, and nothing infinite


class LineBook:
    """What one line has said. ``refused`` counts by reason what was not believed."""

    def __init__(self, con_id: int) -> None:
        self.con_id = con_id
        self.refused: Counter[str] = Counter()
        self.conflated = 0
        self._prices = [0.0, 0.0, 0.0]
        self._sizes = [0.0, 0.0, 0.0]
        self._dirty = False
        self._trades: list[Trade] = []
        self._last_time_ns = 0
        self._last_said = False
        self._rt_volume = False
        self._trade_ns = 0
        self._volume = -1.0
        self._last_trade: Trade | None = None
        self._lending: float | None = None
        self._shares: Decimal | None = None
        self._lent: Borrow | None = None

    # -- ticks --

    def price(self, kind: int, price: float, size: float) -> None:
        """Take a price tick; -1 means that this side has none."""
        side = _PRICES.get(kind)
        if side is None:
            if not 0 <= kind <= _HIGHEST_TYPE:
                self.refused[_UNKNOWN] += 1
        elif price == -1 and side is not _LAST:
            self._set(side, 0.0, 0.0)
        elif not 0 < price < LARGEST:  # as ``possible``: ticks are most of what comes
            self.refused["price"] += 1
        elif not 0 <= size < LARGEST:
            self.refused["size"] += 1
        elif side == _LAST:
            self._prices[_LAST], self._sizes[_LAST], self._last_said = price, size, True
        else:
            self._set(side, price, size)

    def size(self, kind: int, size: float) -> None:
        """Take a size tick; a size without a price says nothing."""
        side = _SIZES.get(kind)
        if side is None:
            if not 0 <= kind <= _HIGHEST_TYPE:
                self.refused[_UNKNOWN] += 1
        elif not 0 <= size < LARGEST:
            self.refused["size"] += 1
        elif side != _LAST and self._prices[side]:
            self._set(side, self._prices[side], size)

    def text(self, kind: int, value: str) -> None:
        """Take a text tick: the time of the last trade, or a trade as one text."""
        if kind in _TIMES:
            if value.isdigit():
                self._last_time_ns = int(value) * SECOND_NS
            else:
                self.refused["time"] += 1
        elif kind in _RT_VOLUME:
            self._rt(value)
        elif not 0 <= kind <= _HIGHEST_TYPE:
            self.refused[_UNKNOWN] += 1

    def lent(self, kind: int, value: float) -> Borrow | None:
        """Take a tick about borrowing; return what is so now, None if that was known."""
        if not possible(value):
            self.refused["borrow"] += 1
            return None
        if kind == LENDING:
            self._lending = value
        else:
            self._shares = Decimal(int(value))
        before, self._lent = self._lent, self._borrow()
        return None if self._lent == before else self._lent

    def _borrow(self) -> Borrow:
        """Return what the two ticks say together; the one that says less counts."""
        shares, level = self._shares, self._lending
        if level is None:
            return Borrow(self.con_id, shares)
        if level <= _LOCATED:
            return Borrow(self.con_id, Decimal(0))
        easy = _EASY_SHARES if shares is None else shares
        return Borrow(self.con_id, easy, to_locate=level <= _EASY)

    def _set(self, side: int, price: float, size: float) -> None:
        if (self._prices[side], self._sizes[side]) != (price, size):
            self._prices[side], self._sizes[side] = price, size
            self.conflated += self._dirty
            self._dirty = True

    # -- trades --

    def _rt(self, value: str) -> None:
        """Read ``price;size;milliseconds;day's volume;vwap;single``; the price may be missing."""
        parts = value.split(";")
        try:
            price, size, millis, volume = float(parts[0] or 0), *map(float, parts[1:4])
        except (ValueError, IndexError):
            self.refused["trade"] += 1
            return
        self._rt_volume = True
        if not price:
            return
        if not (possible(price) and possible(size) and possible(volume) and millis > 0):
            self.refused["trade"] += 1
            return
        time_ns = round(millis) * MILLI_NS
        if time_ns < self._trade_ns or (time_ns == self._trade_ns and volume <= self._volume):
            self.refused["old"] += 1
            return
        self._volume = volume
        self._traded(Trade(self.con_id, time_ns, price, size))

    def _traded(self, trade: Trade) -> None:
        last, self._last_trade = self._last_trade, trade
        same = last is not None and (last.price, last.size) == (trade.price, trade.size)
        self._trade_ns = trade.time_ns
        if same and last is not None and last.time_ns == trade.time_ns // SECOND_NS * SECOND_NS:
            return  # the first rtVolume repeats what the last price has said a moment ago
        self._trades.append(trade)

    def _from_last(self) -> None:
        """Make a trade of the last price, if its time is new."""
        if self._last_time_ns < self._trade_ns:
            self.refused["old"] += 1
            return
        trade = Trade(self.con_id, self._last_time_ns, self._prices[_LAST], self._sizes[_LAST])
        if trade != self._last_trade:
            self._traded(trade)

    # -- what is taken --

    def take_trades(self) -> list[Trade]:
        """Return the trades since the last call, oldest first."""
        if self._last_said:
            self._last_said = False
            if self._last_time_ns and not self._rt_volume:
                self._from_last()
        found, self._trades = self._trades, []
        return found

    def take_quote(self, now_ns: int) -> Quote | None:
        """Return the newest quote if it is new and can be; ``now_ns`` is when it was heard."""
        if not self._dirty:
            return None
        bid, ask, _ = self._prices
        if bid > ask > 0:
            self.refused["crossed"] += 1  # one side of two has come; the other makes it right
            return None
        self._dirty = False
        return Quote(self.con_id, now_ns, bid, ask, self._sizes[_BID], self._sizes[_ASK])
