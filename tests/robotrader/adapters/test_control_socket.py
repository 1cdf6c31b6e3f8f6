"""The control socket, over real Unix sockets: who is heard, and what costs nothing but itself."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from robotrader.adapters.control_socket import ControlSocket, Peer, SocketInUseError
from robotrader.app.control_client import (
    ControlClient,
    FailedError,
    NoAnswerError,
    NotRunningError,
    RefusedError,
)
from robotrader.domain import Side, control
from robotrader.domain.control import Ask, ControlError
from robotrader.domain.control_answers import Done, LogsAnswer, Refused
from robotrader.domain.errors import OrderError
from tests.robotrader.domain import answers as examples
from tests.robotrader.domain.test_control import broken
from tests.robotrader.served import Script, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.domain.control import Request
    from robotrader.domain.control_answers import Answer


def client(path: Path, deadline_s: float = 5.0) -> ControlClient:
    return ControlClient(path, "DATA", deadline_s)


def once(path: Path, request: Request, deadline_s: float = 5.0) -> Answer:
    with client(path, deadline_s) as asking:
        return asking.ask(request)


def connected(path: Path) -> socket.socket:
    raw = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    raw.settimeout(10)
    raw.connect(str(path))
    return raw


def read_until_closed(raw: socket.socket) -> bytes:
    """Read until the other side ends it, however it does."""
    data = b""
    try:
        while piece := raw.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def ask(request: Request, number: int = 1) -> bytes:
    return control.frame(Ask(version=1, number=number, deadline_s=5.0, request=request))


@pytest.mark.parametrize("kind", examples.ALL, ids=lambda k: k.__name__)
def test_every_request_that_is_asked_is_answered_by_the_handler(tmp_path: Path, kind: type) -> None:
    script = Script(*examples.ALL.items())
    made: dict[type, Request] = {
        control.ActorRestart: control.ActorRestart(path="/a", who="me", reason="why"),
        control.Trades: control.Trades(from_ns=0, to_ns=1),
        control.Pnl: control.Pnl(period=control.Period.DAY),
        control.Resume: control.Resume(scope="all", reason="r", who="me"),
        control.Adopt: control.Adopt(
            symbol="AAPL", reason="r", who="w", key="k", preview=True, ours=None, broker=None
        ),
        control.Stop: control.Stop(who="me", drain_s=0),
        control.CheckIn: control.CheckIn(who="me"),
        control.GatewayConfirmed: control.GatewayConfirmed(who="me"),
        control.JournalTail: control.JournalTail(after=0, count=1, last=True),
        control.Logs: control.Logs(count=1),
        control.RiskVar: control.RiskVar(level=0.95),
        control.RiskSet: control.RiskSet(
            name="max_gross", value=None, reason="r", who="me", preview=True
        ),
        control.Chaos: control.Chaos(who="me", scenario="s", what=control.Damage.CLEAR, path=""),
        control.RiskCheck: control.RiskCheck(side=Side.BUY, qty=Decimal(1), symbol="AAPL"),
        control.Kill: control.Kill(
            level=control.KillLevel.PAUSE, scope="all", reason="r", who="w", key="k", preview=True
        ),
    }
    request = made[kind] if kind in made else kind()
    with serving(tmp_path / "s", script), client(tmp_path / "s") as asking:
        assert asking.ask(request) == examples.ALL[kind]
        assert asking.ask(request) == examples.ALL[kind]
    assert script.asked == [(request, Peer(os.getpid(), os.getuid()))] * 2


def test_only_this_user_may_open_the_socket(tmp_path: Path) -> None:
    with serving(tmp_path / "s", Script()):
        assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_is_not_heard_even_if_the_file_lets_him_in() -> None:
    """The kernel's word counts: folder and file are opened for the test."""
    script = Script((control.Status, examples.STATUS))
    program = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
        "try: s.sendall(bytes.fromhex(sys.argv[2])); print(len(s.recv(9)))\n"
        "except ConnectionError: print(0)"
    )
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "s")
        path.parent.chmod(0o755)
        with serving(path, script):
            path.chmod(0o666)
            python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
            ran = subprocess.run(
                [python, "-I", "-c", program, str(path), ask(control.Status()).hex()],
                user=65534, check=True, capture_output=True, text=True, cwd="/",
            )  # fmt: skip
    assert (ran.stdout, script.asked) == ("0\n", [])


@pytest.mark.parametrize("seed", range(2))
def test_garbage_on_the_socket_ends_its_connection_and_nothing_else(
    tmp_path: Path, seed: int
) -> None:
    """A thousand connections with bytes that are no protocol; none reaches the handler (F04)."""
    draw = random.Random(seed)
    script = Script((control.Status, examples.STATUS))
    with serving(tmp_path / "s", script, frame_s=0.02):
        for _ in range(500):
            with connected(tmp_path / "s") as raw:
                raw.sendall(draw.randbytes(draw.randrange(1, 40)))
                if draw.random() < 0.9:
                    raw.shutdown(socket.SHUT_WR)
                assert read_until_closed(raw) == b""
        assert script.asked == []
        assert once(tmp_path / "s", control.Status()) == examples.STATUS


