"""A person accepts the broker's position: it has to be the one that was shown, seen twice."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import FLATTENER, NOBODY, accepted
from robotrader.domain import records as r
from robotrader.execution import Adoption, AdoptionEnded, Effect
from robotrader.execution.adopting import cost_of
from robotrader.execution.book import Book
from robotrader.ledger import Ledger
from robotrader.strategies import Standings
from tests.robotrader.execution.broker import ACCOUNT
from tests.robotrader.execution.test_crash_points import commits, working
from tests.robotrader.execution.world import SECOND, World

WISH = Adoption(con_id=1, ours=Decimal(0), broker=Decimal(100), who="ann", why="statement")


class Desk:
    """A world in which a fill was lost for good, and the answers to a person's wishes."""

    def __init__(self) -> None:
        self.world, held = working()
        world = self.world
        world.die()
        world.broker.fill(held, Decimal(100))
        world.broker.said, world.broker.executions, world.broker.commissions = [], [], []
        world.until(lambda: world.manager.halted and world.manager.ready)
        self.answers: list[str] = []
        self._do, world._do = world._do, self._hear  # type: ignore[method-assign]

    def _hear(self, effect: Effect) -> None:
        self._do(effect)
        if isinstance(effect, AdoptionEnded):
            self.answers.append(effect.why)

    def ask(self, **changes: object) -> None:
        wish = msgspec.structs.replace(WISH, **changes)
        world = self.world
        world.guard(lambda: world.do(world.manager.adopt(7, wish, world.now_ns)))

    def answer(self, **changes: object) -> str:
        """Ask, and wait for the answer."""
        before = len(self.answers)
        self.ask(**changes)
        self.world.until(lambda: len(self.answers) > before)
        return self.answers[-1]

    def adopted(self) -> list[r.Record]:
        kinds = (r.PositionAdopted, r.SymbolResumed)
        return [each for each in self.world.journal if isinstance(each, kinds)]


def test_crash_point_43_the_brokers_position_is_accepted_in_one_commit_and_trades_on() -> None:
    desk = Desk()
    world = desk.world
    begun_ns = world.now_ns
    assert desk.answer() == ""
    assert world.now_ns - begun_ns >= 3 * SECOND, "the broker was asked twice, and not at once"
    adopted, resumed = desk.adopted()
    assert isinstance(adopted, r.PositionAdopted)
    assert isinstance(resumed, r.SymbolResumed)
    assert adopted.qty == 100
    assert (adopted.who, adopted.why) == ("ann", "statement")
    assert world.manager.position(1) == 100
    assert not world.manager.halted
    assert [each.kind for each in world.alerts][-1] == "position_adopted"
    assert "not halted" in desk.answer(), "asked twice it is done once"
    assert len(desk.adopted()) == 2
    world.run(120 * SECOND)
    assert world.manager.ready
    assert not world.manager.halted


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"broker": Decimal(99)}, "the broker has 100 by now, not 99"),
        ({"ours": Decimal(1)}, "the journal has 0 by now, not 1"),
        ({"broker": Decimal("sNaN")}, "no positions"),
        ({"ours": Decimal("inf")}, "no positions"),
        ({"con_id": 2}, "contract 2 is not halted"),
        ({"why": " "}, "a person with a reason"),
        ({"who": ""}, "a person with a reason"),
    ],
)
def test_what_is_not_as_it_was_shown_is_refused(changes: dict[str, object], why: str) -> None:
    desk = Desk()
    assert why in desk.answer(**changes)
    assert desk.adopted() == []
    assert desk.world.manager.halted == {1}


def test_it_is_refused_while_nothing_is_compared() -> None:
    desk = Desk()
    desk.world.disconnect()
    assert "not reconciled" in desk.answer()
    assert desk.adopted() == []


def test_a_position_that_moves_between_the_two_looks_is_not_accepted() -> None:
    desk = Desk()
    desk.ask()
    desk.world.run(2 * SECOND)
    desk.world.broker.positions[1] -= 40
    desk.world.until(lambda: desk.answers)
    assert "the broker has 60 by now, not 100" in desk.answers[0]
    assert desk.adopted() == []


def test_a_broker_that_says_no_more_ends_in_an_answer() -> None:
    desk = Desk()
    desk.world.cut = "positions"
    assert "did not say twice in time" in desk.answer()
    assert desk.adopted() == []


def test_a_refused_commit_changes_nothing() -> None:
    desk = Desk()
    world = desk.world
    world.hold_commits = True
    desk.ask()
    world.until(lambda: world.held_commits)
    commit = world.held_commits.pop()
    world.hold_commits = False
    world.guard(lambda: world.do(world.manager.commit_failed(commit.token, "full", world.now_ns)))
    assert desk.answers == ["nothing was changed: full"]
    assert world.manager.halted == {1}


