"""Callbacks of several contracts on one account are followed as the engine runs them, or not."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest

from robotrader.research import Unfit, loop
from robotrader.research.shared import NEAR_GROSS, NEAR_ORDERS, NEAR_POSITIONS
from tests.robotrader.research.crowd import case, same

LEFT: Final = {*loop.STOPPED.values(), NEAR_GROSS, NEAR_ORDERS, NEAR_POSITIONS}
"""Why a run of a setup that is known may still be the engine's."""


def differs(seeds: range, *, most: int, batches: int) -> tuple[int, set[str], Counter[str]]:
    """Compare cases; return how many fills there were, what refused, and what was left."""
    fills, refused, left = 0, set[str](), Counter[str]()
    for seed in seeds:
        try:
            found, refusals = same(case(seed, most=most, batches_=batches))
        except Unfit as unfit:
            left[str(unfit)] += 1
        except BaseException as error:
            error.add_note(f"same(case({seed}, most={most}, batches_={batches})) replays it")
            raise
        else:
            fills += found
            refused |= refusals.keys()
    return fills, refused, left


def test_lanes_see_fill_and_end_as_in_the_engine() -> None:
    fills, refused, left = differs(range(40), most=5, batches=90)
    print(fills, refused, left)
    assert set(left) <= LEFT
