"""Every check that the configuration can switch on refuses in the running system (F81).

One trader before one emulated gateway; each case changes one limit by a record of the journal, as
a person's change would, and puts it back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors.history import HistoryRules
from actors.say import AskCheck, Clear, Trip
from robotrader.domain import CancelWish, Intent, OrderType, Purpose, Side
from robotrader.domain import control as ask
from robotrader.domain.records import LimitChanged, SymbolHalted, SymbolResumed
from robotrader.risk import Explained, Level, Limits, TripRules, ratio
from robotrader.risk.checks import FOR_ALL, FOR_ENTRIES
from robotrader.risk.explain import LIMITS_OF
from tests.actors.rig import SYMBOLS, Rig, running
from tests.actors.test_risk_report import asked

WIDE = Limits(
    allowed_symbols=frozenset({"AAPL"}),
    restricted_symbols=frozenset({"KO"}),
    duplicate_window_ms=0,
    max_entries_pending=100,
    max_orders_per_s=1_000,
    max_orders_per_min=1_000,
    price_collar=ratio("0.5"),
    max_strategy_weight={"poor": ratio(0)},
    max_symbol_usd=Limits().max_gross_usd,
    max_order_usd=Limits().max_gross_usd,
)
SWITCHED_ON: dict[str, tuple[str, str, str]] = {  # the limit, its tight value, what puts it back
    "quote": ("max_quote_age_ms", "0", "5000"),
    "entry_pending": ("max_entries_pending", "0", "100"),
    "open_orders": ("max_open_orders", "0", "100"),
    "rate_second": ("max_orders_per_s", "0", "1000"),
    "rate_minute": ("max_orders_per_min", "0", "1000"),
    "rate_day": ("max_orders_per_day", "0", "1000"),
    "cancel_ratio": ("max_cancel_ratio", "0", "1"),
    "cooldown": ("cooldown_ms", "600000", "0"),
    "order_qty": ("max_order_qty", "0", "10000"),
    "order_usd": ("max_order_usd", "1", "1000000"),
    "position_qty": ("max_symbol_qty", "0", "20000"),
    "position_usd": ("max_symbol_usd", "1", "1000000"),
    "position_weight": ("max_symbol_weight", "0", "0.2"),
    "sector": ("max_sector_weight", "0", "20"),
    "gross": ("max_gross", "0", "1"),
    "gross_usd": ("max_gross_usd", "1", "1000000"),
    "net": ("max_net", "0", "1"),
    "open_positions": ("max_open_positions", "0", "20"),
    "volume": ("max_volume_share", "0", "1"),
    "volatility": ("max_volatility", "0", "20"),
    "cluster": ("max_cluster_weight", "0", "20"),
    "heat": ("max_heat", "0", "20"),
}
TRIPPING: dict[str, tuple[str, str, str]] = {  # the switch looks at these too
    "daily_loss": ("max_daily_loss", "0.0000001", "0.02"),
    "drawdown": ("max_drawdown", "0.0000001", "0.1"),
    "losses": ("max_losses_row", "1", "0"),
}
BY_ORDER: dict[str, dict[str, Any]] = {
    "malformed": {"qty": Decimal(-1)},
    "contract": {"symbol": "KO"},
    "exit_grows": {"side": Side.SELL, "purpose": Purpose.EXIT, "qty": Decimal(1_000)},
    "step": {"qty": Decimal("1.5")},
    "collar": {"order_type": OrderType.LIMIT, "limit_price": Decimal(1)},
    "short": {"side": Side.SELL, "qty": Decimal(1_000)},
    "strategy": {"strategy": "poor/AAPL"},
}
OF_THE_SWITCH = {"switch_daily_loss", "switch_drawdown"}
"""No code of the gate has them: test_loss_triggers.py."""

ELSEWHERE = {
    "clock": "test_broker_says.py",
    "borrow": "test_broker_says.py",
    "margin": "test_broker_says.py",
    "positions": "only before the journal was folded",
    "link": "test_a_connection_that_breaks_is_made_again_and_trading_goes_on",
    "session": "the emulated market never closes; tests/robotrader/app/test_simulated_days.py",
    "duplicate": "here, by two intents",
    "exit_pending": "tests/robotrader/risk/test_exits.py",
    "equity": "only with a doubt in the ledger",
    "correlation": "test_history.py",
    "switch": "here",
    "halted": "here",
    "symbol": "here",
    "restricted": "here",
    "restart": "here",
}


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A trader that has lost on a round trip, cancelled an entry and knows the past days."""
    rules = HistoryRules(least_days=5)
    restart: list[int] = []
    with running(
        tmp_path_factory.mktemp("refusals"), limits=WIDE, history=rules, trips=TripRules(),
        restart_at_ns=lambda _: restart[0] if restart else None,
    ) as made:  # fmt: skip
        made.ready()
        made.restart = restart  # type: ignore[attr-defined]
        made.trade("BUY", 2)
        made.trade("SELL", 1)
        made.trade("SELL", 1)
        made.trade("BUY", 1)
        _cancel_an_entry(made)
        change(made, "cancel_ratio_orders", "1")
        yield made