@pytest.mark.parametrize("durable", [True, False])
def test_a_crash_in_the_commit_leaves_both_records_or_none(durable: bool) -> None:
    desk = Desk()
    world = desk.world
    if durable:
        world.hold_commits = True
        desk.ask()
        world.until(lambda: world.held_commits)
        world.journal.extend(world.held_commits.pop().records)
        world.hold_commits = False
        world.die()
    else:
        world.crash_at = commits(r.PositionAdopted)
        desk.ask()
        world.until(lambda: not world.alive)
    world.until(partial(_ready_again, world))
    assert len(desk.adopted()) == 2 * durable
    assert world.manager.halted == (set() if durable else {1})
    assert world.manager.position(1) == 100 * durable


def _ready_again(world: World) -> bool:
    return world.alive and world.manager.ready


quantities = st.integers(-50, 50).map(Decimal)
held = st.dictionaries(st.sampled_from(["a", "b", "c", NOBODY, FLATTENER]), quantities)


@given(held, quantities)
def test_strategies_have_no_more_than_was_accepted(
    holdings: dict[str, Decimal], target: Decimal
) -> None:
    changes = accepted(holdings, target)
    after = {name: qty + changes.get(name, 0) for name, qty in holdings.items()}
    zero = Decimal(0)
    own = sum((qty for name, qty in after.items() if name not in {NOBODY, FLATTENER}), zero)
    assert min(target, zero) <= own <= max(target, zero)
    assert not {NOBODY, FLATTENER} & set(changes)
    for name, change in changes.items():
        assert 0 < -change * holdings[name] <= holdings[name] ** 2, "it only gets smaller"
    assert accepted(after, target) == {}, "twice is as once"


@given(st.lists(st.tuples(st.sampled_from("ab"), quantities.filter(bool)), max_size=5), quantities)
def test_book_and_standings_say_the_same_of_strategies(
    trades: list[tuple[str, Decimal]], target: Decimal
) -> None:
    book, standings = Book(), Standings()
    book.account = ACCOUNT
    fills = [_fill(number, *trade) for number, trade in enumerate(trades)]
    adopted = r.PositionAdopted(con_id=1, qty=target, avg_cost=Decimal(10), who="ann", why="w")
    records: list[r.Record] = [*fills, adopted, adopted]
    for seq, record in enumerate(records):
        book.apply(record)
        standings.apply(seq, record)
    strategies = {name: qty for (name, _), qty in book.holdings.items() if qty and name != NOBODY}
    assert {name: qty for (name, _), qty in standings.held().items()} == strategies
    assert sum(book.holdings.values()) == target == book.positions.get((ACCOUNT, 1), 0)


def _fill(number: int, strategy: str, qty: Decimal) -> r.FillBooked:
    return r.FillBooked(
        family=f"f{number}", exec_id=f"f{number}.01", ref="", order_id=0, perm_id=0,
        strategy=strategy, con_id=1, account=ACCOUNT, side="BUY" if qty > 0 else "SELL",
        qty=abs(qty), price=Decimal(10), time_ns=0,
    )  # fmt: skip


@pytest.mark.parametrize("cost", ["NaN", "-1", "Infinity", "1e13"])
def test_a_cost_that_is_none_never_comes_into_the_journal(
    monkeypatch: pytest.MonkeyPatch, cost: str
) -> None:
    desk = Desk()
    (report,) = desk.world.broker.position_reports()
    wrong = (msgspec.structs.replace(report, avg_cost=Decimal(cost)),)
    monkeypatch.setattr(desk.world.broker, "position_reports", lambda: wrong)
    assert f"an average cost of {Decimal(cost)}" in desk.answer()
    assert desk.adopted() == []


@given(st.decimals("0", "1000000000000", places=26) | st.fractions(0, 10_000))
def test_an_accepted_cost_is_one_that_the_ledger_can_compute_with(cost: Decimal | Fraction) -> None:
    """A cost that ended the ledger at every start would have been in the journal for ever."""
    said = cost if isinstance(cost, Decimal) else Decimal(cost.numerator) / cost.denominator
    record = r.PositionAdopted(
        con_id=1, qty=Decimal(3), avg_cost=cost_of(said), who="ann", why="statement"
    )
    ledger = Ledger(ACCOUNT, ())
    ledger.multipliers = {1: 1}
    ledger.apply(record)
    assert ledger.quantities() == {1: Decimal(3)}
    assert abs(record.avg_cost - said) <= Decimal("1e-12")
