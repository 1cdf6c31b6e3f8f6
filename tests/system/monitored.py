"""A trading core with an emulated gateway, and a real Prometheus that scrapes it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from robotrader.app import run
from robotrader.config import Resolved, layers, resolve

SYMBOLS = ("AAPL", "BAC", "KO", "PFE")
PATIENCE_S = 90.0
CONF = Path(__file__).resolve().parents[2] / "conf"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configuration(folder: Path, port: int) -> Resolved:
    """Trades with every bar; orders of AAPL are too large, so that there are refusals as well."""
    symbols = json.dumps(SYMBOLS)
    says = [
        'mode="sim"', 'account="DU1234567"', f"data_dir={str(folder / 'data')!r}",
        f"ib.port={free_port()}", f'metrics.bind="127.0.0.1:{port}"',
        f"universe.symbols={symbols}", "risk.max_order_usd=600", "kill_switch.losses_max=0",
        'strategy.cross.class="tests.system.flipper:Flipper"',
        f"strategy.cross.symbols={symbols}", 'strategy.cross.bar="5s"',
    ]  # fmt: skip
    return resolve([layers.from_settings(says)], "demo")


@contextmanager
def trading(folder: Path, port: int) -> Iterator[Resolved]:
    """heart, the emulated gateway and the core."""
    (folder / "data").mkdir()
    resolved = configuration(folder, port)
    with subprocess.Popen(run.prepare(resolved), stderr=subprocess.DEVNULL) as process:
        try:
            yield resolved
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)


class Server:
    """A real Prometheus with the rules that are shipped, asked over its own API."""

    def __init__(self, folder: Path, target: int, resolved: Resolved) -> None:
        self.target, self.port, self.resolved = target, free_port(), resolved
        config = (CONF / "prometheus" / "prometheus.yml").read_text()
        config = config.replace("127.0.0.1:9464", f"127.0.0.1:{target}")
        config = config.replace(
            "rules.yml", str(CONF / "prometheus" / "rules.yml")
        )  # the rest is as shipped, but for how often it looks
        config = re.sub(r"(scrape_interval|evaluation_interval): 5s", r"\1: 1s", config)
        config = config.replace("scrape_timeout: 3s", "scrape_timeout: 1s")
        path = folder / "prometheus.yml"
        path.write_text(config)
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={path}", f"--storage.tsdb.path={folder / 'tsdb'}",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def ask(self, path: str, **query: str) -> Any:
        """Return what the API says; None while it is not there."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                if error.code == HTTPStatus.SERVICE_UNAVAILABLE:  # it is still reading its files
                    return None
                raise AssertionError(f"{query}: {error.read().decode()}") from None
        except OSError:
            return None

    def query(self, expression: str) -> list[Any]:
        """Return what an expression gives now."""
        found = self.ask("query", query=expression)
        return [] if found is None else list(found["result"])

    def total(self, name: str) -> float:
        """Return the sum of a metric's series."""
        return sum(float(row["value"][1]) for row in self.query(f"sum({name})"))

    def page(self) -> str:
        """Return what the core exposes."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.target}/metrics", timeout=5) as page:
            return str(page.read().decode())

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)


def until(condition: Any, what: str, timeout_s: float = PATIENCE_S) -> Any:
    """Wait for a condition and return what it is."""
    deadline = time.monotonic() + timeout_s
    waiting = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        waiting.wait(0.25)
    return found


def named(expression: str) -> set[str]:
    """Return the metrics that an expression names."""
    bare = re.sub(r'"[^"]*"', "", expression)
    return set(re.findall(r"\b(?:robotrader|process)_\w+|\bup\b", bare))


def dashboard() -> Any:
    return json.loads((CONF / "grafana" / "dashboard.json").read_text())


def shown(instance: str) -> list[tuple[str, str]]:
    """Return every panel's title and expression, with Grafana's variables filled in."""
    return [
        (
            panel["title"],
            target["expr"].replace("$instance", instance).replace("$__rate_interval", "30s"),
        )
        for panel in dashboard()["panels"]
        for target in panel.get("targets", ())
    ]
