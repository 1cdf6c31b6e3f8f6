"""Strategies that do a lot in two minutes: entries with stops and brackets, exits, cancels."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from robotrader.domain import Instrument
from robotrader.risk import Limits, Ratio, Usd
from robotrader.strategies import Context, Params, State, Strategy, StrategyHost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from robotrader.domain import Bar

INSTRUMENTS: Final = (
    Instrument(con_id=1, symbol="AAPL"),
    Instrument(con_id=2, symbol="KO"),
    Instrument(con_id=3, symbol="MSFT"),
)
LIMITS: Final = Limits(
    allowed_symbols=frozenset(each.symbol for each in INSTRUMENTS),
    duplicate_window_ms=0,
    max_orders_per_min=60,
    max_entries_pending=5,
    max_symbol_qty=Decimal(30),
    max_order_qty=Decimal(20),
    max_symbol_usd=Usd(Decimal(50_000)),
    max_gross=Ratio(Decimal(1)),
)


class Flips(Strategy[Params, State]):
    """Long with a stop after one bar, flat after the next."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Trade."""
        if ctx.position:
            ctx.close("flip")
        elif not ctx.working:
            ctx.buy(10, stop=round(bar.close * 0.99, 2))


class Brackets(Strategy[Params, State]):
    """Long between a stop and a profit that are near; moves the stop after it."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Trade."""
        if ctx.position:
            ctx.move_stop(round(bar.close * 0.9985, 2))
        elif not ctx.working:
            stop, profit = round(bar.close * 0.998, 2), round(bar.close * 1.0008, 2)
            ctx.buy(12, stop=stop, take_profit=profit)


class Waits(Strategy[Params, State]):
    """Asks for a better price, gives up after a while, leaves part by part."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Trade."""
        if ctx.position > 4:
            ctx.sell(4, reason="part")
        elif ctx.position:
            ctx.close("rest")
        elif ctx.working:
            ctx.cancel()
        else:
            ctx.buy(9, limit=round(bar.close * 0.9998, 2), stop=round(bar.close * 0.99, 2))


class Greedy(Strategy[Params, State]):
    """Asks for more than it may have: by an order, and by orders that work already."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Trade, as the bar's number says: enter, enter on top of it, ask for too much, leave."""
        turn = bar.end_ns // 5_000_000_000 % 4
        stop = round(bar.close * 0.98, 2)
        if ctx.position < 0:
            return  # others have sold what it had, and its leg after them: a person sees to that
        if turn == 3 and ctx.position:
            ctx.close("enough")
        elif turn == 3:
            ctx.cancel()
        else:
            for _ in range(2 if turn == 1 else 1):
                ctx.buy(25 if turn == 2 else 16, limit=round(bar.close * 0.9995, 2), stop=stop)


class Patient(Strategy[Params, State]):
    """Waits for a much better price for half a minute, then for another one."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Trade, as the bar's number says."""
        if bar.end_ns // 5_000_000_000 % 6 == 0:
            if ctx.position:
                ctx.close("long enough")
            else:
                ctx.cancel()
        elif not ctx.position and not ctx.working:
            ctx.buy(8, limit=round(bar.close * 0.999, 2), stop=round(bar.close * 0.97, 2))


class Holds(Strategy[Params, State]):
    """Keeps what it has; a part of it is offered at a far better price, and taken back."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Trade, as the bar's number says."""
        turn = bar.end_ns // 5_000_000_000 % 6
        if ctx.position > 4 and turn == 1:
            ctx.sell(4, limit=round(bar.close * 1.02, 2), reason="a part")
        elif turn == 4:
            ctx.cancel()
        elif not ctx.position and not ctx.working:
            ctx.buy(10, stop=round(bar.close * 0.95, 2))


KINDS: Final = (Flips, Brackets, Waits, Greedy, Patient)
HOLDS_EVERY: Final = 4
"""In every fourth seed one of the contracts is held on: all others are given up soon."""


def host(kind: type[Strategy[Any, Any]], instrument: Instrument) -> StrategyHost:
    """Make a strategy's host."""
    return StrategyHost(kind(Params()), name=kind.__name__.lower(), instrument=instrument)


def strategies(seed: int) -> Mapping[int, Mapping[str, Callable[[], StrategyHost]]]:
    """Return who trades what: each contract has one of the kinds, in an order the seed turns."""
    found: dict[int, dict[str, Callable[[], StrategyHost]]] = {}
    turn, left = divmod(seed, HOLDS_EVERY)
    held = turn % len(INSTRUMENTS) if left == HOLDS_EVERY - 1 else -1
    for number, instrument in enumerate(INSTRUMENTS):
        kind = Holds if number == held else KINDS[(number + seed) % len(KINDS)]
        found[instrument.con_id] = {kind.__name__.lower(): partial(host, kind, instrument)}
    return found
