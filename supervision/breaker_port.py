"""Calls through a breaker actor, and what happens to them when it does not answer.

A breaker that is dead, restarting, slow or has a full mailbox cannot say yes. Then a port that
fails closed (orders) refuses, and one that fails open (metrics) lets the call pass uncounted. That
is decided once for each port, by whoever wires it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pykka

from supervision.breaker.checks import check_number
from supervision.breaker.classify import Classifier
from supervision.breaker.errors import CircuitOpen
from supervision.breaker.permit import Permit
from supervision.breaker.states import State
from supervision.breaker_actor import Acquire, Move, Reset, Result
from supervision.errors import MailboxFull

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.breaker.verdict import Operator, Verdict
    from supervision.ref import ActorRef

T = TypeVar("T")

_LONGEST_ANSWER_S: Final = 60.0  # who waits a minute for permission has no breaker
_SILENT: Final = (pykka.ActorDeadError, pykka.Timeout, MailboxFull)


class BreakerUnreachable(CircuitOpen):
    """The breaker did not answer in time, so the call was refused; its cause says why."""

    def __init__(self, name: str) -> None:
        super().__init__(name, State.OPEN, 0)
        self.args = (f"breaker {name} did not answer: call refused; see the cause",)


class BreakerPort:
    """One caller's way through a breaker actor.

    ``where`` gives the breaker's present incarnation (a registry's look-up) or raises
    ``ActorDeadError``. ``fail_open`` lets calls pass while the breaker does not answer within
    ``answer_s``: a breaker that needs longer costs more than it saves.

    Raises:
        ConfigError: ``answer_s`` is out of its range.
    """

    def __init__(
        self,
        name: str,
        where: Callable[[], ActorRef[Any]],
        now_ns: Callable[[], int],
        *,
        fail_open: bool,
        answer_s: float = 0.05,
        classifier: Classifier | None = None,
    ) -> None:
        check_number("answer_s", answer_s, above=0, at_most=_LONGEST_ANSWER_S)
        self.name = name
        self._where = where
        self._now_ns = now_ns
        self._fail_open = fail_open
        self._answer_s = answer_s
        self._classifier = classifier or Classifier()
        self._lock = threading.Lock()
        self.unanswered = 0
        self.lost_results = 0

    def acquire(self, *, probe: bool = False) -> Permit | None:
        """Ask to make a call; None lets it pass uncounted.

        Raises:
            CircuitOpen: refused; ``BreakerUnreachable`` when by nobody.
        """
        try:
            answer = self._where().ask(Acquire(probe), timeout=self._answer_s)
        except _SILENT as error:
            with self._lock:
                self.unanswered += 1
            if self._fail_open:
                return None
            raise BreakerUnreachable(self.name) from error
        if isinstance(answer, Permit):
            return answer
        raise CircuitOpen(self.name, answer.state, answer.remaining_ns)

    def settle(self, permit: Permit | None, verdict: Verdict, started_ns: int) -> None:
        """Tell how the call ended that began at ``started_ns``; nobody waits for that."""
        if permit is None:
            return
        try:
            self._where().tell(Result(permit, verdict, self._now_ns() - started_ns))
        except (pykka.ActorDeadError, MailboxFull):
            # The permit expires by itself, and one result more or less decides nothing.
            with self._lock:
                self.lost_results += 1

    def call(self, function: Callable[[], T]) -> T:
        """Call ``function`` and return its value; its exception comes through unchanged.

        Raises:
            CircuitOpen: refused, and the function was not called.
        """
        permit = self.acquire()
        return self._run(permit, function)

    def probe(self, function: Callable[[], T]) -> T:
        """Call ``function`` only to find out whether the service is back.

        Raises:
            CircuitOpen: refused, and the function was not called.
        """
        return self._run(self.acquire(probe=True), function)

    def move(self, target: State, by: Operator, *, open_for_ns: int | None = None) -> None:
        """Change the state by hand; returns when the change is in the journal.

        Raises:
            NotAllowed, IllegalMove, ValueError: see ``BreakerMachine.move``.
            ActorDeadError, Timeout, MailboxFull: the breaker did not answer: look at its state.
        """
        self._raise(self._where().ask(Move(target, by, open_for_ns)))

    def reset(self, by: Operator) -> None:
        """Close the breaker and forget everything; raises as ``move`` does."""
        self._raise(self._where().ask(Reset(by)))

    def _run(self, permit: Permit | None, function: Callable[[], T]) -> T:
        started_ns = self._now_ns()
        try:
            value = function()
        except BaseException as error:
            self.settle(permit, self._classifier.exception(error), started_ns)
            raise
        self.settle(permit, self._classifier.result(value), started_ns)
        return value

    @staticmethod
    def _raise(error: Exception | None) -> None:
        if error is not None:
            raise error
