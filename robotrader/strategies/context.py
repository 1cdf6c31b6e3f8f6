"""How a strategy acts while it is told an event: what it says here becomes its ``Outcome``.

``buy``, ``sell``, ``close`` and ``target`` return whether an intent was made. They make none, and
say why in the outcome, while the strategy warms up, when a rule of ``discipline`` is against it,
and where the order would depend on one that still works. What makes no sense at all (a quantity of
nothing) raises.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from robotrader.domain import (
    CancelWish,
    Intent,
    OrderType,
    Purpose,
    Side,
    Sizing,
    StopWish,
    TimeInForce,
)
from robotrader.strategies.amounts import (
    Number,
    decimal,
    legs_of,
    price_on_grid,
    quantity,
    refuse,
)
from robotrader.strategies.events import NOTHING, Outcome, Timer, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from robotrader.domain import Bar, Instrument, Leg, Quote
    from robotrader.strategies.discipline import Discipline
    from robotrader.strategies.stops import Stops

MOST_NOTES: Final = 100
"""A note more in one event is dropped: a log is read by people."""

MOST_TIMERS: Final = 100

_ZERO: Final = Decimal(0)

# A member of an enum takes fifty times as long to look up as a name.
_BUY, _SELL, _SELL_SHORT, _MARKET = Side.BUY, Side.SELL, Side.SELL_SHORT, OrderType.MARKET
_ENTRY, _EXIT = Purpose.ENTRY, Purpose.EXIT


class Context:
    """See the module's prose. One context serves one event at a time, the next one after it.

    Args:
        strategy: the strategy's name.
        instrument: what it trades.
        discipline: the rules for its wishes.
        stops: how entries are protected.
        causes: of what works; whoever gives them keeps them up to date.
        size: how much may be held, None where there is no rule.

    Attributes:
        now_ns: when the event was true.
        position: what it holds, signed.
        bought: what it has asked to buy and is not filled yet; ``sold`` likewise.
        warming: whether nothing that it wishes now becomes an intent.
        blocked: whether something that it wished was blocked.
        touched: whether the event has an outcome.
    """

    def __init__(
        self,
        strategy: str,
        instrument: Instrument,
        *,
        discipline: Discipline,
        stops: Stops,
        causes: Collection[str] = (),
        size: Callable[[], Sizing] | None = None,
    ) -> None:
        self.strategy, self.instrument = strategy, instrument
        self._discipline, self._stops, self._causes = discipline, stops, causes
        self._sizer = size
        self.what: str | Bar | Quote = ""
        self.now_ns, self.warming, self.blocked = 0, True, False
        self.position = self.bought = self.sold = Decimal(0)
        self._forget()

    def _forget(self) -> None:
        self.touched = False
        self._sizing: Sizing | None = None
        self._cancels: dict[str, CancelWish] = {}
        self._moves: list[StopWish] = []
        self._intents: list[Intent] = []
        self._timers: dict[str, Timer] = {}
        self._notes: list[str] = []
        self._blocked: list[str] = []

    @property
    def event(self) -> str:
        """The key of the event, by which intents lead back to it."""
        return key_of(self.what)

    @property
    def working(self) -> Decimal:
        """What it has asked for and has not been filled yet, on balance."""
        return self.bought - self.sold

    @property
    def wished(self) -> bool:
        """Whether an intent was made in answer to this event."""
        return bool(self._intents)

    # -- orders --

    def buy(
        self,
        qty: Number | None = None,
        *,
        limit: Number | None = None,
        stop: Number | None = None,
        take_profit: Number | None = None,
        trail_percent: Number | None = None,
        tif: TimeInForce = TimeInForce.DAY,
        reason: str = "",
    ) -> bool:
        """Buy: an entry when flat or long, an exit when short (then no more than is held).

        Args:
            qty: shares, more than 0; without it what ``size`` says and is not held yet, or for
                an exit all of it.
            limit: the highest price; at the market without one.
            stop: trigger of a protective stop, an order of its own (entries only).
            take_profit: limit of an order that takes the profit (entries only).
            trail_percent: distance of a stop that follows the price, instead of ``stop``.
            tif: how long it works.
            reason: said in the journal.

        Returns:
            Whether an intent was made.

        Raises:
            ValueError: a number makes no sense.
        """
        legs: tuple[Leg, ...] = ()
        if stop is not None or take_profit is not None or trail_percent is not None:
            legs = legs_of(self.instrument, stop, take_profit, trail_percent)
        return self._order(1, qty, limit=limit, legs=legs, tif=tif, reason=reason)

    def sell(
        self,
        qty: Number | None = None,
        *,
        limit: Number | None = None,
        stop: Number | None = None,
        take_profit: Number | None = None,
        trail_percent: Number | None = None,
        tif: TimeInForce = TimeInForce.DAY,
        reason: str = "",
    ) -> bool:
        """Sell: an exit when long (then no more than is held), a short entry when flat or short.

        Arguments, result and errors as for ``buy``.
        """
        legs: tuple[Leg, ...] = ()
        if stop is not None or take_profit is not None or trail_percent is not None:
            legs = legs_of(self.instrument, stop, take_profit, trail_percent)
        return self._order(-1, qty, limit=limit, legs=legs, tif=tif, reason=reason)

    def size(self) -> Sizing:
        """Return how much may be held by the rule of ``size`` in the strategy's section.

        Raises:
            ValueError: there is no such rule.
        """
        if self._sizer is None:
            refuse('no size: give a quantity, or `size = { kind = "fixed" }` in its section')
        if self._sizing is None:
            self.touched, self._sizing = True, self._sizer()
        return self._sizing

    def close(self, reason: str = "") -> bool:
        """Give up the whole position, at the market; False if there is none."""
        if not self.position:
            return False
        sign = -1 if self.position > _ZERO else 1
        left = self._left()
        if left <= _ZERO:
            return self._block("an exit of all of it works already")
        return self._wish(sign, left, reason=reason)

    def target(self, position: Number, *, stop: Number | None = None, reason: str = "") -> bool:
        """Move to a position, signed. One of the other sign is closed first: ask again when flat.

        Raises:
            ValueError: a number makes no sense.
        """
        wanted = decimal("a target", position)
        if self.position * wanted < 0 or not wanted:
            return self.close(reason)
        if self.bought or self.sold:
            return self._block("an order works")
        missing = wanted - self.position
        if not missing:
            return False
        sign = 1 if missing > 0 else -1
        legs = legs_of(self.instrument, stop) if missing * wanted > 0 else ()
        return self._wish(sign, quantity(self.instrument, abs(missing)), legs=legs, reason=reason)

    def cancel(self) -> bool:
        """Cancel its entries and exits that still work; what protects a position stays.

        Returns:
            Whether there is something to cancel. Each ends with the broker's word; until then it
            counts, and may still fill.
        """
        if self.warming or not self._causes:
            return False
        self.touched = True
        for cause in self._causes:
            wish = CancelWish(strategy=self.strategy, ref=cause, cause=self.event)
            self._cancels.setdefault(cause, wish)
        return True

    def move_stop(self, trigger: Number) -> bool:
        """Move the stops of its position to a nearer trigger: one further away is ignored.

        Returns:
            Whether a wish was made.

        Raises:
            ValueError: the number is no price.
        """
        price = self._price("stop", trigger)
        if self.warming or not self.position:
            return False
        self.touched = True
        con_id, cause = self.instrument.con_id, self.event
        wish = StopWish(strategy=self.strategy, con_id=con_id, trigger=price, cause=cause)
        self._moves = [wish]
        return True

    # -- the rest --

    def log(self, text: str) -> None:
        """Say something to whoever reads the log."""
        if len(self._notes) < MOST_NOTES:
            self.touched = True
            self._notes.append(text)

    def timer(self, name: str, after_s: float) -> None:
        """Ask for ``on_timer(name)``; a later one of the same name replaces it.

        Raises:
            ValueError: the time is not ahead, or there are too many timers.
        """
        if not 0 < after_s < 10 * 366 * 86_400:
            refuse(f"a timer after {after_s} s: give more than 0 and less than ten years")
        if name not in self._timers and len(self._timers) == MOST_TIMERS:
            refuse(f"{MOST_TIMERS} timers in one event: use fewer names")
        self.touched = True
        self._timers[name] = Timer(name, self.now_ns + round(after_s * 1e9))

    def outcome(self) -> Outcome:
        """Return what follows from the event, and be ready for the next one."""
        if not self.touched:
            return NOTHING
        found = Outcome(
            tuple(self._intents),
            tuple(self._timers.values()),
            tuple(self._notes),
            tuple(self._blocked),
            tuple(self._cancels.values()),
            tuple(self._moves),
        )
        self._forget()
        return found

    # -- how a wish becomes an intent --

    def _order(
        self,
        sign: int,
        qty: Number | None,
        *,
        limit: Number | None,
        legs: tuple[Leg, ...],
        tif: TimeInForce,
        reason: str,
    ) -> bool:
        """Wish for a quantity, or for what the size leaves where there is none."""
        sizing = None
        if qty is not None:
            wanted = quantity(self.instrument, qty)
        elif self.warming:
            return self._block("warming up")
        elif self.position * sign < 0:
            wanted = self._left()
            if wanted <= 0:
                return self._block("an exit of all of it works already")
        else:
            sizing = self.size()
            wanted = sizing.qty - abs(self.position) - (self.bought if sign > 0 else self.sold)
            if wanted <= 0:
                held = "as much as its size is held or on its way"
                return self._block(held if sizing.qty else f"no size: {sizing.why}")
            reason = "; ".join(filter(None, (reason, sizing.why)))
        return self._wish(
            sign, wanted, limit=limit, legs=legs, tif=tif, reason=reason, sizing=sizing
        )

    def _left(self) -> Decimal:
        """Return how much of the position no exit works for."""
        return abs(self.position) - (self.sold if self.position > _ZERO else self.bought)

    def _wish(
        self,
        sign: int,
        qty: Decimal,
        *,
        reason: str,
        limit: Number | None = None,
        legs: tuple[Leg, ...] = (),
        tif: TimeInForce = TimeInForce.DAY,
        sizing: Sizing | None = None,
    ) -> bool:
        exits = self.position < _ZERO if sign > 0 else self.position > _ZERO
        if exits and qty > self._left():
            return self._block("it would sell or buy back more than is held")
        if not exits and (self.sold if sign > 0 else self.bought):
            return self._block("an order the other way round works")
        if exits:
            side, purpose = (_BUY if sign > 0 else _SELL), _EXIT
        else:
            side, purpose = (_BUY if sign > 0 else _SELL_SHORT), _ENTRY
        if exits and legs:
            refuse("an exit takes no stop and no take_profit: they protect an entry")
        if self.warming:
            return self._block("warming up")
        if not exits and not legs and not self._stops.idle:
            near = None if limit is None else float(limit)
            protected = self._stops.legs(sign, near, self._price)
            if protected is None:
                return self._block("what its stop depends on is not known yet")
            legs = protected
        why = self._discipline.why_not(side, purpose)
        if why is not None:
            return self._block(why)
        self.touched = True
        price = None if limit is None else price_on_grid(self.instrument, "limit", limit)
        self._intend(side, qty, purpose, price, tif, legs, reason, sizing)
        if sign > 0:
            self.bought += qty
        else:
            self.sold += qty
        return True

    def _intend(  # noqa: PLR0917 - what an intent says, once an order
        self, side: Side, qty: Decimal, purpose: Purpose, limit: Decimal | None, tif: TimeInForce,
        legs: tuple[Leg, ...], reason: str, sizing: Sizing | None,
    ) -> None:  # fmt: skip
        """Make the intent of a wish that passed."""
        self._intents.append(
            Intent(
                strategy=self.strategy,
                con_id=self.instrument.con_id,
                symbol=self.instrument.symbol,
                side=side,
                qty=qty,
                purpose=purpose,
                cause=f"{self.strategy}/{self.instrument.con_id}/{key_of(self.what)}/{side}",
                order_type=_MARKET if limit is None else OrderType.LIMIT,
                limit_price=limit,
                tif=tif,
                legs=legs,
                reason=reason,
                decided_ns=self.now_ns,
                sizing=sizing,
            )
        )

    def _block(self, why: str) -> bool:
        self.blocked = True
        if self._discipline.is_news(why):
            self.touched = True
            self._blocked.append(f"{self.event}: {why}")
        return False

    def _price(self, name: str, price: Number) -> Decimal:
        return price_on_grid(self.instrument, name, price)
