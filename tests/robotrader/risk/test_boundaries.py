"""Every limit passes exactly, and one cent, share, order or nanosecond beyond it does not.

For each limit a case is drawn, its use is computed here from what was drawn, and the gate is asked
twice: with the limit at the use, and with the limit by the least below it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Borrow, Intent, Leg, OrderType, Quote
from robotrader.risk import Correlations, DayFigures, Limits, Margin, Ratio, RiskView, wish_of
from robotrader.risk.explain import LIMITS_OF
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import (
    MS,
    NOW,
    account,
    intent,
    judged,
    limit_order,
    view,
)

D = Decimal
CENT, TINY = D("0.01"), D("1e-12")
EQUITY = D(100_000)
NOTHING: Mapping[str, Any] = MappingProxyType({})
SIDES = {AAPL.con_id: 0, KO.con_id: 1}


class Drawn(NamedTuple):
    """What a case is made of: shares held and wanted, a price in cents, and some count or time."""

    held: int
    qty: int
    cents: int
    number: int

    @property
    def price(self) -> Decimal:
        """At least the market's 100 USD, so that it is what shares are valued at."""
        return D(10_000 + self.cents) / 100

    @property
    def order(self) -> Intent:
        return limit_order("BUY", self.qty, str(self.price))

    @property
    def seen(self) -> RiskView:
        return view(aapl=self.held)

    @property
    def worth(self) -> Decimal:
        """Of the position afterwards."""
        return (self.held + self.qty) * self.price


DRAWN = st.builds(
    Drawn, st.integers(0, 50), st.integers(1, 50), st.integers(0, 300), st.integers(1, 20)
)


class Case(NamedTuple):
    """An order in a world; the limit that it uses up, and the tightest that it does not pass."""

    wanted: Intent
    seen: RiskView
    at: Any
    beyond: Any
    needed: Mapping[str, Any] = NOTHING


def money(of: Callable[[Drawn], Decimal]) -> Callable[[Drawn], Case]:
    return lambda drawn: Case(drawn.order, drawn.seen, of(drawn), of(drawn) - CENT)


def part(of: Callable[[Drawn], Decimal]) -> Callable[[Drawn], Case]:
    """A limit that is a part of equity: a cent less of worth is a ten-millionth of it."""
    cent = CENT / EQUITY
    return lambda drawn: Case(
        drawn.order, drawn.seen, of(drawn) / EQUITY, of(drawn) / EQUITY - cent
    )


def strategy(drawn: Drawn) -> Case:
    worth = drawn.qty * drawn.price / EQUITY
    at, beyond = ({"s": Ratio(each)} for each in (worth, worth - CENT / EQUITY))
    return Case(drawn.order, view(), at, beyond)


def cluster(drawn: Drawn) -> Case:
    known = Correlations(SIDES, ((1.0, 0.8), (0.8, 1.0)), 250)
    seen = view(aapl=drawn.held, ko=-drawn.number, correlations=known)
    worth = (drawn.worth + drawn.number * 100) / EQUITY
    return Case(drawn.order, seen, worth, worth - CENT / EQUITY)


def correlation(drawn: Drawn) -> Case:
    found = drawn.number / 25
    known = Correlations(SIDES, ((1.0, found), (found, 1.0)), 250)
    exact = D(repr(found))
    return Case(drawn.order, view(ko=1, correlations=known), exact, exact - D("1e-9"))


def heat(drawn: Drawn) -> Case:
    """A stop so many cents below the price that shares are valued at."""
    away = D(drawn.number) / 100
    leg = Leg(order_type=OrderType.STOP, aux_price=drawn.price - away)
    lost = drawn.qty * away / EQUITY
    return Case(replace(drawn.order, legs=(leg,)), view(), lost, lost - CENT / 100 / EQUITY)


