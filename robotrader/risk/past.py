"""What was approved lately: how many orders, and which, so that a storm or an echo is seen."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain.records import DayRolled, Ending, OrderDone, OrderIntended

if TYPE_CHECKING:
    from robotrader.domain import Intent
    from robotrader.domain.records import Record

MINUTE_NS: Final = 60_000_000_000
SECOND_NS: Final = 1_000_000_000
MS_NS: Final = 1_000_000
REMEMBERED: Final = 100_000
"""Approvals, echoes, ended reservations: more than a day has; the oldest is forgotten first."""

REJECTS: Final = 100
"""The newest rejections: more than any rule counts."""

Echo = tuple[str, int, str, Decimal, str, Decimal | None, Decimal | None]
"""What two intents have in common when one repeats the other: strategy, contract, side, quantity,
type and prices."""


_FOLLOWED: Final = frozenset({DayRolled, OrderIntended, OrderDone})
"""Records that say what became of entries, or on which day."""


def echo_of(intent: Intent) -> Echo:
    """Return what an intent that repeats this one would have in common with it."""
    who, side, kind = intent.strategy, intent.side, intent.order_type
    return who, intent.con_id, side, intent.qty, kind, intent.limit_price, intent.aux_price


class PastState(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot keeps of it."""

    at_ns: tuple[int, ...] = ()
    echoes: tuple[tuple[Echo, int], ...] = ()
    day: str = ""
    today: int = 0
    entries: int = 0
    cancels: int = 0
    working: tuple[str, ...] = ()


class Past:
    """The approvals of the current minute and day."""

    def __init__(self, state: PastState | None = None) -> None:
        state = state or PastState()
        self._at_ns: deque[int] = deque(state.at_ns, maxlen=REMEMBERED)
        self._in_order = all(one <= next_ns for one, next_ns in pairwise(state.at_ns))
        """Whether no clock was set back among them."""

        self._echoes: dict[Echo, int] = dict(state.echoes)
        self.day = state.day
        self.today = state.today
        self.entries, self.cancels = state.entries, state.cancels
        """Of this day: orders that could add to risk, and those of them that were cancelled."""

        self._working = dict.fromkeys(state.working)

    def state(self) -> PastState:
        """Return it as a value."""
        return PastState(
            at_ns=tuple(self._at_ns),
            echoes=tuple(self._echoes.items()),
            day=self.day,
            today=self.today,
            entries=self.entries,
            cancels=self.cancels,
            working=tuple(self._working),
        )

    def replay(self, record: Record) -> None:
        """Count what the journal says was approved by an earlier run."""
        if isinstance(record, OrderIntended) and not record.parent_ref:
            echo = (record.strategy, record.con_id, record.side, record.qty, record.order_type)
            self.add((*echo, record.limit_price, record.aux_price), record.wall_ns)
        self.follow(record)

    def follow(self, record: Record) -> None:
        """Count what became of entries; for every record once, of this run and of earlier ones."""
        if type(record) not in _FOLLOWED:
            return
        if isinstance(record, OrderIntended):
            if not record.parent_ref and not record.reduces:
                self.entries += 1
                self._working[record.ref] = None
                if len(self._working) > REMEMBERED:
                    del self._working[next(iter(self._working))]
        elif isinstance(record, DayRolled):
            self.begin(record.day)
        elif isinstance(record, OrderDone) and record.ref in self._working:
            del self._working[record.ref]
            self.cancels += record.ending is Ending.CANCELLED

    def add(self, echo: Echo, now_ns: int) -> None:
        """Remember an approval."""
        times, echoes = self._at_ns, self._echoes
        if times and now_ns < times[-1]:
            self._in_order = False
        times.append(now_ns)
        echoes[echo] = now_ns
        self.today += 1
        if times[0] <= now_ns - MINUTE_NS or len(echoes) > REMEMBERED or not self._in_order:
            self._forget(now_ns)

    def begin(self, day: str) -> None:
        """Count the orders of another exchange day from 0."""
        if day != self.day:
            self.day = day
            self.today = self.entries = self.cancels = 0

    def last_minute(self, now_ns: int) -> int:
        """Return how many were approved in the minute before now; a clock set back adds none."""
        return self._since(now_ns - MINUTE_NS)

    def last_second(self, now_ns: int) -> int:
        """Return how many were approved in the second before now; a clock set back adds none."""
        return self._since(now_ns - SECOND_NS)

    def fewer(self, most: int, since_ns: int) -> bool:
        """Return whether fewer than ``most`` were approved after a time, without counting them."""
        if len(self._at_ns) < most:
            return True
        if not self._in_order:
            return self._since(since_ns) < most
        return most > 0 and self._at_ns[-most] <= since_ns

    def _since(self, since_ns: int) -> int:
        if self._in_order:
            return len(self._at_ns) - bisect_right(self._at_ns, since_ns)
        return sum(at_ns > since_ns for at_ns in self._at_ns)

    def same(self, echo: Echo) -> int | None:
        """Return when one like it was approved last."""
        return self._echoes.get(echo)

    def _forget(self, now_ns: int) -> None:
        while self._at_ns and self._at_ns[0] <= now_ns - MINUTE_NS:
            self._at_ns.popleft()
        self._in_order = self._in_order or len(self._at_ns) < 2
        if len(self._echoes) > REMEMBERED:
            newest = sorted(self._echoes.items(), key=lambda item: item[1])
            self._echoes = dict(newest[len(newest) // 2 :])
