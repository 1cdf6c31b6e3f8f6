"""In the running system the gate takes over what is new while nobody wants to order."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from robotrader.risk import Gate
from tests.actors.rig import running


def test_what_a_trade_and_its_prices_change_is_settled_on_the_gates_thread_when_it_is_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[str] = []
    settle = Gate.settle

    def counted(gate: Gate) -> bool:
        pieces.append(threading.current_thread().name)
        return settle(gate)

    monkeypatch.setattr(Gate, "settle", counted)
    with running(tmp_path) as rig:
        rig.ready()
        rig.trade("BUY", 10)
        rig.until(lambda: pieces)
        assert {*pieces} == {"broker"}
        rig.trade("SELL", 10)
        rig.until(rig.agrees)
