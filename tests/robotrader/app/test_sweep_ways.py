"""Which way a sweep's combinations go: by the loop of signals, as callbacks, by the engine."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec
import pytest

from robotrader.__main__ import main
from robotrader.adapters.compiled import Loops
from robotrader.app.research_follow import Ran, Tally, agree
from robotrader.domain.errors import StrategyError
from robotrader.research import Callbacks, Figures, Trial, loop
from robotrader.strategies import StrategyHost
from tests.robotrader.app.research_kit import GRID, HERE, SMA, only_sweep, prices, results

PLAN = ("sweep", "run", "sma", *SMA, *GRID)


@pytest.fixture
def as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop as it is written: to compile it takes seconds, and ``make deep`` does."""
    made = Loops(loop.news, loop.run, 0.0)
    monkeypatch.setattr("robotrader.app.sweep_loop.compiled", lambda: made)


@pytest.mark.usefixtures("as_written")
def test_a_sweep_with_signals_goes_by_the_loop_with_the_same_bytes_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The loop and the engine keep the same lines; the best are the engine's, too."""
    given = prices(tmp_path / "prices", 2)
    for name, more in (("engine", ()), ("loop", ("--signals",))):
        options = (*given, *HERE, *more, "--data-dir", str(tmp_path / name / "data"))
        assert main([*PLAN, *options]) == 0
    out = capsys.readouterr().out
    assert results(tmp_path / "loop") == results(tmp_path / "engine")
    assert "7 by the compiled loop" in out
    assert "by the engine, too: every figure is the same" in out
    ways = json.loads((only_sweep(tmp_path / "loop") / "ways.json").read_text())
    assert (ways["looped"], ways["failed"], ways["engine"]) == (7, 2, {})
    assert len(ways["checked"]) == 3


@pytest.mark.usefixtures("as_written")
def test_what_the_loop_does_not_know_is_the_engines_and_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stop at a percentage of a price: half of the points have one."""
    given = prices(tmp_path / "prices", 2)
    points = ("--param", "fast=4,8", "--param", "slow=16", "--param", "stop_percent=5.0,10.0")
    options = (*given, *HERE, "--signals", "--data-dir", str(tmp_path / "data"))
    assert main(["sweep", "run", "sma", *SMA, *points, *options]) == 0
    ways = json.loads((only_sweep(tmp_path) / "ways.json").read_text())
    assert ways["engine"] == {"it computes with a price": 4}
    assert ways["looped"] == 0
    assert "4 by the engine: it computes with a price" in capsys.readouterr().out


def test_a_figure_of_the_loop_that_is_not_the_engines_is_an_error_that_says_which() -> None:
    """Who finds one is told which combination, which figure, and what to do."""
    figures = Figures(
        days=1, end_value=1.0, total_return=0.0, cagr=None, volatility=None, sharpe=1.0,
        sortino=None, calmar=None, max_drawdown=None, skew=None, kurtosis=None, trades=1,
        hit_rate=1.0, profit_factor=None, commissions=Decimal(1),
    )  # fmt: skip
    one = Trial(number=7, params={"fast": 3}, figures=figures)
    said = ("in the compiled loop", "sweep without --signals")
    assert agree([one], [one], *said) == (7,)
    other = msgspec.structs.replace(one, figures=msgspec.structs.replace(figures, end_value=2.0))
    with pytest.raises(StrategyError, match=r"trial 7 .*fast.*: end_value is 1\.0 and 2\.0"):
        agree([one], [other], *said)
    others = msgspec.structs.replace(one, returns=(0.5,))
    with pytest.raises(StrategyError, match=r"returns of days are others as callbacks .*--engine"):
        agree([one], [others], "as callbacks", "sweep with --engine")


def test_callbacks_are_followed_with_the_same_bytes_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without being asked for; ``--engine`` runs them all, as before."""
    given, out = prices(tmp_path / "prices", 2), ""
    for name, more in (("engine", ("--engine",)), ("callbacks", ())):
        options = (*given, *HERE, *more, "--data-dir", str(tmp_path / name / "data"))
        assert main([*PLAN, *options]) == 0
        out = capsys.readouterr().out
        assert ("7 followed without the engine" in out) == (name == "callbacks")
    assert "by the engine, too: every figure is the same" in out
    assert results(tmp_path / "callbacks") == results(tmp_path / "engine")
    ways = json.loads((only_sweep(tmp_path / "callbacks") / "ways.json").read_text())
    assert (ways["asked"], ways["looped"], ways["followed"]) == (False, 0, 7)
    assert ways["engine"] == {"it cannot be made with these parameters": 2}
    assert len(ways["checked"]) == 3
    ways = json.loads((only_sweep(tmp_path / "engine") / "ways.json").read_text())
    assert (ways["followed"], ways["engine"], ways["checked"]) == (0, {}, [])


