"""Calls of an actor that ask a breaker first, without waiting for its answer.

The breaker's word comes back as a message. A breaker that is away or silent stops nothing: prices
are needed to get out of a position, so its calls pass uncounted (fail open).
"""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec
import pykka

from supervision import MailboxFull, Unavailable
from supervision.breaker import RELEASED, Permit, Refused
from supervision.breaker_actor import Acquire, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision import ActorRef, Future, NamedRef
    from supervision.breaker import Verdict

SILENT_NS: Final = 1_000_000_000
"""A breaker answers in microseconds; after a second the call is made without it."""

C = TypeVar("C")


class Word(msgspec.Struct, frozen=True):
    """To the actor itself: the breaker has answered request ``number``, or never will.

    ``answer`` is the future of a ``Permit`` or a ``Refused``, None if there is no breaker.
    """

    guard: str
    number: int
    answer: Any


class Guarded(Generic[C]):
    """See the module's prose; a call ``C`` belongs to a key, of which one call is open at a time.

    Args:
        name: which of the actor's guards this is, in ``Word``.
        breaker: the breaker's address.
        owner: who calls.
        now_ns: the time.
    """

    def __init__(
        self, name: str, breaker: NamedRef, owner: ActorRef[Any], now_ns: Callable[[], int]
    ) -> None:
        self.name = name
        self._breaker, self._owner, self._now_ns = breaker, owner, now_ns
        self._numbers = count(1)
        self._asking: dict[int, tuple[int, C, int]] = {}
        self.open: dict[int, tuple[Permit | None, int]] = {}
        """Calls whose outcome is not known yet, by key: the permit, and when they were made."""

        self.closed_until_ns = 0
        """When asking again makes sense: the last refusal said so."""

    def ask(self, key: int, call: C) -> None:
        """Want to make a call; a ``Word`` comes."""
        number = next(self._numbers)
        self._asking[number] = (key, call, self._now_ns())
        try:
            future = self._breaker.resolve().ask(Acquire(), block=False)
        except Unavailable:
            self._owner.tell(Word(self.name, number, None))
            return
        owner, word = self._owner, Word(self.name, number, future)

        def answered() -> None:
            with suppress(pykka.ActorDeadError):
                owner.tell(word)

        future.on_done(answered)

    def heard(self, word: Word) -> tuple[int, C, bool] | None:
        """Return key, call and whether it may be made; None for a word that came too late."""
        answer = _outcome(word.answer)
        asked = self._asking.pop(word.number, None)
        if asked is None:
            self._give_back(answer)
            return None
        key, call, _ = asked
        if isinstance(answer, Refused):
            self.closed_until_ns = self._now_ns() + answer.remaining_ns
            return key, call, False
        permit = answer if isinstance(answer, Permit) else None
        self.settle(key, RELEASED)  # a call that was made before: nobody waits for its outcome
        self.open[key] = (permit, self._now_ns())
        return key, call, True

    def silent(self) -> list[Word]:
        """Return a word for each request that the breaker is silent about."""
        late_ns = self._now_ns() - SILENT_NS
        late = [number for number, (_, _, at_ns) in self._asking.items() if at_ns <= late_ns]
        return [Word(self.name, number, None) for number in late]

    def asked(self, key: int) -> bool:
        """Whether a call of this key waits for the breaker's word."""
        return any(each == key for each, _, _ in self._asking.values())

    def began_ns(self, key: int) -> int:
        """When a call that is open was made; now if none is."""
        return self.open.get(key, (None, self._now_ns()))[1]

    def settle(self, key: int, verdict: Verdict) -> None:
        """A call ended; one that is not open is nothing."""
        permit, began_ns = self.open.pop(key, (None, 0))
        if permit is not None:
            self._say(Result(permit, verdict, self._now_ns() - began_ns))

    def _give_back(self, answer: Any) -> None:
        if isinstance(answer, Permit):
            self._say(Result(answer, RELEASED, 0))

    def _say(self, result: Result) -> None:
        with suppress(pykka.ActorDeadError, MailboxFull):
            self._breaker.tell(result)


def _outcome(future: Future[Any] | None) -> Any:
    """Return what the breaker said; None if it died with the question."""
    if future is None:
        return None
    try:
        return future.get(timeout=0)
    except (pykka.ActorDeadError, pykka.Timeout):
        return None
