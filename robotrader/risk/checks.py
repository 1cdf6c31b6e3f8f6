"""The checks that every order has to pass, and those that only what adds to risk has to pass.

A check returns why an intent may not pass, with the numbers, or nothing. What a check needs and
does not know blocks (F63). The first that refuses gives the refusal its code.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from robotrader.domain import LinkState, Purpose
from robotrader.ledger.money import ZERO, is_price
from robotrader.risk import asked, budgets, heat, lately, sizes, together, traded
from robotrader.risk.exposure import coming, pending, trigger_price
from robotrader.risk.losses import daily_loss, drawdown
from robotrader.risk.past import MINUTE_NS, MS_NS, SECOND_NS
from robotrader.risk.view import SessionState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from robotrader.risk.case import Case

    Check = Callable[[Case], str]

EXITS: Final = frozenset({Purpose.EXIT, Purpose.STOP, Purpose.FLATTEN})


# -- every order --


def contract(case: Case) -> str:
    """The contract is known, is the one that is named, and can be traded."""
    instrument = case.instrument
    if instrument is None:
        return f"contract {case.intent.con_id} is not known: add it to the universe"
    if instrument.symbol != case.intent.symbol:
        return f"contract {case.intent.con_id} is {instrument.symbol}, not {case.intent.symbol}"
    return "" if instrument.tradable else f"{instrument.symbol} is an index: it is only watched"


def positions(case: Case) -> str:
    """Positions and working orders are known."""
    if case.view.ledger is None:
        return "the positions are not known"
    return "the working orders are not known" if case.view.others is None else ""


def exit_grows(case: Case) -> str:
    """What is called an exit can only reduce (F69)."""
    if case.intent.purpose not in EXITS or case.reduces:
        return ""
    if case.intent.legs:
        return f"an order to {case.intent.purpose} has no legs: they would open a position"
    return (
        f"{case.intent.side} {case.intent.qty} of {case.intent.symbol} is no {case.intent.purpose}:"
        f" {case.position} are held and {case.closable} of them are not being closed already"
    )


def link(case: Case) -> str:
    """The broker is connected and reconciled; an order could not even be sent otherwise."""
    if case.view.link is LinkState.READY:
        return ""
    return f"the connection is {case.view.link or 'not known'}: wait for {LinkState.READY}"


# -- what adds to risk --


def switch(case: Case) -> str:
    """The kill switch lets it pass."""
    if case.view.switch is None:
        return "the state of the kill switch is not known"
    return case.view.switch.refuses(
        account=case.view.account,
        symbol=case.intent.symbol,
        strategy=case.intent.strategy,
        reduces=case.reduces,
    )


def halted(case: Case) -> str:
    """The contract is not halted."""
    if case.view.halted is None:
        return "which contracts are halted is not known"
    if case.intent.con_id in case.view.halted:
        return f"{case.intent.symbol} is halted until a person resumes it"
    return ""


def symbol(case: Case) -> str:
    """The symbol is one that may be traded."""
    if case.intent.symbol in case.limits.allowed_symbols:
        return ""
    return f"{case.intent.symbol} is not among the {len(case.limits.allowed_symbols)} allowed"


def restricted(case: Case) -> str:
    """The symbol is none of those that may not be entered."""
    if case.intent.symbol not in case.limits.restricted_symbols:
        return ""
    return f"{case.intent.symbol} is restricted: take it from the list first"


def restart(case: Case) -> str:
    """No restart of the broker's gateway is near."""
    at_ns = case.view.restart_at_ns
    if at_ns is None or at_ns - case.now_ns > case.limits.restart_quiet_ms * MS_NS:
        return ""
    return f"the gateway restarts in {(at_ns - case.now_ns) // MS_NS} ms"


def session(case: Case) -> str:
    """The market is open, by regular hours or, where that is allowed, by extended ones."""
    state = case.view.sessions.get(case.intent.con_id)
    if state is SessionState.OPEN:
        return ""
    if state is SessionState.EXTENDED and case.limits.allow_extended and case.intent.outside_rth:
        return ""
    return f"the market of {case.intent.symbol} is {state or 'in a state that is not known'}"


def step(case: Case) -> str:
    """The quantity is a multiple of the contract's step."""
    size = ZERO if case.instrument is None else case.instrument.size_step
    if size > ZERO and not case.intent.qty % size:
        return ""
    return f"quantity {case.intent.qty} is no multiple of {size}"


def quote(case: Case) -> str:
    """There is a quote with both sides, not crossed, and it is of now."""
    last = case.quote
    if last is None:
        return f"there is no quote of {case.intent.symbol}"
    if case.intent.con_id in case.view.stale:
        return f"the prices of {case.intent.symbol} are stale: they are asked for again"
    bid, ask = last.bid, last.ask
    both = type(bid) is type(ask) is float and bid > 0 and ask < math.inf
    if not ((both or (is_price(bid) and is_price(ask))) and bid <= ask):
        return f"the quote of {case.intent.symbol} is none: {bid} to {ask}"
    age_ns = case.now_ns - last.time_ns
    if age_ns > case.limits.max_quote_age_ms * MS_NS:
        return f"the quote is {age_ns // MS_NS} ms old, {case.limits.max_quote_age_ms} at most"
    if -age_ns > case.limits.max_quote_lead_ms * MS_NS:
        return f"the quote is {-age_ns // MS_NS} ms in the future"
    return ""


