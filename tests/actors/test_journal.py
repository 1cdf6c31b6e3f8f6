"""The journal's actor: durable before answered, in order, told to who follows, from the start."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.followers import CHUNK
from actors.journal import LINGER_S, Journal, JournalMemory
from actors.messages import Recall
from actors.say import Commit, Committed, Follow, NotCommitted, Recorded, Replayed
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.domain.records import (
    TYPE_IDS,
    FillBooked,
    OperatorActed,
    OrderIntended,
    Record,
    StrategySaved,
)
from robotrader.journal import MemoryDisk, MemoryStore
from supervision import ActorRef, ActorSystem, ChildSpec, Simulation, Supervisor, SupervisorFlags
from supervision.testing import ProbeActor


def intended(number: int) -> OrderIntended:
    return OrderIntended(
        ref=f"rt1-1-{number}", order_id=number, generation=1, strategy="s", con_id=1, symbol="A",
        account="DU1", side="BUY", order_type="MKT", qty=Decimal(1),
    )  # fmt: skip


def fill(exec_id: str) -> FillBooked:
    return FillBooked(
        family=exec_id.rpartition(".")[0], exec_id=exec_id, ref="", order_id=1, perm_id=1, con_id=1,
        account="DU1", side="BUY", qty=Decimal(1), price=Decimal(1), time_ns=1,
    )  # fmt: skip


def records_of(probe: Any) -> list[Record]:
    told = [m for m in probe.received if isinstance(m, Replayed | Recorded)]
    return [record for message in told for _, record in message.records]


class Bench:
    """A journal and a follower in a simulation; the disk outlives the journal's incarnations."""

    def __init__(self, seed: int = 0) -> None:
        self.system = Simulation(seed)
        self.disk = MemoryDisk()
        self.memory = JournalMemory(lambda: MemoryStore(self.disk))
        self.root = self.system.start(
            Supervisor([ChildSpec(id="journal", start=self.made)], SupervisorFlags(intensity=10))
        )

    def made(self) -> Journal:
        self.journal = Journal(self.memory, lambda: 1)
        return self.journal

    def probe(self) -> ProbeActor:
        probe = ProbeActor()
        self.system.start(probe)
        return probe


def test_what_is_answered_is_told_to_followers_in_order() -> None:
    bench = Bench()
    asker, follower = bench.probe(), bench.probe()
    journal = bench.journal.actor_ref
    journal.tell(Follow(follower.actor_ref))
    for number in range(300):
        journal.tell(Commit(number, (intended(number), fill(f"x.{number}.01")), asker.actor_ref))
    bench.system.run()
    answers = [m for m in asker.received if isinstance(m, Committed)]
    assert [answer.token for answer in answers] == list(range(300))
    assert all(answer.written == (True, True) for answer in answers)
    followed = [r.order_id for r in records_of(follower) if isinstance(r, OrderIntended)]
    assert followed == list(range(300))
    batches = [m for m in follower.received if isinstance(m, Recorded)]
    assert len(batches) < 10, "what waited went into one transaction"


def test_followers_that_have_ended_are_let_go_of_though_nothing_is_recorded() -> None:
    bench = Bench()
    for _ in range(3):
        follower = bench.probe()
        bench.journal.actor_ref.tell(Follow(follower.actor_ref, only=(StrategySaved,)))
        bench.system.run()
        follower.actor_ref.kill()
    last = bench.probe().actor_ref
    bench.journal.actor_ref.tell(Follow(last, only=(StrategySaved,)))
    bench.system.run()
    assert [each.who for each in bench.journal._followers._all] == [last]


def saved(state: bytes) -> StrategySaved:
    return StrategySaved(strategy="s", state=state, wall_ns=1)


def test_what_nobody_waits_for_shares_the_transaction_of_what_follows_and_stays_before_it() -> None:
    bench = Bench()
    asker, follower = bench.probe(), bench.probe()
    journal = bench.journal.actor_ref
    journal.tell(Follow(follower.actor_ref))
    bench.system.settle()
    journal.tell(saved(b"1"))
    bench.system.settle()
    assert records_of(follower) == [], "it waits for company"
    journal.tell(Commit(1, (intended(1),), asker.actor_ref))
    bench.system.settle()
    assert [m.token for m in asker.received if isinstance(m, Committed)] == [1]
    (batch,) = [m for m in follower.received if isinstance(m, Recorded)]
    assert [record for _, record in batch.records] == [saved(b"1"), intended(1)]


def test_what_nobody_waits_for_is_written_without_company_too() -> None:
    bench = Bench()
    follower = bench.probe()
    bench.journal.actor_ref.tell(Follow(follower.actor_ref))
    for number in range(2):
        bench.journal.actor_ref.tell(saved(b"%d" % number))
        bench.system.run_for(LINGER_S * 2)
        assert records_of(follower)[-1] == saved(b"%d" % number)


def test_who_recalls_a_strategy_gets_what_it_has_just_saved() -> None:
    bench = Bench()
    bench.journal.actor_ref.tell(saved(b"new"))
    answer = bench.journal.actor_ref.ask(Recall("s"), block=False)
    bench.system.settle()
    assert answer.get(timeout=0).state == b"new"


