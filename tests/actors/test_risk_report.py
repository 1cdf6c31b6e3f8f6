"""What people are told of risk over the control socket, by the whole tree."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.control import ControlActor
from actors.history import HistoryRules
from actors.lives import Lives
from actors.say import AskCloses
from actors.tables import Known
from robotrader.adapters.event_loop import new_event_loop
from robotrader.app.control_client import ControlClient
from robotrader.domain import control
from robotrader.domain import control_risk as answers
from supervision.runtime.loop import LoopThread
from tests.actors.rig import ACCOUNT, SYMBOLS, Rig, running


def listens(path: Path) -> bool:
    """Whether somebody can be asked: a socket's file is there before anybody listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        return trial.connect_ex(str(path)) == 0


@contextmanager
def asked(rig: Rig, path: Path) -> Iterator[Any]:
    """A way to ask the running system, as the command line does."""
    rig.system.add_runtime(LoopThread(rig.system, "control", new_event_loop))
    symbols = {con_id: each.symbol for con_id, each in rig.trader.instruments.items()}
    known = Known(
        mode="sim", profile="test", account=ACCOUNT, config_hash="", version="0", pid=1,
        started_ns=time.time_ns(), symbols=symbols,
    )  # fmt: skip
    actor = rig.system.start(
        ControlActor(
            path=path,
            registry=rig.trader.registry,
            known=known,
            lives=Lives(rig.system),
            stop=lambda: None,
        )
    )
    rig.until(lambda: listens(path))
    try:
        with ControlClient(path, str(path.parent), deadline_s=5.0) as client:
            yield client.ask
    finally:
        actor.stop()
        rig.until(lambda: not path.exists())


def worth(known: Decimal | None) -> float:
    assert known is not None
    return float(known)


def test_exposure_tails_stress_and_limits_are_those_of_what_is_held(tmp_path: Path) -> None:
    with running(tmp_path, history=HistoryRules(least_days=20)) as rig:
        rig.ready()
        with asked(rig, tmp_path / "control.sock") as ask:
            nothing = ask(control.RiskVar(level=0.95))
            assert [(each.var, each.es) for each in nothing.tails] == [(0, 0)] * 3
            rig.trade("BUY", 100)
            rig.until(lambda: len(rig.ask("history", AskCloses()) or ()) == len(SYMBOLS))
            var = ask(control.RiskVar(level=0.95))
            assert isinstance(var, answers.VarAnswer)
            assert var.gross == var.net
            assert var.days >= 20
            normal = var.tails[1]
            assert 0 < (normal.var or 0) < (normal.es or 0) < worth(var.gross)
            stress = {each.name: each.profit for each in ask(control.RiskStress()).scenarios}
            assert stress["all prices fall 10 %"] == pytest.approx(-0.1 * worth(var.gross), 0.05)
            limits = {each.name: each for each in ask(control.RiskLimits()).limits}
            used = worth(limits["max_gross_usd"].used)
            assert used == pytest.approx(worth(var.gross), 0.05)
            assert limits["max_gross"].part == pytest.approx(used / worth(var.equity), 0.05)
            assert limits["max_open_positions"].used == 1
            assert ask(control.RiskSizes()).sizes == ()
