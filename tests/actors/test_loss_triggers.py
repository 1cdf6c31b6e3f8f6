"""Losses and refusals trip the kill switch by fills and prices alone, through the whole tree (F66).

Nothing here calls the switch: the market falls, trades lose, the venue refuses. Boundaries to the
cent are tests/robotrader/risk's; here a loss below the limit does nothing and one above it trips.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors.say import AskTail, Clear
from robotrader.domain.records import Ending, OrderDone
from robotrader.risk import Level, Limits, Ratio, TripRules, Usd, ratio
from tests.actors.rig import SYMBOLS, Exchange, Rig, running

QTY = 100
PART = ratio("0.001")
"""Of a million: what may be lost is a thousand dollars, ten a share."""


def limits(**fields: Any) -> Limits:
    given: dict[str, Any] = {
        "allowed_symbols": frozenset(SYMBOLS), "duplicate_window_ms": 0,
        "max_order_usd": Usd(Decimal(10**9)), "max_symbol_usd": Usd(Decimal(10**9)),
        "max_gross_usd": Usd(Decimal(10**9)), "max_symbol_qty": Decimal(10**6),
        "max_order_qty": Decimal(10**6), "max_gross": Ratio(Decimal(20)),
        "max_net": Ratio(Decimal(20)), "max_symbol_weight": Ratio(Decimal(20)),
    }  # fmt: skip
    return Limits(**{**given, **fields})


def entry_refused(rig: Rig) -> bool:
    """Whether the gate names the switch for an entry; nothing is sent."""
    before = len(rig.exchange.orders())
    rig.intend("BUY", 1)
    gate = rig.gate()
    return bool(
        gate and gate.refusals.get("switch", 0) > 0 and len(rig.exchange.orders()) == before
    )


def fall_to(rig: Rig, loss: str) -> None:
    """Let the price fall until the account has lost about so much of what it began with."""
    con_id = rig.contract("AAPL").con_id
    view = rig.ledger()
    assert view is not None
    assert view.daily is not None
    mark = view.positions[con_id].mark
    assert mark is not None
    wanted = Decimal(loss)
    rig.exchange.price(con_id, round(float(mark - (view.daily + wanted) / QTY), 2))
    near = Decimal(60)
    rig.until(
        lambda: (
            (now := rig.ledger()) is not None
            and now.daily is not None
            and abs(now.daily + wanted) < near
        )
    )


LOSSES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "daily_loss": ({"switch_daily_loss": PART}, {"on_loss": Level.REDUCE}, "all"),
    "drawdown": ({"switch_drawdown": PART}, {"on_loss": Level.PAUSE}, "all"),
    "position_loss": ({}, {"max_position_loss": PART}, "symbol:AAPL"),
}


@pytest.mark.parametrize("trigger", LOSSES)
def test_f66_f72_a_price_that_falls_trips_its_trigger_alone_and_only_in_its_scope(
    tmp_path: Path, trigger: str
) -> None:
    changed, rules, scope = LOSSES[trigger]
    with running(tmp_path, limits=limits(**changed), trips=TripRules(**rules)) as rig:
        rig.ready()
        rig.trade("BUY", QTY)
        fall_to(rig, "900")
        rig.trade("BUY", 1, "KO")
        assert rig.switch().level(symbol="AAPL") is Level.OFF
        fall_to(rig, "1100")
        rig.until(lambda: (found := rig.switch()) and found.find(scope, trigger), 5)
        assert [trip.trigger for trip in rig.switch().trips] == [trigger]
        rig.until(lambda: entry_refused(rig))
        if scope != "all":
            rig.trade("BUY", 1, "KO")
        rig.trade("SELL", QTY)
        assert rig.held() == 0, "a reduction passes while it is tripped (F69)"
        assert rig.ask("kill-switch", Clear(scope, who="", why="by nobody")) is None
        assert rig.switch().find(scope, trigger), "it is latched (F67)"


@pytest.mark.parametrize("code", ["daily_loss", "drawdown"])
def test_f66_f69_between_the_gates_loss_and_the_switchs_only_entries_are_refused(
    tmp_path: Path, code: str
) -> None:
    """The gate's word ends with the loss; the switch trips at its own, later, and stays."""
    wide = {f"max_{code}": PART, f"switch_{code}": Ratio(2 * PART)}
    with running(tmp_path, limits=limits(**wide)) as rig:
        rig.ready()
        rig.trade("BUY", QTY)
        fall_to(rig, "900")
        rig.trade("BUY", 1, "KO")
        fall_to(rig, "1100")
        rig.intend("BUY", 1)
        rig.until(lambda: (gate := rig.gate()) and gate.refusals.get(code, 0) > 0)
        assert rig.switch().trips == (), "the gate's limit is not the switch's"
        rig.trade("SELL", 1)
        fall_to(rig, "900")
        rig.trade("BUY", 1, "KO")
        fall_to(rig, "2200")
        rig.until(lambda: (found := rig.switch()) and found.find("all", code), 5)
        fall_to(rig, "900")
        assert rig.switch().find("all", code), "a smaller loss does not clear it"
        rig.until(lambda: entry_refused(rig))


