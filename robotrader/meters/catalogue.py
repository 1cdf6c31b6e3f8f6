"""Every metric of trading: its name, kind, labels and what it says, in one table.

Who measures gives ``Sample``s; what has no place in the table cannot be shown. Names follow
Prometheus' practice: base units, counters end in ``_total`` (added by the adapter, not here),
labels with few values, never an order's id.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from robotrader.meters.histogram import Times


class Kind(StrEnum):
    """What Prometheus does with a family."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Family(msgspec.Struct, frozen=True):
    """One metric, without the prefix that all have."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


class Sample(msgspec.Struct, frozen=True):
    """One value of a family, with the values of its labels in the family's order."""

    name: str
    value: float | Times
    labels: tuple[str, ...] = ()


_C, _G, _H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM

FAMILIES: Final = (
    # orders
    Family("orders_sent", _C, "Orders handed to the gateway, changes included", ("symbol", "side")),
    Family("cancels_sent", _C, "Cancels handed to the gateway"),
    Family("orders_ended", _C, "Orders that ended, by how", ("ending",)),
    Family("order_rejects", _C, "Orders that were rejected, by the broker's code", ("code",)),
    Family("fills", _C, "Fills booked", ("symbol", "side")),
    Family("orders_open", _G, "Orders that work or whose fills are awaited"),
    Family("orders_ready", _G, "1 if connected and reconciled, so that orders may be sent"),
    Family("symbols_halted", _G, "Contracts in which only reductions may be traded"),
    Family("orders_left_out", _C, "Messages that the order manager did not use", ("what",)),
    Family(
        "tick_to_order_seconds", _H, "From what a strategy answers to its order's sending",
        ("event",),
    ),
    Family("approved_to_sent_seconds", _H, "From the risk gate's approval to the order's sending"),
    Family("order_ack_seconds", _H, "From an order's sending to the broker's first word of it"),
    # risk gate
    Family("intents_approved", _C, "Intents that passed the risk gate"),
    Family("intents_refused", _C, "Intents that did not, by the check's code", ("code",)),
    Family("gate_unknown_inputs", _G, "What the gate has to know to pass an entry and does not"),
    Family("limit_ratio", _G, "Limits that are a share of equity", ("limit",)),
    # account
    Family("position_shares", _G, "Shares held, shorts negative", ("symbol",)),
    Family("position_value_usd", _G, "What they are worth; absent while unknown", ("symbol",)),
    Family("equity_usd", _G, "Cash and positions; absent while unknown"),
    Family("cash_usd", _G, "Cash; absent while unknown"),
    Family("pnl_day_usd", _G, "Profit since the day began; absent while unknown"),
    Family("pnl_realized_usd", _G, "Profit of closed positions since the account began"),
    Family("pnl_unrealized_usd", _G, "Profit of open positions; absent while unknown"),
    Family("commissions_usd", _G, "Commissions since the account began"),
    Family("exposure_gross_usd", _G, "All positions, each as a positive number"),
    Family("exposure_net_usd", _G, "All positions, shorts negative"),
    Family("drawdown_usd", _G, "Equity below its peak; absent while unknown"),
    Family("drawdown_ratio", _G, "Equity below its peak, as a share of the peak"),
    # kill switch
    Family("kill_switch_level", _G, "0 off, 1 pause, 2 reduce, 3 cancel, 4 flatten", ("scope",)),
    Family("kill_switch_known", _G, "0 while nobody can say: it counts as tripped then"),
    Family("kill_switch_tripped", _G, "1 if this trigger has tripped it", ("trigger",)),
    # market data
    Family("prices", _C, "Prices that came from a source", ("source", "kind")),
    Family("bar_delay_seconds", _H, "From a bar's end to its coming", ("source",)),
    Family("price_age_seconds", _G, "Since the last quote came; absent before it", ("symbol",)),
    Family("streams_stale", _G, "Streams that are away", ("source",)),
    Family("streams_waiting", _G, "Contracts that wait for their breaker", ("source",)),
    Family("history_requests", _C, "Requests for history, by how they ended", ("source", "status")),
    Family("history_open", _G, "Requests for history that are not answered", ("source",)),
    # gateway
    Family("gateway_state", _G, "1 for the connection's state, 0 for the others", ("state",)),
    Family("gateway_connects", _C, "Attempts to connect"),
    Family("gateway_handshakes", _C, "Attempts that the gateway answered as one does"),
    Family("gateway_messages", _C, "Messages written to the gateway"),
    Family("gateway_garbled", _C, "Messages that could not be read"),
    Family("gateway_late_acks", _C, "Orders that the broker showed too late"),
    Family("gateway_round_trip_seconds", _H, "From a probe to its answer"),
    Family("gateway_quiet_seconds", _G, "Since anything came from the gateway"),
    Family("gateway_clock_skew_seconds", _G, "The gateway's clock minus ours, to a second"),
    Family("gateway_undelivered", _C, "What the gateway said to nobody", ("role",)),
    Family("pacing_waiting", _G, "Messages that wait for the limit a second", ("lane",)),
    Family("pacing_tokens", _G, "Messages that may be sent at this moment"),
    Family("pacing_history_used", _G, "Requests for history counted in the last ten minutes"),
    Family("pacing_history_limit", _G, "Requests for history that may be counted there"),
    Family("pacing_history_waiting", _G, "Requests for history that wait for their turn"),
    Family("pacing_violations", _C, "Pacing violations that the broker reported"),
    # journal
    Family("journal_records", _C, "Records made durable, by kind", ("kind",)),
    Family("journal_commit_seconds", _H, "One batch's transaction, its sync included"),
    Family("journal_refused", _C, "Commits that were refused"),
    Family("journal_tip", _G, "The newest record's number"),
    Family("journal_bytes", _G, "Size of the journal's tables"),
    Family("journal_free_bytes", _G, "Room that is left on the file system"),
    Family("journal_trouble", _G, "1 if a store refuses writing or its copy has ended", ("part",)),
    # all
    Family("alerts_raised", _C, "What a person should know", ("level",)),
    Family("unanswered_looks", _C, "Times that somebody did not answer a scrape", ("role",)),
    Family("build_info", _G, "1, with what runs", ("version", "mode", "config_hash")),
    Family("start_time_seconds", _G, "When the core started, seconds since 1970"),
)  # fmt: skip
