"""What is taken over before anybody asks, whenever and how far, changes nothing of what is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.domain import Approved, Intent, Leg, OrderType
from robotrader.execution.effects import Released
from robotrader.risk import Gate, Limits, RiskView, pct
from robotrader.risk.keeper import Keeper
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import NOW, SPY, intent, limits
from tests.robotrader.risk.test_moved import (
    CONTRACT,
    LIMITS,
    SIDE,
    STEPS,
    SYMBOLS,
    TIGHT,
    WHO,
    D,
    order,
    said,
    stop,
)
from tests.robotrader.risk.test_moved import Account as Plain

PIECES = st.integers(1, 6)
TURNS = st.one_of(STEPS, STEPS, st.tuples(st.just("settled"), PIECES, st.none()))
ASKED = st.tuples(CONTRACT, WHO, SIDE, st.integers(1, 40))


class Account(Plain):
    """An account whose gate settles if it is to; ``heard`` is what it said of each intent."""

    def __init__(self, limited: Limits, *, settles: bool) -> None:
        super().__init__(limited)
        self.settles, self.heard = settles, list[str]()

    def judge(self, wanted: Intent) -> None:
        seen = self.look()
        self.heard.append(said(self.keeper.gate.explain(wanted, seen, NOW)))
        found = self.keeper.judge(wanted, seen, NOW)
        self.heard.append(said(found))
        if isinstance(found, Approved):
            self.approved.append(found)

    def _settled(self, pieces: int, _: None) -> None:
        for _piece in range(pieces if self.settles else 0):
            if not self.keeper.settle(self.look):
                break


@settings(max_examples=60)
@given(
    st.lists(st.one_of(TURNS, ASKED.map(lambda each: ("asked", each, None))), max_size=40),
    st.sampled_from((LIMITS, TIGHT, limits())),
)
def test_a_gate_that_settles_now_and_then_says_what_one_says_that_never_does(
    turns: list[Any], limited: Limits
) -> None:
    settles, never = Account(limited, settles=True), Account(limited, settles=False)
    for number, (what, one, other) in enumerate(turns):
        for account in (settles, never):
            if what == "asked":
                con_id, strategy, side, qty = one
                account.judge(
                    intent(
                        side, qty, con_id=con_id, symbol=SYMBOLS[con_id], strategy=strategy,
                        cause=f"a{number}",
                    )
                )  # fmt: skip
            else:
                account.do(what, one, other)
    for account in (settles, never):
        for con_id in SYMBOLS:
            account.judge(intent(qty=2, con_id=con_id, symbol=SYMBOLS[con_id], cause="last"))
    assert settles.heard == never.heard


def account() -> Account:
    """One in which something is held of two contracts, and nothing is left to settle."""
    made = Account(LIMITS, settles=True)
    made.do("filled", (AAPL.con_id, "s"), ("BUY", 5))
    made.do("filled", (KO.con_id, "t/K"), ("BUY", 5))
    all_of(made.keeper, made.look)
    return made


def all_of(keeper: Keeper, look: Any) -> int:
    """Settle everything; return in how many pieces."""
    pieces = 1
    while keeper.settle(look):
        pieces += 1
    return pieces


def test_a_piece_is_one_contract_after_what_is_new_was_found() -> None:
    made = account()
    for con_id in (AAPL.con_id, KO.con_id):
        made.price(con_id, 101.0)
    assert all_of(made.keeper, made.look) == 1 + 2
    assert not made.keeper.settle(made.look)


def test_where_nothing_is_new_nobody_looks() -> None:
    made = account()

    def nobody() -> RiskView:
        msg = "nothing is new"
        raise AssertionError(msg)

    assert not made.keeper.settle(nobody)


def test_what_an_approval_leaves_is_settled_too() -> None:
    made = account()
    made.judge(intent(qty=3))
    assert made.keeper.settle(made.look)
    assert not made.keeper.settle(made.look)


def test_what_comes_between_two_pieces_is_settled_after_them() -> None:
    made = account()
    made.price(AAPL.con_id, 101.0)
    assert made.keeper.settle(made.look)
    made.price(SPY.con_id, 99.0)
    made.price(KO.con_id, 102.0)
    assert made.keeper.settle(made.look), "Apple's"
    assert made.keeper.settle(made.look), "what has come since is found"
    assert isinstance(Gate(LIMITS).judge(intent(), made.look(), NOW), Approved)
    all_of(made.keeper, made.look)
    assert not made.keeper.settle(made.look)


BUDGET = limits(max_strategy_weight={"s": pct(1)})  # of 100,000 USD: ten shares


@pytest.mark.parametrize("gone", [4, 10])
def test_what_is_no_more_on_its_way_in_its_own_contract_does_not_count_against_it(
    gone: int,
) -> None:
    made = Account(BUDGET, settles=False)
    made.judge(intent(qty=10, cause="first"))
    made.judge(intent(con_id=KO.con_id, symbol="KO", strategy="t", cause="looks"))
    made.keeper.released(Released(made.approved[0].reservation, "x", D(gone), D(0)))
    for cause, qty in (("too much", gone + 1), ("fits", gone), ("one more", 1)):
        made.judge(intent(qty=qty, cause=cause))
    assert [each.intent.cause for each in made.approved] == ["first", "looks", "fits"]


def test_one_whose_stop_is_shown_before_it_has_passed_is_looked_at_with_it() -> None:
    """Its stop counts once: what works stops what the entry opens."""
    made = Account(LIMITS, settles=False)
    shown = order("x", AAPL.con_id, "s", "SELL", D(5), cause="tick-1")
    made.tell(stop(shown, D(95), parent="rt0"))
    legs = (Leg(order_type=OrderType.STOP, aux_price=D(95)),)
    wanted = intent(qty=5, legs=legs)
    made.judge(wanted)
    new = Gate(LIMITS)
    for each in made.keeper.gate.reserved:
        new.hold(each)
    seen, last = made.look(), intent(cause="last")
    assert said(made.keeper.gate.explain(last, seen, NOW)) == said(new.explain(last, seen, NOW))
    uses = made.keeper.gate.usage(seen, NOW)
    assert next(each.used for each in uses if each.name == "max_open_orders") == 2