def _cancel_an_entry(rig: Rig) -> None:
    price = float(ask_price(rig))
    far = Decimal(round(price * 0.7))
    orders = len(rig.exchange.orders())
    rig.intend("BUY", 1, order_type=OrderType.LIMIT, limit_price=far)
    rig.until(lambda: len(rig.exchange.orders()) > orders and rig.exchange.working())
    rig.trader.role("risk").tell(CancelWish(strategy="test", ref=rig.causes[-1], cause="test"))
    rig.until(lambda: not rig.exchange.working())
    rig.until(lambda: _works_nothing(rig))


def ask_price(rig: Rig) -> Decimal:
    found = rig.until(lambda: check(rig))
    assert found.price is not None
    return found.price  # type: ignore[no-any-return]


def wish(rig: Rig, **fields: Any) -> Intent:
    con_id = rig.contract("AAPL").con_id
    given: dict[str, Any] = {
        "strategy": "test", "con_id": con_id, "symbol": "AAPL", "side": Side.BUY,
        "qty": Decimal(1), "purpose": Purpose.ENTRY, "cause": f"refused:{time.time_ns()}",
    }  # fmt: skip
    return Intent(**{**given, **fields})


def check(rig: Rig, **fields: Any) -> Any:
    """What the running gate would say of an order."""
    return rig.ask("risk", AskCheck(wish(rig, **fields)))


def change(rig: Rig, name: str, value: str) -> None:
    """Have the journal write another limit, and wait until the gate judges by it."""
    before = limits_of(rig)
    rig.trader.role("journal").tell(LimitChanged(name=name, value=Decimal(value), who="test"))
    rig.until(lambda: limits_of(rig) != before)


def limits_of(rig: Rig) -> Any:
    found = check(rig)
    return {k: v for each in found.checks for k, v in each.limits.items()} if found else None


def refused(rig: Rig, code: str, **fields: Any) -> None:
    """An intent is refused for that reason, counted, and nothing reaches the venue."""
    gate = rig.gate()
    assert gate is not None
    before, orders = gate.refusals.get(code, 0), rig.exchange.orders()
    rig.trader.role("risk").tell(wish(rig, **fields))
    rig.until(lambda: count(rig, code) == before + 1, 5)
    assert rig.exchange.orders() == orders


def count(rig: Rig, code: str) -> int:
    """How many intents the gate has refused for that reason."""
    gate = rig.gate()
    return -1 if gate is None else gate.refusals.get(code, 0)


