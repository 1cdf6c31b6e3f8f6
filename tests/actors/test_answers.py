"""Whatever an answer to a person can say, somebody says: a field that nobody fills shows "-"."""

from __future__ import annotations

import ast
from collections import defaultdict
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
import pytest

from actors.messages import Held
from actors.tables import Known, held_rows, trade_rows
from robotrader.domain import control_answers as answers
from robotrader.ledger import Trades
from tests.robotrader.ledger.kit import AAPL, ACCOUNT, CASH, fee, fill, ledger, rolled

ROOT = Path(__file__).resolve().parents[2]
STRUCTS = {
    name: each
    for name, each in vars(answers).items()
    if isinstance(each, type) and issubclass(each, msgspec.Struct) and not name.startswith("_")
}
WHOLE = frozenset({"ActorRow", "BreakerRow"})
"""What is made of another value with all of its fields (``**``)."""


@cache
def filled() -> dict[str, set[str]]:
    """The fields that the code gives, by the answer that it makes; ``replace`` gives to any."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in (*ROOT.glob("actors/**/*.py"), *ROOT.glob("robotrader/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
                name = node.func.id if isinstance(node.func, ast.Name) else name
                found[name] |= {each.arg for each in node.keywords if each.arg}
    return found


def test_the_answers_are_found() -> None:
    assert {"StatusAnswer", "PositionRow", "TradeRow", "OrderRow"} <= STRUCTS.keys()


@pytest.mark.parametrize("name", sorted(STRUCTS.keys() - WHOLE))
def test_every_field_of_an_answer_is_given_by_somebody(name: str) -> None:
    missing = set(STRUCTS[name].__struct_fields__) - filled()[name] - filled()["replace"]
    assert missing == set()


def test_a_closing_fill_shows_what_it_realized_and_a_position_what_today_has() -> None:
    records = (
        fill("a", "BUY", 10, "5"), fee("a", "1"), rolled("2026-11-20", CASH),
        fill("b", "SELL", 4, "7"), fee("b", "0.50"),
    )  # fmt: skip
    book, trades, now_ns = ledger(*records), Trades(), 7 * 10**9
    for record in records:
        trades.apply(record)
    known = Known(
        mode="sim", profile="sim", account=ACCOUNT, config_hash="", version="", pid=1, started_ns=0,
        symbols={AAPL.con_id: "AAPL"}, now_ns=lambda: now_ns,
    )  # fmt: skip
    held = Held(book.view({AAPL.con_id: 6.0}), {AAPL.con_id: now_ns - 10**9}, book.snapshot())
    bought, sold = trade_rows(known, trades.between(0, now_ns), held)
    assert (bought.realized, sold.realized) == (None, Decimal("7.10"))
    (row,) = held_rows(known, held)
    assert (row.qty, row.price_age_s) == (Decimal(6), 1.0)
    assert row.realized_day == Decimal("7.10")
    assert [each.realized for each in trade_rows(known, trades.between(0, now_ns), None)] == [
        None, None,
    ]  # fmt: skip
