"""The risk gate's actor: every intent passes here, and nobody else may give the order manager one.

It lives on the broker's loop and follows the journal: its ledger, the strategies' standings, halts
and limits are folds of what is durable, so that after a crash it knows what it knew. What it cannot
know it does not guess: without a quote, a ledger, the switch or the link, nothing is entered.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from actors import risk_asks
from actors.messages import AskFunds, AskStanding, LineFreshness, of_quotes
from actors.regained import Regained, reservation_of
from actors.say import (
    AskCheck,
    AskGate,
    AskMeters,
    AskSettled,
    AskSizes,
    AskUse,
    CloseStrategy,
    CorrelationsChanged,
    Following,
    Recorded,
    Replayed,
    Restored,
    Sized,
    SwitchChanged,
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
    LinkChanged,
    LinkState,
    Quote,
    Refusal,
    StopWish,
)
from robotrader.domain.records import (
    LimitChanged,
    OrderDone,
    OrderIntended,
    SymbolHalted,
    SymbolResumed,
)
from robotrader.execution import effects as do
from robotrader.ledger import FOLDED, Ledger
from robotrader.market import Freshness
from robotrader.meters import of_gate
from robotrader.recovery import GATE, LEDGER, STANDINGS, SWITCH, from_rows
from robotrader.risk import Gate, RiskView, Switch, WorkingOrder
from robotrader.strategies import Standings
from supervision import DEFERRED, Actor, MailboxSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actors.say import Address, GateUse, GateView
    from robotrader.domain import Instrument
    from robotrader.domain.records import Record
    from robotrader.ledger import LedgerView
    from robotrader.risk import (
        Correlations,
        DayFigures,
        Explained,
        Limits,
        Reservation,
        SessionState,
    )
    from robotrader.strategies import News
    from supervision import Registry

ZERO: Final = Decimal(0)
_FOLDED: Final = (*FOLDED, OrderIntended, OrderDone, LimitChanged, SymbolHalted, SymbolResumed)
_REMEMBERED: Final = 1_000
_RESERVATIONS: Final = 1_000_000
"""Numbers of each incarnation: an earlier one's release is not ours."""


