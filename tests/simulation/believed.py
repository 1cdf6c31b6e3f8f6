"""What the journal that is left makes us believe: its own fold, and what no fill told it (I2, I11).

The broker tells the fills of one day. Who was away until the next, or lost a journal's tail to a
disk that lies and did not hear of them again, has other books than the venue until a person adopts
the position; the cash of those fills stays apart for ever, and with it equity, by the same amount.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import records as rec
from robotrader.domain.orders import Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from robotrader.domain.records import Record
    from robotrader.venue.events import Charged, Execution

ZERO: Final = Decimal(0)


class Fill(msgspec.Struct, frozen=True):
    """A fill in its newest revision; shares are negative where they were sold."""

    exec_id: str
    con_id: int
    qty: Decimal
    price: Decimal


class Believed(msgspec.Struct):
    """What a journal comes to; money in the account's currency."""

    cash: Decimal = ZERO
    fills: dict[str, Fill] = {}
    commissions: dict[str, tuple[str, Decimal]] = {}
    adopted: dict[int, Decimal] = {}
    """Shares that no fill brought, by contract."""

    def positions(self) -> dict[int, Decimal]:
        """Return the shares of each contract."""
        held = dict(self.adopted)
        for each in self.fills.values():
            held[each.con_id] = held.get(each.con_id, ZERO) + each.qty
        return held

    def spent(self) -> Decimal:
        """Return what the fills that are known have cost, their commissions included."""
        paid = sum((each.qty * each.price for each in self.fills.values()), ZERO)
        return paid + sum((fee for family, (_, fee) in self.commissions.items()
                           if family in self.fills), ZERO)  # fmt: skip

    def equity(self, prices: Mapping[int, float]) -> Decimal:
        """Return what cash and shares are worth at these prices."""
        held = sum((qty * Decimal(str(prices.get(con_id, 0.0)))
                    for con_id, qty in self.positions().items()), ZERO)  # fmt: skip
        return self.cash - self.spent() + held


def standing(log: Iterable[tuple[int, Record]]) -> list[tuple[int, Record]]:
    """Return the records that the journal still has: a number that comes again took its place."""
    kept: list[tuple[int, Record]] = []
    for seq, record in log:
        while kept and kept[-1][0] >= seq:
            kept.pop()
        kept.append((seq, record))
    return kept


def believed(log: Iterable[tuple[int, Record]], account: str) -> Believed:
    """Fold what the journal still has."""
    made = Believed()
    for _, record in standing(log):
        match record:
            case rec.CashAdopted():
                made.cash = record.cash + made.spent()
            case rec.FillBooked() if record.account == account:
                sign = 1 if record.side == Side.BUY else -1
                fill = Fill(record.exec_id, record.con_id, sign * record.qty, record.price)
                made.fills.setdefault(record.family, fill)
            case rec.FillCorrected() if record.family in made.fills:
                _correct(made.fills, record)
            case rec.CommissionBooked():
                old = made.commissions.get(record.family, ("", ZERO))
                new = (record.exec_id, record.commission)
                made.commissions[record.family] = max(old, new, key=lambda each: each[0])
            case rec.PositionAdopted():
                missing = record.qty - made.positions().get(record.con_id, ZERO)
                made.adopted[record.con_id] = made.adopted.get(record.con_id, ZERO) + missing
            case _:
                pass
    return made


def _correct(fills: dict[str, Fill], record: rec.FillCorrected) -> None:
    old = fills[record.family]
    if record.exec_id > old.exec_id:
        sign = 1 if old.qty >= 0 else -1
        fills[record.family] = Fill(record.exec_id, old.con_id, sign * record.qty, record.price)


def untold(
    log: Sequence[tuple[int, Record]],
    executions: Iterable[Execution],
    account: str,
    *,
    lies: bool,
    charges: Mapping[str, Charged],
) -> list[Execution]:
    """Return the executions of a day that is over of which the journal does not know all.

    With a disk that ``lies`` a commission, a later one or a correction may be what is not there;
    otherwise it is the fill: what follows a fill that is known is not excused. ``charges``: the
    broker's newest commissions, by family.
    """
    known = believed(log, account)
    mine = (each for each in executions if each.account == account)
    return [each for each in mine if not _has(known, each.exec_id, lies, charges)]


def _has(known: Believed, exec_id: str, lies: bool, charges: Mapping[str, Charged]) -> bool:
    family = exec_id.rpartition(".")[0]
    fill = known.fills.get(family)
    if fill is None or not lies:
        return fill is not None
    paid, charged = known.commissions.get(family), charges.get(family)
    has_paid = paid is not None and (charged is None or paid[0] >= charged.exec_id)
    return fill.exec_id >= exec_id and has_paid