@pytest.mark.parametrize("code", TRIPPING)
def test_f81_a_loss_limit_that_is_changed_refuses_in_the_running_system(
    rig: Rig, code: str
) -> None:
    name, tight, back = TRIPPING[code]
    before, switched, orders = count(rig, code), count(rig, "switch"), rig.exchange.orders()
    change(rig, name, tight)
    assert _why(rig, code) != ""
    rig.trader.role("risk").tell(wish(rig))
    # The switch may look at the same limit before the gate does: then it is the one that refuses.
    rig.until(lambda: count(rig, code) + count(rig, "switch") == before + switched + 1)
    assert rig.exchange.orders() == orders
    change(rig, name, back)
    rig.until(partial(_cleared, rig))


def _cleared(rig: Rig) -> bool:
    """Nothing is tripped; a trip by the limit that was just put back is cleared too."""
    return bool(
        rig.ask("kill-switch", Clear("all", who="me", why="the test goes on"))
        and not _why(rig, "switch")
    )


@pytest.mark.parametrize("code", SWITCHED_ON)
def test_f81_a_limit_that_is_changed_refuses_in_the_running_system(rig: Rig, code: str) -> None:
    name, tight, back = SWITCHED_ON[code]
    change(rig, name, tight)
    refused(rig, code)
    found = check(rig)
    assert isinstance(found, Explained)
    assert next(each for each in found.checks if each.code == code).why != ""
    change(rig, name, back)


@pytest.mark.parametrize("code", BY_ORDER)
def test_an_order_that_cannot_be_right_is_refused_in_the_running_system(
    rig: Rig, code: str
) -> None:
    refused(rig, code, **BY_ORDER[code])


def test_switch_halt_restart_and_lists_refuse_in_the_running_system(rig: Rig) -> None:
    con_id, other = rig.contract("AAPL").con_id, rig.contract("KO").con_id
    assert rig.ask("kill-switch", Trip(Level.PAUSE, "all", who="me", why="a test"))
    refused(rig, "switch")
    assert rig.ask("kill-switch", Clear("all", who="me", why="the test goes on"))
    journal = rig.trader.role("journal")
    journal.tell(SymbolHalted(con_id=con_id, why="a test"))
    rig.until(lambda: _why(rig, "halted") and _why(rig, "switch"))
    refused(rig, "switch")  # which trips for the symbol, and comes first
    journal.tell(SymbolResumed(con_id=con_id, who="me", why="the test goes on"))
    rig.until(lambda: not _why(rig, "halted"))
    rig.until(lambda: rig.ask("kill-switch", Clear("symbol:AAPL", who="me", why="goes on")))
    refused(rig, "symbol", con_id=other, symbol="KO")
    restart = rig.restart  # type: ignore[attr-defined]
    restart.append(time.time_ns())
    refused(rig, "restart")
    restart.clear()


def _why(rig: Rig, code: str) -> str:
    found = check(rig)
    return next(each.why for each in found.checks if each.code == code) if found else ""


def test_what_is_restricted_and_what_echoes_is_refused_in_the_running_system(
    rig: Rig, tmp_path: Path
) -> None:
    limits = Limits(
        allowed_symbols=frozenset(SYMBOLS), restricted_symbols=frozenset({"KO"}),
        duplicate_window_ms=60_000, max_entries_pending=100,
    )  # fmt: skip
    assert limits.hash != WIDE.hash
    with running(tmp_path, limits=limits) as other:
        other.ready()
        refused(other, "restricted", con_id=other.contract("KO").con_id, symbol="KO")
        other.trade("BUY", 1)
        refused(other, "duplicate", strategy="test")


def test_every_code_of_the_gate_is_reached_through_a_tree() -> None:
    codes = {code for code, _ in (*FOR_ALL, *FOR_ENTRIES)} | {"malformed"}
    assert codes == set(SWITCHED_ON) | set(TRIPPING) | set(BY_ORDER) | set(ELSEWHERE)
    assert set(LIMITS_OF) <= codes
    named = {name for names in LIMITS_OF.values() for name in names}
    assert named | OF_THE_SWITCH == set(Limits.__struct_fields__)


