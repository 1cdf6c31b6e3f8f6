"""What can go wrong with actors, each with the thing that is guilty and the remedy in its text.

Errors that pykka already has keep their class (``pykka.ActorDeadError``, ``pykka.Timeout``), so
code written for pykka catches ours unchanged.
"""

from __future__ import annotations

import pykka


class SupervisionError(Exception):
    """Base of the library's own errors."""


class MailboxFull(SupervisionError):
    """The receiver's mailbox is at its bound and its overflow policy refuses new messages."""


class ActorStartError(SupervisionError):
    """The actor did not start: its ``on_start`` raised, refused or took too long."""


class Unavailable(pykka.ActorDeadError):
    """Nobody is registered under the name right now (a restart may be under way)."""


class ExpiredAsk(pykka.Timeout):
    """The deadline that came with a request had passed before the request was made."""


class WouldBlock(SupervisionError):
    """A blocking wait on the thread of an event loop, which would stop the whole loop."""


class DeathPact(SupervisionError):
    """An actor got notice of a death that it watches and has no handler for it."""


class StaleIncarnation(BaseException):
    """An effect of a fenced incarnation was refused.

    Not an ``Exception``: the code of the old incarnation must not be able to swallow it by
    accident and carry on.
    """


class Deadlock(BaseException):
    """In a simulation nothing can run any more although somebody still waits."""
