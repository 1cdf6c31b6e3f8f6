"""The outbox against a model, and the quarantine: nothing is lost, the poison is set aside."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from robotrader.domain import Bar, Quote, Side
from robotrader.strategies import Ended, Event, Feed, Fill, Outbox, Quarantine, event_key
from tests.robotrader.strategies.kit import START, M, bars


def fill(seq: int) -> Fill:
    return Fill(seq=seq, con_id=1, side=Side.BUY, qty=Decimal(1), price=Decimal(1), time_ns=START)


class Feeding(RuleBasedStateMachine):
    """A receiver that handles, dies and comes again, and is told more meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(Quarantine("x", limit=2))
        self.put: list[str] = []
        self.handled: list[str] = []
        self.flying: Feed | None = None
        self.crashes: dict[str, int] = {}
        self.held: set[str] = set()
        self.bars = iter(bars([100.0] * 500))
        self.seq = 0
        self.last_quote = ""

    @rule()
    def a_bar_comes(self) -> None:
        bar = next(self.bars)
        self.put.append(event_key(bar))
        self.outbox.put(bar)

    @rule(kind=st.sampled_from(["fill", "ended"]))
    def an_order_says_something(self, kind: str) -> None:
        self.seq += 1
        event: Event = fill(self.seq)
        if kind == "ended":
            event = Ended(con_id=1, cause=f"c{self.seq}")
        self.put.append(event_key(event))
        self.outbox.put(event)

    @rule()
    def a_quote_comes(self) -> None:
        self.seq += 1
        quote = Quote(1, START + self.seq, 1.0, 2.0, 1.0, 1.0)
        self.last_quote = event_key(quote)
        self.outbox.put(quote)

    @precondition(lambda self: self.flying is None)
    @rule()
    def the_next_is_taken(self) -> None:
        feed = self.outbox.take()
        if feed is None:
            left = [k for k in self.put if k not in self.handled and k not in self.held]
            assert left == [], "something waits and is not told"
            return
        key = event_key(feed.event)
        assert key not in self.held, "set aside"
        assert self.outbox.take() is None, "one at a time"
        if isinstance(feed.event, Quote):
            assert key == self.last_quote, "only the newest quote"
        self.flying = feed

    @precondition(lambda self: self.flying is not None)
    @rule()
    def it_is_handled(self) -> None:
        assert self.flying is not None
        assert not self.outbox.handled(self.flying.number + 1_000)
        assert self.outbox.handled(self.flying.number)
        assert not self.outbox.handled(self.flying.number), "once"
        self.handled.append(event_key(self.flying.event))
        self.flying = None

    @precondition(lambda self: self.flying is not None)
    @rule(blamed=st.booleans())
    def the_receiver_dies(self, blamed: bool) -> None:
        assert self.flying is not None
        key = event_key(self.flying.event)
        if blamed:
            record = self.outbox.crashed("why", 5, key)
            self.crashes[key] = self.crashes.get(key, 0) + 1
            assert (record is not None) == (self.crashes[key] == 2)
            if record is not None:
                assert (record.message, record.crashes, record.actor) == (key, 2, "x")
                self.held.add(key)
        else:
            assert self.outbox.crashed("why", 5, "another event") is None
        self.outbox.lost()
        self.outbox.begin(())
        self.flying = None

    @invariant()
    def orders_come_before_bars_and_each_in_its_order(self) -> None:
        for prefix in ("bar:", "fill:"):
            mine = [k for k in self.handled if k.startswith(prefix)]
            assert mine == [k for k in self.put if k in mine]


TestFeeding: Any = Feeding.TestCase


def drained(outbox: Outbox) -> list[Feed]:
    out = []
    while (feed := outbox.take()) is not None:
        out.append(feed)
        outbox.handled(feed.number)
    return out


def test_history_comes_first_then_orders_then_bars_then_the_newest_quote() -> None:
    outbox = Outbox(Quarantine("x"))
    past, now = bars([1.0, 2.0]), bars([3.0, 4.0], first=2)
    quotes = [Quote(1, START + n, 1.0, 2.0, 1.0, 1.0) for n in range(3)]
    events: tuple[Event, ...] = (*quotes, now[0], fill(1), now[1])
    for event in events:
        outbox.put(event)
    outbox.begin(past)
    got = drained(outbox)
    assert [feed.event for feed in got] == [*past, fill(1), *now, quotes[-1]]
    assert [feed.live for feed in got] == [False, False, True, True, True, True]


def test_a_bar_that_history_tells_is_not_told_live_as_well() -> None:
    outbox = Outbox(Quarantine("x"))
    told = bars([1.0, 2.0])
    outbox.put(told[0])
    outbox.put(told[1])
    outbox.begin(told[:1])
    assert [feed.event for feed in drained(outbox)] == told
    assert outbox.waiting_bars() == ()


def test_a_newer_quote_stands_when_the_one_that_flew_was_lost() -> None:
    outbox = Outbox(Quarantine("x"))
    quotes = [Quote(1, START + n, 1.0, 2.0, 1.0, 1.0) for n in range(2)]
    outbox.put(quotes[0])
    assert outbox.take() is not None
    outbox.put(quotes[1])
    outbox.lost()
    assert [feed.event for feed in drained(outbox)] == quotes[1:]


def test_too_many_bars_drop_the_oldest_and_it_is_counted() -> None:
    outbox = Outbox(Quarantine("x"), most_bars=2)
    told = bars([1.0, 2.0, 3.0])
    for bar in told:
        outbox.put(bar)
    assert [feed.event for feed in drained(outbox)] == told[1:]
    assert outbox.dropped == 1


def test_what_was_set_aside_before_is_skipped() -> None:
    quarantine = Quarantine("x")
    quarantine.replay([f"bar:{M}:{START}"])
    outbox = Outbox(quarantine)
    told: list[Bar] = bars([1.0, 2.0])
    outbox.begin(told)
    assert [feed.event for feed in drained(outbox)] == told[1:]
    assert outbox.skipped == 1
    assert quarantine.crashed(f"bar:{M}:{START}", "again", 1) is None


@given(st.lists(st.sampled_from("abcdef"), max_size=60), st.integers(1, 4))
def test_a_key_is_set_aside_at_its_limit_and_once(keys: list[str], limit: int) -> None:
    quarantine = Quarantine("x", limit)
    records = [r for key in keys if (r := quarantine.crashed(key, "e", 1)) is not None]
    wanted = {key for key in keys if keys.count(key) >= limit}
    assert {record.message for record in records} == wanted == quarantine.held()
    assert len(records) == len(wanted)


def test_crashes_of_the_latest_suspects_only_are_counted() -> None:
    quarantine = Quarantine("x", limit=2, suspects=1)
    assert [quarantine.crashed(key, "e", 1) for key in ("a", "b", "a")] == [None] * 3
    assert quarantine.crashed("a", "e", 1) is not None
    with pytest.raises(ValueError, match="at least 1"):
        Quarantine("x", 0)