def test_a_malformed_message_is_refused_by_name_and_the_connection_goes_on(tmp_path: Path) -> None:
    script = Script((control.Status, examples.STATUS))
    wrong = b"\x84\xa7version\x01\xa6number\x05\xaadeadline_s\x01\xa7request\x81\xa3ask\xa4nope"
    with serving(tmp_path / "s", script), connected(tmp_path / "s") as raw:
        raw.sendall(len(wrong).to_bytes(4, "big") + wrong + ask(control.Status(), 6))
        replies = []
        for _ in range(2):
            size = control.length(raw.recv(4, socket.MSG_WAITALL))
            replies.append(control.read_reply(raw.recv(size, socket.MSG_WAITALL)))
    assert isinstance(replies[0].answer, Refused)
    assert (replies[0].number, replies[0].answer.code) == (5, "malformed")
    assert "nope" in replies[0].answer.why
    assert (replies[1].number, replies[1].answer) == (6, examples.STATUS)


def test_a_thousand_malformed_messages_are_each_refused_and_none_is_executed(
    tmp_path: Path,
) -> None:
    """F04, over the socket: right frames, wrong messages, and a right one at the end."""
    draw = random.Random(4)
    script = Script((control.Status, examples.STATUS))
    with serving(tmp_path / "s", script), connected(tmp_path / "s") as raw:
        for _ in range(1000):
            content = broken(draw) or b"\xc1"
            raw.sendall(len(content).to_bytes(4, "big") + content)
            size = control.length(raw.recv(4, socket.MSG_WAITALL))
            answer = control.read_reply(raw.recv(size, socket.MSG_WAITALL)).answer
            assert isinstance(answer, Refused)
            assert answer.code == "malformed"
        assert script.asked == []
        assert once(tmp_path / "s", control.Status()) == examples.STATUS


def test_work_that_outlives_its_client_is_not_left_half_done(tmp_path: Path) -> None:
    """A kill that takes longer than the client waits goes on to its end."""
    steps: list[str] = []
    go_on = threading.Event()

    async def slowly(_request: Request, _peer: Peer) -> Answer:
        steps.append("begun")
        await asyncio.get_running_loop().run_in_executor(None, go_on.wait, 10)
        steps.append("done")
        return Done(text="")

    with serving(tmp_path / "s", slowly):
        with pytest.raises((NoAnswerError, FailedError)):
            once(tmp_path / "s", control.Status(), 0.1)
        assert steps == ["begun"]
        go_on.set()
        wait_until(lambda: steps == ["begun", "done"])


def test_requests_without_end_are_bounded(tmp_path: Path) -> None:
    async def never(_request: Request, _peer: Peer) -> Answer:
        await asyncio.Event().wait()
        return Done(text="")

    with serving(tmp_path / "s", never, clients_max=1):
        answers = [refusal(tmp_path / "s") for _ in range(6)]
    assert all("within" in answer for answer in answers[:4])
    assert all("busy" in answer for answer in answers[4:])


def refusal(path: Path) -> str:
    """What the server says to a request that it will not finish; its client waits a moment more."""
    with connected(path) as raw:
        asking = Ask(version=1, number=1, deadline_s=0.05, request=control.Status())
        raw.sendall(control.frame(asking))
        size = control.length(raw.recv(4, socket.MSG_WAITALL))
        return str(control.read_reply(raw.recv(size, socket.MSG_WAITALL)).answer)


