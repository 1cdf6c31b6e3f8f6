"""The risk gate's actor: every intent passes here, and nobody else may give the order manager one.

It lives on the broker's loop and follows the journal: its ledger, the strategies' standings, halts
and limits are folds of what is durable, so that after a crash it knows what it knew. What it cannot
know it does not guess: without a quote, a ledger, the switch or the link, nothing is entered.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from actors import risk_asks
from actors.following import Following
from actors.limit_changes import LimitDesk
from actors.margins import Margins
from actors.messages import AskFunds, AskStanding, of_quotes
from actors.regained import Regained, reservation_of
from actors.risk_facts import TOLD, Facts
from actors.say import (
    AskCheck,
    AskGate,
    AskMeters,
    AskSettled,
    AskSizes,
    AskUse,
    ChangeLimit,
    CloseStrategy,
    Committed,
    MarginLate,
    NotCommitted,
    Recorded,
    Replayed,
    Restored,
    Sized,
    tell,
    unknown,
)
from robotrader.domain import (
    Approved,
    AskLink,
    BrokerSnapshot,
    CancelWish,
    Funds,
    Intent,
    MarginSaid,
    Purpose,
    Quote,
    StopWish,
)
from robotrader.domain.records import (
    FillBooked,
    FillCorrected,
    LimitChanged,
    OrderDone,
    OrderIntended,
    SymbolHalted,
    SymbolResumed,
)
from robotrader.execution import effects as do
from robotrader.ledger import FOLDED, Ledger
from robotrader.meters import of_gate
from robotrader.recovery import GATE, LEDGER, STANDINGS, SWITCH, from_rows
from robotrader.risk import Gate, Keeper
from robotrader.strategies import Standings
from supervision import DEFERRED, Actor, MailboxSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actors.say import Address, GateUse, GateView
    from robotrader.domain import Instrument, Refusal
    from robotrader.domain.records import Record
    from robotrader.risk import Explained, Limits, RiskView, SessionState
    from robotrader.strategies import News
    from supervision import Registry

ZERO: Final = Decimal(0)
_FOLDED: Final = (*FOLDED, OrderIntended, OrderDone, LimitChanged, SymbolHalted, SymbolResumed)
_RESERVATIONS: Final = 1_000_000
"""Numbers of each incarnation: an earlier one's release is not ours."""