def collar(case: Case) -> str:
    """Its prices are near the market."""
    near, most = case.near, case.limits.price_collar
    if near is None:
        return f"there is no price of {case.intent.symbol} to compare with"
    intent = case.intent
    if intent.limit_price is intent.aux_price is None:
        return ""
    for what, price in (("limit", intent.limit_price), ("trigger", trigger_price(intent))):
        if price is not None and abs(price - near) > most * near:
            return f"its {what} {price} is further from the market's {near} than {most} of it"
    return ""


def duplicate(case: Case) -> str:
    """It does not repeat one that passed a moment ago (F22)."""
    at_ns = case.past.same(case.echo)
    if at_ns is None or abs(case.now_ns - at_ns) >= case.limits.duplicate_window_ms * MS_NS:
        return ""
    return f"one like it passed {(case.now_ns - at_ns) // MS_NS} ms ago"


def entry_pending(case: Case) -> str:
    """Not too many orders of the symbol are on their way that would add to risk (F22).

    Those of earlier gates count, a stranger's do not.
    """
    count = case.before.orders.entries.get(case.intent.con_id, 0)
    if count < case.limits.max_entries_pending:
        return ""
    return f"{count} entries of {case.intent.symbol} are on their way"


def open_orders(case: Case) -> str:
    """Not too many orders are on their way; a bracket is as many as it has."""
    count, most = case.before.orders.count, case.limits.max_open_orders
    own = 1 + len(case.intent.legs)
    if count + own <= most:
        return ""
    return f"{count} orders are on their way, it would be {own} more, {most} may be"


def exit_pending(case: Case) -> str:
    """No pending exit would lose the shares that it closes: it would open a position instead."""
    con_id, sign, orders = case.intent.con_id, case.sign, case.before.orders
    exits = ZERO
    for each in orders.held_for(con_id):
        if each.reduces and each.sign == sign:
            exits += each.qty
    if case.opposes:
        exits += coming(pending((), orders.others_for(con_id)), con_id, sign)
    if not exits:
        return ""
    return f"{exits} of {case.intent.symbol} are being closed by orders of this side: wait for them"


def rate_second(case: Case) -> str:
    """There were not too many orders in the last second."""
    most = case.limits.max_orders_per_s
    if case.past.fewer(most, case.now_ns - SECOND_NS):
        return ""
    return f"{case.past.last_second(case.now_ns)} orders passed in the last second, {most} may"


def rate_minute(case: Case) -> str:
    """There were not too many orders in the last minute."""
    most = case.limits.max_orders_per_min
    if case.past.fewer(most, case.now_ns - MINUTE_NS):
        return ""
    return f"{case.past.last_minute(case.now_ns)} orders passed in the last minute, {most} may"


def rate_day(case: Case) -> str:
    """There were not too many orders today."""
    count, most = case.past.today, case.limits.max_orders_per_day
    return "" if count < most else f"{count} orders passed today, {most} may"


def loss_of_day(case: Case) -> str:
    """The day's loss is below its limit."""
    ledger = case.view.ledger
    found = None if ledger is None else daily_loss(ledger, case.limits)
    return "the day's profit is not known" if found is None else found


def below_peak(case: Case) -> str:
    """The drawdown is below its limit."""
    ledger = case.view.ledger
    found = None if ledger is None else drawdown(ledger, case.limits)
    return "the drawdown is not known" if found is None else found


FOR_ALL: Final[tuple[tuple[str, Check], ...]] = (
    ("contract", contract),
    ("positions", positions),
    ("exit_grows", exit_grows),
    ("link", link),
)

FOR_ENTRIES: Final[tuple[tuple[str, Check], ...]] = (
    ("switch", switch),
    ("halted", halted),
    ("symbol", symbol),
    ("restricted", restricted),
    ("restart", restart),
    ("session", session),
    ("step", step),
    ("clock", asked.clock),
    ("quote", quote),
    ("collar", collar),
    ("duplicate", duplicate),
    ("entry_pending", entry_pending),
    ("exit_pending", exit_pending),
    ("open_orders", open_orders),
    ("rate_second", rate_second),
    ("rate_minute", rate_minute),
    ("rate_day", rate_day),
    ("daily_loss", loss_of_day),
    ("drawdown", below_peak),
    *lately.CHECKS,
    *sizes.CHECKS,
    *traded.CHECKS,
    ("strategy", budgets.strategy),
    ("correlation", together.pair),
    ("cluster", together.cluster),
    *heat.CHECKS,
    *asked.CHECKS,
)

WEIGHED: Final = frozenset(
    {code for code, _ in FOR_ENTRIES[[code for code, _ in FOR_ENTRIES].index("short") :]}
)
"""The last of them, which look at the worst case: it is computed for what has passed the others."""


def first_refusal(case: Case, checks: Iterable[tuple[str, Check]]) -> tuple[str, str] | None:
    """Return the code and the reason of the first check that does not let an intent pass."""
    for code, check in checks:
        if why := check(case):
            return code, why
    return None
