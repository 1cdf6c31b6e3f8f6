"""A gateway that restarts may forget its last orders; a child goes with its parent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robotrader.domain import Order, OrderKey, OrderType, Side
from robotrader.emulator import Gateway
from tests.robotrader.emulator.kit import made

CLIENT = 11


def bracket(gateway: Gateway, first: int) -> None:
    """An entry far from the market, with a stop below it."""
    con_id = next(con_id for con_id, each in gateway.instruments.items() if each.symbol == "AAPL")
    gateway.listen_to(con_id)
    entry = Order(
        con_id=con_id, side=Side.BUY, order_type=OrderType.LIMIT, qty=Decimal(1),
        account=gateway.account, limit_price=Decimal(2), transmit=False,
    )  # fmt: skip
    stop = Order(
        con_id=con_id, side=Side.SELL, order_type=OrderType.STOP, qty=Decimal(1),
        account=gateway.account, aux_price=Decimal(1), parent_id=first,
    )  # fmt: skip
    gateway.next_ids[CLIENT] = first + 2
    for number, order in ((first, entry), (first + 1, stop)):
        key = OrderKey(CLIENT, number)
        gateway.publish(gateway.venue.place(key, order, gateway.timeline.now_ns))


@pytest.mark.parametrize("lost", range(6))
def test_a_restart_forgets_the_last_orders_and_gives_their_numbers_again(lost: int) -> None:
    gateway = made()
    bracket(gateway, 1)
    bracket(gateway, 3)
    assert len(gateway.venue.live) == 4
    gateway.restart(lost)
    kept = {key.order_id for key in gateway.venue.live}
    assert kept == set(range(1, 5 - min(lost, 4)))
    assert gateway.next_ids[CLIENT] == max(kept, default=0) + 1 if lost else 5
