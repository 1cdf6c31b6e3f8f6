"""What can go wrong at core level, by class; rates are the most that a seed may draw."""

from __future__ import annotations

from typing import Final

from tests.simulation.plan import Kind

ROLES: Final = (
    "journal", "alerts", "kill-switch", "account", "orders", "risk", "gateway", "data", "history",
    "symbol:1", "symbol:2", "symbol:3", "strategy:1", "strategy:2", "strategy:3",
)  # fmt: skip
POINTS: Final = (
    "commit.before", "commit.during", "commit.durable", "commit.after",
    "snapshot.before", "snapshot.after",
    "send.before", "send.after", "cancel.before", "cancel.after",
    "heard.OrderReport", "heard.ExecutionReport", "heard.CommissionReport", "heard.OrderFailed",
)  # fmt: skip
WITH: Final = (
    "commit.before OrderIntended", "commit.during OrderIntended", "commit.durable OrderIntended",
    "commit.durable OrderAcked", "commit.durable FillBooked", "commit.after FillBooked",
    "commit.durable CancelIntended", "commit.durable ModifyIntended", "commit.durable OrderDone",
    "send.before order", "send.after order", "send.before change", "send.after change",
    "send.before leg", "send.after leg", "snapshot.before", "snapshot.after",
)  # fmt: skip
"""Points with what has to be in hand there, so that rare rows are not left to luck."""

CUTS: Final = (
    "commit.before entry", "commit.before ModifyIntended", "send.after order", "send.after leg",
    "send.after change", "cancel.after",
)  # fmt: skip
"""Points at which the connection ends, with what in hand."""

CONTRACTS: Final = ("1", "2", "3")
SCOPES: Final = (
    "pause all", "reduce all", "cancel all", "flatten all", "flatten symbol:KO",
    "cancel strategy:flips", "flatten strategy:waits", "reduce symbol:AAPL",
)  # fmt: skip
LIMITS: Final = ("max_symbol_qty", "max_order_qty", "max_open_orders", "max_orders_per_min")

SHARE: Final = (0.02, 0.5)
LASTS: Final = (1.0, 15.0)

CATALOGUE: Final = {
    "process": (
        Kind("kill", 12.0, ROLES),
        Kind("crash", 3.0),
        Kind("crash_at", 12.0, POINTS, (1.0, 8.0)),
        Kind("crash_with", 8.0, WITH, (1.0, 3.0)),
        Kind("crash_told", 2.0, amount=(1.0, 12.0)),
        Kind("crash_in", 3.0, amount=(1.0, 400.0)),
        Kind("hang", 2.0, ROLES, (0.2, 12.0)),
        Kind("slow", 2.0, ROLES, (0.001, 0.05), LASTS),
    ),
    "disk": (
        Kind("slow_disk", 3.0, amount=(0.01, 2.0), lasts_s=LASTS),
        Kind("full", 2.0, lasts_s=LASTS),
        Kind("eio", 2.0),
        Kind("flip", 0.5, lasts_s=(2.0, 8.0)),
        Kind("lost_tail", 0.2),
    ),
    "network": (
        Kind("delay", 3.0, amount=(0.001, 5.0), lasts_s=LASTS),
        Kind("disconnect", 6.0),
        Kind("cut_at", 2.0, CUTS, (1.0, 4.0)),
        Kind("stuck", 0.5, amount=(10.0, 25.0), lasts_s=LASTS),
        Kind("half_open", 2.0, lasts_s=(2.0, 20.0)),
        Kind("duplicate", 3.0, amount=SHARE, lasts_s=LASTS),
        Kind("reorder", 3.0, amount=SHARE, lasts_s=LASTS),
    ),
    "broker": (
        Kind("reject", 2.0, amount=SHARE, lasts_s=LASTS),
        Kind("cancel_race", 3.0, amount=(0.01, 2.0), lasts_s=LASTS),
        Kind("lost_status", 2.0, amount=SHARE, lasts_s=LASTS),
        Kind("lost_commission", 2.0, amount=SHARE, lasts_s=LASTS),
        Kind("missing_end", 2.0, amount=SHARE, lasts_s=LASTS),
        Kind("correct_price", 2.0, amount=(0.99, 1.01)),
        Kind("correct_qty", 1.0, amount=(0.0, 1.0)),
        Kind("manual", 1.0, CONTRACTS, (1.0, 5.0)),
        Kind("gateway_down", 1.5, lasts_s=(2.0, 25.0)),
        Kind("login_wall", 1.0, lasts_s=(5.0, 25.0)),
        Kind("broker_lost", 2.0, ("1101", "1102"), lasts_s=LASTS),
        Kind("forgets_ids", 1.0),
        Kind("halt", 1.0, CONTRACTS, lasts_s=LASTS),
        Kind("thin", 3.0, CONTRACTS, lasts_s=LASTS),
        Kind("cut_short", 2.0, CONTRACTS, lasts_s=LASTS),
        Kind("lost_cancel", 2.0, amount=SHARE, lasts_s=LASTS),
        Kind("refuse_change", 2.0, amount=SHARE, lasts_s=LASTS),
        Kind("held", 1.0, amount=SHARE, lasts_s=LASTS),
        Kind("late_fill", 2.0, amount=(0.5, 6.0), lasts_s=LASTS),
        Kind("correct_often", 0.5),
        Kind("charge_again", 1.0, amount=(0.1, 3.0)),
        Kind("old_positions", 1.0, lasts_s=LASTS),
        Kind("untold", 0.2),
        Kind("lose", 0.5),
        Kind("day_roll", 0.5),
        Kind("rolls_dead", 0.5),
    ),
    "clock": (
        Kind("clock_jump", 1.5, amount=(-3600.0, 3600.0)),
        Kind("clock_step", 2.0, amount=(-3.0, 3.0)),
    ),
    "market": (
        Kind("gap", 2.0, CONTRACTS, lasts_s=(2.0, 40.0)),
        Kind("crossed", 2.0, amount=SHARE, lasts_s=LASTS),
        Kind("nan", 2.0, amount=SHARE, lasts_s=LASTS),
        Kind("zero", 2.0, amount=SHARE, lasts_s=LASTS),
        Kind("wild", 2.0, amount=SHARE, lasts_s=LASTS),
        Kind("jump", 2.0, CONTRACTS, (-0.05, 0.05)),
    ),
    "operator": (
        Kind("trip", 3.0, SCOPES),
        Kind("clear", 4.0, ("all", "symbol:KO", "symbol:AAPL", "strategy:flips", "strategy:waits")),
        Kind("limit", 2.0, LIMITS, (1.0, 20.0)),
        Kind("reconcile", 2.0),
        Kind("cancel_all", 1.0),
        Kind("trip_in_commit", 1.0, ("pause", "cancel"), (1.0, 4.0)),
        Kind("crash_in_trip", 1.0, ("commit.before SwitchTripped", "commit.durable SwitchTripped",
                                    "commit.after SwitchTripped", "cancel.before",
                                    "cancel.after")),
        Kind("crash_in_clear", 1.0, ("commit.before", "commit.durable")),
        Kind("kill_file", 0.5, ("pause", "cancel", "flatten", "nonsense"), lasts_s=LASTS),
    ),
    "load": (
        Kind("burst", 4.0, amount=(10.0, 100.0)),
    ),
}  # fmt: skip
