"""A real program is started, killed, restarted, and given up when that is right (F13)."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from actors import GatewayActor, GatewayMemory, GatewayProgram, GatewayRoles, ProgramMemory
from actors.gateway_program import ProgramStart
from robotrader.adapters.event_loop import new_event_loop
from robotrader.domain import LinkChanged, LinkState
from robotrader.domain.errors import ConfigurationError
from robotrader.gateway import LaunchRules, LaunchState, LinkRules
from supervision import ActorSystem
from supervision.runtime.loop import LoopThread
from supervision.testing import ProbeActor, actor_of
from tests.actors.gateway_kit import wait_until
from tests.robotrader.adapters.ib.kit import SETTINGS

RULES = LaunchRules(adopt_s=0.1, grace_s=30.0, wedged_s=30.0, backoff_s=0.05, backoff_cap_s=0.1)
GATEWAY = (sys.executable, "-m", "tests.actors.gateway_program")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@contextmanager
def running() -> Iterator[tuple[ActorSystem, ProgramMemory]]:
    system, memory = ActorSystem("program test"), ProgramMemory()
    system.add_runtime(LoopThread(system, "broker", new_event_loop))
    try:
        yield system, memory
    finally:
        if memory.process is not None:
            memory.process.kill()
        system.close()


def test_a_killed_gateway_is_started_again_and_the_connection_comes_back(
    monkeypatch: Any,
) -> None:
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    port = free_port()
    with running() as (system, memory):
        orders, alerts = system.start(ProbeActor()), system.start(ProbeActor())
        program = system.start(
            GatewayProgram(ProgramStart((*GATEWAY, str(port)), RULES), alerts, memory, look_s=0.05)
        )
        settings = replace(
            SETTINGS,
            port=port,
            idle_s=2.0,
            answer_s=2.0,
            link=LinkRules(backoff_s=0.1, backoff_cap_s=0.2),
        )
        roles = GatewayRoles(orders, alerts, alerts, program)
        gateway = system.start(GatewayActor(settings, roles, GatewayMemory()))

        def ready_in(generation: int) -> bool:
            changes = [each for each in actor_of(orders).received if isinstance(each, LinkChanged)]
            last = changes[-1]
            return last.generation == generation and last.state is LinkState.READY

        wait_until(lambda: actor_of(orders).received and ready_in(1), 30)
        first = memory.process
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        wait_until(lambda: ready_in(2), 30)
        assert memory.process is not None
        assert memory.process.pid != first.pid
        assert actor_of(program).launcher.state is LaunchState.RUNNING
        assert actor_of(alerts).received == []
        gateway.stop()
        program.stop()
        assert memory.process.exit_code() is None  # it outlives us


def down() -> LinkChanged:
    return LinkChanged(LinkState.DOWN, 1, 0)


def test_f13_a_missing_program_is_one_alert_and_is_not_tried_again() -> None:
    with running() as (system, memory):
        alerts = system.start(ProbeActor())
        program = system.start(
            GatewayProgram(ProgramStart(("/nonexistent/ibc",), RULES), alerts, memory, look_s=0.01)
        )
        program.tell(down())
        message = actor_of(alerts).wait_for(lambda _: True)
        assert "/nonexistent/ibc" in message.text
        assert actor_of(program).launcher.state is LaunchState.NEEDS_HUMAN
        assert memory.process is None
        program.stop()


def test_f13_a_program_that_ends_at_once_is_given_up_after_three_starts() -> None:
    with running() as (system, memory):
        alerts = system.start(ProbeActor())
        command = (sys.executable, "-c", "raise SystemExit(3)")
        program = system.start(
            GatewayProgram(ProgramStart(command, RULES), alerts, memory, look_s=0.01)
        )
        program.tell(down())
        message = actor_of(alerts).wait_for(lambda _: True, 20)
        assert "ended 3 times" in message.text
        assert "exit code 3" in message.text
        assert len(actor_of(alerts).received) == 1
        program.stop()


def test_f14_a_second_factor_that_nobody_confirmed_is_not_asked_for_again() -> None:
    with running() as (system, memory):
        alerts = system.start(ProbeActor())
        start = ProgramStart((sys.executable, "-c", "raise SystemExit(1111 % 256)"), RULES)
        program = system.start(GatewayProgram(start, alerts, memory, look_s=0.01))
        program.tell(down())
        message = actor_of(alerts).wait_for(lambda _: True, 20)
        assert "second factor" in message.text
        assert actor_of(program).launcher.state is LaunchState.NEEDS_HUMAN
        program.stop()


def test_its_secrets_are_in_its_environment_and_one_that_is_missing_is_an_alert(
    tmp_path: Path,
) -> None:
    def missing() -> dict[str, str]:
        msg = "secret tws_password is nowhere"
        raise ConfigurationError(msg)

    said = tmp_path / "said"
    code = f"import os; open({str(said)!r}, 'w').write(os.environ['TWS_PASSWORD'])"
    for environ in (missing, lambda: {"TWS_PASSWORD": "x y"}):
        with running() as (system, memory):
            alerts = system.start(ProbeActor())
            start = ProgramStart((sys.executable, "-c", code), RULES, environ)
            program = system.start(GatewayProgram(start, alerts, memory, look_s=0.01))
            program.tell(down())
            message = actor_of(alerts).wait_for(lambda _: True, 20)
            assert ("nowhere" in message.text) is (environ is missing)
            program.stop()
    assert said.read_text() == "x y"
