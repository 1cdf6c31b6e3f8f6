"""Orders are written as ib_async writes them: it is the oracle, for every field and version."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_async import Contract
from ib_async.client import Client

from robotrader.adapters.ib import order_text, translate
from robotrader.adapters.ib.order_text import OrderTexts
from robotrader.domain import Order, OrderType, Side, TimeInForce

PRICES = st.none() | st.decimals("0.01", "99999", places=4)
TIMES = st.none() | st.integers(1, 2**62)
NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=12)
ORDERS = st.builds(
    Order,
    con_id=st.integers(1, 2**31 - 1),
    side=st.sampled_from(Side),
    order_type=st.sampled_from(OrderType),
    qty=st.decimals("0.0001", "1000000", places=4),
    account=NAMES,
    limit_price=PRICES,
    aux_price=PRICES,
    trail_percent=PRICES,
    trail_stop_price=PRICES,
    limit_offset=PRICES,
    tif=st.sampled_from(TimeInForce),
    outside_rth=st.booleans(),
    good_after_ns=TIMES,
    good_till_ns=TIMES,
    oca_group=NAMES,
    oca_type=st.integers(0, 3),
    parent_id=st.integers(0, 2**30),
    transmit=st.booleans(),
    all_or_none=st.booleans(),
    min_qty=st.none() | st.decimals(1, 1000, places=0),
    order_ref=NAMES,
)
CONTRACTS = st.builds(
    Contract,
    conId=st.integers(1, 2**31 - 1),
    symbol=NAMES,
    secType=st.sampled_from(["", "STK", "CASH", "FUT"]),
    exchange=st.sampled_from(["SMART", "NASDAQ", "IBKRATS"]),
    primaryExchange=NAMES,
    currency=st.sampled_from(["", "USD"]),
)


class _Oracle(Client):
    """ib_async's own client, which keeps what it sends."""

    def __init__(self, version: int) -> None:
        super().__init__(None)
        self._serverVersion, self.connState = version, Client.CONNECTED
        self.sent: list[str] = []

    def sendMsg(self, msg: str) -> None:  # noqa: N802 - ib_async's name
        self.sent.append(msg)


def _theirs(version: int, number: int, contract: Contract, order: Order) -> str:
    oracle = _Oracle(version)
    oracle.placeOrder(number, contract, translate.order_of(order))
    return oracle.sent[0]


@pytest.mark.parametrize("version", [157, 166, 170, 176, 178])
@given(orders=st.lists(st.tuples(st.integers(1, 10**9), CONTRACTS, ORDERS), max_size=4))
def test_every_order_is_the_same_bytes(
    version: int, orders: list[tuple[int, Contract, Order]]
) -> None:
    texts = OrderTexts(version)
    for number, contract, order in orders:
        assert texts.of(number, contract, order) == _theirs(version, number, contract, order)


@pytest.mark.parametrize("kind", list(OrderType))
def test_every_type_of_order_that_we_know_is_filled_in(kind: OrderType) -> None:
    texts = OrderTexts(178)
    order = Order(con_id=1, side=Side.BUY, order_type=kind, qty=Decimal(1), account="DU1")
    texts.of(1, Contract(conId=1, exchange="SMART"), order)
    assert all(form is not None for form in texts._forms.values())


def test_a_new_field_of_an_order_cannot_be_forgotten() -> None:
    always = {"con_id", "order_type"}  # the message's own arguments: the contract and the kind
    assert set(order_text._FIELDS) | always == set(Order.__struct_fields__)
