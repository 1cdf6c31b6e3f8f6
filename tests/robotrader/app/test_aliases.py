"""freqtrade's commands are ours by other names: one table, no behaviour of their own."""

from __future__ import annotations

import re

import pytest

from robotrader.__main__ import _parser, main
from robotrader.app.aliases import ALIASES, epilog, known, translated

LISTED = (
    "new-strategy", "download-data", "backtesting", "hyperopt", "show-trades", "plot-profit",
    "show-config", "list-strategies", "trade",
)  # fmt: skip


def test_every_alias_is_a_command_of_ours_or_none_at_all() -> None:
    parser = _parser()
    there = known(parser)
    assert set(LISTED) <= set(ALIASES)
    assert {"backtesting", "list-strategies", "new-strategy", "show-config", "trade"} <= set(there)
    for name, words in there.items():
        with pytest.raises(SystemExit) as help_:
            parser.parse_args([*words, "--help"])
        assert help_.value.code == 0, name
        assert f"{name} ({' '.join(words)})" in epilog(there)
    for words in ALIASES.values():
        if words not in there.values():
            with pytest.raises(SystemExit):
                parser.parse_args([*words, "--help"])


@pytest.mark.parametrize("name", known(_parser()))
def test_an_alias_says_of_itself_what_its_command_says(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for words in ([name], ALIASES[name]):
        with pytest.raises(SystemExit):
            main([*words, "--help"])
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert said[0].startswith(f"usage: robotrader {' '.join(ALIASES[name])}")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("backtesting sma", "backtest run sma"),
        ("backtesting -s sma --timerange 20200101-20201231",
         "backtest run sma --from=2020-01-01 --to=2020-12-31"),
        ("backtesting --strategy=sma --timerange=20200101-", "backtest run sma --from=2020-01-01"),
        ("backtesting --timerange=-20201231", "backtest run --to=2020-12-31"),
        ("show-trades --strategy sma", "trades --strategy sma"),
        ("--json --conf trade list-strategies --quiet", "--json --conf trade strategy ls --quiet"),
        ("--set a=1 new-strategy dip", "--set a=1 strategy new dip"),
        ("backtest run trade", "backtest run trade"),
        ("strategy check backtesting", "strategy check backtesting"),
        ("run", "run"),
        ("", ""),
        ("backtesting -s", "backtest run "),
    ],
)  # fmt: skip
def test_only_the_command_is_another_word(typed: str, meant: str) -> None:
    got = translated(typed.split(), known(_parser()))
    assert got == re.split(" ", meant) if meant else not got


def test_a_list_of_strategies_comes_under_either_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list-strategies"]) == main(["strategy", "ls"]) == 0
    one, other = capsys.readouterr().out.strip().split("box  Breakout")[1:]
    assert one.split()[0] == other.split()[0] == "robotrader.strategies.breakout:Breakout"
