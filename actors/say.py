"""What the trading actors say to each other, besides the values of ``robotrader.domain``.

Every message is a frozen struct. A role is an address by name (``supervision.NamedRef``), so that
whoever sends need not know which incarnation answers; see ``tree`` for who plays which role.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from pykka import ActorDeadError

from robotrader.domain import Bar, Borrow, BrokerSnapshot, Intent
from robotrader.domain.records import LimitChanged, Record
from robotrader.execution import OrderView
from robotrader.ledger import LedgerView
from robotrader.recovery import Base
from robotrader.risk import Correlations, DayFigures, Level, Switch
from robotrader.risk.report import Use
from supervision import DeathPact, Down, Unavailable

if TYPE_CHECKING:
    from supervision import ActorRef, NamedRef

    Address: TypeAlias = ActorRef[Any] | NamedRef


def tell(whom: Address, message: Any, *, wakes: bool = True) -> bool:
    """Send to a role; return False if nobody plays it at the moment (it is being restarted).

    Whoever comes back asks for what it missed: the journal replays, the broker is asked. Without
    ``wakes`` the message is left there (``supervision.ActorRef.leave``).
    """
    try:
        if wakes:
            whom.tell(message)
        else:
            whom.leave(message)
    except (Unavailable, ActorDeadError):
        return False
    return True


def unknown(actor: object, message: object) -> Exception:
    """Return the error for a message that an actor does not understand: a mistake in the wiring.

    The end of somebody whom it watches is none: it ends with it.
    """
    if isinstance(message, Down):
        msg = f"{type(actor).__name__} watched {message.ref}, which ended ({message.reason})"
        return DeathPact(msg)
    return TypeError(f"{type(actor).__name__} does not understand {type(message).__name__}")


class Commit(msgspec.Struct, frozen=True):  # with an address: the collector must see it
    """Make records durable, then answer ``reply_to`` with ``Committed`` or ``NotCommitted``.

    ``entering`` marks what leads to new exposure: it is refused when the disk is almost full.
    """

    token: int
    records: tuple[Record, ...]
    reply_to: Any = None
    entering: bool = False


class Committed(msgspec.Struct, frozen=True, gc=False):
    """The records of ``token`` are durable. ``written`` says of each whether it was new."""

    token: int
    written: tuple[bool, ...]


class NotCommitted(msgspec.Struct, frozen=True, gc=False):
    """Nothing of ``token`` was written, and why."""

    token: int
    why: str


class Follow(msgspec.Struct, frozen=True):  # with an address: the collector must see it
    """Send ``who`` everything that was ever recorded, then whatever is recorded from now on.

    Who names ``parts`` of a snapshot gets those first, if there is one (``Restored``), and then
    only what was recorded behind it. Of what is recorded from now on only records of the types in
    ``only``, if there are any: each record that is told to a thread that has no use for it delays
    the order whose intent it is.
    """

    who: Any
    parts: tuple[str, ...] = ()
    only: tuple[type, ...] = ()


class Restored(msgspec.Struct, frozen=True, gc=False):
    """Begin with these parts of a snapshot; what was recorded behind it follows."""

    base: Base


class Replayed(msgspec.Struct, frozen=True, gc=False):
    """Part of the past with its numbers, oldest first; ``last`` ends it, ``Recorded`` follow."""

    records: tuple[tuple[int, Record], ...]
    last: bool


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """Records that have just become durable, with their numbers.

    Followers are told before whoever asked for the commit: what an answer leads to finds them
    informed.
    """

    records: tuple[tuple[int, Record], ...]


class SwitchChanged(msgspec.Struct, frozen=True):
    """The kill switch as it is now; whoever sends orders looks at it before each."""

    switch: Switch


class LedgerChanged(msgspec.Struct, frozen=True):
    """The account as it is now, marked to market."""

    view: LedgerView


class AskSettled(msgspec.Struct, frozen=True, gc=False):
    """A new gate asks the order manager what became of all that an earlier one approved.

    ``execution.Settled`` answers, behind everything that was submitted before.
    """

    gate: int


class Reconcile(msgspec.Struct, frozen=True):
    """Compare with the broker now, and not only at the next minute."""


class CancelAll(msgspec.Struct, frozen=True):
    """Cancel what is open in a scope (``all``, ``symbol:AAPL``, ``strategy:NAME``)."""

    scope: str = "all"


class AskOrders(msgspec.Struct, frozen=True):
    """Which orders are open, or have ended? A tuple of ``OrderView`` answers."""

    ended: bool = False


class AskSides(msgspec.Struct, frozen=True):
    """What do we have and what did the broker say last? ``Sides`` answers."""


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides of a comparison. ``broker`` is None before the first complete answer."""

    ready: bool
    orders: tuple[OrderView, ...]
    positions: dict[int, Decimal]
    halted: frozenset[int]
    broker: BrokerSnapshot | None


class AskLedger(msgspec.Struct, frozen=True):
    """How is the account? A ``LedgerView`` answers."""


class Raised(msgspec.Struct, frozen=True):
    """Something that a person should know: ``info``, ``warning`` or ``critical``."""

    level: str
    kind: str
    text: str


class Heard(msgspec.Struct, frozen=True):
    """When each contract's data last came (nanoseconds UTC), as a source says every second."""

    at_ns: dict[int, int]


