"""The real daily prices that packages carry."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from robotrader.adapters import bundled


def test_there_are_20_stocks_and_two_indices_with_known_numbers() -> None:
    by_symbol = {each.symbol: each for each in bundled.instruments()}
    assert len(by_symbol) == 22
    assert by_symbol["AAPL"].con_id == 265598
    assert by_symbol["SPX"].con_id == 416904
    assert len({each.con_id for each in by_symbol.values()}) == 22
    assert [name for name, each in by_symbol.items() if not each.tradable] == ["SPX", "COMP"]


def test_eight_numbers_are_ibkrs_and_the_others_are_above_900_million() -> None:
    known = {each.symbol for each in bundled.instruments() if each.con_id <= 900_000_000}
    assert known == {"AAPL", "AMD", "JPM", "KO", "MSFT", "WMT", "XOM", "SPX"}


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
    assert "for tests and examples only, not for trading" in apple.provenance.labels
    assert apple.provenance.last == apple.days[-1].day
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


def test_a_day_of_a_stock_opens_at_the_close_before_it_and_ends_near_its_extremes() -> None:
    days = bundled.load(["KO"])["KO"].days
    half_a_digit = 0.00005
    for before, day in pairwise(days):
        assert day.open == before.close
        assert day.high <= max(day.open, day.close) * 1.006 + half_a_digit
        assert day.low >= min(day.open, day.close) * 0.994 - half_a_digit
        assert 2_000_000 <= day.volume < 8_000_000


def test_what_is_drawn_for_a_stock_does_not_depend_on_what_else_is_loaded() -> None:
    assert bundled.load(["XOM", "KO"])["KO"].days == bundled.load(["KO"])["KO"].days


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


def load_without_site_packages(folder: Path) -> str:
    """The last line that a process says that finds msgspec and ``folder``, and no other package."""
    (folder / "msgspec").symlink_to(Path(msgspec.__file__).parent)
    root = Path(bundled.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-S", "-c", "from robotrader.adapters import bundled; bundled.load()"],
        env=os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{root}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_a_missing_package_is_an_error_that_says_what_to_install(tmp_path: Path) -> None:
    said = load_without_site_packages(tmp_path)
    assert said.endswith(
        "NoBundledData: package 'skfolio' is missing: pip install 'robotrader[data]'"
    )


def test_a_package_without_its_file_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "skfolio").mkdir()
    (tmp_path / "skfolio" / "__init__.py").touch()
    said = load_without_site_packages(tmp_path)
    assert "package 'skfolio' has no datasets/data/sp500_dataset.csv.gz" in said


def test_the_error_is_both_a_wrong_value_and_a_failed_lookup() -> None:
    assert issubclass(bundled.NoBundledData, ValueError)
    assert issubclass(bundled.NoBundledData, LookupError)
