"""The clock of a simulated day follows the emulated gateway's and never runs back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.adapters.venue_clock import TRUSTED_NS, VenueClock
from robotrader.domain.errors import ConfigurationError
from robotrader.emulator import Gateway, Server
from robotrader.emulator.control import Control
from tests.robotrader.emulator.kit import SERIES

SECOND_NS = 1_000_000_000
BEGIN_NS = 1_584_365_400 * SECOND_NS
"""2020-03-16 09:30 in New York."""

steps = st.lists(
    st.tuples(
        st.integers(0, 5 * SECOND_NS),
        st.one_of(st.none(), st.integers(0, 100 * SECOND_NS)),
        st.floats(0.0, 400.0),
    ),
    max_size=30,
)


@given(steps)
def test_whatever_the_venue_says_time_never_runs_back(
    steps: list[tuple[int, int | None, float]],
) -> None:
    machine = [0]
    clock = VenueClock("127.0.0.1", 1, lambda: machine[0])
    seen = clock.now_ns()
    for passed_ns, says_ns, speed in steps:
        machine[0] += passed_ns
        if says_ns is not None:
            clock.heard(says_ns, speed, machine[0])
            assert clock.now_ns() >= says_ns, "never behind what was just said"
        now_ns = clock.now_ns()
        assert now_ns >= seen
        seen = now_ns


@given(st.floats(0.1, 400.0), st.integers(0, 10 * SECOND_NS))
def test_between_two_answers_it_goes_at_the_venues_speed_and_then_stands_still(
    speed: float, passed_ns: int
) -> None:
    machine = [0]
    clock = VenueClock("127.0.0.1", 1, lambda: machine[0])
    clock.heard(BEGIN_NS, speed, 0)
    machine[0] = passed_ns
    assert clock.now_ns() == BEGIN_NS + round(min(passed_ns, TRUSTED_NS) * speed)


@contextmanager
def venue(speed: float) -> Iterator[int]:
    """An emulated gateway on a thread; yields its control port."""
    ports: list[int] = []
    ready, over = threading.Event(), threading.Event()

    async def serve() -> None:
        server = Server(Gateway(SERIES, now_ns=BEGIN_NS), port=0, speed=speed)
        await server.start()
        control = Control(server)
        ports.append(await control.start(0))
        ready.set()
        await asyncio.to_thread(over.wait)
        await control.stop()
        await server.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield ports[0]
    finally:
        over.set()
        thread.join(20)


def test_it_is_the_emulated_gateways_time_at_sixty_times_the_speed() -> None:
    with venue(60.0) as port:
        clock = VenueClock("127.0.0.1", port)
        clock.start(10)
        try:
            first_ns = clock.now_ns()
            assert first_ns >= BEGIN_NS
            assert clock.speed == 60.0
            waiting = threading.Event()
            while clock.now_ns() < first_ns + 60 * SECOND_NS:
                waiting.wait(0.05)
            assert clock.ask()
            assert clock.now_ns() >= first_ns + 60 * SECOND_NS
        finally:
            clock.close()


def test_where_nobody_says_the_time_nothing_is_traded_by_a_guess() -> None:
    clock = VenueClock("127.0.0.1", 1)
    with pytest.raises(ConfigurationError, match="start it with --control-port"):
        clock.start(0.3)
    clock.close()
