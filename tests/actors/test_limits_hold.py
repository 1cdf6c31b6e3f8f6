"""Whatever happens in whatever order, no limit is exceeded as measured at the venue (issue 5).

The product's own tree trades on the product's own venue, in virtual time: strategies and whoever
else speaks to the gate, fills in parts, prices that jump, kills of the switch and of actors, a line
that breaks, a core that begins anew from its disk, midnight. ``judge`` says how it is measured.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from robotrader.domain import CancelWish, Intent, Leg, OrderType, Purpose, Side
from robotrader.risk import Level, Limits, Ratio, checks, usd
from tests.actors.floor import BAR_S, CONTRACTS, S
from tests.actors.trading_day import STRATEGIES, TradingDay

ROLES = ("risk", "orders", "journal", "account", "kill-switch", "gateway", ("symbol", 1))
SCOPES = ("all", "account:DU1", "symbol:AAPL", "symbol:KO", "strategy:a1", "strategy:k1")
WISHES = ("buy", "buy", "bracket", "bid", "sell", "sell", "close", "cancel", "tighten")
REST_S = 25
"""After the last fault: reconciled, timers rung, missing stops asked for again."""


def of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


TIGHT: dict[str, tuple[Any, ...]] = {
    "max_order_qty": (Decimal(25),),
    "max_order_usd": (usd(1_000),),
    "max_symbol_qty": (Decimal(40), Decimal(15)),
    "max_symbol_usd": (usd(1_500),),
    "max_symbol_weight": (Ratio(Decimal("0.05")),),
    "max_gross": (Ratio(Decimal("0.1")), Ratio(Decimal("0.03"))),
    "max_gross_usd": (usd(4_000),),
    "max_net": (Ratio(Decimal("0.05")),),
    "max_open_positions": (1, 2),
    "max_open_orders": (2, 4),
    "max_entries_pending": (2, 5),
    "max_orders_per_s": (1,),
    "max_orders_per_min": (3,),
    "max_orders_per_day": (6,),
    "max_daily_loss": (Ratio(Decimal("0.001")),),
    "allow_short": (True,),
}
"""What can be tighter, or otherwise, than it is by itself."""


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    """Few limits are tight at a time: where all are, nothing happens."""
    names = draw(st.sets(st.sampled_from(sorted(TIGHT)), max_size=4))
    values = {name: draw(st.sampled_from(TIGHT[name])) for name in sorted(names)}
    allowed = frozenset(each.symbol for each in CONTRACTS.values())
    return Limits(allowed_symbols=allowed, duplicate_window_ms=0, **values)


class LimitsHold(RuleBasedStateMachine):
    """See the module's prose."""

    happened: ClassVar[Counter[str]] = Counter()
    only: ClassVar[dict[str, Any]] = {}
    """These limits and no others are tight; empty: what is drawn is."""

    @initialize(
        limits=limits(),
        seed=st.integers(0, 2**16),
        left_s=of(600, 60, 20),
        delay_s=of(0.02, 0.0, 0.4),
    )
    def begin(self, limits: Limits, seed: int, left_s: int, delay_s: float) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        if self.only:
            limits = msgspec.structs.replace(limits, **self.only)
        self.day = TradingDay(folder, seed, limits, left_s=left_s, delay_s=delay_s)
        self.causes: list[tuple[str, str]] = []
        self.day.run(7)

    @rule(wishes=st.lists(st.tuples(of(*STRATEGIES), of("buy", "bracket", "sell"),
          st.integers(1, 30)), min_size=1, max_size=4), bars=of(0, 1, 1, 2))  # fmt: skip
    def strategies_trade(self, wishes: list[tuple[str, str, int]], bars: int) -> None:
        for name, wish, qty in wishes:
            self.day.scripts[name].append((wish, qty, 0.05))
        for _ in range(bars):
            self.day.to_bar(1.1)

    # -- what is wanted --

    @rule(name=of(*STRATEGIES), wishes=st.lists(of(*WISHES), min_size=1, max_size=3),
          qty=st.integers(1, 40), away=of(0.02, 0.1), now=st.booleans())  # fmt: skip
    def a_strategy_wishes(
        self, name: str, wishes: list[str], qty: int, away: float, now: bool
    ) -> None:
        """After the next bars; some while others do."""
        self.day.scripts[name] += [(each, qty, away) for each in wishes]
        if now:
            self.day.to_bar(0.1)

    @rule(con_id=of(*CONTRACTS), side=of(*Side), qty=st.integers(1, 60), purpose=of(*Purpose),
          times=of(1, 1, 3), limited=st.booleans(), name=of("x", *STRATEGIES))  # fmt: skip
    def somebody_intends(  # noqa: PLR0917 - one argument for each thing that is drawn
        self,
        con_id: int,
        side: Side,
        qty: int,
        purpose: Purpose,
        times: int,
        limited: bool,
        name: str,
    ) -> None:
        """Anything that a gate may be told, in whoever's name."""
        price = Decimal(str(self.day.floor.prices[con_id]))
        stop = round(price * (1 - side.sign * Decimal("0.05")), 2)
        legs = (Leg(order_type=OrderType.STOP, aux_price=stop),)
        for _ in range(times):
            cause = f"said:{len(self.causes)}:{self.day.now_ns()}"
            self.causes.append((name, cause))
            intent = Intent(
                strategy=name, con_id=con_id, symbol=CONTRACTS[con_id].symbol, side=side,
                qty=Decimal(qty), purpose=purpose, cause=cause, decided_ns=self.day.now_ns(),
                order_type=OrderType.LIMIT if limited else OrderType.MARKET,
                limit_price=price if limited else None,
                legs=legs if purpose is Purpose.ENTRY else (),
            )  # fmt: skip
            self.day.intend(intent)
        self.day.run(0.05)

    @rule(data=st.data())
    def somebody_cancels(self, data: st.DataObject) -> None:
        if self.causes:
            name, cause = data.draw(st.sampled_from(self.causes[-3:]))
            self.day.tell("risk", CancelWish(strategy=name, ref=cause, cause="test"))

    # -- the market --

    @rule(con_id=of(*CONTRACTS), by=of(1.002, 0.998, 1.01, 0.99, 1.06, 0.94, 1.25, 0.8))
    def a_price_moves(self, con_id: int, by: float) -> None:
        self.day.floor.prices[con_id] = round(self.day.floor.prices[con_id] * by, 2)

    @rule(con_id=of(*CONTRACTS), size=of(3, 7, 1_000, 1_000))
    def there_is_little_to_trade(self, con_id: int, size: int) -> None:
        """Orders fill in parts, a part with each quote."""
        self.day.floor.sizes[con_id] = size

    @rule(seconds=of(0.03, 0.5, 1.0, 3.0, 12.0))
    def time_passes(self, seconds: float) -> None:
        self.day.run(seconds)

    # -- what breaks --

    @rule(role=of(*ROLES), steps=of(0, 3, 17, 60), at_bar=st.booleans())
    def somebody_dies(self, role: Any, steps: int, at_bar: bool) -> None:
        if at_bar:
            self.day.run(max(0.0, BAR_S - self.day.now_ns() / S % BAR_S - 1e-3))
        self.day.kill(role, steps)

    @rule(seconds=of(0.1, 2.0, 8.0))
    def the_line_breaks(self, seconds: float) -> None:
        self.day.break_line(seconds)

    @rule(seconds=of(0.0, 3.0, 3.0))
    def the_core_begins_anew(self, seconds: float) -> None:
        self.day.restart()
        self.day.run(seconds)

    # -- people --

    @rule(level=of(*(each for each in Level if each)), scope=of(*SCOPES))
    def a_person_trips(self, level: Level, scope: str) -> None:
        self.day.trip(level, scope)

    @rule()
    def a_person_clears(self) -> None:
        for scope in list(self.day.judge.trips):
            self.day.clear(scope)

    # -- what holds --

    @invariant()
    def no_limit_is_exceeded_and_nothing_grows_while_it_is_tripped(self) -> None:
        if hasattr(self, "day"):
            assert self.day.judge.found == []

    def teardown(self) -> None:
        """All comes to rest: every position has its stop, the books are the venue's."""
        if not hasattr(self, "day"):
            return
        try:
            for con_id in CONTRACTS:
                self.day.floor.sizes[con_id] = 1_000
            for script in self.day.scripts.values():
                script.clear()
            self.day.run(REST_S)
            self.happened["fills"] += self.day.judge.fills
            self.happened["entries"] += len(self.day.judge.entries)
            self.happened.update(self.day.actor("risk").gate.refusals)
            self.happened["restarts"] += self.day.restarts
            assert self.day.judge.found == []
            assert self.day.trading().ready, self.day.trading()
            assert self.day.differs() == []
            assert self.day.unprotected() == []
            standing = self.day.actor("kill-switch").switch.trips
            for scope, (_, level) in self.day.judge.trips.items():
                levels = [each.level for each in standing if each.scope == scope]
                # A stricter trip that nobody could acknowledge may have come in force all the same.
                held = any(each >= level for each in levels)
                assert held, f"{scope} was tripped ({level}), now: {standing}"
        finally:
            self.day.close()
            self._folder.cleanup()


