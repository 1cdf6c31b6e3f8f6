"""A strategy over several instruments: what it is written against, and how it acts on its legs.

It is told the finished bars of all its legs together, and wishes for all of them together: it
enters a ratio of them, or gives all of it up. What a person would watch for while the orders are
on their way is no affair of the strategy's, but of the rule that ``SpreadContext.balance`` keeps:

    wanted                         there is                          then
    a ratio of all legs            a leg has nothing, and nothing    nothing is wanted any more
                                   of it works (refused, rejected,
                                   cancelled, stopped out)
                                   nothing works, and a leg has      the others are made as small
                                   less of its part than others
    nothing                        an entry works                    it is cancelled
                                   a leg holds something             it is closed

So a leg that fails does not leave another one naked for longer than an order at the market takes.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.strategies.amounts import Number, decimal, refuse
from robotrader.strategies.base import P, S, Strategy
from robotrader.strategies.events import NOTHING, Outcome, Timer
from robotrader.strategies.stops import HELD_TOO_LONG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.domain import Bar, Instrument
    from robotrader.strategies.context import Context
    from robotrader.strategies.host import StrategyHost

ZERO: Final = Decimal(0)
AGAIN: Final = "balance"
"""The timer after which an exit that was refused is asked for again."""

FIRST_S: Final = 5
LONGEST_S: Final = 3_600
"""Waits double from the first to the longest: an exit that the gate refuses once a minute for a
day is noise, and one that it refuses for a moment leaves a leg naked."""


class Spread(Strategy[P, S]):
    """Base of strategies over several instruments: ``symbols`` of its section, in their order.

    ``on_bar`` and the other methods of a strategy with one instrument are never called.
    """

    def on_bars(self, ctx: SpreadContext, bars: tuple[Bar, ...]) -> None:
        """Take the finished bars of all legs, which end at the same time, in the legs' order."""


class Wanted(msgspec.Struct):
    """What a spread wants to have, and survives a restart: signed shares of each leg."""

    qty: list[Decimal]
    tries: int = 0
    """How often in a row an exit was asked for in vain."""


