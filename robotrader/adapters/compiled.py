"""The loops of sweeps, compiled to machine code by numba, which is the extra ``research``.

What is compiled is kept in the user's cache, never beside the package, so that only the first sweep
of a version waits for it. numba is imported when it is used.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_type_hints

import numpy as np

from robotrader.research import loop

if TYPE_CHECKING:
    from collections.abc import Callable


class Loops(NamedTuple):
    """``loop.news`` and ``loop.run``, compiled, and the seconds of the processor that it took."""

    news: Callable[..., int]
    run: Callable[..., int]
    seconds: float


def cache_folder() -> Path:
    """Return where compiled loops are kept: in ``XDG_CACHE_HOME``, or in ``~/.cache``."""
    own = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(own) if own else Path.home() / ".cache") / "robotrader" / "numba"


def compiled() -> Loops | None:
    """Return the loops, ready to be called; None where numba is not installed."""
    begun = time.process_time()
    try:
        from numba import config, njit
        from numba.extending import register_jitable
    except ImportError:
        return None
    settings = vars(config)  # numba makes them as it is loaded
    before, settings["CACHE_DIR"] = settings["CACHE_DIR"], str(cache_folder())
    try:
        for each in loop.HELPERS:  # a call that is one takes longer than what it does
            register_jitable(forceinline=True)(each)
        compiler = njit(cache=True, nogil=True)
        made = Loops(compiler(loop.news), compiler(loop.run), 0.0)
        _first_calls(made)
    finally:
        settings["CACHE_DIR"] = before
    return made._replace(seconds=time.process_time() - begun)


def _first_calls(made: Loops) -> None:
    """Compile, or load what was compiled, by calling with one bar."""
    one = np.zeros(1, np.int64)
    codes = np.zeros(1, np.int64)
    made.news(np.zeros(1), np.zeros(1), np.zeros(1, np.int64), codes)
    table = np.zeros((1, 2, 2), np.int64)
    market = loop.Market(*(np.zeros((1, loop.WIDTH), np.int64) for _ in range(2)))
    rules = loop.Rules(**{name: kind(1) for name, kind in get_type_hints(loop.Rules).items()})
    moves = loop.Moves(table, table, table, np.ones((1, 2, 2), np.bool_))
    account, fills = np.zeros(loop.SIZE, np.int64), np.zeros((1, 4), np.int64)
    made.run(one, codes, 0, moves, market, rules, np.zeros(1, np.int64), account, fills)
