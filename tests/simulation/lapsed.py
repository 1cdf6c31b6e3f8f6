"""What of an execution lapsed: corrections and commissions that nobody could tell our process.

The broker says a correction or a commission when it makes it, and lists it until the end of its
day. What it made while our process was dead or its link down over that end stands on a statement
only (crash row 43): fills and cash stay apart by exactly that. It is folded from what was really
said: of an execution, ours may be the revision that a process heard last, or a later one, and
nothing older. What a process has heard that went on to live, its journal must have.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from robotrader.domain import BrokerSnapshot, CommissionReport, ExecutionReport
from robotrader.domain import records as rec
from tests.simulation.believed import believed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.adapters.ib import Sinks
    from robotrader.domain.records import Record
    from robotrader.venue import Charged, Execution
    from tests.simulation.world import World

ZERO: Final = Decimal(0)
WRITTEN_NS: Final = 20_000_000_000
"""How long a process may take to write what it has heard: a full disk takes nothing for fifteen
seconds, and the next comparison comes six later. Who dies sooner may take it along."""

Word: TypeAlias = tuple[type[ExecutionReport | CommissionReport], str]


class Left(msgspec.Struct, frozen=True):
    """Revisions that ours may be, oldest first; None: none at all. The venue has the last one.

    ``log``: how many records there were when their day ended.
    """

    fills: tuple[Execution, ...] = ()
    fees: tuple[Charged | None, ...] = ()
    log: int = 0


class Lapsed:
    """See the module's prose; times are those of a stop watch."""

    def __init__(self) -> None:
        self._fills: dict[str, list[Execution]] = {}
        self._fees: dict[str, list[Charged]] = {}
        self._fresh: dict[Word, int] = {}
        """What the process that lives has heard, since when."""

        self._held: set[Word] = set()
        """What some process has heard and lived on."""

        self._left: dict[str, Left] = {}

    # -- what happens, and what is said --

    def executed(self, execution: Execution) -> None:
        """Something was executed or corrected."""
        self._fills.setdefault(family_of(execution.exec_id), []).append(execution)

    def charged(self, event: Charged) -> None:
        """A commission was made, or another one in its place."""
        self._fees.setdefault(family_of(event.exec_id), []).append(event)

    def heard_by(self, sinks: Sinks, world: World) -> Sinks:
        """Return sinks that note what they hear."""

        def broker(message: object) -> None:
            self.hear(message, world.now_ns)
            sinks.broker(message)  # type: ignore[arg-type]  # it is one of these

        return replace(sinks, broker=broker)

    def hear(self, message: object, now_ns: int) -> None:
        """Our process hears something."""
        match message:
            case ExecutionReport() | CommissionReport():
                self._fresh.setdefault((type(message), message.exec_id), now_ns)
            case BrokerSnapshot():
                for fill in message.executions:
                    self.hear(fill, now_ns)
                for fee in message.commissions:
                    self.hear(fee, now_ns)
            case _:
                pass

    def died(self, now_ns: int) -> None:
        """Our process has died, and with it perhaps what it had heard just before."""
        self._held |= {word for word, at_ns in self._fresh.items() if now_ns - at_ns >= WRITTEN_NS}
        self._fresh.clear()

    def day_ends(self, log: int) -> None:
        """The broker's day ends, with so many records durable: its list is emptied."""
        for family, fills in self._fills.items():
            fees = self._fees.get(family, [])
            known = self._last(ExecutionReport, [each.exec_id for each in fills])
            paid = self._last(CommissionReport, [each.exec_id for each in fees])
            left = Left(tuple(fills[max(0, known):]),
                        tuple(fees[paid:] if paid >= 0 else [None, *fees]), log)  # fmt: skip
            if len(left.fills) > 1 or len(left.fees) > 1:
                self._left[family] = left
        for each in (self._fills, self._fees, self._fresh, self._held):
            each.clear()

    def _last(self, kind: type[ExecutionReport | CommissionReport], ids: list[str]) -> int:
        """Return which of these was heard last, -1 if none was."""
        heard = [number for number, each in enumerate(ids)
                 if (kind, each) in self._held or (kind, each) in self._fresh]  # fmt: skip
        return max(heard, default=-1)

    # -- what follows --

    def may_be(self, family: str, exec_id: str, qty: Decimal) -> bool:
        """Whether ours may be this revision of a fill though the venue has another."""
        left = self._left.get(family)
        return left is not None and any(
            (each.exec_id, each.qty) == (exec_id, qty) for each in left.fills
        )

    def apart(self, log: Sequence[tuple[int, Record]], account: str) -> tuple[Decimal, Decimal]:
        """Return how much more cash and commissions the venue has than we can know of."""
        cash = fees = ZERO
        if not self._left:
            return cash, fees
        known = believed(log, account)
        begun = max((number for number, (_, each) in enumerate(log)
                     if isinstance(each, rec.CashAdopted)), default=-1)  # fmt: skip
        for family, left in self._left.items():
            fill = known.fills.get(family)
            if fill is None or left.log <= begun:  # cash that is adopted has all of that in it
                continue
            exec_id, paid = known.commissions.get(family, ("", ZERO))
            cash += next((_cost(each) for each in left.fills if each.exec_id == fill.exec_id),
                         _cost(left.fills[-1])) - _cost(left.fills[-1])  # fmt: skip
            if any(("" if each is None else each.exec_id) == exec_id for each in left.fees):
                newest = left.fees[-1]
                fees += (ZERO if newest is None else newest.commission) - paid
        return cash - fees, fees


def family_of(exec_id: str) -> str:
    """Return what all revisions of an execution share."""
    return exec_id.rpartition(".")[0]


def _cost(execution: Execution) -> Decimal:
    """Return what was paid for it; below 0 where it was sold."""
    return (1 if execution.bought else -1) * execution.qty * execution.price
