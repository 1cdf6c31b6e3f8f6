"""The host warms up, keeps to the rules, survives restarts, and says what failed."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Intent, OrderType, Purpose, Quote, Side
from robotrader.domain.errors import StrategyError
from robotrader.strategies import (
    Context,
    Ended,
    Fill,
    Outcome,
    Standing,
    StrategyCrash,
    StrategyHost,
)
from tests.robotrader.strategies.kit import (
    AAPL,
    START,
    Broker,
    Deed,
    Does,
    M,
    S,
    Wild,
    bars,
    play,
    wild_host,
)

ACTIONS = st.tuples(
    st.sampled_from(["buy", "sell", "close", "target", "timer", "none"]), st.integers(-5, 5)
)
SCRIPTS = st.lists(ACTIONS, min_size=1, max_size=12)


def intents(outcomes: list[Outcome]) -> list[Intent]:
    return [intent for outcome in outcomes for intent in outcome.intents]


def fill(seq: int, side: Side, qty: int, cause: str = "") -> Fill:
    return Fill(
        seq=seq, con_id=AAPL.con_id, side=side, qty=Decimal(qty), price=Decimal(100),
        time_ns=START, cause=cause,
    )  # fmt: skip


@given(SCRIPTS, st.integers(0, 6), st.integers(0, 3), st.integers(0, 2**32))
def test_whatever_a_strategy_does_the_rules_hold(
    script: list[tuple[str, int]], warmup: int, dwell: int, seed: int
) -> None:
    """Against a broker that fills in parts, late, or not at all."""
    host = wild_host(*script, warmup=warmup, dwell_bars=dwell)
    host.start(START)
    broker = Broker(Random(seed))
    entries: list[tuple[int, int]] = []
    for number, bar in enumerate(bars([100.0] * 30)):
        for answer in broker.answers(100.0, bar.start_ns):
            if isinstance(answer, Ended):
                host.ended(answer)
            else:  # at the end of the bar before: its directions are still taken
                made = host.fill(answer).intents
                assert not made or number >= warmup
                broker.ask(made)
                entries += [(number - 1, i.side.sign) for i in made if i.purpose == "entry"]
        assert (host.position, host.working) == (
            broker.position,
            sum(broker.standing().working.values()),
        )
        before = broker.position
        made = host.bar(bar).intents
        assert not made or number + 1 >= warmup, "intents only after warm-up"
        for intent in made:
            exits = before * intent.side.sign < 0
            assert (intent.purpose is Purpose.EXIT) == exits
            if exits:
                assert intent.qty <= abs(before), "an exit never turns a position round"
            else:
                entries.append((number, intent.side.sign))
        signs = [intent.side.sign for intent in made]
        assert len(signs) == len(set(signs)), "one intent a bar and direction"
        broker.ask(made)
    for (one, sign), (after, other) in pairwise(entries):
        assert sign == other or after - one >= dwell, "the dwell"


@given(SCRIPTS, st.integers(0, 5), st.integers(1, 25), st.integers(0, 2**32))
def test_a_restart_at_any_bar_changes_nothing_that_follows(
    script: list[tuple[str, int]], warmup: int, cut: int, seed: int
) -> None:
    told = bars([100.0 + n % 7 for n in range(30)])

    def whole(restart: bool) -> tuple[list[Intent], Decimal]:
        host, broker = wild_host(*script, warmup=warmup), Broker(Random(seed))
        host.start(START)
        made = intents(play(host, broker, told[:cut]))
        if restart:
            saved = host.saved() or b""
            host = wild_host(*script, warmup=warmup)
            made += host.start(told[cut].start_ns, saved=saved, standing=broker.standing()).intents
            for bar in told[max(0, cut - max(warmup, 1)) : cut]:
                assert host.bar(bar, live=False).intents == ()
        made += intents(play(host, broker, told[cut:]))
        return made, broker.position

    assert whole(restart=True) == whole(restart=False)


def test_a_bar_or_fill_that_is_told_again_changes_nothing() -> None:
    host = wild_host(("buy", 0), ("none", 0))
    host.start(START)
    (bar,) = bars([100.0])
    (intent,) = host.bar(bar).intents
    assert host.bar(bar) == Outcome()
    one = fill(1, Side.BUY, 1, intent.cause)
    host.fill(one)
    state = host.saved()
    assert state is not None
    assert host.fill(one) == Outcome()
    assert (host.position, host.working) == (Decimal(1), Decimal(0))
    assert host.saved() is None, "nothing new"


def test_a_fill_that_its_owner_has_counted_is_told_and_not_counted_again() -> None:
    host = wild_host()
    host.start(START, standing=Standing(position=Decimal(5), seq=7))
    host.fill(fill(7, Side.BUY, 5))
    assert host.position == 5
    host.fill(fill(8, Side.BUY, 2))
    assert host.position == 7
    assert isinstance(host.strategy, Wild)
    assert host.strategy.told == ["fill:7", "fill:8"]


def test_a_fill_is_told_before_the_next_bar_with_the_position_that_it_made() -> None:
    host, broker = wild_host(("buy", 0), ("none", 0), ("none", 0)), Broker()
    host.start(START)
    play(host, broker, bars([100.0, 101.0]))
    assert isinstance(host.strategy, Wild)
    assert [event.split(":")[0] for event in host.strategy.told] == ["bar", "fill", "bar"]
    assert host.strategy.positions == [0, 1, 1]


def test_history_and_warm_up_lead_to_no_intent() -> None:
    host = wild_host(("buy", 0), warmup=3)
    host.start(START)
    told = bars([100.0] * 6)
    assert [len(host.bar(bar, live=False).intents) for bar in told[:2]] == [0, 0]
    assert not host.ready
    assert [len(host.bar(bar).intents) for bar in told[2:4]] == [1, 1]
    assert host.bar(told[4], live=False).intents == ()


def test_quotes_wait_for_the_warm_up() -> None:
    host = wild_host(warmup=1)
    host.start(START)
    quote = Quote(AAPL.con_id, START, 99.0, 101.0, 1.0, 1.0)
    assert host.quote(quote) == Outcome()
    host.bar(bars([100.0])[0])
    host.quote(quote)
    assert isinstance(host.strategy, Wild)
    assert len(host.strategy.told) == 2


def test_a_constant_wish_for_an_hour_is_one_intent_and_one_record() -> None:
    """F88: a target that is reached asks for nothing; a refusal is recorded once."""
    host, broker = wild_host(("target", 5)), Broker()
    host.start(START)
    assert len(intents(play(host, broker, bars([100.0] * 60)))) == 1
    flood = wild_host(("buy", 0))
    flood.start(START)
    quotes = [Quote(AAPL.con_id, START + n * S, 99.0, 101.0, 1.0, 1.0) for n in range(3600)]
    outcomes = [flood.quote(quote) for quote in quotes]
    assert len(intents(outcomes)) == 1
    assert [why for o in outcomes for why in o.blocked] == [
        f"quote:{START + S}:99.0:101.0: one intent a bar and direction"
    ]


def test_a_reversal_closes_first_and_enters_after_the_dwell() -> None:
    """F33, F88: an entry the other way round has to wait; the exit does not."""
    host, broker = wild_host(("target", 5), ("target", -5), dwell_bars=4), Broker()
    host.start(START)
    made = [(i.decided_ns - START, i.purpose, i.side, i.qty) for i in intents(
        play(host, broker, bars([100.0] * 8))
    )]  # fmt: skip
    first, second, third = made[:3]
    assert first == (M, Purpose.ENTRY, Side.BUY, Decimal(5))
    assert second[1:] == (Purpose.EXIT, Side.SELL, Decimal(5))
    assert third[1] is Purpose.ENTRY
    sides = [each for each in made if each[1] is Purpose.ENTRY]
    for one, after in pairwise(sides):
        assert one[2] == after[2] or after[0] - one[0] >= 4 * M


def test_the_cause_of_an_intent_is_the_same_at_every_telling() -> None:
    def cause() -> str:
        host = wild_host(("buy", 0))
        host.start(START)
        (intent,) = host.bar(bars([100.0])[0]).intents
        return intent.cause

    assert cause() == cause() == f"wild/265598/bar:{M}:{START}/BUY"


def test_a_bracket_is_on_the_instruments_price_grid() -> None:
    def bracket(ctx: Context, _bar: object) -> None:
        ctx.buy(10, limit=100.126, stop=95.001, take_profit=Decimal("110.129"), reason="why")

    host = StrategyHost(Does(bracket), name="b", instrument=AAPL)
    (intent,) = host.bar(bars([100.0])[0]).intents
    assert (intent.order_type, intent.limit_price) == (OrderType.LIMIT, Decimal("100.13"))
    profit, stop = intent.legs
    assert (profit.order_type, profit.limit_price) == (OrderType.LIMIT, Decimal("110.13"))
    assert (stop.order_type, stop.aux_price) == (OrderType.STOP, Decimal("95.00"))


@pytest.mark.parametrize(
    ("does", "message"),
    [
        (lambda ctx, _: ctx.buy(0), "quantity of 0 of AAPL: give a multiple of 1 above 0"),
        (lambda ctx, _: ctx.buy(1.5), "multiple of 1"),
        (lambda ctx, _: ctx.buy(float("nan")), "finite"),
        (lambda ctx, _: ctx.buy(1, stop=-1), "stop -1 is not above zero"),
        (lambda ctx, _: ctx.timer("t", 0), "more than 0"),
        (lambda _ctx, _: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_a_failure_names_the_event_the_time_and_the_line(does: Deed, message: str) -> None:
    host = StrategyHost(Does(does), name="bad", instrument=AAPL)
    with pytest.raises(StrategyCrash) as caught:
        host.bar(bars([100.0])[0])
    text = str(caught.value)
    assert message in text
    assert "strategy bad: on_bar of AAPL at 2025-11-24T14:31:00+00:00" in text
    assert "test_host.py" in text, "the user's own line"
    assert caught.value.event == f"bar:{M}:{START}"
    with pytest.raises(StrategyError, match="make a new one"):
        host.bar(bars([100.0], 1)[0])


def test_a_damaged_or_foreign_state_is_refused_with_a_remedy() -> None:
    host = wild_host()
    with pytest.raises(StrategyError, match=r"damaged.*start it anew"):
        host.start(START, saved=b"\xc1nonsense")
    with pytest.raises(StrategyError, match="another name, or a new field a default"):
        host.strategy.load(b"\x81\xa4step\xa1x")


def test_what_is_over_works_no_more() -> None:
    host = wild_host(("buy", 0), ("none", 0))
    host.start(START)
    (intent,) = host.bar(bars([100.0])[0]).intents
    assert host.working == 1
    host.ended(Ended(con_id=AAPL.con_id, cause=intent.cause, why="refused"))
    assert host.working == 0


def test_timers_are_asked_for_by_name_and_come_back() -> None:
    host = wild_host(("timer", 9), ("buy", 0))
    host.start(START)
    (bar,) = bars([100.0])
    (timer,) = host.bar(bar).timers
    assert (timer.name, timer.at_ns) == ("t", bar.end_ns + 10 * S)
    assert len(host.timer(timer.name, timer.at_ns).intents) == 1


def test_a_negative_dwell_is_refused() -> None:
    with pytest.raises(ValueError, match="dwell of -1"):
        wild_host(dwell_bars=-1)


def test_a_bar_that_was_handled_before_a_restart_leads_to_no_second_intent() -> None:
    """It was saved and not answered: its intent may be on its way."""
    told = bars([100.0, 101.0])
    first = wild_host(("buy", 0))
    first.start(START)
    assert len(first.bar(told[0]).intents) == 1
    saved = first.saved() or b""
    for fill_first in (False, True):
        host = wild_host(("buy", 0))
        host.start(START, saved=saved)
        if fill_first:
            host.fill(fill(1, Side.BUY, 1))
            state = host.strategy.save()
            assert host.bar(told[0]) == Outcome()
            assert host.strategy.save() == state
        assert host.bar(told[0]).intents == ()
        assert len(host.bar(told[1]).intents) == 1


def test_what_is_blocked_is_said_again_after_an_intent_has_passed() -> None:
    host = wild_host(("buy", 0))
    host.start(START)
    quotes = [Quote(AAPL.con_id, START + n * S, 99.0, 101.0, 1.0, 1.0) for n in range(3)]
    said = [len(host.quote(quote).blocked) for quote in quotes]
    host.bar(bars([100.0])[0])
    said += [len(host.quote(quote).blocked) for quote in quotes]
    assert said == [0, 1, 0, 1, 0, 0]


def test_no_order_depends_on_one_that_still_works() -> None:
    """Flat with a buy at work: no short sale. Long with a sale at work: no second one."""
    host = wild_host(("buy", 9), ("sell", 3), ("sell", 9), ("close", 0), ("sell", 0))
    host.start(START)
    told = bars([100.0] * 5)
    (entry,) = host.bar(told[0]).intents
    blocked = host.bar(told[1])
    assert (blocked.intents, len(blocked.blocked)) == ((), 1)
    assert "the other way round works" in blocked.blocked[0]
    host.stand(Standing(position=Decimal(10)), START)
    (leaves,) = host.bar(told[2]).intents
    assert (leaves.purpose, leaves.qty) == (Purpose.EXIT, Decimal(10))
    assert "an exit of all of it works already" in host.bar(told[3]).blocked[0]
    assert "more than is held" in host.bar(told[4]).blocked[0]
    assert entry.purpose is Purpose.ENTRY
