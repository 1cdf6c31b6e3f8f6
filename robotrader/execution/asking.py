"""When a stop that is missing is asked for, how often, and what a person is told of it.

Each two seconds until there is one: an answer can be lost with whoever gives it. But where the gate
has looked and said that nothing is left to close, it says so until the position, the orders or the
gate is another one: two strategies hold a contract against each other, and an order of the one
takes what the other's stop would close. So after such a refusal the wait doubles, up to a minute,
and ends at once with any of these changes. A person is told once, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from robotrader.domain import Side
from robotrader.execution.effects import Alert, Effect, Level, Wanted

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from robotrader.domain import Intent, Refusal
    from robotrader.execution.desk import Desk

NOTHING_LEFT: Final = "exit_grows"
"""The gate's code for an exit that would close more than is left to close."""

LONGEST: Final = 30
"""The longest wait, in those of a stop that nobody has refused: a minute."""

_A_RACE: Final = 2
"""One refusal may be of a moment in which an order was between gate and order manager."""

_FORGOTTEN_ASKS: Final = 10
"""After as many silent times of asking, a missing stop is news again, and not yet alarming."""


@dataclass(slots=True)
class _Asked:
    """What was asked last for a strategy's stop in a contract, and what became of it."""

    intent: Intent
    at_ns: int
    wait_ns: int
    seen: object
    """The position and the orders as they were then; None: the gate's own view has changed."""

    waits: bool = False
    """Whether the gate has refused it, and nothing has changed since."""

    refusals: int = 0
    alarmed: bool = False
    explained: bool = False


class Asks:
    """See the module's prose."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._asked: dict[int, dict[str, _Asked]] = {}

    def ask(self, intent: Intent, now_ns: int) -> tuple[list[Effect], int]:
        """Return what is asked for and said now, and when to look again."""
        pace_ns, seen = self._desk.times.ask_ns, self._seen(intent.con_id)
        asked = self._asked.setdefault(intent.con_id, {})
        last = asked.get(intent.strategy)
        if last is None or now_ns >= last.at_ns + last.wait_ns + _FORGOTTEN_ASKS * pace_ns:
            asked[intent.strategy] = _Asked(intent, now_ns, pace_ns, seen)
            return _wanted(intent, Level.WARNING), now_ns + pace_ns
        if last.seen != seen:
            last.waits, last.wait_ns = False, pace_ns
        if now_ns < last.at_ns + last.wait_ns:
            return [], last.at_ns + last.wait_ns
        alarming = not last.refusals and not last.alarmed  # of a refusal its own alert says more
        last.alarmed = last.alarmed or alarming
        last.intent, last.at_ns, last.seen = intent, now_ns, seen
        return _wanted(intent, Level.CRITICAL if alarming else None), now_ns + last.wait_ns

    def refused(self, refusal: Refusal) -> list[Effect]:
        """Wait longer with what the gate says is too much, unless something has changed since.

        The second time it is no race of two messages any more, and a person has to know.
        """
        intent = refusal.intent
        last = self._asked.get(intent.con_id, {}).get(intent.strategy)
        if last is None or last.intent.cause != intent.cause or refusal.code != NOTHING_LEFT:
            return []
        last.refusals += 1
        if last.seen == self._seen(intent.con_id):
            last.waits = True
            last.wait_ns = min(2 * last.wait_ns, LONGEST * self._desk.times.ask_ns)
        if last.refusals < _A_RACE or last.explained:
            return []
        last.explained = True
        text = _against(intent, refusal.why, self._rivals(intent))
        return [Alert(Level.CRITICAL, "unprotected", text)]

    def anew(self, con_id: int | None = None) -> list[int]:
        """Ask soon for what was refused, of a contract or of all: the gate may see it otherwise.

        Returns the contracts to look at.
        """
        found = []
        for own in list(self._asked) if con_id is None else [con_id]:
            for last in self._asked.get(own, {}).values():
                found += [own] if last.waits else []
                last.waits, last.wait_ns, last.seen = False, self._desk.times.ask_ns, None
        return found

    def of(self, con_id: int) -> bool:
        """Whether a stop of a contract has been asked for."""
        return bool(self._asked.get(con_id))

    def forget(self, con_id: int, missing: Container[str], now_ns: int) -> None:
        """End the waiting for stops of a contract that are not missing any more."""
        pace_ns = self._desk.times.ask_ns
        asked = self._asked.get(con_id, {})
        for name in [each for each in asked if each not in missing]:
            last = asked[name]
            last.waits, last.wait_ns = False, pace_ns
            if now_ns >= last.at_ns + (1 + _FORGOTTEN_ASKS) * pace_ns:
                del asked[name]

    def _seen(self, con_id: int) -> object:
        """Return what the gate's word depends on, as far as it is known here."""
        book = self._desk.book
        orders = (*book.open.of(con_id).values(), *book.awaited.of(con_id).values())
        return (
            book.positions.get((book.account, con_id)),
            {name: qty for (name, _), qty in book.holdings.of(con_id).items()},
            {each.ref: each.reserved for each in orders},
        )

    def _rivals(self, intent: Intent) -> Iterator[str]:
        """Yield what takes the shares that a stop would close, the strategies by name."""
        book, sign = self._desk.book, intent.side.sign
        for (name, _), qty in book.holdings.of(intent.con_id).items():
            if name != intent.strategy:
                yield f"{name or 'nobody'} holds {qty:+f}"
        for each in book.open.of(intent.con_id).values():
            told = each.intent
            closes = Side(told.side).sign == sign
            if closes and each.reserved and (each.protective or not each.yields):
                yield f"an order of {told.strategy} to {told.side} {each.reserved:f} works"


def _wanted(intent: Intent, level: Level | None) -> list[Effect]:
    if level is None:
        return [Wanted(intent)]
    text = f"{intent.qty} {intent.symbol} of {intent.strategy} have no stop: asked for one"
    return [Wanted(intent), Alert(level, "unprotected", text)]


def _against(intent: Intent, why: str, rivals: Iterable[str]) -> str:
    """Say which strategies are against each other, and how that ends."""
    found = "; ".join(rivals) or "nothing that is known here"
    return (
        f"{intent.qty} {intent.symbol} of {intent.strategy} have no stop, the gate refuses one "
        f"({why}). Against it: {found}. End those orders, or close one of the strategies "
        "(robotrader kill --scope strategy:NAME --level flatten); it is asked for again at once "
        "when position or orders change, else every minute"
    )
