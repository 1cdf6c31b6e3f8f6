"""The page of a run: whole, self-contained, and with no figure that is not the report's."""

from __future__ import annotations

import math
from datetime import date, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from robotrader.app.backtest_tables import full
from robotrader.backtest import Report, Standstill, report_of_run, tearsheet
from robotrader.backtest.tearsheet.parts import dollars
from robotrader.backtest.tearsheet.svg import Line, histogram, line_chart
from tests.robotrader.backtest.test_engine import flat, host, run
from tests.robotrader.strategies.kit import AAPL

VALUES = st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=3_000)
VOID = {"meta", "br"}


class Tags(HTMLParser):
    """Whether every tag that is opened is closed, and what the page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.refers: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.refers += [f"{name}={value}" for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def report(name: str = "a run", provenance: tuple[str, ...] = ("AAPL: own",)) -> Report:
    prices = (10.0, 11.0, 12.0, 11.0, 9.0, 12.0)
    result, _ = run({AAPL.con_id: flat(*prices)}, host({0: ("buy", 10), 3: ("close", 0)}))
    return report_of_run(
        result, name=name, config_hash="c", provenance=provenance, seconds=(1.0, 1.0),
        benchmark=(0.01,), benchmark_name="held",
    )  # fmt: skip


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    tags.close()
    return tags


def test_a_page_is_whole_and_needs_nothing_from_anywhere() -> None:
    page = tearsheet(report())
    tags = read(page)
    assert tags.open == []
    assert tags.refers == []
    assert "<script" not in page
    assert "http" not in page


def test_figures_are_the_reports_and_unknown_ones_are_dashes() -> None:
    made = report()
    text = " ".join(read(tearsheet(made)).text)
    assert f"{made.summary.end_value:,.2f}" in text
    assert made.summary.sharpe is None, "one day has no ratio"
    assert "—" in text
    assert "None" not in text
    assert "nan" not in text


def test_synthetic_prices_are_said_first_and_a_strangers_text_stays_text() -> None:
    page = tearsheet(report("<b>x", ("AAPL: volume synthetic & drawn",)))
    assert page.index("synthetic") < page.index('<div class="cards">')
    assert "&lt;b&gt;x" in page
    assert "<b>x" not in page


def test_who_chose_the_close_is_told_what_that_does() -> None:
    made = msgspec.structs.replace(report(), fill="close")
    assert "which flatters" in tearsheet(made)


@given(VALUES)
@example([0.0, 5e-324])
@example([5e-324, 5e-324])
def test_a_line_is_drawn_inside_and_keeps_its_extremes(values: list[float]) -> None:
    days = [date(2020, 1, 1) + timedelta(days=at) for at in range(len(values))]
    chart = line_chart("t", days, [Line("a", "one", tuple(values))], str)
    svg = ET.fromstring(chart).find("svg")
    assert svg is not None
    (path,) = [each for each in svg.iter("path") if each.get("class") == "line one"]
    points = [tuple(map(float, each.split(","))) for each in str(path.get("d"))[1:].split("L")]
    heights = [y for _, y in points]
    assert all(math.isfinite(x) and 0 <= x <= 960 and 0 <= y <= 260 for x, y in points)
    assert len(points) <= 1_100
    low, high = min(values), max(values)
    if high - low > max(1e-6 * max(abs(low), abs(high)), 1e-300):
        assert min(heights) < 40
        assert max(heights) > 200


@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=400))
def test_a_histogram_counts_every_value_once(values: list[float]) -> None:
    svg = ET.fromstring(histogram("t", values, lambda value: f"{value:.3f}")).find("svg")
    assert svg is not None
    titles = [str(each.text) for each in svg.iter("title")]
    assert sum(int(each.rpartition(": ")[2]) for each in titles) == len(values)


def test_a_chart_of_nothing_says_so() -> None:
    chart = line_chart("t", [date(2020, 1, 1)], [Line("a", "one", (math.nan,))], str)
    assert "nothing to show" in chart
    assert "nothing to show" in histogram("t", [], str)


def test_a_page_of_a_run_that_stood_still_says_so_before_its_figures() -> None:
    why = Standstill(code="losses", why="5 <lost>", since_ns=0, refused={"losses": 7})
    stopped = msgspec.structs.replace(report(), standstill=why)
    page = tearsheet(stopped)
    assert "Trading stopped" not in tearsheet(report())
    assert page.index("Trading stopped") < page.index("return a year")
    assert "losses, 5 &lt;lost&gt;; 7 refused from then on" in page
    (line,) = (each for each in full(stopped) if "TRADING STOPPED" in str(each))
    assert "1970-01-01" in str(line)
    assert msgspec.json.decode(msgspec.json.encode(stopped), type=Report).standstill == why


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (9_999_999.0, "9,999,999"), (-12_500_000.0, "-12.5 M"), (1.5e8, "150 M")],
)
def test_what_stands_beside_a_chart_has_room_there(value: float, shown: str) -> None:
    assert dollars(value) == shown
    assert len(shown) <= len("9,999,999")
