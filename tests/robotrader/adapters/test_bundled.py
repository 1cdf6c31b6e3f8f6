"""The real daily prices that packages carry."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from robotrader.adapters import bundled


def test_there_are_20_stocks_and_two_indices_with_known_numbers() -> None:
    by_symbol = {each.symbol: each for each in bundled.instruments()}
    assert len(by_symbol) == 22
    assert by_symbol["AAPL"].con_id == 265598
    assert by_symbol["SPX"].con_id == 416904
    assert len({each.con_id for each in by_symbol.values()}) == 22
    assert [name for name, each in by_symbol.items() if not each.tradable] == ["SPX", "COMP"]


def check_digit(isin: str) -> bool:
    """Luhn's formula over the letters as numbers (ISO 6166)."""
    digits = [int(digit) for char in isin for digit in str(int(char, 36))]
    total = sum(
        sum(divmod(2 * digit, 10)) if index % 2 else digit
        for index, digit in enumerate(reversed(digits))
    )
    return total % 10 == 0


@pytest.mark.parametrize("isin", [each.isin for each in bundled.instruments() if each.isin])
def test_every_isin_has_its_check_digit(isin: str) -> None:
    assert len(isin) == 12
    assert check_digit(isin)


def test_the_prices_are_those_of_the_packages_and_say_what_was_made_up() -> None:
    series = bundled.load(["AAPL", "SPX"])
    apple, index = series["AAPL"], series["SPX"]
    assert (apple.days[0].day, apple.days[-1].day) == (date(1990, 1, 2), date(2022, 12, 28))
    assert apple.days[0].close == 0.264
    assert "open, high, low and volume synthetic" in str(apple.provenance)
    assert len(index.days) == 5031
    first = index.days[0]
    assert (first.open, first.high, first.low, first.close) == (
        1229.22998, 1248.810059, 1219.099976, 1228.099976,
    )  # fmt: skip
    assert index.provenance.labels == ()


def test_days_are_in_order_and_prices_inside_their_range() -> None:
    for series in bundled.load().values():
        days = [each.day for each in series.days]
        assert days == sorted(set(days))
        for each in series.days:
            assert 0 < each.low <= min(each.open, each.close)
            assert max(each.open, each.close) <= each.high


def test_an_unknown_symbol_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match="no bundled data for TSLA: there are AAPL, AMD"):
        bundled.load(["TSLA"])


def test_neither_pandas_nor_the_packages_are_imported() -> None:
    code = (
        "import sys; from robotrader.adapters import bundled; bundled.load();"
        "print([name for name in ('pandas', 'numpy', 'arch', 'skfolio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
