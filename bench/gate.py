"""What an intent costs at the risk gate of a large account, and what a new matrix costs.

The account holds 500 positions, long and short, each with a stop at the broker; twenty entries are
on their way, every third of them a bracket. Every limit is looked at and none is reached. Between
two intents prices move, an entry fills, its leg ends and its position's stop grows, and the gate
takes over what is new, as its actor does when no message waits; then comes the price that leads to
the intent. What is measured is ``Keeper.judge``, from an intent to its approval, in time that
passed and in time of the processor; and the same with all that the gate's actor does for it, the
account's view included.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections import deque
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from actors.risk_facts import Facts
from actors.say import Borrows, ClockCompared, CorrelationsChanged, SwitchChanged
from robotrader.adapters.huge_pages import use_huge_pages
from robotrader.app.garbage import settle_memory
from robotrader.domain import (
    Approved,
    Borrow,
    Instrument,
    Intent,
    Leg,
    LinkChanged,
    LinkState,
    OrderState,
    OrderType,
    Purpose,
    Quote,
    Side,
)
from robotrader.domain.records import CashAdopted, DayRolled, FillBooked
from robotrader.execution import OrderView
from robotrader.execution.effects import Released
from robotrader.ledger import Ledger
from robotrader.risk import (
    DayFigures,
    Gate,
    Keeper,
    Limits,
    Margin,
    Ratio,
    RiskView,
    SessionState,
    Switch,
    Usd,
    correlations,
    wish_of,
)
from robotrader.strategies import Standings

if TYPE_CHECKING:
    from robotrader.risk import Wish

POSITIONS: Final = 500
DAYS: Final = 250
CONTRACTS: Final = range(1, POSITIONS + 1)
SHORT: Final = 5
"""One position of so many is short."""

MOVED: Final = 2
"""Prices that are new at each intent: the one that led to it, and one more."""

ON_THEIR_WAY: Final = 20
BRACKET: Final = 3
"""One entry of so many brings its own stop."""

SECTORS: Final = 10
STRATEGIES: Final = ("echo", "cross", "pairs", "trend")
SETTLED: Final = 10
"""Part of the samples, one of so many, that is not counted: the first ones."""

WALL_NS: Final = 1_800_000_000_000_000_000
STEP_NS: Final = 10_000_000
DAY: Final = DayFigures(volume=1e6, volatility=0.3)
ACCOUNT: Final = "DU1"
CASH: Final = Decimal(10**8)
ONE: Final = Decimal(1)
EACH: Final = Decimal(100)
SEED: Final = 4


def limits() -> Limits:
    """Return limits of which each is looked at and none is reached."""
    most, usd, many = Ratio(Decimal(1)), Usd(Decimal(10**9)), 10**6
    return Limits(
        allowed_symbols=frozenset(f"S{n}" for n in CONTRACTS),
        restricted_symbols=frozenset({"GME"}),
        max_symbol_usd=usd, max_symbol_weight=most, max_sector_weight=most,
        max_pair_correlation=most, max_cluster_weight=most,
        max_strategy_weight=dict.fromkeys(STRATEGIES, most), max_gross_usd=usd,
        max_open_positions=2 * POSITIONS, max_open_orders=2 * POSITIONS,
        max_entries_pending=3, max_orders_per_s=many, max_orders_per_min=many,
        max_orders_per_day=many, duplicate_window_ms=1, max_daily_loss_usd=usd,
        max_heat=most, max_clock_skew_ms=1_000, allow_short=True, short_needs_borrow=True,
        max_losses_row=5, cooldown_ms=1, max_cancel_ratio=most, cancel_ratio_orders=1,
        max_quote_age_ms=10**9, max_volume_share=most, max_volatility=most, max_margin=most,
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
    """A large account's world, in which prices move and what was approved fills."""

    def __init__(self) -> None:
        instruments = {
            n: Instrument(con_id=n, symbol=f"S{n}", industry=f"sector {n % SECTORS}")
            for n in CONTRACTS
        }
        ledger = Ledger(ACCOUNT, instruments.values())
        ledger.apply(CashAdopted(account=ACCOUNT, cash=CASH))
        ledger.apply(DayRolled(day="2026-11-20", equity=CASH))
        self.keeper = Keeper(Gate(limits()), ledger, Standings())
        self.facts = Facts(ACCOUNT, instruments, lambda *_: SessionState.OPEN, lambda _: None)
        self.margins: dict[Wish, Margin] = {}
        self._turn = self._seq = 0
        self._open: deque[tuple[Approved, tuple[OrderView, ...]]] = deque()
        self._stops: dict[int, OrderView] = {}
        self._tell()
        for con_id in CONTRACTS:
            self._quoted(con_id, 100.0, WALL_NS)
            self._fill(con_id, EACH, _strategy(con_id))
            self._protect(con_id, EACH)

    def _tell(self) -> None:
        """Say what the broker and other actors say of the world."""
        known = correlations(closes(), least_days=60)
        for told in (
            LinkChanged(LinkState.READY, 1, WALL_NS, next_order_id=1),
            SwitchChanged(Switch()),
            CorrelationsChanged(known, dict.fromkeys(CONTRACTS, DAY)),
            ClockCompared(0),
            Borrows({n: Borrow(n, Decimal(10**6)) for n in CONTRACTS}),
        ):
            self.facts.told(told, WALL_NS)

    def _quoted(self, con_id: int, bid: float, now_ns: int) -> None:
        quote = Quote(con_id, now_ns, bid, bid + 0.02, 5, 5)
        self.facts.quotes[con_id] = quote
        self.keeper.priced(quote)

    def _fill(self, con_id: int, qty: Decimal, strategy: str) -> None:
        self._seq += 1
        record = FillBooked(
            family=f"f{self._seq}", exec_id=f"f{self._seq}.01", ref=f"rt1-1-{self._seq}",
            order_id=self._seq, perm_id=self._seq, con_id=con_id, account=ACCOUNT,
            side=_side(con_id).value, qty=qty, price=Decimal(100), time_ns=0, strategy=strategy,
        )  # fmt: skip
        self.keeper.fold(self._seq, record)

    def _protect(self, con_id: int, qty: Decimal) -> None:
        """Let the position's stop, which an earlier run has placed, be of so many shares."""
        stop = _order(f"stop-{con_id}", con_id, _against(_side(con_id)), qty, f"held-{con_id}")
        self._stops[con_id] = msgspec.structs.replace(
            stop, reduces=True, protects=True, yields=True, order_type=OrderType.STOP.value,
            aux_price=Decimal(95 if _side(con_id) is Side.BUY else 105),
        )  # fmt: skip
        self.keeper.told(self._stops[con_id])

    def next(self, now_ns: int) -> Intent:
        """Let prices move; return what a strategy wants then."""
        self._turn += 1
        con_id = self._turn * 7 % POSITIONS + 1
        for moved in range(con_id + 1, con_id + MOVED):
            self._quoted(moved % POSITIONS + 1, 100 + self._turn % 97 / 100, now_ns)
        self._settle(now_ns)
        con_id = con_id % POSITIONS + 1
        self._quoted(con_id, 100 + self._turn % 97 / 100, now_ns)
        side = _side(con_id)
        stop = Leg(order_type=OrderType.STOP, aux_price=Decimal(95 if side is Side.BUY else 105))
        intent = Intent(
            strategy=_strategy(con_id), con_id=con_id, symbol=f"S{con_id}", side=side, qty=ONE,
            purpose=Purpose.ENTRY, cause=f"tick-{self._turn}", decided_ns=now_ns,
            legs=(stop,) if self._turn % BRACKET == 0 else (),
        )  # fmt: skip
        said = Margin(initial=CASH / 2, maintenance=CASH / 4, equity=CASH, at_ns=now_ns)
        self.margins = {wish_of(intent): said}
        return intent

    def _settle(self, now_ns: int) -> None:
        """Take over what is new, as the gate's actor does when no message waits for it."""
        while self.keeper.settle(lambda: self._look(now_ns)):
            pass

    def _look(self, now_ns: int, *contracts: int) -> RiskView:
        return self.facts.view(self.keeper, self.margins, now_ns, WALL_NS, contracts)

    def view(self, intent: Intent, now_ns: int) -> RiskView:
        """Return the world as the gate's actor makes it for an intent."""
        return self._look(now_ns, intent.con_id)

    def work(self, approved: Approved) -> None:
        """Let the order work; the oldest of those that do fills, if there are enough."""
        intent = approved.intent
        entry = _order(
            f"rt-{intent.cause}", intent.con_id, intent.side, intent.qty, intent.cause,
            number=approved.reservation,
        )  # fmt: skip
        orders = [entry]
        for leg in intent.legs:
            stop = msgspec.structs.replace(
                entry, ref=f"{entry.ref}-1", side=_against(intent.side).value, reduces=True,
                protects=True, yields=True, parent_ref=entry.ref, aux_price=leg.aux_price,
                order_type=leg.order_type.value,
            )  # fmt: skip
            orders.append(stop)
        for order in orders:
            self.keeper.told(order)
        self._open.append((approved, tuple(orders)))
        if len(self._open) > ON_THEIR_WAY:
            self._end(*self._open.popleft())

    def _end(self, approved: Approved, orders: tuple[OrderView, ...]) -> None:
        """An entry fills: its shares are the position's, and its position's stop grows."""
        con_id, qty = approved.intent.con_id, approved.intent.qty
        self._fill(con_id, qty, approved.intent.strategy)
        for order in orders:
            over = msgspec.structs.replace(order, reserved=Decimal(0), state=OrderState.FILLED)
            self.keeper.told(over)
        self.keeper.released(Released(approved.reservation, orders[0].ref, qty, Decimal(0)))
        self._protect(con_id, self._stops[con_id].qty + qty)


