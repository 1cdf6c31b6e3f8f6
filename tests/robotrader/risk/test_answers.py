"""What the gate answers where two things of a kind count, or what it knew before is not so now."""

from __future__ import annotations

from decimal import Context, Decimal, getcontext, localcontext
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Approved, Refusal, Side
from robotrader.domain.errors import RiskLimitExceededError
from robotrader.domain.records import LimitChanged
from robotrader.ledger.money import EXACT
from robotrader.risk import Correlations, Gate, Keeper, Margin, WorkingOrder, ratio, usd, wish_of
from robotrader.risk import gate as gates
from robotrader.risk.exposure import OnWay, Pending, pending
from robotrader.risk.heat import StopAt
from robotrader.risk.held import Held
from robotrader.risk.past import PastState
from robotrader.risk.worst import Worst
from robotrader.strategies import Standings
from tests.robotrader.ledger.kit import AAPL, KO, rolled
from tests.robotrader.ledger.kit import ledger as book_of
from tests.robotrader.risk.kit import (
    NOW,
    SPY,
    code,
    intent,
    judged,
    leaving,
    limit_order,
    limits,
    view,
)
from tests.robotrader.risk.test_worst import QTY, reserved

D = Decimal
CON_IDS = (AAPL.con_id, KO.con_id, SPY.con_id)


def changed(name: str, value: str) -> LimitChanged:
    return LimitChanged(
        name=name, value=D(value), who="ann", why="a test", old="", base="", configured=False,
        wall_ns=NOW,
    )  # fmt: skip


def test_an_approval_says_by_which_limits_it_was_given() -> None:
    gate = Gate(limits())
    before = gate.judge(intent(cause="1"), view(), NOW)
    gate.change(changed("max_open_orders", "7"))
    after = gate.judge(intent(cause="2"), view(), NOW)
    restored = Gate(limits())
    restored.restore(PastState(), [changed("max_open_orders", "7")])
    again = restored.judge(intent(cause="3"), view(), NOW)
    for found, of in ((before, limits()), (after, gate.limits), (again, gate.limits)):
        assert isinstance(found, Approved)
        assert found.limits_hash == of.hash
    assert limits().hash != gate.limits.hash


def test_orders_of_a_day_are_counted_from_the_day_that_the_ledger_says() -> None:
    gate = Gate(limits(max_orders_per_day=1))
    assert code(gate.judge(intent(cause="1"), view(), NOW)) == ""
    assert code(gate.judge(intent(cause="2"), view(), NOW)) == "rate_day"
    later = book_of(rolled("2026-11-20", "100000"), rolled("2026-11-23", "100000"))
    marks = dict.fromkeys(CON_IDS, 100.0)
    assert code(gate.judge(intent(cause="3"), view(ledger=later.view(marks)), NOW)) == ""


@pytest.mark.parametrize("step", ["0.5", "1", "2", "4"])
@pytest.mark.parametrize("most", ["1", "7", "100"])
def test_the_most_is_of_whole_steps_and_never_more_than_was_wanted(step: str, most: str) -> None:
    gate = Gate(limits(max_order_qty=D(most)))
    of_steps = msgspec.structs.replace(AAPL, size_step=D(step))
    seen = view(instruments={AAPL.con_id: of_steps})
    expected = min(D(10), D(most)) // D(step) * D(step)
    assert gate.most(intent(qty=10), seen, NOW) == expected


def test_of_a_contract_without_a_step_nothing_can_pass() -> None:
    without = msgspec.structs.replace(AAPL, size_step=D(0))
    assert Gate(limits()).most(intent(), view(instruments={AAPL.con_id: without}), NOW) == 0


@pytest.mark.parametrize("held", [1, -1, 10, -10])
def test_shares_that_exits_of_ours_and_of_others_close_are_added_up(held: int) -> None:
    side = Side.SELL if held > 0 else Side.BUY
    gate = Gate(limits())
    seen = view(aapl=2 * held)
    assert code(gate.judge(leaving(side, abs(held)), seen, NOW)) == ""
    working = WorkingOrder(ref="x", con_id=AAPL.con_id, side=side, qty=D(abs(held)))
    seen = msgspec.structs.replace(seen, others=(working,))
    found = gate.judge(intent(side, abs(held), cause="more"), seen, NOW)
    assert isinstance(found, Refusal)
    assert found.code == "exit_pending"
    assert found.why.startswith(f"{2 * abs(held)} of AAPL are being closed")


