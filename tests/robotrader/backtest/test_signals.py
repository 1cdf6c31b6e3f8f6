"""Signals that are computed at once lead to the same run, to the byte, as those made bar by bar."""

from __future__ import annotations

import math
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.backtest import Engine, Result, Setup, batches
from robotrader.domain import Bar
from robotrader.domain.errors import StrategyError
from robotrader.indicators import Sma
from robotrader.strategies import (
    Params,
    SmaCross,
    SmaParams,
    State,
    StopKind,
    StopRule,
    Strategy,
    StrategyHost,
)
from robotrader.strategies.crossing import sides
from robotrader.venue import AlwaysOpen
from tests.robotrader.backtest.test_engine import CASH, KO, LIMITS, NAMES
from tests.robotrader.backtest.test_quiet import walk
from tests.robotrader.strategies.kit import AAPL, START, M

BARS = 250


def data(seed: int) -> dict[int, list[Bar]]:
    """Return walks, in which a price sometimes stands still: averages are equal then."""
    dice, found = Random(seed), {}
    for each in (AAPL, KO):
        made = walk(seed + each.con_id, each.con_id, BARS, 12 * M)
        for at in range(1, BARS):
            if dice.random() < 0.3 * (at // 50 % 2):
                close = made[at - 1].close
                prices = {"open": close, "high": close, "low": close, "close": close}
                made[at] = msgspec.structs.replace(made[at], **prices)
        found[each.con_id] = made
    return found


def hosts(seed: int) -> list[StrategyHost]:
    dice = Random(seed)
    rules = (StopRule(), StopRule(kind=StopKind.ATR, value=2.0), StopRule(hold_s=20_000.0))
    made = []
    for number, each in enumerate((AAPL, KO)):
        fast = dice.randint(1, 6)
        params = SmaParams(
            fast=fast, slow=fast + dice.randint(1, 12), qty=dice.choice((5, 20)),
            short=dice.random() < 0.5, stop_percent=dice.choice((None, 1.5)),
        )  # fmt: skip
        made.append(
            StrategyHost(
                SmaCross(params), name=f"s{number}", instrument=each,
                dwell_bars=dice.choice((0, 1, 8)), stop=dice.choice(rules),
            )
        )  # fmt: skip
    return made


def run(seed: int, *, signals: bool, skip_quiet: bool = True) -> Result:
    setup = Setup(instruments=(AAPL, KO), cash=CASH, limits=LIMITS, sessions=AlwaysOpen())
    if seed % 4 == 0:  # a gate that refuses some, so that strategies ask again
        strict = msgspec.structs.replace(LIMITS, max_orders_per_day=12)
        setup = msgspec.structs.replace(setup, limits=strict)
    engine, bars = Engine(setup, hosts(seed), skip_quiet=skip_quiet), data(seed)
    if signals:
        engine.compute_signals(bars)
    return engine.run(batches(bars, NAMES), begin_ns=START + seed % 3 * 500 * M)


@pytest.mark.parametrize("seed", range(12))
def test_a_run_with_signals_is_the_run_without_them_to_the_byte(seed: int) -> None:
    plain = said(run(seed, signals=False))
    assert said(run(seed, signals=True)) == plain
    assert said(run(seed, signals=True, skip_quiet=False)) == plain
    assert b'"orders":0' not in plain


def said(result: Result) -> bytes:
    whole = msgspec.structs.asdict(result)
    del whole["setup"]
    return msgspec.json.encode(whole)


CLOSE = st.integers(1, 5).map(lambda n: n / 10) | st.floats(1e-3, 1e6)


@given(st.lists(CLOSE, max_size=60), st.integers(1, 8), st.integers(1, 8))
def test_sides_are_those_of_the_averages_bar_by_bar(
    closes: list[float], fast: int, more: int
) -> None:
    one, other = Sma(fast), Sma(fast + more)
    expected: list[int | None] = []
    for close in closes:
        quick, slow = one.update(close), other.update(close)
        if quick is None or slow is None:
            expected.append(None)
        else:
            expected.append((quick > slow) - (quick < slow))
    found = sides(np.array(closes, np.float64), fast, fast + more).tolist()
    assert [None if math.isnan(each) else each for each in found] == expected


def test_who_has_no_signals_is_told_to_run_without_them() -> None:
    class Plain(Strategy[Params, State]):
        """Has no signals."""

    host = StrategyHost(Plain(Params()), name="plain", instrument=AAPL)
    setup = Setup(instruments=(AAPL,), cash=CASH, limits=LIMITS, sessions=AlwaysOpen())
    with pytest.raises(StrategyError, match=r"plain has no signals.*run it without"):
        Engine(setup, [host]).compute_signals({AAPL.con_id: []})


def test_other_bars_than_those_of_the_signals_are_refused() -> None:
    bars = data(1)
    setup = Setup(instruments=(AAPL, KO), cash=CASH, limits=LIMITS, sessions=AlwaysOpen())
    engine = Engine(setup, hosts(1))
    engine.compute_signals({con_id: own[:50] for con_id, own in bars.items()})
    with pytest.raises(StrategyError, match="bar 51 is none that its signals were made of"):
        engine.run(batches(bars, NAMES))