class SpreadContext:
    """How a spread acts while it is told something; see the module's prose.

    Args:
        name: the strategy's.
        legs: what each leg has and has asked for, in their order.

    Attributes:
        now_ns: when the event was true.
        warming: whether nothing that it wishes now becomes an intent.
        wanted: what it wants to have.
    """

    def __init__(self, name: str, legs: Sequence[StrategyHost]) -> None:
        self.name, self._legs = name, tuple(legs)
        self.wanted = Wanted([ZERO] * len(legs))
        self.now_ns, self.warming = 0, True
        self._contexts: list[Context] = []
        self._notes: list[str] = []
        self._blocked: list[str] = []

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Its legs' instruments, in their order."""
        return tuple(each.instrument for each in self._legs)

    @property
    def positions(self) -> tuple[Decimal, ...]:
        """What each leg holds, signed."""
        return tuple(each.position for each in self._legs)

    @property
    def working(self) -> bool:
        """Whether an order of any leg works, or was wished just now."""
        return any(map(_works, self._contexts))

    @property
    def flat(self) -> bool:
        """Whether no leg holds anything, and nothing works."""
        return not any(self.positions) and not self.working

    def prepare(self, event: str | Bar, now_ns: int, *, warming: bool) -> None:
        """Be ready for an event."""
        self.now_ns, self.warming = now_ns, warming
        self._contexts = [each.context(event, now_ns, warming) for each in self._legs]

    # -- what a strategy does --

    def enter(
        self, ratio: Sequence[float], units: Number | None = None, *, reason: str = ""
    ) -> bool:
        """Enter all legs at the market, or none.

        Args:
            ratio: shares of each leg for one unit, below 0 where it is sold.
            units: how many; without it as many as the ``size`` of every single leg allows.
            reason: said in the journal.

        Returns:
            Whether all intents were made.

        Raises:
            ValueError: a number makes no sense, or there is neither ``units`` nor a ``size``.
        """
        if len(ratio) != len(self._legs) or not all(each and isfinite(each) for each in ratio):
            refuse(f"a ratio of {list(ratio)}: give {len(self._legs)} numbers that are not 0")
        if self.warming:
            return self._block("warming up")
        if not self.flat or any(self.wanted.qty):
            return self._block("it is held, or on its way")
        exact = [Fraction(each) for each in ratio]
        count = self._units(exact) if units is None else Fraction(decimal("units", units))
        sizes = [
            _floor(count * abs(part), leg) for part, leg in zip(exact, self._legs, strict=True)
        ]
        if not all(each > 0 for each in sizes):
            return self._block(f"{float(count):g} units are no share of every leg")
        wanted = [size if part > 0 else -size for size, part in zip(sizes, exact, strict=True)]
        if not self._wished(wanted, reason):
            return False
        self.wanted = Wanted(wanted)
        return True

    def close(self, reason: str = "") -> bool:
        """Give all legs up; False if there is nothing to give up."""
        if self.warming:
            return self._block("warming up")
        self.wanted = Wanted([ZERO] * len(self._legs))
        return self._leave(reason)

    def log(self, text: str) -> None:
        """Say something to whoever reads the log."""
        self._notes.append(text)

    # -- how --

    def _units(self, ratio: Sequence[Fraction]) -> Fraction:
        """Return as many units as every leg's own size allows."""
        return min(
            Fraction(each.size().qty) / abs(part)
            for each, part in zip(self._contexts, ratio, strict=True)
        )

    def _wished(self, wanted: Sequence[Decimal], reason: str) -> bool:
        """Wish for all legs; if one may not, take all back and remember nothing of it."""
        before = [msgspec.structs.replace(each.discipline.memory) for each in self._legs]
        said = f"{reason}; legs {', '.join(f'{each:f}' for each in wanted)}".removeprefix("; ")
        if all(
            ctx.buy(qty, reason=said) if qty > 0 else ctx.sell(-qty, reason=said)
            for ctx, qty in zip(self._contexts, wanted, strict=True)
        ):
            return True
        for leg, memory, ctx in zip(self._legs, before, self._contexts, strict=True):
            self._blocked += ctx.outcome().blocked
            leg.discipline.memory = memory
            leg.context(ctx.what, ctx.now_ns, ctx.warming)
        return False

    def _block(self, why: str) -> bool:
        self._blocked.append(f"{self._contexts[0].event}: {why}")
        return False

    def _leave(self, reason: str) -> bool:
        """Cancel entries and close what is held; return whether anything was wished."""
        done = False
        for leg, ctx in zip(self._legs, self._contexts, strict=True):
            exits = _exits(ctx, leg.position)
            if _works(ctx) and not exits:
                done = ctx.cancel() or done
            if leg.position and exits < abs(leg.position):
                done = ctx.close(reason) or done
        return done

    def balance(self) -> None:
        """Keep the rule of the module's prose."""
        if any(leg.overdue(self.now_ns) for leg in self._legs):
            self.wanted, why = Wanted([ZERO] * len(self._legs)), HELD_TOO_LONG
        else:
            why = self._failed()
        if not any(self.wanted.qty):
            self._leave(why or "nothing of it is wanted")
        elif not self.working:
            self._trim()

    def _failed(self) -> str:
        """Want nothing any more if a leg has come to nothing; return why, or nothing."""
        for qty, leg, ctx in zip(self.wanted.qty, self._legs, self._contexts, strict=True):
            if qty and not leg.position and not _works(ctx):
                self.wanted = Wanted([ZERO] * len(self._legs))
                return f"{leg.instrument.symbol} has come to nothing: no leg stays alone"
        return ""

    def _trim(self) -> None:
        """Make legs smaller that have more of their part than the one that has the least."""
        legs = list(zip(self.wanted.qty, self._legs, self._contexts, strict=True))
        least = min(Fraction(abs(leg.position)) / Fraction(abs(qty)) for qty, leg, _ in legs)
        if least >= 1:
            return
        sizes = [_floor(abs(Fraction(qty)) * least, leg) for qty, leg, _ in legs]
        if not all(sizes):
            self.wanted = Wanted([ZERO] * len(legs))
            self._leave("what was filled is no share of every leg")
            return
        for size, (qty, leg, ctx) in zip(sizes, legs, strict=True):
            if abs(leg.position) > size:
                act = ctx.sell if qty > 0 else ctx.buy
                act(abs(leg.position) - size, reason="the other leg was filled in part")
        self.wanted = Wanted(
            [size if qty > 0 else -size for size, (qty, _, _) in zip(sizes, legs, strict=True)]
        )

    @property
    def uneven(self) -> bool:
        """Whether something is held that no exit works for, though nothing of it is wanted, or
        more than its part.
        """
        for qty, leg, ctx in zip(self.wanted.qty, self._legs, self._contexts, strict=True):
            held = abs(leg.position) - _exits(ctx, leg.position)
            if held > abs(qty) or (held and leg.position * qty < 0):
                return True
        return False

    def outcome(self) -> Outcome:
        """Return what follows from the event, of all legs."""
        found = [leg.outcome() for leg in self._legs]
        timers = self._again()
        notes, self._notes = tuple(self._notes), []
        blocked, self._blocked = tuple(self._blocked), []
        if not timers and not notes and not blocked and all(each is NOTHING for each in found):
            return NOTHING
        return Outcome(
            intents=tuple(one for each in found for one in each.intents),
            timers=timers,
            notes=notes,
            blocked=blocked + tuple(one for each in found for one in each.blocked),
            cancels=tuple(one for each in found for one in each.cancels),
            stops=tuple(one for each in found for one in each.stops),
        )

    def _again(self) -> tuple[Timer, ...]:
        """Return the timer after which the rule is kept again, while it is not."""
        if not self.uneven:
            if not self.working:  # what works may still come to nothing
                self.wanted.tries = 0
            return ()
        wait_s = min(FIRST_S << min(self.wanted.tries, 20), LONGEST_S)
        self.wanted.tries += 1
        return (Timer(AGAIN, self.now_ns + wait_s * 1_000_000_000),)


def _works(ctx: Context) -> bool:
    return bool(ctx.bought or ctx.sold)


def _exits(ctx: Context, position: Decimal) -> Decimal:
    """Return how much of a position works to be given up."""
    if not position:
        return ZERO
    return ctx.sold if position > 0 else ctx.bought


def _floor(qty: Fraction, leg: StrategyHost) -> Decimal:
    """Return a number of shares that can be had: never more than that."""
    step = Fraction(leg.instrument.size_step)
    whole = qty // step * step
    return Decimal(whole.numerator) / Decimal(whole.denominator)
