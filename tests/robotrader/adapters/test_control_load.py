"""The control socket under many requests: nothing is swallowed, nothing is left open."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from robotrader.adapters.control_socket import Peer
from robotrader.app.control_client import ControlClient, RefusedError
from robotrader.domain import control
from robotrader.domain.control import Ask
from robotrader.domain.control_answers import Done, Failed
from robotrader.domain.errors import OrderError
from tests.robotrader.served import serving

if TYPE_CHECKING:
    from robotrader.domain.control import Request
    from robotrader.domain.control_answers import Answer


def test_100000_commands_with_random_deadlines_are_each_answered_once_and_in_order(
    tmp_path: Path,
) -> None:
    """F05: whatever is given up on the way, no reply is swallowed, doubled or another's."""
    draw, count = random.Random(5), 100_000
    hurried = {number for number in range(1, count + 1) if draw.random() < 0.005}
    handled: list[int] = []
    gates: list[asyncio.Event] = []

    async def handler(request: Request, _peer: Peer) -> Answer:
        assert isinstance(request, control.ActorRestart)
        number = int(request.path)
        handled.append(number)
        if number in hurried:  # it answers when its client has long given up
            gates.append(gate := asyncio.Event())
            await gate.wait()
        elif gates:
            gates.pop().set()
        return Done(text=request.path)

    def asks() -> bytes:
        whole = bytearray()
        for number in range(1, count + 1):
            deadline_s = 1e-4 if number in hurried else 30.0
            request = control.ActorRestart(path=str(number), who="me", reason="F05")
            ask = Ask(
                version=control.VERSION, number=number, deadline_s=deadline_s, request=request
            )
            whole += control.frame(ask)
        return bytes(whole)

    with serving(tmp_path / "s", handler), socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(tmp_path / "s"))
        sender = threading.Thread(target=raw.sendall, args=(asks(),))
        sender.start()
        stream = raw.makefile("rb")
        for number in range(1, count + 1):
            reply = control.read_reply(stream.read(control.length(stream.read(4))))
            assert reply.number == number
            if number in hurried:
                assert isinstance(reply.answer, Failed)
            else:
                assert reply.answer == Done(text=str(number))
        sender.join(10)
    assert handled == list(range(1, count + 1))


def test_10000_failures_are_each_told_and_leave_nothing_open(tmp_path: Path) -> None:
    """F45: as many descriptors and threads after the last one as after the first."""

    async def handler(_request: Request, _peer: Peer) -> Answer:
        raise OrderError("no")

    def used() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    def once() -> None:
        with ControlClient(tmp_path / "s", "DATA", 5.0) as asking:
            asking.ask(control.Status())

    with serving(tmp_path / "s", handler):
        with ControlClient(tmp_path / "s", "DATA", 5.0) as asking:
            before = used()
            for _ in range(9_000):
                with pytest.raises(RefusedError, match="no"):
                    asking.ask(control.Status())
        for _ in range(1_000):  # each with a connection of its own
            with pytest.raises(RefusedError, match="no"):
                once()
        pause = threading.Event()
        while used() > before:  # the last connection is being closed; the test's limit ends it
            pause.wait(0.01)
        assert used() <= before
