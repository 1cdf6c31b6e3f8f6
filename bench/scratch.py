"""A folder for what a benchmark writes: on the disk of the repository, and in no commit of it."""

from __future__ import annotations

import tempfile


def scratch() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that is gone when its block ends."""
    return tempfile.TemporaryDirectory(dir=".", prefix=".bench-")