def test_a_follower_is_told_of_the_kinds_that_it_wants_and_of_the_whole_past() -> None:
    bench = Bench()
    asker, follower = bench.probe(), bench.probe()
    journal = bench.journal.actor_ref
    journal.tell(Commit(1, (intended(1), fill("x.1.01")), asker.actor_ref))
    journal.tell(Follow(follower.actor_ref, only=(FillBooked,)))
    journal.tell(Commit(2, (intended(2), fill("x.2.01")), asker.actor_ref))
    bench.system.run()
    past = [m for m in follower.received if isinstance(m, Replayed)]
    assert [record for m in past for _, record in m.records] == [intended(1), fill("x.1.01")]
    (live,) = [m for m in follower.received if isinstance(m, Recorded)]
    assert live.records == ((4, fill("x.2.01")),)


def test_a_fill_is_booked_once_however_often_it_is_told() -> None:
    bench = Bench()
    asker, follower = bench.probe(), bench.probe()
    journal = bench.journal.actor_ref
    journal.tell(Follow(follower.actor_ref))
    for token in range(3):
        journal.tell(Commit(token, (fill("a.b.01"),), asker.actor_ref))
    bench.system.run()
    assert [m.written for m in asker.received] == [(True,), (False,), (False,)]
    assert len(records_of(follower)) == 1


def test_a_follower_gets_the_whole_past_and_then_the_present_without_a_gap() -> None:
    bench = Bench()
    asker = bench.probe()
    journal = bench.journal.actor_ref
    count = 2 * CHUNK + 5
    for token in range(count):
        journal.tell(Commit(token, (intended(token),), asker.actor_ref))
    late = bench.probe()
    journal.tell(Follow(late.actor_ref))
    journal.tell(Commit(count, (intended(count),)))
    bench.system.run()
    found = [record.order_id for record in records_of(late) if isinstance(record, OrderIntended)]
    assert found == list(range(count + 1))
    assert [m.last for m in late.received if isinstance(m, Replayed)] == [False, False, True]


@pytest.mark.parametrize("seed", range(20))
def test_nothing_that_was_answered_is_lost_by_a_crash(seed: int) -> None:
    bench = Bench(seed)
    asker = bench.probe()
    for token in range(60):
        bench.journal.actor_ref.tell(Commit(token, (intended(token),), asker.actor_ref))
        if token % 17 == seed % 17:
            bench.journal.actor_ref.tell({"no": "message of ours"})
            bench.system.run()
    bench.system.run()
    late = bench.probe()
    bench.journal.actor_ref.tell(Follow(late.actor_ref))
    bench.system.run()
    answered = {m.token for m in asker.received if isinstance(m, Committed)}
    found = {record.order_id for record in records_of(late) if isinstance(record, OrderIntended)}
    assert answered <= found


def test_a_record_that_cannot_be_written_is_refused_alone() -> None:
    bench = Bench()
    asker = bench.probe()
    bad = msgspec.structs.replace(intended(1), qty=Decimal("NaN"))
    bench.journal.actor_ref.tell(Commit(1, (bad,), asker.actor_ref))
    bench.journal.actor_ref.tell(Commit(2, (intended(2),), asker.actor_ref))
    bench.system.run()
    refused, answered = asker.received
    assert isinstance(refused, NotCommitted)
    assert "not finite" in refused.why
    assert answered == Committed(2, (True,))


def test_every_record_type_has_a_number_for_ever() -> None:
    assert [struct.__name__ for struct in TYPE_IDS.values()] == [
        "SessionBegan", "OrderIntended", "ModifyIntended", "CancelIntended", "OrderAcked",
        "FillBooked", "FillCorrected", "CommissionBooked", "OrderDone", "Reconciled",
        "ExternalOrderSeen", "SymbolHalted", "SymbolResumed", "PositionAdopted", "SwitchTripped",
        "SwitchCleared", "LimitChanged", "StrategySaved", "MessageQuarantined", "CashAdopted",
        "DayRolled", "OperatorActed", "SuspensionChanged",
    ]  # fmt: skip
    assert list(TYPE_IDS) == list(range(1, 24)), "add at the end; never change or reuse a number"


def _crash(ref: ActorRef[Any]) -> None:
    ref.tell({"no": "message of ours"})


@pytest.mark.parametrize("end", [_crash, ActorRef.kill], ids=["crash", "kill"])
def test_on_a_real_disk_and_thread_the_next_incarnation_has_what_was_answered(
    tmp_path: Path, end: Callable[[ActorRef[Any]], object]
) -> None:
    system = ActorSystem("journal-test")
    probe = ProbeActor()
    made: list[Journal] = []
    memory = JournalMemory(lambda: LmdbStore(tmp_path / "journal"))
    again = threading.Event()

    def make() -> Journal:
        made.append(Journal(memory))
        if len(made) == 2:
            again.set()
        return made[-1]

    try:
        system.start(probe)
        system.start(Supervisor([ChildSpec(id="journal", start=make)]))
        acted = OperatorActed(who="me", command="stop", result="ok")
        made[0].actor_ref.tell(Commit(7, (acted,), probe.actor_ref))
        assert probe.wait_for(lambda m: m == Committed(7, (True,)))
        end(made[0].actor_ref)
        assert again.wait(40)
        made[1].actor_ref.tell(Follow(probe.actor_ref))
        assert probe.wait_for(lambda m: isinstance(m, Replayed)).records == ((1, acted),)
    finally:
        system.close()
