"""The account's actor: the one ledger that every reader asks, and the days that it counts in.

It follows the journal and marks to market by what the data actor tells it. It writes two kinds of
records: the cash that the account begins with, once, and the start of each exchange day.
"""

from __future__ import annotations

import time
from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING, Any, Final

from actors.following import Following
from actors.messages import AskHeld, Held, of_quotes
from actors.say import (
    AskDays,
    AskLedger,
    AskMeters,
    AskTrades,
    Commit,
    Committed,
    LedgerChanged,
    NotCommitted,
    Recorded,
    Replayed,
    Restored,
    tell,
    unknown,
)
from robotrader.domain import BrokerSnapshot, LinkChanged, Quote
from robotrader.domain.records import CashAdopted, DayRolled
from robotrader.ledger import FOLDED, Ledger, Trades
from robotrader.meters import of_ledger
from robotrader.recovery import LEDGER, TRADES, from_rows
from supervision import Actor, MailboxSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from actors.say import Address
    from robotrader.domain import Instrument
    from robotrader.ledger import LedgerView
    from robotrader.recovery import Base

CASH_TAG: Final = "TotalCashValue"
LOOK_S: Final = 1.0
"""How often readers that are told, and not ask, hear of the account."""

_LOOK: Final = "look"


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

    runtime = "thread"
    mailbox = MailboxSpec(capacity=100_000, overflow="conflate", key=of_quotes)

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
        self._instruments = tuple(instruments)
        self._symbols = {each.con_id: each.symbol for each in self._instruments}
        self.ledger = Ledger(account, self._instruments)
        self.trades = Trades()
        self._account, self._day_of = account, day_of
        self._journal, self._readers, self._now_ns = journal, tuple(readers), now_ns
        self._marks: dict[int, float] = {}
        self._priced_ns: dict[int, int] = {}
        self._adopting = self._rolling = self._ready = False
        self._following = Following(self, journal)

    def on_start(self) -> Any:
        """Fold the journal; the start is over when it was."""
        return self._following.begin((LEDGER.name, TRADES.name), FOLDED)

    def on_receive(self, message: Any) -> Any:
        """Keep the ledger, and answer who asks for it."""
        if isinstance(message, AskLedger):
            return self.view()
        if isinstance(message, AskMeters):
            return of_ledger(self.view(), self._symbols)
        if isinstance(message, AskTrades):
            return self.trades.between(message.from_ns, message.to_ns, message.strategy)
        if isinstance(message, AskHeld):
            return Held(self.view(), dict(self._priced_ns), self.ledger.snapshot())
        if isinstance(message, AskDays):
            return self.ledger.days(message.newest)
        if isinstance(message, Quote):
            if 0.0 < message.bid <= message.ask < inf:  # what is none would be a loss, or unknown
                self._marks[message.con_id] = (message.bid + message.ask) / 2
                self._priced_ns[message.con_id] = message.time_ns
        elif isinstance(message, Replayed | Recorded):
            self._fold(message)
        elif isinstance(message, Restored):
            self._restore(message.base)
        elif isinstance(message, BrokerSnapshot):
            self._adopt_cash(message)
        elif message == _LOOK:
            self._look()
        elif isinstance(message, NotCommitted):
            self._tell(self.view())  # it still is the day before
            self._adopting = self._rolling = False  # the next snapshot, the next look try again
        elif not isinstance(message, Committed | LinkChanged):
            raise unknown(self, message)
        return None

    def view(self) -> LedgerView:
        """Return the account as it is now."""
        return self.ledger.view(self._marks)

    def _restore(self, base: Base) -> None:
        rows = base.part(LEDGER)
        state = None if rows is None else from_rows(rows)
        self.ledger = Ledger(self._account, self._instruments, state=state)
        self.trades = Trades(base.part(TRADES))

    def _fold(self, message: Replayed | Recorded) -> None:
        for _, record in message.records:
            self.ledger.apply(record)
            self.trades.apply(record)
        if self._rolling and any(isinstance(each, DayRolled) for _, each in message.records):
            self._rolling = False
            self._tell(self.view())
        if isinstance(message, Replayed) and message.last and not self._ready:
            self._ready = True
            self._following.told()
            self._look()

    def _adopt_cash(self, snapshot: BrokerSnapshot) -> None:
        """Begin with what the broker says, once: from then on the journal knows better."""
        cash = snapshot.values.get(CASH_TAG)
        known = self._adopting or self.trades.has_cash
        if known or cash is None or not self._ready:
            return
        self._adopting = True
        self._commit(CashAdopted(account=self._account, cash=cash, wall_ns=self._now_ns()))

    def _look(self) -> None:
        self.send_after(LOOK_S, _LOOK)
        view = self.view()
        self._roll(view)
        if not self._rolling:
            self._tell(view)

    def _tell(self, view: LedgerView) -> None:
        for reader in self._readers:
            tell(reader, LedgerChanged(view))

    def _roll(self, view: LedgerView) -> None:
        """Begin the exchange day that it is by now, as soon as equity is known.

        Readers hear of nothing until it has begun: what was lost on a day that is over trips no
        switch on the next.
        """
        day = self._day_of(self._now_ns()).isoformat()
        if self._rolling or view.equity is None or view.day >= day:
            return
        self._rolling = True
        cents = view.equity.quantize(Decimal("1e-8"))
        self._commit(DayRolled(day=day, equity=cents, wall_ns=self._now_ns()))

    def _commit(self, record: CashAdopted | DayRolled) -> None:
        tell(self._journal, Commit(0, (record,), self.actor_ref))
