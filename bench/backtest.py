"""What a backtest costs: bars and quotes a second by callback, gate, ledger and commissions on.

Everything is the user's own way: the shipped moving-average cross in pure Python, a gate whose
limits are all looked at and none reached, IBKR's fixed commissions. ``rate`` is that of callbacks
that are followed, as in a sweep: of given bars, which are checked first; ``prepared_s`` is what
that takes with days and limits, and is part of the rate. ``engine`` is ``batches`` into ``Engine``,
with all records; of a hundred symbols it runs a part of the bars. On a part of the bars both have
to have the same figures, or nothing is measured.
The other engines are backtesting.py, with the same averages over the same closes and next to no
commission, and NautilusTrader, in an environment of its own (``bench.others``, whose script says in
what it differs). Seconds are of the processor, so that a busy machine does not count against any.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import time
import warnings
from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from bench.others import theirs
from bench.walks import FAST, QTY, SEED, SLOW, walk
from robotrader.backtest import Engine, Setup, batches, report_of_run
from robotrader.backtest.feed import checked
from robotrader.domain import Bar, Instrument, Quote
from robotrader.research import Callbacks, Lanes, figures_of
from robotrader.risk import Limits, Ratio
from robotrader.strategies import (
    Context,
    Params,
    SmaCross,
    SmaParams,
    State,
    Strategy,
    StrategyHost,
)
from robotrader.venue import AlwaysOpen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from robotrader.research import Figures

    Data = Mapping[int, list[Bar]]

MINUTE_NS: Final = 60_000_000_000
START_NS: Final = 1_600_000_020_000_000_000
CASH: Final = Decimal(10**8)
SYMBOLS: Final = 100
ALL: Final = Ratio(Decimal(1))
SIZES: Final = {"steps": 10}
"""By how much more bars the run is longer that shows how time grows."""


class Nothing(Strategy[Params, State]):
    """A callback that looks at the price and wants nothing."""

    def on_bar(self, _ctx: Context, bar: Bar) -> None:
        """Look."""
        self.last = bar.close

    def on_quote(self, _ctx: Context, quote: Quote) -> None:
        """Look."""
        self.last = quote.bid


def bars(con_id: int, count: int, seed: int = SEED) -> list[Bar]:
    """Return a walk as bars of a minute."""
    opens, highs, lows, closes = (each.tolist() for each in walk(count, seed))
    starts = range(START_NS, START_NS + count * MINUTE_NS, MINUTE_NS)
    return [
        Bar(con_id, at_ns, at_ns + MINUTE_NS, opened, high, low, close, 10_000.0)
        for at_ns, opened, high, low, close in zip(starts, opens, highs, lows, closes, strict=True)
    ]


def _instrument(con_id: int) -> Instrument:
    return Instrument(con_id=con_id, symbol=f"S{con_id}")


def _hosts(con_ids: Iterable[int], strategy: type[Any]) -> list[StrategyHost]:
    given = SmaParams(fast=FAST, slow=SLOW, qty=QTY) if strategy is SmaCross else Params()
    return [
        StrategyHost(strategy(given), name=f"s/S{each}", instrument=_instrument(each))
        for each in con_ids
    ]


def engine(
    con_ids: Iterable[int], strategy: type[Any] = SmaCross, own: Sequence[StrategyHost] = ()
) -> Engine:
    """Return an engine with a strategy on each contract, or with hosts of the caller's own."""
    instruments = tuple(map(_instrument, con_ids))
    limits = Limits(
        allowed_symbols=frozenset(each.symbol for each in instruments), max_symbol_weight=ALL,
        max_drawdown=ALL, max_daily_loss=ALL, price_collar=ALL, max_orders_per_day=10**9,
        max_orders_per_min=10**9, max_orders_per_s=10**9, max_open_positions=SYMBOLS,
        max_open_orders=10**6,
    )  # fmt: skip
    setup = Setup(instruments=instruments, cash=CASH, limits=limits, sessions=AlwaysOpen())
    return Engine(setup, own or _hosts(con_ids, strategy))


def _seconds(prices: Iterable[Any], run: Engine) -> tuple[float, int]:
    begun = time.process_time()
    orders = run.run(prices).orders
    return time.process_time() - begun, orders


def _followed(data: Data, strategy: type[Any] = SmaCross) -> tuple[Figures, float, float]:
    """Return the figures by callbacks, and the seconds of all and of what comes first."""
    setup, hosts = engine(data).setup, _hosts(data, strategy)
    begun = time.process_time()
    for con_id, own in data.items():
        deque(checked(own, f"S{con_id}"), maxlen=0)  # as a sweep's history is when it is loaded
    gc.freeze()  # likewise
    made: Callbacks | Lanes
    if len(hosts) == 1:
        made = Callbacks(setup, *data.values(), begin_ns=0, name=hosts[0].name)
    else:
        made = Lanes(setup, data, begin_ns=0)
    prepared_s = time.process_time() - begun
    figures = made.figures(hosts) if isinstance(made, Lanes) else made.figures(*hosts)
    return figures, time.process_time() - begun, prepared_s


