"""The third quarter of the core seeds, two simulated minutes each: no invariant is broken.

Four files, because ``make test`` keeps a file in one of its processes.
"""

from __future__ import annotations

import pytest

from tests.simulation.seeds import CORE_SEEDS, Block, blocks, broken

QUARTER = CORE_SEEDS // 4


@pytest.mark.parametrize("block", blocks(2 * QUARTER, QUARTER), ids=lambda each: f"{each.first}")
def test_no_invariant_is_broken(block: Block) -> None:
    """Every seed of a block holds; a failing one prints how to see it again."""
    failed = broken(block)
    assert not failed, failed
