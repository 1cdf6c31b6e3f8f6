"""What each strategy has and has asked for, as the fold of the journal; pure.

A strategy that begins anew asks for its ``Standing``; one that lives is told of its fills and of
the ends of its orders. Both come from here, so that they cannot disagree.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from robotrader.domain import NO_STRATEGIES, NOBODY, PROTECTIVE, Purpose, Side, accepted, moved
from robotrader.domain.records import (
    FillBooked,
    FillCorrected,
    OrderDone,
    OrderIntended,
    PositionAdopted,
)
from robotrader.strategies.events import AskAnew, Ended, Fill, Standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.domain import Intent
    from robotrader.domain.records import Record

ZERO: Final = Decimal(0)
_STOP: Final = Purpose.STOP  # a member of an enum takes fifty times as long to look up
CORRECTABLE: Final = 10_000
"""Fills that a correction may still change: brokers correct within days."""


class News(NamedTuple):
    """Something that a strategy has to be told."""

    strategy: str
    con_id: int
    event: Fill | Ended | AskAnew


class _Asked(msgspec.Struct):
    """An order that a strategy asked for, while it is open."""

    strategy: str
    con_id: int
    cause: str
    sign: int
    left: Decimal
    own: bool
    """Whether the strategy asked for it itself: legs and stops follow from its entries."""


class _Filled(NamedTuple):
    """A fill that a correction may still change."""

    strategy: str
    con_id: int
    sign: int
    qty: Decimal


class StandingsState(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot keeps: all that the journal said. Approvals are a process's own."""

    positions: tuple[tuple[tuple[str, int], Decimal], ...] = ()
    open: tuple[tuple[str, _Asked], ...] = ()
    fills: tuple[tuple[str, _Filled], ...] = ()
    seq: int = 0


