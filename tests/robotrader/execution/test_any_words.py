"""Whatever a broker says, in whatever order: no exception, no second send, no invented position."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.domain import (
    BrokerSnapshot,
    CommissionReport,
    ExecutionReport,
    LinkChanged,
    LinkState,
    OrderFailed,
    OrderReport,
    OrderState,
    PlaceOrder,
    PositionReport,
    ReportedStatus,
    Side,
)
from robotrader.domain import records as r
from robotrader.execution import Effect, Send
from tests.robotrader.execution.broker import ACCOUNT, CLIENT
from tests.robotrader.execution.test_crash_points import ready
from tests.robotrader.execution.world import SECOND, World

QTY = st.sampled_from([Decimal(each) for each in (0, 1, 40, 100, 500)])
ODD = st.one_of(QTY, st.sampled_from([Decimal("nan"), Decimal("-inf"), Decimal(-3)]))
REFS = st.sampled_from(["", "rt1-1-1", "rt1-1-2", "rt1-1-3", "rt1-9-9", "rt1-x", "by hand"])
IDS = st.sampled_from([0, 1, 2, 3, -5, 2**40])
CLIENTS = st.sampled_from([0, CLIENT, 9])
PERMS = st.sampled_from([0, 1001, 1002, 7])
GENERATIONS = st.sampled_from([0, 1, 5])

REPORTS = st.builds(
    OrderReport,
    order_id=IDS,
    client_id=CLIENTS,
    perm_id=PERMS,
    ref=REFS,
    status=st.sampled_from(ReportedStatus),
    generation=GENERATIONS,
    con_id=st.sampled_from([0, 1, 2]),
    account=st.just(ACCOUNT),
    side=st.sampled_from([None, *Side]),
    qty=QTY,
    filled=QTY,
    remaining=QTY,
    why_held=st.sampled_from(["", "locate"]),
    completed=st.booleans(),
    limit_price=st.sampled_from([None, Decimal(0), Decimal(9)]),
)
EXEC_IDS = st.sampled_from(["a", "00.01.01", "00.01.02", "00.01.10", "00.02.01", "..", "7"])
EXECUTIONS = st.builds(
    ExecutionReport,
    exec_id=EXEC_IDS,
    order_id=IDS,
    client_id=CLIENTS,
    perm_id=PERMS,
    ref=REFS,
    con_id=st.sampled_from([1, 2]),
    account=st.sampled_from([ACCOUNT, "DU2"]),
    side=st.sampled_from(Side),
    qty=ODD,
    price=ODD,
    time_ns=st.integers(0, 10),
    cum_qty=ODD,
    generation=GENERATIONS,
)
CHARGES = st.builds(
    CommissionReport,
    exec_id=EXEC_IDS,
    commission=ODD,
    currency=st.just("USD"),
    realized=st.none(),
    generation=GENERATIONS,
)
SNAPSHOTS = st.builds(
    BrokerSnapshot,
    request=st.integers(1, 6),
    generation=GENERATIONS,
    at_ns=st.integers(0, 10**14),
    open_orders=st.lists(REPORTS, max_size=3).map(tuple),
    completed=st.lists(REPORTS, max_size=3).map(tuple),
    executions=st.lists(EXECUTIONS, max_size=3).map(tuple),
    commissions=st.lists(CHARGES, max_size=2).map(tuple),
    positions=st.lists(
        st.builds(PositionReport, st.just(ACCOUNT), st.sampled_from([1, 2]), QTY, QTY), max_size=2
    ).map(tuple),
    values=st.just({}),
    missing=st.sampled_from([(), (), ("executions",)]),
)
LINKS = st.builds(
    LinkChanged, st.sampled_from(LinkState), st.integers(0, 3), st.just(0), next_order_id=IDS
)
FAILURES = st.builds(
    OrderFailed,
    IDS,
    st.sampled_from([103, 201, 202, 399, 10147, 10148, 5]),
    st.just(""),
    GENERATIONS,
)
WORDS = st.lists(
    st.one_of(REPORTS, EXECUTIONS, CHARGES, SNAPSHOTS, LINKS, FAILURES), min_size=1, max_size=12
)


def placed(effects: list[Effect]) -> list[PlaceOrder]:
    sends = [each.command for each in effects if isinstance(each, Send)]
    return [each for each in sends if isinstance(each, PlaceOrder)]


def fed(words: list[Any]) -> World:
    """A world with three orders, whose broker says these things instead of the truth."""
    world = ready()
    world.restored = True
    for _ in range(3):
        world.submit(50)
    world.run(SECOND // 10)
    for word in words:
        world.guard(world.hear, word)
        world.run(SECOND // 2)
    return world


@settings(max_examples=100, deadline=None)
@given(WORDS)
def test_no_word_of_a_broker_breaks_the_book_or_sends_an_order_again(words: list[Any]) -> None:
    world = fed(words)
    assert world.crashes == 0
    assert len(world.sent) == 3
    world.check_replay()
    for view in world.manager.orders():
        assert view.reserved >= 0
        assert view.state is not OrderState.INTENDED


@settings(max_examples=60, deadline=None)
@given(WORDS)
def test_a_position_is_the_sum_of_the_newest_fills_and_nothing_else(words: list[Any]) -> None:
    world = fed(words)
    fills: dict[str, tuple[int, int, Decimal]] = {}
    for record in world.journal:
        if isinstance(record, r.FillBooked) and record.account == ACCOUNT:
            fills[record.family] = (record.con_id, Side(record.side).sign, record.qty)
        if isinstance(record, r.FillCorrected) and record.family in fills:
            con_id, sign, _ = fills[record.family]
            fills[record.family] = (con_id, sign, record.qty)
    for con_id in (1, 2):
        total = sum(sign * qty for con, sign, qty in fills.values() if con == con_id)
        assert world.manager.position(con_id) == total
