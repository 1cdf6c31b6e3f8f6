"""The link with real sockets on both sides: what each toxic does to a connection."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from robotrader.__main__ import main
from tests.chaos.kit import ROOT
from tests.system.console import until

WAIT_S = 20.0


class Echo:
    """A gateway that says what it hears."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(sock,), daemon=True).start()

    @staticmethod
    def _echo(sock: socket.socket) -> None:
        with sock:
            try:
                while data := sock.recv(65536):
                    sock.sendall(data)
            except OSError:
                return

    def close(self) -> None:
        self._listener.close()


class Link:
    """The process that stands between, as heart starts it."""

    def __init__(self, folder: Path, to: int) -> None:
        self.socket = folder / "chaos.sock"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "robotrader", "chaos", "link", "--port", "0",
             "--to", f"127.0.0.1:{to}", "--socket", str(self.socket)],
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        self.port = int(said.split(" to ")[0].rpartition(":")[2])

    def ask(self, asked: Any) -> Any:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(WAIT_S)
            sock.connect(str(self.socket))
            sock.sendall(json.dumps(asked).encode() + b"\n")
            with sock.makefile() as lines:
                return json.loads(lines.readline())

    def have(self, kind: str, for_s: float = 60.0, **more: Any) -> None:
        answer = self.ask({"toxics": [{"kind": kind, **more}], "for_s": for_s})
        assert answer["ok"]["toxics"][0]["kind"] == kind

    def clear(self) -> Any:
        return self.ask({"toxics": [], "for_s": 0})["ok"]

    def connect(self) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port), WAIT_S)
        sock.settimeout(WAIT_S)
        return sock

    def close(self) -> None:
        self.process.terminate()
        assert self.process.wait(WAIT_S) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Link]:
    echo = Echo()
    one = Link(tmp_path_factory.mktemp("link"), echo.port)
    yield one
    one.close()
    echo.close()


@contextmanager
def talking(link: Link) -> Iterator[socket.socket]:
    link.clear()
    with link.connect() as sock:
        assert said(sock, b"hello") == b"hello"
        yield sock
    link.clear()


def said(sock: socket.socket, data: bytes) -> bytes:
    """Send, and return as many bytes as were sent, or what came until the end."""
    sock.sendall(data)
    got = b""
    while len(got) < len(data) and (piece := sock.recv(65536)):
        got += piece
    return got


def ends(sock: socket.socket) -> bool:
    """Whether the connection ends, in order or torn down."""
    try:
        while sock.recv(65536):
            continue
    except ConnectionError:
        return True
    return True


def silent(sock: socket.socket) -> bool:
    """Whether nothing comes for a moment."""
    sock.settimeout(0.3)
    try:
        return sock.recv(1) is None
    except TimeoutError:
        return True
    finally:
        sock.settimeout(WAIT_S)


def test_without_a_toxic_every_byte_passes(link: Link) -> None:
    data = os.urandom(1 << 20)
    with talking(link) as sock:
        sender = threading.Thread(target=sock.sendall, args=(data,))
        sender.start()
        got = b""
        while len(got) < len(data):
            got += sock.recv(65536)
        sender.join()
    assert got == data


def test_down_resets_connections_and_lets_nobody_in_until_it_is_over(link: Link) -> None:
    with talking(link) as sock:
        link.have("down", for_s=1.0)
        assert ends(sock)
        with link.connect() as late:
            assert ends(late)

    def answers() -> bool:
        try:
            with link.connect() as fresh:
                return said(fresh, b"x") == b"x"
        except ConnectionError:
            return False

    assert until(answers)


def test_a_stall_holds_bytes_back_and_gives_them_when_it_ends(link: Link) -> None:
    with talking(link) as sock:
        link.have("stall")
        sock.sendall(b"later")
        assert silent(sock)
        link.clear()
        assert sock.recv(5, socket.MSG_WAITALL) == b"later"


def test_half_open_is_a_stall_of_one_direction(link: Link) -> None:
    with talking(link) as sock:
        before = link.ask({"toxics": [], "for_s": 0})["ok"]["to_gateway_bytes"]
        link.have("stall", direction="to-core")
        sock.sendall(b"heard?")
        until(lambda: passed(link) >= before + 6)
        assert silent(sock)


def passed(link: Link) -> int:
    told = link.ask({"toxics": [{"kind": "stall", "direction": "to-core"}], "for_s": 60})
    return int(told["ok"]["to_gateway_bytes"])


def test_latency_delays_both_ways(link: Link) -> None:
    with talking(link) as sock:
        link.have("latency", amount=0.25)
        begun = time.monotonic()
        assert said(sock, b"slow") == b"slow"
        assert time.monotonic() - begun >= 0.5


def test_a_limit_ends_the_connection_after_its_bytes(link: Link) -> None:
    with talking(link) as sock:
        link.have("limit_data", amount=8, direction="to-core")
        assert said(sock, b"0123456789") == b"012"  # five have passed before
        assert ends(sock)


def test_corruption_changes_a_bit_on_its_way(link: Link) -> None:
    with talking(link) as sock:
        link.have("corrupt", amount=1.0, direction="to-core")
        got = said(sock, b"abcdefgh")
        assert len(got) == 8
        assert got != b"abcdefgh"


def test_a_timeout_loses_everything_and_ends_the_connection(link: Link) -> None:
    with talking(link) as sock:
        link.have("timeout", amount=0.3)
        sock.sendall(b"lost")
        assert ends(sock)


def test_a_reset_comes_with_the_next_byte(link: Link) -> None:
    with talking(link) as sock:
        link.have("reset_peer")
        sock.sendall(b"x")
        with pytest.raises(ConnectionResetError, match="reset by peer"):
            sock.recv(1)


def test_a_toxic_ends_by_itself(link: Link) -> None:
    with talking(link) as sock:
        link.have("stall", for_s=0.3)
        assert said(sock, b"soon") == b"soon"
        assert link.clear()["toxics"] == []


def test_only_this_user_may_ask_and_nonsense_is_refused(link: Link) -> None:
    assert stat.S_IMODE(link.socket.stat().st_mode) == 0o600
    for nonsense in ({}, {"toxics": [{"kind": "gloom"}], "for_s": 1}, {"toxics": [], "for_s": -1}):
        assert "error" in link.ask(nonsense)
    with talking(link) as sock:
        assert said(sock, b"still there") == b"still there"


def test_a_port_in_use_is_one_line_and_75(
    link: Link, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["chaos", "link", "--port", str(link.port), "--to", "127.0.0.1:1"]
    assert main([*words, "--socket", str(tmp_path / "s")]) == 75
    assert "set chaos.link_port" in capsys.readouterr().err


def test_a_wrong_address_is_one_line_and_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--socket", str(tmp_path / "s")]
    assert main(["chaos", "link", "--port", "0", "--to", "nowhere", *at]) == 2
    assert "is no HOST:PORT" in capsys.readouterr().err
