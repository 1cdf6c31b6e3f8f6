"""What a process under memory pressure cannot get any more, and gets again afterwards."""

from __future__ import annotations

import subprocess
import sys
import textwrap

PROGRAM = textwrap.dedent("""
    import threading, time
    from robotrader.adapters.memory_pressure import Pressure

    def fits(size):
        try:
            return bool(bytearray(size))
        except MemoryError:
            return False

    def within(condition, bound_s=20.0):
        until_s, waiting = time.monotonic() + bound_s, threading.Event()
        while not condition() and time.monotonic() < until_s:
            waiting.wait(0.01)
        return condition()

    assert fits(1 << 24)
    pressure = Pressure()
    pressure.apply(60.0)
    for size in (1 << 24, 1 << 20, 1 << 16):
        assert within(lambda: not fits(size)), f"{size} bytes are there still"
    pressure.release()
    assert within(lambda: fits(1 << 24)), "it does not end"
    print("done")
""")


def test_under_pressure_nothing_is_allocated_and_after_it_everything() -> None:
    words = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "done\n", done.stderr
