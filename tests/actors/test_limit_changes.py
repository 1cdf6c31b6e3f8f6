"""``robotrader risk set`` over the control socket of the whole tree."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from robotrader.app.control_client import RefusedError
from robotrader.domain import control
from robotrader.domain.records import LimitChanged
from robotrader.risk import Level, Limits, TripRules
from tests.actors.desk import Desk
from tests.actors.rig import SYMBOLS, Exchange, running
from tests.actors.test_refusals import check, refused
from tests.actors.test_risk_report import asked

CEILINGS = {"max_order_qty": Decimal(20_000)}
LIMITS = Limits(allowed_symbols=frozenset(SYMBOLS), duplicate_window_ms=0)


def change(name: str, value: str | None, *, preview: bool = False) -> control.RiskSet:
    number = None if value is None else Decimal(value)
    return control.RiskSet(name=name, value=number, reason="a test", who="ann", preview=preview)


def changed(ask: Any) -> dict[str, tuple[Any, ...]]:
    rows = ask(control.RiskLimits()).changed
    return {each.name: (each.value, each.configured, each.who, each.why) for each in rows}


def refusal(ask: Any, request: control.RiskSet) -> str:
    try:
        ask(request)
    except RefusedError as error:
        return str(error)
    return ""


def test_a_changed_limit_counts_at_once_and_after_restarts_and_is_shown_with_who_and_why(
    tmp_path: Path,
) -> None:
    exchange = Exchange()
    given: dict[str, Any] = {"limits": LIMITS, "ceilings": CEILINGS}
    try:
        with running(tmp_path, exchange, **given) as rig:
            rig.ready()
            with asked(rig, tmp_path / "control.sock") as ask:
                shown = ask(change("max_order_qty", "3", preview=True))
                assert (shown.old, shown.new, shown.loosens) == (10_000, 3, False)
                assert changed(ask) == {}
                done = ask(change("max_order_qty", "3"))
                assert (done.preview, done.new, done.ceiling) == (False, 3, 20_000)
                refused(rig, "order_qty", qty=Decimal(4))  # in force when it is answered
                expected = {"max_order_qty": (3, 10_000, "ann", "a test")}
                assert changed(ask) == expected
                assert ask(change("max_order_qty", "20000", preview=True)).loosens
                says = refusal(ask, change("max_order_qty", "20001"))
                assert "risk.ceilings.max_order_qty is 20000" in says
                assert "no limit 'max_orders'" in refusal(ask, change("max_orders", "1"))
                assert "whole number" in refusal(ask, change("max_open_orders", "1.5"))
                assert changed(ask) == expected
                rig.kill("risk")
                rig.ready()
                assert changed(ask) == expected
                refused(rig, "order_qty", qty=Decimal(4))
                tail = control.JournalTail(after=0, count=50, last=True, kinds=("LimitChanged",))
                (record,) = (each.fields for each in ask(tail).records)
                assert {"who": "ann", "why": "a test", "old": "10000"}.items() <= record.items()
        with running(tmp_path, exchange, **given) as rig:
            rig.ready()
            with asked(rig, tmp_path / "control.sock") as ask:
                assert changed(ask) == expected
                refused(rig, "order_qty", qty=Decimal(4))
                ask(change("max_order_qty", None))
                assert changed(ask) == {}
                assert check(rig, qty=Decimal(4)).checks
                rig.trade("BUY", 4)
    finally:
        exchange.stop()


def test_the_kill_switch_goes_by_the_changed_limit_too(tmp_path: Path) -> None:
    """Clearing a loss that stands trips it again; after the limit is loosened it does not."""
    with running(tmp_path, limits=LIMITS, trips=TripRules(on_loss=Level.REDUCE)) as rig:
        rig.ready()
        with asked(rig, tmp_path / "control.sock") as ask:
            ask(change("switch_drawdown", "0.0000001"))
            rig.trade("BUY", 10)
            rig.until(lambda: any("drawdown" in x.why for x in ask(control.Status()).switches))
            ask(change("switch_drawdown", None))
            ask(control.Resume(scope="all", reason="the limit was a test's", who="ann"))
            assert ask(control.Status()).switches == ()
            rig.trade("SELL", 10)
            assert ask(control.Status()).switches == ()


def test_gate_and_kill_switch_begin_with_a_changed_limit_that_only_a_snapshot_has(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, 11)
    desk.run(5)
    desk.actor("journal")._snapshots._every = 5
    record = LimitChanged(name="max_order_qty", value=Decimal(700), who="ann", why="a test")
    desk.trader.role("journal").tell(record)
    desk.run(60)
    desk.kill("journal")
    desk.run(30)
    numbers = [n for n, each in enumerate(desk.records(), 1) if each == record]
    assert numbers[0] < desk.actor("journal")._snapshots.base.tip.seq
    assert desk.actor("risk").gate.limits.max_order_qty == 700
    assert desk.actor("kill-switch")._limits.limits.max_order_qty == 700
    desk.close()
