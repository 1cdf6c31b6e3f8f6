"""Requests for bars of the past: paced, shared, and each with one answer (P2, P3, P4, D7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.adapters.ib import translate
from robotrader.domain.errors import IBKRRateLimitError
from robotrader.gateway import AskHistory, History, HistoryQueue, HistoryStatus, Lane, about_history
from robotrader.gateway.quotes import possible
from robotrader.market.durations import DurationError, bar_seconds, duration

if TYPE_CHECKING:
    import ib_async

    from robotrader.adapters.ib.wire import Wire
    from robotrader.domain import Bar

SECOND_NS: Final = 1_000_000_000
PACING_TRIES: Final = 3
KEPT: Final = frozenset({HistoryStatus.OK, HistoryStatus.NO_DATA})
"""Answers that others may get as well; a timeout says nothing about the data."""


class _Running:
    """One request that the broker works on."""

    def __init__(self, ask: AskHistory, deadline_ns: int) -> None:
        self.ask = ask
        self.deadline_ns = deadline_ns
        self.bars: list[Bar] = []
        self.refused = 0


class HistoryDesk:
    """See the module's prose."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.queue: HistoryQueue[History] = HistoryQueue(wire.settings.pacing)
        self._running: dict[int, _Running] = {}
        self._violations: dict[tuple[int, str], int] = {}
        self.late = 0
        """Answers to requests that were given up: ignored."""

        self.violations = 0

    # -- what is wanted --

    def ask(self, ask: AskHistory) -> None:
        """Ask for bars, in time."""
        if not self._wire.connected:
            self._refuse(ask, HistoryStatus.DISCONNECTED, "there is no connection")
            return
        try:
            duration(ask.duration)
            known = self.queue.ask(ask, self._wire.now_ns())
        except (DurationError, IBKRRateLimitError) as error:
            self._refuse(ask, HistoryStatus.REFUSED, str(error))
            return
        if known is not None:
            self._wire.sinks.data(msgspec.structs.replace(known, request=ask.request))
        self._wire.changed()

    def lost(self) -> None:
        """The connection has ended: nothing more will come."""
        self._running.clear()
        for ask in self.queue.clear():
            self._refuse(ask, HistoryStatus.DISCONNECTED, "the connection ended")

    # -- what comes --

    def bar(self, number: int, raw: ib_async.BarData) -> None:
        """One bar of an answer; one that cannot be is left out and counted."""
        running = self._running.get(number)
        if running is None:
            return
        ask = running.ask
        bar = translate.bar(ask.instrument.con_id, raw, bar_seconds(ask.bar_size))
        prices = (bar.open, bar.high, bar.low, bar.close)
        if all(map(possible, prices)) and 0 < bar.low <= min(prices) <= max(prices) <= bar.high:
            running.bars.append(bar)
        else:
            running.refused += 1

    def end(self, number: int) -> None:
        """An answer is complete."""
        running = self._running.pop(number, None)
        if running is None:
            self.late += 1
            return
        bars = sorted({bar.start_ns: bar for bar in running.bars}.values(), key=_start)
        status = HistoryStatus.OK if bars else HistoryStatus.NO_DATA
        text = f"{running.refused} impossible bars left out" if running.refused else ""
        self._answer(running.ask, status, tuple(bars), text)

    def error(self, number: int, code: int, text: str) -> bool:
        """An error with a request's number; False if it is no open request's."""
        running = self._running.get(number)
        if running is None:
            return False
        if 2100 <= code < 2200:
            return True
        del self._running[number]
        status = about_history(code, text)
        if status is HistoryStatus.PACING and self._again(running.ask):
            return True
        self._answer(running.ask, status, (), f"{code}: {text}")
        return True

    def _again(self, ask: AskHistory) -> bool:
        """After "pacing violation": wait and ask again, a few times (P2)."""
        self.violations += 1
        key = (ask.request, ask.bar_size)
        tries = self._violations[key] = self._violations.get(key, 0) + 1
        if tries >= PACING_TRIES:
            del self._violations[key]
            return False
        self.queue.penalize(ask, self._wire.now_ns())
        self._wire.changed()
        return True

    # -- time --

    def check(self, now_ns: int) -> None:
        """Send what may be sent, give up what is not answered."""
        for number, running in list(self._running.items()):
            if running.deadline_ns <= now_ns:
                self._give_up(number, running)
        while (ask := self.queue.take(now_ns)) is not None:
            self._send(ask, now_ns)

    def next_ns(self) -> int | None:
        """Return when ``check`` is due."""
        times = [running.deadline_ns for running in self._running.values()]
        waiting = self.queue.next_ns(self._wire.now_ns())
        return min(times if waiting is None else [*times, waiting], default=None)

    def _send(self, ask: AskHistory, now_ns: int) -> None:
        number = self._wire.next_req_id()
        deadline_ns = now_ns + round(self._wire.settings.history_s * SECOND_NS)
        self._running[number] = _Running(ask, deadline_ns)
        contract = translate.contract_of(ask.instrument)
        end = ""
        if ask.end_ns:
            end = datetime.fromtimestamp(ask.end_ns // SECOND_NS, UTC).strftime("%Y%m%d-%H:%M:%S")
        self._wire.send(
            Lane.DATA,
            lambda client: client.reqHistoricalData(
                number,
                contract,
                end,
                ask.duration,
                ask.bar_size,
                ask.what,
                ask.regular_hours,
                2,
                False,
                [],
            ),
        )

    def _give_up(self, number: int, running: _Running) -> None:
        del self._running[number]
        self._wire.send(Lane.DATA, lambda client: client.cancelHistoricalData(number))
        text = f"no answer within {self._wire.settings.history_s:g} s: whether there are data is "
        self._answer(running.ask, HistoryStatus.TIMEOUT, (), text + "not known")

    # -- answers --

    def _answer(
        self, ask: AskHistory, status: HistoryStatus, bars: tuple[Bar, ...], text: str
    ) -> None:
        con_id = ask.instrument.con_id
        answer = History(ask.request, con_id, status, bars, text)
        keep = status in KEPT
        self._violations.pop((ask.request, ask.bar_size), None)
        for each in self.queue.answer(ask, self._wire.now_ns(), answer, keep=keep):
            self._wire.sinks.data(msgspec.structs.replace(answer, request=each.request))
        self._wire.changed()

    def _refuse(self, ask: AskHistory, status: HistoryStatus, text: str) -> None:
        self._wire.sinks.data(History(ask.request, ask.instrument.con_id, status, (), text))


def _start(bar: Bar) -> int:
    return bar.start_ns