def wait_until(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 10
    waiting = threading.Event()
    while not holds():
        assert time.monotonic() < until_s
        waiting.wait(0.005)


def test_a_frame_that_does_not_end_is_given_up(tmp_path: Path) -> None:
    with serving(tmp_path / "s", Script(), frame_s=0.1), connected(tmp_path / "s") as raw:
        raw.sendall(b"\0\0\0\x20half")
        assert read_until_closed(raw) == b""


def test_who_hangs_up_between_two_frames_is_not_worth_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every command of the command line ends so; an end inside of a frame is told."""
    caplog.set_level("INFO")
    script = Script((control.Status, examples.STATUS))
    with serving(tmp_path / "s", script):
        assert once(tmp_path / "s", control.Status()) == examples.STATUS
        connected(tmp_path / "s").close()
        with client(tmp_path / "s") as later:  # who is answered twice comes behind all of that
            assert [later.ask(control.Status()) for _ in range(2)] == [examples.STATUS] * 2
    assert [each.getMessage() for each in caplog.records if each.name.startswith("robo")] == []
    with serving(tmp_path / "t", script):
        with connected(tmp_path / "t") as raw:
            raw.sendall(b"\0\0")
        wait_until(lambda: "ended: 1 bytes read" in caplog.text)


def test_a_silent_connection_is_ended(tmp_path: Path) -> None:
    with serving(tmp_path / "s", Script(), idle_s=0.1), connected(tmp_path / "s") as raw:
        assert read_until_closed(raw) == b""


def test_one_connection_too_many_is_closed_and_the_others_live(tmp_path: Path) -> None:
    script = Script((control.Status, examples.STATUS))
    with serving(tmp_path / "s", script, clients_max=2), client(tmp_path / "s") as first:
        assert first.ask(control.Status()) == examples.STATUS
        with client(tmp_path / "s") as second:
            assert second.ask(control.Status()) == examples.STATUS
            with connected(tmp_path / "s") as third:
                assert read_until_closed(third) == b""
            assert first.ask(control.Status()) == examples.STATUS


def test_a_crash_of_the_handler_is_told_without_its_inside(tmp_path: Path) -> None:
    script = Script((control.Status, ValueError("hunter2")))
    with serving(tmp_path / "s", script), pytest.raises(FailedError) as told:
        once(tmp_path / "s", control.Status())
    assert "ValueError" in str(told.value)
    assert "hunter2" not in str(told.value)


def test_a_refusal_of_ours_is_told_with_its_reason(tmp_path: Path) -> None:
    script = Script((control.Status, OrderError("no such order: look at `orders`")))
    with serving(tmp_path / "s", script), pytest.raises(RefusedError, match="no such order"):
        once(tmp_path / "s", control.Status())


def test_an_answer_that_is_too_long_is_a_refusal(tmp_path: Path) -> None:
    long = LogsAnswer(lines=({"event": "x" * control.FRAME_BYTES_MAX},))
    with (
        serving(tmp_path / "s", Script((control.Logs, long))),
        pytest.raises(RefusedError, match="ask for less"),
    ):
        once(tmp_path / "s", control.Logs(count=1))


def test_the_client_waits_no_longer_than_its_deadline(tmp_path: Path) -> None:
    async def never(_request: Request, _peer: Peer) -> Answer:
        await asyncio.Event().wait()
        return Done(text="")

    with serving(tmp_path / "s", never):
        begun_s = time.monotonic()
        with pytest.raises((NoAnswerError, FailedError), match=r"within 0\.2 s"):
            once(tmp_path / "s", control.Status(), 0.2)
        assert time.monotonic() - begun_s < 2


@pytest.mark.parametrize("make", ["nothing", "left behind"])
def test_no_system_is_said_with_the_command_that_starts_one(tmp_path: Path, make: str) -> None:
    """No file, or the file of a process that is gone."""
    if make == "left behind":
        _left_behind(tmp_path / "s")
    with pytest.raises(NotRunningError, match="no system is running in DATA: start it with"):
        once(tmp_path / "s", control.Status())


def _left_behind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))


def test_the_socket_of_a_dead_process_is_replaced(tmp_path: Path) -> None:
    _left_behind(tmp_path / "s")
    with serving(tmp_path / "s", Script((control.Status, examples.STATUS))):
        assert once(tmp_path / "s", control.Status()) == examples.STATUS
    assert not (tmp_path / "s").exists()


def test_who_sees_the_socket_can_connect_to_it(tmp_path: Path) -> None:
    path, found = tmp_path / "s", list[str]()

    def watch() -> None:
        while not path.is_socket():
            pass
        try:
            once(path, control.Status())
            found.append("answered")
        except NotRunningError as error:
            found.append(repr(error))

    for _ in range(50):
        watching = threading.Thread(target=watch)
        watching.start()
        with serving(path, Script((control.Status, examples.STATUS))):
            watching.join()
    assert found == ["answered"] * 50


def test_a_start_that_was_cut_off_is_no_obstacle(tmp_path: Path) -> None:
    _left_behind(tmp_path / "~")
    with serving(tmp_path / "s", Script((control.Status, examples.STATUS))):
        assert once(tmp_path / "s", control.Status()) == examples.STATUS
    assert not list(tmp_path.iterdir())


def test_a_second_server_leaves_the_first_alone(tmp_path: Path) -> None:
    with serving(tmp_path / "s", Script((control.Status, examples.STATUS))):
        with pytest.raises(SocketInUseError, match="another system answers"):
            asyncio.run(ControlSocket(tmp_path / "s", Script()).start())
        assert once(tmp_path / "s", control.Status()) == examples.STATUS


def test_a_file_that_is_no_socket_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    with pytest.raises(SocketInUseError, match="no socket"):
        asyncio.run(ControlSocket(tmp_path / "s", Script()).start())
    assert (tmp_path / "s").read_text() == "precious"


@pytest.mark.parametrize("answer", [b"\0\0\0\x02hi", b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_something_else_behind_the_socket_is_said_and_not_believed(
    tmp_path: Path, answer: bytes
) -> None:
    """F20: a foreign service on our address."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def foreign() -> None:
            taken, _ = listener.accept()
            with taken:
                taken.recv(100)
                taken.sendall(answer)

        thread = threading.Thread(target=foreign)
        thread.start()
        with pytest.raises((ControlError, NoAnswerError)):
            once(tmp_path / "s", control.Status(), 2.0)
        thread.join(10)
