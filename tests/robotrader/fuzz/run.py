"""Coverage-guided fuzzing: ``python -m tests.robotrader.fuzz.run gateway 120 --seed 1``.

atheris (libFuzzer for Python) follows which lines of the codec and of the emulated gateway a stream
reaches and keeps the streams that reach new ones; they are changed by ``streams.Mutator``. The
process ends with a status other than 0 at the first exception, at a stream that takes longer than
``SLOWEST_S``, and when memory goes over ``MOST_MB``. A stream that did it is left in the folder of
the corpus as ``crash-``, ``timeout-`` or ``oom-``; give its path with ``--again`` to play it.
"""

from __future__ import annotations

import argparse
import sys
from hashlib import sha256
from pathlib import Path
from random import Random

import atheris

SLOWEST_S = 20
MOST_MB = 400
"""Four times what the process has after its start: a leak shows within minutes, noise does not."""
LONGEST = 16_384
"""Bytes of a stream."""

INSTRUMENTED = ("robotrader.tws", "robotrader.emulator", "robotrader.venue", "robotrader.market")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=("session", "gateway"))
    parser.add_argument("seconds", type=int, nargs="?", default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, required=True, help="a folder; it is filled")
    parser.add_argument("--again", type=Path, help="play this stream once")
    options = parser.parse_args()
    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        from tests.robotrader.fuzz.streams import Mutator, corpus
        from tests.robotrader.fuzz.targets import TARGETS
    target = TARGETS[options.target]
    if options.again:
        target(options.again.read_bytes())
        return
    streams = corpus()
    options.corpus.mkdir(parents=True, exist_ok=True)
    for stream in streams:
        (options.corpus / sha256(stream).hexdigest()[:16]).write_bytes(stream)

    def changed(data: bytes, most: int, seed: int) -> bytes:
        return Mutator(Random(seed), streams).changed(data)[:most]

    limits = [
        f"-max_total_time={options.seconds}", f"-seed={options.seed}", f"-timeout={SLOWEST_S}",
        f"-rss_limit_mb={MOST_MB}", f"-max_len={LONGEST}", "-len_control=0", "-verbosity=1",
        f"-artifact_prefix={options.corpus}/",
    ]  # fmt: skip
    arguments = [sys.argv[0], *limits, str(options.corpus)]
    atheris.Setup(arguments, target, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
