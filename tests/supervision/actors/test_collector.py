"""What a garbage collection can do in the middle of our own steps, on CPython 3.11 above all.

There every allocation may collect, and what a collection runs (callbacks, finalizers) may switch
threads. Each program below makes that happen at the worst moment, every time, in a process of its
own: without the care that ``Future`` and ``stack_of`` take it crashes or stops for ever.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading

import pytest

from supervision.stacks import stack_of

ENDS_S = 20.0

TWO_THREADS_TOUCH_A_FUTURE = textwrap.dedent("""
    import gc, threading
    from supervision import Future

    future = None
    heard = []
    asked, done = threading.Semaphore(0), threading.Semaphore(0)

    def register():
        while True:
            asked.acquire()
            future.on_done(lambda: heard.append(1))
            done.release()

    def switch(phase, info):
        if future is not None and phase == "start":
            asked.release()
            done.acquire()

    threading.Thread(target=register, daemon=True).start()
    gc.callbacks.append(switch)
    spare = []
    for _ in range(2000):
        gc.set_threshold(0)
        spare += [{}, {}, {}, {}]  # empty the list of dictionaries that need no allocation
        touched = Future()
        touched.asked = []
        future = touched
        gc.set_threshold(1)
        touched.try_set(1)
        gc.set_threshold(0)
        future = None
        touched.on_done(lambda: heard.append(2))
        assert touched.get() == 1
        del touched
    junk = [[object(), {}] for _ in range(10000)]
    gc.collect()
    print(heard.count(2))
""")

A_COLLECTION_STARTS_A_THREAD = textwrap.dedent("""
    import gc, threading
    from supervision.stacks import stack_of

    reading = False

    def start_a_thread(phase, info):
        global reading
        if reading:
            reading = False
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()

    gc.callbacks.append(start_a_thread)
    gate = threading.Event()
    threads = [threading.Thread(target=gate.wait, daemon=True) for _ in range(20)]
    for thread in threads:
        thread.start()
    for allocations in range(1, 40):
        gc.collect()
        reading = True
        gc.set_threshold(allocations)
        stack = stack_of(threads[0].ident)
        gc.set_threshold(0)
        reading = False
        assert "wait" in stack
    print(gc.isenabled())
""")


@pytest.mark.parametrize(
    ("program", "says"),
    [
        pytest.param(TWO_THREADS_TOUCH_A_FUTURE, "2000", id="future"),
        pytest.param(A_COLLECTION_STARTS_A_THREAD, "True", id="stack"),
    ],
)
def test_a_collection_at_the_worst_moment_neither_crashes_nor_stops_the_process(
    program: str, says: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", program],
        capture_output=True,
        text=True,
        timeout=ENDS_S,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, says), done.stderr


def test_reading_a_stack_leaves_the_collector_as_it_was() -> None:
    gc.disable()
    try:
        stack = stack_of(threading.get_ident())
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert "test_reading_a_stack_leaves_the_collector_as_it_was" in stack
    assert stack_of(threading.get_ident())
    assert gc.isenabled()


def test_a_thread_that_is_gone_has_no_stack() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    assert stack_of(thread.ident or 0) == ""


def test_many_readers_at_once_leave_the_collector_on() -> None:
    me = threading.get_ident()
    stacks: list[str] = []
    readers = [
        threading.Thread(target=lambda: stacks.extend(stack_of(me) for _ in range(50)))
        for _ in range(8)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(stacks) == 400
    assert all(stacks)
    assert gc.isenabled()


def test_a_process_forked_in_the_middle_of_a_reading_can_read_and_collects() -> None:
    stop = threading.Event()
    me = threading.get_ident()

    def read() -> None:
        while not stop.is_set():
            stack_of(me)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        codes = [_forked() for _ in range(20)]
    finally:
        stop.set()
        reader.join()
    assert codes == [0] * 20


def _forked() -> int:
    child = os.fork()
    if child == 0:
        read = bool(stack_of(threading.get_ident()))
        os._exit(0 if read and gc.isenabled() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
