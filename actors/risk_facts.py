"""What the gate's actor knows of the world besides the journal, as others told it last.

What nobody has told is unknown, and what an ended connection has said counts no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actors.messages import LineFreshness
from actors.say import Borrows, ClockCompared, CorrelationsChanged, SwitchChanged
from robotrader.domain import LinkChanged, LinkState, Quote
from robotrader.market import Freshness
from robotrader.risk import Quotes, RiskView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from robotrader.domain import Borrow, Instrument
    from robotrader.risk import (
        Correlations,
        DayFigures,
        Keeper,
        Limits,
        Margin,
        SessionState,
        Switch,
        Wish,
    )

SWITCH_NS: Final = 2_000_000_000
"""How long the switch's word counts. Its owner repeats it four times a second, and is ended by the
watchdog when it hangs for as long as this: who says nothing for longer is away."""

TOLD: Final = (
    Quote, LinkChanged, SwitchChanged, CorrelationsChanged, LineFreshness, ClockCompared, Borrows,
)  # fmt: skip
"""The messages that ``Facts.told`` takes."""


class Facts:
    """See the module's prose.

    Args:
        account: whose risk it is.
        instruments: what can be traded, by contract.
        session: whether a contract's market is open at a time.
        restart_at_ns: when the gateway's next announced restart is, None if none is.
    """

    def __init__(
        self,
        account: str,
        instruments: Mapping[int, Instrument],
        session: Callable[[int, int], SessionState],
        restart_at_ns: Callable[[int], int | None],
    ) -> None:
        self._account, self.instruments = account, dict(instruments)
        self._session, self._restart_at_ns = session, restart_at_ns
        self._sectors = {
            con_id: each.industry for con_id, each in instruments.items() if each.industry
        }
        self.quotes = Quotes()
        self._switch: Switch | None = None
        self._switch_ns = 0
        self._link: LinkState | None = None
        self._stale: set[tuple[int, str]] = set()
        self._stale_ids: frozenset[int] = frozenset()
        """Their contracts."""

        self._correlations: Correlations | None = None
        self._days: dict[int, DayFigures] = {}
        self._skew_ns: int | None = None
        self._borrows: dict[int, Borrow] = {}

    def told(self, message: Any, steady_ns: int) -> None:
        """Take in what somebody says, at a time that no clock sets back."""
        match message:
            case LinkChanged():
                self._linked(message)
            case SwitchChanged():
                self._switch, self._switch_ns = message.switch, steady_ns
            case CorrelationsChanged():
                self._correlations, self._days = message.correlations, message.days
            case LineFreshness():
                self._freshness(message)
            case ClockCompared():
                self._skew_ns = message.skew_ns
            case Borrows():
                self._borrows = message.said

    def _linked(self, message: LinkChanged) -> None:
        self._link = message.state
        if not message.next_order_id:  # not connected: the next comparison counts
            self._skew_ns, self._borrows = None, {}

    def _freshness(self, message: LineFreshness) -> None:
        """Let nothing be entered on prices that the symbol finds too old (F54).

        A line that was asked for again is waited for: only a price makes it fresh.
        """
        line = (message.con_id, message.source)
        if message.freshness is Freshness.STALE:
            self._stale.add(line)
        elif message.freshness is not Freshness.WAITING:
            self._stale.discard(line)
        self._stale_ids = frozenset(con_id for con_id, _ in self._stale)

    def _known_switch(self, steady_ns: int) -> Switch | None:
        """Return how the switch is; a word that is too old is none: its owner may be away."""
        return self._switch if steady_ns - self._switch_ns <= SWITCH_NS else None

    def known(self, limits: Limits, steady_ns: int) -> dict[str, bool]:
        """Return what has to be known before an entry passes by these limits, and whether it is."""
        return {
            "switch": self._known_switch(steady_ns) is not None,
            "link": self._link is LinkState.READY,
            "clock": self._skew_ns is not None or not limits.max_clock_skew_ms,
            "correlations": self._correlations is not None or not limits.looks_together,
            "past days": bool(self._days) or not limits.looks_back,
            **{f"quote {con_id}": con_id in self.quotes for con_id in self.instruments},
        }

    def view(
        self,
        keeper: Keeper | None,
        margins: dict[Wish, Margin],
        now_ns: int,
        steady_ns: int,
        contracts: Iterable[int],
    ) -> RiskView:
        """Return the world; without a keeper that may judge, nothing of the account is known."""
        world = None if keeper is None else keeper.world()
        sessions = {}
        for con_id in contracts:  # nearly always one
            sessions[con_id] = self._session(con_id, now_ns)
        return RiskView(
            account=self._account,
            ledger=None if world is None else world.ledger,
            others=None if world is None else world.others,
            moved=None if world is None else world.moved,
            switch=self._known_switch(steady_ns),
            link=self._link,
            stale=self._stale_ids,
            halted=None if keeper is None else frozenset(keeper.halted),
            instruments=self.instruments,
            quotes=self.quotes,
            sessions=sessions,
            sectors=self._sectors,
            restart_at_ns=self._restart_at_ns(now_ns),
            correlations=self._correlations,
            days=self._days,
            skew_ns=self._skew_ns,
            borrows=self._borrows,
            margins=margins,
        )
