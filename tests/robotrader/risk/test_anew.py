"""The worst case that goes on is the one of who looks for the first time, whatever becomes another
in between: contracts, sectors and rules included."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.domain import Quote, Side
from robotrader.ledger.money import EXACT
from robotrader.risk import Correlations, Quotes, Reservation, WorkingOrder
from robotrader.risk.exposure import Pending, exposure_of
from robotrader.risk.heat import StopAt, heat_of
from robotrader.risk.held import Held
from robotrader.risk.worst import After, Worst
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import NOW, SPY, STOCKS, account, view

D = Decimal
CON_IDS = (AAPL.con_id, KO.con_id, SPY.con_id)
NAMES = ("s", "t")
SECTORS: tuple[Mapping[int, str], ...] = (
    {AAPL.con_id: "tech", KO.con_id: "drinks", SPY.con_id: "tech"},
    {AAPL.con_id: "drinks"},
    {},
)
SO = Correlations(
    {AAPL.con_id: 0, KO.con_id: 1},
    ((1.0, 0.8), (0.8, 1.0)),
    250,
)
STOPS = st.sampled_from((None, StopAt(trigger=D(95)), StopAt(trigger=D(105))))
CON_ID, QTY = st.sampled_from(CON_IDS), st.integers(1, 9)
EVENTS = st.one_of(
    st.builds(
        lambda con_id, sign, qty, who, stop: ("enter", (con_id, sign, qty, who, stop)),
        CON_ID, st.sampled_from((1, -1)), QTY, st.sampled_from(("s", "s/A", "t")), STOPS,
    ),
    st.builds(
        lambda con_id, sign, qty, who, stop: ("enter", (con_id, sign, qty, who, stop)),
        CON_ID, st.sampled_from((1, -1)), QTY, st.sampled_from(("s", "s/A", "t")), STOPS,
    ),
    st.tuples(st.just("release"), st.tuples(st.integers(0, 9), QTY)),
    st.tuples(st.just("quote"), st.tuples(
        CON_ID, st.sampled_from((float("nan"), 90.0, 99.5, 100.0, 110.0, 1e-20, 3e17))
    )),
    st.tuples(st.just("account"), st.tuples(st.integers(-9, 9), st.integers(-9, 9))),
    st.tuples(st.just("multiplier"), st.tuples(CON_ID, st.sampled_from((1, 5, 100)))),
    st.tuples(st.just("sectors"), st.sampled_from(SECTORS)),
    st.tuples(st.just("bare"), st.sampled_from((None, D("0.5"), D(1)))),
    st.tuples(st.just("told quotes"), st.booleans()),
    st.tuples(st.just("others"), st.lists(
        st.builds(
            WorkingOrder, ref=st.sampled_from(("x", "y")), con_id=CON_ID,
            side=st.sampled_from(Side), qty=QTY.map(D), strategy=st.sampled_from(("s/A", "t")),
            reduces=st.booleans(),
        ),
        max_size=2,
    ).map(tuple)),
)  # fmt: skip


class World:
    """What changes, and the worst case that is kept of it."""

    def __init__(self) -> None:
        self.view = view()
        self.bare: Decimal | None = None
        self.held, self.moved = Held(), set[int]()
        self.worst, self.next = Worst(), 1

    def look(self) -> None:
        moved, self.moved = self.moved, set()
        self.worst.look(self.view, self.held, self.bare, moved)

    def enter(self, con_id: int, sign: int, qty: int, who: str, stop: StopAt | None) -> None:
        new = Reservation(
            number=self.next, con_id=con_id, sign=sign, qty=D(qty), price=D(101), reduces=False,
            strategy=who, stop=stop,
        )  # fmt: skip
        self.next += 1
        self.held.put(new)
        self.moved.add(con_id)

    def with_order(self, con_id: int, sign: int, qty: int) -> After:
        """Return the worst case with an order more."""
        order = Pending(con_id, sign, D(qty), D(101))
        own = (*self.worst.own(con_id), order)
        mine = exposure_of(self.view, con_id, own)
        bare = self.bare
        heat = D(0) if bare is None else heat_of(self.view, con_id, own, mine, bare)
        return After(self.worst, con_id, mine, heat)

    def release(self, number: int, qty: int) -> None:
        held = self.held.get(number)
        if held is None:
            return
        self.moved.add(held.con_id)
        if held.qty > qty:
            self.held.put(msgspec.structs.replace(held, qty=held.qty - qty))
        else:
            self.held.drop(number)

    def change(self, what: str, value: Any) -> None:
        fields: dict[str, Any] = {}
        if what in {"enter", "release"}:
            getattr(self, what)(*value)
        elif what == "quote":
            con_id, price = value
            self.view.quotes[con_id] = Quote(con_id, NOW, price, price, 5, 5)
        elif what == "account":
            fields["ledger"] = account(*value)
        elif what == "multiplier":
            con_id, many = value
            other = msgspec.structs.replace(STOCKS[con_id], multiplier=many)
            fields["instruments"] = {**self.view.instruments, con_id: other}
        elif what == "told quotes":
            quotes: dict[int, Quote] = Quotes() if value else {}
            for con_id in CON_IDS:
                quotes[con_id] = self.view.quotes[con_id]
            fields["quotes"] = quotes
        elif what == "bare":
            self.bare = value
        else:
            fields[what] = value
        self.view = msgspec.structs.replace(self.view, **fields)

    def anew(self) -> Worst:
        """Return the worst case as somebody sees it who looks for the first time."""
        worst, seen = Worst(), msgspec.structs.replace(self.view, quotes=dict(self.view.quotes))
        worst.look(seen, self.held.all(), self.bare)
        return worst


def figures(worst: Worst) -> dict[str, Any]:
    """Everything that the gate's checks ask it."""
    sums = worst.sums
    found: dict[str, Any] = {
        "sums": [each.total for each in (sums.gross, sums.high, sums.low, sums.heat)],
        "held": set(worst.held),
        "coming": [worst.coming[name].total for name in NAMES],
        "sectors": [worst.in_sector(name).total for name in ("tech", "drinks", "")],
        "count": worst.orders.count,
        "own": {con_id: set(worst.own(con_id)) for con_id in CON_IDS},
        "rows": {con_id: (row.each, row.heat) for con_id, row in worst.rows.items()},
        "strangers": set(worst.strangers(SO)),
    }
    clusters = [c for c in CON_IDS if c in worst.held]
    found["clusters"] = {
        c: (set(seen.members), seen.worth.total)
        for c in clusters
        for seen in [worst.clusters.of(c, worst.held, SO, D("0.7"), worst.rows, worst.strangers)]
    }
    return found


