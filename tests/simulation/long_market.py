"""Prices of a trading week: a quote and a bar a minute while the market is open, gaps at the open.

Strategies that trade a few times an hour, hold over night, leave orders for the day and for longer.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Final

from robotrader.domain import Bar, TimeInForce
from robotrader.strategies import Context, Params, State, Strategy
from tests.simulation.market import Market
from tests.simulation.traders import INSTRUMENTS, host
from tests.simulation.week import table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from robotrader.strategies import StrategyHost
    from tests.simulation.market import Walk

S: Final = 1_000_000_000
MINUTE_NS: Final = 60 * S
STEPS: Final = 4
"""Prices in a bar."""

GAP: Final = 0.01
"""How far prices move over a night: the standard deviation of a share."""


class LongMarket(Market):
    """See the module's prose."""

    kept = 400

    def _tick_at(self, con_id: int, offset_ns: int) -> None:
        world = self.world
        now_ns = world.clock_ns - offset_ns
        next_ns = (now_ns // MINUTE_NS + 1) * MINUTE_NS
        session = table().session(next_ns)
        if next_ns > session.close_ns:
            session = table().session(session.extended_close_ns)
        opens = next_ns <= session.open_ns
        if opens:
            next_ns = session.open_ns + MINUTE_NS
        at_ns = -(-(next_ns + offset_ns - world.start_ns) // world.pace)
        world.at(at_ns, partial(self._minute, con_id, next_ns, offset_ns, opens=opens))

    def _minute(self, con_id: int, end_ns: int, offset_ns: int, *, opens: bool) -> None:
        self._tick_at(con_id, offset_ns)
        walk = self._walks[con_id]
        if opens:
            self.jump(con_id, walk.random.gauss(0, GAP))
        if not self.frozen:
            for _ in range(STEPS):
                walk.step()
        self.world.exchange.books.prices[con_id] = walk.price
        self._quote(con_id, walk.price)
        if not self.frozen:
            self._bar(con_id, walk, end_ns)

    def _last(self, con_id: int) -> float:
        """Return what was traded last: what jumps over a night is seen at the open."""
        return self.world.exchange.books.prices.get(con_id, self._walks[con_id].price)

    def _made(self, con_id: int, walk: Walk, end_ns: int) -> Bar:
        prices, walk.prices = walk.prices, []
        return Bar(con_id, end_ns - MINUTE_NS, end_ns, prices[0], max(prices), min(prices),
                   prices[-1], 5_000.0, sum(prices) / len(prices), len(prices))  # fmt: skip


def _minutes(bar: Bar) -> int:
    return bar.end_ns // MINUTE_NS


class Day(Strategy[Params, State]):
    """In and out several times an hour, with a stop."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Trade with every tenth bar."""
        if _minutes(bar) % 10:
            return
        if ctx.position:
            ctx.close("turn")
        elif not ctx.working:
            ctx.buy(10, stop=round(bar.close * 0.99, 2))


class Swing(Strategy[Params, State]):
    """Holds for days between a stop and a profit; moves the stop after it once an hour."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Enter when flat; leave at a minute that comes every second day."""
        minute = _minutes(bar)
        if ctx.position and minute % 997 == 0:
            ctx.close("long enough")
        elif ctx.position and minute % 60 == 0:
            ctx.move_stop(round(bar.close * 0.985, 2))
        elif not ctx.position and not ctx.working and minute % 15 == 0:
            stop, profit = round(bar.close * 0.985, 2), round(bar.close * 1.03, 2)
            ctx.buy(12, stop=stop, take_profit=profit, tif=TimeInForce.GTC)


class Rests(Strategy[Params, State]):
    """Leaves limits that work for the day or until cancelled, over the close and the open."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Ask for a better price; sell part by part, by limits too."""
        turn = _minutes(bar) % 30
        for_long = TimeInForce.GTC if _minutes(bar) // 30 % 2 else TimeInForce.DAY
        if ctx.position and turn == 0:
            ctx.sell(min(Decimal(4), ctx.position), limit=round(bar.close * 1.001, 2), tif=for_long)
        elif ctx.working and turn == 25:
            ctx.cancel()
        elif not ctx.position and not ctx.working and turn in {0, 10, 20}:
            stop = round(bar.close * 0.97, 2)
            ctx.buy(9, limit=round(bar.close * 0.998, 2), stop=stop, tif=for_long)


class Memory(State):
    """When the last bar ended."""

    last_ns: int = 0


class Nights(Strategy[Params, Memory]):
    """Holds over nights only: leaves with the first bar of a session, enters later."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Look at how long ago the last bar was."""
        night = bar.end_ns - self.state.last_ns > 2 * 60 * MINUTE_NS
        self.state.last_ns = bar.end_ns
        if ctx.position and night:
            ctx.close("a night")
        elif not ctx.position and not ctx.working and _minutes(bar) % 12 == 0:
            ctx.buy(8, stop=round(bar.close * 0.98, 2))


class Much(Strategy[Params, State]):
    """Asks for more than it may have, and for exits that may not come before the close."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Enter, enter on top of it, ask for too much, leave."""
        turn, rest = divmod(_minutes(bar) % 40, 10)
        if rest:
            return
        stop = round(bar.close * 0.98, 2)
        if turn == 3 and ctx.position:
            ctx.close("enough")
        elif turn == 3:
            ctx.cancel()
        else:
            ctx.buy(25 if turn == 2 else 14, limit=round(bar.close * 0.9995, 2), stop=stop)


KINDS: Final[tuple[type[Strategy[Any, Any]], ...]] = (Day, Swing, Rests, Nights, Much)


def long_strategies(seed: int) -> Mapping[int, Mapping[str, Callable[[], StrategyHost]]]:
    """Return who trades what: three of the kinds, drawn."""
    kinds = Random(f"{seed}/kinds").sample(KINDS, len(INSTRUMENTS))
    return {
        each.con_id: {kind.__name__.lower(): partial(host, kind, each)}
        for each, kind in zip(INSTRUMENTS, kinds, strict=True)
    }
