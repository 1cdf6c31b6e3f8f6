"""Every fault program of the emulated gateway before the whole tree: nothing doubled, nothing lost.

While a program plays, somebody trades: one order that fills at once, one that rests and is then
cancelled. When it is over the trader gets ready again by itself, its books are the venue's to the
cent, and no intent has become more than one order.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from actors.say import CancelAll, Reconcile
from robotrader.domain import OrderType
from robotrader.emulator import faults
from robotrader.tws import KNOWN_MESSAGES
from tests.actors.rig import Rig, running

PROGRAMS = faults.catalogue(KNOWN_MESSAGES)
AT_ONCE = 5
"""Traders side by side: they wait most of the time."""

PLAYS_S = 1.0
"""How long each part of a program may take its effect: what is longer is cut short by ``clear``."""

RECOVERS_S = 40.0
"""Two lost handshakes of 10 s and their delays, then the comparison and the quiet 10 s."""

HALTS = {
    "O16": "somebody bought by hand: the account has what nobody here has decided",
}
"""Programs after which a person has to look: entries in the symbol stop, the rest goes on."""


def wait(seconds: float) -> None:
    """Let a fault last: what it does is not to be seen from outside."""
    threading.Event().wait(seconds)


def rest(rig: Rig) -> None:
    """Intend to buy a little below the market."""
    con_id = rig.contract("KO").con_id
    bid = rig.exchange.do(lambda: rig.exchange.gateway.market.tickers[con_id].quote.bid)
    limit = (Decimal(str(bid)) * Decimal("0.98")).quantize(Decimal("0.01"))
    rig.intend("BUY", 4, "KO", order_type=OrderType.LIMIT, limit_price=limit)


def tell_orders(rig: Rig, message: object) -> None:
    orders = rig.trader.registry.whereis("orders")
    if orders is not None:
        orders.tell(message)


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
    tell_orders(rig, CancelAll())
    wait(PLAYS_S)
    rig.exchange.do(gateway.faults.clear)


def ours_alive(rig: Rig) -> list[str]:
    """Return the references of our orders that the venue still has."""
    live = rig.exchange.gateway.venue.live
    refs = rig.exchange.do(lambda: [each.order.order_ref for each in live.values()])
    return [ref for ref in refs if ref.startswith("rt1-")]


def recovers(rig: Rig, row: str) -> None:
    """Check what has to hold after every program."""
    rig.until(lambda: (found := rig.trading()) is not None and found.ready, RECOVERS_S)
    tell_orders(rig, CancelAll())
    rig.until(lambda: not ours_alive(rig), RECOVERS_S)
    ours = [ref for ref in rig.exchange.orders() if ref.startswith("rt1-")]
    assert len(ours) == len(set(ours)) <= 3, f"one order of each intent at the most: {ours}"
    if row in HALTS:
        tell_orders(rig, Reconcile())
        con_id = rig.contract("AAPL").con_id
        rig.until(lambda: (found := rig.trading()) is not None and con_id in found.halted)
        rig.until(lambda: {trip.scope for trip in rig.switch().trips} == {"symbol:AAPL"})
    else:
        rig.until(rig.agrees, RECOVERS_S)
        rig.until(lambda: not rig.switch().trips, RECOVERS_S)
    trades_again(rig)


def trades_again(rig: Rig, symbol: str = "KO", qty: int = 2) -> None:
    """Intend until it passes: prices may have to come first, which they do within the minute."""
    before = rig.held(symbol)
    while rig.held(symbol) == before:
        judged = rig.until(rig.gate)
        rig.intend("BUY", qty, symbol)
        rig.until(lambda: rig.gate() not in (None, judged))  # noqa: B023 - asked before it changes
        if rig.until(rig.gate).approvals > judged.approvals:
            rig.until(lambda: rig.held(symbol) == before + qty)
        else:
            wait(0.5)


def judge(folder: Path, row: str) -> str:
    """Play one program before a trader of its own; return what is wrong, empty if nothing."""
    folder.mkdir()
    try:
        with running(folder) as rig:
            rig.ready()
            trades_again(rig, "AAPL", 10)  # on a busy machine the first price is too old by now
            play(rig, row)
            recovers(rig, row)
    except Exception as error:  # noqa: BLE001 - told with those of the other programs
        return f"{row} ({PROGRAMS[row].title}): {type(error).__name__}: {str(error)[:2_000]}"
    return ""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("family", ["C", "P", "D", "O"])
def test_whatever_the_gateway_does_the_books_are_the_venues(tmp_path: Path, family: str) -> None:
    """F27, F28, F29, F35 and the failure catalogue: connection, pacing, data, orders."""
    rows = sorted(row for row in PROGRAMS if row.startswith(family))
    assert rows
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = list(pool.map(lambda row: judge(tmp_path / row, row), rows))
    assert [each for each in wrong if each] == []