@settings(max_examples=150)
@given(st.lists(EVENTS, min_size=8, max_size=25))
def test_what_goes_on_is_what_is_seen_for_the_first_time(events: list[tuple[str, Any]]) -> None:
    world = World()
    with localcontext(EXACT):
        for what, value in events:
            world.change(what, value)
            world.look()
            assert figures(world.worst) == figures(world.anew())


@given(st.lists(EVENTS, min_size=6, max_size=15))
def test_who_looks_only_at_the_end_sees_the_same(events: list[tuple[str, Any]]) -> None:
    world = World()
    with localcontext(EXACT):
        for what, value in events:
            world.change(what, value)
        world.look()
        assert figures(world.worst) == figures(world.anew())


@given(st.lists(EVENTS, min_size=6, max_size=15), CON_ID, QTY, st.sampled_from((1, -1)))
def test_with_one_order_more_it_is_what_it_will_be_once_that_is_held(
    events: list[tuple[str, Any]], con_id: int, qty: int, sign: int
) -> None:
    """Of a strategy, of a sector and of what moves together."""
    world = World()
    with localcontext(EXACT):
        for what, value in events:
            world.change(what, value)
        world.look()
        after = world.with_order(con_id, sign, qty)
        found = [after.coming(name, D(qty)) for name in NAMES]
        found += [after.of_sector(name) for name in ("tech", "drinks", "")]
        members, worth = after.cluster(SO, D("0.7"))
        world.enter(con_id, sign, qty, "s", None)
        anew = world.anew()
        sums = anew.sums
        assert (after.gross, after.high, after.low) == (
            sums.gross.total, sums.high.total, sums.low.total
        )  # fmt: skip
        assert after.heat == sums.heat.total
        assert after.held == anew.held
        assert found[0] == anew.coming["s"].total
        bare = anew.in_sector("").total
        for name, of_sector in zip(("tech", "drinks"), found[2:4], strict=True):
            own = anew.in_sector(name).total
            assert of_sector == (None if own is None or bare is None else own + bare)
        together = anew.clusters.of(con_id, anew.held, SO, D("0.7"), anew.rows, anew.strangers)
        assert (members, worth) == (together.members, together.worth.total)
