"""Momentum, mean reversion and breakout against their definitions, by pandas over whole series."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.checks import Desk, walk
from robotrader.domain import Bar, Instrument
from robotrader.strategies import (
    Breakout,
    BreakoutParams,
    MeanReversion,
    MeanReversionParams,
    Momentum,
    MomentumParams,
    StrategyHost,
)
from tests.robotrader.strategies.kit import M, bars

X = Instrument(con_id=1, symbol="X")
SEEDS = st.integers(0, 10**6)


def decided(kind: Any, params: Any, told: list[Bar]) -> list[tuple[int, str, str]]:
    """Return what is decided: at which bar, which side, entry or exit."""
    desk = Desk(lambda: StrategyHost(kind(params), name="s", instrument=X))
    at = {bar.end_ns: place for place, bar in enumerate(told)}
    return [(at[each.time_ns], each.what[0], each.what[1]) for each in desk.play(told)]


def expected(
    turn: Any, over_long: Any, over_short: Any, begin: int, *, short: bool
) -> list[tuple[int, str, str]]:
    """Enter at turns, leave when they are over or another comes; fills come before the next bar."""
    out: list[tuple[int, str, str]] = []
    position = wanted = 0
    for at in range(begin, len(turn)):
        over = {1: over_long[at], -1: over_short[at]}
        if turn[at] > 0 or (turn[at] < 0 and short):
            wanted = int(turn[at])
        elif wanted and over[wanted]:
            wanted = 0
        if position:
            wanted = 0 if wanted == position else wanted
            if over[position] or turn[at] == -position:
                out.append((at, "SELL" if position > 0 else "BUY", "exit"))
                position = 0
        elif wanted:
            out.append((at, "BUY" if wanted > 0 else "SSHORT", "entry"))
            position, wanted = wanted, 0
    return out


def hosted(params: BreakoutParams) -> StrategyHost:
    return StrategyHost(Breakout(params), name="s", instrument=X)


def frame(told: list[Bar]) -> pd.DataFrame:
    return pd.DataFrame([msgspec.structs.asdict(bar) for bar in told])


@given(SEEDS, st.integers(1, 30), st.booleans())
@settings(max_examples=25, deadline=None)
def test_momentum_is_the_sign_of_the_return_over_its_lookback(
    seed: int, lookback: int, short: bool
) -> None:
    told = walk(X, 250, seed, size_ns=M)
    params = MomentumParams(lookback=lookback, short=short)
    change = frame(told)["close"].pct_change(lookback).to_numpy()
    before = np.concatenate([[np.nan], change[:-1]])
    turn = np.where((change > 0) & ~(before > 0), 1, np.where((change < 0) & (before > 0), -1, 0))
    turn = np.where((before == 0) & (change < 0), -1, turn)
    wanted = expected(turn, change < 0, change > 0, lookback + 1, short=short)
    assert decided(Momentum, params, told) == wanted


@given(SEEDS, st.integers(2, 25), st.sampled_from([1.0, 1.5, 2.0]), st.booleans())
@settings(max_examples=25, deadline=None)
def test_mean_reversion_is_a_distance_from_the_mean_that_comes_back(
    seed: int, length: int, entry: float, short: bool
) -> None:
    told = walk(X, 250, seed, size_ns=M)
    params = MeanReversionParams(length=length, entry=entry, leave=0.25, short=short)
    close = frame(told)["close"]
    rolled = close.rolling(length)
    score = ((close - rolled.mean()) / rolled.std()).to_numpy()
    if np.isclose(np.abs(score[:, None]), [entry, 0.25], rtol=1e-9).any():
        return  # on the line the last digit decides, and pandas has another one
    score = np.where(np.isfinite(score) | np.isnan(rolled.mean().to_numpy()), score, 0.0)
    score = np.where(rolled.std().to_numpy() < 1e-12, 0.0, score)
    before = np.concatenate([[np.nan], score[:-1]])
    turn = np.where((score <= -entry) & (before > -entry), 1, 0)
    turn = np.where((score >= entry) & (before < entry), -1, turn)
    wanted = expected(turn, score >= -0.25, score <= 0.25, length, short=short)
    assert decided(MeanReversion, params, told) == wanted


@given(SEEDS, st.integers(2, 25), st.integers(2, 15), st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_breakout_leaves_the_channel_of_the_bars_before(
    seed: int, entry: int, leave: int, short: bool
) -> None:
    told = walk(X, 250, seed, size_ns=M)
    params = BreakoutParams(entry=entry, leave=leave, short=short)
    data = frame(told)
    close = data["close"].to_numpy()
    upper = data["high"].rolling(entry).max().shift(1).to_numpy()
    lower = data["low"].rolling(entry).min().shift(1).to_numpy()
    above, below = close > upper, close < lower
    turn = above & ~np.concatenate([[False], above[:-1]])
    turn = turn.astype(int) - (below & ~np.concatenate([[False], below[:-1]])).astype(int)
    over_long = close < data["low"].rolling(leave).min().shift(1).to_numpy()
    over_short = close > data["high"].rolling(leave).max().shift(1).to_numpy()
    begin = max(entry, leave) + 1
    wanted = expected(turn, over_long, over_short, begin, short=short)
    assert decided(Breakout, params, told) == wanted


def test_a_stop_stands_in_average_true_ranges_or_in_percent() -> None:
    told = walk(X, 400, 5, size_ns=M)
    for params, away in (
        (BreakoutParams(entry=5, leave=5, atr=3, atr_stop=2.0), None),
        (BreakoutParams(entry=5, leave=5, stop_percent=4.0), 0.04),
    ):
        desk = Desk(partial(hosted, params))
        closes = {bar.end_ns: bar.close for bar in told}
        stops = [
            (closes[each.time_ns], each.numbers[1])
            for each in desk.play(told)
            if each.what[1] == "entry"
        ]
        assert len(stops) > 5
        assert all(stop < close for close, stop in stops)
        if away is not None:
            assert all(stop == pytest.approx(close * (1 - away), abs=0.01) for close, stop in stops)


def test_a_stop_that_closed_a_position_is_not_followed_by_another_entry() -> None:
    """F33: a new entry needs a new turn."""
    closes = [100.0] * 4 + [104.0, 98.0, 105.0, 105.5, 106.0]
    params = BreakoutParams(entry=2, leave=2, stop_percent=1.0)
    kinds = [each[2] for each in decided(Breakout, params, bars(closes))]
    assert kinds[0] == "entry"
    assert kinds.count("entry") <= 2


def test_a_trend_filter_buys_nothing_below_the_long_average() -> None:
    told = walk(X, 600, 2, size_ns=M)
    average = frame(told)["close"].rolling(50).mean().to_numpy()
    with_trend = MeanReversionParams(length=10, trend=50)
    entries = [at for at, _, kind in decided(MeanReversion, with_trend, told) if kind == "entry"]
    assert entries
    assert all(told[at].close >= average[at] for at in entries)
    assert len(entries) < len(decided(MeanReversion, MeanReversionParams(length=10), told)) / 2


def test_an_index_filter_enters_only_where_there_is_a_trend() -> None:
    told = walk(X, 600, 2, size_ns=M)
    free = decided(Momentum, MomentumParams(lookback=10), told)
    strict = decided(Momentum, MomentumParams(lookback=10, least_adx=25.0, adx=5), told)
    entries = {at for at, _, kind in strict if kind == "entry"}
    assert entries
    assert len(entries) < len([1 for *_, kind in free if kind == "entry"])


@pytest.mark.parametrize(
    ("kind", "params", "says"),
    [
        (MomentumParams, {"fast": 9, "slow": 9}, "fast 9 has to be less than slow 9"),
        (MomentumParams, {"lookback": 0}, ">= 1.*lookback"),
        (MomentumParams, {"measure": "luck"}, "measure"),
        (MeanReversionParams, {"length": 1}, ">= 2.*length"),
        (MeanReversionParams, {"entry": 0}, "> 0.*entry"),
        (BreakoutParams, {"atr_stop": 0}, "> 0.*atr_stop"),
        (BreakoutParams, {"channel": "suez"}, "channel"),
        (BreakoutParams, {"qty": -1}, ">= 0.*qty"),
    ],
)
def test_impossible_parameters_are_refused(kind: Any, params: dict[str, Any], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert(params, kind)
