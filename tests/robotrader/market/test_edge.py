"""The edge lets in what can be true and refuses the rest, with a reason (F51, F54, F55)."""

from __future__ import annotations

from itertools import pairwise
from math import inf, isfinite, nan
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Bar, Quote, Trade
from robotrader.market import Edge, EdgeLimits, Reason
from tests.robotrader.market.kit import AAPL, OPEN, S, bar, quote, trade

NOW = OPEN
LIMITS = EdgeLimits(jump=0.1, confirm=3, ahead_ns=S, old_ns=60 * S)


def edge() -> Edge:
    return Edge(AAPL, LIMITS)


def quoted(**changes: Any) -> Quote:
    return msgspec.structs.replace(quote(NOW, 99.99, 100.01), **changes)


def barred(**changes: Any) -> Bar:
    return msgspec.structs.replace(bar(NOW - 5 * S, 5 * S), **changes)


def traded(**changes: Any) -> Trade:
    return msgspec.structs.replace(trade(NOW, 100.0), **changes)


CASES = [
    (quoted(bid=nan), Reason.NOT_FINITE),
    (quoted(ask=inf), Reason.NOT_FINITE),
    (quoted(bid=-1.0, bid_size=0.0), Reason.NEGATIVE),
    (quoted(ask_size=-100.0), Reason.NEGATIVE),
    (quoted(bid=0.0), Reason.NO_PRICE),
    (quoted(bid=100.02), Reason.CROSSED),
    (quoted(con_id=1), Reason.FOREIGN),
    (quoted(time_ns=0), Reason.NO_TIME),
    (quoted(time_ns=NOW + 2 * S), Reason.FUTURE),
    (quoted(time_ns=NOW - 61 * S), Reason.OLD),
    (traded(price=nan), Reason.NOT_FINITE),
    (traded(price=1.79e308 * 10), Reason.NOT_FINITE),
    (traded(price=0.0), Reason.NOT_ABOVE_ZERO),
    (traded(price=-1.0), Reason.NOT_ABOVE_ZERO),
    (traded(size=-1.0), Reason.NEGATIVE),
    (barred(low=0.0), Reason.NOT_ABOVE_ZERO),
    (barred(high=99.0), Reason.SHAPE),
    (barred(end_ns=NOW - 5 * S), Reason.SHAPE),
    (barred(volume=-1.0), Reason.NEGATIVE),
    (barred(volume=nan), Reason.NOT_FINITE),
    (barred(start_ns=12, end_ns=13), Reason.OLD),
    (barred(start_ns=0, end_ns=5), Reason.NO_TIME),
    (barred(end_ns=NOW + 5 * S), Reason.FUTURE),
]


def judge(subject: Edge, datum: Any, now_ns: int = NOW, source: str = "ib") -> Reason | None:
    if isinstance(datum, Quote):
        refused = subject.quote(datum, now_ns, source)
    elif isinstance(datum, Trade):
        refused = subject.trade(datum, now_ns, source)
    else:
        refused = subject.bar(datum, now_ns, source)
    return None if refused is None else refused.reason


@pytest.mark.parametrize(("datum", "reason"), CASES)
def test_what_cannot_be_true_is_refused_with_its_reason_and_counted(
    datum: Any, reason: Reason
) -> None:
    subject = edge()
    assert judge(subject, datum) is reason
    assert dict(subject.refused) == {reason: 1}
    assert subject.accepted == 0


@pytest.mark.parametrize(("datum", "reason"), CASES)
def test_a_refused_value_leaves_no_trace(datum: Any, reason: Reason) -> None:
    """What is refused moves neither the last price nor the last time."""
    subject = edge()
    judge(subject, datum)
    later = (quoted(), traded(), barred())
    assert [judge(subject, each) for each in later] == [None] * 3, reason


def test_a_quote_of_one_side_or_none_is_let_in() -> None:
    subject = edge()
    for n, datum in enumerate((quote(NOW, 0.0, 0.0), quote(NOW, 100.0, 0.0), quote(NOW, 0.0, 101))):
        assert judge(subject, datum) is None, n