def test_only_the_brokers_word_is_missing_or_something_else_is_against_it() -> None:
    gate = Gate(limits(max_margin=ratio(1), max_order_qty=D(5)))
    assert gate.lacks_margin(intent(qty=5), view(), NOW) is True
    assert gate.judge(intent(qty=5), view(), NOW, asks=True) is None
    assert gate.lacks_margin(intent(qty=6), view(), NOW) is False
    said = Margin(initial=D(1), maintenance=D(1), equity=D(9), at_ns=NOW)
    seen = view(margins={wish_of(intent(qty=5)): said})
    assert gate.lacks_margin(intent(qty=5), seen, NOW) is False
    assert isinstance(gate.judge(intent(qty=5), seen, NOW, asks=True), Approved)


@pytest.mark.parametrize(
    ("found", "refused"), [(1.0, True), (-1.0, False), (1.5, True), (-1.5, True)]
)
def test_a_correlation_beyond_one_is_none(found: float, refused: bool) -> None:
    rows = ((1.0, found), (found, 1.0))
    known = Correlations({AAPL.con_id: 0, KO.con_id: 1}, rows, 250)
    seen = view(ko=10, correlations=known)
    gate = Gate(limits(max_pair_correlation=ratio("0.9")))
    answer = gate.judge(intent(), seen, NOW)
    assert code(answer) == ("correlation" if refused else "")
    if abs(found) > 1:
        assert isinstance(answer, Refusal)
        assert "which is none" in answer.why


NUMBERS = st.sampled_from((0.1, 0.5, 0.8))
MATRICES = st.tuples(NUMBERS, NUMBERS, NUMBERS).map(
    lambda parts: Correlations(
        {con_id: at for at, con_id in enumerate(CON_IDS)},
        (
            (1.0, parts[0], parts[1]),
            (parts[0], 1.0, parts[2]),
            (parts[1], parts[2], 1.0),
        ),
        250,
    )
)


@given(
    st.lists(MATRICES, min_size=2, max_size=3),
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from(CON_IDS),
            st.sampled_from((D("0.3"), D("0.8"), D("0.9"))),
        ),
        min_size=6,
        max_size=20,
    ),
)
def test_what_moves_with_a_contract_is_what_the_matrix_says_that_is_asked_about(
    matrices: list[Correlations], asked: list[tuple[int, int, Decimal]]
) -> None:
    """Whatever was asked before, about which matrix and of what contract."""
    worst = Worst()
    held = tuple(reserved(con_id, "100") for con_id in CON_IDS)
    with localcontext(EXACT):
        worst.look(view(), held)
        for number, con_id, least in asked:
            known = matrices[number % len(matrices)]
            assert worst.clusters.near(con_id, known, least) == known.near(con_id, float(least))
            members = known.cluster(con_id, {*CON_IDS}, float(least))
            found = worst.clusters.of(con_id, worst.held, known, least, worst.rows, worst.strangers)
            assert found.members == members
            assert found.worth.total == 100 * len(members)


ORDERS = st.lists(
    st.builds(
        Pending,
        st.just(AAPL.con_id),
        st.sampled_from((1, -1)),
        QTY,
        st.sampled_from((None, D(90), D(100), D("101.5"))),
        stop=st.sampled_from((None, StopAt(trigger=D(95)))),
    ),
    min_size=1,
    max_size=5,
)


@given(ORDERS)
def test_what_is_on_its_way_with_an_order_more_is_all_of_it_counted_anew(
    orders: list[Pending],
) -> None:
    *before, last = orders
    found = OnWay.of(AAPL.con_id, before).plus(last)
    assert found == OnWay.of(AAPL.con_id, orders)
    assert found.buys == sum(each.qty for each in orders if each.sign > 0)
    assert found.sells == sum(each.qty for each in orders if each.sign < 0)
    prices = [each.price for each in orders if each.price is not None]
    assert found.top == max(prices, default=None)


def test_of_a_group_only_one_can_fill_and_what_is_in_none_fills_beside_it() -> None:
    own = [
        Pending(AAPL.con_id, -1, D(5), None, group="oca"),
        Pending(AAPL.con_id, -1, D(7), None, group="oca"),
        Pending(AAPL.con_id, -1, D(2), None),
        Pending(AAPL.con_id, 1, D(3), None),
    ]
    found = OnWay.of(AAPL.con_id, own)
    assert found.buys == 3
    assert found.sells == 9


