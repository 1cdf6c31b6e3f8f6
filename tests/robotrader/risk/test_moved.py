"""What a gate keeps of an account is what adding everything up plainly gives, whatever happened."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Approved, Leg, OrderState, OrderType, Quote
from robotrader.domain.records import Record
from robotrader.execution import OrderView
from robotrader.execution.effects import Released
from robotrader.ledger import Ledger
from robotrader.ledger.money import EXACT
from robotrader.risk import (
    Correlations,
    Gate,
    Keeper,
    Limits,
    Quotes,
    Reservation,
    RiskView,
    StopAt,
    WorkingOrder,
    ratio,
)
from robotrader.risk.exposure import Pending
from robotrader.risk.heat import Stopped
from robotrader.risk.worst import After, Worst
from robotrader.strategies import Standings
from tests.robotrader.ledger.kit import AAPL, CASH, KO, adopted, fee, fill, fixed, ledger, rolled
from tests.robotrader.risk.kit import NOW, SPY, STOCKS, intent, limits, view
from tests.robotrader.risk.plain import Whole, cluster, whole, worth_of

D = Decimal
CON_IDS = tuple(STOCKS)
SYMBOLS = {con_id: each.symbol for con_id, each in STOCKS.items()}
BARE = D("0.8")
LEAST = 0.5
KNOWN = (
    Correlations(
        {AAPL.con_id: 0, KO.con_id: 1, SPY.con_id: 2},
        ((1.0, 0.2, 0.9), (0.2, 1.0, 0.6), (0.9, 0.6, 1.0)),
        250,
    ),
    Correlations({AAPL.con_id: 0, SPY.con_id: 1}, ((1.0, -0.7), (-0.7, 1.0)), 250),
)
LIMITS = limits(
    max_heat=ratio(20), heat_without_stop=ratio("0.8"), max_cluster_weight=ratio(20),
    max_sector_weight=ratio(20), max_strategy_weight={"s": ratio(20), "t": ratio(20)},
)  # fmt: skip
CONTRACT = st.sampled_from(CON_IDS)
WHO = st.sampled_from(("s/A", "s", "t/K"))
SIDE = st.sampled_from(("BUY", "SELL"))
QTY = st.integers(1, 30)
PRICE = st.sampled_from((float("nan"), 0.0, 90.0, 99.5, 100.0, 100.25, 110.0))
NUMBER = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("quote"), CONTRACT, PRICE),
    st.tuples(st.just("filled"), st.tuples(CONTRACT, WHO), st.tuples(SIDE, QTY)),
    st.tuples(st.just("corrected"), NUMBER, st.integers(0, 30)),
    st.tuples(st.just("charged"), NUMBER, QTY),
    st.tuples(st.just("adopted"), st.sampled_from((AAPL.con_id, KO.con_id)), st.integers(-9, 9)),
    st.tuples(st.just("approved"), st.tuples(CONTRACT, WHO), st.tuples(SIDE, QTY, NUMBER)),
    st.tuples(st.just("shown"), NUMBER, st.booleans()),
    st.tuples(st.just("stopped"), st.tuples(CONTRACT, WHO), st.tuples(SIDE, QTY, NUMBER)),
    st.tuples(st.just("over"), NUMBER, st.none()),
    st.tuples(st.just("released"), NUMBER, QTY),
    st.tuples(st.just("held again"), NUMBER, QTY),
    st.tuples(st.just("given back"), NUMBER, st.none()),
    st.tuples(st.just("known"), st.sampled_from(KNOWN), st.none()),
    st.tuples(st.just("snapshot"), st.none(), st.none()),
    st.tuples(st.just("restarted"), st.none(), st.none()),
)


class Account:
    """A gate with its keeper, as the gate's actor drives them, and a journal."""

    def __init__(self, limited: Limits = LIMITS) -> None:
        self.limits, self.known = limited, KNOWN[0]
        self.records: list[Record] = []
        self.orders: dict[str, OrderView] = {}
        self.approved: list[Approved] = []
        self.quotes = Quotes()
        self.keeper = Keeper(Gate(limited), ledger(), Standings())
        self.write(rolled("2026-11-20", CASH))
        for con_id in CON_IDS:
            self.price(con_id, 100.0)
        self.written = 0

    def book(self) -> Ledger:
        made = ledger()
        for record in self.records:
            made.apply(record)
        return made

    def write(self, record: Record) -> None:
        self.records.append(record)
        self.keeper.fold(len(self.records), record)

    def price(self, con_id: int, price: float) -> None:
        self.quotes[con_id] = Quote(con_id, NOW, price, price, 5, 5)
        self.keeper.priced(self.quotes[con_id])

    def look(self) -> RiskView:
        world = self.keeper.world()
        return replace(
            view(), ledger=world.ledger, others=world.others, moved=world.moved,
            quotes=self.quotes, instruments=INSTRUMENTS, sectors=SECTORS, correlations=self.known,
        )  # fmt: skip

    def tell(self, order: OrderView) -> None:
        self.orders[order.ref] = order
        if not order.reserved:
            del self.orders[order.ref]
        self.keeper.told(order)

    def do(self, what: str, one: Any, other: Any) -> None:
        getattr(self, f"_{what.replace(' ', '_')}")(one, other)

    def _quote(self, con_id: int, price: float) -> None:
        self.price(con_id, price)

    def _filled(self, which: tuple[int, str], how: tuple[str, int]) -> None:
        self.written += 1
        family = f"f{self.written}"
        (con_id, strategy), (side, qty) = which, how
        if con_id != SPY.con_id:  # the ledger's contracts
            self.write(fill(family, side, qty, "100", con_id=con_id, strategy=strategy))

    def _corrected(self, number: int, qty: int) -> None:
        """A fill is corrected; of nothing it was none: a bust."""
        self.write(fixed(f"f{number}", qty, "101", revision=len(self.records) + 2))

    def _charged(self, number: int, cents: int) -> None:
        self.write(fee(f"f{number}", f"0.{cents:02}", revision=len(self.records) + 2))

    def _adopted(self, con_id: int, qty: int) -> None:
        self.write(adopted(qty, "99", con_id=con_id))

    def _approved(self, which: tuple[int, str], how: tuple[str, int, int]) -> None:
        (con_id, strategy), (side, qty, number) = which, how
        legs = (Leg(order_type=OrderType.STOP, aux_price=D(95 + 10 * (side == "SELL"))),)
        wanted = intent(
            side, qty, con_id=con_id, symbol=SYMBOLS[con_id], strategy=strategy,
            cause=f"c{len(self.approved)}", legs=legs if number % 2 else (),
            order_type=OrderType.LIMIT if number > 1 else OrderType.MARKET,
            limit_price=D(94 + 3 * number) if number > 1 else None,
        )  # fmt: skip
        found = self.keeper.judge(wanted, self.look(), NOW)
        if isinstance(found, Approved):
            self.approved.append(found)

    def _shown(self, number: int, with_leg: bool) -> None:
        """The broker shows an entry, and perhaps the stop that it brought."""
        if number < len(self.approved):
            of = self.approved[number].intent
            ref, named = f"rt{number}", {"cause": of.cause}
            self.tell(order(ref, of.con_id, of.strategy, of.side.value, of.qty, **named))
            if with_leg and of.legs:
                against = "SELL" if of.side.value == "BUY" else "BUY"
                leg = order(f"{ref}-1", of.con_id, of.strategy, against, of.qty, **named)
                self.tell(stop(leg, of.legs[0].aux_price, parent=ref))

    def _stopped(self, which: tuple[int, str], how: tuple[str, int, int]) -> None:
        """A stop or a stranger's order works, or one that did is of another quantity."""
        (con_id, strategy), (side, qty, number) = which, how
        ref = f"x{number}-{con_id}"
        told = order(ref, con_id, strategy, side, D(qty), cause=f"x{number}")
        self.tell(stop(told, D(90 + 4 * number)) if number % 3 else told)

    def _over(self, number: int, _: None) -> None:
        if number < len(self.orders):
            self.tell(replace([*self.orders.values()][number], reserved=D(0)))

    def _released(self, number: int, qty: int) -> None:
        if number < len(self.approved):
            given = self.approved[number].reservation
            self.keeper.released(Released(given, "x", D(qty), D(0)))

    def _held_again(self, number: int, qty: int) -> None:
        if number < len(self.approved):
            given = self.approved[number].reservation
            self.keeper.released(Released(given, "x", D(-qty), D(0)))

    def _given_back(self, number: int, _: None) -> None:
        if number < len(self.approved):
            self.keeper.give_back(self.approved[number], "late")

    def _known(self, known: Correlations, _: None) -> None:
        self.known = known

    def _snapshot(self, _: None, __: None) -> None:
        """Another ledger, in which a fill is booked that this one has not seen."""
        self.written += 1
        self.records.append(fill(f"f{self.written}", "BUY", 7, "100"))
        self.keeper.restore(self.book(), Standings(), ())

    def _restarted(self, _: None, __: None) -> None:
        """A new gate: the journal again, what is open is held by it and told, and no more."""
        reserved = self.keeper.gate.reserved
        self.keeper = Keeper(Gate(self.limits), self.book(), Standings())
        for held in reserved:
            self.keeper.gate.hold(held)
        for quote in self.quotes.values():
            self.keeper.priced(quote)
        for told in self.orders.values():
            self.keeper.told(told)
        self.approved = []


