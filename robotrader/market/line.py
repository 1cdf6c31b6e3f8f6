"""One symbol's market: its edge, its bars, their past, and how fresh each source is.

Bars are made of what the primary source says, trades or smaller bars; other sources are witnesses
for the edge. Pure: time comes with every call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

import msgspec

from robotrader.domain import Bar, Quote, Trade
from robotrader.market.backfill import Backfill
from robotrader.market.bars import BarBuilder
from robotrader.market.cells import HOUR_NS, Cells
from robotrader.market.edge import Edge, EdgeLimits
from robotrader.market.quality import Refused
from robotrader.market.staleness import Freshness, LineAge

if TYPE_CHECKING:
    from robotrader.market.cells import Span
    from robotrader.venue import Sessions

_SECOND_NS: Final = 1_000_000_000
_MOST_DAYS: Final = 366
_DAY_H: Final = 24
_SHORT_H: Final = 8
"""The longest span below a day, in hours: longer ones begin in a session of the day before."""

Positive: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]


class LineRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a symbol's data are used."""

    primary: str
    """The source that bars are made of."""

    made_of: Literal["trades", "bars"] = "bars"
    size_ns: Positive = 60 * _SECOND_NS
    outside_rth: bool = False
    grace_ns: Annotated[int, msgspec.Meta(ge=0)] = 2 * _SECOND_NS
    """How long after its end a bar is finished by the clock, when no later tick has done it."""

    silent_ns: Positive = 30 * _SECOND_NS
    """How long a source may be silent while the exchange is open."""

    keep_bars: Positive = 5_000
    """How many bars are kept: the longest warm-up."""

    edge: EdgeLimits = EdgeLimits()


class Taken(msgspec.Struct, frozen=True):
    """What became of a value: refused, or the quote or finished bars that it leads to."""

    refused: Refused | None = None
    quote: Quote | None = None
    bars: tuple[Bar, ...] = ()


class SymbolLine:
    """See the module's prose.

    Args:
        con_id: the contract.
        sessions: when its exchange is open.
        rules: how its data are used.
        now_ns: since when it is watched.
    """

    def __init__(self, con_id: int, sessions: Sessions, rules: LineRules, now_ns: int) -> None:
        self.con_id, self.rules, self._grace_ns = con_id, rules, rules.grace_ns
        self.edge = Edge(con_id, rules.edge)
        self._sessions = sessions
        self._since_ns = self._now_ns = now_ns
        self._cells = cells = Cells(rules.size_ns, sessions, outside_rth=rules.outside_rth)
        self.builder = BarBuilder(con_id, cells, now_ns)
        self.series = Backfill(cells, rules.keep_bars)
        self._ages: dict[str, LineAge] = {}
        self._age(rules.primary)

    def take(self, source: str, datum: Quote | Trade | Bar, now_ns: int) -> Taken:
        """Judge and use what a source says."""
        if now_ns < self._now_ns:
            self._clock(now_ns)
        self._now_ns = now_ns
        if isinstance(datum, Quote):
            refused = self.edge.quote(datum, now_ns, source)
        elif isinstance(datum, Trade):
            refused = self.edge.trade(datum, now_ns, source)
        else:
            refused = self.edge.bar(datum, now_ns, source)
        if refused is not None:
            return Taken(refused)
        age = self._ages.get(source) or self._age(source)
        age.heard_ns = now_ns
        if source != self.rules.primary:
            return Taken()
        if isinstance(datum, Quote):
            return Taken(quote=datum)
        bars: tuple[Bar, ...] = ()
        if isinstance(datum, Trade):
            if self.rules.made_of == "trades":
                bars = self.builder.trade(datum)
        elif self.rules.made_of == "bars":
            bars = self.builder.bar(datum)
        return Taken(bars=self._kept(bars) if bars else bars)

    def _clock(self, now_ns: int) -> None:
        """Measure by our clock as it is now, also where it was set back since.

        What came by its later time would otherwise be ahead of all that comes, for as long as the
        clock was wrong: the line would be silent for an hour after a clock that was an hour ahead.
        """
        if now_ns < self._now_ns - self.rules.edge.ahead_ns:
            self.edge.set_back(now_ns)
            self.builder.set_back(now_ns)
        self._now_ns = now_ns

    def _kept(self, bars: tuple[Bar, ...]) -> tuple[Bar, ...]:
        for bar in bars:
            self.series.live(bar)
        return bars

    def advance(self, now_ns: int) -> tuple[Bar, ...]:
        """Return the bar that the clock finishes, if any."""
        return self._kept(self.builder.advance(now_ns - self._grace_ns))

    def due_ns(self) -> int | None:
        """Return when the clock will finish the bar in the making; None if there is none."""
        end_ns = self.builder.end_ns
        return None if end_ns is None else end_ns + self._grace_ns

    def interrupted(self, source: str, now_ns: int) -> None:
        """Note that a source was lost, and speaks again from now on."""
        self._clock(now_ns)
        self._age(source).asked(now_ns)
        if source == self.rules.primary:
            self.builder.interrupted(now_ns)

    def span_of(self, bars: int, now_ns: int) -> Span:
        """Return a span up to now that has room for so many bars (at most a year's).

        A day of bars of five seconds is thousands, which cost the broker and the line their time
        where a strategy wants ten. Below a day it has room for twice as many: nothing may have
        traded for a while.
        """
        end_ns = now_ns - now_ns % self.rules.size_ns
        hours = 1
        while True:
            start_ns, wanted = end_ns - hours * HOUR_NS, bars if hours >= _DAY_H else 2 * bars
            room = sum(1 for _ in self._cells.between(start_ns, end_ns))
            if room >= wanted or hours > _MOST_DAYS * _DAY_H:
                return start_ns, end_ns
            hours = max(hours * 2, _DAY_H) if hours * 2 > _SHORT_H else hours * 2

    def history(self, span: Span, bars: tuple[Bar, ...]) -> None:
        """Take history's answer for a span, but for what is refused of it."""
        judged = [bar for bar in bars if self.edge.history(bar) is None]
        self.series.history(span, judged)

    def freshness(self, now_ns: int) -> dict[str, Freshness]:
        """Return how fresh each source is."""
        return {source: age.freshness(now_ns) for source, age in self._ages.items()}

    def asked(self, source: str, now_ns: int) -> None:
        """Note that a silent source was asked again."""
        self._age(source).asked(now_ns)

    def _age(self, source: str) -> LineAge:
        age = self._ages.get(source)
        if age is None:
            rules = self.rules
            age = LineAge(
                self._sessions, rules.silent_ns, self._since_ns, outside_rth=rules.outside_rth
            )
            self._ages[source] = age
        return age
