"""A history is the plain fold of its trades, whatever is corrected, charged or settled, and folds
again no more of them than come behind the nearest checkpoint."""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import reduce

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.ledger import history as histories
from robotrader.ledger.history import History, HistoryState
from robotrader.ledger.lots import Holding, Trade, book
from robotrader.ledger.money import EXACT, ZERO

SIZES = st.integers(0, 9)
EVENTS = st.one_of(
    st.tuples(st.just("add"), st.sampled_from((1, -1)), SIZES),
    st.tuples(st.just("add"), st.sampled_from((1, -1)), SIZES),
    st.tuples(st.just("correct"), st.integers(0, 40), SIZES),
    st.tuples(st.just("settle"), st.integers(-1, 4), st.just(0)),
    st.tuples(st.just("look"), st.just(0), st.just(0)),
)


def trade(number: int, sign: int, size: int, rolled: int) -> Trade:
    return Trade(
        family=str(number), sign=sign, revision=1, size=Decimal(size), unit=Decimal(100 + number),
        fees=Decimal("0.35"), fees_revision=1, strategy="ab"[number % 2], rolled=rolled,
        time_ns=number,
    )  # fmt: skip


def folded(base: Holding, trades: list[Trade]) -> Holding:
    with localcontext(EXACT):
        return reduce(book, trades, base)


class Watched:
    """A history beside the plain list of what was put into it; it counts what is folded."""

    def __init__(self, step: int) -> None:
        self.step, self.count, self.day = step, 0, 0
        self.settled, self.base = 0, Holding()
        self.trades: list[Trade] = []
        self.history = History()

    def book(self, held: Holding, trade: Trade) -> Holding:
        self.count += 1
        return book(held, trade)

    def add(self, sign: int, size: int) -> int:
        number = self.settled + len(self.trades)
        self.day += number % 3 == 0
        new = trade(number, sign, size, self.day)
        self.trades.append(new)
        self.history.add(new)
        return 1  # the one before it, which nobody may have looked at

    def correct(self, at: int, size: int) -> int:
        if not self.trades:
            return 0
        at %= len(self.trades)
        old = self.trades[at]
        assert self.history.find(old.family) == old
        new = msgspec.structs.replace(old, size=Decimal(size), revision=old.revision + 1)
        self.trades[at] = new
        self.history.replace(new)
        number = self.settled + at
        behind = max(number - number % self.step, self.settled)
        newest = at == len(self.trades) - 1
        return 0 if newest else self.settled + len(self.trades) - behind

    def settle(self, days: int, _: int) -> int:
        before = self.day - days
        over = [each for each in self.trades if each.rolled < before]
        assert self.history.settle(before) == [each.family for each in over]
        end = self.settled + len(over)
        point = end - end % self.step
        known = self.settled < point < self.settled + len(self.trades)  # made before a trade
        behind = point if known else self.settled
        self.base = folded(self.base, over)
        self.trades, self.settled = self.trades[len(over) :], end
        return end - behind + 1 if over else 0

    def look(self, *_: int) -> int:
        assert self.history.held == folded(self.base, self.trades)
        return 1


@settings(max_examples=100)
@given(st.lists(EVENTS, min_size=12, max_size=50), st.sampled_from((1, 2, 3, 5)))
def test_whatever_happens_it_is_the_plain_fold_and_little_is_folded_again(
    events: list[tuple[str, int, int]], step: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, localcontext(EXACT):
        patch.setattr(histories, "STEP", step)
        watched = Watched(step)
        patch.setattr(histories, "book", watched.book)
        for name, first, second in events:
            watched.count = 0
            most = getattr(watched, name)(first, second)
            assert watched.count <= most
            assert watched.history.state() == HistoryState(watched.base, tuple(watched.trades))
        watched.look()


@given(st.lists(st.tuples(st.sampled_from((1, -1)), SIZES), max_size=12), st.integers(0, 11))
def test_one_that_goes_on_from_a_state_is_the_one_it_was_taken_of(
    made: list[tuple[int, int]], at: int
) -> None:
    trades = [trade(number, sign, size, 0) for number, (sign, size) in enumerate(made)]
    base = folded(Holding(), [trade(99, 1, 5, 0)])
    again = History(HistoryState(base, tuple(trades)))
    assert again.held == folded(base, trades)
    if trades:
        at %= len(trades)
        new = msgspec.structs.replace(trades[at], size=Decimal(3))
        again.replace(new)
        assert again.held == folded(base, [*trades[:at], new, *trades[at + 1 :]])


def test_nothing_is_settled_of_a_history_without_trades() -> None:
    history = History()
    assert history.settle(9) == []
    assert history.held == Holding()
    assert history.held.qty == ZERO
