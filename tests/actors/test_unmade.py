"""A strategy that cannot be made stops nobody, and `status` and `actors` say so; a person or a new
process lets it go on. Over the control socket of the whole tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors import StrategyActor
from robotrader.app.building import _host
from robotrader.config import Strategy as Chosen
from robotrader.domain import Instrument, control, control_answers
from robotrader.domain.records import SuspensionChanged
from tests.actors.desk import CONTRACTS, Desk, flips
from tests.actors.rig import Exchange, Rig, running
from tests.actors.test_risk_report import asked

AAPL, KO = CONTRACTS.values()
FILE = """
from robotrader.strategies import Params, State, Strategy

class Own(Strategy[Params, State]):
    pass
"""
WRONG = {
    "import": FILE + "\nimport no_such_thing\n",
    "constructor": FILE + "\n    def __init__(self, params):\n        raise OSError('no model')\n",
    "exit": FILE + "\nraise SystemExit(3)\n",
}


def own(file: Path, **params: int) -> Callable[[Instrument], Any]:
    """What makes a strategy of a file, as the configuration does."""
    chosen = Chosen(class_=f"{file}:Own", symbols=("AAPL",), bar="5s", params={**params})
    return lambda instrument: lambda: _host("bad", chosen, "bad/AAPL", instrument)


@pytest.mark.parametrize("wrong", [*WRONG, "file", "parameter"])
def test_whatever_keeps_a_strategy_from_being_made_is_said_once_and_the_others_trade(
    tmp_path: Path, wrong: str
) -> None:
    file = tmp_path / "own.py"
    if wrong != "file":
        file.write_text(WRONG.get(wrong, FILE))
    made = own(file, **({"fats": 3} if wrong == "parameter" else {}))
    strategies = {1: {"bad/AAPL": made(AAPL), "s1": flips(1)}, 2: {"s2": flips(2)}}
    desk = Desk(tmp_path, 7, strategies=strategies, restarts=0)
    desk.run(60)
    (record,) = (each for each in desk.records() if isinstance(each, SuspensionChanged))
    assert record.strategy == "bad/AAPL"
    assert record.why.startswith("it cannot be made: ")
    assert ("fats" if wrong == "parameter" else "SystemExit" if wrong == "exit" else str(file)) in (
        record.why
    )
    assert {each.order.con_id for each in desk.broker.orders} == {1, 2}
    assert not desk.disagreements()
    desk.close()


def _strategy(rig: Rig) -> StrategyActor:
    found = [cell.actor for cell in list(rig.system.cells.values())]
    return next(each for each in found if isinstance(each, StrategyActor))


def _restarted(rig: Rig, ask: Any, restart: control.ActorRestart) -> None:
    before = _strategy(rig)
    assert isinstance(ask(restart), control_answers.Done)

    def again() -> bool:
        shown = [cell.actor for cell in list(rig.system.cells.values())]
        found = [each for each in shown if isinstance(each, StrategyActor)]
        return (
            bool(found)
            and found[0] is not before
            and (found[0]._host is not None or bool(found[0]._suspended))
        )

    rig.until(again)


def _paths(ask: Any) -> dict[str, Any]:
    return {each.path: each for each in ask(control.ActorsList()).actors}


def test_status_and_actors_name_it_and_a_restart_by_hand_lets_it_go_on(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(WRONG["constructor"])
    exchange = Exchange()
    apple = Instrument(con_id=265598, symbol="AAPL")
    strategies: dict[int, Any] = {apple.con_id: {"bad/AAPL": own(file)(apple)}}
    try:
        with running(tmp_path, exchange, strategies=strategies) as rig:
            rig.ready()
            rig.trader.registry.register("root", rig.root)
            with asked(rig, tmp_path / "control.sock") as ask:
                (row,) = rig.until(lambda: ask(control.Status()).suspended)
                assert row.strategy == "bad/AAPL"
                assert "OSError: no model" in row.why
                path = next(each for each in _paths(ask) if each.endswith("strategy/bad/AAPL"))
                shown = _paths(ask)[path]
                assert (shown.state, shown.why, shown.since_ns) == (
                    "suspended", row.why, row.since_ns
                )  # fmt: skip
                restart = control.ActorRestart(path="bad/AAPL", who="ann", reason="try again")
                _restarted(rig, ask, restart)
                assert ask(control.Status()).suspended, "nothing has been mended"
                file.write_text(FILE)
                _restarted(rig, ask, restart)
                rig.until(lambda: ask(control.Status()).suspended == ())
                assert _paths(ask)[path].state == "alive"
                lifted = control.JournalTail(
                    after=0, count=99, last=True, kinds=("SuspensionChanged",)
                )
                records = [each.fields for each in ask(lifted).records]
                assert {"who": "ann", "why": "try again"}.items() <= records[-1].items()
            file.write_text(WRONG["import"])
        with running(tmp_path, exchange, strategies=strategies) as rig:
            rig.until(lambda: _strategy(rig)._suspended)
            file.write_text(FILE)
        with running(tmp_path, exchange, strategies=strategies) as rig:
            rig.until(lambda: _strategy(rig)._host)
            assert not _strategy(rig)._suspended, "a new process has tried again"
    finally:
        exchange.stop()
