"""The catalogue on disk: what was put in comes out, and what is not as it was written is seen."""

from __future__ import annotations

import os
from datetime import date, timedelta
from functools import partial, partialmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robotrader.adapters import actions_csv, parquet_bars
from robotrader.adapters.catalogue import Catalogue, Entry, is_catalogue, joined, source_name
from robotrader.adapters.catalogue_rows import decoded, encoded
from robotrader.adapters.lease import LeaseHeldError
from robotrader.adapters.own_data import instrument
from robotrader.domain import Bar, Quote, Trade
from robotrader.market.actions import Action, ActionKind
from robotrader.market.merging import Part
from robotrader.market.quality import DataError
from robotrader.market.series import Daily

if TYPE_CHECKING:
    from collections.abc import Sequence

ABOUT = Entry(
    symbol="KO", bar="1d", source="csv", origin="CSV, KO.csv", licence="your own",
    synthetic=False, adjusted=False, labels=(), calendar="XNYS", zone="UTC",
)  # fmt: skip
KO = instrument("KO").con_id
FIRST = date(2024, 1, 2)

prices = st.floats(0.0001, 1e9)
times = st.integers(0, 2**62)
rows_of_a_kind: st.SearchStrategy[list[Any]] = st.one_of(
    st.lists(st.builds(Daily, st.dates(), *[prices] * 5), min_size=1, max_size=5),
    st.lists(
        st.builds(Bar, st.just(KO), times, times, *[prices] * 6, st.integers(0, 2**40)),
        min_size=1, max_size=5,
    ),
    st.lists(
        st.builds(Trade, st.just(KO), times, prices, prices, st.text(max_size=5)),
        min_size=1, max_size=5,
    ),
    st.lists(st.builds(Quote, st.just(KO), times, *[prices] * 4), min_size=1, max_size=5),
)  # fmt: skip


def days(count: int, start: date = FIRST) -> list[Daily]:
    return [Daily(start + timedelta(n), 10, 12, 9, 11, 1000.0) for n in range(count)]


def put(top: Catalogue, rows: Sequence[Any], about: Entry = ABOUT, **more: Any) -> Entry:
    with top.changing():
        change = top.change(about, [Part("KO.csv", rows)], **{"replace": False, **more})
        top.write([change])
    return change.entry


@settings(max_examples=40)
@given(rows_of_a_kind)
def test_rows_are_read_back_equal_and_written_again_to_the_byte(rows: list[Any]) -> None:
    data = encoded(rows)
    assert decoded(data, KO, "here") == rows
    assert encoded(decoded(data, KO, "here")) == data


def test_what_lies_there_is_plain_parquet(tmp_path: Path) -> None:
    top = Catalogue(tmp_path / "top")
    bars = [Bar(KO, n * 10**9, (n + 1) * 10**9, 1, 2, 1, 2, 10, 1.5, 3) for n in range(3)]
    entry = put(top, bars, msgspec.structs.replace(ABOUT, bar="1s"))
    frame = pd.read_parquet(top.path(entry))
    assert list(frame.columns[:3]) == ["start", "end", "open"]
    assert str(frame["start"].dtype) == "datetime64[ns, UTC]"
    assert parquet_bars.read(top.path(entry), KO) == bars


def test_a_series_grows_and_its_old_file_goes(tmp_path: Path) -> None:
    top = Catalogue(tmp_path / "top")
    first = put(top, days(3))
    again = put(top, days(5), msgspec.structs.replace(ABOUT, origin="CSV, more.csv"))
    (entry,) = top.entries()
    assert entry == again
    assert (entry.rows, entry.first, entry.last) == (5, FIRST, FIRST + timedelta(4))
    assert entry.origin == "CSV, KO.csv + CSV, more.csv"
    assert top.rows(entry) == days(5)
    assert top.rows(first) == days(5), "who read the old entry gets the new rows"
    assert len(list(top.path(entry).parent.iterdir())) == 2
    assert is_catalogue(top.root)
    assert not is_catalogue(tmp_path)


