"""The figures of an account as IBKR names them: the 29 tags of an account summary."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from robotrader.venue.books import Books

ZERO: Final = Decimal(0)
_CENT: Final = Decimal("0.01")
REG_T: Final = Decimal("0.5")
"""What Regulation T lends: the rest of a purchase must be equity."""

DAY_TRADES: Final = 3
"""Day trades in five days that an account below 25,000 USD may make (FINRA rule 4210(f)(8))."""

PATTERN_EQUITY: Final = Decimal(25_000)

TAGS: Final = (
    "AccountType", "NetLiquidation", "TotalCashValue", "SettledCash", "AccruedCash",
    "BuyingPower", "EquityWithLoanValue", "PreviousEquityWithLoanValue", "GrossPositionValue",
    "ReqTEquity", "ReqTMargin", "SMA", "InitMarginReq", "MaintMarginReq", "AvailableFunds",
    "ExcessLiquidity", "Cushion", "FullInitMarginReq", "FullMaintMarginReq",
    "FullAvailableFunds", "FullExcessLiquidity", "LookAheadNextChange",
    "LookAheadInitMarginReq", "LookAheadMaintMarginReq", "LookAheadAvailableFunds",
    "LookAheadExcessLiquidity", "HighestSeverity", "DayTradesRemaining", "Leverage",
)  # fmt: skip
WITHOUT_CURRENCY: Final = frozenset(
    {
        "AccountType",
        "Cushion",
        "LookAheadNextChange",
        "HighestSeverity",
        "DayTradesRemaining",
        "Leverage",
    }
)


def values(books: Books, name: str) -> dict[str, str]:
    """Return every tag's value as text; money in the account's currency, to the cent."""
    account = books.accounts[name]
    equity, margin = books.equity(name), books.required(name)
    gross = sum(
        (
            abs(held.value(books.prices.get(con_id), books.multipliers[con_id]))
            for con_id, held in account.positions.items()
        ),
        ZERO,
    )
    free, excess = equity - margin.initial, equity - margin.maintenance
    borrows = account.setup.kind == "margin"
    trades_left = -1 if equity >= PATTERN_EQUITY else max(0, DAY_TRADES - account.day_trades)
    reg_t = gross * REG_T
    money = {
        "NetLiquidation": equity,
        "TotalCashValue": account.cash,
        "SettledCash": account.cash,
        "AccruedCash": ZERO,
        "BuyingPower": max(ZERO, free / books.margin.initial if borrows else account.cash),
        "EquityWithLoanValue": equity,
        "PreviousEquityWithLoanValue": account.day_equity,
        "GrossPositionValue": gross,
        "ReqTEquity": equity,
        "ReqTMargin": reg_t,
        "SMA": equity - reg_t,
        "InitMarginReq": margin.initial,
        "MaintMarginReq": margin.maintenance,
        "AvailableFunds": free,
        "ExcessLiquidity": excess,
        "FullInitMarginReq": margin.initial,
        "FullMaintMarginReq": margin.maintenance,
        "FullAvailableFunds": free,
        "FullExcessLiquidity": excess,
        "LookAheadInitMarginReq": margin.initial,
        "LookAheadMaintMarginReq": margin.maintenance,
        "LookAheadAvailableFunds": free,
        "LookAheadExcessLiquidity": excess,
    }
    shown = {tag: str(value.quantize(_CENT)) for tag, value in money.items()}
    shown |= {
        "AccountType": "INDIVIDUAL",
        "Cushion": f"{excess / equity:.6f}" if equity > ZERO else "0",
        "LookAheadNextChange": "0",
        "HighestSeverity": "0",
        "DayTradesRemaining": str(trades_left),
        "Leverage": f"{gross / equity:.2f}" if equity > ZERO else "0.00",
    }
    return {tag: shown[tag] for tag in TAGS}
