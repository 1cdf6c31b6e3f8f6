"""The account's days: one that is over trips nothing on the next, whoever has to write it first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from actors.account import LOOK_S, Account
from actors.say import Commit, Committed, Follow, LedgerChanged, NotCommitted, Recorded, Replayed
from robotrader.domain import Quote
from robotrader.domain import records as rec
from supervision import Actor, Simulation
from tests.robotrader.ledger.kit import AAPL, ACCOUNT, fill, rolled

CASH = Decimal(100_000)
YESTERDAY, TODAY = "2026-11-20", "2026-11-23"
PAST = (
    rec.CashAdopted(account=ACCOUNT, cash=CASH),
    rolled(YESTERDAY, CASH),
    fill("one", "BUY", 10, "100"),
)


class Paper(Actor):
    """A journal that tells of a past, and writes what it is given once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Commit] = []
        self.follower: Any = None

    def on_receive(self, message: Any) -> None:
        if isinstance(message, Follow):
            self.follower = message.who
            self.follower.tell_urgent(Replayed(tuple(enumerate(PAST, 1)), last=True))
        elif isinstance(message, Commit):
            self.asked.append(message)

    def write(self) -> None:
        """Write what was asked for first."""
        commit = self.asked.pop(0)
        self.follower.tell(Recorded(tuple(enumerate(commit.records, len(PAST) + 1))))
        self.follower.tell(Committed(0, (True,) * len(commit.records)))

    def refuse(self) -> None:
        """Say that the disk is full."""
        self.asked.pop(0)
        self.follower.tell(NotCommitted(0, "the disk is full"))


class Reader(Actor):
    """Hears how the account is."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[LedgerChanged] = []

    def on_receive(self, message: Any) -> None:
        self.heard.append(message)


class Night:
    """An account that starts a day later: the first price it hears is fifty dollars lower."""

    def __init__(self) -> None:
        self.system, self.paper, self.reader = Simulation(1), Paper(), Reader()
        journal, reader = self.system.start(self.paper), self.system.start(self.reader)
        account = Account(
            account=ACCOUNT,
            instruments=[AAPL],
            day_of=lambda _: dt.date.fromisoformat(TODAY),
            journal=journal,
            readers=[reader],
            now_ns=self.system.now_ns,
        )
        self.account = self.system.start(account)
        self.run()
        assert {each.view.daily for each in self.heard()} == {None}
        self.account.tell(Quote(AAPL.con_id, 1, 50.0, 50.0, 1.0, 1.0))
        self.run()

    def run(self) -> None:
        """Let two looks pass."""
        self.system.run_for(2 * LOOK_S)

    def heard(self) -> list[LedgerChanged]:
        """Return what the reader has heard since it was asked last."""
        heard, self.reader.heard = self.reader.heard, []
        return heard


@pytest.fixture
def night() -> Iterator[Night]:
    made = Night()
    yield made
    made.system.close()


def test_a_days_loss_is_not_told_once_the_day_is_over(night: Night) -> None:
    """Long, 1000014: the switch tripped in the morning for what was lost the day before."""
    assert night.heard() == [], "the new day is being written"
    night.paper.write()
    night.system.settle()
    (told,) = night.heard()
    assert (told.view.day, told.view.daily) == (TODAY, Decimal(0)), "told at once"
    night.run()
    assert {each.view.daily for each in night.heard()} == {Decimal(0)}


def test_a_day_that_cannot_be_written_is_still_the_day_before(night: Night) -> None:
    """Its loss counts on: a disk that is full must not hide one."""
    night.paper.refuse()
    night.system.settle()
    (told,) = night.heard()
    assert (told.view.day, told.view.daily) == (YESTERDAY, Decimal(-500))
    night.run()
    (again,) = night.paper.asked
    assert isinstance(again.records[0], rec.DayRolled), "the next look tries again"
