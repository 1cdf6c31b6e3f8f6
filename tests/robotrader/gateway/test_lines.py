"""Lines, quotes, liveness, snapshots and codes: the small parts, pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Instrument, OrderReport, PositionReport, ReportedStatus, SecType
from robotrader.gateway import (
    Collector,
    DataClass,
    Ends,
    HistoryStatus,
    LineBook,
    LineChanged,
    LineRules,
    Lines,
    Liveness,
    OrderNews,
    StreamKind,
    Subscribe,
    Verdict,
    about_history,
    about_order,
)
from robotrader.gateway.codes import farm
from robotrader.gateway.lines import CloseStream, OpenStream
from robotrader.gateway.snapshot import SETTLE_NS, STEPS, nothing
from robotrader.tws.errors import MEANINGS

SECOND_NS = 1_000_000_000
STOCK = Instrument(con_id=1, symbol="A")


# -- quotes --

NUMBERS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(0.01, 1000.0),
    st.sampled_from([-1.0, 0.0, 1.7976931348623157e308]),
)
TICKS = st.lists(
    st.one_of(
        st.tuples(st.just("price"), st.integers(-1, 120), NUMBERS, NUMBERS),
        st.tuples(st.just("size"), st.integers(-1, 120), NUMBERS),
        st.tuples(
            st.just("text"),
            st.sampled_from([45, 48, 77, 88, 32]),
            st.text("0123456789;.-n", max_size=30),
        ),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(TICKS)
def test_d3_whatever_comes_only_what_can_be_is_told(ticks: list[tuple[str, ...]]) -> None:
    """NaN, infinities, negative and unset numbers, unknown types, broken texts (F54, F61)."""
    book, last_ns = LineBook(1), 0
    for kind, *arguments in ticks:
        take: Callable[..., None] = getattr(book, kind)
        take(*arguments)
        quote = book.take_quote(5)
        if quote is not None:
            for price, size in ((quote.bid, quote.bid_size), (quote.ask, quote.ask_size)):
                assert 0 <= price < math.inf
                assert 0 <= size < math.inf
                assert price or not size
            assert not quote.bid > quote.ask > 0
        for trade in book.take_trades():
            assert 0 < trade.price < math.inf
            assert 0 <= trade.size < math.inf
            assert trade.time_ns >= last_ns > -1
            last_ns = trade.time_ns


def test_d8_a_trade_that_is_older_is_refused() -> None:
    book = LineBook(1)
    book.text(48, "10.5;100;1700000001000;5000;10.4;true")
    book.text(48, "10.4;100;1700000000000;4900;10.4;true")
    book.text(48, "10.5;100;1700000001000;5000;10.4;true")
    assert [trade.price for trade in book.take_trades()] == [10.5]
    assert book.refused["old"] == 2


def test_d9_many_ticks_are_one_quote() -> None:
    book = LineBook(1)
    for number in range(1000):
        book.price(1, 10 + number / 1000, 5)
    quote = book.take_quote(7)
    assert quote is not None
    assert (quote.bid, quote.ask, book.conflated) == (10.999, 0.0, 999)
    assert book.take_quote(8) is None


# -- lines --


def made(**rules: Any) -> Lines:
    return Lines(LineRules(**rules), itertools.count(1).__next__, lambda *_: True)


def opened(effects: list[object] | None) -> list[int]:
    return [each.req_id for each in effects or [] if isinstance(each, OpenStream)]


def test_a_reconnect_asks_for_every_line_once_and_old_answers_are_nobodys() -> None:
    lines = made()
    lines.connected(0)
    (first,) = opened(list(lines.subscribe(Subscribe(STOCK), 0)))
    lines.lost(1, "ended")
    assert lines.heard(first, 2) == []
    (second,) = opened(list(lines.connected(3)))
    assert second != first
    assert lines.con_id(first) is None
    (changed,) = lines.heard(second, 4)
    assert isinstance(changed, LineChanged)
    assert (changed.data_class, changed.stale) == (DataClass.LIVE, False)


def test_d1_silence_is_asked_for_ever_more_slowly() -> None:
    lines = made(stale_s=10.0, retry_cap_s=100.0)
    lines.connected(0)
    lines.subscribe(Subscribe(STOCK), 0)
    asked = [0]
    while len(asked) < 8:
        now_ns = lines.next_ns()
        assert now_ns is not None
        if opened(list(lines.check(now_ns))):
            asked.append(now_ns // SECOND_NS)
    gaps = [second - first for first, second in itertools.pairwise(asked)]
    assert gaps == sorted(gaps)
    assert gaps[0] == 10
    assert gaps[-1] == 100


def test_d1_a_closed_market_is_not_stale() -> None:
    lines = Lines(LineRules(), itertools.count(1).__next__, lambda *_: False)
    lines.connected(0)
    (number,) = opened(list(lines.subscribe(Subscribe(STOCK), 0)))
    lines.heard(number, 1)
    for hour in range(1, 12):
        assert lines.check(hour * 3600 * SECOND_NS) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=60))
def test_p5_there_are_never_more_streams_than_the_budget(asks: list[tuple[int, bool]]) -> None:
    lines, live, pinned = made(budget=5), {}, {}
    lines.connected(0)
    for con_id, pin in asks:
        effects = lines.subscribe(Subscribe(Instrument(con_id=con_id, symbol="S"), pinned=pin), 0)
        for effect in effects:
            if isinstance(effect, OpenStream):
                live[effect.req_id] = con_id
                pinned[con_id] = pin
            elif isinstance(effect, CloseStream):
                assert not pinned[live.pop(effect.req_id)]
        if con_id in live.values():
            pinned[con_id] = pin
        assert len(live) <= 5
        assert len(set(live.values())) == len(live)


@pytest.mark.parametrize(
    ("name", "currency", "kind", "hit"),
    [
        ("usfarm", "USD", SecType.STOCK, True),
        ("usfarm.nj", "USD", SecType.STOCK, True),
        ("usfarm", "EUR", SecType.STOCK, False),
        ("eufarm", "EUR", SecType.STOCK, True),
        ("cashfarm", "USD", SecType.FOREX, True),
        ("cashfarm", "USD", SecType.STOCK, False),
        ("newfarm", "USD", SecType.STOCK, True),
    ],
)
def test_c11_a_farm_makes_only_its_own_lines_stale(
    name: str, currency: str, kind: SecType, hit: bool
) -> None:
    lines = made()
    lines.connected(0)
    instrument = Instrument(con_id=1, symbol="S", currency=currency, sec_type=kind)
    (number,) = opened(list(lines.subscribe(Subscribe(instrument), 0)))
    lines.heard(number, 1)
    assert bool(lines.farm(name, 2, broken=True)) is hit


def test_c17_a_competing_session_is_waited_for() -> None:
    lines = made(retry_s=5.0)
    lines.connected(0)
    (number,) = opened(list(lines.subscribe(Subscribe(STOCK, (StreamKind.QUOTES,)), 0)))
    lines.heard(number, 1)
    effects = lines.error(number, 10197, "competing", 2) or []
    assert [type(each) for each in effects] == [CloseStream, LineChanged]
    assert lines.next_ns() == 2 + 5 * SECOND_NS
    assert len(opened(list(lines.check(2 + 5 * SECOND_NS)))) == 1


@settings(deadline=None)
@given(
    code=st.sampled_from([200, 354, 420, 10089, 10091, 10168]),
    lasts_s=st.floats(0.0, 2_000.0),
    before=st.booleans(),
)
def test_d5_a_refusal_is_asked_about_again_after_at_most_as_long_as_it_lasted(
    code: int, lasts_s: float, before: bool
) -> None:
    """Back within twice the refusal and five seconds, and never later than five minutes."""
    lines, now_ns = made(), 0
    lines.connected(0)
    asked = opened(list(lines.subscribe(Subscribe(STOCK, (StreamKind.QUOTES,)), 0)))
    if before:
        lines.heard(asked[0], 0)
    while now_ns <= lasts_s * SECOND_NS:
        lines.error(asked[0], code, "refused", now_ns)
        due_ns = lines.next_ns()
        assert due_ns is not None
        assert 5 <= (due_ns - now_ns) / SECOND_NS <= 300
        now_ns = due_ns
        asked = opened(list(lines.check(now_ns)))
        assert len(asked) == 1
    assert now_ns / SECOND_NS <= min(2 * lasts_s + 5, lasts_s + 300) + 1e-6
    (changed,) = lines.heard(asked[0], now_ns)
    assert isinstance(changed, LineChanged)
    assert not changed.stale


def test_a_refusal_before_a_new_connection_does_not_count_for_it() -> None:
    """Another login may have other permissions: it begins with the shortest wait."""
    lines = made()
    for turn in range(12):
        now_ns = turn * SECOND_NS
        (number,) = opened(
            list(lines.connected(now_ns))
            or list(lines.subscribe(Subscribe(STOCK, (StreamKind.QUOTES,)), now_ns))
        )
        lines.error(number, 354, "not subscribed", now_ns)
        assert lines.next_ns() == now_ns + 5 * SECOND_NS
        lines.lost(now_ns, "ended")


# -- liveness --


def test_c4_a_dead_connection_is_noticed_within_ten_seconds() -> None:
    alive = Liveness()
    alive.begin(0)
    assert alive.check(5 * SECOND_NS - 1) is Verdict.FINE
    assert alive.check(5 * SECOND_NS) is Verdict.PROBE
    alive.heard(6 * SECOND_NS)  # prices come; the answer does not
    assert alive.check(7 * SECOND_NS) is Verdict.PROBE
    assert alive.next_ns() == 9 * SECOND_NS
    assert alive.check(9 * SECOND_NS) is Verdict.DEAD


@settings(deadline=None)
@given(st.lists(st.floats(0.0, 1.9), max_size=50))
def test_one_that_answers_in_time_is_never_dead(delays_s: list[float]) -> None:
    alive = Liveness()
    alive.begin(0)
    now_ns = 0
    for delay_s in delays_s:
        now_ns = alive.next_ns()
        assert alive.check(now_ns) is Verdict.PROBE
        now_ns += round(delay_s * SECOND_NS)
        assert alive.check(now_ns) is Verdict.FINE
        alive.answered(now_ns)
    assert not alive.waiting


def test_c5_a_suspicion_probes_at_once() -> None:
    alive = Liveness()
    alive.begin(0)
    alive.suspect()
    assert alive.check(1) is Verdict.PROBE


# -- snapshots --

ORDER = OrderReport(
    order_id=1, client_id=11, perm_id=7, ref="rt-1", status=ReportedStatus.SUBMITTED,
    generation=1, qty=Decimal(10),
)  # fmt: skip


def test_an_order_and_its_status_are_one_whichever_comes_first() -> None:
    status = replace(ORDER, ref="", qty=Decimal(0), filled=Decimal(3), remaining=Decimal(7))
    for pair in ((ORDER, status), (status, ORDER)):
        collected = Collector(Ends(), 0, 1.0)
        for report in pair:
            collected.order(report)
        (order,) = collected.result(1, 1, 0).open_orders
        assert (order.ref, order.qty, order.filled) == ("rt-1", Decimal(10), Decimal(3))


@settings(deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=12))
def test_what_has_no_end_is_missing(ended: list[str]) -> None:
    ends = Ends()
    for step in STEPS:
        ends.asked(step)
    collected = Collector(ends, 0, 1.0)
    for step in ended:
        collected.end(step, 0)
    assert collected.missing() == tuple(step for step in STEPS if step not in ended)
    assert collected.over(0) is (not collected.missing())
    assert collected.over(SECOND_NS)


def test_f06_a_late_end_of_an_older_request_ends_nothing_early() -> None:
    """The first request was given up; its end comes just before the second one's data."""
    ends = Ends()
    ends.asked("positions")
    ends.asked("positions")
    collected = Collector(ends, 0, 5.0)
    collected.end("positions", 10)
    assert "positions" in collected.missing()
    collected.position(PositionReport("A", 1, Decimal(5), Decimal(1)))
    collected.end("positions", 20)
    assert "positions" not in collected.missing()
    assert len(collected.result(1, 1, 0).positions) == 1


