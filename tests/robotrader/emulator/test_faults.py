"""Every row of the failure catalogue, played against an unmodified ib_async.

What the client does is recorded in ``WHAT_IB_ASYNC_DOES`` where it is a fact that robotrader's own
gateway actor has to work round; each program must strike, and the gateway must be well afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from ib_async import IB, LimitOrder, MarketOrder

from robotrader.emulator import FaultError, Program, catalogue, faults, load
from robotrader.tws import KNOWN_MESSAGES
from tests.robotrader.emulator.kit import Lab, Talker, made, play

PROGRAMS = catalogue(KNOWN_MESSAGES)
ROWS = [
    *(f"C{n}" for n in range(1, 21)),
    *(f"P{n}" for n in range(1, 7)),
    *(f"D{n}" for n in range(1, 10)),
    *(f"O{n}" for n in range(1, 25)),
]
SPEED = 25.0
"""Emulated seconds a second: a fault after four seconds comes after a sixth of one."""


def test_every_row_of_the_catalogue_has_a_program() -> None:
    assert sorted(PROGRAMS) == sorted(ROWS)
    for row, program in PROGRAMS.items():
        assert program.row == row
        assert program.title


class Seen:
    """What a client did in a session of everything."""

    def __init__(self) -> None:
        self.connected = False
        self.disconnects = 0
        self.status: dict[str, str] = {}
        self.fills: dict[str, float] = {}
        self.codes: set[int] = set()
        self.bars = -1


async def session(lab: Lab) -> Seen:
    """Connect, stream, read history, trade; nothing in it may hang, whatever goes wrong."""
    seen, ib = Seen(), IB()
    lab.clients.append(ib)
    ib.errorEvent += lambda _req_id, code, *_: seen.codes.add(code)
    ib.disconnectedEvent += lambda: setattr(seen, "disconnects", seen.disconnects + 1)
    with contextlib.suppress(Exception, asyncio.CancelledError):
        await ib.connectAsync("127.0.0.1", lab.server.port, clientId=11, timeout=0.25)
    seen.connected = ib.isConnected()
    if seen.connected:
        with contextlib.suppress(Exception, asyncio.CancelledError):
            async with asyncio.timeout(1.0):
                await use(ib, lab, seen)
    return seen


async def use(ib: IB, lab: Lab, seen: Seen) -> None:
    contract = await lab.stock(ib)
    ib.reqMktData(contract)
    ib.reqMktDepth(contract)
    with contextlib.suppress(TimeoutError):
        bars = await asyncio.wait_for(
            ib.reqHistoricalDataAsync(contract, "", "1 D", "1 hour", "TRADES", True), 0.1
        )
        seen.bars = len(bars)
    orders = {
        "resting": LimitOrder("BUY", 100, 10.0),
        "market": MarketOrder("BUY", 100),
        "cancelled": LimitOrder("BUY", 100, 11.0),
    }
    trades = {name: ib.placeOrder(contract, order) for name, order in orders.items()}
    await asyncio.sleep(0.05)
    if ib.isConnected():
        ib.cancelOrder(orders["cancelled"])
        what_if = ib.whatIfOrderAsync(contract, LimitOrder("BUY", 1, 10.0))
        with contextlib.suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(what_if, 0.1)
        await asyncio.wait_for(ib.reqCurrentTimeAsync(), 0.1)
    await asyncio.sleep(0.25)
    seen.status = {name: trade.orderStatus.status for name, trade in trades.items()}
    seen.fills = {name: float(trade.filled()) for name, trade in trades.items()}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[Seen, Any]]:
    return {}


@pytest.mark.parametrize("row", ROWS)
def test_a_program_strikes_and_the_gateway_is_well_afterwards(
    row: str, outcomes: dict[str, tuple[Seen, Any]]
) -> None:
    async def scene(lab: Lab) -> tuple[Seen, Any]:
        lab.gateway.faults.play(PROGRAMS[row])
        seen = await session(lab)
        struck = dict(lab.gateway.faults.struck)
        lab.gateway.faults.clear()
        for ib in lab.clients:
            ib.disconnect()
        async with asyncio.timeout(5):
            while lab.gateway.links or lab.server._server is None:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)  # connections end, the port is opened again
        after = await lab.client(77)
        assert (await after.reqCurrentTimeAsync()).year == 2026
        return seen, struck

    seen, struck = play(scene, speed=SPEED)
    outcomes[row] = seen, struck
    assert struck, f"{row} never struck: {vars(seen)}"


WHAT_IB_ASYNC_DOES: dict[str, Callable[[Seen], bool]] = {
    "C1": lambda seen: seen.disconnects >= 1 or not seen.connected,
    "C2": lambda seen: not seen.connected,
    "C3": lambda seen: seen.connected,  # without its account download it says "connected"
    "C4": lambda seen: seen.connected and seen.status == {},  # it never notices
    "C6": lambda seen: seen.disconnects == 1,
    "C8": lambda seen: not seen.connected,
    "C9": lambda seen: not seen.connected and 326 in seen.codes,
    "C16": lambda seen: not seen.connected,
    "P6": lambda seen: 201 in seen.codes,
    "D5": lambda seen: 354 in seen.codes,
    "O5": lambda seen: seen.status["market"] == "Filled",
    "O8": lambda seen: (seen.status["market"], seen.fills["market"]) == ("Filled", 0.0),
    "O11": lambda seen: seen.status["resting"] == "Cancelled",  # although it is live
    "O14": lambda seen: seen.status["resting"] == "Cancelled",
    "O19": lambda seen: 201 in seen.codes,
}
"""Facts about unmodified ib_async 2.1.0, measured here."""


@pytest.mark.parametrize("row", sorted(WHAT_IB_ASYNC_DOES))
def test_what_ib_async_does_is_what_was_measured(
    row: str, outcomes: dict[str, tuple[Seen, Any]]
) -> None:
    if row not in outcomes:
        pytest.skip("needs the program's own test in the same run")
    assert WHAT_IB_ASYNC_DOES[row](outcomes[row][0]), vars(outcomes[row][0])


BAD = {
    "no toml": ("row = ", "Invalid"),
    "unknown field": ('row="X"\ntitle="t"\n[[rule]]\ndo="drop"\non="reply:error"\nwen=1', "wen"),
    "unknown action": ('row="X"\ntitle="t"\n[[rule]]\ndo="explode"', "explode"),
    "unknown message": (
        'row="X"\ntitle="t"\n[[rule]]\ndo="drop"\non="reply:nothing"',
        "reply:nothing",
    ),
    "no message": ('row="X"\ntitle="t"\n[[rule]]\ndo="drop"', "needs a message"),
    "bad until": (
        'row="X"\ntitle="t"\n[[rule]]\ndo="hold"\non="reply:error"\nuntil="x"',
        "no reply",
    ),
}


@pytest.mark.parametrize("what", sorted(BAD))
def test_a_program_that_cannot_be_run_is_refused_with_what_is_wrong(what: str) -> None:
    text, named = BAD[what]
    with pytest.raises(FaultError, match=named):
        faults.read(text, "a.toml", KNOWN_MESSAGES)


def test_a_file_that_is_not_there_is_an_error_with_its_name(tmp_path: Any) -> None:
    with pytest.raises(FaultError, match=r"none\.toml"):
        load(tmp_path / "none.toml", KNOWN_MESSAGES)


def rules(toml: str) -> Program:
    return faults.read('row = "T"\ntitle = "test"\n' + toml, "test", KNOWN_MESSAGES)


def test_a_rule_waits_for_its_occasion_and_stops_after_its_times() -> None:
    gateway = made()
    gateway.faults.play(rules('[[rule]]\ndo="drop"\non="reply:currentTime"\nskip=1\ntimes=2'))
    talker = Talker(gateway)
    answers = [bool(talker.ask("reqCurrentTime")) for _ in range(5)]
    assert answers == [True, False, False, True, True]
    assert gateway.faults.struck == {"drop": 2}


def test_a_held_reply_comes_right_after_the_one_it_waits_for() -> None:
    gateway = made()
    gateway.faults.play(
        rules('[[rule]]\ndo="hold"\non="reply:managedAccounts"\nuntil="nextValidId"')
    )
    names = [reply.name for reply in Talker(gateway).replies]
    assert names[:2] == ["nextValidId", "managedAccounts"]


def test_a_strike_that_was_to_come_does_not_once_all_faults_are_cleared() -> None:
    """Wire seed 1006806 of the deep runs: lines went quiet in the calm, for as long as it was."""
    again = '[[rule]]\ndo="quiet"\non="request:reqCurrentTime"\nafter_s=1.0'
    for cleared, quiet in ((True, False), (False, True)):
        gateway = made()
        gateway.faults.play(rules(again))
        Talker(gateway).ask("reqCurrentTime")
        assert gateway.faults.struck == {"quiet": 1}
        if cleared:
            gateway.faults.clear()
        gateway.advance(gateway.timeline.now_ns + 2 * 10**9)
        assert bool(gateway.market.quiet) is quiet