THREE: Final = (
    "--set", 'strategy.sma.symbols=["KO", "PEP"]', "--set", 'universe.symbols=["KO", "PEP", "F"]',
    "--set", 'strategy.other.class="robotrader.strategies.momentum:Momentum"',
    "--set", "strategy.other.params={ lookback = 9, qty = 50 }",
    "--set", 'strategy.other.symbols=["F"]', "--set", "strategy.other.bar=1d",
    "--set", "strategy.other.enabled=true", "--set", "kill_switch.losses_max=5",
)  # fmt: skip
POINTS: Final = ("--param", "sma.fast=4:12:4", "--param", "sma.slow=16:24:8")


def test_callbacks_of_several_contracts_are_followed_with_the_same_bytes(tmp_path: Path) -> None:
    """Two strategies on three symbols, one account, its usual limits; by parts of time, too."""
    given = prices(tmp_path / "prices", 2, ("KO", "PEP", "F"))
    for name, more in (("engine", ("--engine",)), ("lanes", ())):
        own = (*given, *HERE, *more, "--data-dir", str(tmp_path / name / "data"))
        assert main(["sweep", "run", "sma", "other", *SMA, *THREE, *POINTS, *own]) == 0
    assert results(tmp_path / "lanes") == results(tmp_path / "engine")
    ways = json.loads((only_sweep(tmp_path / "lanes") / "ways.json").read_text())
    assert (ways["followed"], ways["engine"]) == (6, {})
    assert len(ways["checked"]) == 3


def test_a_sweep_whose_callbacks_the_engine_does_not_confirm_ends_with_an_error_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its trials are kept, and going on with it does not make them right."""
    real = Callbacks.figures

    def wrong(made: Callbacks, host: StrategyHost) -> Figures:
        return msgspec.structs.replace(real(made, host), trades=99)

    monkeypatch.setattr(Callbacks, "figures", wrong)
    options = (*prices(tmp_path / "prices", 2), *HERE, "--data-dir", str(tmp_path / "data"))
    assert main([*PLAN, *options]) != 0
    assert "trades is 99 and" in capsys.readouterr().err
    monkeypatch.undo()
    assert main(["sweep", "resume", *HERE, "--data-dir", str(tmp_path / "data")]) != 0
    said = capsys.readouterr().err
    assert "as callbacks and in the engine; sweep with --engine" in said


def test_what_cannot_be_followed_is_the_engines_and_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stop that rests in the market, and prices of more digits than are exact."""
    given = prices(tmp_path / "prices", 2)
    points = ("--param", "fast=4,8", "--param", "slow=16", "--param", "stop_percent=5.0,10.0")
    options = (*given, *HERE, "--data-dir", str(tmp_path / "data"))
    assert main(["sweep", "run", "sma", *SMA, *points, *options]) == 0
    ways = json.loads((only_sweep(tmp_path) / "ways.json").read_text())
    assert ways["engine"] == {"it wants more than market orders for whole shares": 4}
    assert "4 by the engine: it wants more than market orders" in capsys.readouterr().out


def test_reasons_are_counted_each_for_itself_up_to_a_dozen() -> None:
    tally, one = Tally(asked=True), Trial(number=7, params={})
    for each in range(30):
        assert tally.count(Ran(one, engine=f"reason {each % 15}")) is one
    found = tally.ways().engine
    assert len(found) == 13
    assert found["other reasons"] == 6
