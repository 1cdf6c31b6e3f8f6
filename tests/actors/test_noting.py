"""What a person did is said to be kept once it is; a note that comes too late ends nobody."""

from __future__ import annotations

import asyncio

import pytest

from actors import noting
from actors.noting import Notes
from actors.say import Follow
from robotrader.domain.records import OperatorActed
from supervision import Registry
from tests.actors.test_journal import Bench, records_of

ACTED = OperatorActed(who="ann", command="check in", result="done", wall_ns=5)


def notes(bench: Bench) -> Notes:
    registry = Registry()
    registry.register("journal", bench.journal.actor_ref)
    return Notes(registry, lambda: 5)


def kept(bench: Bench) -> list[object]:
    follower = bench.probe()
    bench.journal.actor_ref.tell(Follow(follower.actor_ref))
    bench.system.run()
    return list(records_of(follower))


def test_a_note_is_kept_when_it_is_said_to_be() -> None:
    bench = Bench()

    async def scene() -> bool:
        keeping = asyncio.ensure_future(notes(bench).keep("ann", "check in", "done"))
        await asyncio.sleep(0)
        assert not keeping.done(), "the journal has not had its turn"
        bench.system.run()
        return await keeping

    assert asyncio.run(scene())
    assert kept(bench) == [ACTED]


def test_without_a_journal_nothing_is_said_to_be_kept() -> None:
    assert not asyncio.run(Notes(Registry(), lambda: 5).keep("ann", "check in", "done"))


def test_a_journal_that_answers_when_all_have_gone_lives_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(noting, "WRITE_S", 0.001)
    bench = Bench()
    journal = bench.journal
    assert not asyncio.run(notes(bench).keep("ann", "check in", "done")), "it had no turn"
    bench.system.run()
    assert kept(bench) == [ACTED], "late, and not lost"
    assert bench.journal is journal, "it was not restarted"
