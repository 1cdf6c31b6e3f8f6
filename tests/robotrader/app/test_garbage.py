"""When the core looks for garbage, and that what has ended is gone after it."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

from robotrader.app.garbage import CALM_S, EVERY_S, LONGEST_S, Sweeper, ended
from supervision.testing import actor_of
from tests.actors.rig import Rig, running


class Watched:
    """A sweeper on a clock of the test's, and the times at which it swept."""

    def __init__(self) -> None:
        self.now_s, self.ended = 1_000.0, 7
        self.swept: list[float] = []
        self.sweeper = Sweeper(lambda: self.ended, lambda: self.now_s, self._sweep)

    def _sweep(self) -> int:
        self.swept.append(self.now_s)
        return 0

    def live(self, seconds: float, *, dying: bool = False) -> None:
        for _ in range(round(seconds * 4)):
            self.now_s += 0.25
            self.ended += dying
            self.sweeper.look()


def test_after_an_end_it_sweeps_once_when_all_is_calm() -> None:
    watched = Watched()
    watched.live(1)
    watched.ended += 1
    watched.live(60)
    assert watched.swept == [1_001.25 + CALM_S]


def test_ends_that_follow_each_other_put_it_off_and_not_for_ever() -> None:
    watched = Watched()
    watched.live(4 * LONGEST_S, dying=True)
    waits = [
        after - before for before, after in zip(watched.swept, watched.swept[1:], strict=False)
    ]
    assert len(watched.swept) == 3
    assert all(LONGEST_S <= each <= LONGEST_S + 0.25 for each in waits)


def test_where_nothing_ends_it_sweeps_once_an_hour() -> None:
    watched = Watched()
    watched.live(2.5 * EVERY_S)
    assert watched.swept == [1_000 + EVERY_S, 1_000 + 2 * EVERY_S]


def test_what_was_there_before_the_actors_is_left_alone_and_they_are_not() -> None:
    """In a process of its own: what is left alone there would be left alone here."""
    program = """if True:
        import gc, weakref
        from robotrader.app.garbage import settle_memory

        class Actor:
            def __init__(self):
                self.handlers = {str: self.on_receive}

            def on_receive(self, message):
                pass

        settle_memory()
        actor = Actor()
        walked = len(gc.get_objects())
        assert walked * 10 < gc.get_freeze_count(), "a sweep walks through little"
        known, actor = weakref.ref(actor), None
        assert known() is not None, "only a collection can free it"
        gc.collect()
        assert known() is None
        print("done")
    """
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "done\n", done.stderr


def _held(rig: Rig) -> list[weakref.ref[Any]]:
    """What a life has that is large: an order book, two ledgers, a connection."""

    def actor(role: str) -> Any:
        return actor_of(rig.trader.role(role).resolve())

    large = (
        actor("orders").manager._desk.book, actor("account").ledger, actor("risk").keeper.ledger,
        actor("gateway")._port._client,
    )  # fmt: skip
    return [weakref.ref(each) for each in large]


def test_who_was_killed_keeps_nothing_behind_the_sweep(tmp_path: Path) -> None:
    """Each life had a copy of all orders of the day; nobody saw to it for days."""
    gone: list[weakref.ref[Any]] = []
    collects = gc.isenabled()
    gc.disable()  # as seldom as in the core
    try:
        with running(tmp_path) as rig:
            rig.ready()
            watched = Watched()
            sweeper = Sweeper(
                lambda: ended(rig.system, rig.trader), lambda: watched.now_s, gc.collect
            )
            rig.trade("BUY", 10)
            for _ in range(3):
                gone += _held(rig)
                rig.exchange.cut()
                rig.kill("account")
                rig.ready()
            left = [each for each in gone if each() is not None]
            assert left, "only the collector can free them"
            sweeper.look()
            watched.now_s += CALM_S
            sweeper.look()
            assert [each() for each in gone if each() is not None] == []
            assert [each() for each in _held(rig) if each() is None] == []
    finally:
        if collects:
            gc.enable()