@pytest.mark.parametrize("brought", [True, False])
def test_a_stop_that_an_entry_brought_counts_once(brought: bool) -> None:
    """Beside an exit of ours that brings none; another cause's stop is not the entry's."""
    stop = StopAt(trigger=D(95))
    entry = msgspec.structs.replace(reserved(AAPL.con_id, "100"), stop=stop, cause="c1")
    exit_ = msgspec.structs.replace(
        reserved(KO.con_id, "100"), number=2, sign=-1, reduces=True, yields=True, stop=stop
    )
    leg = WorkingOrder(
        ref="leg", con_id=AAPL.con_id, side=Side.SELL, qty=D(1), strategy="s", reduces=True,
        yields=True, protects=True, stop=stop, cause="c1" if brought else "c2",
    )  # fmt: skip
    found = pending((entry, exit_), (leg,))
    assert [each.stop for each in found if each.sign > 0] == [None if brought else stop]
    assert [each.stop for each in found if each.sign < 0] == [stop, stop]


def test_so_many_reservations_that_are_over_can_be_held_again_and_no_more() -> None:
    gate = Gate(limits())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gates, "REMEMBERED", 2)
        numbers = []
        for cause in "abc":
            found = gate.judge(intent(qty=5, cause=cause), view(), NOW)
            assert isinstance(found, Approved)
            gate.release(found.reservation, D(5))
            numbers.append(found.reservation)
    with pytest.raises(RiskLimitExceededError, match="nothing is held"):
        gate.release(numbers[0], D(-1))
    for number in numbers[1:]:
        gate.release(number, D(-1))
        assert gate.held(number) == 1


def test_who_may_ask_the_broker_is_told_what_else_a_strategy_hears() -> None:
    one = Keeper(
        Gate(limits(max_margin=ratio(1), max_order_qty=D(5))),
        book_of(rolled("2026-11-20", "100000")),
        Standings(),
    )
    assert one.judge_or_ask(intent(qty=5), view(), NOW) is None
    refused = one.judge_or_ask(intent(qty=6), view(), NOW)
    assert isinstance(refused, tuple)
    assert refused[0].code == "order_qty"
    said = Margin(initial=D(1), maintenance=D(1), equity=D(9), at_ns=NOW)
    seen = view(margins={wish_of(intent(qty=5)): said})
    assert isinstance(one.judge_or_ask(intent(qty=5), seen, NOW), Approved)


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(CON_IDS), st.booleans()),
        min_size=4,
        max_size=20,
    )
)
def test_what_is_held_is_held_once_of_the_contract_that_it_is_of(
    changes: list[tuple[int, int, bool]],
) -> None:
    """Also where a number comes again for another contract."""
    held, plain = Held(), dict[int, int]()
    for number, con_id, drops in changes:
        if drops:
            held.drop(number)
            plain.pop(number, None)
        else:
            held.put(msgspec.structs.replace(reserved(con_id, "1"), number=number))
            if plain.get(number) not in {None, con_id}:
                del plain[number]  # it is new in its place
            plain[number] = con_id
        assert [each.number for each in held.all()] == [*plain]
        for each in CON_IDS:
            own = {number for number, of in plain.items() if of == each}
            assert {one.number for one in held.of(each)} == own


def test_an_unknown_equity_an_endless_one_and_one_of_nothing_pass_nothing() -> None:
    ledger = view().ledger
    assert ledger is not None
    for equity in (None, D("Infinity"), D("NaN"), D(0), D("1e18"), D(-5)):
        seen = view(ledger=msgspec.structs.replace(ledger, equity=equity))
        assert judged(intent(), seen) != ""


@pytest.mark.parametrize("asks", [False, True])
def test_whatever_context_of_decimals_somebody_has_is_left_alone_and_decides_nothing(
    asks: bool,
) -> None:
    """100.37 for 12,345 shares has more digits than a caller's context may keep."""
    price = D("100.37")
    wanted = limit_order("BUY", 12_345, str(price))
    worth = D(12_345) * price
    for most, expected in ((worth, ""), (worth - D("0.01"), "order_usd")):
        gate = Gate(limits(max_order_qty=D(10**6), max_order_usd=usd(most)))
        with localcontext(Context(prec=2)):
            plain = partial(gate.judge, wanted, view(), NOW)
            found = plain(asks=True) if asks else plain()
            assert getcontext().prec == 2
        assert found is not None
        assert code(found) == expected
