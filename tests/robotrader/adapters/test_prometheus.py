"""The Prometheus adapter, read by Prometheus' own parser and by a real Prometheus server."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.parser import text_string_to_metric_families

from robotrader.adapters.prometheus import ActorCollector
from supervision import Actor, ActorSystem, ChildSpec, Supervisor
from supervision.manage import which_children
from supervision.ref import ActorRef
from supervision.testing import ProbeActor
from tests.system.console import until


class Fragile(Actor):
    """Crashes on request."""

    runtime = "pool"

    def on_receive(self, message: Any) -> Any:
        if message == "crash":
            raise RuntimeError(message)
        return message


@pytest.fixture
def system() -> Iterator[ActorSystem]:
    made = ActorSystem("metrics")
    yield made
    made.close()


@pytest.fixture
def registry(system: ActorSystem) -> CollectorRegistry:
    made = CollectorRegistry()
    made.register(ActorCollector(system))
    return made


def read(registry: CollectorRegistry) -> dict[tuple[str, tuple[str, ...]], float]:
    """Samples by name and label values, as Prometheus' own parser reads the exposition."""
    text = generate_latest(registry).decode()
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def supervised(system: ActorSystem) -> Any:
    spec = ChildSpec(id="fragile", start=Fragile)
    return system.start(Supervisor([spec]), on="pool")


FRAGILE = (f"{Fragile.__module__}.Fragile",)


def test_a_crash_and_its_restart_are_counted_with_class_child_and_reason(
    system: ActorSystem, registry: CollectorRegistry
) -> None:
    sup = supervised(system)
    first: Any = which_children(sup)[0].child
    first.tell("crash")

    def replaced() -> bool:
        child = which_children(sup)[0].child
        return isinstance(child, ActorRef) and child is not first

    assert until(replaced, looks_s=0.01)
    samples = read(registry)
    assert samples["robotrader_actor_started_total", FRAGILE] == 2
    assert samples["robotrader_actor_crashed_total", FRAGILE] == 1
    assert samples["robotrader_actor_exits_total", (*FRAGILE, "Crash")] == 1
    assert samples["robotrader_actor_alive", FRAGILE] == 1
    restarts = ("fragile", "Crash", "Supervisor")  # by label: child, reason, supervisor
    assert samples["robotrader_supervisor_restarts_total", restarts] == 1
    assert samples["robotrader_supervisor_intensity_used", ("Supervisor",)] == 1


def test_messages_of_living_and_of_ended_actors_are_counted_once_each(
    system: ActorSystem, registry: CollectorRegistry
) -> None:
    first = system.start(Fragile(), on="pool")
    for number in range(100):
        assert first.ask(number) == number
    assert read(registry)["robotrader_actor_messages_handled_total", FRAGILE] == 100
    first.stop_now()
    second = system.start(Fragile(), on="pool")
    assert second.ask("one more") == "one more"
    samples = read(registry)
    assert samples["robotrader_actor_messages_handled_total", FRAGILE] == 101
    assert samples["robotrader_actor_handler_seconds_count", FRAGILE] >= 1


def test_a_full_mailbox_shows_by_depth_age_and_path(
    system: ActorSystem, registry: CollectorRegistry
) -> None:
    gate = system.start(ProbeActor(), on="thread")
    cell = gate.actor_inbox
    cell.scheduled = True  # its runtime is told nothing: messages stay where they are
    for number in range(7):
        gate.tell(number)
    samples = read(registry)
    assert samples["robotrader_actor_mailbox_depth", ("supervision.testing.ProbeActor",)] == 7
    assert samples["robotrader_actor_top_mailbox_depth", ("ProbeActor",)] == 7
    cell.scheduled = False
    cell.wake()
    assert gate.ask("flushed") is None
    assert ("robotrader_actor_top_mailbox_depth", ("ProbeActor",)) not in read(registry)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


class Server:
    """A real Prometheus that scrapes ``target`` and is asked over its own API."""

    def __init__(self, folder: Path, target: int) -> None:
        self.port = free_port()
        config = folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
            "scrape_configs:\n"
            "  - job_name: core\n"
            f"    static_configs: [{{targets: ['127.0.0.1:{target}']}}]\n"
        )
        self.process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._await_line(b"Server is ready")

    def _await_line(self, wanted: bytes) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if wanted in line:
                return
        msg = f"prometheus ended before it said {wanted!r}"
        raise AssertionError(msg)

    def query(self, expression: str) -> list[Any]:
        """Result of an instant query; repeated until there is one."""
        quoted = urllib.parse.quote(expression)
        while True:
            found = get(f"http://127.0.0.1:{self.port}/api/v1/query?query={quoted}")
            result: list[Any] = found["data"]["result"]
            if result:
                return result

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate()


@pytest.mark.skipif(not shutil.which("prometheus"), reason="no prometheus on this machine")
def test_a_real_prometheus_scrapes_the_counters_of_a_running_system(
    system: ActorSystem, registry: CollectorRegistry, tmp_path: Path
) -> None:
    ref = system.start(Fragile(), on="pool")
    for number in range(50):
        assert ref.ask(number) == number
    port = free_port()
    http, thread = start_http_server(port, "127.0.0.1", registry)
    server = Server(tmp_path, port)
    try:
        (row,) = server.query(
            f'robotrader_actor_messages_handled_total{{class="{FRAGILE[0]}"}} >= 50'
        )
        assert row["metric"]["job"] == "core"
        assert float(row["value"][1]) == 50
        (up,) = server.query("up")
        assert up["value"][1] == "1"
    finally:
        server.close()
        http.shutdown()
        http.server_close()
        thread.join()


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool on this machine")
def test_promtool_finds_nothing_wrong_with_the_exposition(
    system: ActorSystem, registry: CollectorRegistry
) -> None:
    supervised(system)
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=generate_latest(registry),
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stderr == b""
