"""The scheduler of historical requests, judged by the emulated gateway's own rules (P2)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.domain import Instrument
from robotrader.domain.errors import IBKRRateLimitError
from robotrader.emulator.pacing import HistoricalPacing
from robotrader.gateway import AskHistory, HistoryQueue, PacingRules
from robotrader.gateway.pacing import Asked
from robotrader.market.durations import DurationError, bar_seconds

SECOND_NS = 1_000_000_000
INSTRUMENTS = [Instrument(con_id=number, symbol=f"S{number}") for number in range(1, 201)]

ASKS = st.builds(
    AskHistory,
    request=st.just(0),
    instrument=st.sampled_from(INSTRUMENTS[:4]),
    duration=st.sampled_from(["60 S", "1 D"]),
    bar_size=st.sampled_from(["1 secs", "5 secs", "30 secs", "1 min", "1 day"]),
    what=st.sampled_from(["TRADES", "BID_ASK"]),
)


@dataclass
class Broker:
    """Answers after a while, and judges when it is asked."""

    queue: HistoryQueue[str] = field(default_factory=HistoryQueue)
    judge: HistoricalPacing = field(default_factory=HistoricalPacing)
    now_ns: int = SECOND_NS
    working: list[tuple[int, AskHistory]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    sent: int = 0
    most_open: int = 0
    answers: Counter[int] = field(default_factory=Counter)

    def send(self) -> None:
        while (ask := self.queue.take(self.now_ns)) is not None:
            key = Asked.of(ask)
            broken = self.judge.violation(
                self.now_ns,
                bar_s=bar_seconds(ask.bar_size),
                request=key,
                line=(key.con_id, key.exchange, key.what),
                weight=2 if key.what == "BID_ASK" else 1,
            )
            if broken:
                self.violations.append(broken)
            self.judge.open.add(key)
            self.sent += 1
            self.working.append((self.now_ns + SECOND_NS // 5, ask))
            self.most_open = max(self.most_open, self.queue.open)

    def step(self) -> bool:
        """Go to the next moment at which something happens; False if nothing ever will."""
        self.send()
        times = [due_ns for due_ns, _ in self.working]
        due_ns = self.queue.next_ns(self.now_ns)
        if due_ns is not None:
            times.append(max(due_ns, self.now_ns + 1))
        if not times:
            return False
        self.now_ns = max(self.now_ns, min(times))
        for done in [each for each in self.working if each[0] <= self.now_ns]:
            self.working.remove(done)
            self.judge.open.discard(Asked.of(done[1]))
            for each in self.queue.answer(done[1], self.now_ns, "bars", keep=True):
                self.answers[each.request] += 1
        return True

    def run(self) -> None:
        while self.step():
            pass


def test_a_warm_up_of_200_symbols_breaks_no_rule() -> None:
    broker = Broker()
    for number, instrument in enumerate(INSTRUMENTS):
        broker.queue.ask(AskHistory(number, instrument, "3600 S", "30 secs"), broker.now_ns)
    broker.run()
    assert broker.violations == []
    assert broker.answers == Counter(range(200))
    assert broker.now_ns < 2200 * SECOND_NS  # three windows of ten minutes, and the first at once


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), ASKS), max_size=90))
def test_no_sequence_of_wishes_breaks_a_rule_and_each_gets_one_answer(
    wishes: list[tuple[int, AskHistory]],
) -> None:
    broker = Broker()
    for number, (wait_s, ask) in enumerate(wishes):
        end_ns = broker.now_ns + wait_s * SECOND_NS
        while broker.now_ns < end_ns and broker.step():
            pass
        broker.now_ns = max(broker.now_ns, end_ns)
        wanted = AskHistory(
            number, ask.instrument, ask.duration, ask.bar_size, ask.end_ns, ask.what
        )
        if broker.queue.ask(wanted, broker.now_ns) is not None:
            broker.answers[number] += 1
    broker.run()
    assert broker.violations == []
    assert broker.answers == Counter(range(len(wishes)))
    assert broker.most_open <= 45


def test_equal_wishes_share_one_request_and_a_young_answer_is_used_again() -> None:
    broker = Broker()
    for number in range(10):
        broker.queue.ask(AskHistory(number, INSTRUMENTS[0], "1 D", "1 hour"), broker.now_ns)
    broker.run()
    assert broker.sent == 1
    later = AskHistory(99, INSTRUMENTS[0], "1 D", "1 hour")
    assert broker.queue.ask(later, broker.now_ns + SECOND_NS) == "bars"
    assert broker.queue.ask(later, broker.now_ns + 60 * SECOND_NS) is None


def test_after_a_violation_nobody_asks_for_a_while() -> None:
    queue: HistoryQueue[str] = HistoryQueue(PacingRules(penalty_s=60.0))
    first = AskHistory(1, INSTRUMENTS[0], "60 S", "5 secs")
    queue.ask(first, 0)
    assert queue.take(SECOND_NS) == first
    queue.penalize(first, SECOND_NS)
    queue.ask(AskHistory(2, INSTRUMENTS[1], "1 D", "1 hour"), SECOND_NS)
    assert queue.take(60 * SECOND_NS) is None
    assert queue.next_ns(SECOND_NS) == 61 * SECOND_NS
    assert queue.take(61 * SECOND_NS) == first


def test_when_the_connection_ends_everybody_is_found() -> None:
    queue: HistoryQueue[str] = HistoryQueue()
    asks = [AskHistory(n, INSTRUMENTS[n % 3], "1 D", "1 hour") for n in range(9)]
    for ask in asks:
        queue.ask(ask, 0)
    queue.take(0)
    assert {each.request for each in queue.clear()} == set(range(9))
    assert queue.next_ns(0) is None


def test_what_cannot_be_asked_is_refused() -> None:
    queue: HistoryQueue[str] = HistoryQueue(PacingRules(waiting=1))
    with pytest.raises(DurationError, match="7 secs"):
        queue.ask(AskHistory(1, INSTRUMENTS[0], "1 D", "7 secs"), 0)
    queue.ask(AskHistory(1, INSTRUMENTS[0], "1 D", "1 hour"), 0)
    with pytest.raises(IBKRRateLimitError, match="1 requests wait"):
        queue.ask(AskHistory(2, INSTRUMENTS[1], "1 D", "1 hour"), 0)
