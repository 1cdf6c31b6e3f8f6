"""``robotrader risk limits|var|stress|size|check``: what a running system risks at the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.console import Group

from robotrader.app.tables import UNKNOWN, table, when
from robotrader.domain import control
from robotrader.domain import control_risk as answers
from robotrader.domain.orders import Side

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from decimal import Decimal

    from rich.console import RenderableType

    from robotrader.domain.control import Request


def request(arguments: argparse.Namespace) -> Request:
    """Return what a command asks."""
    if arguments.verb == "var":
        return control.RiskVar(level=arguments.level)
    if arguments.verb == "check":
        return control.RiskCheck(
            side=Side(arguments.side),
            qty=arguments.qty,
            symbol=arguments.symbol,
            limit_price=arguments.limit,
            strategy=arguments.strategy,
            closes=arguments.exit,
            outside_rth=arguments.outside_rth,
        )
    if arguments.verb == "stress":
        return control.RiskStress()
    return control.RiskLimits() if arguments.verb == "limits" else control.RiskSizes()


def _part(part: float | None) -> str:
    return UNKNOWN if part is None else f"{part:.1%}"


def _money(value: float | Decimal | None) -> str:
    return UNKNOWN if value is None else f"{value:,.2f}"


def limits(answer: answers.LimitsAnswer) -> RenderableType:
    """Return the table of limits."""
    rows = [(each.name, each.used, each.limit, _part(each.part)) for each in answer.limits]
    refused = ", ".join(f"{code} {count}" for code, count in sorted(answer.refusals.items()))
    title = f"limits {answer.hash}; refused: {refused or 'nothing'}"
    used = table(title, ("limit", "used>", "at most>", "part>"), rows)
    if not answer.changed:
        return used
    changed = (
        (each.name, _limit(each.value), _limit(each.configured), each.who, when(each.since_ns),
         each.why)
        for each in answer.changed
    )  # fmt: skip
    columns = ("changed", "now>", "configured>", "by", "since", "why")
    return Group(used, table("", columns, changed))


def _limit(value: Decimal | None) -> str:
    return "off" if value is None else f"{value:f}"


def changed(answer: answers.LimitSetAnswer) -> RenderableType:
    """Return what a change of a limit is."""
    rows = [(answer.name, *map(_limit, (answer.old, answer.new, answer.configured)),
             UNKNOWN if answer.ceiling is None else answer.ceiling)]  # fmt: skip
    title = ("would be " if answer.preview else "is ") + (
        "loosened: more may be risked" if answer.loosens else "changed, and no looser"
    )
    return table(title, ("limit", "before>", "after>", "configured>", "ceiling>"), rows)


def var(answer: answers.VarAnswer) -> RenderableType:
    """Return the table of value at risk."""
    rows: list[tuple[Any, ...]] = [
        (each.method, _money(each.var), _money(each.es), each.why) for each in answer.tails
    ]
    beta = UNKNOWN if answer.beta is None else f"{answer.beta:.2f}"
    title = (
        f"one day at {answer.level:.1%}, from {answer.days} days; gross {_money(answer.gross)}, "
        f"net {_money(answer.net)}, equity {_money(answer.equity)} USD, beta {beta} to the mean of "
        f"{answer.watched} symbols"
    )
    return table(title, ("method", "VaR USD>", "ES USD>", ""), rows)


def stress(answer: answers.StressAnswer) -> RenderableType:
    """Return the table of scenarios."""
    rows = []
    for each in answer.scenarios:
        part = None
        if each.profit is not None and answer.equity is not None and answer.equity > 0:
            part = each.profit / float(answer.equity)
        rows.append((each.name, _money(each.profit), _part(part), each.why))
    return table("", ("scenario", "profit USD>", "of equity>", ""), rows)


def sizes(answer: answers.SizesAnswer) -> RenderableType:
    """Return the table of sizes."""
    rows = [
        (
            when(each.at_ns), each.strategy, each.symbol, each.kind, each.qty, each.size,
            f"{each.weight:.2%}", _money(each.bankroll), each.price, each.refused, each.why,
        )
        for each in answer.sizes
    ]  # fmt: skip
    columns = (
        "at", "strategy", "symbol", "rule", "ordered>", "size>", "of bankroll>", "bankroll>",
        "price>", "refused", "why",
    )  # fmt: skip
    return table("", columns, rows)


def check(answer: answers.CheckAnswer) -> RenderableType:
    """Return the table of checks, the order's verdict above it."""
    rows = [
        (
            each.code,
            "refuses" if each.why else "passes" if each.asked else "not asked",
            ", ".join(f"{name} {limit}" for name, limit in each.limits.items()),
            each.why or each.rule,
        )
        for each in answer.checks
    ]
    verdict = "it would pass" if answer.passes else f"refused: {answer.code}: {answer.why}"
    title = (
        f"{verdict}; held {_known(answer.position)}, then {_known(answer.low)} to "
        f"{_known(answer.high)}, worth {_money(answer.worth)} USD at {_known(answer.price)}; "
        f"at most {answer.most} would pass"
    )
    return table(title, ("check", "", "limits", "numbers"), rows)


def _known(value: Decimal | None) -> str:
    return UNKNOWN if value is None else str(value)


SHOWN: Final[dict[type, Callable[[Any], RenderableType]]] = {
    answers.LimitsAnswer: limits,
    answers.LimitSetAnswer: changed,
    answers.VarAnswer: var,
    answers.StressAnswer: stress,
    answers.SizesAnswer: sizes,
    answers.CheckAnswer: check,
}
