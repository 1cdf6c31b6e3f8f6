"""Kills a process that writes a journal, at a random moment."""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
import time
from pathlib import Path

ANSWER = 8
"""Bytes of an answer: the number of the last record that was made durable."""


def killed(program: str, folder: Path, seed: int, within_s: float) -> int:
    """Start a module as a writer and kill it; return the last record that it was answered."""
    child = subprocess.Popen(
        [sys.executable, "-m", program, str(folder), str(seed)],
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert child.stdout is not None
    heard = os.read(child.stdout.fileno(), ANSWER)
    until = time.monotonic() + random.Random(seed).uniform(0, within_s)
    while (left := until - time.monotonic()) > 0:
        if select.select([child.stdout], [], [], left)[0]:
            heard += os.read(child.stdout.fileno(), 1 << 16)
    child.kill()
    heard += child.stdout.read()
    child.wait()
    child.stdout.close()
    whole = len(heard) // ANSWER * ANSWER
    return int.from_bytes(heard[whole - ANSWER : whole], "big")