INSTRUMENTS = dict(STOCKS)
SECTORS = {AAPL.con_id: "tech", KO.con_id: "drinks"}


def order(
    ref: str, con_id: int, strategy: str, side: str, qty: Decimal, *, cause: str
) -> OrderView:
    return OrderView(
        ref=ref, order_id=1, strategy=strategy, con_id=con_id, symbol=SYMBOLS[con_id], side=side,
        state=OrderState.WORKING, qty=qty, filled=D(0), reserved=qty, reduces=False, cause=cause,
    )  # fmt: skip


def stop(of: OrderView, at: Decimal | None, parent: str = "") -> OrderView:
    return replace(
        of, protects=True, yields=True, reduces=True, parent_ref=parent, aux_price=at,
        order_type=OrderType.STOP.value,
    )  # fmt: skip


def kept_figures(kept: Worst, plain: Whole) -> Whole:
    """What is kept, as the plain figures are written."""
    sums = kept.sums
    return Whole(
        gross=sums.gross.total,
        high=sums.high.total,
        low=sums.low.total,
        heat=sums.heat.total,
        held=set(kept.held),
        sectors={name: kept.in_sector(name).total for name in plain.sectors},
        coming={name: kept.coming[name].total for name in plain.coming},
        budgets={name: kept.budget(name) for name in plain.budgets},
        orders=kept.orders.count,
    )