def interleavings(examples: int, steps: int) -> Counter[str]:
    """Try them; return what happened in them, so that a test can see that something did."""
    LimitsHold.happened.clear()
    wanted = settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    run_state_machine_as_test(LimitsHold, settings=wanted)
    return LimitsHold.happened


def test_any_interleaving_exceeds_no_limit_as_measured_at_the_venue() -> None:
    happened = interleavings(examples=60, steps=25)
    assert happened["fills"] > 10, happened
    assert len(happened) > 6, happened


@pytest.mark.deep
@pytest.mark.timeout(5_400)
def test_many_more_interleavings() -> None:
    happened = interleavings(examples=3_000, steps=60)
    assert happened["fills"] > 5_000, happened


WITHOUT: dict[str, dict[str, Any]] = {
    "order_qty": {"max_order_qty": Decimal(5)},
    "order_usd": {"max_order_usd": usd(100)},
    "position_qty": {"max_symbol_qty": Decimal(5)},
    "position_usd": {"max_symbol_usd": usd(100)},
    "position_weight": {"max_symbol_weight": Ratio(Decimal("0.001"))},
    "gross": {"max_gross": Ratio(Decimal("0.001"))},
    "gross_usd": {"max_gross_usd": usd(100)},
    "net": {"max_net": Ratio(Decimal("0.001"))},
    "open_positions": {"max_open_positions": 1},
    "entry_pending": {"max_entries_pending": 1},
    "rate_second": {"max_orders_per_s": 1},
    "rate_minute": {"max_orders_per_min": 2},
    "rate_day": {"max_orders_per_day": 2},
    "short": {"allow_short": False},
}
"""A check of the gate, and limits by which its absence is seen. The switch is not among them: the
order manager asks it again."""


@pytest.mark.deep
@pytest.mark.timeout(600)
@pytest.mark.parametrize("code", WITHOUT)
def test_the_judge_sees_a_gate_without_a_check(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    left = tuple(each for each in checks.FOR_ENTRIES if each[0] != code)
    monkeypatch.setattr(checks, "FOR_ENTRIES", left)
    machine = type("Without", (LimitsHold,), {"only": WITHOUT[code]})
    wanted = settings(
        max_examples=500, stateful_step_count=25, deadline=None, phases=[Phase.generate],
        database=None, derandomize=True, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=wanted)
