"""The actor of daily prices: what correlations and the risk report are computed from.

It has a thread of its own, so that no order ever waits for a computation. The data actor tells it a
contract's daily bars; it tells the risk gate how contracts move together, again and again, so that
a gate that was restarted soon knows. What it knew before a restart it asks for anew.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from actors.say import AskCloses, AskDaily, CorrelationsChanged, Daily, tell, unknown
from robotrader.risk import correlations, day_figures
from supervision import Actor, MailboxSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.say import Address
    from robotrader.risk import Correlations, DayFigures

LOOK_S: Final = 1.0
"""How long after new prices the correlations are computed, and how often they are told."""

_LOOK: Final = "look"


class HistoryRules(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the past counts, in returns of trading days."""

    least_days: int = 60
    newest_days: int = 250
    """About a year."""

    figure_days: int = 20
    """Days that volume and volatility are of: a month."""

    year_days: int = 252


class DailyHistory(Actor):
    """See the module's prose.

    Args:
        rules: how much of the past counts.
        data: where daily bars come from.
        risk: who is told of correlations.
        now_ns: the time of day.
    """

    runtime = "thread"
    mailbox = MailboxSpec(capacity=100_000)

    def __init__(
        self, *, rules: HistoryRules, data: Address, risk: Address, now_ns: Callable[[], int]
    ) -> None:
        super().__init__()
        self._rules, self._data, self._risk, self._now_ns = rules, data, risk, now_ns
        self._closes: dict[int, dict[str, float]] = {}
        self._figures: dict[int, DayFigures] = {}
        self._known: Correlations | None = None
        self._fresh = False

    def on_start(self) -> None:
        """Ask for everything, and begin to tell."""
        tell(self._data, AskDaily())
        self.send_after(LOOK_S, _LOOK)

    def on_receive(self, message: Any) -> Any:
        """Keep prices; compute when there are new ones."""
        if isinstance(message, AskCloses):
            return {con_id: dict(series) for con_id, series in self._closes.items()}
        if isinstance(message, Daily):
            self._take(message)
        elif message == _LOOK:
            self._look()
        else:
            raise unknown(self, message)
        return None

    def _take(self, message: Daily) -> None:
        """Take in a contract's days; one that is not over does not count."""
        rules = self._rules
        over = [bar for bar in message.bars if bar.end_ns <= self._now_ns()]
        newest = over[-rules.newest_days - 1 :]
        self._closes[message.con_id] = {_day(bar.start_ns): bar.close for bar in newest}
        self._figures[message.con_id] = day_figures(
            newest, least_days=rules.figure_days, year_days=rules.year_days
        )
        self._fresh = True

    def _look(self) -> None:
        self.send_after(LOOK_S, _LOOK)
        if self._fresh:
            self._fresh = False
            self._known = correlations(self._closes, least_days=self._rules.least_days)
        if self._known is not None:
            tell(self._risk, CorrelationsChanged(self._known, dict(self._figures)))


def _day(at_ns: int) -> str:
    """Return a bar's day: New York's sessions begin on the same day in UTC."""
    return datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).date().isoformat()
