"""The simulated loop does what asyncio's own does, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.wire_loop import LoopedSimulation
from tests.simulation.wire_net import Network, Weather
from tests.simulation.wire_transport import KERNEL_BYTES

HOST, PORT = "127.0.0.1", 4002


@contextmanager
def looped(seed: int = 0, **weather: Any) -> Iterator[LoopedSimulation]:
    system = LoopedSimulation(seed)
    system.loop.network = Network(system, Random(f"{seed}/network"))
    system.loop.network.weather = Weather(**weather)
    try:
        yield system
    finally:
        system.close()


class Ear(asyncio.Protocol):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.data = b""
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.heard.append("made")

    def data_received(self, data: bytes) -> None:
        self.data += data

    def eof_received(self) -> None:
        self.heard.append("eof")

    def connection_lost(self, exc: Exception | None) -> None:
        self.heard.append(("lost", type(exc)))

    def pause_writing(self) -> None:
        self.heard.append("pause")

    def resume_writing(self) -> None:
        self.heard.append("resume")


async def pair(system: LoopedSimulation) -> tuple[Ear, Ear]:
    """A connected client and server."""
    servers: list[Ear] = []

    def made() -> Ear:
        servers.append(Ear())
        return servers[-1]

    await system.loop.create_server(made, HOST, PORT)
    _, client = await system.loop.create_connection(Ear, HOST, PORT)
    return client, servers[0]


def paired(system: LoopedSimulation) -> tuple[Ear, Ear]:
    found: tuple[Ear, Ear] = system.loop.complete(pair(system))
    system.run_for(1)
    return found


@given(st.lists(st.integers(0, 50), max_size=20))
def test_timers_run_in_the_order_of_their_times_and_equal_ones_in_that_of_their_making(
    delays: list[int],
) -> None:
    ran: list[tuple[int, int, float]] = []
    with looped() as system:
        loop = system.loop
        for number, delay in enumerate(delays):
            loop.call_later(
                delay / 10,
                lambda n=number, d=delay: ran.append((d, n, loop.time())),  # type: ignore[misc]
            )
        system.run_for(10)
    assert [each[:2] for each in ran] == sorted((d, n) for n, d in enumerate(delays))
    assert all(at == pytest.approx(d / 10) for d, _, at in ran)


def test_what_was_cancelled_never_runs() -> None:
    ran: list[str] = []
    with looped() as system:
        soon = system.loop.call_soon(ran.append, "soon")
        later = system.loop.call_later(1, ran.append, "later")
        system.loop.call_later(2, ran.append, "last")
        soon.cancel()
        later.cancel()
        system.run_for(3)
    assert ran == ["last"]


def test_a_sleep_takes_virtual_time_and_a_timeout_strikes() -> None:
    async def scene() -> float:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(3600)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await asyncio.sleep(3600)
        return loop.time()

    with looped() as system:
        assert system.loop.complete(scene(), limit_s=10_000) == pytest.approx(3660)


def test_a_callback_that_raises_is_reported_and_the_others_run() -> None:
    ran: list[int] = []
    with looped() as system:
        system.loop.call_soon(lambda: 1 // 0)
        system.loop.call_soon(ran.append, 1)
        system.run_for(1)
        assert ran == [1]
        assert len(system.loop.failures) == 1
        assert "ZeroDivisionError" in system.loop.failures[0]


def test_what_died_with_the_process_is_never_run() -> None:
    ran: list[int] = []

    async def scene() -> None:
        await asyncio.sleep(1)
        ran.append(1)

    with looped() as system:
        task = system.loop.create_task(scene())
        system.loop.call_later(2, ran.append, 2)
        system.run_for(0.5)
        system.loop.forget()
        system.loop.call_later(3, ran.append, 3)
        system.run_for(5)
        assert ran == [3]
        assert not task.done()
        assert system.loop.failures == []


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=400), max_size=20),
    seed=st.integers(0, 99),
    cuts=st.integers(1, 8),
)
def test_bytes_arrive_once_and_in_order_however_they_are_cut(
    chunks: list[bytes], seed: int, cuts: int
) -> None:
    with looped(seed, latency_s=(0.0, 0.2), cuts=cuts) as system:
        client, server = paired(system)
        for chunk in chunks:
            client.transport.write(chunk)
            server.transport.write(chunk[::-1])
        system.run_for(60)
        assert server.data == b"".join(chunks)
        assert client.data == b"".join(chunk[::-1] for chunk in chunks)


def test_a_close_comes_behind_what_was_written() -> None:
    with looped(latency_s=(0.1, 0.9)) as system:
        client, server = paired(system)
        client.transport.write(b"last words")
        client.transport.close()
        system.run_for(5)
        assert server.data == b"last words"
        assert server.heard == ["made", "eof", ("lost", type(None))]
        assert client.heard == ["made", ("lost", type(None))]


def test_an_abort_resets_the_other_end() -> None:
    with looped() as system:
        client, server = paired(system)
        client.transport.abort()
        client.transport.write(b"into nothing")
        system.run_for(1)
        assert server.heard == ["made", ("lost", ConnectionResetError)]
        assert server.data == b""


def test_half_closing_lets_the_other_direction_go_on() -> None:
    class Patient(Ear):
        def eof_received(self) -> bool:  # type: ignore[override]  # True keeps it open
            self.heard.append("eof")
            return True

    async def scene(system: LoopedSimulation) -> tuple[Ear, Patient]:
        server = Patient()
        await system.loop.create_server(lambda: server, HOST, PORT)
        _, client = await system.loop.create_connection(Ear, HOST, PORT)
        return client, server

    with looped() as system:
        client, server = system.loop.complete(scene(system))
        client.transport.write_eof()
        system.run_for(1)
        server.transport.write(b"answer")
        system.run_for(1)
        assert client.data == b"answer"
        assert server.heard == ["made", "eof"]
        with pytest.raises(RuntimeError, match="write_eof"):
            client.transport.write(b"more")


def test_a_reader_that_stops_is_felt_by_the_writer() -> None:
    with looped() as system:
        client, server = paired(system)
        server.transport.pause_reading()
        piece = b"x" * 64 * 1024
        while "pause" not in client.heard:
            client.transport.write(piece)
            system.run_for(0.1)
        assert client.transport.get_write_buffer_size() > 0
        assert server.data == b""
        server.transport.resume_reading()
        system.run_for(10)
        assert client.heard[-1] == "resume"
        assert client.transport.get_write_buffer_size() == 0
        assert len(server.data) > KERNEL_BYTES


def test_nobody_listening_refuses_and_nobody_answering_takes_long() -> None:
    async def scene(system: LoopedSimulation) -> None:
        await system.loop.create_connection(Ear, HOST, PORT)

    with looped() as system:
        with pytest.raises(ConnectionRefusedError):
            system.loop.complete(scene(system))
        system.loop.network.weather.unreachable = True  # type: ignore[union-attr]
        with pytest.raises(TimeoutError):
            system.loop.complete(scene(system))
        assert system.loop.time() > 100


def test_a_port_is_listened_to_once_and_free_after_the_close() -> None:
    async def scene(system: LoopedSimulation) -> None:
        server = await system.loop.create_server(Ear, HOST, PORT)
        with pytest.raises(OSError, match="in use"):
            await system.loop.create_server(Ear, HOST, PORT)
        server.close()
        assert not server.is_serving()
        await system.loop.create_server(Ear, HOST, PORT)

    with looped() as system:
        system.loop.complete(scene(system))
        assert len(system.loop.network.listeners) == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_cut_ends_both_sides(how: str) -> None:
    with looped(latency_s=(1, 1)) as system:
        client, server = paired(system)
        system.run_for(5)
        client.transport.write(b"on its way")
        system.loop.network.alive()[0].cut(how)  # type: ignore[union-attr]
        system.run_for(10)
        assert server.data == (b"on its way" if how == "fin" else b"")
        assert client.heard[-1][0] == server.heard[-1][0] == "lost"
        assert system.loop.network.alive() == []  # type: ignore[union-attr]


def test_in_the_dark_only_who_sends_finds_out_and_late() -> None:
    with looped() as system:
        client, server = paired(system)
        system.loop.network.alive()[0].go_dark(30)  # type: ignore[union-attr]
        client.transport.write(b"lost")
        system.run_for(29)
        assert client.heard == ["made"]
        system.run_for(2)
        assert client.heard[-1] == ("lost", TimeoutError)
        assert server.heard == ["made"]
        assert server.data == b""


def test_a_stall_makes_late_and_loses_nothing() -> None:
    with looped() as system:
        client, server = paired(system)
        system.loop.network.alive()[0].stall(5)  # type: ignore[union-attr]
        client.transport.write(b"late")
        system.run_for(4.9)
        assert server.data == b""
        system.run_for(1)
        assert server.data == b"late"


async def lines(host: str, port: int, said: list[bytes]) -> list[bytes]:
    """A conversation over streams: each line comes back in capitals."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, host, port)
    try:
        where = server.sockets[0].getsockname()[1] if hasattr(server, "sockets") else port
        reader, writer = await asyncio.open_connection(host, where)
        heard = []
        for line in said:
            writer.write(line + b"\n")
            heard.append(await reader.readline())
        writer.write_eof()
        heard.append(await reader.read())
        writer.close()
        await writer.wait_closed()
        return heard
    finally:
        server.close()


