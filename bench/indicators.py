"""How many values an indicator takes in a second of processor time, one by one and all at once."""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from robotrader.indicators import Adx, Bollinger, Donchian, Ema, Rsi, Sma, batch

if TYPE_CHECKING:
    from collections.abc import Callable


def _series(size: int) -> list[float]:
    rng, price, made = Random(1), 100.0, []
    for _ in range(size):
        price *= 1 + rng.gauss(0, 0.001)
        made.append(round(price, 2))
    return made


def _rate(size: int, work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return size / (time.process_time() - begun)


def indicators(_system: str, size: int) -> dict[str, float]:
    """Take ``size`` prices into each."""
    closes = _series(size)
    bars = [(close + 0.5, close - 0.5, close) for close in closes]
    ranges = [bar[:2] for bar in bars]
    array = np.array(closes)

    def one_by_one(indicator: Any, rows: list[Any] | None = None) -> float:
        update = indicator.update
        if rows is None:
            return _rate(size, lambda: [update(close) for close in closes])
        return _rate(size, lambda: [update(*row) for row in rows])

    return {
        "sma": one_by_one(Sma(30)),
        "ema": one_by_one(Ema(30)),
        "rsi": one_by_one(Rsi(14)),
        "bollinger": one_by_one(Bollinger(20)),
        "donchian": one_by_one(Donchian(20), ranges),
        "adx": one_by_one(Adx(14), bars),
        "batch_sma": _rate(size, lambda: batch.sma(array, 30)),
        "batch_ema": _rate(size, lambda: batch.ema(array, 30)),
    }


SPECIAL: Final = {"indicators": indicators}
