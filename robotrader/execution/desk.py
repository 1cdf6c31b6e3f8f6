"""What the parts of the order manager share: the book, the link, the switch, and plans."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import Happening, LinkState, OrderState
from robotrader.domain import records as r
from robotrader.execution.book import Book
from robotrader.execution.effects import Effect, FillTold, Released, Tripped
from robotrader.execution.halted import Theirs
from robotrader.execution.tracked import scopes_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from robotrader.execution.tracked import Tracked

_SECOND: Final = 1_000_000_000
_READY: Final = LinkState.READY  # a member of an enum takes fifty times as long to look up

OWNED_ELSEWHERE: Final = frozenset({r.FillBooked, r.FillCorrected, r.SwitchTripped})
"""Records of which others than the order manager have to be told."""


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

    begin_ns: int = _SECOND
    """A session that the journal refused is asked for again after this, then after twice as long,
    and so on; a disk is freed by people, or by whatever has filled it."""

    begin_most_ns: int = 30 * _SECOND
    """The longest of these waits: trading stands still until then."""

    most_waiting: int = 10_000
    """Inputs that may wait for the journal; new orders are declined at half of it."""

    def at_pace(self, pace: float) -> Times:
        """Return the same patience where ``pace`` seconds of the clock take one."""
        waits = {name: getattr(self, name) for name in self.__struct_fields__ if "_ns" in name}
        return msgspec.structs.replace(
            self, **{name: round(each * pace) for name, each in waits.items()}
        )


class Plan(msgspec.Struct):
    """Records to commit; what to do then. Without records it is done at once.

    ``entering``: new exposure, which may be refused. ``failed``: what to do if it was; by default
    the book and the broker are compared again, which finds everything that was not kept.
    """

    records: list[r.Record] = []
    effects: list[Effect] = []
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

        self.theirs = Theirs()
        """Positions of halted contracts at the broker."""

        self.held: dict[str, tuple[int, Decimal]] = {}
        """Reservations by order: the gate's number, and how much of it is still held."""

    @property
    def ready(self) -> bool:
        """Whether an order may be sent: connected, compared, and nothing in doubt."""
        doubtful = self.book.doubts.count  # as ``in_doubt``: this is on every order's way
        return self.agreed == self.generation and self.link is _READY and not doubtful

    def block(self, levels: Mapping[str, str]) -> bool:
        """Take the kill switch's word: the level by scope; return whether it is another one."""
        before, self.book.blocked = self.book.blocked, dict(levels)
        return before != self.book.blocked

    def levels(self, intent: r.OrderIntended) -> set[str]:
        """Return the levels of the switch that an order is under."""
        blocked = self.book.blocked
        return {blocked[scope] for scope in scopes_of(intent) if scope in blocked}

    def blocks(self, intent: r.OrderIntended) -> str:
        """Return the scope in which the switch or a halt forbids an order, empty if none does."""
        if intent.reduces:
            return ""
        if intent.con_id in self.book.halted:
            return f"contract {intent.con_id} is halted"
        if not self.book.blocked:
            return ""
        scopes = (scope for scope in scopes_of(intent) if scope in self.book.blocked)
        scope = next(scopes, "")
        return f"the kill switch is on in {scope}" if scope else ""

    def position(self, con_id: int) -> Decimal:
        """Return what may be closed: ours, of a halted contract no more than both sides have."""
        ours = self.book.positions.get((self.book.account, con_id), r.ZERO)
        return self.theirs.position(con_id, ours) if con_id in self.book.halted else ours

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

    def release(self, ref: str, now: Decimal, out: list[Effect]) -> None:
        """Say what an order gives back of its reservation, which is for ``now`` shares."""
        held = self.held.get(ref)
        if held is None or now == held[1]:
            return
        number, left = held
        self.held[ref] = (number, now)
        out.append(Released(number, ref, left - now, now))

    def owned_elsewhere(self, record: r.Record) -> list[Effect]:
        """Tell of what is not an order's: fills for the account, a trip for the switch."""
        if isinstance(record, r.SwitchTripped):
            return [Tripped(record)]
        if isinstance(record, r.FillBooked | r.FillCorrected):
            booked = self.book.fills.get(record.family)
            return [FillTold(record, booked.strategy, booked.con_id)] if booked else []
        return []


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
