"""Commands that ask a running system, against the real control socket with scripted answers."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from robotrader.__main__ import main
from robotrader.app import operate_cli
from robotrader.domain import control, control_answers
from robotrader.domain.control_answers import RunState
from robotrader.domain.errors import OrderError
from tests.robotrader.domain import answers as examples
from tests.robotrader.served import Script, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
COMMANDS: list[tuple[str, type, str]] = [
    ("status", control.Status, "PAPER DU1234567"),
    ("status", control.Status, "suspended"),
    ("top --times 1", control.ActorsList, "/trading/symbol-AAPL"),
    ("actors ls", control.ActorsList, "/trading/symbol-AAPL"),
    ("actors tree", control.ActorsList, "symbol-AAPL running"),
    ("actors show /trading/symbol-AAPL", control.ActorsList, "ValueError: no price"),
    ("actors show symbol-AAPL", control.ActorsList, "incarnation 3"),
    ("actors restart /trading/symbol-AAPL --reason stuck", control.ActorRestart, "restarts"),
    ("breakers ls", control.Breakers, "gateway"),
    ("orders", control.Orders, "rt1-7-12"),
    ("positions", control.Positions, "275.00"),
    ("trades --from 2026-11-20 --to 2026-11-21T10:00:00-05:00", control.Trades, "190.05"),
    ("pnl weekly", control.Pnl, "-12.5"),
    ("account", control.Account, "NetLiquidation"),
    ("reconcile", control.Reconcile, "agree"),
    ("risk limits", control.RiskLimits, "25.0%"),
    ("risk limits", control.RiskLimits, "configured"),
    ("risk set max_gross 1 --reason calmer", control.RiskSet, "no looser"),
    ("risk var", control.RiskVar, "294.30"),
    ("risk stress", control.RiskStress, "-1.0%"),
    ("risk check buy 100 aapl --limit 190", control.RiskCheck, "19,000 USD is above"),
    ("risk size", control.RiskSizes, "Kelly 0.25 of 40 trades"),
    ("kill --level flatten --reason test --yes", control.Kill, "flatten in all"),
    ("resume --reason over", control.Resume, "the switch is off"),
    ("checkin", control.CheckIn, "due within 60 s"),
    ("gateway confirm", control.GatewayConfirmed, "connecting now"),
    ("stop --drain 5s", control.Stop, "stopping"),
    ("journal tail", control.JournalTail, "OrderAcked"),
    ("journal query --kind OrderAcked --match rt1-7-12", control.JournalTail, "OrderAcked"),
]


class System:
    """A served data directory, and the command line on it."""

    def __init__(self, folder: Path, script: Script) -> None:
        self.folder, self.script = folder, script

    def __call__(self, line: str) -> int:
        return main([*line.split(), "--set", f"data_dir={self.folder}"])

    def requests(self) -> list[Any]:
        return [request for request, _ in self.script.asked]


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    monkeypatch.chdir(tmp_path)
    script = Script(*examples.ALL.items())
    with serving(tmp_path / "control.sock", script):
        yield System(tmp_path, script)


@pytest.mark.parametrize(("line", "kind", "wanted"), COMMANDS, ids=[c[0] for c in COMMANDS])
def test_a_command_asks_its_question_and_shows_the_answer(
    system: System, capsys: pytest.CaptureFixture[str], line: str, kind: type, wanted: str
) -> None:
    assert system(line) == 0
    out, err = capsys.readouterr()
    assert wanted in out
    assert err == ""
    assert {type(request) for request in system.requests()} == {kind}


@pytest.mark.parametrize(("line", "kind", "_"), COMMANDS, ids=[c[0] for c in COMMANDS])
def test_json_is_the_answer_itself(
    system: System, capsys: pytest.CaptureFixture[str], line: str, kind: type, _: str
) -> None:
    assert system(f"{line} --json") == 0
    answer = msgspec.json.decode(capsys.readouterr().out, type=control_answers.Answer)
    expected = examples.ALL[kind]
    if isinstance(expected, control_answers.ActorsAnswer):
        assert isinstance(answer, control_answers.ActorsAnswer)
        assert set(answer.actors) <= set(expected.actors)
    else:
        assert answer == expected


@pytest.mark.parametrize("line", [c[0] for c in COMMANDS] + ["healthcheck"])
def test_without_a_system_the_command_that_starts_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    assert main([*line.split(), "--set", f"data_dir={tmp_path}"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert f"no system is running in {tmp_path}: start it with `robotrader run`" in err
    assert err.count("\n") == 1


def test_a_refusal_is_exit_status_3(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    system.script.answers[control.Resume] = OrderError("the day's loss limit is still exceeded")
    assert system("resume --reason please") == 3
    assert "loss limit is still exceeded" in capsys.readouterr().err


def test_a_failure_is_exit_status_1(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    system.script.answers[control.Account] = KeyError("inside")
    assert system("account") == 1
    assert "inside" not in capsys.readouterr().err


def test_differences_with_the_broker_are_exit_status_4(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    difference = control_answers.BreakRow(
        kind="position", key="AAPL", ours="100", broker="90", since_ns=examples.NOW, advice="wait"
    )
    system.script.answers[control.Reconcile] = control_answers.ReconcileAnswer(
        clean=False, at_ns=examples.NOW, breaks=(difference,)
    )
    assert system("reconcile") == 4
    assert "1 differences" in capsys.readouterr().out


def test_a_kill_shows_what_it_would_do_and_does_nothing_unless_confirmed(
    system: System, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("no\n"))
    assert system("kill --level flatten --reason test") == 3
    assert [(type(r), getattr(r, "preview", None)) for r in system.requests()] == [
        (control.Kill, True),
        (control.Status, None),
    ]
    out, err = capsys.readouterr()
    assert "1 orders to cancel, 1 positions to close" in out
    assert "nothing was done" in err


@pytest.mark.parametrize(
    "case",
    [
        (False, "live", "", 0),
        (True, "paper", "yes", 0),
        (True, "paper", "no", 3),
        (True, "live", "yes", 3),
        (True, "live", "LOOSEN 4567", 0),
    ],
)
def test_a_limit_is_tightened_at_once_and_loosened_after_a_question(
    system: System, monkeypatch: pytest.MonkeyPatch, case: tuple[bool, str, str, int]
) -> None:
    loosens, mode, typed, expected = case
    system.script.answers[control.Status] = msgspec.structs.replace(examples.STATUS, mode=mode)
    shown = msgspec.structs.replace(examples.ALL[control.RiskSet], loosens=loosens)
    system.script.answers[control.RiskSet] = shown
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert system("risk set max_gross 0.9 --reason calmer") == expected
    asked = [r.preview for r in system.requests() if isinstance(r, control.RiskSet)]
    assert asked == ([True, False] if expected == 0 else [True])


@pytest.mark.parametrize("value", ["nan", "-1", "ten", "1,000", ""])
def test_a_malformed_limit_asks_nothing(system: System, value: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(["risk", "set", "max_gross", "--reason", "x", "--", value])
    assert end.value.code == 2
    assert system.requests() == []


@pytest.mark.parametrize(
    ("mode_and_level", "typed", "expected"),
    [
        ("paper flatten", "yes", 0),
        ("live pause", "yes", 0),
        ("live flatten", "yes", 3),
        ("live flatten", "FLATTEN 9999", 3),
        ("live flatten", "FLATTEN 4567", 0),
        ("live cancel", "CANCEL 4567", 0),
        ("paper pause", "", 3),
    ],
)
def test_real_money_needs_the_accounts_last_digits(
    system: System, monkeypatch: pytest.MonkeyPatch, mode_and_level: str, typed: str, expected: int
) -> None:
    mode, level = mode_and_level.split()
    system.script.answers[control.Status] = msgspec.structs.replace(examples.STATUS, mode=mode)
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert system(f"kill --level {level} --reason test") == expected
    kills = [r for r in system.requests() if isinstance(r, control.Kill)]
    assert [r.preview for r in kills] == [True] + [False] * (expected == 0)
    assert len({r.key for r in kills}) == len(kills)


def test_a_kill_carries_who_why_and_a_key_that_is_never_the_same(system: System) -> None:
    for _ in range(2):
        assert system("kill --level reduce --scope symbol:KO --reason r --yes") == 0
    one, other = system.requests()
    assert (one.level, one.scope, one.reason) == ("reduce", "symbol:KO", "r")
    assert one.who
    assert one.key != other.key


def test_what_a_kill_could_not_do_is_exit_status_1(system: System) -> None:
    system.script.answers[control.Kill] = control_answers.KillAnswer(
        preview=False, level="flatten", scope="all", cancels=(), closes=(), cannot=("AAPL: halted",)
    )
    assert system("kill --level flatten --reason r --yes") == 1


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"state": RunState.SAFE}, "the system is safe"),
        ({"link": "down", "link_why": "refused"}, "the link is down: refused"),
        ({"reconciled": False}, "not reconciled"),
        ({"feeds_fresh": 3}, "1 of 4 feeds are stale"),
    ],
)
def test_health_is_what_trading_needs(
    system: System, capsys: pytest.CaptureFixture[str], change: dict[str, Any], wrong: str
) -> None:
    assert system("healthcheck") == 0
    system.script.answers[control.Status] = msgspec.structs.replace(examples.STATUS, **change)
    assert system("healthcheck") == 4
    assert system("healthcheck --json") == 4
    out = capsys.readouterr().out
    assert wrong in out
    assert json.loads(out.splitlines()[-1])["healthy"] is False


def test_an_announced_restart_is_healthy(system: System) -> None:
    system.script.answers[control.Status] = msgspec.structs.replace(
        examples.STATUS, link="restart_window", reconciled=False, feeds_fresh=0
    )
    assert system("healthcheck") == 0


def test_what_is_not_known_is_not_shown_as_a_number(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    system.script.answers[control.Status] = msgspec.structs.replace(
        examples.STATUS, net_liquidation=None, last_message_ns=None
    )
    assert system("status") == 0
    out = capsys.readouterr().out
    assert "— USD" in out
    assert "last message — ago" in out


def test_a_text_from_elsewhere_cannot_steer_the_terminal(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    row = msgspec.structs.replace(examples.ORDER, why="\x1b[2J\x07[bold]x\r\n\u202e")
    system.script.answers[control.Orders] = control_answers.OrdersAnswer(orders=(row,))
    assert system("orders --no-color") == 0
    out = capsys.readouterr().out
    assert not set("\x1b\x07\r\u202e") & set(out)
    assert "[bold]x" in out


def test_watching_asks_again_until_it_is_told_to_end(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    assert system("status --watch --interval 0.01 --times 3") == 0
    assert len(system.requests()) == 3
    assert capsys.readouterr().out.count("PAPER") == 3


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("trades --from 2026-11-20T10:00:00", 2),
        ("trades --from yesterday", 2),
        ("trades --from 2026-11-21 --to 2026-11-20", 2),
        ("status --set risk.max_gros=1", 2),
        ("status --conf nowhere", 2),
        ("actors show /nobody", 3),
    ],
)
def test_a_wrong_question_is_not_asked(
    system: System, capsys: pytest.CaptureFixture[str], line: str, status: int
) -> None:
    assert system(line) == status
    assert capsys.readouterr().err.startswith("robotrader: ")


@pytest.mark.parametrize(
    "line", ["kill --reason", "kill --level panic --reason r", "pnl hourly", "orders -x", "actors"]
)
def test_a_wrong_command_is_a_usage_error(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2
    assert "usage: robotrader" in capsys.readouterr().err


def test_common_options_stand_before_or_after_the_command(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    setting = f"data_dir={system.folder}"
    assert main(["--json", "--set", setting, "positions"]) == 0
    before = capsys.readouterr().out
    assert main(["positions", "--set", setting, "--json"]) == 0
    assert capsys.readouterr().out == before


def test_a_kill_needs_no_valid_configuration(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files that are being edited must not stand between an operator and the switch."""
    (system.folder / "conf").mkdir()
    (system.folder / "conf" / "risk.toml").write_text("[risk\n")
    kill = ["kill", "--level", "flatten", "--reason", "r", "--yes"]
    assert main(kill) == 2
    assert "--data-dir DIR asks the system in DIR without" in capsys.readouterr().err
    assert main([*kill, "--data-dir", str(system.folder)]) == 0
    assert len(system.requests()) == 1


def test_an_interrupted_watch_is_exit_status_130(system: System) -> None:
    command = [sys.executable, "-m", "robotrader", "status", "--watch", "--interval", "60"]
    process = subprocess.Popen(
        [*command, "--set", f"data_dir={system.folder}"],
        cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(2)
    process.communicate(timeout=20)
    assert process.returncode == 130


def test_amounts_are_shown_to_the_last_digit() -> None:
    from robotrader.app import tables

    assert tables.clean(Decimal("1E+3")) == "1000"
    assert tables.clean(Decimal("0.10")) == "0.10"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.25, "250 ms"), (12.5, "12.5 s"), (192.0, "3.2 min"), (18_000.0, "5.0 h"), (None, "—")],
)
def test_ages_have_the_unit_that_fits(seconds: float | None, expected: str) -> None:
    from robotrader.app import tables

    assert tables.age(seconds) == expected


def test_a_day_begins_at_midnight_utc() -> None:
    assert operate_cli.moment("2026-11-21").isoformat() == "2026-11-21T00:00:00+00:00"
