"""The systems that are compared, and the processes that take one sample each.

A sample is one fresh process that prints one JSON line. The base classes differ only in what a
user of each library would write.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any, Final

SAMPLE_S: Final = 240.0
"""Longest time for one sample: ten times what the slowest needs on a busy machine."""

SETTLES_S: Final = 10.0
LOOK_S: Final = 0.2
QUIET: Final = 0.97
"""The idle part of all processors' time at which the machine counts as quiet."""

ERLANG: Final = Path(__file__).parent / "erlang"


def base_class(system: str) -> type[Any]:
    """The actor class that ``system`` ("pool", "thread" or "pykka") offers its users."""
    if system == "pykka":
        import pykka

        class Stock(pykka.ThreadingActor):
            """A stock actor that does not keep the process alive."""

            use_daemon_thread = True

        return Stock
    import supervision

    class Ours(supervision.Actor):
        """Our actor; its mailbox is bounded at what the largest workload sends."""

        runtime = system
        mailbox = supervision.MailboxSpec(capacity=2_000_000)

    return Ours


def settle() -> None:
    """Wait until the machine is quiet: what the last process left to the kernel is no sample.

    Ten thousand threads that have just ended keep a processor busy for seconds. After
    ``SETTLES_S`` the sample is taken all the same.
    """
    deadline = time.monotonic() + SETTLES_S
    before = _processor_times()
    while time.monotonic() < deadline:
        time.sleep(LOOK_S)
        after = _processor_times()
        spent, idle = after[0] - before[0], after[1] - before[1]
        if spent and idle >= QUIET * spent:
            return
        before = after


def _processor_times() -> tuple[int, int]:
    """All processors' time since the start and what of it was idle, in ticks (proc(5))."""
    fields = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(fields), fields[3] + fields[4]


def python_sample(system: str, workload: str, size: int) -> dict[str, float]:
    """Take one sample of ours or of pykka's in a process of its own."""
    command = [sys.executable, "-m", "bench.sample", system, workload, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SAMPLE_S, check=False)
    if done.returncode:
        msg = f"sample {system} {workload} {size} ended with {done.returncode}:\n{done.stderr}"
        raise RuntimeError(msg)
    values: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return values


@cache
def erlang_beam() -> str | None:
    """Folder of the compiled Erlang workloads; None where Erlang is missing."""
    if not shutil.which("erlc") or not shutil.which("erl"):
        return None
    folder = tempfile.mkdtemp(prefix="savina-")
    source = str(ERLANG / "savina.erl")
    subprocess.run(["erlc", "-o", folder, source], check=True, capture_output=True)
    return folder


def erlang_sample(workload: str, size: int) -> list[float]:
    """Take one sample in Erlang with two schedulers."""
    folder = erlang_beam()
    assert folder is not None, "the driver asks only where Erlang is installed"
    run = ["-run", "savina", "main", workload, str(size), "-s", "init", "stop"]
    done = subprocess.run(
        ["erl", "+S", "2:2", "-noshell", "-pa", folder, *run],
        capture_output=True,
        text=True,
        timeout=SAMPLE_S,
        check=True,
    )
    value = json.loads(done.stdout)
    return value if isinstance(value, list) else [value]


def erlang_version() -> str | None:
    """OTP release, None where Erlang is missing."""
    if erlang_beam() is None:
        return None
    show = 'io:format("~s", [erlang:system_info(otp_release)]), init:stop().'
    done = subprocess.run(
        ["erl", "-noshell", "-eval", show], capture_output=True, text=True, check=True
    )
    return done.stdout