class Borrows(msgspec.Struct, frozen=True):
    """What can be borrowed of each contract, as far as the broker says it."""

    said: dict[int, Borrow]


class MarginLate(msgspec.Struct, frozen=True, gc=False):
    """To itself: the broker has not answered what margin an order would need."""

    request: int


class ClockCompared(msgspec.Struct, frozen=True):
    """How far the broker's clock is from ours, as far as it is certain."""

    skew_ns: int


class HurryUp(msgspec.Struct, frozen=True):
    """A human has logged in or confirmed: connect now instead of at the next slow try."""


class Confirmed(msgspec.Struct, frozen=True):
    """A human has looked after the gateway's program: it may be started again."""


class Trip(msgspec.Struct, frozen=True):
    """A person trips the kill switch. Answered with the new switch once it is durable."""

    level: Level
    scope: str
    who: str
    why: str


class Clear(msgspec.Struct, frozen=True):
    """A person clears the kill switch. Answered with the new switch once it is durable."""

    scope: str
    who: str
    why: str


class AskSwitch(msgspec.Struct, frozen=True):
    """How is the kill switch? A ``Switch`` answers."""


class AskTrading(msgspec.Struct, frozen=True):
    """How does trading stand? A ``Trading`` answers."""


class Trading(msgspec.Struct, frozen=True, kw_only=True):
    """How the order manager stands, for people."""

    ready: bool
    link: str
    why: str
    epoch: int
    orders: tuple[OrderView, ...]
    halted: frozenset[int]
    values: dict[str, Decimal]
    """What the broker said of the account, by tag."""

    values_ns: int
    counts: dict[str, int]


class AskTrades(msgspec.Struct, frozen=True):
    """Which fills were booked in a time? A tuple of ``Traded`` answers."""

    from_ns: int
    to_ns: int
    strategy: str = ""


class AskDays(msgspec.Struct, frozen=True):
    """How did the newest days begin? A tuple of ``DayMark`` answers, oldest first."""

    newest: int


class AskTail(msgspec.Struct, frozen=True):
    """Which records follow a number, or are the newest? A ``Tail`` answers."""

    after: int
    count: int
    last: bool


class Tail(msgspec.Struct, frozen=True):
    """Frames of the journal, decoded: number, epoch, time and record. ``tip`` is the newest."""

    rows: tuple[tuple[int, int, int, Record], ...]
    tip: int


class AskGate(msgspec.Struct, frozen=True):
    """How is the risk gate? A ``GateView`` answers."""


class GateView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the gate knows what it needs to let an entry pass, and what it refused."""

    missing: tuple[str, ...]
    approvals: int
    refusals: dict[str, int]


class AskMeters(msgspec.Struct, frozen=True):
    """What have you counted? A tuple of ``robotrader.meters.Sample`` answers."""


class AskBreaker(msgspec.Struct, frozen=True):
    """How is a source's breaker? A ``BreakerView`` answers."""


class BreakerView(msgspec.Struct, frozen=True, kw_only=True):
    """A source's breaker, for people; ``retry_ns`` is when an open one lets a probe through."""

    name: str
    state: str
    failures: int
    calls: int
    since_ns: int
    retry_ns: int | None
    why: str


class AskFeeds(msgspec.Struct, frozen=True):
    """How many contracts had a quote within so many seconds? A number answers."""

    within_s: float = 30.0


class AskSizes(msgspec.Struct, frozen=True):
    """Which sizes were asked for last? A tuple of ``Sized`` answers, one of each strategy."""


class Sized(msgspec.Struct, frozen=True):
    """An entry whose quantity a rule gave, what the gate said (empty: approved), and when."""

    intent: Intent
    refused: str
    at_ns: int


class AskDaily(msgspec.Struct, frozen=True):
    """Say all daily bars from the beginning: who asks has none."""


class Daily(msgspec.Struct, frozen=True):
    """A contract's daily bars, the oldest first."""

    con_id: int
    bars: tuple[Bar, ...]


class CorrelationsChanged(msgspec.Struct, frozen=True):
    """How contracts move, together and alone, as far as that is known."""

    correlations: Correlations
    days: dict[int, DayFigures] = {}


class AskCloses(msgspec.Struct, frozen=True):
    """Which daily closes are known? A dict of days and prices by contract answers."""


class AskCheck(msgspec.Struct, frozen=True):
    """What would the gate say of this? A ``robotrader.risk.Explained`` answers, or why it is none.

    Nothing is approved, held or counted.
    """

    intent: Intent


class CloseStrategy(msgspec.Struct, frozen=True):
    """The kill switch wants closed what a strategy holds, or what all of its instances hold."""

    strategy: str


class ChangeLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A person changes a limit; None: to the configuration's value.

    Answered with a ``robotrader.risk.LimitChange`` once it is in force, or with why it is not.
    """

    name: str
    value: Decimal | None
    who: str
    why: str
    preview: bool
    """Only asks what it would be."""


class AskUse(msgspec.Struct, frozen=True):
    """How far are the limits used? A ``GateUse`` answers."""


class GateUse(msgspec.Struct, frozen=True, kw_only=True):
    """The limits that the gate judges by, how far each is used, and what it refused."""

    uses: tuple[Use, ...]
    limits_hash: str
    refusals: dict[str, int]
    changed: tuple[tuple[LimitChanged, Decimal | None, Decimal | None], ...] = ()
    """What a person changed, what counts now, and what the configuration says."""
