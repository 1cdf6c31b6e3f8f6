"""Spreads: legs are entered together, and none is left alone, whatever becomes of the orders."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.domain import Bar, Instrument, Intent, Purpose, Side, Sizing
from robotrader.domain.errors import StrategyError
from robotrader.strategies import (
    Ended,
    Fill,
    Outcome,
    Params,
    Spread,
    SpreadContext,
    SpreadHost,
    Standing,
    State,
    StrategyCrash,
)
from robotrader.strategies.spread import AGAIN
from tests.robotrader.strategies.kit import START, M, S

LEGS = (Instrument(con_id=1, symbol="KO"), Instrument(con_id=2, symbol="PEP"))
SEEDS = st.integers(0, 2**32 - 1)


class Script(State):
    rows: int = 0


class Turns(Spread[Params, Script]):
    """Enters 30 of the first against 20 of the second, five rows later gives up, and again."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.told: list[tuple[Bar, ...]] = []
        self.deeds: list[str] = []

    def on_bars(self, ctx: SpreadContext, bars: tuple[Bar, ...]) -> None:
        self.told.append(bars)
        self.state.rows += 1
        if self.state.rows % 10 == 3 and ctx.enter((3.0, -2.0), 10):
            self.deeds.append("enter")
        elif self.state.rows % 10 == 8 and ctx.close("enough"):
            self.deeds.append("close")


def bar(con_id: int, at: int, price: float = 50.0) -> Bar:
    begin = START + at * M
    return Bar(con_id, begin, begin + M, price, price, price, price, 1_000.0, price, 5)


def row(at: int, *prices: float) -> list[Bar]:
    given_prices = prices or (50.0, 70.0)
    return [bar(each.con_id, at, price) for each, price in zip(LEGS, given_prices, strict=True)]


def host(strategy: Spread[Any, Any] | None = None, **more: Any) -> SpreadHost:
    made = strategy or Turns(Params())
    return SpreadHost(made, name="pair/KO-PEP", instruments=LEGS, **more)


class Market:
    """The gate, the orders and the broker: by a seed, as unkind as they can be, until ``kind``."""

    def __init__(self, seed: int) -> None:
        self.random, self.kind = Random(seed), False
        self.positions = {each.con_id: Decimal(0) for each in LEGS}
        self.left: dict[str, tuple[Intent, Decimal]] = {}
        self.cancelled: set[str] = set()
        self.causes: set[str] = set()
        self.timers: dict[str, int] = {}
        self.seq, self.now_ns = 0, START
        self.intents: list[Intent] = []
        self.most = {each.con_id: Decimal(0) for each in LEGS}

    def take(self, outcome: Outcome) -> None:
        for intent in outcome.intents:
            assert intent.cause not in self.causes, "no cause is used twice"
            self.causes.add(intent.cause)
            self.intents.append(intent)
            self.left[intent.cause] = (intent, intent.qty)
            if intent.purpose is Purpose.EXIT:
                held, sign = self.positions[intent.con_id], intent.side.sign
                exits = sum(
                    qty for one, qty in self.left.values()
                    if one.con_id == intent.con_id and one.side.sign == sign
                )  # fmt: skip
                assert held * sign < 0, "an exit gives up what is held"
                assert exits <= abs(held), "and no more than that"
        self.cancelled |= {each.ref for each in outcome.cancels}
        self.timers |= {each.name: each.at_ns for each in outcome.timers}

    def standings(self) -> dict[int, Standing]:
        return {
            con_id: Standing(
                position=held,
                working={
                    cause: left * one.side.sign
                    for cause, (one, left) in self.left.items()
                    if one.con_id == con_id
                },
                seq=self.seq,
            )
            for con_id, held in self.positions.items()
        }

    def answer(self, driven: SpreadHost) -> None:
        """Answer every order in some way, in some order."""
        causes = sorted(self.left)
        self.random.shuffle(causes)
        for cause in causes:
            if cause in self.left:
                self._answer(driven, cause)

    def _answer(self, driven: SpreadHost, cause: str) -> None:
        intent, left = self.left[cause]
        share = 1.0 if self.kind else self.random.choice([0.0, 0.0, 0.5, 1.0])
        ends = self.kind or cause in self.cancelled or self.random.random() < 0.3
        if cause in self.cancelled and self.kind:
            share = 0.0
        qty = Decimal(int(left * Decimal(share)))
        if qty:
            self._fill(driven, intent, cause, qty)
        if cause in self.left and (ends or self.left[cause][1] == 0):
            del self.left[cause]
            self.take(driven.ended(Ended(con_id=intent.con_id, cause=cause, why="over")))

    def _fill(self, driven: SpreadHost, intent: Intent, cause: str, qty: Decimal) -> None:
        self.seq += 1
        self.positions[intent.con_id] += qty * intent.side.sign
        held = abs(self.positions[intent.con_id])
        self.most[intent.con_id] = max(held, self.most[intent.con_id])
        self.left[cause] = (intent, self.left[cause][1] - qty)
        fill = Fill(
            seq=self.seq, con_id=intent.con_id, side=intent.side, qty=qty, price=Decimal(50),
            time_ns=self.now_ns, cause=cause,
        )  # fmt: skip
        self.take(driven.fill(fill))

    def stop_out(self, driven: SpreadHost) -> None:
        """A protective stop of a leg, which nobody asked for just now, fires."""
        con_id = self.random.choice(sorted(self.positions))
        held = self.positions[con_id]
        if not held or any(one.con_id == con_id for one, _ in self.left.values()):
            return
        self.seq += 1
        self.positions[con_id] = Decimal(0)
        side = Side.SELL if held > 0 else Side.BUY
        fill = Fill(seq=self.seq, con_id=con_id, side=side, qty=abs(held), price=Decimal(50),
                    time_ns=self.now_ns)  # fmt: skip
        self.take(driven.fill(fill))

    def ring(self, driven: SpreadHost) -> None:
        due = {name: at for name, at in self.timers.items() if at <= self.now_ns}
        for name, at_ns in due.items():
            del self.timers[name]
            self.take(driven.timer(name, at_ns))


