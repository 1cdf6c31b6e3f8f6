"""Portfolio heat: what is lost when every stop is hit, of positions and of what is on its way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Approved, Leg, OrderType, Purpose, Quote, Side
from robotrader.risk import Gate, RiskView, StopAt, WorkingOrder, ratio
from tests.robotrader.ledger.kit import AAPL, CASH, KO
from tests.robotrader.risk.kit import NOW, code, intent, judged, limits, view


def stop(qty: int, at: StopAt | None, side: str = "SELL", **more: Any) -> WorkingOrder:
    """A stop that works at the broker."""
    given_: dict[str, Any] = {"con_id": AAPL.con_id, "yields": True, "protects": True, **more}
    return WorkingOrder(ref="s", side=Side(side), qty=Decimal(qty), stop=at, **given_)


def at(price: str) -> StopAt:
    return StopAt(trigger=Decimal(price))


def leg(price: str) -> Leg:
    return Leg(order_type=OrderType.STOP, aux_price=Decimal(price))


def lost(usd: str | int | Decimal) -> Any:
    """That much, as a part of the equity of 100,000."""
    return ratio(Decimal(usd) / CASH)


def passes_at(usd: str | int, wanted: Any, seen: RiskView, **more: Any) -> None:
    """It passes with a limit of that much, and not with one that is a cent lower."""
    assert judged(wanted, seen, max_heat=lost(usd), **more) == ""
    cent = Decimal(usd) - Decimal("0.01")
    if cent >= 0:
        assert judged(wanted, seen, max_heat=lost(cent), **more) == "heat"


def test_an_entry_without_a_stop_loses_all_of_its_worth() -> None:
    passes_at(1_000, intent(qty=10), view())


def test_an_entry_loses_what_lies_between_its_price_and_its_stop() -> None:
    passes_at(50, intent(qty=10, legs=(leg("95"),)), view())


def test_a_short_entry_loses_up_to_its_stop_above() -> None:
    passes_at(30, intent("SELL", 10, legs=(leg("103"),)), view())


def test_a_position_loses_down_to_its_stop_and_the_rest_of_it_all() -> None:
    seen = view(aapl=10, others=(stop(6, at("95")),))
    passes_at(6 * 5 + 4 * 100 + 100, intent(qty=1, con_id=KO.con_id, symbol="KO"), seen)


def test_a_stop_that_is_behind_the_price_already_loses_nothing() -> None:
    seen = view(aapl=10, others=(stop(10, at("101")),))
    passes_at(100, intent(qty=1, con_id=KO.con_id, symbol="KO"), seen)


def test_what_has_no_stop_loses_the_part_that_the_limit_names() -> None:
    passes_at(200, intent(qty=10), view(), heat_without_stop=ratio("0.2"))


@pytest.mark.parametrize(
    ("where", "usd"),
    [
        (StopAt(distance=Decimal(3)), 30),
        (StopAt(percent=Decimal(4)), 40),
        (None, 1_000),
    ],
)
def test_a_stop_that_follows_loses_its_distance_and_one_nobody_knows_is_none(
    where: StopAt | None, usd: int
) -> None:
    seen = view(aapl=10, others=(stop(10, where),))
    passes_at(usd + 100, intent(qty=1, con_id=KO.con_id, symbol="KO"), seen)


@pytest.mark.parametrize(
    ("kind", "aux", "percent", "found"),
    [
        (OrderType.STOP, "95", None, StopAt(trigger=Decimal(95))),
        (OrderType.STOP_LIMIT, "95", None, StopAt(trigger=Decimal(95))),
        (OrderType.TRAIL, "3", None, StopAt(distance=Decimal(3))),
        (OrderType.TRAIL, None, "4", StopAt(percent=Decimal(4))),
        (OrderType.LIMIT, "95", None, None),
        (OrderType.STOP, None, None, None),
        (OrderType.TRAIL, None, None, None),
        (OrderType.LIMIT, None, "4", None),
    ],
)
def test_where_an_order_stops_is_in_its_type_and_its_prices(
    kind: OrderType, aux: str | None, percent: str | None, found: StopAt | None
) -> None:
    known = None if aux is None else Decimal(aux)
    assert StopAt.of(kind, known, None if percent is None else Decimal(percent)) == found


def test_the_stop_of_an_approved_entry_counts_once_before_and_while_it_works() -> None:
    """Ten shares without a stop are held; five more come with theirs at 95."""
    gate = Gate(limits(max_heat=ratio(1)))
    entry = intent(qty=5, legs=(leg("95"),), cause="c1")
    assert isinstance(gate.judge(entry, view(aapl=10), NOW), Approved)
    probe = intent(qty=1, con_id=KO.con_id, symbol="KO")
    leg_works = stop(5, at("95"), group="rt1", strategy="s", cause="c1")
    for others in ((), (leg_works,)):
        seen = view(aapl=10, others=others)
        for usd, found in ((1_125, ""), (1_124, "heat")):
            tight = Gate(limits(max_heat=lost(usd)))
            tight.hold(gate.reserved[0])
            assert code(tight.judge(probe, seen, NOW)) == found


def test_of_two_stops_in_a_group_the_farther_one_counts_and_only_once() -> None:
    pair = [stop(5, at(each), group="oca") for each in ("95", "90")]
    seen = view(aapl=10, others=tuple(pair))
    passes_at(5 * 10 + 5 * 100 + 100, intent(qty=1, con_id=KO.con_id, symbol="KO"), seen)


def test_f63_heat_of_what_has_no_price_or_no_equity_blocks() -> None:
    seen = view(ko=10, mark=float("nan"))
    del seen.quotes[KO.con_id]
    assert judged(intent(), seen, max_heat=ratio(1)) in {"daily_loss", "equity", "heat"}
    found = Gate(limits(max_heat=ratio(1))).explain(intent(), seen, NOW)
    assert not isinstance(found, str)
    assert next(each.why for each in found.checks if each.code == "heat") != ""


def test_an_exit_is_never_held_back_by_heat() -> None:
    leaving = intent("SELL", 10, purpose=Purpose.EXIT)
    assert judged(leaving, view(aapl=10), max_heat=ratio(0)) == ""


STOPS = st.lists(st.tuples(st.integers(1, 9), st.integers(80, 120)), max_size=4)


@given(st.integers(-12, 12), STOPS, st.integers(1, 9), st.sampled_from(["BUY", "SELL"]))
def test_heat_is_what_share_after_share_loses(
    held: int, stops: list[tuple[int, int]], qty: int, side: str
) -> None:
    """The oracle has a list of shares; the worst stops are given to them one by one."""
    against = "SELL" if held > 0 else "BUY"
    others = tuple(stop(n, at(str(price)), against) for n, price in stops) if held else ()
    sign = Side(side).sign
    worse = []
    bounds = ((1, held + max(sign * qty, 0)), (-1, -held - min(sign * qty, 0)))
    for way, shares in ((way, max(bound, 0)) for way, bound in bounds):
        meant = bool(held) and (held > 0) is (way > 0)
        covered = [max((100 - price) * way, 0) for n, price in stops for _ in range(n) if meant]
        taken = sorted(covered, reverse=True)[:shares]
        worse.append(sum(taken) + (shares - len(taken)) * 100)
    seen = view(aapl=held, others=others)
    for less in (Decimal(0), min(Decimal("0.01"), Decimal(max(worse)))):
        gate = Gate(limits(max_heat=lost(max(worse) - less)))
        found = gate.explain(intent(side, qty), seen, NOW)
        assert not isinstance(found, str)
        (heat,) = (each.why for each in found.checks if each.code == "heat")
        assert bool(heat) is (bool(less) and not found.reduces)


def test_a_short_is_taken_from_its_lowest_price() -> None:
    """The bid is at 99: a stop at 103 is four away although the ask, its worth, is at 100."""
    seen = view(quotes={AAPL.con_id: Quote(AAPL.con_id, NOW, 99.0, 100.0, 5, 5)})
    passes_at(40, intent("SELL", 10, legs=(leg("103"),)), seen)
