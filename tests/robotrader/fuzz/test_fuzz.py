"""No stream of bytes breaks a session or a gateway: quickly here, coverage-guided in ``make deep``.

A failure here prints the seed that hypothesis has found; a deep one leaves the stream in a file and
prints how to play it again.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.emulator import Limits
from tests.examples import times
from tests.robotrader.emulator.kit import Talker, made
from tests.robotrader.fuzz.streams import AAPL, Mutator, corpus
from tests.robotrader.fuzz.targets import TARGETS

STREAMS = corpus()
ROOT = Path(__file__).parents[3]
DEEP_S = 240
"""Seconds for each target: what is easy is found in the first minute."""


def stream(seed: int) -> bytes:
    """A changed stream; the same for the same seed."""
    rng = Random(seed)
    return Mutator(rng, STREAMS).changed(rng.choice(STREAMS))


@pytest.mark.parametrize("target", TARGETS)
def test_a_stream_that_is_right_does_no_harm(target: str) -> None:
    for number, one in enumerate(STREAMS):
        TARGETS[target](one)
        assert one, number


@pytest.mark.parametrize("target", TARGETS)
@times(2)
@given(seed=st.integers(0, 2**32))
def test_a_stream_that_was_changed_does_no_harm(target: str, seed: int) -> None:
    TARGETS[target](stream(seed))
    assert stream(seed) == stream(seed)


def test_a_thousand_connections_that_break_leave_nothing_behind() -> None:
    """A gateway that lives for weeks sees many clients come, send nonsense and go."""
    server = made(limits=Limits(messages=10_000))

    def client(seed: int) -> None:
        talker = Talker(server, client_id=7, version=178)
        talker.ask("reqMktData", reqId=1, **AAPL)
        talker.ask("reqAccountUpdates", subscribe=True)
        talker.ask("reqHistoricalData", reqId=2, barSize="1 hour", duration="1 D",
                   whatToShow="TRADES", keepUpToDate=True, **AAPL)  # fmt: skip
        talker.link.receive(Random(seed).randbytes(40) + b"\xff\xff\xff\xff")
        talker.link.end("fin", "it has gone")
        talker.wait(0.2)

    def objects(clients: range) -> int:
        for seed in clients:
            client(seed)
        server.advance(server.timeline.now_ns + 400 * 1_000_000_000)
        gc.collect()
        return len(gc.get_objects())

    objects(range(100))
    before = objects(range(100, 200))
    assert objects(range(200, 1_000)) - before < 800, "an object for each client has stayed"
    assert (server.links, server.clients) == ({}, {})


@pytest.mark.deep
@pytest.mark.timeout(DEEP_S + 120)
@pytest.mark.parametrize("target", TARGETS)
def test_coverage_guided_fuzzing_finds_nothing(target: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="requirements/fuzz.in says for which systems it is")
    command = [sys.executable, "-m", "tests.robotrader.fuzz.run", target, str(DEEP_S)]
    done = subprocess.run(
        [*command, "--corpus", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    kept = [path.name for path in tmp_path.iterdir() if "-" in path.name]
    again = f"play it again with --corpus {tmp_path} --again {tmp_path}/{' '.join(kept)}"
    assert done.returncode == 0, f"{done.stderr[-3000:]}\n{again}"
    assert "Done " in done.stderr
