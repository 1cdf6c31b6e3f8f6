"""The control protocol: what the command line and the web process may ask a running system.

A frame is a length of four bytes, most significant first, and so many bytes of MessagePack. A
request is an ``Ask``, whose number its ``Reply`` repeats. Unknown fields, unknown requests and
missing fields are refused; what says whom or what a request is about has no default. Answers are
in ``control_answers``. Times are nanoseconds since 1970 in UTC.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from robotrader.domain.control_answers import Answer
from robotrader.domain.errors import RoboTraderError
from robotrader.domain.orders import Side

VERSION: Final = 1
"""Of the protocol; both sides refuse another one."""

FRAME_BYTES_MAX: Final = 4 << 20
"""A frame's longest content: 10,000 actors with their figures have 3 MiB."""

_HEAD_BYTES: Final = 4
_Text = Annotated[str, Meta(min_length=1, max_length=500)]
_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Count = Annotated[int, Meta(ge=1, le=10_000)]
_Seq = Annotated[int, Meta(ge=0)]


class ControlError(RoboTraderError):
    """What came is no frame or no message of the protocol; the other side is at fault."""


class KillLevel(StrEnum):
    """How much the kill switch stops; each level includes the ones before it."""

    PAUSE = "pause"
    REDUCE = "reduce"
    CANCEL = "cancel"
    FLATTEN = "flatten"


class Period(StrEnum):
    """What profit and loss are summed over, by the exchange's calendar."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class _Request(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", kw_only=True
):
    """A request."""


class Status(_Request, tag="status", frozen=True, kw_only=True):
    """Asks how the system is."""


class ActorsList(_Request, tag="actors", frozen=True, kw_only=True):
    """Asks which actors are there, below ``under``."""

    under: str = "/"


class ActorRestart(_Request, tag="actor_restart", frozen=True, kw_only=True):
    """Asks that one actor be restarted, under its supervisor's rules."""

    path: _Name
    who: _Name
    reason: _Text


class Breakers(_Request, tag="breakers", frozen=True, kw_only=True):
    """Asks which circuit breakers are there."""


class Orders(_Request, tag="orders", frozen=True, kw_only=True):
    """Asks for the working orders; with ``ended``, also for those that ended since the start."""

    ended: bool = False


class Positions(_Request, tag="positions", frozen=True, kw_only=True):
    """Asks what is held."""


class Trades(_Request, tag="trades", frozen=True, kw_only=True):
    """Asks which fills were booked in a time."""

    from_ns: int
    to_ns: int
    strategy: str = ""


class Pnl(_Request, tag="pnl", frozen=True, kw_only=True):
    """Asks what was won and lost in each of the last ``count`` periods."""

    period: Period
    count: _Count = 30


class Account(_Request, tag="account", frozen=True, kw_only=True):
    """Asks what the broker says of the account."""


class Reconcile(_Request, tag="reconcile", frozen=True, kw_only=True):
    """Compare with the broker now; nothing is repaired."""


class Adopt(_Request, tag="adopt", frozen=True, kw_only=True):
    """Accept the broker's position of a halted symbol. A ``preview`` shows both sides, no more.

    ``ours`` and ``broker`` are the shares that were shown: if either has another number by now,
    nothing is changed. ``key`` is drawn by the client: a request that is sent again acts once.
    """

    symbol: _Name
    reason: _Text
    who: _Name
    key: _Name
    preview: bool
    ours: Decimal | None
    broker: Decimal | None


class Kill(_Request, tag="kill", frozen=True, kw_only=True):
    """Trip the kill switch. A ``preview`` says what it would do, and does nothing.

    ``key`` is drawn by the client: a request that is sent again has the same, and acts once.
    """

    level: KillLevel
    scope: _Name
    reason: _Text
    who: _Name
    key: _Name
    preview: bool


class Resume(_Request, tag="resume", frozen=True, kw_only=True):
    """Clear the kill switch in a scope."""

    scope: _Name
    reason: _Text
    who: _Name


class CheckIn(_Request, tag="check_in", frozen=True, kw_only=True):
    """A person is there: begins the time of the dead man's switch anew. Clears nothing."""

    who: _Name


class GatewayConfirmed(_Request, tag="gateway_confirmed", frozen=True, kw_only=True):
    """A person has looked after the gateway: it is started and connected to again, now."""

    who: _Name


class Stop(_Request, tag="stop", frozen=True, kw_only=True):
    """End the system in order; with ``drain``, after working orders have ended, at most so long."""

    who: _Name
    drain_s: Annotated[float, Meta(ge=0, le=3600)]


class JournalTail(_Request, tag="journal", frozen=True, kw_only=True):
    """Asks for the records after a number; with ``last``, for the newest ``count`` instead."""

    after: _Seq
    count: _Count
    last: bool
    kinds: tuple[str, ...] = ()
    """Names of record types; all if empty."""

    match: str = ""
    """Only records in which a text field has this value: an order's ref, a symbol, a cause."""


class Logs(_Request, tag="logs", frozen=True, kw_only=True):
    """Asks for the newest lines of the log."""

    count: _Count
    min_level: str = ""
    actor: str = ""
    cause: str = ""


