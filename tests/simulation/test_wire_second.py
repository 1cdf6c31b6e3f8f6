"""The second half of the wire seeds: 120 simulated seconds each, no invariant is broken."""

from __future__ import annotations

import pytest

from tests.simulation.wire_block import blocks, check_block


@pytest.mark.parametrize("seeds", blocks(1), ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_the_real_client_keeps_every_invariant(seeds: range) -> None:
    reached = check_block(seeds)
    assert reached["executions"] > 0
    assert reached["connections"] >= len(seeds)
