"""The ledger's figures and the kill switch as samples: what is unknown has none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain.records import Ending, OrderDone, SwitchTripped
from robotrader.ledger import LedgerView
from robotrader.meters import FAMILIES, OrderMeters, Sample, Times, of_ledger, of_switch
from robotrader.meters.orders import MOST
from robotrader.risk import Level, Switch, Trigger
from tests.robotrader.ledger.kit import AAPL, fill, ledger

SYMBOLS = {AAPL.con_id: "AAPL", 1: "NONE"}


def number(sample: Sample) -> float:
    assert not isinstance(sample.value, Times)
    return float(sample.value)


def values(view: LedgerView) -> dict[tuple[str, ...], float]:
    found = of_ledger(view, SYMBOLS)
    assert len({(each.name, each.labels) for each in found}) == len(found)
    return {(each.name, *each.labels): number(each) for each in found}


def test_f99_without_a_price_nothing_that_needs_one_is_shown() -> None:
    book = ledger(fill("a", "BUY", 10, "100"))
    seen = values(book.view({}))
    assert seen["position_shares", "AAPL"] == 10
    assert ("position_value_usd", "AAPL") not in seen
    absent = {"equity_usd", "pnl_unrealized_usd", "exposure_gross_usd", "drawdown_ratio"}
    assert absent.isdisjoint(name for name, *_ in seen)


@given(st.floats(1, 1_000))
def test_with_a_price_the_figures_are_the_ledgers(price: float) -> None:
    view = ledger(fill("a", "BUY", 10, "100")).view({AAPL.con_id: price})
    seen = values(view)
    assert view.equity is not None
    assert view.gross is not None
    assert seen["equity_usd",] == float(view.equity)
    assert seen["exposure_gross_usd",] == seen["exposure_net_usd",] == float(view.gross)
    assert seen["position_value_usd", "AAPL"] == float(view.gross)
    assert seen["position_value_usd", "NONE"] == 0


def test_f99_an_account_that_nobody_has_told_of_shows_no_cash() -> None:
    seen = values(ledger(cash=None).view({}))
    assert ("cash_usd",) not in seen
    assert ("equity_usd",) not in seen


def trip(level: str, scope: str, trigger: str) -> SwitchTripped:
    return SwitchTripped(level=level, scope=scope, trigger=trigger, why="test")


def test_the_switch_has_a_level_for_each_scope_and_one_for_all() -> None:
    records = [
        trip("pause", "symbol:KO", "stale_data"),
        trip("cancel", "symbol:KO", "unreconciled"),
    ]
    seen = {(each.name, *each.labels): each.value for each in of_switch(Switch.fold(records))}
    assert seen["kill_switch_level", "all"] == Level.OFF
    assert seen["kill_switch_level", "symbol:KO"] == Level.CANCEL
    tripped = {trigger for trigger in Trigger if seen["kill_switch_tripped", trigger.value]}
    assert tripped == {Trigger.STALE_DATA, Trigger.UNRECONCILED}


@given(st.lists(st.tuples(st.sampled_from(Ending), st.integers(0, 400)), max_size=30))
def test_every_ending_is_counted_once_and_rejects_by_their_code(
    endings: list[tuple[Ending, int]],
) -> None:
    meters = OrderMeters()
    for number, (ending, code) in enumerate(endings):
        done = OrderDone(ref=str(number), ending=ending, code=code)
        meters.recorded(done, lambda _: "KO")
    samples = tuple(meters.samples())
    assert total(samples, "orders_ended") == len(endings)
    rejected = [code for ending, code in endings if ending is Ending.REJECTED]
    assert total(samples, "order_rejects") == len(rejected)
    assert {s.labels[0] for s in samples if s.name == "order_rejects"} == set(map(str, rejected))


def total(samples: tuple[Sample, ...], name: str) -> float:
    return sum(number(each) for each in samples if each.name == name)


def test_what_the_broker_never_speaks_of_is_forgotten() -> None:
    meters = OrderMeters()
    for number in range(MOST + 10):
        meters.expected(number, number)
    meters.shown(0, 10**9)
    meters.shown(MOST, 10**9)
    assert sum(meters.to_ack.counts) == 1


def test_every_sample_has_its_place_in_the_table() -> None:
    labels = {family.name: len(family.labels) for family in FAMILIES}
    found = (
        *OrderMeters().samples(),
        *of_switch(Switch()),
        *of_ledger(ledger(fill("a", "BUY", 10, "100")).view({AAPL.con_id: 9.0}), SYMBOLS),
    )
    assert [each for each in found if labels[each.name] != len(each.labels)] == []