def _check(data: Data) -> None:
    """Let the engine run callbacks that were followed; its figures have to be the same."""
    followed, *_ = _followed(data)
    result = engine(data).run(_batches(data))
    report = report_of_run(result, name="", config_hash="", provenance=(), seconds=(0.0, 0.0))
    assert figures_of(report) == followed, "callbacks that are followed differ from the engine"


def _part(data: Data) -> Data:
    """Return the first bars of each symbol."""
    return {con_id: own[: len(own) // SIZES["steps"]] for con_id, own in data.items()}


def _batches(data: Data) -> Iterable[Any]:
    return batches(data, {con_id: f"S{con_id}" for con_id in data})


def single(_system: str, size: int) -> dict[str, float]:
    """One symbol: bars/s with some 39 orders in 1,000 bars, and the same in backtesting.py."""
    data = {1: bars(1, size)}
    _, followed_s, prepared_s = _followed(data)
    _, idle_s, _ = _followed(data, Nothing)
    _check(_part(data))
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took_s, orders = _seconds(_batches(data), engine(data))
    after_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    less_s, _ = _seconds(_batches(_part(data)), engine(data))
    quiet_s, _ = _seconds(_batches(data), engine(data, Nothing))
    backtesting = _backtesting_py(size // SIZES["steps"])
    return {
        "rate": size / followed_s,
        "prepared_s": prepared_s,
        "idle": size / idle_s,
        "engine": size / took_s,
        "orders": float(orders),
        "megabytes": (after_kb - before_kb) / 1024,
        "grows": took_s / less_s,
        "quiet": size / quiet_s,
        "theirs": backtesting,
        "times": size / followed_s / backtesting,
        **theirs("nautilus", "cross", size // SIZES["steps"], less_s),
    }


def _backtesting_py(size: int) -> float:
    """Return backtesting.py's bars/s."""
    warnings.simplefilter("ignore")  # of its own use of pandas and of missing extras
    import pandas as pd
    from backtesting import Backtest  # type: ignore[import-untyped]
    from backtesting import Strategy as Theirs
    from backtesting.lib import crossover  # type: ignore[import-untyped]
    from backtesting.test import SMA  # type: ignore[import-untyped]

    class Cross(Theirs):  # type: ignore[misc]  # it has no types
        def init(self) -> None:
            self.fast = self.I(SMA, self.data.Close, FAST)
            self.slow = self.I(SMA, self.data.Close, SLOW)

        def next(self) -> None:
            if crossover(self.fast, self.slow):
                self.buy(size=QTY)
            elif crossover(self.slow, self.fast):
                self.position.close()

    opens, highs, lows, closes = walk(size)
    columns = {"Open": opens, "High": highs, "Low": lows, "Close": closes, "Volume": 10_000.0}
    frame = pd.DataFrame(columns, index=pd.date_range("2020-09-13", periods=size, freq="min"))
    test = Backtest(frame, Cross, cash=float(CASH), commission=0.00001)
    begun = time.process_time()
    test.run()
    return size / (time.process_time() - begun)


def many(_system: str, size: int) -> dict[str, float]:
    """A hundred symbols on one account: bars/s of all together, as ``single`` has them."""
    each = max(size // SYMBOLS, SIZES["steps"] * 2 * SLOW)
    data = {con_id: bars(con_id, each, con_id) for con_id in range(1, SYMBOLS + 1)}
    _check(_part(data))
    _, followed_s, prepared_s = _followed(data)
    part = _part(data)
    took_s, orders = _seconds(_batches(part), engine(part))
    return {
        "rate": SYMBOLS * each / followed_s,
        "prepared_s": prepared_s,
        "engine": sum(map(len, part.values())) / took_s,
        "orders": float(orders),
    }


def quotes(_system: str, size: int) -> dict[str, float]:
    """Quotes/s by callback while no order works."""
    bids = walk(size)[3].tolist()
    data = [
        Quote(1, START_NS + at * 1_000_000, bid, bid + 0.01, 100.0, 100.0)
        for at, bid in enumerate(bids)
    ]
    took_s, _ = _seconds(data, engine([1], Nothing))
    return {"rate": size / took_s}


def importing(_system: str, size: int) -> dict[str, float]:
    """Seconds that ``import robotrader.backtest`` takes in a fresh process, the least of some."""
    code = (
        "import time; begun = time.process_time(); import robotrader.backtest; "
        "print(time.process_time() - begun)"
    )
    run = [sys.executable, "-c", code]
    took = [
        float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
        for _ in range(size)
    ]
    return {"seconds": min(took)}


SPECIAL: Final = {
    "backtest": single,
    "backtest_many": many,
    "backtest_quotes": quotes,
    "backtest_import": importing,
}
