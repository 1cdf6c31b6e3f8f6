"""Limits that a person changes: tried by the gate, durable, in force, and only then answered.

The gate judges by a change once the journal tells it, which is before the journal answers; so what
is answered is what is in force. Nothing is changed by what was refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.say import Commit, NotCommitted, tell
from robotrader.domain.errors import ConfigurationError
from supervision import DEFERRED

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.say import Address, ChangeLimit, Committed
    from robotrader.risk import Gate, LimitChange
    from supervision import Actor


class LimitDesk:
    """See the module's prose.

    Args:
        actor: the gate's actor, which is asked.
        gate: whose limits are changed.
        journal: the journal's address.
        now_ns: the time of day.
    """

    def __init__(
        self, actor: Actor, gate: Gate, journal: Address, now_ns: Callable[[], int]
    ) -> None:
        self._actor, self._gate, self._journal, self._now_ns = actor, gate, journal, now_ns
        self._asked: dict[int, tuple[Any, LimitChange]] = {}
        self._token = 0

    def ask(self, wish: ChangeLimit) -> Any:
        """Answer with the ``LimitChange``, once it is durable, or with why there is none."""
        try:
            change = self._gate.changes.tried(wish.name, wish.value)
            if wish.preview:
                return change
            record = self._gate.changes.record(
                wish.name, wish.value, who=wish.who, why=wish.why, wall_ns=self._now_ns()
            )
        except ConfigurationError as error:
            return str(error)
        self._token += 1
        commit = Commit(self._token, (record,), self._actor.actor_ref)
        if not tell(self._journal, commit):
            return "the journal is being restarted: nothing was changed, try again"
        self._asked[self._token] = (self._actor.reply_later(), change)
        return DEFERRED

    def answered(self, message: Committed | NotCommitted) -> None:
        """Tell whoever asked."""
        reply, change = self._asked.pop(message.token, (None, None))
        if reply is not None:
            wrong = isinstance(message, NotCommitted) and f"nothing was changed: {message.why}"
            reply.set(wrong or change)
