"""The worst case of one contract against every way in which what is on its way could fill.

The oracle of quantities tries all of them; the one of losses gives shares to stops one by one.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Instrument, Leg, OrderType, Purpose, Quote, Side
from robotrader.ledger.money import EXACT
from robotrader.risk import Reservation, RiskView, StopAt, WorkingOrder
from robotrader.risk.case import Case
from robotrader.risk.exposure import (
    Exposure,
    OnWay,
    Pending,
    coming,
    exposure_of,
    higher,
    orders_of,
    pending,
    trigger_price,
    unit_of,
    worst_price,
)
from robotrader.risk.heat import heat_of, stop_of
from robotrader.risk.past import Past
from robotrader.risk.worst import Worst
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import NOW, account, intent, limit_order, limits, view

D = Decimal
TWO, TEN = (Instrument(con_id=AAPL.con_id, symbol="AAPL", multiplier=n) for n in (2, 10))
STOPS = st.sampled_from(
    (None, StopAt(trigger=D(95)), StopAt(trigger=D(104)), StopAt(distance=D(3)), StopAt())
) | st.builds(StopAt, percent=st.integers(1, 9).map(D))
ORDERS = st.lists(
    st.builds(
        Pending,
        con_id=st.just(AAPL.con_id),
        sign=st.sampled_from((1, -1)),
        qty=st.integers(1, 5).map(D),
        price=st.sampled_from((None, D(99), D(101))),
        group=st.sampled_from(("", "", "oca", "other")),
        yields=st.booleans(),
        protects=st.booleans(),
        stop=STOPS,
    ),
    max_size=4,
).map(tuple)
HELD = st.integers(-6, 6)
BARES = st.sampled_from((D(1), D("0.5"), D(0)))


def filled(own: tuple[Pending, ...], sign: int) -> Decimal:
    """The most that can fill of a side: each order or not, and of a group one at most."""
    mine = [each for each in own if each.sign == sign]
    most = D(0)
    for chosen in product((False, True), repeat=len(mine)):
        fills = [each for each, is_so in zip(mine, chosen, strict=True) if is_so]
        groups = [each.group for each in fills if each.group]
        if len(groups) == len({*groups}):
            most = max(most, sum((each.qty for each in fills), D(0)))
    return most


@given(HELD, ORDERS)
def test_a_position_lies_between_all_buys_and_no_sale_and_all_sales_and_no_buy(
    held: int, own: tuple[Pending, ...]
) -> None:
    found = exposure_of(view(aapl=held), AAPL.con_id, own)
    assert found.high == held + filled(own, 1)
    assert found.low == held - filled(own, -1)
    assert found.qty == max(abs(found.high), abs(found.low))
    assert found.unit == max((D(100), *(each.price for each in own if each.price is not None)))
    assert found.value == found.qty * found.unit
    assert coming(own, KO.con_id, 1) == 0, "of another contract nothing"


def test_what_has_no_price_has_no_worth() -> None:
    assert Exposure(D(1), D(1), None).value is None
    assert unit_of(None, D(1)) is unit_of(AAPL, None) is None
    assert unit_of(AAPL, D(7)) == 7
    assert unit_of(TEN, D(7)) == 70
    assert unit_of(TWO, D(7)) == 14
    for instrument in (AAPL, TWO, TEN):
        seen = view(aapl=1, instruments={AAPL.con_id: instrument})
        assert exposure_of(seen, AAPL.con_id, ()).unit == 100 * instrument.multiplier
    assert higher(None, None) is None
    assert higher(D(1), None) == higher(None, D(1)) == higher(D(1), D(0)) == 1


@pytest.mark.parametrize(
    ("bid", "ask", "unit"),
    [
        (99.0, 101.0, "101"),
        (101.0, 99.0, "101"),
        (math.nan, 101.0, "101"),
        (99.0, math.nan, "99"),
        (99.0, math.inf, "99"),
        (0.0, 101.0, "101"),
        (-1.0, 0.0, None),
        (math.nan, math.nan, None),
    ],
)
def test_the_market_is_the_higher_of_the_prices_that_are_some(
    bid: float, ask: float, unit: str | None
) -> None:
    seen = view(quotes={AAPL.con_id: Quote(AAPL.con_id, NOW, bid, ask, 1, 1)})
    found = exposure_of(seen, AAPL.con_id, ())
    assert found.unit == (None if unit is None else D(unit))
    with_price = exposure_of(seen, AAPL.con_id, (Pending(AAPL.con_id, 1, D(1), D(500)),))
    assert with_price.unit == 500


@pytest.mark.parametrize(("mark", "quote", "unit"), [(90.0, 95.0, 95), (95.0, 90.0, 95)])
def test_a_position_is_worth_the_higher_of_its_mark_and_the_market(
    mark: float, quote: float, unit: int
) -> None:
    quotes = {AAPL.con_id: Quote(AAPL.con_id, NOW, quote, quote, 1, 1)}
    assert exposure_of(view(aapl=1, mark=mark, quotes=quotes), AAPL.con_id, ()).unit == unit
    assert exposure_of(view(aapl=1, mark=mark, quotes={}), AAPL.con_id, ()).unit == D(mark)


@given(HELD, ORDERS, st.sampled_from((1, -1)), st.integers(1, 9), st.integers(90, 110))
def test_one_order_more_is_the_worst_case_of_all_orders(
    held: int, own: tuple[Pending, ...], sign: int, qty: int, price: int
) -> None:
    seen = view(aapl=held, instruments={AAPL.con_id: TEN})
    order = Pending(AAPL.con_id, sign, D(qty), D(price))
    plain = exposure_of(seen, AAPL.con_id, (*own, order))
    with localcontext(EXACT):
        assert mine(seen, own, order) == plain


def mine(seen: RiskView, own: tuple[Pending, ...], order: Pending) -> Exposure:
    """The worst case of its contract of a case whose order is this one."""
    before = Worst()
    before.look(seen, ())
    before.orders.ways[AAPL.con_id] = OnWay.of(AAPL.con_id, own)
    wanted = limit_order("BUY" if order.sign > 0 else "SELL", int(order.qty), f"{order.price}")
    case = Case(wanted, seen, limits(), past=Past(), now_ns=NOW, before=before)
    case.price = order.price
    case.weigh()
    return case.mine


# -- the highest price that an order could have --


@pytest.mark.parametrize("price", [105, 95])
def test_a_limit_that_is_its_trigger_is_the_highest_price_of_what_is_bought(price: int) -> None:
    same = D(price)
    wanted = intent(order_type=OrderType.STOP_LIMIT, limit_price=same, aux_price=same)
    before = Worst()
    before.look(view(), ())
    case = Case(wanted, view(), limits(), past=Past(), now_ns=NOW, before=before)
    assert case.price == price


def test_a_purchase_with_a_limit_costs_no_more_and_a_sale_at_least_the_market() -> None:
    assert worst_price(limit_order("BUY", 1, "90"), D(100)) == 90
    assert worst_price(limit_order("BUY", 1, "90"), None) == 90
    assert worst_price(limit_order("SELL", 1, "90"), D(100)) == 100
    assert worst_price(limit_order("SELL", 1, "110"), D(100)) == 110
    assert worst_price(limit_order("SELL", 1, "90"), None) is None


def test_an_order_without_prices_costs_the_market_and_a_trigger_may_lie_above_it() -> None:
    assert worst_price(intent(), D(100)) == 100
    assert worst_price(intent(), None) is None
    for kind, trigger, worst in (
        (OrderType.STOP, "105", 105), (OrderType.STOP, "95", 100), (OrderType.TRAIL, "500", 100)
    ):  # fmt: skip
        wanted = intent(order_type=kind, aux_price=D(trigger))
        assert worst_price(wanted, D(100)) == worst
        assert trigger_price(wanted) == (None if kind is OrderType.TRAIL else D(trigger))


# -- orders that are counted --


def reservation(**fields: Any) -> Reservation:
    known: dict[str, Any] = {
        "number": 1, "con_id": AAPL.con_id, "sign": 1, "qty": D(2), "price": D(101),
        "reduces": False, "strategy": "s", "cause": "c",
    }  # fmt: skip
    return Reservation(**{**known, **fields})


def leg(**fields: Any) -> WorkingOrder:
    known: dict[str, Any] = {
        "ref": "l", "con_id": AAPL.con_id, "side": Side.SELL, "qty": D(2), "strategy": "s",
        "cause": "c", "group": "g", "yields": True, "protects": True, "stop": StopAt(trigger=D(9)),
    }  # fmt: skip
    return WorkingOrder(**{**known, **fields})


STOP = StopAt(trigger=D(95))


def test_what_is_on_its_way_is_taken_over_field_by_field() -> None:
    held = reservation(sign=-1, yields=True, stop=STOP)
    mine = Pending(AAPL.con_id, -1, D(2), D(101), "", yields=True, protects=True, stop=STOP)
    assert pending((held,), ()) == (mine,)
    theirs = leg(price=D(8))
    shown = Pending(
        AAPL.con_id, -1, D(2), D(8), "g", yields=True, protects=True, stop=StopAt(trigger=D(9))
    )
    assert pending((held,), (theirs,)) == (mine, shown), "a stop of ours stays one"


@pytest.mark.parametrize(
    ("fields", "counts"),
    [({}, False), ({"con_id": KO.con_id}, True), ({"strategy": "t"}, True), ({"cause": "d"}, True),
     ({"stop": None}, True)],
)  # fmt: skip
def test_an_entrys_own_stop_counts_until_the_leg_that_it_is_works(
    fields: dict[str, Any], *, counts: bool
) -> None:
    first, _ = pending((reservation(stop=STOP),), (leg(**fields),))
    assert first.stop == (STOP if counts else None)


@pytest.mark.parametrize(
    ("legs", "shown", "count"), [(0, 0, 1), (0, 2, 3), (2, 0, 3), (2, 1, 3), (2, 3, 4)]
)
def test_a_bracket_is_as_many_orders_as_it_has_each_once(legs: int, shown: int, count: int) -> None:
    assert orders_of((reservation(legs=legs),), (leg(),) * shown) == count
    two = (reservation(legs=legs), reservation(legs=legs, cause="d"))
    assert orders_of(two, (leg(),) * shown) == count + 1 + legs


# -- what its stops would lose --


def lost(own: tuple[Pending, ...], way: int, shares: int, price: Decimal, bare: Decimal) -> Decimal:
    """What so many shares lose, of which each takes the worst stop that is left."""
    alone, groups = [], dict[str, list[tuple[Decimal, Decimal]]]()
    for each in own:
        if each.stop is not None and each.sign == (-way if each.protects else way):
            loss = each.stop.loss(price, way)
            if each.group:
                groups.setdefault(each.group, []).append((loss, each.qty))
            else:
                alone.append((loss, each.qty))
    alone += [(max(a for a, _ in each), min(b for _, b in each)) for each in groups.values()]
    stopped = sorted((loss for loss, qty in alone for _ in range(int(qty))), reverse=True)[:shares]
    return sum(stopped, D(0)) + (shares - len(stopped)) * bare


@given(HELD, ORDERS, BARES, st.sampled_from((98.0, 100.0)), st.sampled_from((AAPL, TWO, TEN)))
def test_heat_is_what_is_lost_in_the_worse_direction_share_by_share(
    held: int, own: tuple[Pending, ...], bare: Decimal, bid: float, instrument: Instrument
) -> None:
    quotes = {AAPL.con_id: Quote(AAPL.con_id, NOW, bid, 100.0, 1, 1)}
    seen = view(aapl=held, quotes=quotes, instruments={AAPL.con_id: instrument})
    each = exposure_of(seen, AAPL.con_id, own)
    assert each.unit is not None
    top = each.unit / instrument.multiplier
    entries = [one for one in own if not one.yields]
    long = held + sum(one.qty for one in entries if one.sign > 0)
    short = -held + sum(one.qty for one in entries if one.sign < 0)
    sold = [one.price for one in entries if one.sign < 0 and one.price is not None]
    bottom = min(top, D(bid), *sold, *([D(100)] if held else []))
    worse = max(
        lost(own, 1, max(int(long), 0), top, top * bare),
        lost(own, -1, max(int(short), 0), bottom, top * bare),
    )
    assert heat_of(seen, AAPL.con_id, own, each, bare) == worse * instrument.multiplier


def test_without_a_price_heat_is_not_known_unless_nothing_can_be_open() -> None:
    blind = view(quotes={}, ledger=None)
    order = Pending(AAPL.con_id, 1, D(1), None)
    unknown = Exposure(D(1), D(0), None)
    assert heat_of(blind, AAPL.con_id, (order,), unknown, D(1)) is None
    assert heat_of(blind, AAPL.con_id, (replace(order, stop=STOP),), unknown, D(1)) is None
    assert heat_of(blind, AAPL.con_id, (), unknown, D(1)) is None
    gives_way = replace(order, yields=True)
    assert heat_of(blind, AAPL.con_id, (gives_way,), unknown, D(1)) == 0
    known = Exposure(D(1), D(0), D(100))
    nameless: RiskView = replace(blind, instruments={})
    assert heat_of(nameless, AAPL.con_id, (replace(order, stop=STOP),), known, D(1)) is None
    assert heat_of(nameless, AAPL.con_id, (order,), known, D("0.5")) == 50


def test_a_position_without_orders_loses_the_part_of_its_worth_that_the_limit_names() -> None:
    for held in (4, -4):
        seen = view(aapl=held)
        each = exposure_of(seen, AAPL.con_id, ())
        assert heat_of(seen, AAPL.con_id, (), each, D("0.25")) == 100
    assert account(aapl=4).equity is not None


def test_a_wish_for_a_stop_stops_where_it_says_and_one_without_says_nowhere() -> None:
    stop = intent("SELL", order_type=OrderType.STOP, aux_price=D(95), purpose=Purpose.STOP)
    assert stop_of(stop) == StopAt(trigger=D(95))
    assert stop_of(replace(stop, purpose=Purpose.ENTRY)) is None, "an entry at a trigger is none"
    legs = (
        Leg(order_type=OrderType.LIMIT, limit_price=D(120)),
        Leg(order_type=OrderType.TRAIL, trail_percent=D(4)),
        Leg(order_type=OrderType.STOP, aux_price=D(90)),
    )
    assert stop_of(intent(legs=legs)) == StopAt(percent=D(4)), "the first that stops"
    assert stop_of(intent()) is None
