"""Rows C1 to C20: what goes wrong with the connection, played against our port (F01-F18)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from robotrader.domain import LinkChanged, LinkState, Quote
from robotrader.gateway.codes import NOT_SENT
from tests.robotrader.adapters.ib.kit import (
    LINK,
    SETTINGS,
    UNHURRIED,
    Requests,
    Trader,
    trade,
)
from tests.robotrader.emulator.kit import Lab, until

S = LinkState


def test_it_is_ready_only_when_everything_is_known() -> None:
    """F03: READY comes after both halves of the greeting and all five ends."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        assert trader.states == [S.CONNECTING, S.SYNCING, S.READY]
        (snapshot,) = trader.snapshots()
        assert snapshot.missing == ()
        assert snapshot.values["NetLiquidation"] == 1_000_000
        assert (trader.of(LinkChanged)[-1].server_version, lab.gateway.accepted) == (178, 1)

    trade(scene, settings=UNHURRIED)


@pytest.mark.parametrize("cap", [157, 176, 178, 200])
def test_it_speaks_with_every_version(cap: int) -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        assert (await trader.stock()).con_id == 265598
        assert (await trader.bars(await trader.stock())).bars

    trade(scene, cap=cap, settings=UNHURRIED)


@pytest.mark.parametrize("late", ["managedAccounts", "nextValidId"])
def test_half_a_greeting_is_none(late: str) -> None:
    """F03: without one of its halves there is no READY; the deadline ends the attempt."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        assert trader.port.counts["attempts"] == 2
        assert trader.states == [S.CONNECTING, S.DOWN, S.CONNECTING, S.SYNCING, S.READY]

    trade(scene, rules=f'[[rule]]\non = "reply:{late}"\ndo = "drop"')


def test_c1_a_closed_port_is_tried_until_it_opens() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await until(lambda: trader.port.generation == 2)
        assert trader.port.link.state in {S.DOWN, S.CONNECTING}
        await trader.reconnected()
        assert len(lab.gateway.links) == 1
        assert lab.gateway.accepted == 2
        assert 2 <= trader.port.counts["attempts"] <= 20

    trade(scene, row="C1", speed=200)


def test_c2_f02_f14_walls_lead_to_a_human_and_leave_no_socket() -> None:
    """F14: NEEDS_HUMAN after three walls, one alert; F02: each attempt's socket is closed."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await until(lambda: trader.port.link.state is S.NEEDS_HUMAN)
        assert trader.port.counts["attempts"] == 3
        await until(lambda: trader.port.counts["attempts"] == 4)
        await until(lambda: trader.port.counts["attempts"] == 5)
        assert len(trader.alerts) == 1
        assert "second factor" in trader.alerts[0].text
        assert len(lab.server.connections) <= 1
        assert lab.gateway.accepted <= 5

    trade(scene, row="C2")


def test_c16_after_a_second_factor_it_goes_on() -> None:
    """C16: it waits slowly, and at once when the human says so."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await until(lambda: trader.port.link.state is S.NEEDS_HUMAN)
        lab.gateway.faults.clear()
        trader.port.hurry()
        await trader.ready()
        assert len(trader.alerts) == 1

    slow = replace(SETTINGS, link=replace(LINK, handshake_s=0.1, human_retry_s=60.0))
    trade(scene, row="C16", settings=slow)


ENDS = (
    "openOrderEnd",
    "completedOrdersEnd",
    "execDetailsEnd",
    "positionEnd",
    "accountUpdateMultiEnd",
)


@pytest.mark.parametrize("end", ENDS)
def test_c3_c18_an_end_that_never_comes_is_asked_for_once_more(end: str) -> None:
    """C18: one missing end is no reason to reconnect; C3: no order meanwhile."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await until(lambda: trader.port.link.state is S.SYNCING)
        trader.place(1)
        await trader.ready()
        assert trader.failed(1) == [NOT_SENT]
        assert lab.gateway.accepted == 1
        assert not lab.gateway.venue.live

    trade(scene, rules=f'[[rule]]\non = "reply:{end}"\ndo = "drop"')


def test_c3_without_its_ends_it_never_says_ready() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await until(lambda: trader.port.generation >= 2)
        assert S.READY not in trader.states
        assert "executions" in trader.alerts[0].text
        assert trader.snapshots() == []

    quick = replace(SETTINGS, link=replace(LINK, sync_s=0.05))
    trade(scene, row="C3", settings=quick)


