"""Everything that the broker knows, collected from five requests that each need their end (C3).

Open orders, completed orders and positions carry no request number: an end that comes late, after
its request was given up, must not end the next one early (F06, D7). ``Ends`` therefore counts what
is owed; when more ends are owed than come, the last one is believed after a settling time.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from robotrader.domain import BrokerSnapshot

if TYPE_CHECKING:
    from decimal import Decimal

    from robotrader.domain import (
        CommissionReport,
        ExecutionReport,
        OrderReport,
        PositionReport,
    )

STEPS: Final = ("open_orders", "completed", "executions", "positions", "values")
SETTLE_NS: Final = 500_000_000
"""How long after an end that may be an older one's nothing further may come."""


class Ends:
    """Which ends of requests without numbers are owed by this connection."""

    def __init__(self) -> None:
        self._owed: Counter[str] = Counter()

    def asked(self, step: str) -> None:
        """A request was sent."""
        self._owed[step] += 1

    def came(self, step: str) -> bool:
        """An end came; return whether it is that of the newest request for certain."""
        self._owed[step] = max(0, self._owed[step] - 1)
        return self._owed[step] == 0

    def settled(self, step: str) -> None:
        """What is still owed was lost: believe the end that came."""
        self._owed[step] = 0


class Collector:
    """Collects one snapshot; times are nanoseconds of one clock."""

    def __init__(self, ends: Ends, now_ns: int, timeout_s: float) -> None:
        self.deadline_ns = now_ns + round(timeout_s * 1_000_000_000)
        self._ends = ends
        self._open: dict[object, OrderReport] = {}
        self._completed: dict[int, OrderReport] = {}
        self._executions: dict[str, ExecutionReport] = {}
        self._commissions: dict[str, CommissionReport] = {}
        self._positions: dict[tuple[str, int], PositionReport] = {}
        self._values: dict[str, Decimal] = {}
        self._missing = set(STEPS)
        self._settling: dict[str, int] = {}

    # -- what comes --

    def order(self, report: OrderReport) -> None:
        """An open order, or only its status: each knows what the other does not."""
        key = report.perm_id or (report.client_id, report.order_id)
        known = self._open.get(key)
        self._open[key] = report if known is None else _merged(known, report)

    def completed(self, report: OrderReport) -> None:
        """An order that is over."""
        self._completed[report.perm_id] = report

    def execution(self, report: ExecutionReport) -> None:
        """A fill of the present day."""
        self._executions[report.exec_id] = report

    def commission(self, report: CommissionReport) -> None:
        """What a fill cost."""
        self._commissions[report.exec_id] = report

    def position(self, report: PositionReport) -> None:
        """A holding."""
        self._positions[report.account, report.con_id] = report

    def value(self, tag: str, value: Decimal, *, base: bool) -> None:
        """An account value; the one in the account's own currency (``base``) counts."""
        if base:
            self._values[tag] = value
        else:
            self._values.setdefault(tag, value)

    def end(self, step: str, now_ns: int, *, numbered: bool = False) -> None:
        """The end of a step came; ``numbered`` if it carried the number of our request."""
        if numbered or self._ends.came(step):
            self._missing.discard(step)
            self._settling.pop(step, None)
        else:
            self._settling[step] = now_ns + SETTLE_NS

    # -- the result --

    def next_ns(self) -> int:
        """Return when ``over`` may change without anything coming."""
        return min([self.deadline_ns, *self._settling.values()])

    def over(self, now_ns: int) -> bool:
        """Whether everything has come, or time is up."""
        for step in [each for each, at_ns in self._settling.items() if at_ns <= now_ns]:
            del self._settling[step]
            self._missing.discard(step)
            self._ends.settled(step)
        return not self._missing or now_ns >= self.deadline_ns

    def doubt(self, step: str) -> None:
        """An answer is not whole although its end came: more of an earlier one came after that."""
        self._missing.add(step)

    def held(self) -> set[tuple[str, int]]:
        """Return the accounts and contracts of which a position came."""
        return set(self._positions)

    def missing(self) -> tuple[str, ...]:
        """Return the steps whose end did not come."""
        return tuple(step for step in STEPS if step in self._missing)

    def result(self, request: int, generation: int, at_ns: int) -> BrokerSnapshot:
        """Return what was collected; ``at_ns`` is the time of day, UTC."""
        return BrokerSnapshot(
            request=request,
            generation=generation,
            at_ns=at_ns,
            open_orders=tuple(self._open.values()),
            completed=tuple(self._completed.values()),
            executions=tuple(self._executions.values()),
            commissions=tuple(self._commissions.values()),
            positions=tuple(each for each in self._positions.values() if each.qty),
            values=dict(self._values),
            missing=self.missing(),
        )


def nothing(request: int, generation: int, at_ns: int) -> BrokerSnapshot:
    """Return the answer when nobody can be asked: everything is missing."""
    return Collector(Ends(), 0, 0).result(request, generation, at_ns)


def _merged(known: OrderReport, new: OrderReport) -> OrderReport:
    """Put an order (openOrder) and its status (orderStatus) together; the newer status counts."""
    if new.qty:
        return replace(new, filled=known.filled, remaining=known.remaining,
                       avg_price=known.avg_price, why_held=known.why_held)  # fmt: skip
    return replace(known, status=new.status, filled=new.filled, remaining=new.remaining,
                   avg_price=new.avg_price, why_held=new.why_held,
                   perm_id=known.perm_id or new.perm_id)  # fmt: skip
