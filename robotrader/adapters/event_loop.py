"""The event loop of the core's threads: libuv's, which is not written in Python.

An order's way crosses the loop three times, each time on pages that nothing has touched since the
last order. asyncio's own loop took 0.15 ms of it more (docs/decisions.md). Both keep to the same
interface; where libuv's is not made for a platform, Python's own does.
"""

from __future__ import annotations

import asyncio
import importlib.util


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop, not running yet."""
    if importlib.util.find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()