def test_f66_f67_trades_that_lose_in_a_row_trip_and_a_person_forgives_them_for_good(
    tmp_path: Path,
) -> None:
    exchange = Exchange()
    try:
        with running(tmp_path, exchange, limits=limits(max_losses_row=3)) as rig:
            rig.ready()
            for _ in range(2):
                rig.trade("BUY", 1)
                rig.trade("SELL", 1)
            rig.trade("BUY", 1)
            assert rig.switch().level() is Level.OFF, "two lost, three are the limit"
            rig.trade("SELL", 1)
            rig.until(lambda: (found := rig.switch()) and found.find("all", "losses"), 5)
            rig.until(lambda: entry_refused(rig))
            assert rig.ask("kill-switch", Clear("all", who="", why="an hour is over")) is None
            assert rig.switch().find("all", "losses")
            assert rig.ask("kill-switch", Clear("all", who="ann", why="looked at each"))
            rig.trade("BUY", 1)
        with running(tmp_path, exchange, limits=limits(max_losses_row=3)) as rig:
            rig.ready()
            rig.trade("BUY", 1)
            assert rig.switch().level() is Level.OFF, "what was forgiven stays so over a restart"
    finally:
        exchange.stop()


def test_f66_a_storm_of_refused_orders_trips_one_beyond_its_limit(tmp_path: Path) -> None:
    """The venue refuses what the account has no margin for."""
    with running(tmp_path, limits=limits(), trips=TripRules(max_rejects=2)) as rig:
        rig.ready()
        for number in range(2):
            rig.intend("BUY", 100_000)
            rig.until(partial(_at_least, rig, number + 1))
            rig.until(lambda: (seen := rig.trading()) and not seen.orders)  # the gate was told, too
        rig.trade("BUY", 1)
        rig.until(lambda: (seen := rig.trading()) and not seen.orders)
        assert rig.switch().level() is Level.OFF
        rig.intend("BUY", 100_000)
        rig.until(lambda: (found := rig.switch()) and found.find("all", "rejects"), 5)
        rig.until(lambda: entry_refused(rig))
        rig.trade("SELL", 1)


def _at_least(rig: Rig, many: int) -> bool:
    return _rejected(rig) >= many


def _rejected(rig: Rig) -> int:
    found = rig.ask("journal", AskTail(0, 1_000, last=False))
    records = [row[3] for row in found.rows] if found else []
    done = [each for each in records if isinstance(each, OrderDone)]
    return sum(each.ending is Ending.REJECTED for each in done)


@pytest.mark.parametrize("kind", ["empty", "nonsense", "a folder"])
def test_f65_a_flag_that_cannot_be_read_counts_as_tripped(tmp_path: Path, kind: str) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        flag = tmp_path / "KILL"
        if kind == "a folder":
            flag.mkdir()
        else:
            flag.write_bytes(b"" if kind == "empty" else b"\xff\xfe pause?")
        rig.until(lambda: (found := rig.switch()) and found.find("all", "person"), 5)
        assert rig.switch().level() is Level.CANCEL
        rig.until(lambda: entry_refused(rig))
