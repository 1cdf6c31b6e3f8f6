"""Every fault program of the emulated gateway before the whole tree: nothing doubled, nothing lost.

While a program plays, somebody trades: one order that fills at once, one that rests and is then
cancelled. When it is over the trader gets ready again by itself, its books are the venue's to the
cent, and no intent has become more than one order.
"""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import pytest

from actors.say import CancelAll
from robotrader.domain import OrderType
from robotrader.emulator import faults
from robotrader.tws import KNOWN_MESSAGES
from tests.actors.rig import Rig, running

PROGRAMS = faults.catalogue(KNOWN_MESSAGES)
ROWS = sorted(PROGRAMS, key=lambda row: (row[0], int(row[1:])))
PLAYS_S = 1.0
"""How long each part of a program may take its effect: what is longer is cut short by ``clear``."""

RECOVERS_S = 45.0
"""Two lost handshakes of 10 s and their delays, then the comparison and the quiet 10 s."""


def wait(seconds: float) -> None:
    """Let a fault last: what it does is not to be seen from outside."""
    threading.Event().wait(seconds)


def rest(rig: Rig) -> None:
    """Intend to buy a little below the market."""
    con_id = rig.contract("KO").con_id
    bid = rig.exchange.do(lambda: rig.exchange.gateway.market.tickers[con_id].quote.bid)
    limit = (Decimal(str(bid)) * Decimal("0.98")).quantize(Decimal("0.01"))
    rig.intend("BUY", 4, "KO", order_type=OrderType.LIMIT, limit_price=limit)


def cancel_all(rig: Rig) -> None:
    orders = rig.trader.registry.whereis("orders")
    if orders is not None:
        orders.tell(CancelAll())


def play(rig: Rig, row: str) -> None:
    """Play a program to the end, or for as long as it takes to matter."""
    gateway = rig.exchange.gateway
    rig.exchange.do(lambda: gateway.faults.play(PROGRAMS[row]))
    if any(rule.on != "request:placeOrder" for rule in PROGRAMS[row].rule):
        rig.exchange.cut()  # many begin with a connection, or with what is asked for then
        wait(2 * PLAYS_S)
    rig.intend("BUY", 5)
    rest(rig)
    wait(PLAYS_S)
    cancel_all(rig)
    wait(PLAYS_S)
    rig.exchange.do(gateway.faults.clear)


def recovered(rig: Rig) -> None:
    rig.until(lambda: (found := rig.trading()) is not None and found.ready, RECOVERS_S)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("row", ROWS)
def test_whatever_the_gateway_does_the_books_are_the_venues(tmp_path: Path, row: str) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        rig.trade("BUY", 10)
        play(rig, row)
        recovered(rig)
        cancel_all(rig)
        rig.until(lambda: not rig.exchange.do(lambda: rig.exchange.gateway.venue.live), RECOVERS_S)
        rig.until(rig.agrees, RECOVERS_S)
        ours = [ref for ref in rig.exchange.orders() if ref.startswith("rt1-")]
        assert len(ours) == len(set(ours)) <= 3, "one order of each intent at the most"
        assert {trip.scope for trip in rig.switch().trips} == set(), row
