"""Every reason that a check can have, alone: what other checks say of the same order is not asked.

A check that is behind another one refuses too, in its own words, where what it needs is missing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from robotrader.domain import Borrow, Leg, LinkState, OrderType, Purpose, Quote, SecType
from robotrader.risk import (
    Correlations,
    DayFigures,
    Gate,
    Margin,
    RiskView,
    SessionState,
    Switch,
    WorkingOrder,
    ratio,
    wish_of,
)
from robotrader.risk.checks import FOR_ALL, FOR_ENTRIES
from robotrader.risk.switch import ALL, Level, Trigger, Trip
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import (
    MS,
    NOW,
    account,
    intent,
    leaving,
    limit_order,
    limits,
    other,
    view,
)

D = Decimal
A, B = AAPL.con_id, KO.con_id
TEN = intent(qty=10)
NAN = float("nan")


def quoted(bid: float, ask: float, late_ms: int = 0) -> RiskView:
    return view(quotes={A: Quote(A, NOW - late_ms * MS, bid, ask, 1, 1)})


def lend(**fields: Any) -> RiskView:
    return view(borrows={A: Borrow(con_id=A, **{"shares": D(5), "to_locate": False, **fields})})


def said(wanted: Any = TEN, **fields: Any) -> RiskView:
    known: dict[str, Any] = {
        "initial": D(50),
        "maintenance": D(50),
        "equity": D(100),
        "at_ns": NOW - 2_000 * MS,
    }
    return view(margins={wish_of(wanted): Margin(**{**known, **fields})})


def priceless(**fields: Any) -> RiskView:
    """KO is held, and nobody knows what it is worth."""
    known = account(ko=5)
    lost = replace(known.positions[B], mark=None, value=None, unrealized=None)
    quotes = {A: Quote(A, NOW, 100.0, 100.0, 1, 1)}
    return view(ledger=replace(known, positions={B: lost}), quotes=quotes, **fields)


def moves(rho: float) -> Correlations:
    return Correlations({A: 0, B: 1}, ((1.0, rho), (rho, 1.0)), 250)


def days(**fields: Any) -> RiskView:
    return view(days={A: DayFigures(**{"volume": 1_000.0, "volatility": 0.5, **fields})})


PAUSED = Switch((Trip(Level.PAUSE, ALL, Trigger.PERSON, "lunch"),))
ENTRY = replace(other("BUY", 1), strategy="s")
RESTS = view(ledger=replace(account(), reduced_ns={A: NOW - 4 * MS}))
EXITS = (replace(other("SELL", 2), reduces=True),)
SHORT = {"short_needs_borrow": True}
PAIR = {"max_pair_correlation": ratio("0.8")}
CLUSTER = {"max_cluster_weight": ratio("0.02")}
MARGIN = {"max_margin": ratio("0.5")}
INDEX = replace(AAPL, sec_type=SecType.INDEX)
REASONS: list[tuple[str, Any, RiskView, dict[str, Any], str]] = [
    ("contract", TEN, view(instruments={}), {}, f"contract {A} is not known"),
    ("contract", intent(symbol="KO"), view(), {}, f"contract {A} is AAPL, not KO"),
    ("contract", TEN, view(instruments={A: INDEX}), {}, "AAPL is an index"),
    ("contract", TEN, view(), {}, ""),
    ("positions", TEN, view(ledger=None), {}, "the positions are not known"),
    ("positions", TEN, view(others=None), {}, "the working orders are not known"),
    ("positions", TEN, view(), {}, ""),
    ("exit_grows", TEN, view(), {}, ""),
    ("exit_grows", leaving(qty=5), view(aapl=5), {}, ""),
    ("exit_grows", leaving(qty=6), view(aapl=5), {}, "SELL 6 of AAPL is no exit: 5 are held and 5"),
    ("link", TEN, view(link=None), {}, "the connection is not known"),
    ("link", TEN, view(link=LinkState.DOWN), {}, "the connection is down"),
    ("link", TEN, view(), {}, ""),
    ("switch", TEN, view(switch=None), {}, "the state of the kill switch is not known"),
    ("switch", TEN, view(switch=PAUSED), {}, "the kill switch is at pause for all"),
    ("switch", TEN, view(), {}, ""),
    ("halted", TEN, view(halted=None), {}, "which contracts are halted is not known"),
    ("halted", TEN, view(halted=frozenset({A})), {}, "AAPL is halted"),
    ("halted", TEN, view(halted=frozenset({B})), {}, ""),
    ("symbol", TEN, view(), {"allowed_symbols": frozenset({"KO"})}, "AAPL is not among the 1"),
    ("symbol", TEN, view(), {}, ""),
    ("restricted", TEN, view(), {"restricted_symbols": frozenset({"AAPL"})}, "AAPL is restricted"),
    ("restricted", TEN, view(), {"restricted_symbols": frozenset({"KO"})}, ""),
    ("restart", TEN, view(restart_at_ns=NOW + 120_000 * MS), {}, "the gateway restarts in 120000"),
    ("restart", TEN, view(restart_at_ns=NOW + 120_000 * MS + 1), {}, ""),
    ("session", TEN, view(sessions={}), {}, "the market of AAPL is in a state that is not known"),
    ("session", TEN, view(sessions={A: SessionState.CLOSED}), {}, "the market of AAPL is closed"),
    ("session", TEN, view(), {}, ""),
    ("step", TEN, view(instruments={}), {}, "quantity 10 is no multiple of 0"),
    ("step", intent(qty="1.5"), view(), {}, "quantity 1.5 is no multiple of 1"),
    ("step", TEN, view(), {}, ""),
    ("clock", TEN, view(), {"max_clock_skew_ms": 5}, "how far our clock is from the broker's"),
    ("clock", TEN, view(skew_ns=-6 * MS), {"max_clock_skew_ms": 5}, "our clock is -6.000 ms"),
    ("clock", TEN, view(skew_ns=-5 * MS), {"max_clock_skew_ms": 5}, ""),
    ("clock", TEN, view(), {}, ""),
    ("quote", TEN, view(quotes={}), {}, "there is no quote of AAPL"),
    ("quote", TEN, view(stale=frozenset({A})), {}, "the prices of AAPL are stale"),
    ("quote", TEN, view(stale=frozenset({B})), {}, ""),
    ("quote", TEN, quoted(NAN, 100.0), {}, "the quote of AAPL is none: nan to 100.0"),
    ("quote", TEN, quoted(101.0, 100.0), {}, "the quote of AAPL is none: 101.0 to 100.0"),
    ("quote", TEN, quoted(100.0, 100.0, 5_001), {}, "the quote is 5001 ms old, 5000 at most"),
    ("quote", TEN, quoted(100.0, 100.0, -1_001), {}, "the quote is 1001 ms in the future"),
    ("quote", TEN, quoted(99.0, 100.0, 5_000), {}, ""),
    ("collar", TEN, view(quotes={}), {}, "there is no price of AAPL to compare with"),
    ("collar", limit_order("BUY", 1, "151"), view(), {}, "its limit 151 is further"),
    ("collar", limit_order("BUY", 1, "150"), view(), {}, ""),
    ("collar", intent(order_type=OrderType.STOP, aux_price=D(49)), view(), {}, "its trigger 49 is"),
    ("collar", intent(order_type=OrderType.TRAIL, aux_price=D(1)), view(), {}, ""),
    ("entry_pending", TEN, view(others=(ENTRY,)), {"max_entries_pending": 1}, "1 entries of AAPL"),
    ("entry_pending", TEN, view(others=(ENTRY,)), {"max_entries_pending": 2}, ""),
    ("entry_pending", TEN, view(others=None), {"max_entries_pending": 1}, ""),
    ("exit_pending", intent("SELL", 9), view(aapl=5, others=EXITS), {}, "2 of AAPL are being clos"),
    ("exit_pending", intent("BUY", 9), view(aapl=5, others=EXITS), {}, ""),
    ("exit_pending", intent("SELL", 9), view(others=EXITS), {}, ""),
    ("exit_pending", intent("SELL", 9), view(aapl=5), {}, ""),
    ("open_orders", TEN, view(others=EXITS), {"max_open_orders": 1}, "1 orders are on their way"),
    ("open_orders", TEN, view(others=EXITS), {"max_open_orders": 2}, ""),
    ("rate_second", TEN, view(), {"max_orders_per_s": 0}, "0 orders passed in the last second"),
    ("rate_minute", TEN, view(), {"max_orders_per_min": 0}, "0 orders passed in the last minute"),
    ("rate_day", TEN, view(), {"max_orders_per_day": 0}, "0 orders passed today"),
    ("daily_loss", TEN, view(ledger=None), {}, "the day's profit is not known"),
    ("daily_loss", TEN, view(ledger=replace(account(), daily=None)), {}, "the day's profit is not"),
    ("daily_loss", TEN, view(), {}, ""),
    ("drawdown", TEN, view(ledger=None), {}, "the drawdown is not known"),
    ("drawdown", TEN, view(ledger=replace(account(), drawdown=None)), {}, "the drawdown is not kn"),
    ("drawdown", TEN, view(), {}, ""),
    ("losses", TEN, view(ledger=None), {"max_losses_row": 1}, "which trades lost is not known"),
    ("losses", TEN, view(switch=None), {"max_losses_row": 1}, "which trades lost is not known"),
    ("losses", TEN, view(), {"max_losses_row": 1}, ""),
    ("cancel_ratio", TEN, view(), {"max_cancel_ratio": ratio(0), "cancel_ratio_orders": 0}, ""),
    ("cooldown", TEN, view(ledger=None), {"cooldown_ms": 5}, ""),
    ("cooldown", TEN, view(), {"cooldown_ms": 5}, ""),
    ("cooldown", TEN, RESTS, {"cooldown_ms": 5}, "AAPL was sold or bought back 4 ms ago, 5 are"),
    ("order_qty", TEN, view(), {"max_order_qty": D(9)}, "an order of 10 shares is above"),
    ("order_usd", TEN, view(quotes={}), {}, "there is no price of AAPL"),
    ("order_usd", limit_order("BUY", 1, "9"), view(instruments={}), {}, "there is no price of"),
    ("order_usd", TEN, view(), {"max_order_usd": D(999)}, "an order worth 1000.0 USD is above"),
    ("order_usd", TEN, view(), {"max_order_usd": D(1_000)}, ""),
    ("equity", TEN, view(ledger=None), {}, "equity is not known"),
    ("equity", TEN, view(ledger=replace(account(), equity=D(0))), {}, "equity is 0"),
    ("equity", TEN, view(ledger=replace(account(), equity=D(1))), {}, ""),
    ("short", intent("SELL", 6), view(aapl=5), {"allow_short": False}, "-1 of AAPL would be held"),
    ("short", intent("SELL", 5), view(aapl=5), {"allow_short": False}, ""),
    ("short", intent("BUY", 1), view(aapl=-5), {"allow_short": False}, ""),
    ("position_qty", TEN, view(aapl=5), {"max_symbol_qty": D(14)}, "a position in AAPL of 15 shar"),
    ("position_usd", TEN, view(quotes={}), {}, "its price is not known"),
    (
        "position_usd",
        TEN,
        view(),
        {"max_symbol_usd": D(999)},
        "a position in AAPL worth 1000.0 USD",
    ),
    ("position_weight", TEN, view(quotes={}), {}, "its price is not known"),
    ("position_weight", TEN, view(), {"max_symbol_weight": ratio(0)}, "a position in AAPL worth"),
    ("sector", TEN, view(sectors={}), {"max_sector_weight": ratio(1)}, "the sector of AAPL is not"),
    ("sector", TEN, view(sectors={}), {}, ""),
    ("sector", TEN, view(), {"max_sector_weight": ratio(0)}, "positions in tech worth 1000.0 USD"),
    ("gross", TEN, priceless(), {}, "a price of what is held or on its way is not known"),
    ("gross", TEN, view(), {"max_gross": ratio(0)}, "a gross exposure of 1000.0 USD"),
    ("gross_usd", TEN, priceless(), {}, "a price of what is held or on its way is not known"),
    ("gross_usd", TEN, view(), {"max_gross_usd": D(999)}, "a gross exposure of 1000.0 USD"),
    ("net", TEN, priceless(), {}, "a price of what is held or on its way is not known"),
    ("net", TEN, view(), {"max_net": ratio(0)}, "a net exposure of 1000.0 USD"),
    ("net", intent("SELL", 9), view(), {"max_net": ratio(0)}, "a net exposure of 900.0 USD"),
    ("open_positions", TEN, view(), {"max_open_positions": 0}, "1 open positions are more than 0"),
    ("volume", TEN, view(), {"max_volume_share": ratio(1)}, "the daily volume of AAPL is not"),
    ("volume", TEN, days(volume=None), {"max_volume_share": ratio(1)}, "the daily volume of AAPL"),
    ("volume", TEN, days(volume=NAN), {"max_volume_share": ratio(1)}, "the daily volume of AAPL"),
    ("volume", TEN, days(volume=0.0), {"max_volume_share": ratio(1)}, "10 are above the limit of"),
    ("volume", TEN, days(), {"max_volume_share": ratio("0.01")}, ""),
    ("volume", TEN, view(), {}, ""),
    ("volatility", TEN, view(), {"max_volatility": ratio(1)}, "the volatility of AAPL is not kno"),
    ("volatility", TEN, days(volatility=None), {"max_volatility": ratio(1)}, "the volatility of A"),
    ("volatility", TEN, days(volatility=NAN), {"max_volatility": ratio(1)}, "the volatility of AA"),
    ("volatility", TEN, days(volatility=0.0), {"max_volatility": ratio(0)}, ""),
    (
        "volatility",
        TEN,
        days(),
        {"max_volatility": ratio("0.4")},
        "the volatility of AAPL is 0.500",
    ),
    ("volatility", TEN, view(), {}, ""),
    ("strategy", TEN, view(ledger=None), {"max_strategy_weight": {"s": ratio(1)}}, "equity is not"),
    ("strategy", TEN, view(quotes={}), {"max_strategy_weight": {"s": ratio(1)}}, "a price of what"),
    ("strategy", TEN, view(), {"max_strategy_weight": {"s": ratio(0)}}, "s would use 1000.0 USD"),
    ("strategy", TEN, view(), {"max_strategy_weight": {"t": ratio(0)}}, ""),
    ("correlation", TEN, view(ko=1), PAIR, "its correlation with KO is not known: there are no"),
    (
        "correlation",
        TEN,
        view(ko=1, correlations=moves(0.9)),
        PAIR,
        "its correlation with KO is 0.9",
    ),
    (
        "correlation",
        TEN,
        view(ko=1, correlations=moves(1.5)),
        PAIR,
        "its correlation with KO is 1.5",
    ),
    ("correlation", TEN, view(ko=1, correlations=moves(0.8)), PAIR, ""),
    ("correlation", TEN, view(ko=1), {}, ""),
    ("cluster", TEN, priceless(), CLUSTER, "a price of what is held or on its way is not known"),
    ("cluster", TEN, view(ko=11), CLUSTER, "positions that move together (AAPL, KO) worth 2100"),
    ("cluster", TEN, view(ko=10), CLUSTER, ""),
    ("cluster", TEN, view(ko=90), {}, ""),
    ("heat", TEN, view(ledger=None), {"max_heat": ratio(1)}, "equity is not known"),
    ("heat", TEN, priceless(), {"max_heat": ratio(1)}, "a price of what is held or on its way"),
    (
        "heat",
        TEN,
        view(),
        {"max_heat": ratio(0)},
        "1000.0 USD would be lost if every stop were hit",
    ),
    ("heat", TEN, view(), {}, ""),
    ("borrow", intent("SELL"), view(), SHORT, "whether shares of AAPL can be borrowed is not kno"),
    ("borrow", intent("SELL"), lend(shares=None), SHORT, "whether shares of AAPL can be borrowed"),
    ("borrow", intent("SELL"), lend(shares=None, to_locate=True), SHORT, "shares of AAPL have to"),
    ("borrow", intent("SELL"), lend(to_locate=True), SHORT, "shares of AAPL have to be located"),
    ("borrow", intent("SELL", 6), lend(), SHORT, "6 shares of AAPL would have to be borrowed, 5"),
    ("borrow", intent("SELL", 5), lend(), SHORT, ""),
    ("borrow", intent("SELL"), lend(shares=D("inf")), SHORT, "1 shares of AAPL would have to be"),
    ("borrow", intent("SELL", 5), view(aapl=5), SHORT, ""),
    ("borrow", intent("BUY"), view(), SHORT, ""),
    ("borrow", intent("SELL"), view(), {}, ""),
    ("margin", TEN, view(), MARGIN, "the broker has not said what margin it would need"),
    ("margin", TEN, said(at_ns=NOW - 2_000 * MS - 1), MARGIN, "the broker has not said what marg"),
    ("margin", TEN, said(why="no leave"), MARGIN, "the broker would refuse it: no leave"),
    ("margin", TEN, said(initial=D("nan")), MARGIN, "the broker's margin is none: NaN"),
    ("margin", TEN, said(maintenance=D("inf")), MARGIN, "the broker's margin is none: 50, Inf"),
    ("margin", TEN, said(equity=D("-inf")), MARGIN, "the broker's margin is none: 50, 50 of -I"),
    ("margin", TEN, said(initial=D("50.01")), MARGIN, "an initial margin of 50.01 is above"),
    ("margin", TEN, said(maintenance=D("100.01")), MARGIN, "a maintenance margin of 100.01 is"),
    ("margin", TEN, said(maintenance=D(100)), MARGIN, ""),
    ("margin", TEN, view(), {}, ""),
    *(
        (what, TEN, days(**{what: float("inf")}), {name: ratio(1)}, f"the {said_} of AAPL is not")
        for what, name, said_ in (
            ("volume", "max_volume_share", "daily volume"),
            ("volatility", "max_volatility", "volatility"),
        )
    ),
    (
        "correlation",
        TEN,
        view(ko=1, correlations=moves(0.0)),
        {"max_pair_correlation": ratio(0)},
        "",
    ),
]


@pytest.mark.parametrize(("code", "wanted", "seen", "changed", "reason"), REASONS)
def test_a_check_says_its_own_reason_and_nothing_where_it_has_none(
    code: str, wanted: Any, seen: RiskView, changed: dict[str, Any], reason: str
) -> None:
    found = Gate(limits(**changed)).explain(wanted, seen, NOW)
    assert not isinstance(found, str)
    why = next(each.why for each in found.checks if each.code == code)
    assert why.startswith(reason), why
    assert bool(why) is bool(reason), why


def test_every_check_has_its_reasons_here() -> None:
    named = {code for code, *_, reason in REASONS if reason}
    after_orders = {"duplicate", "cancel_ratio"}  # test_gate, test_lately
    assert named | after_orders == {code for code, _ in (*FOR_ALL, *FOR_ENTRIES)}


def test_an_exit_with_legs_says_that_they_would_open_a_position() -> None:
    leg = Leg(order_type=OrderType.STOP, aux_price=D(90))
    found = Gate(limits()).explain(replace(leaving(qty=5), legs=(leg,)), view(aapl=5), NOW)
    assert not isinstance(found, str)
    (why,) = [each.why for each in found.checks if each.code == "exit_grows"]
    assert why == "an order to exit has no legs: they would open a position"
    assert not found.reduces


def test_what_is_explained_is_the_order_as_the_gate_sees_it() -> None:
    seen = view(aapl=5, others=(other("BUY", 2), other("SELL", 1)))
    found = Gate(limits(max_symbol_qty=D(11))).explain(limit_order("BUY", 10, "101"), seen, NOW)
    assert not isinstance(found, str)
    assert (found.position, found.low, found.high) == (D(5), D(4), D(17))
    assert (found.price, found.worth, found.most) == (D(101), 17 * D(101), D(4))
    assert all(each.asked for each in found.checks)
    closes = Gate(limits()).explain(leaving(qty=4), view(aapl=5), NOW)
    assert not isinstance(closes, str)
    asked = {each.code for each in closes.checks if each.asked}
    assert asked == {code for code, _ in FOR_ALL}
    assert (closes.reduces, closes.most) == (True, D(4))


def test_a_purchase_is_near_the_ask_and_a_sale_near_the_bid() -> None:
    for side, price in (("BUY", 101), ("SELL", 99)):
        found = Gate(limits()).explain(intent(side), quoted(99.0, 101.0), NOW)
        assert not isinstance(found, str)
        assert found.price == price


def test_a_stop_closes_what_no_other_order_does_and_takes_a_profits_shares() -> None:
    """A stop closes what no other stop and no firm order closes; an exit what no firm one does."""
    protects = replace(other("SELL", 3), yields=True, protects=True, reduces=True)
    seen = view(aapl=5, others=(protects,))
    for purpose, most in ((Purpose.EXIT, 5), (Purpose.STOP, 2)):
        wanted = intent("SELL", 9, purpose=purpose, order_type=OrderType.STOP, aux_price=D(90))
        assert Gate(limits()).most(wanted, seen, NOW) == most
    takes_profit: WorkingOrder = replace(protects, protects=False)
    wanted = intent("SELL", 9, purpose=Purpose.STOP, order_type=OrderType.STOP, aux_price=D(90))
    assert Gate(limits()).most(wanted, view(aapl=5, others=(takes_profit,)), NOW) == 5
