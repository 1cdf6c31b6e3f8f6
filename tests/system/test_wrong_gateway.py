"""Somebody else answers on the gateway's port: it is no gateway, and nothing spins (F09, F19, F58).

An open port says nothing: only the one connection's handshake does. The core of a real run loses
its gateway, and another program takes the port.
"""

from __future__ import annotations

import json
import re
import socketserver
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.system.console import Console, gateway, running, until
from tests.system.kit import free_port

ATTEMPTS = 3
LOG_BYTES_AN_HOUR = 10_000_000
BACKOFF_S, JITTER = 1.0, 0.2
"""The rules of a connection as they are by default: see ``LinkRules``."""


class NoGateway(socketserver.BaseRequestHandler):
    """Answers as a web server does to what it does not understand."""

    def handle(self) -> None:
        self.request.recv(64)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def somebody_else(port: int) -> Iterator[None]:
    with Server(("127.0.0.1", port), NoGateway) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def metric(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as page:
        (value,) = re.findall(rf"(?m)^{name} (\S+)$", page.read().decode())
    return float(value)


def lines(console: Console, says: str) -> list[dict[str, Any]]:
    logged = [json.loads(line) for line in console.log().splitlines()]
    return [line for line in logged if says in line["event"]]


def seconds(lines: list[dict[str, Any]]) -> list[float]:
    return [datetime.fromisoformat(line["time"]).timestamp() for line in lines]


@pytest.mark.timeout(240)
def test_f09_f19_f58_an_open_port_is_no_gateway_and_is_asked_ever_more_rarely(
    tmp_path: Path,
) -> None:
    scrape = free_port()
    more = ("metrics.enabled=true", f'metrics.bind="127.0.0.1:{scrape}"')

    def shows(what: str) -> float:
        return metric(scrape, f"robotrader_gateway_{what}_total")

    with ExitStack() as core:
        with gateway() as port:
            console = core.enter_context(running(Console(tmp_path, port, *more)))
            console.ready()
            answered = shows("handshakes")
            assert answered == shows("connects") == 1
        until(lambda: console.asked("status")["link"] != "ready")
        with somebody_else(port):
            begun = shows("connects")
            until(lambda: shows("connects") >= begun + ATTEMPTS)
            assert console.asked("status")["link"] in {"down", "connecting"}
            assert console.say("healthcheck").returncode == 4
            assert shows("handshakes") == answered, "what failed is counted by what is missing"
        with gateway("--port", str(port)):
            console.say("gateway", "confirm")
            console.ready()
            assert shows("handshakes") == answered + 1
    failed = lines(console, "the connection is down: a frame of ")
    assert len(failed) >= ATTEMPTS - 1, "each is logged with what came"
    lost = seconds(lines(console, "the connection is down"))[0]
    tried = [at for at in seconds(lines(console, "the connection is connecting")) if at > lost]
    gaps = [after - before for before, after in pairwise(tried[:-1])]
    assert min(gaps) > BACKOFF_S * (1 - JITTER), "never a spin"
    assert max(gaps) > 2 * BACKOFF_S * (1 - JITTER), "and ever more rarely"
    span_s = max(seconds(lines(console, ""))) - min(seconds(lines(console, "")))
    assert len(console.log()) / span_s * 3600 < LOG_BYTES_AN_HOUR
