"""Asks the broker for everything: at every connection, and whenever the trader wants it.

Five requests, each with its end, one deadline for all (C3, F17). One snapshot is made at a time;
who asks meanwhile gets the next one. What comes is also told at once, as it always is (O3).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from ib_async import ExecutionFilter

from robotrader.gateway import Collector, Ends, Lane
from robotrader.gateway.snapshot import nothing

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.adapters.ib.client import SafeClient
    from robotrader.adapters.ib.wire import Wire
    from robotrader.domain import (
        CommissionReport,
        ExecutionReport,
        OrderReport,
        PositionReport,
    )

LATE_NS: Final = 5_000_000_000
"""So long after a position that came behind its answer's end (O18) no answer about positions is
believed: what it does not name may still come, and is not nothing."""

UNASKED = 0
"""The request number of the snapshot that every connection begins with."""


class SyncDesk:
    """See the module's prose.

    Args:
        wire: how things are sent.
        done: called when the snapshot of a connection is over, with what is missing.
    """

    def __init__(self, wire: Wire, done: Callable[[tuple[str, ...]], None]) -> None:
        self._wire = wire
        self._done = done
        self._ends = Ends()
        self._now: Collector | None = None
        self._for_link = False
        self._serving: list[int] = []
        self._waiting: list[int] = []
        self._numbers = {"executions": 0, "values": 0}
        self._held: set[tuple[str, int]] = set()
        self._late_ns: int | None = None
        self.account = ""

    # -- what is wanted --

    def begin(self, timeout_s: float) -> None:
        """Make the snapshot that a connection has to begin with."""
        self._for_link = True
        self._start(timeout_s)

    def ask(self, request: int) -> None:
        """Make a snapshot for the trader."""
        if not self._wire.connected:
            now_ns = self._wire.market_ns()
            self._wire.sinks.broker(nothing(request, self._wire.generation, now_ns))
            return
        self._waiting.append(request)
        if self._now is None:
            self._start(self._wire.settings.link.sync_s)

    def connected(self) -> None:
        """A connection begins: it owes nothing."""
        self._ends, self._late_ns = Ends(), None

    def lost(self) -> None:
        """The connection has ended: who waits is told what is known, and that the rest is not."""
        now_ns, generation = self._wire.market_ns(), self._wire.generation
        running, self._now = self._now, None
        for request in self._serving:
            answer = running or Collector(Ends(), 0, 0)
            self._wire.sinks.broker(answer.result(request, generation, now_ns))
        for request in self._waiting:
            self._wire.sinks.broker(nothing(request, generation, now_ns))
        self._serving, self._waiting, self._for_link = [], [], False

    def _start(self, timeout_s: float) -> None:
        wire = self._wire
        self._serving += self._waiting
        self._waiting = []
        self._now = Collector(self._ends, wire.now_ns(), timeout_s)
        for step in ("open_orders", "completed", "positions"):
            wire.send(Lane.ACCOUNT, _Asking(step, self._ends))
        self._numbers = {"executions": wire.next_req_id(), "values": wire.next_req_id()}
        executions, values, account = *self._numbers.values(), self.account
        wire.send(Lane.ACCOUNT, lambda c: c.reqExecutions(executions, ExecutionFilter()))
        wire.send(Lane.ACCOUNT, lambda c: c.reqAccountUpdatesMulti(values, account, "", False))
        wire.changed()

    # -- what comes --

    def order(self, report: OrderReport) -> None:
        """An open order or its status."""
        if self._now is not None:
            self._now.order(report)

    def completed(self, report: OrderReport) -> None:
        """An order that is over."""
        if self._now is not None:
            self._now.completed(report)

    def execution(self, req_id: int, report: ExecutionReport) -> bool:
        """A fill; return whether it answers a request and is no news."""
        if self._now is not None:
            self._now.execution(report)
        return req_id != -1

    def commission(self, report: CommissionReport) -> None:
        """What a fill cost."""
        if self._now is not None:
            self._now.commission(report)

    def position(self, report: PositionReport) -> None:
        """A holding. One that follows the end of its answer says that the answer was not whole."""
        if self._now is not None:
            self._now.position(report)
        elif report.qty and (report.account, report.con_id) not in self._held:
            self._late_ns = self._wire.now_ns()

    def value(self, req_id: int, tag: str, text: str, currency: str) -> None:
        """An account value; texts that are no numbers are none."""
        if self._now is None or req_id != self._numbers["values"]:
            return
        try:
            value = Decimal(text)
        except InvalidOperation:
            return
        if value.is_finite():
            self._now.value(tag, value, base=currency == "BASE")

    def end(self, step: str, req_id: int | None) -> None:
        """The end of an answer; one with an older request's number is nobody's (D7)."""
        if step == "positions":
            self._wire.send(Lane.ACCOUNT, lambda client: client.cancelPositions())
        elif step == "values" and req_id is not None:
            self._wire.send(Lane.ACCOUNT, lambda client: client.cancelAccountUpdatesMulti(req_id))
        numbered = req_id is not None
        if self._now is None or (numbered and req_id != self._numbers[step]):
            if not numbered:
                self._ends.came(step)
            return
        self._now.end(step, self._wire.now_ns(), numbered=numbered)
        self._wire.changed()

    # -- time --

    def check(self, now_ns: int) -> None:
        """Finish the snapshot if everything has come or time is up."""
        if self._now is None or not self._now.over(now_ns):
            return
        collected, self._now = self._now, None
        self._held = collected.held()
        if self._late_ns is not None and now_ns - self._late_ns < LATE_NS:
            collected.doubt("positions")
        missing, for_link = collected.missing(), self._for_link
        requests, self._serving = self._serving, []
        self._for_link = False
        if for_link and not missing:
            requests.insert(0, UNASKED)
        for request in requests:
            self._wire.sinks.broker(
                collected.result(request, self._wire.generation, self._wire.market_ns())
            )
        if for_link:
            self._done(missing)
        if self._waiting and self._now is None:
            self._start(self._wire.settings.link.sync_s)

    def next_ns(self) -> int | None:
        """Return when ``check`` is due."""
        return None if self._now is None else self._now.next_ns()


class _Asking:
    """A request without a number: its end is owed from the moment that it is written."""

    def __init__(self, step: str, ends: Ends) -> None:
        self._step, self._ends = step, ends

    def __call__(self, client: SafeClient) -> None:
        calls: dict[str, Callable[[], Any]] = {
            "open_orders": client.reqAllOpenOrders,
            "completed": lambda: client.reqCompletedOrders(False),
            "positions": client.reqPositions,
        }
        self._ends.asked(self._step)
        calls[self._step]()
