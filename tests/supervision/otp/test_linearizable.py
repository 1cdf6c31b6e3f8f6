"""Case 144: requests from many threads leave what some serial order of them would have left."""

from __future__ import annotations

import random
import threading
from typing import Any

from supervision.actor import Actor
from supervision.children import ChildInfo
from supervision.decide import ChildCounts
from supervision.manage import (
    CountChildren,
    DeleteChild,
    RestartChild,
    StartChild,
    TerminateChild,
    WhichChildren,
)
from supervision.messages import ChildExit
from supervision.starting import OK, Refused, Started
from supervision.supervisor import Supervisor
from supervision.system import ActorSystem
from tests.supervision.oracle.sup_model import Model, World

IDS = "abcdef"
THREADS = 32
CALLS = 1000


class Logged(Supervisor):
    """Remembers the order in which it served its requests: the serial order to be checked."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Any] = []

    def _handle(self, message: Any) -> Any:
        if not isinstance(message, ChildExit):  # of children that were stopped: handled already
            self.log.append(message)
        return super()._handle(message)


def request(rng: random.Random) -> Any:
    """Draw one request."""
    child_id = rng.choice(IDS)
    restart = rng.choice(("permanent", "transient", "temporary"))
    spec = {"id": child_id, "start": Actor, "restart": restart, "runtime": "pool"}
    return rng.choice(
        (
            StartChild(spec),
            TerminateChild(child_id),
            RestartChild(child_id),
            DeleteChild(child_id),
            WhichChildren(),
            CountChildren(),
        )
    )


def words_of(message: Any) -> list[str]:
    """Say a request in the words of the model."""
    if isinstance(message, StartChild):
        spec: Any = message.spec
        return ["start", spec["id"], spec["restart"], "5000", "0", "worker"]
    if isinstance(message, WhichChildren):
        return ["which"]
    if isinstance(message, CountChildren):
        return ["count"]
    verb = {TerminateChild: "terminate", RestartChild: "restart", DeleteChild: "delete"}
    child: Any = message.child if isinstance(message, TerminateChild) else message.id
    return [verb[type(message)], child]


def said(answer: Any) -> str:
    """Say an answer in the words of the model, without names of incarnations."""
    if answer is OK:
        return "ok"
    if isinstance(answer, Started):
        return "ok:ref"
    if isinstance(answer, Refused):
        ref = ":ref" if answer.error == "already_started" else ""
        return f"error:{answer.error}{ref}"
    if isinstance(answer, ChildCounts):
        return f"{answer.specs}/{answer.active}/{answer.supervisors}/{answer.workers}"
    return ",".join(line_of(info) for info in answer)


def line_of(info: ChildInfo) -> str:
    """Say a line of ``which_children``."""
    return f"{info.id}:{info.child if isinstance(info.child, str) else 'ref'}:{info.type}"


def nameless(word: str) -> str:
    """Take the names of incarnations out of the model's answer."""
    parts = [
        "ref" if part[:1] in IDS and part[1:].isdigit() else part
        for part in word.replace(",", ":,:").split(":")
    ]
    return ":".join(parts).replace(":,:", ",")


def play(calls: int, seed: int) -> tuple[list[Any], dict[int, Any]]:
    """Let all threads make their calls; return the order of service and the answers."""
    system = ActorSystem("linear")
    actor = Logged()
    answers: dict[int, Any] = {}
    try:
        sup = system.start(actor, on="pool")

        def caller(number: int) -> None:
            rng = random.Random(f"{seed}/{number}")
            for _ in range(calls):
                message = request(rng)
                answers[id(message)] = (message, sup.ask(message, timeout=60))

        threads = [threading.Thread(target=caller, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        last = WhichChildren()
        answers[id(last)] = (last, sup.ask(last, timeout=60))
    finally:
        system.close()
    return actor.log, answers


def test_otp_144_requests_of_32_threads_are_served_in_some_serial_order() -> None:
    seed = 144
    log, answers = play(CALLS, seed)
    assert len(log) == THREADS * CALLS + 1
    model = Model(World(), "one_for_one", 1, "never")
    assert model.boot([]) == "ok"
    for message in log:
        expected = nameless(model.request(words_of(message)))
        assert said(answers[id(message)][1]) == expected, f"seed {seed}: {message}"