def _strategy(con_id: int) -> str:
    return f"{STRATEGIES[con_id % len(STRATEGIES)]}/S{con_id}"


def _side(con_id: int) -> Side:
    return Side.SELL if con_id % SHORT == 0 else Side.BUY


def _against(side: Side) -> Side:
    return Side.BUY if side is Side.SELL else Side.SELL


def _order(
    ref: str, con_id: int, side: Side, qty: Decimal, cause: str, *, number: int = 0
) -> OrderView:
    return OrderView(
        ref=ref, order_id=number, strategy=_strategy(con_id), con_id=con_id, symbol=f"S{con_id}",
        side=side.value, state=OrderState.WORKING, qty=qty, filled=Decimal(0), reserved=qty,
        reduces=False, cause=cause,
    )  # fmt: skip


def gate(_system: str, size: int) -> dict[str, float]:
    """Microseconds from an intent to its approval, p50 and p99, of ``size`` intents."""
    market = Market()
    passed: list[int] = []
    worked: list[int] = []
    whole: list[int] = []
    settle_memory()
    use_huge_pages()
    for turn in range(size):
        now_ns = WALL_NS + turn * STEP_NS
        intent = market.next(now_ns)
        made_ns = time.thread_time_ns()
        view = market.view(intent, now_ns)
        work_ns, begun_ns = time.thread_time_ns(), time.perf_counter_ns()
        verdict = market.keeper.judge(intent, view, now_ns)
        ended_ns, done_ns = time.perf_counter_ns(), time.thread_time_ns()
        passed.append(ended_ns - begun_ns)
        worked.append(done_ns - work_ns)
        whole.append(done_ns - made_ns)
        assert isinstance(verdict, Approved), verdict
        market.work(verdict)
    gc.unfreeze()
    return {
        f"{name}p{part}_us": cut / 1e3
        for name, took_ns in (("", passed), ("cpu_", worked), ("whole_", whole))
        for part, cut in _cuts(took_ns[size // SETTLED :]).items()
    }


def _cuts(took_ns: list[int]) -> dict[int, float]:
    cuts = statistics.quantiles(took_ns, n=100)
    return {50: cuts[49], 99: cuts[98]}


def correlation(_system: str, size: int) -> dict[str, float]:
    """Milliseconds of one update of all correlations, the median of ``size``."""
    known, took_ms, worked_ms = closes(), [], []
    for _ in range(size):
        work_ns, begun_ns = time.process_time_ns(), time.perf_counter_ns()
        found = correlations(known, least_days=60)
        took_ms.append((time.perf_counter_ns() - begun_ns) / 1e6)
        worked_ms.append((time.process_time_ns() - work_ns) / 1e6)
        assert (len(found.rows), found.days) == (POSITIONS, DAYS)
    return {"update_ms": statistics.median(took_ms), "cpu_ms": statistics.median(worked_ms)}


SPECIAL: Final = {"gate": gate, "correlation": correlation}