class Standings:
    """See the module's prose."""

    def __init__(self, state: StandingsState | None = None) -> None:
        state = state or StandingsState()
        self._positions = dict(state.positions)
        self._open = dict(state.open)
        self._fills = dict(state.fills)
        self._approved: dict[tuple[str, str], tuple[int, Decimal]] = {}
        self._seq = state.seq

    def state(self) -> StandingsState:
        """Return it as a value; encode it before this one goes on."""
        return StandingsState(
            positions=tuple(self._positions.items()),
            open=tuple(self._open.items()),
            fills=tuple(self._fills.items()),
            seq=self._seq,
        )

    def standing(self, strategy: str, con_id: int) -> Standing:
        """Return what a strategy has of a contract, and what works for it."""
        working = {
            cause: qty
            for (name, cause), (contract, qty) in self._approved.items()
            if (name, contract) == (strategy, con_id)
        }
        for asked in self._open.values():
            if asked.own and (asked.strategy, asked.con_id) == (strategy, con_id):
                left = working.get(asked.cause, ZERO) + asked.sign * asked.left
                working[asked.cause] = left
        position = self._positions.get((strategy, con_id), ZERO)
        return Standing(position=position, working=working, seq=self._seq)

    def held(self) -> dict[tuple[str, int], Decimal]:
        """Return what each strategy has of each contract, where that is something."""
        return {key: qty for key, qty in self._positions.items() if qty and key[0] != NOBODY}

    def approved(self, intent: Intent) -> None:
        """An intent passed the gate; it works until the journal says how it went on."""
        if intent.purpose is _STOP:
            return  # the order manager's wish: an exit does not wait for it
        key = (intent.strategy, intent.cause)
        self._approved[key] = (intent.con_id, intent.qty * intent.side.sign)

    def declined(self, intent: Intent, why: str) -> News:
        """An intent that had passed became no order."""
        self._approved.pop((intent.strategy, intent.cause), None)
        ended = Ended(con_id=intent.con_id, cause=intent.cause, why=why)
        return News(intent.strategy, intent.con_id, ended)

    def apply(self, seq: int, record: Record) -> tuple[News, ...]:
        """Take in a record; return what strategies have to be told."""
        self._seq = seq
        fold = _FOLDS.get(type(record))
        return () if fold is None else fold(self, record)

    def _intended(self, record: OrderIntended) -> tuple[News, ...]:
        self._approved.pop((record.strategy, record.cause), None)
        self._open[record.ref] = _Asked(
            strategy=record.strategy,
            con_id=record.con_id,
            cause=record.cause,
            sign=_SIDES[record.side].sign,
            left=record.qty,
            own=not record.parent_ref and not _protects(record),
        )
        return ()

    def _filled(self, record: FillBooked) -> tuple[News, ...]:
        asked = self._open.get(record.ref)
        strategy = asked.strategy if asked is not None else record.strategy
        side, con_id = _SIDES[record.side], record.con_id
        signed = side.sign * record.qty
        changes = {strategy: signed}
        if strategy in NO_STRATEGIES:
            held = {name: qty for (name, con), qty in self._positions.items() if con == con_id}
            changes = moved(held, strategy, signed)
        for name, change in changes.items():
            key = (name, con_id)
            self._positions[key] = self._positions.get(key, ZERO) + change
        first = next(iter(changes))
        self._fills[record.family] = _Filled(first, con_id, side.sign, record.qty)
        if len(self._fills) > CORRECTABLE:
            del self._fills[next(iter(self._fills))]
        if asked is not None:
            asked.left = max(asked.left - record.qty, ZERO)
        cause = asked.cause if asked is not None and asked.own else ""
        return tuple(
            News(
                name,
                con_id,
                Fill(
                    seq=self._seq,
                    con_id=con_id,
                    side=side,
                    qty=abs(change),
                    price=record.price,
                    time_ns=record.time_ns,
                    cause=cause if name == strategy else "",
                ),
            )
            for name, change in changes.items()
            if name not in NO_STRATEGIES
        )

    def _corrected(self, record: FillCorrected) -> tuple[News, ...]:
        """Have the strategy ask for its standing: a fill can be told once, not be told anew."""
        old = self._fills.get(record.family)
        if old is None:
            return ()
        key = (old.strategy, old.con_id)
        self._positions[key] = self._positions.get(key, ZERO) + old.sign * (record.qty - old.qty)
        self._fills[record.family] = old._replace(qty=record.qty)
        if record.qty == old.qty or old.strategy in NO_STRATEGIES:
            return ()
        return (News(old.strategy, old.con_id, AskAnew(0)),)

    def _adopted(self, record: PositionAdopted) -> tuple[News, ...]:
        """Take off strategies what is not there: each is told as of a fill that it never asked for.

        Of shares that are gone the price is not known: it is the cost that was accepted, or 0.
        """
        con_id = record.con_id
        held = {name: qty for (name, con), qty in self._positions.items() if con == con_id}
        changes = accepted(held, record.qty)
        for name, change in changes.items():
            held[name] = self._positions[name, con_id] = held[name] + change
        if nobodys := record.qty - sum(held.values(), ZERO):
            self._positions[NOBODY, con_id] = held.get(NOBODY, ZERO) + nobodys
        return tuple(
            News(
                name,
                con_id,
                Fill(
                    seq=self._seq,
                    con_id=con_id,
                    side=Side.BUY if change > 0 else Side.SELL,
                    qty=abs(change),
                    price=record.avg_cost,
                    time_ns=record.wall_ns,
                ),
            )
            for name, change in changes.items()
        )

    def _done(self, record: OrderDone) -> tuple[News, ...]:
        asked = self._open.pop(record.ref, None)
        if asked is None or not asked.own or asked.strategy in NO_STRATEGIES:
            return ()
        ended = Ended(con_id=asked.con_id, cause=asked.cause, why=record.why or record.ending)
        return (News(asked.strategy, asked.con_id, ended),)


def _protects(record: OrderIntended) -> bool:
    return record.reduces and record.order_type in PROTECTIVE


_SIDES: Final = {side.value: side for side in Side}

_FOLDS: Final[dict[type, Callable[[Standings, Any], tuple[News, ...]]]] = {
    FillBooked: Standings._filled,
    OrderDone: Standings._done,
    OrderIntended: Standings._intended,
    FillCorrected: Standings._corrected,
    PositionAdopted: Standings._adopted,
}
