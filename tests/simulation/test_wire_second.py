"""The second half of the wire seeds, 120 simulated seconds each: no invariant is broken.

Two files, so that two processes share them; small blocks, because a block is one test.
"""

from __future__ import annotations

import pytest

from tests.simulation.seeds import WIRE_SEEDS, Block, run_block

BLOCKS = [Block(at, 5, "wire") for at in range(WIRE_SEEDS // 2, WIRE_SEEDS, 5)]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda each: f"{each.first}")
def test_the_real_client_keeps_every_invariant(block: Block) -> None:
    """Every seed of a block holds; a failing one prints how to see it again."""
    total = run_block(block)
    assert not total.failed, "\n\n".join(total.failed)
    assert total.coverage["executions"] > 0
    assert total.coverage["connections"] >= block.count
