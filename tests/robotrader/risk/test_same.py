"""A gate that keeps what it knows says what one says that was made a moment ago (no shortcut)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Approved, Intent, Leg, OrderType, Purpose, Quote, Side
from robotrader.risk import Correlations, Gate, Limits, Quotes, StopAt, WorkingOrder, pct, ratio
from robotrader.risk.past import REMEMBERED
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import NOW, SPY, STOCKS, account, intent, limits, view

CON_IDS = tuple(STOCKS)
SYMBOLS = {con_id: each.symbol for con_id, each in STOCKS.items()}
SO = Correlations(
    {AAPL.con_id: 0, KO.con_id: 1, SPY.con_id: 2},
    ((1.0, 0.2, 0.9), (0.2, 1.0, 0.3), (0.9, 0.3, 1.0)),
    250,
)
TIGHT = limits(
    max_symbol_usd=limits().max_gross_usd, max_symbol_weight=pct(6), max_sector_weight=pct(8),
    max_gross=pct(12), max_net=pct(9), max_open_positions=2, max_strategy_weight={"s": pct(5)},
    max_entries_pending=3, max_cluster_weight=pct(9), max_heat=pct(7),
    heat_without_stop=ratio("0.8"),
)  # fmt: skip
PRICES = st.sampled_from((float("nan"), 0.0, 90.0, 99.5, 100.0, 100.25, 110.0))
INTENTS = st.builds(
    lambda con_id, side, qty, who, stop, purpose: intent(
        side, qty, con_id=con_id, symbol=SYMBOLS[con_id], strategy=who, purpose=purpose,
        legs=() if stop is None else (
            Leg(order_type=OrderType.STOP, aux_price=Decimal(stop)),
        ),
    ),
    st.sampled_from(CON_IDS), st.sampled_from(("BUY", "SELL")), st.integers(1, 40),
    st.sampled_from(("s/A", "s", "t")), st.sampled_from((None, 95, 105)),
    st.sampled_from((Purpose.ENTRY, Purpose.ENTRY, Purpose.EXIT)),
)  # fmt: skip
OTHERS = st.lists(
    st.builds(
        WorkingOrder, ref=st.just("x"), con_id=st.sampled_from(CON_IDS),
        side=st.sampled_from((Side.BUY, Side.SELL)), qty=st.integers(1, 9).map(Decimal),
        group=st.sampled_from(("", "oca")), strategy=st.sampled_from(("s/A", "t", "")),
        protects=st.booleans(), yields=st.booleans(), reduces=st.booleans(),
        stop=st.sampled_from((None, StopAt(trigger=Decimal(95)))),
    ),
    max_size=3,
).map(tuple)  # fmt: skip
STEPS = st.one_of(
    INTENTS,
    INTENTS,
    st.tuples(st.just("quote"), st.sampled_from(CON_IDS), PRICES),
    st.tuples(st.just("account"), st.integers(-30, 30), st.integers(-30, 30)),
    st.tuples(st.just("release"), st.integers(0, 3), st.integers(1, 40)),
    st.tuples(st.just("others"), OTHERS, st.none()),
    st.tuples(st.just("limits"), st.sampled_from((TIGHT, limits(), limits(max_heat=pct(9)))),
              st.none()),
)  # fmt: skip


def plain(kept: Gate, wanted: Intent, seen: Any, made_of: Limits) -> tuple[str, str]:
    """What a gate says that was made for this intent, with the same reservations and past."""
    gate = Gate(made_of)
    for each in kept.reserved:
        gate.hold(each)
    found = gate.judge(wanted, replace(seen, quotes=dict(seen.quotes)), NOW)
    return ("", "") if isinstance(found, Approved) else (found.code, found.why)


def quotes() -> Quotes:
    made = Quotes()
    for con_id in CON_IDS:
        made[con_id] = Quote(con_id, NOW, 100.0, 100.0, 5, 5)
    return made


@given(st.lists(STEPS, min_size=8, max_size=25))
def test_a_gate_that_keeps_sums_refuses_what_a_new_one_refuses_with_the_same_words(
    steps: list[Any],
) -> None:
    gate, seen = Gate(TIGHT), view(quotes=quotes(), correlations=SO)
    for step in steps:
        if isinstance(step, Intent):
            expected = plain(gate, step, seen, gate.limits)
            found = gate.judge(step, seen, NOW)
            said = ("", "") if isinstance(found, Approved) else (found.code, found.why)
            assert said == expected
            continue
        what, one, other = step
        if what == "quote":
            seen.quotes[one] = Quote(one, NOW, other, other, 5, 5)
        elif what == "account":
            seen = replace(seen, ledger=account(one, other))
        elif what == "others":
            seen = replace(seen, others=one)
        elif what == "limits":
            gate.limits = one
        elif one < len(gate.reserved):
            held = gate.reserved[one]
            gate.release(held.number, min(Decimal(other), held.qty))


def test_who_looks_seldom_sees_every_quote_all_the_same() -> None:
    """More changes than are remembered: all contracts are looked at."""
    gate, seen = Gate(limits(max_gross=pct(20))), view(aapl=10, ko=10, quotes=quotes())
    assert isinstance(gate.judge(intent(qty=1), seen, NOW), Approved)
    seen.quotes[KO.con_id] = Quote(KO.con_id, NOW, 5_000.0, 5_000.0, 5, 5)
    for _ in range(3 * REMEMBERED):
        seen.quotes[SPY.con_id] = Quote(SPY.con_id, NOW, 100.0, 100.0, 5, 5)
    found = gate.judge(intent(qty=1), seen, NOW)
    assert not isinstance(found, Approved)
    assert found.code == "gross"


@given(
    st.lists(st.tuples(st.sampled_from(CON_IDS), st.integers(1, 100)), min_size=4, max_size=20),
    st.sampled_from((80.0, 100.0, 125.0)),
)
def test_f80_weights_come_from_real_positions_at_the_prices_of_now_and_never_exceed_their_cap(
    wanted: list[tuple[int, int]], price: float
) -> None:
    """No weight is ever normalised: each approved one is within its cap, what is left is cash.

    Positions drift with the price; what drifted above its cap gets nothing more.
    """
    cap, gate = pct(10), Gate(limits(max_symbol_weight=pct(10)))
    seen = view(aapl=30, ko=80)
    quoted = {con_id: Quote(con_id, NOW, price, price, 5, 5) for con_id in CON_IDS}
    seen = replace(seen, ledger=account(30, 80, mark=price), quotes=quoted)
    assert seen.ledger is not None
    equity = seen.ledger.equity
    assert equity is not None
    held = {AAPL.con_id: 30, KO.con_id: 80, SPY.con_id: 0}
    for n, (con_id, qty) in enumerate(wanted):
        asked = intent(qty=qty, con_id=con_id, symbol=SYMBOLS[con_id], cause=f"c{n}")
        fits = Decimal(held[con_id] + qty) * Decimal(repr(price)) <= cap * equity
        assert isinstance(gate.judge(asked, seen, NOW), Approved) is fits
        held[con_id] += qty if fits else 0
    weights = [Decimal(qty) * Decimal(repr(price)) / equity for qty in held.values()]
    assert all(
        weight <= max(cap, Decimal(80) * Decimal(repr(price)) / equity) for weight in weights
    )
