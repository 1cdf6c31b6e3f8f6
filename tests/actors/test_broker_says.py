"""What only the broker can say reaches the gate of the running system, and what it does not blocks.

An emulated gateway whose clock moves, whose shares to borrow run out, and whose margin is little.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actors.say import AskCheck
from robotrader.domain import OrderType, Purpose, Side
from robotrader.domain.records import LimitChanged
from robotrader.risk import Limits, TripRules, ratio
from tests.actors.rig import ACCOUNT, SYMBOLS, Exchange, Rig, _settings, running
from tests.actors.test_refusals import refused, wish
from tests.actors.test_triggers import ahead

WIDE = Limits(
    allowed_symbols=frozenset(SYMBOLS), duplicate_window_ms=0, max_entries_pending=100,
    max_symbol_usd=Limits().max_gross_usd, max_order_usd=Limits().max_gross_usd,
    max_orders_per_min=1_000, price_collar=ratio("0.5"), max_gross=ratio(4),
    max_symbol_weight=ratio(4), max_net=ratio(4), allow_short=True, short_needs_borrow=True,
    max_clock_skew_ms=1_000,
)  # fmt: skip


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    made = Exchange()
    yield made
    made.stop()


def why(rig: Rig, code: str, **fields: Any) -> str | None:
    """What the running gate would say of an order by one of its checks; None: it did not answer."""
    found = rig.ask("risk", AskCheck(wish(rig, **fields)))
    if found is None or isinstance(found, str):
        return None
    (said,) = [each.why for each in found.checks if each.code == code]
    return str(said)


def lends(exchange: Exchange, con_id: int, shares: int | None, *, locate: bool = False) -> None:
    """Let so many shares of a contract be there to borrow, as the control port does."""

    def change() -> None:
        gateway = exchange.gateway
        known = None if shares is None else Decimal(shares)
        gateway.books.locates = gateway.books.locates.changed(con_id, known, to_locate=locate)
        gateway.streams.lends(con_id)

    exchange.do(change)


def test_a_clock_that_is_not_the_brokers_refuses_entries_and_no_exit(
    tmp_path: Path, exchange: Exchange
) -> None:
    settings = replace(_settings(exchange.server.port), clock_s=0.1)
    rules = TripRules(max_skew_ms=3_600_000)
    with running(tmp_path, exchange, settings=settings, trips=rules, limits=WIDE) as rig:
        rig.ready()
        rig.trade("BUY", 5)
        ahead(exchange, 5.0)
        rig.until(lambda: why(rig, "clock"))
        assert "1000 are the limit" in str(why(rig, "clock"))
        refused(rig, "clock")
        rig.trade("SELL", 5)
        assert rig.switch().level() == 0, "the gate alone refuses"


def test_a_short_sale_passes_only_with_shares_that_the_broker_lends(
    tmp_path: Path, exchange: Exchange
) -> None:
    with running(tmp_path, exchange, limits=WIDE) as rig:
        rig.ready()
        con_id = rig.contract("AAPL").con_id
        short: dict[str, Any] = {"side": Side.SELL, "qty": Decimal(10)}
        rig.until(lambda: why(rig, "borrow", **short) == "")
        lends(exchange, con_id, 9)
        rig.until(lambda: why(rig, "borrow", **short))
        assert "10 shares of AAPL would have to be borrowed, 9 can be" in str(
            why(rig, "borrow", **short)
        )
        refused(rig, "borrow", **short)
        assert why(rig, "borrow", side=Side.SELL, qty=Decimal(9)) == "", "nine are there"
        lends(exchange, con_id, 0)
        rig.until(lambda: "0 can be" in str(why(rig, "borrow", side=Side.SELL)))
        lends(exchange, con_id, None, locate=True)
        rig.until(lambda: "located" in str(why(rig, "borrow", **short)))
        refused(rig, "borrow", **short)
        lends(exchange, con_id, 10)
        rig.until(lambda: why(rig, "borrow", **short) == "")
        rig.trade("SELL", 10, purpose=Purpose.ENTRY)
        assert rig.held() == -10
        rig.kill("risk")
        rig.ready()
        rig.until(lambda: why(rig, "borrow", side=Side.SELL, qty=Decimal(11)))
        rig.until(lambda: "1 shares" not in str(why(rig, "borrow", **short)))


def test_an_entry_waits_for_the_brokers_word_about_its_margin(
    tmp_path: Path, exchange: Exchange
) -> None:
    """The venue's own rules say what is needed: half of what is held, of all its equity."""
    limits = replace(WIDE, max_margin=ratio(1))
    with running(tmp_path, exchange, limits=limits) as rig:
        rig.ready()
        rig.trade("BUY", 5)
        assert (gate := rig.gate()) is not None
        assert gate.refusals.get("margin", 0) == 0, "it was asked first"
        found = rig.ask("risk", AskCheck(wish(rig, qty=Decimal(1))))
        assert not [each for each in found.checks if each.why], "and for a question, too"

        rig.trader.role("journal").tell(_tighter("max_margin", "0.0005"))
        rig.until(lambda: why(rig, "margin", qty=Decimal(20)))
        said = str(why(rig, "margin", qty=Decimal(20)))
        (figure,) = re.findall(r"an initial margin of ([0-9.]+) is above the limit", said)
        needed = _needed(exchange, rig, 20)
        assert abs(float(figure) - needed) < needed / 10, "the price has moved, by little"
        refused(rig, "margin", qty=Decimal(20))
        rig.trade("SELL", 5)
        refused(rig, "margin", qty=Decimal(20))
        rig.trade("BUY", 1)


def _tighter(name: str, value: str) -> Any:
    return LimitChanged(name=name, value=Decimal(value), who="test")


def _needed(exchange: Exchange, rig: Rig, qty: int) -> float:
    """What the venue's account would need for so many more shares."""
    con_id = rig.contract("AAPL").con_id

    def look() -> float:
        books = exchange.gateway.books
        held = books.accounts[ACCOUNT].positions[con_id].qty
        return float(held + qty) * books.prices[con_id] / 2

    return float(exchange.do(look))


def test_an_entry_without_an_answer_about_its_margin_is_refused_in_time(
    tmp_path: Path, exchange: Exchange
) -> None:
    limits = replace(WIDE, max_margin=ratio(1))
    with running(tmp_path, exchange, limits=limits) as rig:
        rig.ready()
        rig.trade("BUY", 5)
        faults = exchange.gateway.faults
        plain = faults.incoming

        def deaf(link: Any, name: str, fields: dict[str, Any]) -> Any:
            return not fields.get("whatIf") and plain(link, name, fields)

        exchange.do(lambda: setattr(faults, "incoming", deaf))
        before, began = (gate.refusals if (gate := rig.gate()) else {}), time.monotonic()
        rig.intend("BUY", 1, order_type=OrderType.MARKET)
        rig.trade("SELL", 5)
        rig.until(
            lambda: (
                (gate := rig.gate())
                and gate.refusals.get("margin", 0) == before.get("margin", 0) + 1
            )
        )
        assert time.monotonic() - began >= 1.9, "it waited, and the exit did not"
        exchange.do(lambda: setattr(faults, "incoming", plain))
        rig.trade("BUY", 1)