def lived(seed: int, rows: int, *, restarts: bool = False) -> tuple[SpreadHost, Market]:
    """Let a spread live among unkind answers, then settle."""
    market, driven = Market(seed), host()
    market.take(driven.start(START))
    kept = b""
    for at in range(rows):
        market.now_ns = START + (at + 1) * M
        for each in row(at):
            market.take(driven.bar(each))
        for _ in range(market.random.randint(0, 3)):
            market.answer(driven)
        if market.random.random() < 0.2:
            market.stop_out(driven)
        market.ring(driven)
        kept = driven.saved() or kept
        if restarts and market.random.random() < 0.2:
            driven = host()
            market.timers.clear()
            market.take(driven.begin(market.now_ns, saved=kept, standings=market.standings()))
            for past in range(max(0, at - 3), at + 1):
                for each in row(past):
                    assert driven.bar(each, live=False).intents == (), "history decides nothing"
            kept = driven.saved() or kept
    settle(driven, market)
    return driven, market


def settle(driven: SpreadHost, market: Market) -> None:
    """Nobody is unkind any more, and time goes by without a bar."""
    market.kind = True
    for _ in range(12):
        market.answer(driven)
        market.now_ns += 7_200 * S
        market.ring(driven)


def balanced(market: Market) -> bool:
    first, second = (market.positions[each.con_id] for each in LEGS)
    if not first and not second:
        return True
    least = min(first / 30, -second / 20)
    return first == int(30 * least) and second == -int(20 * least)


@settings(max_examples=50)
@given(SEEDS)
def test_whatever_becomes_of_the_orders_no_leg_stays_alone(seed: int) -> None:
    driven, market = lived(seed, 40)
    assert not market.left
    assert balanced(market), market.positions
    assert market.positions == driven.positions
    assert market.most[1] <= 30
    assert market.most[2] <= 20


@settings(max_examples=50)
@given(SEEDS)
def test_a_restart_at_any_time_changes_nothing_of_that(seed: int) -> None:
    driven, market = lived(seed, 40, restarts=True)
    assert balanced(market), market.positions
    assert market.positions == driven.positions


def test_random_lives_reach_entries_exits_and_the_rule() -> None:
    reasons = {
        intent.reason.partition(";")[0]
        for seed in range(40)
        for intent in lived(seed, 40)[1].intents
    }
    assert "enough" in reasons
    assert any("come to nothing" in each for each in reasons)
    assert any("filled in part" in each for each in reasons)


@given(SEEDS, st.integers(5, 40))
def test_the_order_in_which_the_legs_bars_come_changes_nothing(seed: int, count: int) -> None:
    random = Random(seed)
    lanes = [[row(at)[leg] for at in range(count)] for leg in range(len(LEGS))]
    together, mixed = host(), host()
    for each in (together, mixed):
        each.start(START)
    for at in range(count):
        for one in row(at):
            together.bar(one)
    while any(lanes):
        lane = random.choice([each for each in lanes if each])
        mixed.bar(lane.pop(0))
    first, second = together.strategy, mixed.strategy
    assert isinstance(first, Turns)
    assert isinstance(second, Turns)
    assert second.told == first.told
    assert second.deeds == first.deeds


