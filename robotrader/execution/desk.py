"""What the parts of the order manager share: the book, the link, the switch, and plans."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import Happening, LinkState, OrderState
from robotrader.domain import records as r
from robotrader.execution.book import Book
from robotrader.execution.effects import Effect, FillTold, Released, Tripped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from robotrader.execution.tracked import Tracked

_SECOND: Final = 1_000_000_000


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """How long the order manager waits, in nanoseconds, and how much it lets wait."""

    ack_ns: int = 3 * _SECOND
    """An order without an answer is in doubt after this (orders.md 4.3)."""

    cancel_ns: int = 5 * _SECOND
    """A cancel without an end is sent again after this: I5'."""

    snapshot_ns: int = 15 * _SECOND
    """A snapshot without an answer is asked for again after this."""

    round_ns: int = 60 * _SECOND
    quiet_ns: int = 10 * _SECOND
    sample_ns: int = 3 * _SECOND
    again_ns: int = _SECOND
    """The least time between two snapshots: asking is not for nothing at the broker."""

    settle_ns: int = _SECOND
    """How long the broker may take to make legs smaller itself, before we do."""

    exit_ns: int = 5 * _SECOND
    """How long an exit waits for the stops that hold its shares."""

    ask_ns: int = 2 * _SECOND
    """A stop that is missing is asked for again after this."""

    most_waiting: int = 10_000
    """Inputs that may wait for the journal; new orders are declined at half of it."""

    def at_pace(self, pace: float) -> Times:
        """Return the same patience where ``pace`` seconds of the clock take one."""
        waits = {name: getattr(self, name) for name in self.__struct_fields__ if "_ns" in name}
        return msgspec.structs.replace(
            self, **{name: round(each * pace) for name, each in waits.items()}
        )


@dataclass(slots=True)
class Plan:
    """Records to commit; what to do then. Without records it is done at once.

    ``entering``: new exposure, which may be refused. ``failed``: what to do if it was; by default
    the book and the broker are compared again, which finds everything that was not kept.
    """

    records: list[r.Record] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    then: Callable[[int], Plan] | None = None
    entering: bool = False
    failed: Callable[[str], list[Effect]] | None = None


class Desk:
    """The shared state of the order manager's parts."""

    def __init__(self, times: Times) -> None:
        self.times = times
        self.book = Book()
        self.generation = 0
        self.link = LinkState.DOWN
        self.agreed = -1
        """The generation in which book and broker were last found to agree."""

        self.turn = 0
        """How often the link changed: what was asked before a change decides nothing after it."""

        self.request = 0
        """The number of the newest snapshot that was asked for."""

        self.judged = 0
        """The number of the newest that came whole; its fills are booked."""

        self.held: dict[str, tuple[int, Decimal]] = {}
        """Reservations by order: the gate's number, and how much of it is still held."""

    @property
    def ready(self) -> bool:
        """Whether an order may be sent: connected, compared, and nothing in doubt."""
        compared = self.link is LinkState.READY and self.agreed == self.generation
        return compared and next(self.book.doubtful(), None) is None

    def block(self, levels: Mapping[str, str]) -> bool:
        """Take the kill switch's word: the level by scope; return whether it is another one."""
        before, self.book.blocked = self.book.blocked, dict(levels)
        return before != self.book.blocked

    def blocks(self, intent: r.OrderIntended) -> str:
        """Return the scope in which the switch or a halt forbids an order, empty if none does."""
        if intent.reduces:
            return ""
        if intent.con_id in self.book.halted:
            return f"contract {intent.con_id} is halted"
        scopes = (scope for scope in scopes_of(intent) if scope in self.book.blocked)
        scope = next(scopes, "")
        return f"the kill switch is on in {scope}" if scope else ""

    def sent(self, order: Tracked) -> None:
        """Note that a command about an order is on its way: older snapshots judge nothing."""
        order.as_of = self.request

    def found(self, order: Tracked) -> bool:
        """End the doubt about an order that the broker has; return whether there was one."""
        before = order.state
        order.missed_ns = None
        if before in {OrderState.SENT, OrderState.UNKNOWN}:
            order.move(Happening.ACKED)
            if order.cancel:
                order.move(Happening.CANCEL_INTENDED)
        return order.state is not before

    def release(self, order: Tracked) -> list[Released]:
        """Return what an order gives back of its reservation, now that it changed."""
        number, left = self.held.get(order.ref, (0, r.ZERO))
        now = order.reserved
        if order.ref not in self.held or now == left:
            return []
        self.held[order.ref] = (number, now)
        return [Released(number, order.ref, left - now, now)]

    def owned_elsewhere(self, record: r.Record) -> list[Effect]:
        """Tell of what is not an order's: fills for the account, a trip for the switch."""
        if isinstance(record, r.SwitchTripped):
            return [Tripped(record)]
        if isinstance(record, r.FillBooked | r.FillCorrected):
            booked = self.book.fills.get(record.family)
            return [FillTold(record, booked.strategy, booked.con_id)] if booked else []
        return []


def scopes_of(intent: r.OrderIntended) -> tuple[str, ...]:
    """Return the scopes of the kill switch that an order is in.

    A strategy's are two: ``strategy:cross/AAPL``, and ``strategy:cross`` for all of its symbols.
    """
    return (
        "all",
        f"account:{intent.account}",
        f"symbol:{intent.symbol}",
        f"strategy:{intent.strategy}",
        f"strategy:{intent.strategy.partition('/')[0]}",
    )


def together(plans: list[Plan]) -> Plan:
    """Return one plan of several: their records in one commit, then what each does after it."""
    after = [each.then for each in plans if each.then is not None]
    undo = [each.failed for each in plans if each.failed is not None]

    def then(now_ns: int) -> Plan:
        return Plan(effects=[each for act in after for each in act(now_ns).effects])

    return Plan(
        records=[record for each in plans for record in each.records],
        effects=[effect for each in plans for effect in each.effects],
        then=then,
        failed=lambda why: [effect for act in undo for effect in act(why)],
    )
