"""One strategy's signals in vectorbt, run by the Python of its own environment.

The averages, crosses and fills of ``vectorbt_sweep``, which says in what it differs, on one
combination: averages, signals, portfolio, and the Sharpe ratio of its days.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt  # type: ignore[import-not-found]  # it is in an environment of its own

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.walks import FAST, QTY, SLOW, walk

CASH, A_SHARE = 1e8, 0.005


def crossed(close: Any, price: Any) -> int:
    """Follow the crosses; return how many trades there were."""
    ahead = vbt.MA.run(close, FAST).ma.to_numpy() - vbt.MA.run(close, SLOW).ma.to_numpy()
    entries = pd.Series((ahead[1:] > 0) & (ahead[:-1] <= 0), index=close.index[1:])
    exits = pd.Series((ahead[1:] < 0) & (ahead[:-1] >= 0), index=close.index[1:])
    made = vbt.Portfolio.from_signals(
        close[1:], entries.vbt.fshift(1), exits.vbt.fshift(1), price=price[1:], size=QTY,
        fees=A_SHARE / price[1:], init_cash=CASH, freq="1min",
    )  # fmt: skip
    daily = made.value().resample("1D").last().pct_change().dropna()
    assert np.isfinite(daily.mean() / daily.std() * np.sqrt(252))
    return int(made.trades.count())


def main() -> None:
    """Compile, then measure; the prices are there as columns."""
    size = int(sys.argv[1])
    opens, _, _, closes = walk(size)
    index = pd.date_range("2020-09-13 12:27", periods=size, freq="min")
    close, price = pd.Series(closes, index=index), pd.Series(opens, index=index)
    crossed(close[:5_000], price[:5_000])
    begun = time.process_time()
    trades = crossed(close, price)
    print(json.dumps({"seconds": time.process_time() - begun, "trades": trades}))


main()
