"""The edge: what of a market's data may come in, line by line (a source's quotes, trades or bars).

The rule: a value is let in as it is or refused with a reason, and every refusal is counted; nothing
is repaired. A price that is far from the last one is held back until it is confirmed: by the same
price ``confirm`` times in a row, or by another source. What confirms it is let in; what was held
back stays refused, so that a single bad tick never triggers a stop.

Two trades of one time, price and size are two trades: sources stamp whole seconds.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import msgspec

from robotrader.domain import Bar
from robotrader.market.quality import Reason, Refused, bar_fault, quote_fault, trade_fault

if TYPE_CHECKING:
    from robotrader.domain import Quote, Trade

    Datum: TypeAlias = Quote | Trade | Bar

_SECOND_NS: Final = 1_000_000_000


class EdgeLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one contract's edge lets in."""

    jump: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1
    """Part of the last price that a price may move at once."""

    confirm: Annotated[int, msgspec.Meta(ge=2, le=100)] = 3
    """How often in a row a source has to say a price that is further away."""

    ahead_ns: Annotated[int, msgspec.Meta(ge=0)] = 2 * _SECOND_NS
    """How far a source's clock may be before ours."""

    old_ns: Annotated[int, msgspec.Meta(gt=0)] = 60 * _SECOND_NS
    """How long ago a value may have been true when it comes; a bar, how long ago it ended."""


class _Line:
    """What one source said last of one kind."""

    __slots__ = ("last", "time_ns")

    def __init__(self) -> None:
        self.last: Datum | None = None
        self.time_ns = 0


class _Claim(msgspec.Struct, frozen=True, gc=False):
    """The price that a source claims, and how far what it says reaches."""

    source: str
    price: float | None
    reach: tuple[float, ...]


class _Suspect(msgspec.Struct, frozen=True):
    """A price that is too far away, who says so and how often."""

    price: float
    source: str
    times: int