def test_a_crash_at_any_write_leaves_the_old_series_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every fsync and every rename is where it may end; the next import cleans up."""
    survived = 0
    for point in range(30):
        top = Catalogue(tmp_path / str(point))
        put(top, days(3))
        calls = iter(range(100))

        def dying(*args: Any, call: Any, calls: Any = calls, point: int = point) -> Any:
            if next(calls) == point:
                raise KeyboardInterrupt
            return call(*args)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", partial(dying, call=os.fsync))
            real = Path.replace
            patch.setattr(Path, "replace", partialmethod(dying, call=real))
            try:
                put(top, days(5))
                survived += 1
            except KeyboardInterrupt:
                pass
        (entry,) = top.entries()
        assert top.rows(entry) in (days(3), days(5))
        put(top, days(6))
        assert top.strays() == []
        (entry,) = top.entries()
        assert top.rows(entry) == days(6)
    assert 0 < survived < 30


@pytest.mark.parametrize("what", ["flip", "cut", "gone"])
def test_a_changed_file_is_never_read(tmp_path: Path, what: str) -> None:
    top = Catalogue(tmp_path)
    path = top.path(put(top, days(3)))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if what == "gone":
        path.unlink()
    else:
        path.write_bytes(data if what == "flip" else data[:-1])
    (entry,) = top.entries()
    with pytest.raises(DataError, match=f"{path}: gone or damaged: .* import again"):
        top.rows(entry)


@pytest.mark.parametrize("text", ["", "{", '{"symbol": 1}', "[]"])
def test_an_entry_that_is_none_is_one_error_with_its_file(tmp_path: Path, text: str) -> None:
    top = Catalogue(tmp_path)
    path = top.path(put(top, days(3))).parent / "entry.json"
    path.write_text(text)
    with pytest.raises(DataError, match=f"{path}: damaged: .* remove its folder and import"):
        top.entries()


def test_a_series_in_another_place_is_refused(tmp_path: Path) -> None:
    top = Catalogue(tmp_path)
    put(top, days(3))
    (tmp_path / "KO").rename(tmp_path / "PEP")
    with pytest.raises(DataError, match="of another version or place"):
        top.entries()


@pytest.mark.parametrize("field", ["synthetic", "adjusted", "calendar"])
def test_series_of_two_kinds_are_not_mixed(field: str) -> None:
    changed: Any = {"calendar": "XLON"}.get(field, True)
    other = msgspec.structs.replace(ABOUT, **{field: changed})
    with pytest.raises(DataError, match=f"KO/1d/csv: {field} is .* give another --source"):
        joined(ABOUT, other)


def test_one_changes_it_at_a_time(tmp_path: Path) -> None:
    top = Catalogue(tmp_path)
    with top.changing(), pytest.raises(LeaseHeldError, match="is in use by process"):
        top.changing().__enter__()
    put(top, days(1))


def test_actions_are_kept_and_guarded(tmp_path: Path) -> None:
    top = Catalogue(tmp_path)
    actions = (
        Action(date(2020, 8, 7), ActionKind.DIVIDEND, 0.82),
        Action(date(2020, 8, 31), ActionKind.SPLIT, 4.0),
    )
    top.write_actions("AAPL", reversed(actions))
    assert top.actions("AAPL") == actions
    assert (top.actions("KO"), top.symbols_with_actions()) == ((), ["AAPL"])
    path = tmp_path / "AAPL" / "actions.json"
    path.write_text(path.read_text().replace("0.82", "0.83"))
    with pytest.raises(DataError, match="damaged: its sum is another"):
        top.actions("AAPL")


@pytest.mark.parametrize("text", ["", "../x", "A", "a b", "-a", "a" * 33, "a/b"])
def test_a_source_is_a_plain_name(text: str) -> None:
    with pytest.raises(ValueError, match="is no name of a source"):
        source_name(text)


BAD_ACTIONS = {
    "AAPL,2020-08-31,merger,4": "kind 'merger' is neither split nor dividend",
    "AAPL,31.08.2020,split,4": "date '31.08.2020' is no day; write it as 2020-08-31",
    "AAPL,2020-08-31,split,four": "value 'four' is no number",
    "AAPL,2020-08-31,split,-4": "split of -4.0: write a number above zero",
    "AAPL,2020-08-31,dividend,nan": "dividend of nan: write a number above zero",
    "AAPL,2020-08-31,split": "value '' is no number",
    ",2020-08-31,split,4": "symbol is empty",
}


def test_every_bad_line_of_actions_is_named(tmp_path: Path) -> None:
    path = tmp_path / "actions.csv"
    path.write_text("\n".join(["symbol,date,kind,value", *BAD_ACTIONS]))
    with pytest.raises(DataError) as caught:
        actions_csv.read(path)
    wanted = enumerate(BAD_ACTIONS.values(), 2)
    for problem, (line, said) in zip(caught.value.problems, wanted, strict=True):
        assert problem.startswith(f"{path}:{line}: ")
        assert said in problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: columns symbol, date, kind, value are needed"),
        ("symbol,date,kind,value\n", ":1: no actions in it"),
        ("symbol,date,kind,value\nKO,2020-01-02,split,2\nKO,2020-01-02,split,2\n",
         ":3: split of that day stands on line 2 too; make them one"),
    ],
)  # fmt: skip
def test_a_file_of_actions_that_says_too_little_or_too_much(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "actions.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        actions_csv.read(path)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12)), min_size=1, max_size=5))
def test_imports_in_any_pieces_are_one_series(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, int]]
) -> None:
    top = Catalogue(tmp_path_factory.mktemp("top"))
    all_days: dict[date, Daily] = {}
    for begin, count in pieces:
        rows = days(count, FIRST + timedelta(begin))
        put(top, rows)
        all_days |= {row.day: row for row in rows}
    (entry,) = top.entries()
    wanted = [all_days[day] for day in sorted(all_days)]
    assert top.rows(entry) == wanted
    whole = Catalogue(tmp_path_factory.mktemp("whole"))
    assert put(whole, wanted).sha256 == entry.sha256
