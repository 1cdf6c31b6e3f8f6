"""What a backtest is given, and what comes out of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from robotrader.domain import Instrument
from robotrader.domain.records import Record
from robotrader.ledger import LedgerView, Traded
from robotrader.performance import Track
from robotrader.risk import Limits
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


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What happened. ``records`` are those that the live journal would have, in its order.

    ``refusals``: how often each check of the gate, or the broker, refused an order. ``blocked``:
    what strategies wanted and their own discipline refused. ``alerts``: how often a person would
    have been told of what. ``final``: the account at the end, at
    the last prices.
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