def test_c4_a_half_open_connection_is_noticed_and_nothing_is_sent_again() -> None:
    """C4: two probes without an answer; the order's fate is asked for, not guessed."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        requests = Requests(lab)
        trader.place(1)
        await until(lambda: trader.port.generation == 2)
        assert S.DOWN in trader.states
        lab.gateway.faults.clear()  # until then the dead connection holds the client id, as in C9
        await trader.reconnected()
        assert requests.counts["placeOrder"] == 1
        (order,) = trader.snapshots()[-1].open_orders
        assert (order.ref, order.order_id) == ("rt-1", 1)

    trade(scene, row="C4")


def test_c5_a_gateway_that_stops_reading_is_noticed_while_its_prices_flow() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        await trader.line()
        for number in range(1, 11):
            trader.place(number)
        await until(lambda: trader.port.generation == 2)
        lab.gateway.faults.clear()
        await trader.reconnected()
        refs = [order.ref for order in trader.snapshots()[-1].open_orders]
        assert len(refs) == len(set(refs))
        assert set(refs) <= {f"rt-{number}" for number in range(1, 11)}
        assert trader.port.counts["late acknowledgements"] >= 1

    trade(scene, row="C5", ticks_a_minute=600)


@pytest.mark.parametrize("orders", [1, 4])
def test_c6_a_reset_in_the_middle_of_orders_is_reconciled(orders: int) -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        for number in range(1, orders + 1):
            trader.place(number)
        old = trader.port.generation
        await trader.reconnected()
        venue = {each.order.order_ref for each in lab.gateway.venue.live.values()}
        assert {each.ref for each in trader.snapshots()[-1].open_orders} == venue
        stale = trader.order(9)
        trader.port.place(replace(stale, generation=old))
        assert trader.failed(9) == [NOT_SENT]

    trade(scene, row="C6")


def test_c7_a_corrupted_length_ends_the_connection() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        await trader.line()
        await trader.reconnected()
        said = len(trader.of(Quote))
        await until(lambda: len(trader.of(Quote)) > said)
        assert "frame of" in " ".join(each.why for each in trader.of(LinkChanged))

    trade(scene, row="C7", ticks_a_minute=600)


@pytest.mark.parametrize("shift", [-1, 1, 2])
def test_c7_a_length_that_is_a_little_off_is_noticed_too(shift: int) -> None:
    rules = f'[[rule]]\non = "reply:tickPrice"\ndo = "corrupt"\nskip = 10\nshift = {shift}'

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        await trader.line()
        await trader.reconnected()
        assert trader.of(Quote)

    trade(scene, rules=rules, ticks_a_minute=600)


GARBAGE = {
    "an unknown message": "39393900",
    "no number": "78797a00",
    "too short": "3100",
    "empty": "",
}


@pytest.mark.parametrize("what", sorted(GARBAGE))
def test_c7_framed_garbage_is_counted_and_left_alone(what: str) -> None:
    rules = f'[[rule]]\non = "request:reqMktData"\ndo = "raw"\nhex = "{GARBAGE[what]}"'

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        await trader.line()
        assert trader.port.counts["garbled"] == 1
        assert trader.port.generation == 1

    trade(scene, rules=rules, settings=UNHURRIED)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_c7_it_does_not_matter_how_the_bytes_are_cut(size: int) -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        assert (await trader.bars(await trader.stock())).bars

    trade(
        scene, rules=f'[[rule]]\non = "accept"\ndo = "segment"\nsize = {size}', settings=UNHURRIED
    )


def test_c8_garbage_during_the_start_ends_the_attempt_at_once() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        assert trader.port.counts["attempts"] == 2
        assert "garbled" in [each.why for each in trader.of(LinkChanged)][1]

    slow = replace(SETTINGS, link=replace(LINK, handshake_s=60.0))
    trade(scene, row="C8", settings=slow)


def test_c9_a_used_client_id_is_waited_for_and_no_other_is_taken() -> None:
    """C9: refused at once, one alert, the same id again and again until it is free."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        assert set(lab.gateway.clients) == {11}
        assert set(lab.gateway.next_ids) == {11}
        assert len(trader.alerts) == 1
        assert "326" in trader.alerts[0].text

    slow = replace(SETTINGS, link=replace(LINK, handshake_s=60.0))
    trade(scene, row="C9", speed=60, settings=slow)
