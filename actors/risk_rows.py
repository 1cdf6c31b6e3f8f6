"""What is shown of risk: rows made of what the gate, the account and the history answered."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import Intent, OrderType, Purpose
from robotrader.domain import control_risk as answers
from robotrader.risk.report import book_of, scenarios, tails

if TYPE_CHECKING:
    from actors.say import GateUse, Sized
    from robotrader.domain.control import RiskCheck
    from robotrader.ledger import LedgerView
    from robotrader.risk import Explained, LimitChange
    from robotrader.risk.correlation import Closes

LEAST_DAYS: Final = 20
"""With a month of the past at least, something is said of what a day can cost."""


def limits_answer(use: GateUse) -> answers.LimitsAnswer:
    """Return how far limits are used."""
    rows = tuple(
        answers.LimitRow(name=each.name, used=each.used, limit=each.limit, part=each.part)
        for each in use.uses
    )
    changed = tuple(
        answers.ChangedLimitRow(
            name=each.name, value=value, configured=configured, who=each.who, why=each.why,
            since_ns=each.wall_ns,
        )
        for each, value, configured in use.changed
    )  # fmt: skip
    return answers.LimitsAnswer(
        limits=rows, hash=use.limits_hash, refusals=use.refusals, changed=changed
    )


def set_answer(change: LimitChange, *, preview: bool) -> answers.LimitSetAnswer:
    """Return what a change of a limit is."""
    return answers.LimitSetAnswer(preview=preview, **msgspec.structs.asdict(change))


def var_answer(ledger: LedgerView, closes: Closes, level: float) -> answers.VarAnswer:
    """Return what a day can cost; 0 where nothing is held."""
    book = book_of(ledger, closes, least_days=LEAST_DAYS)
    empty = book.values == {}
    methods = tails(book.profits or (0.0,), level)
    rows = tuple(
        answers.TailRow(method=each.method, var=each.var, es=each.es, why=each.why)
        if book.profits
        else answers.TailRow(
            method=each.method, var=0.0 if empty else None, es=0.0 if empty else None, why=book.why
        )
        for each in methods
    )
    worth, equity = book.beta_value, ledger.equity
    known = worth is not None and equity is not None and equity > 0
    return answers.VarAnswer(
        level=level,
        days=len(book.profits),
        tails=rows,
        gross=ledger.gross,
        net=ledger.value,
        equity=equity,
        beta=worth / float(equity) if known and worth is not None and equity else None,
        watched=book.watched,
        why=book.why,
    )


def stress_answer(ledger: LedgerView, closes: Closes) -> answers.StressAnswer:
    """Return what each scenario brings."""
    book = book_of(ledger, closes, least_days=LEAST_DAYS)
    rows = tuple(
        answers.StressRow(name=each.name, profit=each.profit, why=each.why)
        for each in scenarios(book)
    )
    return answers.StressAnswer(scenarios=rows, equity=ledger.equity)


def sizes_answer(sized: tuple[Sized, ...]) -> answers.SizesAnswer:
    """Return the sizes that were used last."""
    rows = []
    for each in sized:
        sizing = each.intent.sizing
        if sizing is not None:
            rows.append(
                answers.SizeRow(
                    strategy=each.intent.strategy,
                    symbol=each.intent.symbol,
                    kind=sizing.kind,
                    qty=each.intent.qty,
                    size=sizing.qty,
                    weight=sizing.weight,
                    bankroll=sizing.bankroll,
                    price=sizing.price,
                    inputs=dict(sizing.inputs),
                    why=sizing.why,
                    refused=each.refused,
                    at_ns=each.at_ns,
                )
            )
    return answers.SizesAnswer(sizes=tuple(rows))


def wanted(request: RiskCheck, con_id: int, now_ns: int) -> Intent:
    """Return the intent that a request is about."""
    limited = request.limit_price is not None
    return Intent(
        strategy=request.strategy,
        con_id=con_id,
        symbol=request.symbol,
        side=request.side,
        qty=request.qty,
        purpose=Purpose.EXIT if request.closes else Purpose.ENTRY,
        cause="risk check",
        order_type=OrderType.LIMIT if limited else OrderType.MARKET,
        limit_price=request.limit_price,
        outside_rth=request.outside_rth,
        decided_ns=now_ns,
    )


def check_answer(found: Explained | str) -> answers.CheckAnswer:
    """Return what the gate would say; what is no order at all has no checks."""
    if isinstance(found, str):
        return answers.CheckAnswer(
            passes=False, code="malformed", why=found, reduces=False, price=None, position=None,
            low=None, high=None, worth=None, most=Decimal(0), checks=(),
        )  # fmt: skip
    rows = tuple(
        answers.CheckRow(
            code=each.code, rule=each.rule, limits=each.limits, asked=each.asked, why=each.why
        )
        for each in found.checks
    )
    first = next((row for row in rows if row.why), None)
    return answers.CheckAnswer(
        passes=first is None,
        code="" if first is None else first.code,
        why="" if first is None else first.why,
        reduces=found.reduces,
        price=found.price,
        position=found.position,
        low=found.low,
        high=found.high,
        worth=found.worth,
        most=found.most,
        checks=rows,
    )
