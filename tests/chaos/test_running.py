"""``robotrader chaos`` on real processes: what it breaks comes back, and the report says so."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from robotrader.app.control_client import ControlClient
from robotrader.chaos import Line, Report
from robotrader.config import log_folder
from robotrader.domain import control
from robotrader.domain.errors import RoboTraderError
from tests.chaos.kit import ROOT, Broken, breakable, scenario
from tests.system.kit import until

pytestmark = pytest.mark.timeout(300)

HOLDS = "[hypothesis]\nready_within_s = 60\n"


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    with breakable(tmp_path_factory.mktemp("chaos")) as running:
        running.ready()
        running.trades_on()
        yield running


def measured(report: Report) -> dict[str, Line]:
    return {line.what: line for line in report.lines}


def sound(report: Report, said: str) -> None:
    """Every line was measured and holds; the two sides were really compared."""
    assert report.holds, [line for line in report.lines if not line.holds] + [said]
    lines = measured(report)
    assert lines["both sides agree"].measured == "0 differences"
    assert not lines["one order of each intent"].measured.startswith("0 orders")
    assert not lines["every execution is booked once"].measured.startswith("0 executions")


def logged(one: Broken) -> str:
    return "".join(each.read_text() for each in Path(log_folder(one.resolved.config)).iterdir())


def test_the_link_drops_and_an_actor_is_poisoned_and_trading_goes_on(
    one: Broken, tmp_path: Path
) -> None:
    text = HOLDS + 'trades_within_s = 60\ncore_restarts_max = 0\n[[fault]]\ndo = "link"\n'
    text += 'toxic = "down"\nfor_s = 1\n'
    text += '[[fault]]\nat_s = 6\ndo = "poison"\npath = "/desk/account"\n'
    report, said = one.chaos(scenario(tmp_path, 'title = "both"\n' + text))
    sound(report, said)
    assert "blast radius" in said
    assert said.index("blast radius") < said.index(" s  link toxic=down")
    down, poison = report.recoveries
    assert down.noticed_s is not None
    assert down.ready_s is not None
    assert down.ready_s >= 1.0
    assert poison.trades_s is not None
    rows = until(lambda: one.ask(control.ActorsList(under="/desk"))).actors
    account = next(row for row in rows if row.path == "/desk/account")
    assert "PoisonPill" in account.last_crash
    assert int(measured(report)["no acknowledged intent is lost"].measured.split()[0]) > 0
    until(lambda: "objects of garbage freed" in logged(one), said=lambda: logged(one)[-2_000:])


def test_kill_minus_9_of_the_core_is_survived_with_nothing_lost(
    one: Broken, tmp_path: Path
) -> None:
    text = HOLDS + 'core_restarts_max = 1\n[[fault]]\nat_s = 1\ndo = "kill-core"\n'
    pid = one.ready().pid
    report, said = one.chaos(scenario(tmp_path, 'title = "kill"\n' + text))
    sound(report, said)
    assert one.ready().pid != pid
    assert measured(report)["the core was replaced"].measured == "1 times"
    (felt,) = report.recoveries
    assert felt.noticed_s is not None
    assert felt.answers_s is not None
    assert 0 < felt.answers_s <= (felt.ready_s or 0)
    kept = one.say("chaos", "report", "own")
    assert kept.returncode == 0
    assert "| kill-core |" in kept.stdout
    assert stat.S_IMODE((Path(one.resolved.config.data_dir) / "chaos").stat().st_mode) == 0o700


def test_every_strike_is_in_the_journal_with_who_did_it(one: Broken, tmp_path: Path) -> None:
    text = HOLDS + '[[fault]]\ndo = "fill-disk"\nfor_s = 2\n'
    report, said = one.chaos(scenario(tmp_path, 'title = "disk"\n' + text, "full"))
    sound(report, said)
    query = control.JournalTail(after=0, count=5_000, last=True, kinds=("OperatorActed",))
    commands = [row.fields["command"] for row in one.ask(query).records]
    assert any(each.startswith("chaos full: begins: fill-disk for_s=2") for each in commands)
    assert "chaos full: fill-disk for_s=2" in commands


def test_while_the_disk_is_full_nothing_is_sent(one: Broken) -> None:
    one.ready()
    one.trades_on()
    asked = control.Chaos(who="test", scenario="test", what=control.Damage.DISK, path="", for_s=60)
    assert one.ask(asked).text.startswith("disk")
    tip = one.ask(control.JournalTail(after=0, count=1, last=True)).tip
    begun = one.venue.say(do="time")
    refs = until(lambda: one.venue.say(do="time") > begun + 120 * 10**9 and one.venue.refs())
    again = one.ask(control.JournalTail(after=0, count=1, last=True)).tip
    assert again == tip, "two minutes of the market, and no record: nothing could be decided"
    clear = control.Chaos(who="test", scenario="test", what=control.Damage.CLEAR, path="")
    assert one.ask(clear).text == "nothing is broken on purpose any more"
    until(lambda: one.venue.refs() != refs, said=one.status)
    one.agrees()


def kept(one: Broken) -> list[str]:
    query = control.JournalTail(after=0, count=5_000, last=True, kinds=("OperatorActed",))
    return [row.fields["command"] for row in one.ask(query).records]


def test_who_acts_is_answered_once_the_journal_has_it_however_slow_it_is(one: Broken) -> None:
    one.ready()
    slow = control.Chaos(
        who="test", scenario="test", what=control.Damage.SLOW, path="/journal",
        by_s=0.2, for_s=20,
    )  # fmt: skip
    one.ask(slow)
    for command, request in (
        ("check in", control.CheckIn(who="slow")),
        ("gateway confirm", control.GatewayConfirmed(who="slow")),
    ):
        before = kept(one).count(command)
        assert one.ask(request).text
        assert kept(one).count(command) == before + 1
    one.ask(control.Chaos(who="test", scenario="test", what=control.Damage.CLEAR, path=""))


def test_what_the_journal_cannot_write_is_not_said_to_be_noted(one: Broken) -> None:
    one.ready()
    before = kept(one).count("check in")
    one.ask(control.Chaos(who="test", scenario="test", what=control.Damage.DISK, path="", for_s=60))
    with (
        ControlClient.of(one.resolved.config) as client,
        pytest.raises(RoboTraderError, match="has not written it down: check in again"),
    ):
        client.ask(control.CheckIn(who="full"))
    confirmed = one.ask(control.GatewayConfirmed(who="full"))
    assert confirmed.text.endswith("has not written down who asked"), "and connects all the same"
    assert kept(one).count("check in") == before
    killed = one.say("kill", "--reason", "a full disk", "--yes")
    assert killed.returncode == 1
    assert killed.stderr.startswith("robotrader: the switch is in force but not durable: ")
    assert "NOT DURABLE: make room on the disk" in one.say("status").stdout
    one.ask(control.Chaos(who="test", scenario="test", what=control.Damage.CLEAR, path=""))
    until(lambda: one.ask(control.CheckIn(who="room")))
    assert kept(one).count("check in") > before
    until(lambda: "NOT DURABLE" not in one.say("status").stdout)
    assert "pause in all" in one.say("status").stdout
    resumed = one.say("resume", "--reason", "there is room")
    assert "still tripped: nothing" in resumed.stdout, resumed.stderr


@pytest.mark.deep
def test_a_run_is_stopped_and_what_it_broke_is_whole_again(one: Broken, tmp_path: Path) -> None:
    one.ready()
    text = HOLDS + '[[fault]]\ndo = "link"\ntoxic = "stall"\nfor_s = 600\n'
    words = one.command("chaos", "run", scenario(tmp_path, 'title = "long"\n' + text), "--json")
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as run:
        assert run.stderr is not None
        until(lambda: " s  link toxic=stall" in run.stderr.readline())  # type: ignore[union-attr]
        second = one.say("chaos", "run", "core-kill")
        assert second.returncode == 75, second.stderr
        stopped = one.say("chaos", "stop")
        assert stopped.stdout.startswith(f"process {run.pid} ends its run")
        answer, _ = run.communicate(timeout=120)
    assert run.returncode == 1
    assert json.loads(answer)["stopped"] == "by `robotrader chaos stop`"
    one.ready()
    one.trades_on()


def test_strikes_that_cannot_be_made_fail_the_run_and_are_named(
    one: Broken, tmp_path: Path
) -> None:
    faults = (
        'do = "kill-actor"\npath = "/desk/nobody"\n',
        'do = "hang-actor"\npath = "/desk"\nfor_s = 1\n',
        'do = "gateway"\nprogram = "Z9"\n',
    )
    one.ready()
    text = "".join(f"[[fault]]\n{each}" for each in faults)
    report, _ = one.chaos(scenario(tmp_path, f'title = "t"\n{HOLDS}{text}'))
    assert not report.holds
    said = ("no actor /desk/nobody", "/desk is a supervisor", "no fault program 'Z9'")
    assert all(word in why for word, why in zip(said, report.refused, strict=True))
    assert report.recoveries == ()


@pytest.mark.deep
def test_a_system_that_is_not_steady_is_left_alone(one: Broken) -> None:
    status = one.ready()
    link(one, {"toxics": [{"kind": "down"}], "for_s": 60})
    until(lambda: not one.status().reconciled)
    done = one.say("chaos", "run", "core-kill")
    link(one, {"toxics": [], "for_s": 0})
    assert done.returncode == 4
    assert "not steady within 20 s, nothing was done" in done.stderr
    assert one.ready().pid == status.pid


def link(one: Broken, asked: object) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.connect(str(Path(one.resolved.config.data_dir) / "chaos.sock"))
        sock.sendall(json.dumps(asked).encode() + b"\n")
        with sock.makefile() as lines:
            assert "ok" in json.loads(lines.readline())