class RiskLimits(_Request, tag="risk_limits", frozen=True, kw_only=True):
    """Asks how far the limits are used."""


class RiskSet(_Request, tag="risk_set", frozen=True, kw_only=True):
    """Change a limit; without a value, to the configuration's. A ``preview`` changes nothing."""

    name: _Name
    value: Decimal | None
    reason: _Text
    who: _Name
    preview: bool


class RiskVar(_Request, tag="risk_var", frozen=True, kw_only=True):
    """Asks what one day can cost, at a level such as 0.99."""

    level: Annotated[float, Meta(ge=0.51, le=0.9999)]


class RiskStress(_Request, tag="risk_stress", frozen=True, kw_only=True):
    """Asks what scenarios would bring."""


class RiskSizes(_Request, tag="risk_sizes", frozen=True, kw_only=True):
    """Asks which sizes were used last, and what they were made of."""


class RiskCheck(_Request, tag="risk_check", frozen=True, kw_only=True):
    """Asks what the gate would say of an order, which nothing sends."""

    side: Side
    qty: Decimal
    symbol: _Name
    limit_price: Decimal | None = None
    strategy: _Name = "check"
    """In whose name: budgets and the kill switch look at it."""

    closes: bool = False
    """Whether it is meant as an exit."""

    outside_rth: bool = False


class Damage(StrEnum):
    """What a chaos run may ask of the core."""

    ANNOUNCE = "announce"
    """Nothing: what is done from outside is only written down."""

    KILL = "kill"
    HANG = "hang"
    SLOW = "slow"
    POISON = "poison"
    DISK = "disk"
    CLOCK = "clock"
    MEMORY = "memory"
    CLEAR = "clear"
    """End everything that was asked for before."""


class Chaos(_Request, tag="chaos", frozen=True, kw_only=True):
    """Break something on purpose; refused in mode live and unless ``[chaos]`` allows it.

    ``path`` is the actor's, empty where none is meant; ``by_s`` is how slow or how wrong it gets,
    ``for_s`` when it ends by itself.
    """

    who: _Name
    scenario: _Name
    what: Damage
    path: Annotated[str, Meta(max_length=200)]
    said: Annotated[str, Meta(max_length=500)] = ""
    by_s: Annotated[float, Meta(ge=-86_400, le=86_400)] = 0.0
    for_s: Annotated[float, Meta(ge=0, le=3600)] = 0.0


Request: TypeAlias = (
    Status
    | ActorsList
    | ActorRestart
    | Breakers
    | Orders
    | Positions
    | Trades
    | Pnl
    | Account
    | Reconcile
    | Adopt
    | Kill
    | Resume
    | CheckIn
    | GatewayConfirmed
    | Stop
    | JournalTail
    | Logs
    | RiskLimits
    | RiskSet
    | RiskVar
    | RiskStress
    | RiskSizes
    | RiskCheck
    | Chaos
)


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request with its number and how long its sender waits: later, nobody reads the answer."""

    version: int
    number: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    deadline_s: Annotated[float, Meta(gt=0, le=3600)]
    request: Request


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The answer to the request with this number; 0 where no number could be read."""

    version: int
    number: int
    answer: Answer


_Message = TypeVar("_Message", Ask, Reply)
_ASK: Final = msgspec.msgpack.Decoder(Ask)
_REPLY: Final = msgspec.msgpack.Decoder(Reply)


def frame(message: Ask | Reply) -> bytes:
    """Return a message as it goes over the socket. Raises ControlError if it is too long."""
    content = msgspec.msgpack.encode(message)
    if len(content) > FRAME_BYTES_MAX:
        msg = f"an answer of {len(content)} bytes is longer than {FRAME_BYTES_MAX}: ask for less"
        raise ControlError(msg)
    return len(content).to_bytes(_HEAD_BYTES, "big") + content


def length(head: bytes) -> int:
    """Return how many bytes follow a frame's head. Raises ControlError if there are none."""
    size = int.from_bytes(head, "big")
    if len(head) != _HEAD_BYTES or not 0 < size <= FRAME_BYTES_MAX:
        msg = f"a frame of {size} bytes, 1 to {FRAME_BYTES_MAX} are allowed: use a client of ours"
        raise ControlError(msg)
    return size


def read_ask(content: bytes) -> Ask:
    """Return the request in a frame. Raises ControlError that names the field that is wrong."""
    return _decoded(_ASK, content)


def read_reply(content: bytes) -> Reply:
    """Return the answer in a frame. Raises ControlError that names the field that is wrong."""
    return _decoded(_REPLY, content)


def number_of(content: bytes) -> int:
    """Return the number of a request that cannot be read otherwise, or 0."""
    try:
        return msgspec.msgpack.decode(content, type=_Numbered).number
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError):
        return 0


class _Numbered(msgspec.Struct):
    number: Annotated[int, Meta(ge=1, le=2**63 - 1)]


def _decoded(decoder: msgspec.msgpack.Decoder[_Message], content: bytes) -> _Message:
    try:
        message = decoder.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        msg = f"no message of this protocol: {str(error).replace('`', '')}"
        raise ControlError(msg) from None
    if message.version != VERSION:
        msg = f"protocol version {message.version} came, {VERSION} is spoken: use the same release"
        raise ControlError(msg)
    return message