class Risk(Actor):
    """See the module's prose.

    Args:
        account: whose risk it is.
        instruments: what can be traded, by contract.
        limits, ceilings: what may be risked, and how far a person may loosen it.
        session: whether a contract's market is open at a time.
        restart_at_ns: when the gateway's next announced restart is, None if none is.
        registry: where symbols' actors are found, as ``("symbol", con_id)``.
        journal, orders: addresses by role.
        now_ns: the time of day.
    """

    runtime = "broker"
    mailbox = MailboxSpec(capacity=100_000, overflow="conflate", key=of_quotes)
    hang_policy = "exit"
    idles = True

    def __init__(
        self,
        *,
        account: str,
        instruments: Mapping[int, Instrument],
        limits: Limits,
        ceilings: Mapping[str, Decimal] | None = None,
        session: Callable[[int, int], SessionState],
        restart_at_ns: Callable[[int], int | None],
        registry: Registry,
        journal: Address,
        orders: Address,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__()
        self._account = account
        self._facts = Facts(account, instruments, session, restart_at_ns)
        self._instruments, self._quotes = self._facts.instruments, self._facts.quotes
        self._following, self._orders = Following(self, journal), orders
        self._regained = Regained(registry, self.incarnation.n)
        self._now_ns = now_ns
        self.gate = Gate(limits, first=self.incarnation.n * _RESERVATIONS + 1, ceilings=ceilings)
        ledger = Ledger(account, instruments.values())
        self.keeper = keeper = Keeper(self.gate, ledger, Standings())
        self._limit_desk = LimitDesk(self, self.gate, journal, now_ns)
        self._margins = Margins(
            account,
            ask=lambda wanted: tell(orders, wanted),
            late=lambda delay_s, number: self.send_after(delay_s, MarginLate(number)),
            settled=keeper.all_shown,
        )
        self._sized: dict[str, Sized] = {}
        self._ready = False
        self._answering = self._questions()
        self._serving: dict[type, Callable[[Any], None]] = {
            **dict.fromkeys(TOLD, lambda it: self._facts.told(it, self._steady_ns())),
            Quote: self._priced,
            Intent: self._wanted,
            Restored: self._restore,
            Replayed: self._replay,
            Recorded: self._recorded,
            do.Told: self._told,
            do.Released: keeper.released,
            do.Declined: lambda it: self._give_back(it.approved, f"{it.code}: {it.why}"),
            do.Settled: self._settled,
            MarginSaid: lambda it: self._margins.said(it, self._now_ns()),
            MarginLate: lambda it: self._margins.give_up(it.request),
            BrokerSnapshot: lambda _: None,
            CloseStrategy: self._close,
            CancelWish: self._cancelled,
            StopWish: self._moved,
            Committed: self._limit_desk.answered,
            NotCommitted: self._limit_desk.answered,
        }

    def _questions(self) -> dict[type, Callable[[Any], Any]]:
        return {
            AskStanding: lambda ask: self._regained.answer(
                ask, self.keeper.standings, self.reply_later
            ),
            AskGate: lambda _: self._how(),
            AskFunds: lambda ask: self._funds(ask.strategy),
            AskSizes: lambda _: tuple(self._sized.values()),
            AskUse: lambda _: self._use(),
            AskCheck: lambda ask: self._check(ask.intent),
            ChangeLimit: self._limit_desk.ask,
            AskMeters: lambda _: of_gate(self.gate, len(self._how().missing)),
        }

    def on_start(self) -> Any:
        """Fold the journal; the start is over when it was."""
        parts = (LEDGER.name, GATE.name, STANDINGS.name, SWITCH.name)
        return self._following.begin(parts, _FOLDED)

    def on_receive(self, message: Any) -> Any:
        """Judge, and keep what judging needs."""
        answer = self._answering.get(type(message))
        if answer is not None:
            return answer(message)
        serve = self._serving.get(type(message))
        if serve is None:
            raise unknown(self, message)
        serve(message)
        return None

    def on_idle(self) -> bool:
        """Take over what is new before an intent comes and has to wait for it."""
        return self._ready and self.keeper.settle(lambda: self._view(self._now_ns()))

    def _how(self) -> GateView:
        facts = {"journal": self._ready, **self._facts.known(self.gate.limits, self._steady_ns())}
        return risk_asks.how(self.gate, facts)

    def _use(self) -> GateUse:
        now_ns = self._now_ns()
        return risk_asks.use(self.gate, self._view(now_ns), now_ns)

    def _check(self, intent: Intent) -> Any:
        """Say what every check says, of the margin what the broker says now."""
        if not self._lacks_margin(intent):
            return self._explained(intent)
        reply = self.reply_later()
        if not self._margins.wait(
            intent, lambda: reply.set(self._explained(intent)), self._now_ns()
        ):
            reply.set(self._explained(intent))
        return DEFERRED

    def _explained(self, intent: Intent) -> Explained | str:
        now_ns = self._now_ns()
        return self.gate.explain(intent, self._view(now_ns, intent.con_id), now_ns)

    def _funds(self, strategy: str) -> Funds:
        return self.keeper.funds(strategy) if self._ready else Funds()

    def _wanted(self, intent: Intent) -> None:
        """Judge, or let the broker say first what margin it would need."""
        now_ns = self._now_ns()
        view = self._view(now_ns, intent.con_id)
        verdict = self.keeper.judge_or_ask(intent, view, now_ns)
        if verdict is not None:
            self._decided(intent, verdict, now_ns)
        elif not self._margins.wait(intent, lambda: self._judge(intent), now_ns):
            self._judge(intent)

    def _judge(self, intent: Intent) -> None:
        now_ns = self._now_ns()
        view = self._view(now_ns, intent.con_id)
        self._decided(intent, self.keeper.judge(intent, view, now_ns), now_ns)

    def _decided(
        self, intent: Intent, verdict: Approved | tuple[Refusal, News], now_ns: int
    ) -> None:
        """Pass on what was decided."""
        refusal = None if isinstance(verdict, Approved) else verdict[0]
        if intent.sizing is not None:
            self._sized[intent.strategy] = Sized(intent, refusal.code if refusal else "", now_ns)
        if not isinstance(verdict, Approved):
            self._regained.tell(verdict[1])
            if intent.purpose is Purpose.STOP:
                tell(self._orders, verdict[0])
            return
        self._margins.changed()
        if not tell(self._orders, verdict):
            self._give_back(verdict, "nobody sends orders at the moment")

    def _give_back(self, approved: Approved, why: str) -> None:
        self._regained.tell(self.keeper.give_back(approved, why))

    def _view(self, now_ns: int, *contracts: int) -> RiskView:
        """Return the world; sessions of these contracts, prices of what has a position."""
        keeper = self.keeper if self._ready else None
        steady_ns = self._cell.system.now_ns()
        return self._facts.view(keeper, self._margins.known, now_ns, steady_ns, contracts)

    def _steady_ns(self) -> int:
        return self._cell.system.now_ns()

    def _priced(self, quote: Quote) -> None:
        self._quotes[quote.con_id] = quote
        self.keeper.priced(quote)

    def _cancelled(self, wish: CancelWish) -> None:
        for own in self.keeper.cancels(wish, waits=self._margins.waits(wish.strategy, wish.ref)):
            tell(self._orders, own)

    def _moved(self, wish: StopWish) -> None:
        tell(self._orders, wish)  # a stop that comes nearer can only lower the risk

    def _close(self, message: CloseStrategy) -> None:
        """Close what a strategy holds, by the way that every order goes."""
        held = self.keeper.standings.held() if self._ready else {}
        for intent in risk_asks.closing(
            message, held, self.keeper.ledger.quantities(), self._instruments, self._now_ns()
        ):
            self._judge(intent)

    # -- what orders do --

    def _told(self, message: do.Told) -> None:
        early = self.keeper.told(message.update)
        if early is not None:
            tell(self._orders, early)
        self._margins.go_on(self._now_ns())

    # -- margins --

    def _lacks_margin(self, intent: Intent) -> bool:
        """Whether only the broker's word is missing."""
        if self.gate.limits.max_margin is None:
            return False
        now_ns = self._now_ns()
        return self.gate.lacks_margin(intent, self._view(now_ns, intent.con_id), now_ns)

    # -- the journal --

    def _restore(self, message: Restored) -> None:
        base = message.base
        rows, gate, switch = base.part(LEDGER), base.part(GATE), base.part(SWITCH)
        if rows is None or gate is None or switch is None:
            return
        instruments = self._instruments.values()
        self.gate.restore(gate.past, gate.changed)
        self.keeper.restore(
            Ledger(self._account, instruments, state=from_rows(rows)),
            Standings(base.part(STANDINGS)),
            switch.halted,
        )

    def _replay(self, message: Replayed) -> None:
        for seq, record in message.records:
            self._regained.replayed(self._fold(seq, record))
            self.gate.replay(record)
        if message.last:
            self._following.told()
            tell(self._orders, AskLink())
            tell(self._orders, AskSettled(self.incarnation.n))

    def _settled(self, message: do.Settled) -> None:
        """Judge from now on: what earlier gates approved is in the journal, or waits here."""
        own = message.gate == self.incarnation.n  # or an earlier gate asked
        for approved in message.waiting if own else ():
            self.keeper.hold(approved, reservation_of(approved))
        if own:
            self._ready = True
            self._regained.done(self.keeper.standings, self._instruments, self._now_ns())

    def _recorded(self, message: Recorded) -> None:
        for seq, record in message.records:
            told = self._fold(seq, record)
            self.gate.seen(record)
            if isinstance(record, LimitChanged):
                self.gate.change(record)
            for news in told:
                self._regained.tell(news)

    def _fold(self, seq: int, record: Record) -> tuple[News, ...]:
        if isinstance(record, FillBooked | FillCorrected):
            self._margins.changed()
        return self.keeper.fold(seq, record)
