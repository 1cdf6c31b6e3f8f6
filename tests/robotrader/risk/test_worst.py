"""What is kept from intent to intent is what adding everything up anew gives."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Quote, Side
from robotrader.ledger.money import EXACT
from robotrader.ledger.view import total
from robotrader.risk import Reservation, RiskView, WorkingOrder
from robotrader.risk.exposure import Exposure, Pending, exposure_of, pending
from robotrader.risk.heat import StopAt, heat_of
from robotrader.risk.worst import After, Worst
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import NOW, SPY, account, view

CON_IDS = (AAPL.con_id, KO.con_id, SPY.con_id)
QTY = st.integers(1, 9).map(Decimal)
PRICE = st.sampled_from((float("nan"), 99.5, 100.0, 100.25, 1e-20, 3e17))
SECTORS: tuple[dict[int, str], ...] = (
    {AAPL.con_id: "tech", KO.con_id: "drinks", SPY.con_id: "tech"},
    {AAPL.con_id: "tech"},
)
STOPS = st.sampled_from((None, StopAt(trigger=Decimal(99)), StopAt(distance=Decimal(2))))
RESERVED = st.lists(
    st.builds(
        Reservation,
        number=st.integers(1, 5),
        con_id=st.sampled_from(CON_IDS),
        sign=st.sampled_from((1, -1)),
        qty=QTY,
        price=st.sampled_from((None, Decimal("101.5"))),
        reduces=st.booleans(),
        strategy=st.just("s"),
        yields=st.booleans(),
        stop=STOPS,
        cause=st.sampled_from(("c1", "c2")),
    ),
    max_size=4,
).map(tuple)
OTHERS = st.lists(
    st.builds(
        WorkingOrder,
        ref=st.just("x"),
        con_id=st.sampled_from(CON_IDS),
        side=st.sampled_from(Side),
        qty=QTY,
        group=st.sampled_from(("", "oca")),
        strategy=st.just("s"),
        yields=st.booleans(),
        protects=st.booleans(),
        stop=STOPS,
        cause=st.sampled_from(("c1", "c2")),
    ),
    max_size=3,
).map(tuple)
HELD = st.integers(-3, 3)
BARE = Decimal("0.5")
CHANGES = st.one_of(
    st.tuples(st.just("quote"), st.sampled_from(CON_IDS), PRICE),
    st.tuples(st.just("no quote"), st.sampled_from(CON_IDS), st.none()),
    st.tuples(st.just("reserved"), st.none(), RESERVED),
    st.tuples(st.just("others"), st.none(), st.none() | OTHERS),
    st.tuples(st.just("account"), HELD, HELD),
    st.tuples(st.just("no account"), st.none(), st.none()),
    st.tuples(st.just("sectors"), st.none(), st.sampled_from(SECTORS)),
)


def exposures(
    seen: RiskView, positions: Iterable[int], on_its_way: tuple[Pending, ...]
) -> dict[int, Exposure]:
    """The worst case of every contract that is held or on its way, each for itself."""
    con_ids = dict.fromkeys((*positions, *(each.con_id for each in on_its_way)))
    return {
        con_id: exposure_of(seen, con_id, [each for each in on_its_way if each.con_id == con_id])
        for con_id in con_ids
    }


class World:
    """A view and reservations that change, one thing at a time; quotes change in their place."""

    def __init__(self) -> None:
        self.view: RiskView = view()
        self.reserved: tuple[Reservation, ...] = ()

    def change(self, what: str, one: Any, other: Any) -> None:
        fields: dict[str, Any] = {}
        if what == "quote":
            self.view.quotes[one] = Quote(one, NOW, other, other, 5, 5)
        elif what == "no quote":
            self.view.quotes.pop(one, None)
        elif what == "reserved":
            self.reserved = other
        elif what in {"others", "sectors"}:
            fields[what] = other
        else:
            fields["ledger"] = None if what == "no account" else account(one, other)
        self.view = msgspec.structs.replace(self.view, **fields)


def added_up(found: dict[int, Exposure], sectors: dict[int, str]) -> list[object]:
    """Every figure, by going through all contracts."""
    values = {con_id: each.value for con_id, each in found.items()}
    worths = [(each.high, each.low, each.unit) for each in found.values()]
    return [
        total(values.values()),
        total(None if unit is None else high * unit for high, _, unit in worths),
        total(None if unit is None else low * unit for _, low, unit in worths),
        {con_id for con_id, each in found.items() if each.qty},
        total(value for c, value in values.items() if sectors.get(c, "tech") == "tech"),
    ]


@given(
    st.lists(CHANGES, min_size=6, max_size=20),
    st.sampled_from(CON_IDS),
    QTY,
    st.sampled_from((1, -1)),
)
def test_whatever_changes_the_sums_are_those_of_all_contracts(
    changes: list[tuple[str, Any, Any]], con_id: int, qty: Decimal, sign: int
) -> None:
    world, kept = World(), Worst()
    with localcontext(EXACT):
        for change in changes:
            world.change(*change)
            kept.look(world.view, world.reserved, BARE)
            order = Pending(con_id, sign, qty, Decimal(100))
            own = (*kept.own(con_id), order)
            mine = exposure_of(world.view, con_id, own)
            after = After(kept, con_id, mine, heat_of(world.view, con_id, own, mine, BARE))

            positions = {} if world.view.ledger is None else world.view.ledger.positions
            on_its_way = (*pending(world.reserved, world.view.others or ()), order)
            plain = exposures(world.view, positions, on_its_way)
            assert {each: after[each] for each in plain} == plain
            found = [after.gross, after.high, after.low, after.held, after.of_sector("tech")]
            assert found == added_up(plain, world.view.sectors)
            assert after.heat == total(
                heat_of(world.view, c, [one for one in on_its_way if one.con_id == c], each, BARE)
                for c, each in plain.items()
            )


def test_a_price_that_an_order_brings_makes_an_unknown_sum_known() -> None:
    world, kept = World(), Worst()
    world.change("no account", None, None)
    world.view.quotes.pop(AAPL.con_id)
    held = replace(reserved(AAPL.con_id, "1"), price=None)
    with localcontext(EXACT):
        kept.look(world.view, (held, reserved(KO.con_id, "7")))
        assert kept.sums.gross.total is None
        order = Pending(AAPL.con_id, 1, Decimal(2), Decimal(50))
        mine = exposure_of(world.view, AAPL.con_id, (*kept.own(AAPL.con_id), order))
        after = After(kept, AAPL.con_id, mine)
    assert after.gross == after.high == 3 * 50 + 100, "KO's market is above what is paid for it"
    assert after.low == 0


def reserved(con_id: int, price: str) -> Reservation:
    return Reservation(
        number=1, con_id=con_id, sign=1, qty=Decimal(1), price=Decimal(price), reduces=False,
        strategy="s",
    )  # fmt: skip


def test_a_sum_that_could_not_stay_exact_is_added_up_anew() -> None:
    fine, large = reserved(AAPL.con_id, "1e-300"), reserved(KO.con_id, "3e17")
    world, kept = World(), Worst()
    world.change("no account", None, None)
    world.view.quotes.clear()
    with localcontext(EXACT):
        for held in ((fine,), (fine, large), (fine,)):
            kept.look(world.view, held)
    assert kept.sums.gross.known == Decimal("1e-300"), "not the nothing that rounding leaves"
