"""Partitioned supervisors: conformance cases 198 to 200."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from supervision import Simulation
from supervision.manage import which_children
from supervision.partition import Router, partitioned, stable_hash
from tests.supervision.actors.kit import Echo


class Part(Echo):
    """A partition that knows its index."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def on_receive(self, message: Any) -> Any:
        return self.index


@pytest.fixture
def router() -> Iterator[Router]:
    sim = Simulation(4)
    sup = sim.start(partitioned(Part, 4))
    refs: list[Any] = [line.child for line in reversed(which_children(sup))]
    yield Router(refs)
    sim.close()


def test_otp_198_keys_go_to_their_remainder_also_negative_ones(router: Router) -> None:
    assert [router.of(key).ask("who") for key in range(-4, 8)] == [0, 1, 2, 3] * 3


def test_otp_198_equal_keys_go_to_one_partition_and_texts_are_spread(router: Router) -> None:
    parts = [router.of(f"symbol {number}").ask("who") for number in range(400)]
    assert parts == [router.of(f"symbol {number}").ask("who") for number in range(400)]
    assert all(60 < parts.count(part) < 140 for part in range(4))
    assert router.of("KO") is router.of("KO")
    assert router.of(b"KO") is router.of("KO")


def test_otp_198_the_hash_does_not_depend_on_the_process() -> None:
    program = "from supervision.partition import stable_hash; print(stable_hash('AAPL'))"
    hashes = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "random")
    }
    assert hashes == {f"{stable_hash('AAPL')}\n"}


def test_otp_198_a_key_without_a_stable_hash_is_refused(router: Router) -> None:
    with pytest.raises(TypeError, match=r"\('a', 1\).*use a whole number, a text or bytes"):
        router.of(("a", 1))  # type: ignore[arg-type]  # what the check is for


def test_otp_199_resizing_to_none_and_back_counts_right(router: Router) -> None:
    assert router.resize(0) == 4
    assert router.partitions == 0
    with pytest.raises(LookupError, match="resized to 0"):
        router.of("KO")
    assert router.resize(2) == 0
    assert {router.of(key).ask("who") for key in range(10)} == {0, 1}
    assert router.resize(4) == 2


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "4", None])
def test_otp_200_bad_partition_counts_are_refused_when_it_is_built(count: Any) -> None:
    with pytest.raises(ValueError, match="give a whole number of at least 1"):
        partitioned(Part, count)


def test_otp_200_a_router_needs_a_partition_and_no_more_than_there_are(router: Router) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Router([])
    with pytest.raises(ValueError, match="there are only 4"):
        router.resize(5)
