"""``reconcile --fix`` against the real control socket with scripted answers."""

from __future__ import annotations

import io
import json
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest

from robotrader.domain import control
from robotrader.domain.control_answers import Answer, Done, Refused
from tests.robotrader.app.test_operate_cli import System, system
from tests.robotrader.domain import answers as examples

if TYPE_CHECKING:
    from robotrader.adapters.control_socket import Peer
    from robotrader.domain.control import Request
    from tests.robotrader.served import Script

__all__ = ["system"]
FIX = "reconcile --fix aapl --reason statement"


@pytest.fixture
def fixing(system: System, monkeypatch: pytest.MonkeyPatch) -> System:
    """A system that accepts positions: the two answers of one request differ."""
    script: type[Script] = type(system.script)
    plain = script.__call__

    async def answer(self: Script, request: Request, peer: Peer) -> Answer:
        said = await plain(self, request, peer)
        accepts = isinstance(request, control.Adopt) and not request.preview
        return Done(text="AAPL is 60 shares") if accepts else said

    monkeypatch.setattr(script, "__call__", answer)
    return system


def adopts(at: System) -> list[control.Adopt]:
    return [each for each in at.requests() if isinstance(each, control.Adopt)]


@pytest.mark.parametrize(
    "case",
    [
        ("paper", "yes", 0),
        ("paper", "", 3),
        ("live", "yes", 3),
        ("live", "FIX 9999", 3),
        ("live", "FIX 4567", 0),
    ],
)
def test_it_shows_both_sides_and_asks_real_money_for_the_accounts_digits(
    fixing: System,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: tuple[str, str, int],
) -> None:
    mode, typed, expected = case
    fixing.script.answers[control.Status] = msgspec.structs.replace(examples.STATUS, mode=mode)
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert fixing(FIX) == expected
    assert "the broker's 60 AAPL would be accepted in place of 100" in capsys.readouterr().out
    assert [each.preview for each in adopts(fixing)] == [True] + [False] * (expected == 0)


def test_what_is_sent_is_what_was_shown(fixing: System, capsys: pytest.CaptureFixture[str]) -> None:
    assert fixing(f"{FIX} --yes --json") == 0
    assert json.loads(capsys.readouterr().out)["text"] == "AAPL is 60 shares"
    look, done = adopts(fixing)
    assert (look.ours, look.broker) == (None, None)
    assert (done.ours, done.broker) == (Decimal(100), Decimal(60))
    assert (done.symbol, done.reason, done.key) == ("AAPL", "statement", look.key)
    assert done.who


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("reconcile --fix AAPL", "--fix needs --reason"),
        ("reconcile --reason why", "go with --fix"),
        ("reconcile --yes", "go with --fix"),
    ],
)
def test_options_that_do_not_go_together_are_usage_errors(
    fixing: System, capsys: pytest.CaptureFixture[str], line: str, wrong: str
) -> None:
    assert fixing(line) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert wrong in err
    assert fixing.requests() == []


def test_a_refusal_is_said_and_is_exit_status_3(
    fixing: System, capsys: pytest.CaptureFixture[str]
) -> None:
    why = "AAPL is not halted: there is nothing to accept"
    fixing.script.answers[control.Adopt] = Refused(code="not_halted", why=why)
    assert fixing(f"{FIX} --yes") == 3
    assert why in capsys.readouterr().err
    assert [each.preview for each in adopts(fixing)] == [True]
