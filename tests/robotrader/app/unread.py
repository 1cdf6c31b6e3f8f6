"""A command whose output nobody reads: the other end of the pipe is closed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def unread(*words: str | Path, unbuffered: str = "") -> tuple[int, bytes]:
    """Return a command's exit status and what it says on standard error."""
    reads, writes = os.pipe()
    os.close(reads)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "robotrader", *words], stdout=writes, stderr=subprocess.PIPE,
            timeout=60, check=False, cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    finally:
        os.close(writes)
    return done.returncode, done.stderr