def test_the_same_quote_or_bar_again_is_a_duplicate_and_a_trade_is_not() -> None:
    """Sources stamp whole seconds: two equal trades in one are two trades."""
    subject = edge()
    assert [judge(subject, quoted()) for _ in range(2)] == [None, Reason.DUPLICATE]
    assert [judge(subject, barred()) for _ in range(2)] == [None, Reason.DUPLICATE]
    assert [judge(subject, traded()) for _ in range(2)] == [None, None]
    assert judge(subject, barred(close=100.0, high=100.5)) is Reason.OUT_OF_ORDER


def test_each_line_has_its_own_order() -> None:
    subject = edge()
    assert judge(subject, traded()) is None
    assert judge(subject, traded(time_ns=NOW - S)) is Reason.OUT_OF_ORDER
    assert judge(subject, traded(time_ns=NOW - S), source="polygon") is None
    assert judge(subject, quoted(time_ns=NOW - S)) is None


def test_a_single_outlier_never_gets_in() -> None:
    """F55: a bad tick triggers no stop."""
    subject = edge()
    prices = [100.0, 50.0, 100.1, 50.0, 99.9, 50.0, 100.0]
    got = [judge(subject, traded(price=price, time_ns=NOW + n)) for n, price in enumerate(prices)]
    assert got == [None, Reason.JUMP, None, Reason.JUMP, None, Reason.JUMP, None]


def test_a_move_that_is_said_often_enough_gets_in() -> None:
    """F55: a confirmed move is accepted, at the k-th tick."""
    subject = edge()
    prices = [100.0, 80.0, 80.5, 79.8, 80.2]
    got = [judge(subject, traded(price=price, time_ns=NOW + n)) for n, price in enumerate(prices)]
    assert got == [None, Reason.JUMP, Reason.JUMP, None, None]


def test_a_move_that_a_second_source_says_gets_in_at_once() -> None:
    subject = edge()
    assert judge(subject, traded()) is None
    assert judge(subject, traded(price=80.0)) is Reason.JUMP
    assert judge(subject, quoted(bid=80.0, ask=80.1), source="polygon") is None
    assert judge(subject, traded(price=80.0)) is None


def test_a_bar_with_one_wild_low_is_held_back() -> None:
    subject = edge()
    assert judge(subject, traded()) is None
    assert judge(subject, barred(low=50.0)) is Reason.JUMP
    assert judge(subject, barred()) is None


PRICES = st.one_of(
    st.floats(95, 105), st.sampled_from([nan, inf, -1.0, 0.0, 50.0, 51.0, 150.0, 1.79e308])
)
TRADES = st.builds(trade, st.integers(-3, 5).map(lambda n: NOW + n * S), PRICES)


@given(st.lists(st.tuples(TRADES, st.sampled_from(["ib", "polygon"])), max_size=40))
def test_what_gets_in_is_finite_above_zero_in_order_and_never_far_without_a_witness(
    given_: list[tuple[Trade, str]],
) -> None:
    subject, let_in = edge(), []
    for index, (datum, source) in enumerate(given_):
        if judge(subject, datum, source=source) is None:
            let_in.append((index, datum, source))
    assert subject.accepted == len(let_in)
    assert subject.accepted + subject.refused.total() == len(given_)
    for _, datum, _ in let_in:
        assert isfinite(datum.price)
        assert datum.price > 0
        assert datum.time_ns <= NOW + LIMITS.ahead_ns
    for source in ("ib", "polygon"):
        times = [datum.time_ns for _, datum, said in let_in if said == source]
        assert times == sorted(times)
    for (_, one, _), (index, after, source) in pairwise(let_in):
        if abs(after.price - one.price) > LIMITS.jump * one.price:
            said = [
                (d.price, s)
                for d, s in given_[:index]
                if abs(after.price - d.price) <= LIMITS.jump * d.price
            ]
            witnesses = {s for _, s in said if s != source}
            assert witnesses or len(said) >= LIMITS.confirm - 1, "a jump needs a witness"


@given(st.lists(TRADES, max_size=30))
def test_judging_is_a_function_of_what_was_said(given_: list[Trade]) -> None:
    one, two = edge(), edge()
    assert [judge(one, d) for d in given_] == [judge(two, d) for d in given_]
    assert one.refused == two.refused


def test_impossible_limits_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="jump"):
        msgspec.convert({"jump": 0}, EdgeLimits)
