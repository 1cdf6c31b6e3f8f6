"""The library's own messages: what actors are told about each other, and how they are steered.

``Down``, ``Exit`` and ``ChildExit`` reach an actor's ``on_receive`` in order with everything that
the ended actor had sent before. ``Start``, ``Stop`` and ``Urgent`` travel in the control lane and
overtake queued work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from supervision.future import Future
    from supervision.reasons import ExitReason
    from supervision.ref import ActorRef


class Monitor(NamedTuple):
    """Identity of one watch: pass it to ``demonitor``; it comes back in ``Down``."""

    number: int


@dataclass(frozen=True, slots=True)
class Down:
    """A monitored actor ended; exactly one arrives for each monitor."""

    monitor: Monitor
    ref: ActorRef[Any]
    reason: ExitReason


@dataclass(frozen=True, slots=True)
class Exit:
    """A linked actor ended, as seen by an actor that traps exits."""

    ref: ActorRef[Any]
    reason: ExitReason


@dataclass(frozen=True, slots=True)
class ChildExit:
    """A supervised child ended, as its supervisor sees it."""

    ref: ActorRef[Any]
    reason: ExitReason


@dataclass(frozen=True, slots=True)
class StartResult:
    """How the asynchronous start of a child went; ``value`` is what ``on_start`` returned."""

    ref: ActorRef[Any]
    value: object
    error: BaseException | None


class Ask:
    """A request with the future that takes the answer and the time after which none is wanted."""

    __slots__ = ("deadline_ns", "message", "reply_to")

    def __init__(self, message: Any, reply_to: Future[Any], deadline_ns: int) -> None:
        self.message = message
        self.reply_to = reply_to
        self.deadline_ns = deadline_ns


class Keyed:
    """A queue slot that holds the latest message of one key (overflow policy ``conflate``)."""

    __slots__ = ("key", "message")

    def __init__(self, key: object, message: Any) -> None:
        self.key = key
        self.message = message


class Start:
    """Control: run ``on_start`` and tell the outcome."""

    __slots__ = ()


class Stop:
    """Stop with ``reason``: at once in the control lane, after what is queued in the queue."""

    __slots__ = ("reason", "reply_to")

    def __init__(self, reason: ExitReason, reply_to: Future[Any] | None = None) -> None:
        self.reason = reason
        self.reply_to = reply_to


class Urgent:
    """Control: an ordinary message that the sender wants handled before everything queued."""

    __slots__ = ("message",)

    def __init__(self, message: Any) -> None:
        self.message = message
