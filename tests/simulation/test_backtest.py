"""A day lived by the whole tree, and the same day through the backtest engine: one journal.

The tree trades in the simulation, before the emulated gateway's own venue, with delays of some
milliseconds on each way and no faults. What the market said is kept and given to the engine. Then
the journals are compared, entry by entry, to the last digit: decisions with their causes, orders
and their references, what the broker said, fills, commissions, ends.

Left out of the comparison, each for a reason:

- ``wall_ns``, ``time_ns``: live everything takes milliseconds, in the engine nothing does; and the
  same moment where it ends a ``cause``: that of a stop which is asked for again;
- ``perm_id``, ``exec_id``, ``family``, ``order_id``: the broker's names for things;
- ``client_id``: a number of the connection;
- ``StrategySaved``: it is for a restart, of which a backtest has none.

A bar is told half a second after its end. Told at the very moment of a quote that fills an order,
it may reach a strategy live before the news of the fill: both are on their way at once, and the
engine, in which fills are told first, has no second answer.
"""

from __future__ import annotations

import gc
import logging
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from robotrader.backtest import Engine, Result, Setup
from robotrader.domain import records as rec
from robotrader.venue import AlwaysOpen
from tests.simulation.core import START_NS, CoreWorld
from tests.simulation.exchange import CASH
from tests.simulation.market import BAR_S, S
from tests.simulation.plan import Plan
from tests.simulation.traders import INSTRUMENTS, LIMITS, strategies

if TYPE_CHECKING:
    from robotrader.domain import Bar, Quote
    from robotrader.ledger import LedgerView

SEEDS: Final = range(1, 5)
SECONDS: Final = 120.0
HOUR: Final = 3_600.0
BEHIND_NS: Final = S // 2
LEFT_OUT: Final = {"wall_ns", "time_ns", "perm_id", "exec_id", "family", "order_id", "client_id"}


class Lived(CoreWorld):
    """A run of the tree that keeps what the market said."""

    def __init__(self, seed: int, seconds: float) -> None:
        super().__init__(Plan(seed, seconds, (), ()), record=False)
        self.tape: list[Quote | tuple[Bar]] = []
        self.last: LedgerView | None = None
        """The account at the end."""

        self._watch_quotes()
        self._watch_bars()

    def _watch_quotes(self) -> None:
        venue, told = self.exchange.venue, self.exchange.venue.on_quote

        def on_quote(quote: Quote) -> Any:
            self.tape.append(quote)
            return told(quote)

        venue.on_quote = on_quote  # type: ignore[method-assign]  # to listen

    def _watch_bars(self) -> None:
        market: Any = self.market
        told = market._bar

        def tell(con_id: int, walk: Any, end_ns: int) -> None:
            told(con_id, walk, end_ns)
            self.tape.append((market._bars[con_id][-1],))

        def later(con_id: int, walk: Any, end_ns: int) -> None:
            prices, walk.prices = walk.prices, []  # those of the bar, not of what comes meanwhile

            def come() -> None:
                since, walk.prices = walk.prices, prices
                tell(con_id, walk, end_ns)
                walk.prices = since

            self.after(BEHIND_NS, come)

        market._bar = later


def live(seed: int, seconds: float) -> Lived:
    """Let the tree trade; nothing goes wrong."""
    world = Lived(seed, seconds)
    level, collects = logging.root.manager.disable, gc.isenabled()
    logging.disable(logging.CRITICAL)
    gc.disable()
    try:
        world.run()
        world.last = None if world.process is None else world.process.ledger()
    finally:
        logging.disable(level)
        world.system.close()
        if collects:
            gc.enable()
    assert not world.breaches
    return world


def backtested(world: Lived) -> Result:
    """Run the same day through the engine; the first bar is history, as it is for a new line."""
    setup = Setup(
        instruments=INSTRUMENTS, cash=CASH, limits=LIMITS, sessions=AlwaysOpen(),
        account=world.account,
    )  # fmt: skip
    hosts = [make() for each in strategies(world.seed).values() for make in each.values()]
    return Engine(setup, hosts).run(world.tape, begin_ns=START_NS + BAR_S * S)


def entries(records: list[rec.Record]) -> list[tuple[str, dict[str, Any]]]:
    """Return what is compared."""
    return [
        (
            type(each).__name__,
            {
                k: v.rpartition(":")[0] if k == "cause" and v.startswith("stop:") else v
                for k, v in msgspec.structs.asdict(each).items()
                if k not in LEFT_OUT
            },
        )
        for each in records
        if not isinstance(each, rec.StrategySaved)
    ]


def compare(seed: int, seconds: float) -> int:
    """Compare a day; return how many entries its journal has."""
    world = live(seed, seconds)
    result = backtested(world)
    lived = entries([record for _, record in world.log])
    again = entries(list(result.records))
    for number, (one, other) in enumerate(zip(lived, again, strict=False)):
        assert one == other, f"seed {seed}, entry {number}"
    assert len(lived) == len(again), f"seed {seed}"
    ledger = world.last
    assert ledger is not None
    final = result.final
    assert (final.cash, final.realized, final.commissions) == (
        ledger.cash, ledger.realized, ledger.commissions,
    )  # fmt: skip
    assert {k: v.qty for k, v in final.positions.items()} == {
        k: v.qty for k, v in ledger.positions.items()
    }
    assert (final.cash, final.commissions) == world.cash(), "the venue's own books"
    return len(lived)


def test_a_day_of_the_whole_tree_and_of_the_engine_have_one_journal() -> None:
    assert sum(compare(seed, SECONDS) for seed in SEEDS) > 240 * len(SEEDS)


@pytest.mark.deep
@pytest.mark.timeout(1_800)
def test_an_hour_of_the_whole_tree_and_of_the_engine_have_one_journal() -> None:
    assert compare(5, HOUR) > 7_000
