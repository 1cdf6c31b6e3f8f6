"""Records in short, and random ones."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from robotrader.domain import Instrument
from robotrader.domain.records import (
    CashAdopted,
    CommissionBooked,
    DayRolled,
    FillBooked,
    FillCorrected,
    PositionAdopted,
    Record,
)
from robotrader.ledger import Ledger, LedgerView

AAPL = Instrument(con_id=265598, symbol="AAPL")
KO = Instrument(con_id=8894, symbol="KO")
ACCOUNT = "DU1"
CASH = Decimal(100_000)


def ledger(*records: Record, cash: Decimal | None = CASH) -> Ledger:
    """A ledger of AAPL and KO that has applied these."""
    made = Ledger(ACCOUNT, [AAPL, KO])
    if cash is not None:
        made.apply(CashAdopted(account=ACCOUNT, cash=cash))
    for record in records:
        made.apply(record)
    return made


def fill(
    family: str,
    side: str,
    qty: int | str,
    price: str,
    *,
    con_id: int = AAPL.con_id,
    strategy: str = "s",
    account: str = ACCOUNT,
    ref: str = "rt1-1-1",
) -> FillBooked:
    return FillBooked(
        family=family,
        exec_id=f"{family}.01",
        ref=ref,
        order_id=1,
        perm_id=1,
        con_id=con_id,
        account=account,
        side=side,
        qty=Decimal(qty),
        price=Decimal(price),
        time_ns=0,
        strategy=strategy,
    )


def fee(family: str, commission: str, revision: int = 1, currency: str = "USD") -> CommissionBooked:
    exec_id = f"{family}.{revision:02d}"
    return CommissionBooked(
        family=family, exec_id=exec_id, commission=Decimal(commission), currency=currency
    )


def fixed(family: str, qty: int, price: str, revision: int = 2) -> FillCorrected:
    exec_id = f"{family}.{revision:02d}"
    return FillCorrected(family=family, exec_id=exec_id, qty=Decimal(qty), price=Decimal(price))


def adopted(qty: int, avg_cost: str, con_id: int = AAPL.con_id) -> PositionAdopted:
    return PositionAdopted(
        con_id=con_id, qty=Decimal(qty), avg_cost=Decimal(avg_cost), who="ann", why="seen"
    )


def rolled(day: str, equity: str | Decimal) -> DayRolled:
    return DayRolled(day=day, equity=Decimal(equity))


def dec(*numbers: int | Decimal) -> tuple[Decimal, ...]:
    """Numbers to compare money with."""
    return tuple(Decimal(each) for each in numbers)


def balanced(view: LedgerView) -> bool:
    """The identity that holds after every record (F38, I11)."""
    if view.cash is None or view.capital is None:
        return view.cash is view.capital
    return view.cash + view.cost == view.capital + view.realized


prices = st.integers(1, 50_000).map(lambda cents: str(Decimal(cents) / 100))
sides = st.sampled_from(["BUY", "SELL", "SSHORT"])
con_ids = st.sampled_from([AAPL.con_id, KO.con_id])
strategies = st.sampled_from(["a", "b", ""])
money = st.integers(-50, 500).map(lambda cents: str(Decimal(cents) / 100))


@st.composite
def groups(draw: st.DrawFn, most: int = 14) -> list[list[Record]]:
    """Fills, each with its commission and corrections behind it."""
    found = []
    for number in range(draw(st.integers(1, most))):
        family = f"f{number}"
        qty = draw(st.integers(1, 12))
        group: list[Record] = [
            fill(
                family,
                draw(sides),
                qty,
                draw(prices),
                con_id=draw(con_ids),
                strategy=draw(strategies),
            )
        ]
        if draw(st.booleans()):
            group.append(fee(family, draw(money)))
        newest = draw(st.integers(1, 3))
        group += [
            fixed(family, draw(st.integers(0, 12)), draw(prices), revision)
            for revision in range(2, newest + 1)
        ]
        found.append(group)
    return found


@st.composite
def mixed(draw: st.DrawFn) -> tuple[list[Record], list[Record]]:
    """The same records twice: as they happened, and with all but the fills in any order."""
    in_order = [record for group in draw(groups()) for record in group]
    places = draw(st.permutations(range(len(in_order))))
    shuffled = [in_order[place] for place in places]
    fills = iter([record for record in in_order if isinstance(record, FillBooked)])
    return in_order, [next(fills) if isinstance(r, FillBooked) else r for r in shuffled]