def test_c18_an_end_that_was_lost_for_good_is_not_waited_for_twice() -> None:
    ends = Ends()
    ends.asked("positions")
    ends.asked("positions")
    collected = Collector(ends, 0, 5.0)
    collected.end("positions", 10)
    collected.over(10 + SETTLE_NS)
    assert "positions" not in collected.missing()


def test_when_nobody_can_be_asked_everything_is_missing() -> None:
    assert nothing(3, 2, 1).missing == STEPS


# -- codes --


@pytest.mark.parametrize("code", [399, 404, 2161, 2109, 10349])
@pytest.mark.parametrize("acked", [True, False])
def test_o11_o12_warnings_let_the_order_live(code: int, acked: bool) -> None:
    assert about_order(code, acked=acked) is OrderNews.LIVES


@pytest.mark.parametrize("code", [201, 110, 321, 460, 10268, 10289])
def test_o11_a_rejection_of_a_live_order_is_asked_about(code: int) -> None:
    assert about_order(code, acked=True) is OrderNews.ASK


@settings(deadline=None)
@given(st.integers(-1, 20_000), st.booleans())
def test_o11_a_code_that_is_not_known_decides_nothing(code: int, acked: bool) -> None:
    if code not in MEANINGS and code not in {504, 391, 387}:
        assert about_order(code, acked=acked) is OrderNews.ASK


P3 = {
    "HMDS query returned no data: EUR.USD@IDEALPRO Ask": HistoryStatus.NO_DATA,
    "Historical data request pacing violation": HistoryStatus.PACING,
    "API historical data query cancelled: 28": HistoryStatus.TIMEOUT,
    "No market data permissions for NASDAQ STK": HistoryStatus.PERMISSION,
    "something new": HistoryStatus.REFUSED,
}


@pytest.mark.parametrize("text", sorted(P3))
def test_p3_162_is_read(text: str) -> None:
    full = f"Historical Market Data Service error message:{text}"
    assert about_history(162, full) is P3[text]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Market data farm connection is broken:usfarm", "usfarm"),
        (
            "HMDS data farm connection is inactive but should be available upon demand.ushmds",
            "ushmds",
        ),
        ("Market data farm connection is OK:eufarmnj", "eufarmnj"),
        ("something else", ""),
    ],
)
def test_a_farm_is_named_in_its_text(text: str, name: str) -> None:
    assert farm(text) == name
