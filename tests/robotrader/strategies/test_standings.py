"""What the kill switch closes is no strategy's any more, and everybody agrees about it."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import FLATTENER, NOBODY, moved
from robotrader.domain import records as r
from robotrader.execution.book import Book
from robotrader.strategies import AskAnew, Fill, Standings
from tests.robotrader.strategies.kit import AAPL, START

NAMES = ("a", "b", FLATTENER, NOBODY)
DEAF = {FLATTENER, NOBODY}
FILLS = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(1, 20), st.booleans()), max_size=20)


def fill(number: int, strategy: str, qty: int) -> r.FillBooked:
    return r.FillBooked(
        family=f"f{number}", exec_id=f"f{number}.01", ref="", order_id=0, perm_id=0,
        con_id=AAPL.con_id, account="DU1", side="BUY" if qty > 0 else "SELL",
        qty=Decimal(abs(qty)), price=Decimal(100), time_ns=START, strategy=strategy,
    )  # fmt: skip


@given(FILLS)
def test_f70_what_strategies_hold_is_what_was_filled_also_after_a_flattening(
    fills: list[tuple[str, int, bool]],
) -> None:
    """Each hears of its own part, book and standings have the same."""
    book, standings = Book(), Standings()
    told = dict.fromkeys(NAMES, Decimal(0))
    total = 0
    for number, (name, size, buys) in enumerate(fills):
        qty = size if buys else -size
        total += qty
        record = fill(number, name, qty)
        book.apply(record)
        for news in standings.apply(number, record):
            assert isinstance(news.event, Fill)
            assert news.strategy not in DEAF
            told[news.strategy] += news.event.qty * news.event.side.sign
    have = {name: standings.standing(name, AAPL.con_id).position for name in NAMES}
    assert sum(have.values()) == total
    assert have == {name: book.holdings.get((name, AAPL.con_id), Decimal(0)) for name in NAMES}
    assert {name: told[name] for name in ("a", "b")} == {n: have[n] for n in ("a", "b")}


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(-9, 9)), st.integers(-40, 40))
def test_f73_a_flattening_takes_from_holders_and_never_turns_one_round(
    held: dict[str, int], change: int
) -> None:
    holdings = {name: Decimal(qty) for name, qty in held.items()}
    changes = moved(holdings, FLATTENER, Decimal(change))
    assert sum(changes.values()) == change
    for name in changes.keys() - {FLATTENER}:
        assert abs(holdings[name] + changes[name]) < abs(holdings[name])
    if changes.get(FLATTENER):
        left = {name: qty + changes.get(name, 0) for name, qty in holdings.items()}
        assert all(qty * change >= 0 for qty in left.values()), "as long as one holds, it gives"


@given(FILLS, st.lists(st.tuples(st.integers(0, 19), st.integers(0, 25)), max_size=8))
def test_who_asks_anew_when_it_is_told_to_knows_what_it_has_also_after_corrections(
    fills: list[tuple[str, int, bool]], corrections: list[tuple[int, int]]
) -> None:
    """Fills are added up; a correction has its strategy ask for its standing."""
    standings, knows = Standings(), dict.fromkeys(NAMES, Decimal(0))
    records: list[r.FillBooked | r.FillCorrected] = [
        fill(number, name, size if buys else -size)
        for number, (name, size, buys) in enumerate(fills)
    ]
    records += [
        r.FillCorrected(
            family=f"f{number}", exec_id=f"f{number}.{turn:02}", qty=Decimal(qty),
            price=Decimal(99), wall_ns=0,
        )
        for turn, (number, qty) in enumerate(corrections, 2)
    ]  # fmt: skip
    for seq, record in enumerate(records):
        for news in standings.apply(seq, record):
            if isinstance(news.event, Fill):
                knows[news.strategy] += news.event.qty * news.event.side.sign
            else:
                assert isinstance(news.event, AskAnew)
                knows[news.strategy] = standings.standing(news.strategy, news.con_id).position
    for name in ("a", "b"):
        assert knows[name] == standings.standing(name, AAPL.con_id).position


@given(
    st.dictionaries(st.sampled_from(["a", "b", NOBODY]), st.integers(-9, 9)), st.integers(-40, 40)
)
def test_what_others_trade_comes_off_their_own_shares_first_and_then_off_who_holds(
    held: dict[str, int], change: int
) -> None:
    """So a person's own shares are a person's, and no strategy believes in what was sold."""
    holdings = {name: Decimal(qty) for name, qty in held.items()}
    changes = moved(holdings, NOBODY, Decimal(change))
    assert sum(changes.values()) == change
    zero = Decimal(0)
    after = {n: holdings.get(n, zero) + changes.get(n, zero) for n in {*holdings, NOBODY}}
    for name in changes.keys() - {NOBODY}:
        assert abs(after[name]) < abs(holdings[name]), "no strategy is turned round or given more"
        assert after[NOBODY] * change >= 0, "others have nothing left on the other side"
    if after[NOBODY] * change > 0:
        rest = (qty for name, qty in after.items() if name != NOBODY)
        kept = holdings.get(NOBODY, 0) * change > 0
        assert kept or all(qty * change >= 0 for qty in rest), "or nobody else had any"


POSITIONS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(1, 20), st.booleans()) | st.integers(-30, 30),
    max_size=20,
)


@given(POSITIONS)
def test_a_position_that_a_person_accepts_and_what_others_trade_is_what_everybody_has(
    steps: list[tuple[str, int, bool] | int],
) -> None:
    """Book and standings agree, together they have the account's position, who was told knows."""
    book, standings = Book(), Standings()
    book.account = "DU1"
    told = dict.fromkeys(("a", "b"), Decimal(0))
    total = Decimal(0)
    for number, step in enumerate(steps):
        record: r.Record
        if isinstance(step, int):
            total = Decimal(step)
            record = r.PositionAdopted(
                con_id=AAPL.con_id, qty=total, avg_cost=Decimal(1), who="ann", why="seen",
            )  # fmt: skip
        else:
            name, size, buys = step
            total += size if buys else -size
            record = fill(number, name, size if buys else -size)
        book.apply(record)
        for news in standings.apply(number, record):
            assert isinstance(news.event, Fill)
            told[news.strategy] += news.event.qty * news.event.side.sign
    have = {name: standings.standing(name, AAPL.con_id).position for name in NAMES}
    assert sum(have.values()) == total == book.positions.get(("DU1", AAPL.con_id), 0)
    assert have == {name: book.holdings.get((name, AAPL.con_id), Decimal(0)) for name in NAMES}
    assert told == {name: have[name] for name in told}


def test_a_correction_of_the_price_alone_disturbs_nobody() -> None:
    standings = Standings()
    standings.apply(1, fill(1, "a", 5))
    same = r.FillCorrected(
        family="f1", exec_id="f1.02", qty=Decimal(5), price=Decimal(99), wall_ns=0
    )
    assert standings.apply(2, same) == ()
