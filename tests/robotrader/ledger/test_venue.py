"""The ledger and the simulated venue's own books, fed the same executions, agree to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Order, OrderType, Side
from robotrader.domain.records import CommissionBooked, FillBooked
from robotrader.ledger import Ledger
from robotrader.venue import AccountSetup, Books, Charged, Executed, OrderCharges
from tests.robotrader.ledger.kit import AAPL, ACCOUNT, CASH, KO, fee, fill, fixed, ledger, rolled
from tests.robotrader.venue.kit import Market

DAY = date(2026, 11, 20)
CON_IDS = st.sampled_from([AAPL, KO])


class Both:
    """A venue's books and a ledger that hear the same."""

    def __init__(self) -> None:
        self.books = Books({ACCOUNT: AccountSetup(CASH)}, [AAPL, KO])
        self.books.prices.update({AAPL.con_id: 100.0, KO.con_id: 50.0})
        self.ledger = ledger(rolled("2026-11-01", CASH))
        self.fills = 0

    def trade(self, con_id: int, side: Side, qty: int, price: Decimal) -> None:
        self.fills += 1
        instrument = AAPL if con_id == AAPL.con_id else KO
        order = Order(
            con_id=con_id, side=side, order_type=OrderType.MARKET, qty=Decimal(qty), account=ACCOUNT
        )
        commission, _ = self.books.fill(
            order, instrument, qty=Decimal(qty), price=price, day=DAY, charges=OrderCharges()
        )
        family = f"f{self.fills}"
        self.ledger.apply(fill(family, side.value, qty, str(price), con_id=con_id))
        self.ledger.apply(fee(family, str(commission)))

    def roll(self, day: int) -> None:
        self.books.roll_day()
        self.ledger.apply(rolled(f"2026-11-{day:02d}", self.books.equity(ACCOUNT)))

    def agree(self) -> None:
        view, pnl = self.ledger.view(self.books.prices), self.books.pnl(ACCOUNT)
        account = self.books.accounts[ACCOUNT]
        assert view.cash == account.cash
        assert view.commissions == account.commissions
        assert view.equity == self.books.equity(ACCOUNT)
        assert view.value == account.holdings(self.books.prices, self.books.multipliers)
        assert view.daily == pnl.daily
        for con_id, held in self.books.positions(ACCOUNT).items():
            assert view.position(con_id) == held.qty
        if not view.positions:
            assert view.realized == account.cash - CASH


cents = st.integers(100, 50_000).map(lambda each: Decimal(each) / 100)
trades = st.tuples(CON_IDS, st.sampled_from(list(Side)), st.integers(1, 300), cents)
steps = st.lists(st.one_of(trades, st.tuples(CON_IDS, cents), st.none()), max_size=25)


@given(steps)
def test_f39_random_fills_days_and_prices_give_the_same_money_in_both(
    made: list[tuple[object, ...] | None],
) -> None:
    both, day = Both(), 1
    for step in made:
        match step:
            case (instrument, Side() as side, int() as qty, Decimal() as price):
                both.trade(instrument.con_id, side, qty, price)  # type: ignore[attr-defined]
            case (instrument, Decimal() as price):
                both.books.prices[instrument.con_id] = float(price)  # type: ignore[attr-defined]
            case _:
                day += 1
                both.roll(day)
        both.agree()


@given(st.lists(st.tuples(st.integers(1, 300), cents, cents), min_size=1, max_size=8))
def test_round_trips_realize_the_same_in_both_however_a_cost_is_averaged(
    trips: list[tuple[int, Decimal, Decimal]],
) -> None:
    both = Both()
    for qty, bought, sold in trips:
        both.trade(AAPL.con_id, Side.BUY, qty, bought)
        both.trade(AAPL.con_id, Side.SELL, qty, sold)
        held = both.books.accounts[ACCOUNT].positions[AAPL.con_id]
        assert both.ledger.realized() == held.realized


@given(st.integers(1, 300), cents, st.integers(0, 300), cents)
def test_f38_a_correction_changes_cash_and_equity_by_the_same_in_both(
    qty: int, price: Decimal, new_qty: int, new_price: Decimal
) -> None:
    both = Both()
    both.trade(AAPL.con_id, Side.BUY, qty, price)
    both.books.correct(
        ACCOUNT,
        AAPL.con_id,
        qty=Decimal(new_qty - qty),
        value=new_qty * new_price - qty * price,
        bought=True,
    )
    both.ledger.apply(fixed("f1", new_qty, str(new_price)))
    both.agree()


def test_what_a_whole_venue_executes_and_charges_is_booked_to_the_cent() -> None:
    """Orders through the matching engine, partial fills and short sales among them."""
    market = Market(cash=1_000_000)
    book = Ledger(ACCOUNT, [AAPL, KO])
    for step in range(60):
        side = ("BUY", "SELL", "SSHORT")[step * 7 % 3]
        market.order(side, 1 + step * 37 % 900)
        price = 100 + step % 9 - step % 4 / 4
        market.bar(price, price + 1, price - 1, price + 0.25, volume=1_000)
    book = ledger(cash=Decimal(1_000_000))
    fills = 0
    for event in market.events:
        if isinstance(event, Executed):
            fills += 1
            book.apply(_booked(event))
        elif isinstance(event, Charged):
            book.apply(_charged(event))
    view = book.view(market.books.prices)
    account = market.books.accounts[ACCOUNT]
    assert fills > 40
    assert (view.cash, view.commissions) == (account.cash, account.commissions)
    assert view.position(AAPL.con_id) == market.position
    assert view.equity == market.books.equity(ACCOUNT)


def _booked(event: Executed) -> FillBooked:
    done = event.execution
    return FillBooked(
        family=done.exec_id.rpartition(".")[0],
        exec_id=done.exec_id,
        ref=done.order_ref,
        order_id=done.key.order_id,
        perm_id=done.perm_id,
        con_id=done.con_id,
        account=done.account,
        side="BUY" if done.bought else "SELL",
        qty=done.qty,
        price=done.price,
        time_ns=done.time_ns,
    )


def _charged(event: Charged) -> CommissionBooked:
    return CommissionBooked(
        family=event.exec_id.rpartition(".")[0], exec_id=event.exec_id, commission=event.commission
    )
