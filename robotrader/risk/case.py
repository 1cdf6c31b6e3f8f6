"""One intent before the gate: what every check needs, computed once and only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.domain import Purpose
from robotrader.ledger.money import LARGEST, ZERO, market_price
from robotrader.risk.exposure import (
    NOTHING,
    Exposure,
    Pending,
    asleep,
    awake,
    coming,
    entry_of,
    exposure_with,
    market_of,
    worst_price,
)
from robotrader.risk.heat import heat_with, stop_of
from robotrader.risk.past import echo_of
from robotrader.risk.worst import After

if TYPE_CHECKING:
    from decimal import Decimal

    from robotrader.domain import Intent
    from robotrader.risk.limits import Limits
    from robotrader.risk.past import Past
    from robotrader.risk.view import RiskView
    from robotrader.risk.worst import Worst


_LEAST: Final = -LARGEST


class Case:
    """See the module's prose. The intent is well formed; ``before`` has looked at the view."""

    after: After
    """The worst case of every contract, this intent included: there once it is weighed. It is no
    property, which would be looked up anew by each of the dozen checks that look at it."""

    def __init__(  # noqa: PLR0917 - names of arguments cost a dictionary for each intent
        self,
        intent: Intent,
        view: RiskView,
        limits: Limits,
        past: Past,
        now_ns: int,
        before: Worst,
    ) -> None:
        self.intent, self.view, self.limits, self.past = intent, view, limits, past
        self.now_ns, self.before = now_ns, before
        con_id, ledger = intent.con_id, view.ledger
        self.sign = sign = intent.side.sign
        self.instrument = view.instruments.get(con_id)
        """The contract, None if it is not known."""

        self.quote = view.quotes.get(con_id)
        """Its newest quote, whatever it says; None: there is none."""

        equity = None if ledger is None else ledger.equity
        known = equity is not None and equity.is_finite() and _LEAST < equity < LARGEST
        self.equity = equity if known else None
        """None: it is not known, or no amount that can be computed with."""

        self.held = held = None if ledger is None else ledger.positions.get(con_id)
        self.position = ZERO if held is None else held.qty
        """What is held; 0 where the ledger is not known, which passes nothing."""

        self.opposes = bool(self.position) and (self.position > ZERO) is (sign < 0)
        """Whether it is of the other side than what is held."""

        self.reduces = self.opposes and not intent.legs and intent.qty <= self.closable
        """Whether it can only make the position smaller, whatever it is called (F69)."""

        side = None if self.quote is None else self.quote.ask if sign > 0 else self.quote.bid
        self.near = market_price(side)
        """The market's price for its side, the ask for what is bought; None: it is no price."""

        plain = intent.limit_price is intent.aux_price is None
        self.price = self.near if plain else worst_price(intent, self.near)
        """The highest price that it could have."""

        self.echo = echo_of(intent)
        """What an intent that repeats it would have in common with it."""

        brings = intent.legs or intent.purpose is Purpose.STOP
        self.stop = stop_of(intent) if brings else None
        """Where it stops, or the stop that it brings."""

    @property
    def pending(self) -> tuple[Pending, ...]:
        """What is on its way in this contract without this intent."""
        return self.before.own(self.intent.con_id)

    @property
    def closable(self) -> Decimal:
        """How many shares an order of this side can close: those no pending order closes.

        Stops and legs give way to an exit; to a stop, what takes the profit does, and what a leg is
        for that its entry has not brought yet: what is held was there before it.
        """
        if not self.opposes or self.view.others is None:
            return ZERO
        stop = self.intent.purpose is Purpose.STOP
        firm = [each for each in self.pending if not each.yields or (stop and each.protects)]
        if stop:
            orders, con_id = self.before.orders, self.intent.con_id
            firm = awake(firm, asleep(orders.held_for(con_id), orders.others_for(con_id)))
        return abs(self.position) - coming(firm, self.intent.con_id, self.sign)

    def weigh(self) -> str:
        """Compute the worst case with it, as an entry, and let it pass as a check would."""
        before, intent, own, sign = self.before, self.intent, self.price, self.sign
        con_id, qty, quote, price = intent.con_id, intent.qty, self.quote, self.near
        way = before.orders.ways.get(con_id, NOTHING)
        buys, sells, top = way.buys, way.sells, way.top
        if sign > 0:
            buys += qty
        else:
            sells += qty
        if top is None or (own is not None and own > top):
            top = own
        buyers = None if quote is None or sign < 0 else quote.bid
        if quote is None or price is None or type(buyers) is not float or not buyers <= quote.ask:
            price = market_of(quote)  # or it is what is asked, which is the higher one
        mine = exposure_with(self.held, price, self.instrument, buys, sells, top)
        heat: Decimal | None = ZERO
        if self.limits.max_heat is not None:
            order = None if self.stop is None else entry_of(con_id, sign, qty, own, self.stop)
            stopped = way.stopped.opened(sign, qty, own, order)
            bare = self.limits.heat_without_stop
            bid = self.near if sign < 0 else None
            heat = heat_with(self.held, quote, self.instrument, stopped, mine, bare, bid)
        self.after = After(before, con_id, mine, heat)
        return ""

    @property
    def mine(self) -> Exposure:
        """The worst case of its own contract, this intent included as an entry."""
        return self.after.each
