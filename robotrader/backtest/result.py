"""What a backtest is given, and what comes out of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from robotrader.backtest.standstill import Standstill
from robotrader.domain import Instrument
from robotrader.domain.records import Record
from robotrader.ledger import LedgerView, Traded
from robotrader.performance import Track
from robotrader.risk import Limits, SessionState
from robotrader.venue import CommissionPlan, FixedPlan, Sessions, VenueRules


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """Account, contracts, limits, costs and rules of a run.

    ``fill``: "open" lets an order meet the first bar that begins after it, "close" the close of
    the bar that it answers. ``always_open``: the gate judges as if the market were open, as daily
    bars need it: they are complete when it has just closed.
    """

    instruments: tuple[Instrument, ...]
    cash: Decimal
    limits: Limits
    sessions: Sessions
    plan: CommissionPlan = FixedPlan()
    rules: VenueRules = VenueRules()
    fill: Literal["open", "close"] = "open"
    always_open: bool = False
    account: str = "BACKTEST"

    def session(self, now_ns: int) -> SessionState:
        """Return what the gate takes the market for at a time, in UTC nanoseconds."""
        if self.always_open or self.sessions.is_open(now_ns, outside_rth=False):
            return SessionState.OPEN
        extended = self.sessions.is_open(now_ns, outside_rth=True)
        return SessionState.EXTENDED if extended else SessionState.CLOSED


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What happened. ``records`` are those that the live journal would have, in its order.

    ``refusals``: how often each check of the gate, or the broker, refused an order. ``blocked``:
    what strategies wanted and their own discipline refused. ``alerts``: how often a person would
    have been told of what. ``final``: the account at the end, at
    the last prices. ``standstill``: since when no entry has passed, if so it ended.
    """

    setup: Setup
    track: Track
    fills: tuple[Traded, ...]
    records: tuple[Record, ...]
    refusals: dict[str, int]
    blocked: dict[str, int]
    alerts: dict[str, int]
    bars: int
    orders: int
    final: LedgerView
    standstill: Standstill | None = None
