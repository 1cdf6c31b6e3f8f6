"""How a fold of the journal begins: it asks for the past, and its start is over when it was told.

Meanwhile it watches the journal. One that dies takes the question with it: who waited on would hold
up its supervisor, and with it the restart of the journal itself, until the start's time was over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.say import Follow
from supervision import DEFERRED, ActorRef

if TYPE_CHECKING:
    from actors.say import Address
    from supervision import Actor, Monitor


class Following:
    """See the module's prose.

    Args:
        actor: who follows; its ``on_receive`` raises ``say.unknown`` for a ``Down``.
        journal: whom.
    """

    def __init__(self, actor: Actor, journal: Address) -> None:
        self._actor, self._journal = actor, journal
        self._watch: tuple[ActorRef[Any], Monitor] | None = None

    def begin(self, parts: tuple[str, ...], only: tuple[type, ...]) -> Any:
        """Ask for the past; what ``on_start`` returns.

        Raises:
            Unavailable: there is no journal at the moment; the supervisor tries again.
        """
        journal = self._journal
        ref = journal if isinstance(journal, ActorRef) else journal.resolve()
        self._watch = (ref, self._actor.monitor(ref))
        ref.tell(Follow(self._actor.actor_ref, parts, only))
        return DEFERRED

    def told(self) -> None:
        """The past was told: the start is over, and a journal's end is the supervisor's affair."""
        if self._watch is not None:
            self._actor.demonitor(*self._watch)
            self._watch = None
        self._actor.started()
