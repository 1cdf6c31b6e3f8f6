"""In which runs a mistake is looked for first: at which level, with which faults.

A mistake in what happens after a cancel was lost shows where cancels are lost. The faults are those
of the catalogue, drawn by the seed as in every swarm, only that these come and no others, and more
often: the product has to be without a breach in the same runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.simulation.plan import Aim

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS: Final[dict[str, tuple[float, str]]] = {
    "latch-is-not-restored": (2, "trip, crash, kill=kill-switch"),
    "tail-behind-a-snapshot-is-left-out": (2, "crash"),
    "exit-beside-its-stop": (1, "jump*40, cancel_race*20"),
    "acks-are-not-kept": (8, "lose"),
    "abandoned-at-once": (1, "cut_at=send.after order*4, delay"),
    "abandoned-without-a-fence": (1, "cut_at=send.after order*4, delay"),
    "back-without-asking": (4, "broker_lost"),
    "cancel-cancels-nothing": (1, "trip=cancel all"),
    "cancel-is-not-repeated": (4, "lost_cancel"),
    "cancel-waits-for-the-disk": (1, "full*3, cancel_all*20"),
    "cash-forgets-what-was-traded": (
        1,
        "@gateway_down, manual*30, @crash_with=commit.before CashAdopted*1",
    ),
    "change-is-believed": (6, "refuse_change, thin"),
    "change-stays-open": (6, "refuse_change"),
    "changed-limit-is-forgotten": (3, "limit, kill=risk"),
    "changed-limit-is-not-applied": (4, "limit"),
    "changed-limit-is-not-in-the-snapshot": (3, "limit, kill=risk, kill=journal"),
    "clear-clears-everything": (3, "trip, clear"),
    "code-ends-a-live-order": (6, "refuse_change"),
    "connection-not-looked-at-again": (1, "cut_at=commit.before entry*8, slow_disk"),
    "corrected-commission-is-added": (8, "charge_again"),
    "correction-by-text": (8, "correct_often"),
    "correction-forgets-the-position": (6, "correct_qty"),
    "difference-is-ignored": (6, "untold"),
    "doubt-does-not-latch": (4, "delay"),
    "early-commission-is-lost": (4, "late_fill"),
    "emergency-takes-the-stops": (2, "trip=cancel all"),
    "end-is-not-kept": (4, "reorder"),
    "every-order-adds": (1, "trip=flatten all"),
    "exit-may-grow": (
        1,
        "@limit=allow_short, jump*20, hang=strategy:1*8, hang=strategy:2*8, hang=strategy:3*8",
    ),
    "exit-that-closed-is-placed": (1, "jump*40, cancel_race*20"),
    "exits-do-not-see-each-other": (
        1,
        "trip=flatten all*4, trip=flatten symbol:KO*4, cancel_race*8",
    ),
    "flatten-buys-more": (1, "trip=flatten all"),
    "flatten-is-tried-once": (1, "trip=flatten all*2, gateway_down*1"),
    "flatten-of-a-strategy-is-nothing": (2, "trip=flatten strategy:holds"),
    "found-again-is-traded-on": (2, "stuck*40, cut_at=send.after order*4"),
    "gate-does-not-hear-the-link": (1, "kill=risk"),
    "gate-judges-too-early": (1, "kill=risk*4, slow_disk*20"),
    "generation-is-kept": (1.5, "disconnect, slow_disk"),
    "generations-begin-anew": (1, "kill=gateway"),
    "hung-gateway-sends-late": (1, "hang=gateway*8, trip=cancel all*2"),
    "id-in-use-gives-up": (2, "kill=gateway, half_open"),
    "inactive-is-over": (6, "held, refuse_change"),
    "incomplete-is-enough": (6, "missing_end, reconcile"),
    "kill-file-is-not-looked-at": (4, "kill_file"),
    "kill-is-not-resumed": (1, "trip=reduce all"),
    "kill-not-looked-at-again": (6, "trip_in_commit, slow_disk"),
    "last-of-the-lazy-is-lost": (3, "trip"),
    "link-is-told-once": (1, "kill=orders"),
    "link-waits-in-the-queue": (1, "cut_at=commit.before entry*8, slow_disk"),
    "lost-broker-is-ready": (4, "broker_lost"),
    "lost-without-a-halt": (8, "lose"),
    "missing-stop-is-not-asked-for": (6, "cut_short"),
    "no-quiet-period": (1, "cut_at=send.after order*4, delay"),
    "nobody-looks-at-the-switch": (6, "trip_in_commit, slow_disk"),
    "old-correction-wins": (8, "correct_often, reorder"),
    "old-snapshot-opens-what-ended": (4, "reconcile, delay, reorder, cancel_all"),
    "one-sample-halts": (10, "old_positions, reconcile"),
    "orders-are-not-told": (4, "slow_disk, trip=cancel all"),
    "orders-of-an-earlier-gate-count-nowhere": (2, "kill=risk"),
    "part-fills-do-not-add": (4, "thin"),
    "part-protected-is-enough": (1, "thin"),
    "pending-cancel-is-over": (6, "cancel_race, cancel_all"),
    "ready-is-not-looked-at": (1, "cut_short*10, crash_with=commit.durable OrderDone*6"),
    "records-of-others-are-not-followed": (8, "lose"),
    "reduce-cancels-exits": (2, "trip=cancel all"),
    "refused-cash-is-forgotten": (1, "full*200"),
    "refused-day-is-forgotten": (20, "full"),
    "refused-fill-is-forgotten": (6, "full, thin"),
    "reservation-ends-with-the-status": (6, "late_fill"),
    "reservation-is-released-too-early": (3, "thin, kill=risk"),
    "reservation-is-the-whole": (6, "thin"),
    "reservation-numbers-again": (4, "kill=risk, delay"),
    "restart-does-not-ask-for-the-link": (1, "kill=orders"),
    "restart-forgets-trips": (2, "kill=orders, trip"),
    "second-stop-is-placed": (1, "hang=risk*6, kill=risk*1, cut_short*6"),
    "snapshot-forgets-awaited": (1, "late_fill*10, crash*6"),
    "snapshot-forgets-numbers": (1, "crash*2, forgets_ids*10"),
    "snapshot-forgets-the-switch": (1, "untold*20, crash*4"),
    "snapshot-leaves-records-out": (4, "crash"),
    "snapshot-of-an-old-connection": (
        1,
        "broker_lost*5, reconcile*6, slow_disk*8, late_fill*4, delay*3",
    ),
    "timer-of-the-guard-is-lost": (1, "cut_short*10, hang=risk*12"),
    "timers-are-lost": (4, "lost_cancel"),
    "torn-bracket-stays": (1, "crash_with=send.before leg*10"),
    "waiting-exit-outlives-the-connection": (1, "cut_at=cancel.after*8, cancel_race*4"),
    "waiting-exits-are-forgotten": (1, "kill=risk*4, cancel_race*6"),
    "wall-is-for-ever": (3, "login_wall"),
    "weaker-trip-replaces-a-stronger": (1, "trip=flatten all*3, trip=pause all*3"),
    "wishes-die-with-the-gateway": (1, "kill=gateway"),
    "young-orders-are-judged": (10, "reconcile, delay"),
}
"""At core level: how many times as often, and which kinds."""

_WIRED: Final[dict[str, tuple[float, str]]] = {
    "cancels-are-not-kept": (1, "cut in commit=CancelIntended*20"),
    "dead-line-is-believed": (3, "dark"),
    "group-is-left-out": (6, "price"),
    "half-a-greeting-is-enough": (1, "half greeting=managedAccounts*8"),
    "killed-gateway-goes-on": (2, "end actor=gateway"),
    "late-end-counts": (4, "delay, stall"),
    "late-positions-are-believed": (4, "program=O18, fin"),
    "no-rate": (2, "searches*8, fin"),
    "sent-whenever": (1, "cut in commit=OrderIntended*12, slow"),
    "filled-is-what-remains": (3, "program=O6, program=O9, fin"),
}
"""At wire level."""


def _aims() -> Iterator[tuple[str, tuple[str, Aim]]]:
    for level, named in (("core", _KINDS), ("wire", _WIRED)):
        for name, (factor, kinds) in named.items():
            yield name, (level, Aim(tuple(kinds.split(", ")), factor))


AIMS: Final[dict[str, tuple[str, Aim]]] = dict(_aims())
