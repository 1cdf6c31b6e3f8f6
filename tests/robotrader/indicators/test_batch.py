"""Over whole series and one value at a time: the same numbers, and a state that goes on with them.

Every kind of indicator stands once in ``KINDS``, with its batch form; each test goes through all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isnan, nan
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader import indicators as one
from robotrader.indicators import Indicator, NotFiniteError, batch
from tests.examples import times

Columns = dict[str, list[float]]


@dataclass(frozen=True)
class Kind:
    """An indicator: how it is made, what of a bar it takes, its batch form, how close they are."""

    make: Callable[[], Any]
    takes: str
    at_once: Callable[..., Any]
    exact: bool = True
    scale: str = "value"
    """What a difference is measured by: the value, the prices, or nothing (a part of 1)."""


KINDS = {
    "sma": Kind(lambda: one.Sma(4), "c", lambda c: batch.sma(c, 4)),
    "wma": Kind(lambda: one.Wma(5), "c", lambda c: batch.wma(c, 5)),
    "ema": Kind(lambda: one.Ema(5), "c", lambda c: batch.ema(c, 5)),
    "rma": Kind(lambda: one.Rma(5), "c", lambda c: batch.rma(c, 5)),
    "rsi": Kind(lambda: one.Rsi(4), "c", lambda c: batch.rsi(c, 4)),
    "macd": Kind(lambda: one.Macd(3, 6, 4), "c", lambda c: batch.macd(c, 3, 6, 4)),
    "std": Kind(lambda: one.RollingStd(5), "c", lambda c: batch.std(c, 5), False, "prices"),
    "bollinger": Kind(
        lambda: one.Bollinger(5), "c", lambda c: batch.bollinger(c, 5), False, "prices"
    ),
    "zscore": Kind(lambda: one.ZScore(5), "c", lambda c: batch.zscore(c, 5), False, "1"),
    "atr": Kind(lambda: one.Atr(4), "hlc", partial(batch.atr, length=4)),
    "atr_late": Kind(
        lambda: one.Atr(4, first_bar=False), "hlc", partial(batch.atr, length=4, first_bar=False)
    ),
    "keltner": Kind(
        lambda: one.Keltner(6, 1.5, 4), "hlc",
        partial(batch.keltner, length=6, width=1.5, atr_length=4),
    ),
    "adx": Kind(lambda: one.Adx(4), "hlc", partial(batch.adx, length=4)),
    "donchian": Kind(lambda: one.Donchian(5), "hl", partial(batch.donchian, length=5)),
    "williams": Kind(lambda: one.WilliamsR(5), "hlc", partial(batch.williams_r, length=5)),
    "fast": Kind(
        lambda: one.FastStochastic(5, 3), "hlc", partial(batch.fast_stochastic, length=5, average=3)
    ),
    "slow": Kind(
        lambda: one.SlowStochastic(5, 3, 2), "hlc",
        partial(batch.slow_stochastic, length=5, smooth=3, average=2),
    ),
    "cci": Kind(lambda: one.Cci(5), "hlc", partial(batch.cci, length=5), False, "1"),
    "mfi": Kind(lambda: one.Mfi(4), "hlcv", partial(batch.mfi, length=4), False),
    "obv": Kind(one.Obv, "cv", batch.obv),
    "vwap": Kind(one.Vwap, "hlcvs", batch.vwap, False),
    "correlation": Kind(
        lambda: one.RollingCorrelation(5), "cv", partial(batch.correlation, length=5), False, "1"
    ),
    "regression": Kind(
        lambda: one.RollingRegression(5), "cv", partial(batch.regression, length=5), False, "slope"
    ),
    "roc": Kind(lambda: one.Roc(3), "c", lambda c: batch.roc(c, 3)),
}  # fmt: skip

EVERY = pytest.mark.parametrize("name", KINDS)


def rows(kind: Kind, columns: Columns) -> list[tuple[float, ...]]:
    return list(zip(*(columns[each] for each in kind.takes), strict=True))


def told(
    indicator: Any, bars: Sequence[tuple[float, ...]], width: int = 1
) -> list[tuple[float, ...]]:
    """Return every result as a tuple, NaN for none."""
    out = []
    for bar in bars:
        value = indicator.update(*bar)
        out.append(value if isinstance(value, tuple) else (nan if value is None else value,))
    width = max(width, *map(len, out)) if out else width
    return [each if len(each) == width else (nan,) * width for each in out]


def at_once(kind: Kind, columns: Columns) -> np.ndarray[Any, Any]:
    made = kind.at_once(*(np.array(columns[each], dtype=float) for each in kind.takes))
    return np.stack(made if isinstance(made, tuple) else (made,), axis=1)


def same(got: Any, wanted: Any) -> bool:
    return bool(np.array_equal(np.array(got, dtype=float), wanted, equal_nan=True))


PRICES = st.sampled_from([1.0, 2.5, 190.27, 190.28, 1e-3]) | st.floats(1e-3, 1e5)


def bars(prices: Any = PRICES, most: int = 40) -> st.SearchStrategy[Columns]:
    """Bars with gaps, standstills and no volume, of prices that may lie far apart."""
    bar = st.tuples(prices, prices, st.integers(0, 1_000))
    return st.lists(bar, max_size=most).map(columns_of)


def columns_of(made: list[tuple[float, float, int]]) -> Columns:
    return {
        "h": [max(each[:2]) for each in made],
        "l": [min(each[:2]) for each in made],
        "c": [each[0] for each in made],
        "v": [float(each[2]) for each in made],
        "s": [at // 7 for at in range(len(made))],
    }


@EVERY
@given(columns=bars())
@settings(max_examples=30, deadline=None)
def test_the_whole_series_gives_what_one_value_at_a_time_gives(name: str, columns: Columns) -> None:
    kind = KINDS[name]
    wanted = at_once(kind, columns)
    got = told(kind.make(), rows(kind, columns), wanted.shape[1])
    if not columns["c"]:
        assert len(wanted) == 0
    elif kind.exact:
        assert same(got, wanted), (got, wanted)
    else:
        close_enough(kind, columns, np.array(got, dtype=float), wanted)


def close_enough(kind: Kind, columns: Columns, got: Any, wanted: Any) -> None:
    """Rounding is of the size of the prices, whatever is left of them in the end."""
    largest = max(columns["h"])
    if kind.scale == "prices":
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-13 * largest)
    elif kind.scale == "value":
        np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-11)
    else:
        spread = KINDS["std"]
        moves = at_once(spread, {**columns, "c": columns["c"]})[:, 0]
        calm = ~(moves > 1e-6 * largest)  # what is left of the prices has no digits to compare
        np.testing.assert_array_equal(np.isnan(got[~calm]), np.isnan(wanted[~calm]))
        np.testing.assert_allclose(got[~calm], wanted[~calm], rtol=1e-5, atol=1e-6 * largest)


@given(
    st.lists(
        st.floats(-1e150, 1e150, allow_subnormal=True)
        | st.floats(50, 60)
        | st.integers(-9, 9).map(float),
        max_size=60,
    ),
    st.integers(1, 20),
)
@times(2)
def test_means_at_once_are_exact_for_whatever_numbers(values: list[float], length: int) -> None:
    for make, all_of in ((one.Sma, batch.sma), (one.Wma, batch.wma)):
        assert same([row[0] for row in told(make(length), [(v,) for v in values])],
                    all_of(np.array(values), length))  # fmt: skip


def test_a_long_series_of_many_blocks_is_exact_too() -> None:
    rng, price, series = Random(3), 100.0, []
    for _ in range(40_000):
        price = max(0.01, price * (1 + rng.gauss(0, 0.01)))
        series.append(round(price, 2))
    for make, all_of in ((one.Sma, batch.sma), (one.Wma, batch.wma)):
        wanted = [row[0] for row in told(make(200), [(v,) for v in series])]
        assert same(wanted, all_of(np.array(series), 200))


@EVERY
@given(columns=bars(), cut=st.integers(0, 40))
@settings(max_examples=15, deadline=None)
def test_a_state_that_was_kept_goes_on_to_the_last_bit(
    name: str, columns: Columns, cut: int
) -> None:
    kind = KINDS[name]
    every, first = rows(kind, columns), kind.make()
    told(first, every[:cut])
    later = kind.make()
    told(later, every[cut // 2 :])  # what it saw itself is forgotten
    later.load(first.save())
    assert (later.value, later.save()) == (first.value, first.save())
    wanted = [first.update(*bar) for bar in every[cut:]]
    assert [later.update(*bar) for bar in every[cut:]] == wanted
    assert later.save() == first.save()


@EVERY
@given(columns=bars(prices=st.floats(1, 1e3), most=30))
@settings(max_examples=8, deadline=None)
def test_the_first_result_comes_with_the_warm_up_and_not_before(
    name: str, columns: Columns
) -> None:
    kind = KINDS[name]
    indicator = kind.make()
    for count, bar in enumerate(rows(kind, columns), 1):
        value = indicator.update(*bar)
        if count < indicator.warm_up:
            assert value is None
        elif name not in {"correlation", "regression", "vwap"}:  # None where nothing moves
            assert value is not None


@EVERY
def test_every_other_kind_of_state_is_refused(name: str) -> None:
    kind = KINDS[name]
    for data in (b"", b"\xc1", b"\x93\x01\x02\x03", one.Sma(99).save(), one.Adx(77).save()):
        with pytest.raises(ValueError, match="no state of"):
            kind.make().load(data)


@EVERY
@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_no_number_is_refused_changes_nothing_and_is_named_by_its_place(
    name: str, bad: float
) -> None:
    kind = KINDS[name]
    rng = Random(5)
    columns = columns_of([])
    for at in range(20):
        low = rng.uniform(90, 100)
        bar = {"l": low, "h": low + 3, "c": low + rng.random() * 3, "v": 7.0 + at, "s": 0}
        for each, value in bar.items():
            columns[each].append(value)
    plain, disturbed = kind.make(), kind.make()
    for bar_ in rows(kind, columns):
        for at, column in enumerate(kind.takes):
            if column != "s":
                with pytest.raises(NotFiniteError, match="edge"):
                    disturbed.update(*bar_[:at], bad, *bar_[at + 1 :])
        assert disturbed.update(*bar_) == plain.update(*bar_)
    columns["c" if "c" in kind.takes else "h"][11] = bad
    with pytest.raises(NotFiniteError, match="at 11 of 20 values"):
        at_once(kind, columns)


def constant(price: float) -> Columns:
    return {"h": [price] * 30, "l": [price] * 30, "c": [price] * 30, "v": [0.0] * 30, "s": [0] * 30}


NEUTRAL = {
    "sma": 1, "wma": 1, "ema": 1, "rma": 1, "rsi": 50, "std": 0, "zscore": 0, "atr": 0,
    "atr_late": 0, "williams": -50, "cci": 0, "mfi": 50, "obv": 0, "roc": 0,
}  # fmt: skip


@pytest.mark.parametrize("price", [190.27, 1e-300, 1e300, 5e-324])
def test_a_price_that_stands_still_is_neutral_however_small_or_large(price: float) -> None:
    for name, kind in KINDS.items():
        columns = constant(price)
        (*_, last) = told(kind.make(), rows(kind, columns))
        for value in (last, at_once(kind, columns)[-1]):
            if name in {"correlation", "regression", "vwap"}:
                assert all(map(isnan, value)), name
            elif name in NEUTRAL:
                scaled = price if name in {"sma", "wma", "ema", "rma"} else 1.0
                assert value[0] == NEUTRAL[name] * scaled, name
            elif name in {"bollinger", "keltner", "donchian"}:
                assert set(value) <= {price, price / 2 + price / 2}, name
            elif name in {"fast", "slow"}:
                assert set(value) == {50.0}, name
            else:
                assert name in {"macd", "adx"}
                assert set(value) == {0.0}, name


def test_every_indicator_is_tried() -> None:
    def below(kind: type) -> set[type]:
        return {kind}.union(*map(below, kind.__subclasses__()))

    inner: set[type] = {Indicator, one.RollingExtremes}
    public = {each for each in below(Indicator) if each.__name__ in one.__all__} - inner
    assert {type(kind.make()) for kind in KINDS.values()} == public


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: batch.sma([1.0], 0), "give at least 1"),
        (
            lambda: batch.atr([2.0, 1.0], [1.0, 2.0], [1.0, 1.0], 1),
            "high 1.0 is below low 2.0 at 1",
        ),
        (lambda: batch.obv([1.0, 2.0], [1.0]), r"shapes \(2,\), \(1,\)"),
        (lambda: one.Macd(9, 9), "fast has to be less"),
        (lambda: one.Obv().update(1.0, -1.0), r"volume of -1\.0: give 0 or more"),
        (lambda: one.Roc(1).update(0.0), "prices are above 0"),
        (lambda: one.Adx(1), "give at least 2"),
    ],
)
def test_nonsense_is_named(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()