@settings(max_examples=25)
@given(st.lists(STEPS, min_size=10, max_size=30))
def test_after_fills_prices_corrections_busts_and_restarts_what_is_kept_is_the_plain_sum(
    steps: list[Any],
) -> None:
    account, kept = Account(), Worst()
    for step in steps:
        account.do(*step)
        seen, reserved = account.look(), account.keeper.gate.reserved
        shown = [WorkingOrder.of(each) for each in account.keeper.others()]
        assert sorted(seen.others or (), key=repr) == sorted(shown, key=repr)
        with localcontext(EXACT):
            kept.look(seen, reserved, BARE)
            plain = whole(seen, reserved, BARE)
            assert kept_figures(kept, plain) == plain
            for con_id in plain.held:
                after = After(kept, con_id, kept.rows[con_id].each, kept.rows[con_id].heat)
                members = cluster(seen, account.known, con_id, LEAST, plain.held)
                assert after.cluster(account.known, LEAST) == (
                    members, worth_of(seen, reserved, members),
                )  # fmt: skip


TIGHT = limits(
    max_symbol_weight=ratio("0.06"), max_sector_weight=ratio("0.08"), max_gross=ratio("0.12"),
    max_net=ratio("0.09"), max_open_positions=2, max_strategy_weight={"s": ratio("0.05")},
    max_entries_pending=2, max_cluster_weight=ratio("0.09"), max_heat=ratio("0.07"),
    max_open_orders=6,
)  # fmt: skip


