"""Two thousand seeds of two simulated minutes: no invariant is broken in any of them."""

from __future__ import annotations

import pytest

from robotrader.adapters.pool import ProcessPool
from robotrader.jobs import InProcess
from tests.simulation.seeds import CORE_SEEDS, Block, blocks, run_all, run_block


@pytest.mark.parametrize("block", blocks(0, CORE_SEEDS), ids=lambda each: f"{each.first}")
def test_no_invariant_is_broken(block: Block) -> None:
    """Every seed of a block holds; a failing one prints how to see it again."""
    total = run_block(block)
    assert total.seeds == block.count
    assert not total.failed, "\n\n".join(total.failed)


def test_a_pool_of_processes_says_what_one_process_says() -> None:
    """Seeds are jobs: another executor, the same sum."""
    assert run_all(ProcessPool(2), 0, 4) == run_all(InProcess(), 0, 4)