class Risk(Actor):
    """See the module's prose.

    Args:
        account: whose risk it is.
        instruments: what can be traded, by contract.
        limits: what may be risked.
        session: whether a contract's market is open at a time.
        restart_at_ns: when the gateway's next announced restart is, None if none is.
        registry: where symbols' actors are found, as ``("symbol", con_id)``.
        journal, orders: addresses by role.
        now_ns: the time of day.
    """

    runtime = "broker"
    mailbox = MailboxSpec(capacity=100_000, overflow="conflate", key=of_quotes)
    hang_policy = "exit"

    def __init__(
        self,
        *,
        account: str,
        instruments: Mapping[int, Instrument],
        limits: Limits,
        session: Callable[[int, int], SessionState],
        restart_at_ns: Callable[[int], int | None],
        registry: Registry,
        journal: Address,
        orders: Address,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__()
        self._account, self._instruments = account, dict(instruments)
        self._session, self._restart_at_ns = session, restart_at_ns
        self._journal, self._orders = journal, orders
        self._regained = Regained(registry, self.incarnation.n)
        self._now_ns = now_ns
        self._sectors = {
            con_id: each.industry for con_id, each in instruments.items() if each.industry
        }
        self.gate = Gate(limits, first=self.incarnation.n * _RESERVATIONS + 1)
        self.ledger = Ledger(account, instruments.values())
        self.standings = Standings()
        self._quotes: dict[int, Quote] = {}
        self._open: dict[str, do.OrderView] = {}
        self._seen: tuple[dict[int, float], LedgerView] | None = None
        """The account as it was looked at last: prices, and what it was at these."""

        self._judged: set[tuple[str, str]] = set()
        self._given: dict[int, Reservation] = {}
        self._switch: Switch | None = None
        self._link: LinkState | None = None
        self._stale: set[tuple[int, str]] = set()
        self._halted: set[int] = set()
        self._sized: dict[str, Sized] = {}
        self._correlations: Correlations | None = None
        self._days: dict[int, DayFigures] = {}
        self._ready = False
        self._answering: dict[type, Callable[[Any], Any]] = {
            AskStanding: lambda ask: self._regained.answer(ask, self.standings, self.reply_later),
            AskGate: lambda _: self._how(),
            AskFunds: lambda ask: self._funds(ask.strategy),
            AskSizes: lambda _: tuple(self._sized.values()),
            AskUse: lambda _: self._use(),
            AskCheck: lambda ask: self._check(ask.intent),
            AskMeters: lambda _: of_gate(self.gate, len(self._how().missing)),
        }
        self._serving: dict[type, Callable[[Any], None]] = {
            Intent: self._judge,
            Quote: lambda quote: self._quotes.__setitem__(quote.con_id, quote),
            Restored: self._restore,
            Replayed: self._replay,
            Recorded: self._recorded,
            do.Told: self._told,
            do.Released: self._released,
            do.Declined: lambda it: self._give_back(it.approved, f"{it.code}: {it.why}"),
            do.Settled: self._settled,
            LinkChanged: self._changed,
            SwitchChanged: self._changed,
            CorrelationsChanged: self._changed,
            BrokerSnapshot: lambda _: None,
            LineFreshness: self._freshness,
            CloseStrategy: self._close,
            CancelWish: self._cancelled,
            StopWish: self._moved,
        }

    def on_start(self) -> Any:
        """Fold the journal; the start is over when it was."""
        parts = (LEDGER.name, GATE.name, STANDINGS.name, SWITCH.name)
        self._following = Following(self, self._journal, parts, _FOLDED)
        return DEFERRED

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

    def _how(self) -> GateView:
        facts = {
            "journal": self._ready,
            "switch": self._switch is not None,
            "link": self._link is LinkState.READY,
            "correlations": self._correlations is not None or not self.gate.limits.looks_together,
            "past days": bool(self._days) or not self.gate.limits.looks_back,
            **{f"quote {con_id}": con_id in self._quotes for con_id in self._instruments},
        }
        return risk_asks.how(self.gate, facts)

    def _use(self) -> GateUse:
        now_ns = self._now_ns()
        return risk_asks.use(self.gate, self._view(now_ns), now_ns)

    def _check(self, intent: Intent) -> Explained | str:
        now_ns = self._now_ns()
        return self.gate.explain(intent, self._view(now_ns, intent.con_id), now_ns)

    def _funds(self, strategy: str) -> Funds:
        ready = self._ready
        return risk_asks.funds(self.ledger, self._account_view(), strategy) if ready else Funds()

    def _judge(self, intent: Intent) -> None:
        now_ns = self._now_ns()
        verdict = self.gate.judge(intent, self._view(now_ns, intent.con_id), now_ns)
        if intent.sizing is not None:
            code = verdict.code if isinstance(verdict, Refusal) else ""
            self._sized[intent.strategy] = Sized(intent, code, now_ns)
        if isinstance(verdict, Refusal):
            why = f"{verdict.code}: {verdict.why}"
            self._regained.tell(self.standings.declined(intent, why))
            return
        self._judged.add((intent.strategy, intent.cause))
        self._remember(verdict.reservation)
        self.standings.approved(intent)
        if not tell(self._orders, verdict):
            self._give_back(verdict, "nobody sends orders at the moment")

    def _remember(self, number: int) -> None:
        """Keep what was reserved, so that it can be held again; of the last thousand."""
        self._given[number] = self.gate.reserved[-1]
        if len(self._given) > _REMEMBERED:
            del self._given[next(iter(self._given))]

    def _give_back(self, approved: Approved, why: str) -> None:
        intent = approved.intent
        self._release(approved.reservation, intent.qty)
        self._judged.discard((intent.strategy, intent.cause))
        self._regained.tell(self.standings.declined(intent, why))

    def _view(self, now_ns: int, *contracts: int) -> RiskView:
        """Return the world; sessions of these contracts, prices of what has a position."""
        return RiskView(
            account=self._account,
            ledger=self._account_view() if self._ready else None,
            others=tuple(map(WorkingOrder.of, self._others())) if self._ready else None,
            switch=self._switch,
            link=self._link,
            stale=frozenset(con_id for con_id, _ in self._stale),
            halted=frozenset(self._halted) if self._ready else None,
            instruments=self._instruments,
            quotes=self._quotes,
            sessions={con_id: self._session(con_id, now_ns) for con_id in contracts},
            sectors=self._sectors,
            restart_at_ns=self._restart_at_ns(now_ns),
            correlations=self._correlations,
            days=self._days,
        )

    def _account_view(self) -> LedgerView:
        """Return the account at the prices of now; the last view if nothing in it has changed."""
        quotes = [q for each in self.ledger.traded() if (q := self._quotes.get(each)) is not None]
        marks = {q.con_id: (q.bid + q.ask) / 2 for q in quotes}
        if self._seen is None or self._seen[0] != marks:
            self._seen = (marks, self.ledger.view(marks))
        return self._seen[1]

    def _others(self) -> list[do.OrderView]:
        """Return the open orders that no reservation of this gate stands for."""
        return [
            each
            for each in self._open.values()
            if each.parent_ref or (each.strategy, each.cause) not in self._judged
        ]

    def _cancelled(self, wish: CancelWish) -> None:
        """Cancel what a strategy's own intent became; its stops and legs are not its to cancel."""
        for order in list(self._open.values()):
            own = (order.strategy, order.cause) == (wish.strategy, wish.ref)
            if own and not order.yields:
                tell(self._orders, msgspec.structs.replace(wish, ref=order.ref))

    def _moved(self, wish: StopWish) -> None:
        tell(self._orders, wish)  # a stop that comes nearer can only lower the risk

    def _close(self, message: CloseStrategy) -> None:
        """Close what a strategy holds, by the way that every order goes."""
        held = self.standings.held() if self._ready else {}
        for intent in risk_asks.closing(
            message, held, self.ledger.quantities(), self._instruments, self._now_ns()
        ):
            self._judge(intent)

    # -- what orders do --

    def _told(self, message: do.Told) -> None:
        order = message.update
        if order.reserved > 0:
            self._open[order.ref] = order
        else:
            self._open.pop(order.ref, None)
            if not order.parent_ref:
                self._judged.discard((order.strategy, order.cause))

    def _released(self, message: do.Released) -> None:
        """Hold less; or hold again, where a fill was taken back and the order may go on."""
        if message.qty >= 0:
            self._release(message.reservation, message.qty)
        elif message.reservation in self._given:
            given = self._given[message.reservation]
            held = {each.number: each.qty for each in self.gate.reserved}
            qty = held.get(given.number, ZERO) - message.qty
            self.gate.hold(msgspec.structs.replace(given, qty=qty))

    def _release(self, number: int, qty: Decimal) -> None:
        """Release what is held; a number of an earlier incarnation's is not."""
        held = {each.number: each.qty for each in self.gate.reserved}
        if number in held and qty > 0:
            self.gate.release(number, min(qty, held[number]))

    # -- what is so --

    def _freshness(self, message: LineFreshness) -> None:
        """Let nothing be entered on prices that the symbol finds too old (F54).

        A line that was asked for again is waited for: only a price makes it fresh.
        """
        line = (message.con_id, message.source)
        if message.freshness is Freshness.STALE:
            self._stale.add(line)
        elif message.freshness is not Freshness.WAITING:
            self._stale.discard(line)

    def _changed(self, message: LinkChanged | SwitchChanged | CorrelationsChanged) -> None:
        if isinstance(message, LinkChanged):
            self._link = message.state
        elif isinstance(message, CorrelationsChanged):
            self._correlations, self._days = message.correlations, message.days
        else:
            self._switch = message.switch

    # -- the journal --

    def _restore(self, message: Restored) -> None:
        base = message.base
        rows, gate, switch = base.part(LEDGER), base.part(GATE), base.part(SWITCH)
        if rows is None or gate is None or switch is None:
            return
        instruments = self._instruments.values()
        self.ledger = Ledger(self._account, instruments, state=from_rows(rows))
        self.gate.restore(gate.past, gate.changed)
        self.standings = Standings(base.part(STANDINGS))
        self._halted = set(switch.halted)

    def _replay(self, message: Replayed) -> None:
        for seq, record in message.records:
            self._regained.replayed(self._fold(seq, record))
            self.gate.replay(record)
        if message.last:
            self._following.done()
            self.started()
            tell(self._orders, AskLink())
            tell(self._orders, AskSettled(self.incarnation.n))

    def _settled(self, message: do.Settled) -> None:
        """Judge from now on: what earlier gates approved is in the journal, or waits here."""
        own = message.gate == self.incarnation.n  # or an earlier gate asked
        for approved in message.waiting if own else ():
            self.gate.hold(reservation_of(approved))
            self._remember(approved.reservation)
            self._judged.add((approved.intent.strategy, approved.intent.cause))
            self.standings.approved(approved.intent)
        if own:
            self._ready = True
            self._regained.done(self.standings, self._instruments, self._now_ns())

    def _recorded(self, message: Recorded) -> None:
        for seq, record in message.records:
            told = self._fold(seq, record)
            self.gate.seen(record)
            if isinstance(record, LimitChanged):
                self.gate.change(record)
            for news in told:
                self._regained.tell(news)

    def _fold(self, seq: int, record: Record) -> tuple[News, ...]:
        self.ledger.apply(record)
        self._seen = None
        if isinstance(record, SymbolHalted):
            self._halted.add(record.con_id)
        elif isinstance(record, SymbolResumed):
            self._halted.discard(record.con_id)
        return self.standings.apply(seq, record)
