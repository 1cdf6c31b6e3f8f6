"""The sweep of ``bench.sweeps`` in vectorbt, run by the Python of its own environment.

Same closes, averages, crosses and fills at the next open, 100 shares, 0.005 a share as a part of
the value. It differs in what it leaves out: no minimum for an order, no fees on sales, no limits,
money in floats. For each combination it says the Sharpe ratio of days and the number of trades.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import vectorbt as vbt  # type: ignore[import-not-found]  # it is in an environment of its own

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.walks import FASTS, SLOWS, walk

CASH, SHARES, A_SHARE = 1e8, 100, 0.005


def swept(size: int) -> int:
    """Try every combination; return how many trades there were."""
    opens, _, _, closes = walk(size)
    index = pd.date_range("2020-09-13 12:27", periods=size, freq="min")
    close, price = pd.Series(closes, index=index), pd.Series(opens, index=index)
    slows, trades = vbt.MA.run(close, SLOWS, short_name="slow").ma, 0
    for fast in FASTS:  # a column a combination: all four hundred at once need gigabytes
        ahead = vbt.MA.run(close, fast).ma.to_numpy()[:, None] - slows.to_numpy()
        entries = pd.DataFrame((ahead[1:] > 0) & (ahead[:-1] <= 0), index=index[1:])
        exits = pd.DataFrame((ahead[1:] < 0) & (ahead[:-1] >= 0), index=index[1:])
        made = vbt.Portfolio.from_signals(
            close[1:], entries.vbt.fshift(1), exits.vbt.fshift(1), price=price[1:], size=SHARES,
            fees=A_SHARE / price[1:], init_cash=CASH, freq="1min",
        )  # fmt: skip
        daily = made.value().resample("1D").last().pct_change().dropna()
        (daily.mean() / daily.std() * np.sqrt(252)).to_numpy()
        trades += int(made.trades.count().sum())
    return trades


def main() -> None:
    """Compile, then measure."""
    swept(1_000)
    begun = time.process_time()
    trades = swept(int(sys.argv[1]))
    print(json.dumps({"seconds": time.process_time() - begun, "trades": trades}))


main()
