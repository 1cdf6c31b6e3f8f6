"""What an intent costs at the risk gate of a large account, and what a new matrix costs.

The account holds 500 positions, twenty orders are on their way, every limit is set, also those that
look at all positions together, and prices move between two intents. What is measured is
``Gate.judge``, from an intent to its approval; the account's view is made before.
"""

from __future__ import annotations

import gc
import statistics
import time
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Final

import msgspec
import numpy as np

from robotrader.domain import Approved, Instrument, Intent, LinkState, Purpose, Quote, Side
from robotrader.domain.records import CashAdopted, DayRolled, FillBooked
from robotrader.ledger import Ledger
from robotrader.risk import (
    Correlations,
    DayFigures,
    Gate,
    Limits,
    Quotes,
    Ratio,
    RiskView,
    SessionState,
    Switch,
    Usd,
    correlations,
)

POSITIONS: Final = 500
DAYS: Final = 250
CONTRACTS: Final = range(1, POSITIONS + 1)
MOVED: Final = 2
"""Prices that are new at each intent: the one that led to it, and one more."""

ON_THEIR_WAY: Final = 20
SECTORS: Final = 10
SETTLED: Final = 10
"""Part of the samples, one of so many, that is not counted: the first ones."""

WALL_NS: Final = 1_800_000_000_000_000_000
STEP_NS: Final = 10_000_000
DAY: Final = DayFigures(volume=1e6, volatility=0.3)
ACCOUNT: Final = "DU1"
CASH: Final = Decimal(10**8)
SEED: Final = 4


def limits() -> Limits:
    """Return limits of which each is looked at and none is reached."""
    most, usd = Ratio(Decimal(1)), Usd(Decimal(10**9))
    return Limits(
        allowed_symbols=frozenset(f"S{n}" for n in CONTRACTS),
        max_symbol_usd=usd, max_sector_weight=most, max_pair_correlation=most,
        max_cluster_weight=most, max_strategy_weight={"echo": most}, max_gross_usd=usd,
        max_open_positions=2 * POSITIONS, max_orders_per_s=10**6, max_orders_per_min=10**6,
        max_orders_per_day=10**9,
        duplicate_window_ms=0, max_quote_age_ms=10**9, max_daily_loss_usd=usd, max_heat=most,
        max_clock_skew_ms=1_000, short_needs_borrow=True, max_losses_row=5, cooldown_ms=1,
        max_cancel_ratio=most, max_volume_share=most, max_volatility=most,
    )  # fmt: skip


def closes() -> dict[int, dict[str, float]]:
    """Return daily prices of every contract, drawn with a market that moves them all."""
    drawn = np.random.default_rng(SEED)
    market = drawn.normal(0, 0.01, (DAYS + 1, 1))
    own = drawn.normal(0, 0.02, (DAYS + 1, POSITIONS))
    prices = 100 * np.exp(np.cumsum(market + own, axis=0))
    days = [(date(2026, 1, 1) + timedelta(n)).isoformat() for n in range(DAYS + 1)]
    return {n: dict(zip(days, prices[:, n - 1].tolist(), strict=True)) for n in CONTRACTS}


class Market:
    """A large account's world, in which prices move."""

    def __init__(self) -> None:
        self.instruments = {n: Instrument(con_id=n, symbol=f"S{n}") for n in CONTRACTS}
        self.quotes = Quotes()  # as the gate's actor keeps them
        for n in CONTRACTS:
            self.quotes[n] = Quote(n, WALL_NS, 100.0, 100.02, 5, 5)
        self._turn = count()
        self.ledger = Ledger(ACCOUNT, self.instruments.values())
        self.ledger.apply(CashAdopted(account=ACCOUNT, cash=CASH))
        self.ledger.apply(DayRolled(day="2026-11-20", equity=CASH))
        for con_id in self.instruments:
            self.ledger.apply(_bought(con_id))
        self._view = self._of_account(correlations(closes(), least_days=60))

    def _of_account(self, known: Correlations) -> RiskView:
        return RiskView(
            account=ACCOUNT, ledger=self.ledger.view(dict.fromkeys(self.instruments, 100.01)),
            others=(), switch=Switch(), link=LinkState.READY, stale=frozenset(), halted=frozenset(),
            instruments=self.instruments, quotes=self.quotes,
            sessions=dict.fromkeys(self.instruments, SessionState.OPEN),
            sectors={n: f"sector {n % SECTORS}" for n in self.instruments}, restart_at_ns=None,
            correlations=known, days=dict.fromkeys(self.instruments, DAY), skew_ns=0,
        )  # fmt: skip

    def later(self, now_ns: int) -> RiskView:
        """Return the world after some prices have moved."""
        for turn in (next(self._turn) for _ in range(MOVED)):
            con_id, bid = turn % POSITIONS + 1, 100 + turn % 97 / 100
            self.quotes[con_id] = Quote(con_id, now_ns, bid, bid + 0.02, 5, 5)
        return msgspec.structs.replace(self._view)  # another value, as the gate's actor makes one


def _bought(con_id: int) -> FillBooked:
    return FillBooked(
        family=f"f{con_id}", exec_id=f"f{con_id}.01", ref=f"rt1-1-{con_id}", order_id=con_id,
        perm_id=con_id, con_id=con_id, account=ACCOUNT, side="BUY", qty=Decimal(100),
        price=Decimal(100), time_ns=0, strategy=f"echo/S{con_id}",
    )  # fmt: skip


def _intent(turn: int, now_ns: int) -> Intent:
    con_id = turn * 7 % POSITIONS + 1
    return Intent(
        strategy=f"echo/S{con_id}", con_id=con_id, symbol=f"S{con_id}", side=Side.BUY,
        qty=Decimal(1), purpose=Purpose.ENTRY, cause=f"tick-{turn}", decided_ns=now_ns,
    )  # fmt: skip


def gate(_system: str, size: int) -> dict[str, float]:
    """Microseconds from an intent to its approval, p50 and p99, of ``size`` intents."""
    judging, market = Gate(limits()), Market()
    took_us = []
    gc.collect()
    gc.freeze()  # as the core does after its start
    for turn in range(size):
        now_ns = WALL_NS + turn * STEP_NS
        view, intent = market.later(now_ns), _intent(turn, now_ns)
        begun_ns = time.perf_counter_ns()
        verdict = judging.judge(intent, view, now_ns)
        took_us.append((time.perf_counter_ns() - begun_ns) / 1e3)
        assert isinstance(verdict, Approved), verdict
        if len(judging.reserved) > ON_THEIR_WAY:
            judging.release(judging.reserved[0].number, Decimal(1))
    gc.unfreeze()
    cuts = statistics.quantiles(took_us[size // SETTLED :], n=100)
    return {"p50_us": cuts[49], "p99_us": cuts[98]}


def correlation(_system: str, size: int) -> dict[str, float]:
    """Milliseconds of one update of all correlations, the median of ``size``."""
    known, took_ms = closes(), []
    for _ in range(size):
        begun = time.perf_counter()
        found = correlations(known, least_days=60)
        took_ms.append((time.perf_counter() - begun) * 1e3)
        assert (len(found.rows), found.days) == (POSITIONS, DAYS)
    return {"update_ms": statistics.median(took_ms)}


SPECIAL: Final = {"gate": gate, "correlation": correlation}
