"""Trades from fills: by hand, and that no way of cutting them changes what was won."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.ledger import Traded
from robotrader.performance import RoundTrip, flat_trades, lot_trades, statistics, turnover
from tests.robotrader.ledger.kit import AAPL, fill, ledger

STEPS = st.lists(
    st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 9), st.integers(50, 99)), max_size=25
)


def traded(steps: Sequence[tuple[str, int, int]], fee: str = "0.5") -> list[Traded]:
    made = []
    for at, (side, qty, price) in enumerate(steps):
        record = msgspec.structs.replace(fill(str(at), side, qty, str(price)), time_ns=at * 10**9)
        made.append(Traded(record, Decimal(fee)))
    return made


def money(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, amounts))


def test_scaling_in_and_out_is_two_lots_and_one_trade_from_flat_to_flat() -> None:
    """Buy 10 at 50 and 10 at 60, sell 20 at 70, each for 0.50: 300 less 1.50."""
    fills = traded([("BUY", 10, 50), ("BUY", 10, 60), ("SELL", 20, 70)])
    first, second = lot_trades(fills)
    assert (first.qty, first.entry, first.exit, first.gain) == money("10", "50", "70", "199.25")
    assert (second.qty, second.entry, second.exit, second.gain) == money("10", "60", "70", "99.25")
    (whole,) = flat_trades(fills)
    assert (whole.qty, whole.entry, whole.exit) == money("20", "55", "70")
    assert (whole.gain, whole.fees) == money("298.5", "1.5")
    assert (whole.opened_ns, whole.closed_ns) == (0, 2 * 10**9)
    assert whole.ratio == pytest.approx(298.5 / 1100)


def test_an_execution_that_turns_a_position_round_ends_one_trade_and_begins_the_next() -> None:
    fills = traded([("BUY", 10, 50), ("SELL", 15, 60), ("BUY", 5, 55)], fee="0")
    first, second = flat_trades(fills)
    assert first.long
    assert (first.qty, first.gain) == money("10", "100")
    assert not second.long
    assert (second.qty, second.gain) == money("5", "25")


def test_what_is_still_open_is_no_trade() -> None:
    fills = traded([("BUY", 10, 50), ("SELL", 4, 60)])
    assert [each.qty for each in lot_trades(fills)] == [4]
    assert flat_trades(fills) == ()


@given(STEPS)
def test_lots_realize_what_the_ledger_realizes(steps: list[tuple[str, int, int]]) -> None:
    """The ledger is the oracle: to the cent."""
    fills = traded(steps, fee="0")
    view = ledger(*(each.fill for each in fills)).view({})
    gained = sum((each.gain for each in lot_trades(fills)), Decimal(0))
    assert gained == sum((each.realized for each in view.strategies.values()), Decimal(0))


@given(STEPS)
def test_what_was_won_is_the_same_however_it_is_cut(steps: list[tuple[str, int, int]]) -> None:
    fills = traded(steps)
    held = sum(each.fill.qty * (1 if each.fill.side == "BUY" else -1) for each in fills)
    if held:  # close what is left, so that everything is a trade
        fills += traded([*steps, ("SELL" if held > 0 else "BUY", int(abs(held)), 70)])[-1:]
    lots, flats = lot_trades(fills), flat_trades(fills)
    cash = sum(
        (
            each.fill.qty * each.fill.price * (-1 if each.fill.side == "BUY" else 1)
            for each in fills
        ),
        Decimal(0),
    )
    paid = Decimal("0.5") * len(fills)
    for cut in (lots, flats):
        assert sum((each.gain for each in cut), Decimal(0)) == cash - paid
        assert sum((each.fees for each in cut), Decimal(0)) == paid
        assert all(each.opened_ns < each.closed_ns for each in cut)
    assert len(flats) <= len(lots)


def trip(gain: str, held_s: int = 60) -> RoundTrip:
    return RoundTrip(
        con_id=AAPL.con_id, strategy="s", long=True, qty=Decimal(10), entry=Decimal(100),
        exit=Decimal(100), opened_ns=0, closed_ns=held_s * 10**9, gain=Decimal(gain),
        fees=Decimal(1),
    )  # fmt: skip


def test_statistics_by_hand() -> None:
    """+30, -10, -20, 0, +50: half of what moved; 80 won for 30 lost."""
    found = statistics([trip("30"), trip("-10"), trip("-20"), trip("0"), trip("50", 120)])
    assert (found.count, found.wins, found.losses) == (5, 2, 2)
    assert found.hit_rate == pytest.approx(0.4)
    assert found.profit_factor == pytest.approx(80 / 30)
    assert found.expectancy == pytest.approx(10)
    assert found.expectancy_ratio == pytest.approx(0.01)
    assert (found.mean_win, found.mean_loss) == (40, -15)
    assert found.payoff == pytest.approx(40 / 15)
    assert (found.best, found.worst, found.gain, found.fees) == money("50", "-20", "50", "5")
    assert (found.longest_wins, found.longest_losses) == (1, 2)
    assert found.mean_held_s == pytest.approx(72)
    # gains 30 -10 -20 0 50: deviation 29.155, root of 5 times 10 for it
    assert found.quality == pytest.approx(5**0.5 * 10 / 29.154759, rel=1e-6)


def test_figures_of_no_trades_are_none_and_not_zero() -> None:
    found = statistics([])
    assert found.count == 0
    unknown = (found.hit_rate, found.profit_factor, found.expectancy, found.payoff, found.quality)
    assert unknown == (None,) * 5
    assert statistics([trip("5")]).profit_factor is None


def test_turnover_counts_both_ways() -> None:
    """1,000 bought and 1,000 sold on a mean value of 1,000 in half a year: four times a year."""
    fills = traded([("BUY", 10, 100), ("SELL", 10, 100)])
    assert turnover(fills, [1000.0] * 126, 252) == pytest.approx(4.0)
    assert turnover(fills, [], 252) is None
