"""A strategy is loaded from a module or a file; whatever is wrong is named, with the remedy."""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robotrader.__main__ import main
from robotrader.adapters.loader import load, load_class, make_params
from robotrader.domain.errors import StrategyError
from robotrader.strategies import SmaCross, StrategyHost
from tests.robotrader.strategies.kit import AAPL, bars

SMA = "robotrader.strategies.sma_cross:SmaCross"
GOOD = """
from __future__ import annotations
from typing import Annotated
from msgspec import Meta
from robotrader.strategies import Params, State, Strategy

class Limits(Params, frozen=True):
    above: Annotated[float, Meta(gt=0)] = 100.0

class Memory(State):
    bought: bool = False

class BuyAbove(Strategy[Limits, Memory]):
    def on_bar(self, ctx, bar):
        if bar.close > self.params.above and not self.state.bought:
            self.state.bought = ctx.buy(10)

class Fussy(BuyAbove):
    def __init__(self, params):
        raise RuntimeError("not today")

not_a_strategy = 3
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    return path


def test_a_strategy_is_loaded_by_module_and_class() -> None:
    strategy = load(SMA, {"fast": 5, "slow": 20})
    assert isinstance(strategy, SmaCross)
    assert (strategy.params.fast, strategy.params.qty) == (5, 100)


def test_a_strategy_is_loaded_from_a_file_with_its_own_parameters_and_state(good: Path) -> None:
    strategy = load(f"{good}:BuyAbove", {"above": 5})
    assert strategy.params.above == 5.0
    strategy.state.bought = True
    other = load(f"{good}:BuyAbove")
    other.load(strategy.save())
    assert other.state.bought


def test_the_strategy_of_the_documentation_can_be_loaded(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "strategies.md"
    blocks = re.findall(r"(?s)```python\n(.*?)```", page.read_text("utf-8"))
    (code,) = [each for each in blocks if "class BuyAbove" in each]
    path = tmp_path / "shown.py"
    path.write_text(code)
    strategy = load(f"{path}:BuyAbove", {"above": 1})
    host = StrategyHost(strategy, name="shown", instrument=AAPL)
    (intent,) = host.bar(bars([100.0])[0]).intents
    assert (intent.qty, intent.legs[0].aux_price) == (Decimal(10), Decimal("95.00"))


def test_two_files_of_one_name_are_two_modules(good: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    second = tmp_path / "other" / "mine.py"
    second.write_text(GOOD.replace("100.0", "7.0"))
    assert load(f"{good}:BuyAbove").params.above == 100.0
    assert load(f"{second}:BuyAbove").params.above == 7.0


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("SmaCross", "write package.module:Class or /path/to/file.py:Class"),
        ("robotrader.strategies.sma_cros:SmaCross", "no module 'robotrader.strategies.sma_cros'"),
        ("robotrader.strategies.sma_cross:SmaCros", r"did you mean SmaCross\?"),
        ("robotrader.strategies.sma_cross:Annotated", "is not a strategy: derive the class"),
        ("{folder}/min.py:BuyAbove", r"no file .*min\.py \(did you mean mine\.py\?\)"),
        ("{folder}/no/such.py:BuyAbove", r"no file .*such\.py$"),
        ("{folder}/mine.py:BuyAbov", r"did you mean BuyAbove\?\); its strategies: BuyAbove, Fussy"),
        ("{folder}/mine.py:not_a_strategy", "is not a strategy"),
        ("{folder}/mine.py:Strategy", "is not a strategy"),
        ("{folder}/mine.py:Fussy", "cannot be made: RuntimeError: not today"),
    ],
)
def test_what_cannot_be_found_or_is_none_is_named(good: Path, where: str, message: str) -> None:
    with pytest.raises(StrategyError, match=message):
        load(where.format(folder=good.parent))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ndef broken(:\n", r"bad\.py:2: invalid syntax: def broken\(:"),
        ("x = 1\n\n1 / 0\n", r"bad\.py:3 cannot be loaded: ZeroDivisionError"),
        ("import no_such_module_at_all\n", r"bad\.py:1 cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_code_that_fails_is_named_with_its_line_and_leaves_no_module(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    before = set(sys.modules)
    with pytest.raises(StrategyError, match=message):
        load_class(f"{path}:Any")
    assert not {name for name in set(sys.modules) - before if name.startswith("robotrader")}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fats": 5}, r"no parameter 'fats' \(did you mean fast\?\); its parameters: fast, slow,"),
        ({"fast": 0}, "SmaCross: fast = 0: expected `int` >= 1"),
        ({"fast": "5"}, "SmaCross: fast = '5': expected `int`, got `str`"),
        ({"stop_percent": 100.0}, "stop_percent = 100.0: expected `float` < 100"),
        ({"fast": 30}, "fast 30 has to be less than slow 30"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_value_and_bounds(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(StrategyError, match=message):
        make_params(SmaCross, given)


def test_the_command_shows_a_strategy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategy", "show", SMA, "--param", "fast=5"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "SmaCross: warms up on 30 bars"
    assert shown[1] == "  fast = 5  (>= 1, <= 1000)"
    assert "  stop_percent = None  (> 0, < 100)" in shown


@pytest.mark.parametrize("param", ["fats=5", "fast", "fast=0", "fast=x"])
def test_the_command_says_what_is_wrong_in_one_line(
    param: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["strategy", "show", SMA, "--param", param]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert param.partition("=")[0] in shown.err
