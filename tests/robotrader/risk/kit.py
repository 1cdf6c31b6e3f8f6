"""A world in which everything passes, and short ways to change it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from robotrader.domain import (
    Approved,
    Instrument,
    Intent,
    LinkState,
    OrderType,
    Purpose,
    Quote,
    Refusal,
    Side,
)
from robotrader.ledger import Ledger, LedgerView
from robotrader.risk import (
    Gate,
    Limits,
    RiskView,
    SessionState,
    Switch,
    Usd,
    WorkingOrder,
    ratio,
)
from tests.robotrader.ledger.kit import AAPL, ACCOUNT, CASH, KO, fill, ledger, rolled

NOW = 1_800_000_000_000_000_000
MS = 1_000_000
MINUTE = 60_000 * MS
SPY = Instrument(con_id=756733, symbol="SPY")
STOCKS = {each.con_id: each for each in (AAPL, KO, SPY)}
WIDE = Limits(
    allowed_symbols=frozenset({"AAPL", "KO", "SPY"}),
    max_order_qty=Decimal(10**6),
    max_order_usd=Usd(Decimal(10**9)),
    max_symbol_qty=Decimal(10**6),
    max_symbol_usd=Usd(Decimal(10**9)),
    max_symbol_weight=ratio(20),
    max_gross=ratio(20),
    max_gross_usd=Usd(Decimal(10**9)),
    max_net=ratio(20),
    max_open_positions=100,
    max_entries_pending=100,
    max_open_orders=1_000,
    allow_short=True,
    max_daily_loss=ratio(1),
    max_drawdown=ratio(1),
    switch_daily_loss=ratio(1),
    switch_drawdown=ratio(1),
    max_orders_per_s=1_000,
    max_orders_per_min=1_000,
    max_orders_per_day=1_000,
    price_collar=ratio("0.5"),
    duplicate_window_ms=0,
)
"""Limits that let everything through that is small."""


def limits(**fields: Any) -> Limits:
    return msgspec.structs.replace(WIDE, **fields)


def account(aapl: int = 0, ko: int = 0, mark: float = 100.0, cash: Decimal = CASH) -> LedgerView:
    """The account after buying (or selling short) these at 100, marked at ``mark``."""
    book: Ledger = ledger(rolled("2026-11-20", cash), cash=cash)
    for con_id, qty in ((AAPL.con_id, aapl), (KO.con_id, ko)):
        if qty:
            side = "BUY" if qty > 0 else "SELL"
            book.apply(fill(f"f{con_id}", side, abs(qty), "100", con_id=con_id))
    return book.view(dict.fromkeys(STOCKS, mark))


def view(aapl: int = 0, ko: int = 0, mark: float = 100.0, **fields: Any) -> RiskView:
    """A world in which all is well, at a price of 100."""
    quotes = {con_id: Quote(con_id, NOW, 100.0, 100.0, 5, 5) for con_id in STOCKS}
    seen = RiskView(
        account=ACCOUNT,
        ledger=account(aapl, ko, mark),
        others=(),
        switch=Switch(),
        link=LinkState.READY,
        stale=frozenset(),
        halted=frozenset(),
        instruments=dict(STOCKS),
        quotes=quotes,
        sessions=dict.fromkeys(STOCKS, SessionState.OPEN),
        sectors={AAPL.con_id: "tech", KO.con_id: "drinks", SPY.con_id: "tech"},
        restart_at_ns=None,
    )
    return msgspec.structs.replace(seen, **fields)


def intent(side: str = "BUY", qty: int | str | Decimal = 1, **fields: Any) -> Intent:
    wanted = Intent(
        strategy="s",
        con_id=AAPL.con_id,
        symbol="AAPL",
        side=Side(side),
        qty=Decimal(qty),
        purpose=Purpose.ENTRY,
        cause="tick-1",
        decided_ns=NOW,
    )
    return msgspec.structs.replace(wanted, **fields)


def limit_order(side: str, qty: int, price: str, **fields: Any) -> Intent:
    return intent(side, qty, order_type=OrderType.LIMIT, limit_price=Decimal(price), **fields)


def leaving(side: str = "SELL", qty: int = 1, purpose: Purpose = Purpose.EXIT) -> Intent:
    return intent(side, qty, purpose=purpose)


def other(side: str, qty: int, *, group: str = "", con_id: int = AAPL.con_id) -> WorkingOrder:
    return WorkingOrder(ref="x", con_id=con_id, side=Side(side), qty=Decimal(qty), group=group)


def code(found: Approved | Refusal) -> str:
    """The code of a refusal, empty for an approval."""
    return found.code if isinstance(found, Refusal) else ""


def judged(wanted: Intent, seen: RiskView | None = None, **changed: Any) -> str:
    """The code with which a fresh gate of wide limits, but for these, answers."""
    return code(Gate(limits(**changed)).judge(wanted, seen or view(), NOW))
