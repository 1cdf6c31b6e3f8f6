"""How big a mailbox is and what happens when it is full.

Every mailbox is bounded. ``reject`` refuses the new message with ``MailboxFull`` (commands: the
sender must know), ``drop_oldest`` makes room (a stream where the newest counts), ``conflate``
keeps one message a key, the latest (quotes per symbol), ``block`` makes the sender wait for room
up to a deadline (bulk producers on a thread of their own). What is dropped is counted.

The library's own notices (``Down``, ``Exit``, ``ChildExit``) are never refused and never dropped:
there are at most as many as there are watches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Overflow = Literal["reject", "drop_oldest", "conflate", "block"]
_POLICIES = ("reject", "drop_oldest", "conflate", "block")


@dataclass(frozen=True, slots=True)
class MailboxSpec:
    """Bound and overflow policy of one actor's mailbox.

    Attributes:
        capacity: most ordinary messages that may wait (1 or more).
        overflow: what a full mailbox does with one more.
        key: for ``conflate``: the key of a message, or None for a message that is kept as it is.
        block_s: for ``block``: longest wait for room, in seconds.
    """

    capacity: int = 10_000  # about 0.5 s of work at 50 us a message: more only adds staleness
    overflow: Overflow = "reject"
    key: Callable[[Any], object | None] | None = None
    block_s: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a spec that could not work.

        Raises:
            ValueError: names the field, its value and what would be accepted.
        """
        if isinstance(self.capacity, bool) or self.capacity < 1:
            msg = f"mailbox capacity {self.capacity!r}: give a whole number of at least 1"
            raise ValueError(msg)
        if self.overflow not in _POLICIES:
            msg = f"mailbox overflow {self.overflow!r}: choose one of {', '.join(_POLICIES)}"
            raise ValueError(msg)
        if (self.overflow == "conflate") != (self.key is not None):
            msg = "mailbox: 'conflate' needs a key function, and only 'conflate' takes one"
            raise ValueError(msg)
        if not self.block_s > 0:
            msg = f"mailbox block_s {self.block_s!r}: give seconds greater than 0"
            raise ValueError(msg)


DEFAULT_MAILBOX = MailboxSpec()
