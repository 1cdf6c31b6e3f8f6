"""The gate at and around every limit: F22, F60-F64, F69, F81."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from robotrader.domain import (
    Approved,
    Intent,
    LinkState,
    Quote,
    Refusal,
    SecType,
    Sizing,
)
from robotrader.domain.errors import RiskLimitExceededError
from robotrader.domain.records import DayRolled, LimitChanged, OrderIntended
from robotrader.risk import (
    Gate,
    Reservation,
    SessionState,
    ratio,
    usd,
)
from tests.robotrader.ledger.kit import AAPL, ACCOUNT, KO
from tests.robotrader.risk.kit import (
    MINUTE,
    MS,
    NOW,
    STOCKS,
    account,
    code,
    intent,
    judged,
    leaving,
    limit_order,
    limits,
    other,
    view,
)

CENT = Decimal("0.01")


def test_an_approval_says_what_it_holds_and_by_which_limits() -> None:
    gate = Gate(limits())
    found = gate.judge(intent(qty=7), view(), NOW)
    assert isinstance(found, Approved)
    assert (found.reservation, found.account, found.reduces) == (1, ACCOUNT, False)
    assert found.limits_hash == limits().hash
    held = gate.reserved[0]
    assert (held.qty, held.sign, held.price) == (Decimal(7), 1, Decimal(100))


AT: Any = {  # the limit, its value, what reaches it exactly, what goes beyond by the least
    "order_qty": ({"max_order_qty": Decimal(10)}, intent(qty=10), intent(qty=11)),
    "order_usd": (
        {"max_order_usd": usd("1000.00")},
        limit_order("BUY", 10, "100.00"),
        limit_order("BUY", 1, "1000.01"),
    ),
    "position_qty": ({"max_symbol_qty": Decimal(10)}, intent(qty=10), intent(qty=11)),
    "position_usd": (
        {"max_symbol_usd": usd(1000)},
        limit_order("BUY", 10, "100.00"),
        limit_order("BUY", 10, "100.01"),
    ),
    "position_weight": (
        {"max_symbol_weight": ratio("0.01")},
        limit_order("BUY", 10, "100.00"),
        limit_order("BUY", 10, "100.01"),
    ),
    "sector": (
        {"max_sector_weight": ratio("0.01")},
        limit_order("BUY", 10, "100.00"),
        limit_order("BUY", 10, "100.01"),
    ),
    "gross": (
        {"max_gross": ratio("0.01")},
        limit_order("BUY", 10, "100.00"),
        limit_order("BUY", 10, "100.01"),
    ),
    "gross_usd": (
        {"max_gross_usd": usd(1000)},
        limit_order("BUY", 10, "100.00"),
        limit_order("BUY", 10, "100.01"),
    ),
    "net": (
        {"max_net": ratio("0.01")},
        limit_order("BUY", 10, "100.00"),
        limit_order("BUY", 10, "100.01"),
    ),
    "collar": (
        {"price_collar": ratio("0.03")},
        limit_order("BUY", 1, "103.00"),
        limit_order("BUY", 1, "103.01"),
    ),
}


@pytest.mark.parametrize("name", AT)
def test_f60_f62_exactly_the_limit_passes_and_a_share_or_cent_more_does_not(name: str) -> None:
    tight, at, beyond = AT[name]
    wide = {"price_collar": ratio(1)} if name != "collar" else {}
    seen = view()
    if name == "order_usd":
        seen = view(quotes={AAPL.con_id: Quote(AAPL.con_id, NOW, 1000.0, 1000.0, 5, 5)})
        at = limit_order("BUY", 1, "1000.00")
    assert judged(at, seen, **{**wide, **tight}) == ""
    assert judged(beyond, seen, **{**wide, **tight}) == name


@pytest.mark.parametrize("side", ["SELL", "SSHORT"])
def test_shorts_count_as_much_as_longs(side: str) -> None:
    assert judged(intent(side, 10), max_symbol_usd=usd(1000)) == ""
    assert judged(intent(side, 11), max_symbol_usd=usd(1000)) == "position_usd"
    assert judged(intent(side, 11), max_gross_usd=usd(1000)) == "gross_usd"
    assert judged(intent(side, 11), max_net=ratio("0.01")) == "net"
    assert judged(intent(side, 5), view(aapl=-6), max_symbol_qty=Decimal(10)) == "position_qty"


def test_f62_what_is_owned_and_what_is_pending_counts() -> None:
    gate = Gate(limits(max_symbol_qty=Decimal(10)))
    assert code(gate.judge(intent(qty=3), view(aapl=4), NOW)) == ""
    assert code(gate.judge(intent(qty=4), view(aapl=4), NOW)) == "position_qty"
    assert code(gate.judge(intent(qty=3), view(aapl=4, others=(other("BUY", 1),)), NOW)) == (
        "position_qty"
    )
    assert code(gate.judge(intent(qty=3), view(aapl=4), NOW)) == ""


def test_f62_long_and_short_are_both_gross_and_cancel_out_in_net() -> None:
    seen = view(ko=-100)
    assert judged(intent(qty=100), seen, max_net=ratio("0.2"), max_gross=ratio("0.2")) == ""
    assert judged(intent(qty=101), seen, max_gross=ratio("0.2")) == "gross"
    assert judged(intent(qty=250), seen, max_net=ratio("0.1")) == "net"


def test_a_pending_sale_does_not_make_room_for_a_purchase() -> None:
    seen = view(aapl=10, others=(other("SELL", 10),))
    assert judged(intent(qty=1), seen, max_symbol_qty=Decimal(10)) == "position_qty"


def test_of_an_oca_group_only_one_order_can_fill() -> None:
    legs = (other("SELL", 10, group="g"), other("SELL", 10, group="g"))
    seen = view(aapl=25, others=legs)
    assert judged(leaving(qty=15), seen) == ""
    assert judged(leaving(qty=16), seen) == "exit_grows"


def test_the_number_of_open_positions_counts_pending_ones() -> None:
    gate = Gate(limits(max_open_positions=2))
    assert code(gate.judge(intent(), view(ko=1), NOW)) == ""
    spy = next(each for each in STOCKS.values() if each.symbol == "SPY")
    third = intent(con_id=spy.con_id, symbol="SPY")
    assert code(gate.judge(third, view(ko=1), NOW)) == "open_positions"
    assert code(gate.judge(intent(), view(ko=1), NOW)) == ""


@pytest.mark.parametrize(
    ("mark", "changed", "found"),
    [
        ("98.01", {"max_daily_loss": ratio("0.02")}, ""),
        ("98.00", {"max_daily_loss": ratio("0.02")}, "daily_loss"),
        ("97.99", {"max_daily_loss": ratio("0.02")}, "daily_loss"),
        ("98.01", {"max_daily_loss_usd": usd(2000)}, ""),
        ("98.00", {"max_daily_loss_usd": usd(2000)}, "daily_loss"),
        ("98.01", {"max_drawdown": ratio("0.02")}, ""),
        ("98.00", {"max_drawdown": ratio("0.02")}, "drawdown"),
    ],
)
def test_f60_a_loss_blocks_entries_at_its_limit_to_the_cent(
    mark: str, changed: dict[str, Decimal], found: str
) -> None:
    """1,000 shares bought at 100 with 100,000: a cent of price is ten dollars of loss."""
    seen = view(aapl=1000, mark=float(mark))
    assert judged(intent(), seen, **changed) == found
    assert judged(leaving(qty=1000), seen, **changed) == "", "an exit always passes"


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"ledger": None}, "positions"),
        ({"others": None}, "positions"),
        ({"switch": None}, "switch"),
        ({"link": None}, "link"),
        ({"halted": None}, "halted"),
        ({"quotes": {}}, "quote"),
        ({"sessions": {}}, "session"),
        ({"instruments": {}}, "contract"),
    ],
)
def test_f63_whatever_is_not_known_blocks(changed: dict[str, Any], found: str) -> None:
    assert judged(intent(), view(**changed)) == found


@pytest.mark.parametrize("name", ["daily", "drawdown", "equity"])
def test_f63_unknown_money_blocks_entries_and_lets_exits_pass(name: str) -> None:
    ledger = msgspec.structs.replace(account(aapl=5), **{name: None})
    code_of = {"daily": "daily_loss", "drawdown": "drawdown", "equity": "equity"}
    assert judged(intent(), view(ledger=ledger)) == code_of[name]
    assert judged(leaving(qty=5), view(ledger=ledger)) == ""


def test_f63_an_unknown_price_or_sector_of_anything_that_is_held_blocks() -> None:
    quotes = {AAPL.con_id: view().quotes[AAPL.con_id]}
    unknown = msgspec.structs.replace(
        account(ko=5).positions[KO.con_id], mark=None, value=None, unrealized=None
    )
    ledger = msgspec.structs.replace(account(ko=5), positions={KO.con_id: unknown})
    assert judged(intent(), view(ledger=ledger, quotes=quotes)) == "gross"
    assert judged(intent(), view(sectors={}), max_sector_weight=ratio(1)) == "sector"
    held = view(ko=5, sectors={AAPL.con_id: "tech"})
    assert judged(intent(qty=5), held, max_sector_weight=ratio("0.009")) == "sector"


def test_f54_a_quote_passes_up_to_its_age_and_not_a_nanosecond_older() -> None:
    quote = view().quotes[AAPL.con_id]
    for late_ns, found in ((5_000 * MS, ""), (5_000 * MS + 1, "quote"), (-1_000 * MS, "")):
        seen = view(quotes={AAPL.con_id: msgspec.structs.replace(quote, time_ns=NOW - late_ns)})
        assert judged(intent(), seen) == found
    ahead = msgspec.structs.replace(quote, time_ns=NOW + 1_000 * MS + 1)
    assert judged(intent(), view(quotes={AAPL.con_id: ahead})) == "quote"


@pytest.mark.parametrize(
    ("bid", "ask"),
    [(0.0, 100.0), (100.0, 0.0), (float("nan"), 100.0), (100.0, float("inf")), (101.0, 100.0)],
)
def test_f54_a_quote_that_is_none_blocks_entries(bid: float, ask: float) -> None:
    seen = view(aapl=5, quotes={AAPL.con_id: Quote(AAPL.con_id, NOW, bid, ask, 1, 1)})
    assert judged(intent(), seen) == "quote"
    assert judged(leaving(qty=5), seen) == ""


@pytest.mark.parametrize("state", [each for each in LinkState if each is not LinkState.READY])
def test_without_a_ready_connection_nothing_passes(state: LinkState) -> None:
    assert judged(intent(), view(link=state)) == "link"
    assert judged(leaving(), view(aapl=1, link=state)) == "link"


def test_contracts_that_cannot_be_traded_are_refused() -> None:
    assert judged(intent(symbol="KO")) == "contract"
    index = msgspec.structs.replace(AAPL, sec_type=SecType.INDEX)
    assert judged(intent(), view(instruments={AAPL.con_id: index})) == "contract"
    assert judged(intent(qty="1.5")) == "step"


def test_extended_hours_need_the_limits_and_the_intents_word() -> None:
    seen = view(sessions={AAPL.con_id: SessionState.EXTENDED})
    outside = intent(outside_rth=True)
    assert judged(outside, seen, allow_extended=True) == ""
    assert judged(outside, seen) == judged(intent(), seen, allow_extended=True) == "session"


def test_f22_a_thousand_intents_of_five_strategies_are_one_order() -> None:
    gate = Gate(limits(max_entries_pending=1))
    wanted: list[Intent] = [intent(strategy=f"s{n % 5}", qty=1 + n) for n in range(1_000)]
    found = [gate.judge(each, view(), NOW + n) for n, each in enumerate(wanted)]
    assert sum(isinstance(each, Approved) for each in found) == 1
    assert gate.refusals == {"entry_pending": 999}


def test_f22_an_entry_of_an_earlier_gate_counts_and_a_strangers_does_not() -> None:
    """After a restart an order that works is no reservation any more."""
    ours = msgspec.structs.replace(other("BUY", 1), strategy="a")
    for working, found in (
        (ours, "entry_pending"),
        (msgspec.structs.replace(ours, strategy=""), ""),
        (msgspec.structs.replace(ours, reduces=True), ""),
        (msgspec.structs.replace(ours, con_id=KO.con_id), ""),
    ):
        seen = view(others=(working,))
        assert judged(intent(), seen, max_entries_pending=1) == found
        assert judged(intent(), seen, max_entries_pending=2) == ""


def test_f22_an_echo_within_the_window_is_refused() -> None:
    gate = Gate(limits(duplicate_window_ms=1_000))
    for later_ns, found in ((0, ""), (1_000 * MS - 1, "duplicate"), (1_000 * MS, "")):
        now = NOW + later_ns
        assert code(gate.judge(intent(), view(), now)) == found
    assert code(gate.judge(intent(qty=2), view(), NOW + 1_000 * MS)) == ""


def test_orders_of_a_minute_and_of_a_day_are_counted() -> None:
    gate = Gate(limits(max_orders_per_min=2, max_orders_per_day=3))
    times = ((0, ""), (1, ""), (2, "rate_minute"), (MINUTE - 1, "rate_minute"), (MINUTE, ""))
    for later_ns, found in (*times, (3 * MINUTE, "rate_day")):
        now = NOW + later_ns
        quotes = {AAPL.con_id: Quote(AAPL.con_id, now, 100.0, 100.0, 1, 1)}
        assert code(gate.judge(intent(), view(quotes=quotes), now)) == found
    tomorrow = view(ledger=msgspec.structs.replace(account(), day="2026-11-23"))
    assert code(gate.judge(intent(), tomorrow, NOW)) == "rate_minute"
    assert code(Gate(limits(max_orders_per_day=1)).judge(intent(), tomorrow, NOW)) == ""


def test_f23_after_a_restart_the_windows_limits_and_reservations_go_on() -> None:
    gate = Gate(limits(max_orders_per_day=2, max_symbol_qty=Decimal(10)))
    gate.replay(DayRolled(day="2026-11-20", equity=Decimal(1)))
    placed = OrderIntended(
        ref="rt1-1-1",
        order_id=1,
        generation=1,
        strategy="s",
        con_id=AAPL.con_id,
        symbol="AAPL",
        account=ACCOUNT,
        side="BUY",
        order_type="MKT",
        qty=Decimal(1),
        wall_ns=NOW - 1,
    )
    gate.replay(placed)
    gate.replay(msgspec.structs.replace(placed, parent_ref="rt1-1-1"))
    gate.replay(LimitChanged(name="duplicate_window_ms", value=Decimal(5), who="ann"))
    gate.hold(
        Reservation(
            number=9,
            con_id=AAPL.con_id,
            sign=1,
            qty=Decimal(8),
            price=None,
            reduces=False,
            strategy="s",
        )
    )
    assert code(gate.judge(intent(), view(), NOW)) == "duplicate"
    assert code(gate.judge(intent(qty=3), view(), NOW)) == "position_qty"
    found = gate.judge(intent(qty=2), view(), NOW)
    assert isinstance(found, Approved)
    assert found.reservation == 10
    gate.release(9, Decimal(8))
    assert code(gate.judge(intent(qty=3), view(), NOW)) == "rate_day"


def test_a_reservation_is_released_once_and_never_more_than_it_holds() -> None:
    gate = Gate(limits(max_symbol_qty=Decimal(10)))
    gate.judge(intent(qty=10), view(), NOW)
    gate.release(1, Decimal(4))
    for wrong in (Decimal(7), Decimal("nan")):
        with pytest.raises(RiskLimitExceededError, match="6 is held"):
            gate.release(1, wrong)
    assert code(gate.judge(intent(qty=1), view(aapl=4), NOW)) == "position_qty"
    gate.release(1, Decimal(6))
    assert gate.reserved == ()
    with pytest.raises(RiskLimitExceededError, match="0 is held"):
        gate.release(1, Decimal(1))
    with pytest.raises(RiskLimitExceededError, match="nothing is held"):
        gate.release(2, Decimal(1))


def test_a_fill_that_is_taken_back_is_held_again_even_after_all_was_released() -> None:
    gate = Gate(limits(max_symbol_qty=Decimal(10)))
    gate.judge(intent(qty=10), view(), NOW)
    gate.release(1, Decimal(10))
    gate.release(1, Decimal(-4))
    assert code(gate.judge(intent(qty=1), view(aapl=6), NOW)) == "position_qty"
    gate.release(1, Decimal(4))
    assert code(gate.judge(intent(qty=1), view(aapl=6), NOW)) == ""


def test_without_leave_to_be_short_a_sale_ends_at_nothing() -> None:
    assert judged(intent("SELL", 5), view(aapl=5), allow_short=False) == ""
    assert judged(intent("SSHORT", 1), allow_short=False) == "short"
    waiting = view(aapl=5, others=(other("SELL", 3),))
    assert judged(intent("BUY", 9), view(aapl=-4), allow_short=False) == "", "it gets better"
    assert judged(intent("BUY", 9), waiting, allow_short=False) == ""


def test_every_refusal_is_counted_by_its_code_and_says_its_numbers() -> None:
    gate = Gate(limits(max_order_qty=Decimal(5)))
    found = gate.judge(intent(qty=6), view(), NOW)
    assert isinstance(found, Refusal)
    assert found.why == "an order of 6 shares is above the limit of 5"
    gate.judge(intent(qty=7), view(), NOW)
    gate.judge(intent(symbol="KO"), view(), NOW)
    assert gate.refusals == {"order_qty": 2, "contract": 1}
    assert gate.approvals == 0


def test_f78_an_order_that_is_larger_than_its_size_is_refused() -> None:
    sizing = Sizing(
        kind="fixed", qty=Decimal(10), weight=0.1, bankroll=None, price=100.0, why="fixed"
    )
    assert judged(intent(qty=10, sizing=sizing)) == ""
    assert judged(intent(qty=11, sizing=sizing)) == "malformed"
    nothing = msgspec.structs.replace(sizing, qty=Decimal(0))
    assert judged(intent(qty=1, sizing=nothing)) == "malformed"