class Edge:
    """One contract's edge; see the module's prose.

    Each method returns None for a value that is let in. ``source`` names who said it, ``now_ns``
    is our time.
    """

    def __init__(self, con_id: int, limits: EdgeLimits | None = None) -> None:
        self.con_id = con_id
        self.limits = limits or EdgeLimits()
        self.accepted = 0
        self.refused: Counter[Reason] = Counter()
        self._lines: dict[tuple[str, str], _Line] = {}
        self._price: float | None = None
        self._suspect: _Suspect | None = None

    def quote(self, quote: Quote, now_ns: int, source: str = "") -> Refused | None:
        """Judge a quote; its price is the middle, or the side that there is."""
        refused = quote_fault(quote) or self._untimely(quote.time_ns, quote.time_ns, now_ns)
        line = self._lines.get((source, "quote")) or self._line(source, "quote")
        if refused is None and quote == line.last:
            refused = Refused(Reason.DUPLICATE, f"the quote of {quote.time_ns} came before")
        bid, ask = quote.bid, quote.ask
        middle = (bid + ask) / 2 if bid and ask else (bid or ask or None)
        return self._judge(quote, line, refused, _Claim(source, middle, (middle or 0.0,)))

    def trade(self, trade: Trade, now_ns: int, source: str = "") -> Refused | None:
        """Judge a trade."""
        refused = trade_fault(trade) or self._untimely(trade.time_ns, trade.time_ns, now_ns)
        claim = _Claim(source, trade.price, (trade.price,))
        line = self._lines.get((source, "trade")) or self._line(source, "trade")
        return self._judge(trade, line, refused, claim)

    def bar(self, bar: Bar, now_ns: int, source: str = "") -> Refused | None:
        """Judge a finished bar; each of its prices has to be near the last one."""
        refused = bar_fault(bar) or self._untimely(bar.start_ns, bar.end_ns, now_ns)
        line = self._line(source, "bar")
        if refused is None and bar == line.last:
            refused = Refused(Reason.DUPLICATE, f"the bar from {bar.start_ns} came before")
        return self._judge(bar, line, refused, _Claim(source, bar.close, (bar.low, bar.high)))

    def history(self, bar: Bar) -> Refused | None:
        """Judge a bar of the past by itself; the latest is what the first live price is held to."""
        refused = bar_fault(bar) or (_no_time() if bar.start_ns <= 0 else None)
        if bar.con_id != self.con_id:
            refused = self._foreign(bar)
        if refused is not None:
            self.refused[refused.reason] += 1
        elif not self.accepted:
            self._price = bar.close
        return refused

    def set_back(self, now_ns: int) -> None:
        """Our clock was ahead, and is set back: nothing that was said is from after now."""
        for line in self._lines.values():
            line.time_ns = min(line.time_ns, now_ns)

    # -- what is wrong --

    def _foreign(self, datum: Datum) -> Refused:
        return Refused(Reason.FOREIGN, f"it is of {datum.con_id}, not of {self.con_id}")

    def _line(self, source: str, kind: str) -> _Line:
        line = self._lines.get((source, kind))
        if line is None:
            line = self._lines[source, kind] = _Line()
        return line

    def _untimely(self, first_ns: int, last_ns: int, now_ns: int) -> Refused | None:
        """Judge by time what was true from ``first_ns`` to ``last_ns``."""
        if first_ns <= 0:
            return _no_time()
        if last_ns > now_ns + self.limits.ahead_ns:
            ahead_s = (last_ns - now_ns) / _SECOND_NS
            return Refused(Reason.FUTURE, f"{ahead_s:g} s ahead of our clock: compare the clocks")
        if last_ns < now_ns - self.limits.old_ns:
            age_s = (now_ns - last_ns) / _SECOND_NS
            return Refused(Reason.OLD, f"{age_s:g} s old, at most {self._old_s:g} s")
        return None

    @property
    def _old_s(self) -> float:
        return self.limits.old_ns / _SECOND_NS

    def _judge(
        self, datum: Datum, line: _Line, refused: Refused | None, claim: _Claim
    ) -> Refused | None:
        """Finish the judgement: contract, order, jump; count it, and remember what is let in."""
        if datum.con_id != self.con_id:
            refused = self._foreign(datum)
        # Since when it is true, and before when nothing of its line may follow.
        if isinstance(datum, Bar):
            start_ns, end_ns = datum.start_ns, datum.end_ns
        else:
            start_ns = end_ns = datum.time_ns
        if refused is None and start_ns < line.time_ns:
            late_s = (line.time_ns - start_ns) / _SECOND_NS
            refused = Refused(Reason.OUT_OF_ORDER, f"{late_s:g} s before what came before it")
        if refused is None and claim.price is not None:
            refused = self._jump(claim.source, claim.price, claim.reach)
        if refused is not None:
            self.refused[refused.reason] += 1
            return refused
        self.accepted += 1
        line.last, line.time_ns = datum, end_ns
        if claim.price is not None:
            self._price, self._suspect = claim.price, None
        return None

    def _jump(self, source: str, price: float, reach: tuple[float, ...]) -> Refused | None:
        last, limits = self._price, self.limits
        if last is None:
            return None
        most = limits.jump * last
        for each in reach:
            if abs(each - last) > most:
                break
        else:
            return None
        seen, times = self._suspect, 1
        if seen is not None and _near(price, seen.price, limits.jump):
            if seen.source != source or seen.times + 1 >= limits.confirm:
                return None
            times = seen.times + 1
        self._suspect = _Suspect(price, source, times)
        far = max(reach, key=lambda each: abs(each - last))
        said = f"{far:g} after {last:g}, more than {limits.jump:.3g} of it"
        return Refused(Reason.JUMP, f"{said}; said {times} of {limits.confirm} times")


def _no_time() -> Refused:
    return Refused(Reason.NO_TIME, "it has no time: none is guessed")


def _near(price: float, other: float, part: float) -> bool:
    return abs(price - other) <= part * other