@settings(max_examples=15, deadline=None)
@given(
    said=st.lists(st.text("abc xyz", max_size=30).map(str.encode), max_size=5),
    cuts=st.integers(1, 4),
)
def test_asyncio_streams_say_the_same_over_it_as_over_sockets(said: list[bytes], cuts: int) -> None:
    with looped(cuts=cuts) as system:
        simulated = system.loop.complete(lines(HOST, PORT, said))
        assert system.loop.failures == []
    assert simulated == asyncio.run(lines(HOST, 0, said))


def trace(seed: int, scene: Callable[[], Awaitable[object]]) -> tuple[int, int]:
    with looped(seed, latency_s=(0.0, 0.1), cuts=3) as system:
        system.loop.complete(scene())
        assert system.loop.network is not None
        return system.trace_hash, system.loop.network.trace


def test_a_seed_is_one_course_of_events() -> None:
    async def scene() -> None:
        await lines(HOST, PORT, [b"one", b"two", b"three"])

    assert trace(1, scene) == trace(1, scene)
    assert trace(1, scene) != trace(2, scene)


def test_the_loop_is_not_run_by_hand() -> None:
    with looped() as system:
        with pytest.raises(RuntimeError, match="driven by"):
            system.loop.run_forever()
        assert not system.loop.is_closed()
    assert system.loop.is_closed()