def lost(drawn: Drawn) -> tuple[RiskView, Decimal]:
    """A loss of so many hundreds of dollars."""
    mark = 100.0 - drawn.number / 10
    seen = view(aapl=1_000, mark=mark)
    assert seen.ledger is not None
    assert seen.ledger.daily is not None
    return seen, -seen.ledger.daily


def loss(drawn: Drawn) -> Case:
    """A loss that is the limit does not pass; one that is a cent below it does."""
    seen, usd = lost(drawn)
    return Case(drawn.order, seen, usd + CENT, usd)


def lost_part(drawn: Drawn) -> Case:
    seen, usd = lost(drawn)
    return Case(drawn.order, seen, (usd + CENT) / EQUITY, usd / EQUITY)


def in_a_row(drawn: Drawn) -> Case:
    ledger = replace(account(), losses_ns=tuple(range(drawn.number, 0, -1)))
    return Case(drawn.order, view(ledger=ledger), drawn.number + 1, drawn.number)


def collar(drawn: Drawn) -> Case:
    away = (drawn.price - 100) / 100
    return Case(drawn.order, view(), away, away - TINY) if drawn.cents else collar(SOME)


SOME = Drawn(0, 1, 1, 1)


def aged(sign: int) -> Callable[[Drawn], Case]:
    """A quote of so many milliseconds ago (1), or as far ahead (-1)."""

    def case(drawn: Drawn) -> Case:
        at_ns = NOW - sign * drawn.number * MS
        seen = view(quotes={AAPL.con_id: Quote(AAPL.con_id, at_ns, 100.0, 100.0, 1, 1)})
        return Case(drawn.order, seen, drawn.number, drawn.number - 1)

    return case


def restart(drawn: Drawn) -> Case:
    """An entry passes if the restart is further away than the limit."""
    seen = view(restart_at_ns=NOW + drawn.number * MS)
    return Case(drawn.order, seen, drawn.number - 1, drawn.number)


def cooled(drawn: Drawn) -> Case:
    ledger = replace(account(), reduced_ns={AAPL.con_id: NOW - drawn.number * MS})
    return Case(drawn.order, view(ledger=ledger), drawn.number, drawn.number + 1)


def skewed(drawn: Drawn) -> Case:
    sign = 1 if drawn.held % 2 else -1
    skew = view(skew_ns=sign * (drawn.number + 1) * MS)
    return Case(drawn.order, skew, drawn.number + 1, drawn.number)


def volume(drawn: Drawn) -> Case:
    seen = view(days={AAPL.con_id: DayFigures(volume=1_000.0, volatility=0.5)})
    share = D(drawn.qty) / 1_000
    return Case(drawn.order, seen, share, share - TINY)


def moving(drawn: Drawn) -> Case:
    found = drawn.number / 10
    seen = view(days={AAPL.con_id: DayFigures(volume=1_000.0, volatility=found)})
    return Case(drawn.order, seen, D(repr(found)), D(repr(found)) - TINY)


def margin(drawn: Drawn) -> Case:
    share = D(drawn.number) / 25
    said = Margin(initial=share * EQUITY, maintenance=D(1), equity=EQUITY, at_ns=NOW)
    seen = view(margins={wish_of(drawn.order): said})
    return Case(drawn.order, seen, share, share - CENT / EQUITY)


def answered(drawn: Drawn) -> Case:
    said = Margin(initial=D(1), maintenance=D(1), equity=EQUITY, at_ns=NOW - drawn.number * MS)
    seen = view(margins={wish_of(drawn.order): said})
    needed = {"max_margin": D(1)}
    return Case(drawn.order, seen, drawn.number, drawn.number - 1, needed)