@given(st.sets(st.integers(0, 29)), st.sets(st.integers(0, 29)))
def test_a_bar_without_its_partner_is_left_out(first: set[int], second: set[int]) -> None:
    driven = host()
    driven.start(START)
    for at in range(30):
        for each in row(at):
            if at in (first if each.con_id == 1 else second):
                driven.bar(each)
    strategy = driven.strategy
    assert isinstance(strategy, Turns)
    ends = [{each.end_ns for each in bars} for bars in strategy.told]
    assert all(len(each) == 1 for each in ends), "a row's bars end together"
    assert [(min(each) - START) // M - 1 for each in ends] == sorted(first & second)


def test_one_leg_that_may_not_be_entered_holds_all_back() -> None:
    known = Sizing(kind="fixed", qty=Decimal(9), weight=0.1, bankroll=None, price=50.0, why="")
    unknown = msgspec.structs.replace(known, qty=Decimal(0), why="the price is not known")

    class Asks(Spread[Params, State]):
        def on_bars(self, ctx: SpreadContext, bars: tuple[Bar, ...]) -> None:
            del bars
            for each, size in zip(ctx._contexts, (known, unknown), strict=True):
                each._sizer = lambda found=size: found
            ctx.enter((1.0, -1.0))

    driven = host(Asks(Params()))
    driven.start(START)
    outcomes = [driven.bar(each) for each in row(0)]
    assert not any(each.intents for each in outcomes)
    assert "0 units are no share of every leg" in " ".join(outcomes[-1].blocked)


@pytest.mark.parametrize(
    ("ratio", "says"),
    [((1.0,), "give 2 numbers"), ((1.0, 0.0), "not 0"), ((1.0, float("nan")), "not 0")],
)
def test_a_ratio_that_makes_no_sense_is_refused_at_its_event(ratio: Any, says: str) -> None:
    class Wrong(Spread[Params, State]):
        def on_bars(self, ctx: SpreadContext, bars: tuple[Bar, ...]) -> None:
            del bars
            ctx.enter(ratio, 1)

    driven = host(Wrong(Params()))
    driven.start(START)
    first, second = row(0)
    driven.bar(first)
    with pytest.raises(StrategyCrash, match=says) as caught:
        driven.bar(second)
    assert "on_bars" in str(caught.value)
    assert "test_spread.py" in str(caught.value), "the strategy's own line is named"
    assert caught.value.event.startswith("bar:")


def test_a_spread_has_at_least_two_legs_each_once() -> None:
    for legs in (LEGS[:1], (LEGS[0], LEGS[0])):
        with pytest.raises(StrategyError, match="two instruments or more, each once"):
            SpreadHost(Turns(Params()), name="s", instruments=legs)


def test_what_was_saved_of_other_legs_is_refused() -> None:
    driven = host()
    driven.start(START)
    saved = driven.saved()
    assert saved is not None
    three = (*LEGS, Instrument(con_id=3, symbol="MNST"))
    other = SpreadHost(Turns(Params()), name="s", instruments=three)
    with pytest.raises(StrategyError, match="with other legs"):
        other.begin(START, saved=saved)
    with pytest.raises(StrategyError, match="is damaged"):
        host().begin(START, saved=b"\xc1")


def test_an_exit_that_is_refused_is_asked_for_again_less_and_less_often() -> None:
    market, driven = Market(1), host()
    market.kind = True
    driven.start(START)
    market.now_ns = START + 3 * M
    for at in range(3):
        for each in row(at):
            market.take(driven.bar(each))
    market.answer(driven)
    assert market.positions == {1: Decimal(30), 2: Decimal(-20)}
    market.stop_out(driven)
    waits = []
    for _ in range(6):
        (cause,) = market.left
        intent, _ = market.left.pop(cause)
        market.take(driven.ended(Ended(con_id=intent.con_id, cause=cause, why="refused")))
        at_ns = market.timers.pop(AGAIN)
        waits.append((at_ns - market.now_ns) // S)
        market.now_ns = at_ns
        market.take(driven.timer(AGAIN, at_ns))
    assert waits == sorted(waits)
    assert waits[-1] > 4 * waits[0] > 0
    settle(driven, market)
    assert not any(market.positions.values())
