"""The message workloads (after Savina), written once and run on our actors and on pykka's.

``run(base, name, size)`` gives messages a second. Only ``base`` differs between the systems, so
both do the same work: the same messages in the same batches. ``bench/erlang/savina.erl`` does it
once more in Erlang. Peers are told to each other by message, setting up is not timed.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH: Final = 1_000
"""Messages that a producer sends for one message of its own."""

RING: Final = 100
BIG: Final = 100


class Peers(tuple[Any, ...]):
    """A message that tells an actor its peers."""

    __slots__ = ()


class Finish:
    """Counts down in whatever thread an actor ends its work; the benchmark waits for zero."""

    def __init__(self, parties: int = 1) -> None:
        self._left = parties
        self._lock = threading.Lock()
        self._done = threading.Event()

    def arrive(self) -> None:
        """One party is done."""
        with self._lock:
            self._left -= 1
            if not self._left:
                self._done.set()

    def time(self, begin: Callable[[], object]) -> float:
        """Seconds from ``begin()`` until all parties are done."""
        begun = time.perf_counter()
        begin()
        self._done.wait()
        return time.perf_counter() - begun


@dataclass(frozen=True)
class Kinds:
    """The actor classes of one system."""

    player: type[Any]
    counter: type[Any]
    producer: type[Any]
    node: type[Any]
    source: type[Any]
    big: type[Any]


def kinds(base: Any) -> Kinds:
    """Make the actor classes on ``base``."""
    return Kinds(*_pairs(base), *_groups(base))


def _pairs(base: Any) -> tuple[type[Any], type[Any], type[Any]]:
    """Make the classes whose actors talk to one other."""

    class Player(base):  # type: ignore[misc]  # the base is a parameter
        def __init__(self, left: int, finish: Finish) -> None:
            super().__init__()
            self.left, self.finish = left, finish
            self.peer: Any = None

        def on_receive(self, message: Any) -> None:
            if message.__class__ is Peers:
                (self.peer,) = message
            elif self.left:
                self.left -= 1
                self.peer.tell(message)
            else:
                self.finish.arrive()

    class Counter(base):  # type: ignore[misc]  # the base is a parameter
        def __init__(self, left: int, finish: Finish) -> None:
            super().__init__()
            self.left, self.finish = left, finish

        def on_receive(self, message: Any) -> None:  # noqa: ARG002 - only counted
            self.left -= 1
            if not self.left:
                self.finish.arrive()

    class Producer(base):  # type: ignore[misc]  # the base is a parameter
        def __init__(self, batches: int) -> None:
            super().__init__()
            self.batches = batches

        def on_receive(self, peers: Any) -> None:
            (peer,) = peers
            for number in range(BATCH):
                peer.tell(number)
            self.batches -= 1
            if self.batches:
                self.actor_ref.tell(peers)

    return Player, Counter, Producer


def _groups(base: Any) -> tuple[type[Any], type[Any], type[Any]]:
    """Make the classes whose actors talk to many."""

    class Node(base):  # type: ignore[misc]  # the base is a parameter
        def __init__(self, finish: Finish) -> None:
            super().__init__()
            self.finish = finish
            self.next: Any = None

        def on_receive(self, message: Any) -> None:
            if message.__class__ is Peers:
                (self.next,) = message
            elif message:
                self.next.tell(message - 1)
            else:
                self.finish.arrive()

    class Source(base):  # type: ignore[misc]  # the base is a parameter
        def __init__(self, rounds: int) -> None:
            super().__init__()
            self.rounds = rounds

        def on_receive(self, peers: Any) -> None:
            for peer in peers:
                peer.tell(1)
            self.rounds -= 1
            if self.rounds:
                self.actor_ref.tell(peers)

    class Big(base):  # type: ignore[misc]  # the base is a parameter
        def __init__(self, seed: int, pings: int, finish: Finish) -> None:
            super().__init__()
            self.draw = Random(seed).random
            self.left, self.finish = pings, finish
            self.peers: Any = ()

        def on_receive(self, message: Any) -> None:
            if message.__class__ is Peers:
                self.peers = message
            elif message.__class__ is tuple:
                message[0].tell(0)  # a ping: answer it
            elif self.left:
                self.left -= 1
                self.peers[int(self.draw() * len(self.peers))].tell((self.actor_ref,))
            else:
                self.finish.arrive()

    return Node, Source, Big


def pingpong(made: Kinds, size: int) -> float:
    """Two actors send one message to and fro ``size`` times."""
    finish = Finish()
    left, right = made.player.start(size // 2, finish), made.player.start(size, finish)
    left.tell(Peers((right,)))
    right.tell(Peers((left,)))
    return size / finish.time(lambda: left.tell(0))


def counting(made: Kinds, size: int) -> float:
    """One actor sends ``size`` messages to another, which counts them."""
    finish = Finish()
    counter = made.counter.start(size, finish)
    producer = made.producer.start(size // BATCH)
    return size / finish.time(lambda: producer.tell((counter,)))


def ring(made: Kinds, size: int) -> float:
    """One message goes ``size`` steps around a ring of 100 actors."""
    finish = Finish()
    nodes = [made.node.start(finish) for _ in range(RING)]
    for index, node in enumerate(nodes):
        node.tell(Peers((nodes[(index + 1) % RING],)))
    return size / finish.time(lambda: nodes[0].tell(size))


def fanout(made: Kinds, size: int, actors: int) -> float:
    """One actor sends to ``actors`` others, round after round, ``size`` messages in all."""
    rounds = size // actors
    finish = Finish(actors)
    sinks = [made.counter.start(rounds, finish) for _ in range(actors)]
    source = made.source.start(rounds)
    return size / finish.time(lambda: source.tell(Peers(sinks)))


def big(made: Kinds, size: int) -> float:
    """100 actors ping random others and are answered, ``size`` messages in all."""
    pings = size // BIG // 2
    finish = Finish(BIG)
    actors = [made.big.start(seed, pings, finish) for seed in range(BIG)]
    for actor in actors:
        actor.tell(Peers(actors))

    def begin() -> None:
        for actor in actors:
            actor.tell(0)

    return size / finish.time(begin)


def run(base: type[Any], name: str, size: int) -> float:
    """Messages a second of workload ``name`` on actors of class ``base``."""
    made = kinds(base)
    if name.startswith("fanout"):
        return fanout(made, size, int(name.removeprefix("fanout")))
    workload = {"pingpong": pingpong, "counting": counting, "ring": ring, "big": big}[name]
    return workload(made, size)