@settings(max_examples=25)
@given(st.lists(STEPS, min_size=10, max_size=30), st.tuples(CONTRACT, WHO), st.tuples(SIDE, QTY))
def test_a_gate_that_is_told_what_moved_says_what_a_new_one_says_that_looks_for_itself(
    steps: list[Any], which: tuple[int, str], how: tuple[str, int]
) -> None:
    account = Account(TIGHT)
    (con_id, strategy), (side, qty) = which, how
    wanted = intent(side, qty, con_id=con_id, symbol=SYMBOLS[con_id], strategy=strategy)
    for step in steps:
        account.do(*step)
        account.keeper.gate.lacks_margin(wanted, account.look(), NOW)  # it looks at what is new
    gate, seen = account.keeper.gate, account.look()
    new = Gate(TIGHT)
    for each in gate.reserved:
        new.hold(each)
    looked_for = replace(seen, quotes=dict(seen.quotes), moved=None)
    assert said(gate.explain(wanted, seen, NOW)) == said(new.explain(wanted, looked_for, NOW))


def said(found: object) -> str:
    """Everything that a gate says; 8961.0, which a sum leaves whose part had cents, is 8961."""
    return re.sub(r"(\d+\.\d*?)0+(?!\d)", lambda number: number[1].rstrip("."), repr(found))


AT = st.none() | st.integers(90, 110).map(D)
STOPS = st.none() | st.integers(85, 115).map(lambda at: StopAt(trigger=D(at)))
ENTRIES = st.builds(
    Pending, st.just(AAPL.con_id), st.sampled_from((1, -1)), QTY.map(D), AT, stop=STOPS
)
WORKING = st.builds(
    Pending, st.just(AAPL.con_id), st.sampled_from((1, -1)), QTY.map(D), AT,
    st.sampled_from(("", "oca")), st.booleans(), st.booleans(), STOPS,
)  # fmt: skip


@given(st.lists(ENTRIES | WORKING, max_size=5), ENTRIES)
def test_orders_with_one_more_are_those_orders_and_that_one(
    own: list[Pending], entry: Pending
) -> None:
    assert Stopped.of(own).plus(entry) == Stopped.of([*own, entry])


@given(st.permutations(("101", "104", "103")), st.sampled_from((90.0, 102.0, 106.0)))
def test_a_short_entry_may_stand_at_the_lowest_price_of_any_farthest_from_its_stop(
    prices: list[str], market: float
) -> None:
    reserved = tuple(
        Reservation(
            number=n, con_id=AAPL.con_id, sign=-1, qty=D(2), price=D(price), reduces=False,
            strategy="s", stop=StopAt(trigger=D(110)),
        )
        for n, price in enumerate(prices)
    )  # fmt: skip
    quoted = {AAPL.con_id: Quote(AAPL.con_id, NOW, market, market, 5, 5)}
    seen, kept = replace(view(), quotes=quoted), Worst()
    with localcontext(EXACT):
        kept.look(seen, reserved, BARE)
        assert kept.sums.heat.total == whole(seen, reserved, BARE).heat
    assert kept.sums.heat.total == 6 * (110 - min(D(101), D(int(market))))


def test_an_order_is_anothers_exactly_while_no_reservation_of_this_gate_stands_for_it() -> None:
    account = Account()
    account.do("approved", (AAPL.con_id, "s"), ("BUY", 3, 0))
    (approved,), (held,) = account.approved, account.keeper.gate.reserved
    account.do("shown", 0, False)
    assert account.look().others == ()
    account.do("given back", 0, None)
    assert [each.ref for each in account.look().others or ()] == ["rt0"]
    account.keeper.hold(approved, held)
    assert account.look().others == ()
