"""A thousand seeds of two simulated minutes (low numbers): no invariant is broken in any.

Two files, because ``make test`` keeps a file in one of its two processes.
"""

from __future__ import annotations

import pytest

from tests.simulation.seeds import CORE_SEEDS, Block, blocks, broken


@pytest.mark.parametrize("block", blocks(0, CORE_SEEDS // 2), ids=lambda each: f"{each.first}")
def test_no_invariant_is_broken(block: Block) -> None:
    """Every seed of a block holds; a failing one prints how to see it again."""
    failed = broken(block)
    assert not failed, failed
