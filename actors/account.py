"""The account's actor: the one ledger that every reader asks, and the days that it counts in.

It follows the journal and marks to market by what the data actor tells it. It writes two kinds of
records: the cash that the account begins with, once, and the start of each exchange day.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from actors.say import (
    AskDays,
    AskLedger,
    AskTrades,
    Commit,
    Follow,
    LedgerChanged,
    Recorded,
    Replayed,
    Traded,
    tell,
    unknown,
)
from robotrader.domain import BrokerSnapshot, LinkChanged, Quote
from robotrader.domain.records import CashAdopted, CommissionBooked, DayRolled, FillBooked
from robotrader.ledger import FOLDED, Ledger
from supervision import DEFERRED, Actor, MailboxSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from actors.say import Address
    from robotrader.domain import Instrument
    from robotrader.domain.records import Record
    from robotrader.ledger import LedgerView

CASH_TAG: Final = "TotalCashValue"
LOOK_S: Final = 1.0
"""How often readers that are told, and not ask, hear of the account."""

_LOOK: Final = "look"


def _of_line(message: Any) -> object | None:
    return message.con_id if isinstance(message, Quote) else None


class Account(Actor):
    """See the module's prose.

    Args:
        account: whose.
        instruments: what can be held.
        day_of: the exchange day of a time.
        journal: the journal's address.
        readers: who is told how the account is, every second.
        now_ns: the time of day.
    """

    runtime = "pool"
    mailbox = MailboxSpec(capacity=100_000, overflow="conflate", key=_of_line)

    def __init__(
        self,
        *,
        account: str,
        instruments: Iterable[Instrument],
        day_of: Callable[[int], date],
        journal: Address,
        readers: Sequence[Address] = (),
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__()
        self.ledger = Ledger(account, instruments)
        self._account, self._day_of = account, day_of
        self._journal, self._readers, self._now_ns = journal, tuple(readers), now_ns
        self._marks: dict[int, float] = {}
        self._fills: dict[str, Traded] = {}
        self._has_cash = self._rolling = self._ready = False

    def on_start(self) -> Any:
        """Fold the journal; the start is over when it was."""
        tell(self._journal, Follow(self.actor_ref, FOLDED))
        return DEFERRED

    def on_receive(self, message: Any) -> Any:
        """Keep the ledger, and answer who asks for it."""
        if isinstance(message, AskLedger):
            return self.view()
        if isinstance(message, AskTrades):
            return self._trades(message)
        if isinstance(message, AskDays):
            return self.ledger.days(message.newest)
        if isinstance(message, Quote):
            self._marks[message.con_id] = (message.bid + message.ask) / 2
        elif isinstance(message, Replayed | Recorded):
            self._fold(message)
        elif isinstance(message, BrokerSnapshot):
            self._adopt_cash(message)
        elif message == _LOOK:
            self._look()
        elif not isinstance(message, LinkChanged):
            raise unknown(self, message)
        return None

    def view(self) -> LedgerView:
        """Return the account as it is now."""
        return self.ledger.view(self._marks)

    def _fold(self, message: Replayed | Recorded) -> None:
        for _, record in message.records:
            self.ledger.apply(record)
            self._note(record)
            self._has_cash = self._has_cash or isinstance(record, CashAdopted)
            self._rolling = self._rolling and not isinstance(record, DayRolled)
        if isinstance(message, Replayed) and message.last and not self._ready:
            self._ready = True
            self.started()
            self._look()

    def _note(self, record: Record) -> None:
        """Keep fills for who asks for them: a few hundred bytes each."""
        if isinstance(record, FillBooked):
            self._fills[record.family] = Traded(record)
        elif isinstance(record, CommissionBooked) and record.family in self._fills:
            fill = self._fills[record.family].fill
            self._fills[record.family] = Traded(fill, record.commission)

    def _trades(self, ask: AskTrades) -> tuple[Traded, ...]:
        return tuple(
            each
            for each in self._fills.values()
            if ask.from_ns <= each.fill.time_ns < ask.to_ns
            and ask.strategy in {"", each.fill.strategy}
        )

    def _adopt_cash(self, snapshot: BrokerSnapshot) -> None:
        """Begin with what the broker says, once: from then on the journal knows better."""
        cash = snapshot.values.get(CASH_TAG)
        if self._has_cash or cash is None or not self._ready:
            return
        self._has_cash = True
        self._commit(CashAdopted(account=self._account, cash=cash, wall_ns=self._now_ns()))

    def _look(self) -> None:
        self.send_after(LOOK_S, _LOOK)
        view = self.view()
        self._roll(view)
        for reader in self._readers:
            tell(reader, LedgerChanged(view))

    def _roll(self, view: LedgerView) -> None:
        """Begin the exchange day that it is by now, as soon as equity is known."""
        day = self._day_of(self._now_ns()).isoformat()
        if self._rolling or view.equity is None or view.day >= day:
            return
        self._rolling = True
        cents = view.equity.quantize(Decimal("1e-8"))
        self._commit(DayRolled(day=day, equity=cents, wall_ns=self._now_ns()))

    def _commit(self, record: CashAdopted | DayRolled) -> None:
        tell(self._journal, Commit(0, (record,)))