def test_risk_check_says_what_the_gate_would_say_and_changes_nothing(
    rig: Rig, tmp_path: Path
) -> None:
    gate, orders = rig.gate(), rig.exchange.orders()
    assert gate is not None
    with asked(rig, tmp_path / "control.sock") as say:
        small = say(ask.RiskCheck(side=Side.BUY, qty=Decimal(1), symbol="AAPL"))
        assert (small.passes, small.code, small.most) == (True, "", 1)
        large = say(ask.RiskCheck(side=Side.BUY, qty=Decimal(10_001), symbol="AAPL"))
        assert (large.passes, large.code) == (False, "order_qty")
        assert 0 < large.most < 10_001
        again = say(ask.RiskCheck(side=Side.BUY, qty=large.most, symbol="AAPL"))
        assert again.passes
        more = say(ask.RiskCheck(side=Side.BUY, qty=large.most + 1, symbol="AAPL"))
        assert not more.passes
        assert "above the limit" in more.why
        closes = say(ask.RiskCheck(side=Side.SELL, qty=Decimal(1), symbol="AAPL", closes=True))
        assert (closes.passes, closes.reduces, closes.low) == (True, True, 0)
        nobody = say(ask.RiskCheck(side=Side.BUY, qty=Decimal(1), symbol="NOBODY"))
        assert not nobody.passes
    assert rig.gate() == gate, "nothing was counted or held"
    assert rig.exchange.orders() == orders


def test_f22_a_thousand_intents_at_once_of_five_strategies_are_one_order_at_the_venue(
    tmp_path: Path,
) -> None:
    limits = Limits(
        allowed_symbols=frozenset(SYMBOLS), duplicate_window_ms=0, price_collar=ratio("0.5"),
        max_orders_per_s=10_000, max_orders_per_min=10_000,
    )  # fmt: skip
    with running(tmp_path, limits=limits) as rig:
        rig.ready()
        far = Decimal(round(float(ask_price(rig)) * 0.7))
        ready = threading.Barrier(5)

        def want(number: int) -> None:
            ready.wait(30)
            for n in range(200):
                rig.trader.role("risk").tell(
                    wish(
                        rig, strategy=f"s{number}", cause=f"c{number}-{n}", qty=Decimal(1 + n),
                        order_type=OrderType.LIMIT, limit_price=far,
                    )
                )  # fmt: skip

        threads = [threading.Thread(target=want, args=(number,)) for number in range(5)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        rig.until(lambda: (gate := rig.gate()) and sum(gate.refusals.values()) == 999)
        rig.until(lambda: len(rig.exchange.working()) == 1)
        assert len(rig.exchange.orders()) == 1
        gate = rig.gate()
        assert gate is not None
        assert (gate.approvals, gate.refusals) == (1, {"entry_pending": 999})


def _works_nothing(rig: Rig) -> bool:
    """Whether no order works: the gate has heard of it before the order manager answers."""
    found = rig.trading()
    return found is not None and not found.orders


def _holds(rig: Rig, qty: Decimal) -> bool:
    return rig.held() == qty


def test_flatten_of_a_strategy_closes_what_it_holds_and_nothing_else(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        rig.trade("BUY", 5)
        rig.until(lambda: _works_nothing(rig))
        for strategy, qty in (("cross/AAPL", 3), ("other/AAPL", 4)):
            after = rig.held() + qty
            rig.trader.role("risk").tell(
                wish(rig, strategy=strategy, qty=Decimal(qty), cause=strategy)
            )
            rig.until(partial(_holds, rig, after))
            rig.until(rig.agrees)
            rig.until(lambda: _works_nothing(rig))
        assert rig.ask("kill-switch", Trip(Level.FLATTEN, "strategy:cross", who="me", why="test"))
        rig.until(lambda: rig.held() == 9)
        rig.until(rig.agrees)
        rig.trade("BUY", 1)
        refused(rig, "switch", strategy="cross/AAPL")
        assert rig.held() == 10
