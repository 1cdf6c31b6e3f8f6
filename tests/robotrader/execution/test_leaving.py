"""What leaves a book and what stays: beside a book that never forgets, and over a year."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.domain import ExecutionReport, Side
from robotrader.domain import records as r
from robotrader.execution import hearing
from robotrader.execution.book import Book
from robotrader.execution.kept import BookState, restore, slices
from robotrader.execution.leaving import Keep
from robotrader.recovery.parts import join

DAY = 86_400_000_000_000
KEEP = Keep(ns=5 * DAY, fewest=10)
EVER = Keep(ns=1 << 62, fewest=1 << 62)


class Life:
    """Writes the records of a year: entries with stops, exits, ends, late fills and corrections."""

    def __init__(self, seed: int) -> None:
        self.random, self.now_ns = Random(seed), DAY
        self.records: list[Any] = [
            r.SessionBegan(epoch=1, account="DU1", client_id=7, config_hash="")
        ]
        self.number, self.fills = 0, 0
        self.lately: list[tuple[int, str, str, Decimal]] = []
        self.resting: list[str] = []

    def intend(self, side: str, kind: str, parent: str = "") -> str:
        self.number += 1
        ref = f"rt1-1-{self.number}"
        self.records.append(
            r.OrderIntended(
                ref=ref, order_id=self.number, generation=1, account="DU1", side=side, con_id=1,
                strategy=f"s{self.number % 3}", symbol="AAPL", order_type=kind, qty=Decimal(10),
                reduces=kind == "STP", parent_ref=parent, wall_ns=self.now_ns,
                aux_price=Decimal(5) if kind == "STP" else None,
            )
        )  # fmt: skip
        self.records.append(
            r.OrderAcked(ref=ref, perm_id=9_000 + self.number, status="", wall_ns=self.now_ns)
        )
        return ref

    def fill(self, ref: str, side: str, qty: int) -> None:
        self.fills += 1
        family = f"f{self.fills}"
        self.lately.append((self.now_ns, family, side, Decimal(qty)))
        number = int(ref.rpartition("-")[2])
        self.records.append(
            r.FillBooked(
                family=family, exec_id=f"{family}.01", ref=ref, order_id=number,
                perm_id=9_000 + number, con_id=1, account="DU1", side=side, qty=Decimal(qty),
                price=Decimal(7), time_ns=self.now_ns, strategy=f"s{number % 3}",
                wall_ns=self.now_ns,
            )
        )  # fmt: skip
        self.records.append(
            r.CommissionBooked(family=family, exec_id=f"{family}.01", commission=Decimal(1))
        )

    def done(self, ref: str, ending: r.Ending, cum: int) -> None:
        self.records.append(
            r.OrderDone(ref=ref, ending=ending, cum_filled=Decimal(cum), wall_ns=self.now_ns)
        )

    def trip(self) -> None:
        """A position that is opened with a stop, or not, and closed."""
        rand, (buy, sell) = self.random, self.random.choice([("BUY", "SELL"), ("SELL", "BUY")])
        while len(self.resting) > 20:  # a person tidies up
            self.done(self.resting.pop(0), r.Ending.CANCELLED, 0)
        entry = self.intend(buy, "LMT")
        stop = self.intend(sell, "STP", entry) if rand.random() < 0.7 else ""
        filled = rand.choice([0, 4, 10])
        if filled:
            self.fill(entry, buy, filled)
        rests = not filled and rand.random() < 0.05  # good till cancelled
        if not rests:
            ending = r.Ending.FILLED if filled == 10 else r.Ending.CANCELLED
            late = filled == 4 and rand.random() < 0.3
            self.done(entry, ending, 6 if late else filled)
            if late:
                self.now_ns += rand.randrange(3 * DAY)
                self.fill(entry, buy, 2)
                filled = 6
        self.now_ns += rand.randrange(DAY // 50)
        self.resting += [entry] if rests else []
        if stop and (rests or rand.random() > 0.9):
            self.resting.append(stop)
        elif stop:
            if filled:
                self.fill(stop, sell, filled)
            self.done(stop, r.Ending.FILLED if filled else r.Ending.CANCELLED, filled)
        elif filled and rand.random() < 0.9:
            leaves = self.intend(sell, "MKT")
            self.fill(leaves, sell, filled)
            self.done(leaves, r.Ending.FILLED, filled)

    def corrected(self) -> None:
        old = [each for each in self.lately if self.now_ns - each[0] < KEEP.ns]
        self.lately = old
        if old:
            _, family, _, qty = self.random.choice(old)
            number = len(self.records)
            self.records.append(
                r.FillCorrected(
                    family=family, exec_id=f"{family}.{number}", qty=qty, price=Decimal(8),
                    wall_ns=self.now_ns,
                )
            )  # fmt: skip

    def days(self, days: int, trips: int) -> Life:
        for _ in range(days):
            for _ in range(trips):
                self.trip()
                if self.random.random() < 0.1:
                    self.corrected()
            self.now_ns += DAY
        return self


def copied(book: Book, keep: Keep) -> Book:
    """The book that comes of a snapshot."""
    made = [msgspec.msgpack.encode(each) for each in slices(book, 7)]
    state = join(msgspec.msgpack.decode(each, type=BookState) for each in made)
    other = Book(keep)
    restore(other, state)
    return other


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 1 << 30), cut=st.floats(0, 1))
def test_what_anybody_may_ask_for_stays_and_is_as_if_nothing_had_left(
    seed: int, cut: float
) -> None:
    records = Life(seed).days(20, 3).records
    book, whole = Book(KEEP), Book(EVER)
    for number, record in enumerate(records):
        if number == int(cut * len(records)):
            book = copied(book, KEEP)
        book.apply(record)
        whole.apply(record)
        assert len(book.orders) <= len(whole.orders)
    for name in ("positions", "holdings", "stops", "halted", "moves"):
        assert getattr(book, name) == getattr(whole, name), name
    for name in ("open", "awaited"):
        assert list(getattr(book, name)) == list(getattr(whole, name))
    assert book.ignored == whole.ignored
    assert book.identities.state() == whole.identities.state()
    now_ns = whole.leaving.now_ns
    for ref, order in whole.orders.items():
        if not order.over or order.reserved or now_ns - order.last_ns <= KEEP.ns:
            assert book.orders[ref].durable() == order.durable()
            assert book.by_id[order.intent.order_id] == ref
            assert all(book.by_perm[each] == ref for each in order.perm_ids)
    for ref in (*book.stops.values(), *(ref for refs in book.legs.values() for ref in refs)):
        assert ref in book.orders
    for family, fill in whole.fills.items():
        if now_ns - fill.booked_ns <= KEEP.ns:
            assert book.fills[family] == fill
            assert book.commissions[family] == whole.commissions[family]
    assert set(book.by_id.values()) <= set(book.orders)
    assert set(book.by_perm.values()) <= set(book.orders)
    assert len(copied(book, KEEP).orders) == len(book.orders)
    assert copied(book, KEEP).durable() == book.durable()


def test_over_a_year_a_book_and_its_snapshots_stop_growing() -> None:
    life, book = Life(7), Book(KEEP)
    sizes, orders, done = [], [], 0
    for _ in range(12):
        life.days(30, 20)
        for record in life.records[done:]:
            book.apply(record)
        done = len(life.records)
        sizes.append(sum(len(msgspec.msgpack.encode(each)) for each in slices(book, 500)))
        orders.append(len(book.orders) - len(book.open))
    assert life.number > 12_000
    assert max(orders[6:]) < 1.5 * max(orders[:6]) < 300, orders
    assert max(sizes[6:]) < 1.5 * max(sizes[:6]), sizes


def test_a_late_execution_finds_its_order_for_seven_days_and_no_number_is_given_twice() -> None:
    life, book = Life(3), Book()
    entry = life.intend("BUY", "LMT")
    life.done(entry, r.Ending.CANCELLED, 0)
    life.now_ns += 7 * DAY
    for _ in range(1_500):
        life.trip()
        life.now_ns = 8 * DAY
    for record in life.records:
        book.apply(record)
    late = ExecutionReport(
        exec_id="late.01", order_id=1, client_id=7, perm_id=9_001, ref="", con_id=1, account="DU1",
        side=Side.BUY, qty=Decimal(3), cum_qty=Decimal(3), price=Decimal(7), time_ns=DAY,
        generation=1,
    )  # fmt: skip
    (booked,) = hearing.executed(book, late, life.now_ns)
    assert isinstance(booked, r.FillBooked)
    assert (booked.ref, booked.strategy) == (entry, "s1")
    ref, order_id = book.identities.next()
    assert ref not in book.orders
    assert order_id == life.number + 1


def test_a_clock_that_jumps_ahead_takes_the_newest_thousand_not_along() -> None:
    life, book = Life(5), Book()
    life.days(3, 400)
    life.now_ns += 365 * DAY
    life.trip()
    life.trip()
    for record in life.records:
        book.apply(record)
    assert len(book.orders) - len(book.open) >= 1_000