CASES: dict[str, Callable[[Drawn], Case]] = {
    "max_order_qty": lambda d: Case(d.order, d.seen, D(d.qty), D(d.qty - 1)),
    "max_order_usd": money(lambda d: d.qty * d.price),
    "max_symbol_qty": lambda d: Case(d.order, d.seen, D(d.held + d.qty), D(d.held + d.qty - 1)),
    "max_symbol_usd": money(lambda d: d.worth),
    "max_symbol_weight": part(lambda d: d.worth),
    "max_sector_weight": part(lambda d: d.worth),
    "max_gross": part(lambda d: d.worth),
    "max_gross_usd": money(lambda d: d.worth),
    "max_net": part(lambda d: d.worth),
    "max_strategy_weight": strategy,
    "max_cluster_weight": cluster,
    "max_pair_correlation": correlation,
    "max_heat": heat,
    "max_daily_loss": lost_part,
    "max_daily_loss_usd": loss,
    "max_drawdown": lost_part,
    "max_losses_row": in_a_row,
    "price_collar": collar,
    "max_quote_age_ms": aged(1),
    "max_quote_lead_ms": aged(-1),
    "restart_quiet_ms": restart,
    "cooldown_ms": cooled,
    "max_clock_skew_ms": skewed,
    "max_volume_share": volume,
    "max_volatility": moving,
    "max_margin": margin,
    "margin_age_ms": answered,
}
CODES = {limit: code for code, names in LIMITS_OF.items() for limit in names}


@pytest.mark.parametrize("name", CASES)
@given(drawn=DRAWN)
def test_a_limit_passes_exactly_and_the_least_beyond_it_does_not(name: str, drawn: Drawn) -> None:
    case = CASES[name](drawn)
    assert judged(case.wanted, case.seen, **case.needed, **{name: case.at}) == ""
    verdict = judged(case.wanted, case.seen, **case.needed, **{name: case.beyond})
    assert verdict == CODES[name]


@given(drawn=DRAWN)
def test_as_many_shares_as_can_be_borrowed_are_sold_short_and_no_more(drawn: Drawn) -> None:
    """Those that are held need no loan."""
    wanted = intent("SELL", drawn.held + drawn.qty)
    for there, verdict in ((drawn.qty, ""), (drawn.qty - 1, "borrow")):
        borrow = Borrow(con_id=AAPL.con_id, shares=D(there), to_locate=False)
        seen = view(aapl=drawn.held, borrows={AAPL.con_id: borrow})
        assert judged(wanted, seen, short_needs_borrow=True) == verdict


@pytest.mark.parametrize("name", ["max_order_usd", "max_symbol_usd", "max_gross_usd"])
@settings(max_examples=10)
@given(drawn=DRAWN, many=st.integers(2, 100))
def test_an_order_is_worth_its_price_times_what_a_contract_is_of(
    name: str, drawn: Drawn, many: int
) -> None:
    """A contract of a hundred shares of 100 USD is worth 10,000."""
    instruments = {AAPL.con_id: replace(AAPL, multiplier=many)}
    worth = drawn.qty * drawn.price * many
    for most, verdict in ((worth, ""), (worth - CENT, CODES[name])):
        assert judged(drawn.order, view(instruments=instruments), **{name: most}) == verdict


def test_every_limit_that_is_a_number_has_its_boundary_here_or_with_the_orders_it_counts() -> None:
    """What counts orders is asked order by order: ``test_gate``, ``test_lately``."""
    counted = {
        "max_open_orders", "max_entries_pending", "max_open_positions", "max_orders_per_s",
        "max_orders_per_min", "max_orders_per_day", "max_cancel_ratio", "cancel_ratio_orders",
        "duplicate_window_ms",
    }  # fmt: skip
    no_numbers = {
        "allowed_symbols", "restricted_symbols", "allow_short", "allow_extended",
        "short_needs_borrow",
    }  # fmt: skip
    through_another = {"cluster_correlation", "heat_without_stop"}  # see test_limits
    of_the_switch = {"switch_daily_loss", "switch_drawdown"}  # see test_switch, test_losses
    named = CASES.keys() | counted | no_numbers | through_another | of_the_switch
    assert named == set(Limits.__struct_fields__)
