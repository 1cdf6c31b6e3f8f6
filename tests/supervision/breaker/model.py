"""A breaker the naive way: lists and plain comparisons, nothing shared with the product.

It covers what the random tests use: the consecutive rule, the failure and slow rates over a window
of calls, half-open permits with a deadline, the open period's growth, and manual control.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

ILLEGAL = {("closed", "half_open"), ("metrics_only", "open"), ("metrics_only", "half_open")}
REFUSES = {"open", "forced_open"}


@dataclass
class Model:
    """Times are whole nanoseconds, rates percentages."""

    row: int | None
    size: int
    minimum: int
    permits: int
    open_ns: int
    ttl_ns: int
    factor: int = 1
    cap_ns: int = 10**15
    state: str = "closed"
    now_ns: int = 0
    until_ns: int = 0
    attempt: int = 0
    failures_in_row: int = 0
    results: list[tuple[bool, bool]] = field(default_factory=list)
    out: dict[Any, int | None] = field(default_factory=dict)
    """Valid permits and their deadlines."""

    def copy(self) -> Model:
        return copy.deepcopy(self)

    def enter(self, state: str, open_ns: int | None = None) -> None:
        self.state, self.results, self.out, self.failures_in_row = state, [], {}, 0
        if state == "open":
            if open_ns is None:
                self.attempt += 1
                open_ns = min(self.cap_ns, self.open_ns * self.factor ** (self.attempt - 1))
            self.until_ns = self.now_ns + open_ns
        elif state == "forced_open":
            self.attempt += 1
        elif state == "closed":
            self.attempt = 0

    def advance(self, delta_ns: int) -> None:
        self.now_ns += delta_ns
        if self.state == "open" and self.now_ns >= self.until_ns:
            self.enter("half_open")
        overdue = [key for key, due in self.out.items() if due is not None and due <= self.now_ns]
        for key in overdue:
            del self.out[key]

    def ask(self, key: Any) -> bool:
        if self.state in REFUSES:
            return False
        if self.state == "half_open":
            if len(self.out) + len(self.results) >= self.permits:
                return False
            self.out[key] = self.now_ns + self.ttl_ns
        else:
            self.out[key] = None
        return True

    def end(self, key: Any, outcome: str) -> None:
        """Outcomes: ok, fail, slow (and ok), ignored."""
        if key not in self.out:
            return
        del self.out[key]
        if outcome == "ignored" or self.state == "disabled":
            return
        self.results.append((outcome == "fail", outcome == "slow"))
        if self.state == "half_open":
            if len(self.results) == self.permits:
                self.enter("open" if self.rates_trip(self.permits) else "closed")
            return
        self.failures_in_row = self.failures_in_row + 1 if outcome == "fail" else 0
        self.results = self.results[-self.size :]
        in_row = self.row is not None and self.failures_in_row >= self.row
        if self.state == "closed" and (in_row or self.rates_trip(min(self.minimum, self.size))):
            self.enter("open")

    def rates_trip(self, minimum: int) -> bool:
        calls = len(self.results)
        failed, slow = (sum(result[i] for result in self.results) for i in (0, 1))
        return calls >= minimum and (failed * 2 >= calls or slow * 4 >= calls * 3)

    def move(self, target: str, open_ns: int | None = None) -> bool:
        if (self.state, target) in ILLEGAL:
            return False
        if target == self.state:
            if target == "open" and open_ns is not None:
                self.until_ns = self.now_ns + open_ns
        else:
            self.enter(target, open_ns)
        return True

    def reset(self) -> None:
        self.enter("closed")
