"""Which of the 47 crash rows of ``orders.md`` 4.4 a run has hit, and how that is seen.

Most rows are a death at a named point with something in hand: ``AT`` says which. Others are seen in
what happened (a fill without an acknowledgement, bytes that came late), and are reached by name
where it happens. Rows that cannot happen at core level name the tests that hit them instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.domain import records as rec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from robotrader.domain.records import Record
    from tests.simulation.core import CoreWorld

AT: Final[dict[tuple[str, str], int]] = {
    ("commit.before", "OrderIntended"): 2,
    ("commit.during", "OrderIntended"): 3,
    ("commit.durable", "OrderIntended"): 4,
    ("send.before", "order"): 7,
    ("send.after", "order"): 9,
    ("heard.OrderReport", ""): 12,
    ("commit.durable", "OrderAcked"): 13,
    ("heard.ExecutionReport", ""): 16,
    ("commit.durable", "FillBooked"): 17,
    ("commit.after", "FillBooked"): 18,
    ("commit.durable", "CancelIntended"): 25,
    ("cancel.before", ""): 25,
    ("cancel.after", ""): 26,
    ("commit.durable", "ModifyIntended"): 27,
    ("send.before", "change"): 27,
    ("send.after", "change"): 28,
    ("send.before", "leg"): 29,
    ("commit.before", "SwitchTripped"): 30,
    ("commit.durable", "SwitchTripped"): 31,
    ("commit.before", "SwitchCleared"): 33,
    ("snapshot.before", ""): 35,
    ("snapshot.after", ""): 36,
}
"""Where the process dies, and with what in hand."""

ELSEWHERE: Final[dict[int, str]] = {
    37: "tests/robotrader/journal: nothing of the log is removed while the system runs",
    38: "tests/robotrader/journal: compaction is the journal tool's, offline",
    43: "tests/robotrader/execution: positions are compared before anything is sent",
    45: "tests/system: the lease, and error 326 at the gateway",
    47: "tests/robotrader/execution: an order with our prefix that the journal does not know",
}
"""Rows that no run at core level can hit, and who does."""

COUNT: Final = 47


def died(world: CoreWorld, point: str, what: tuple[str, ...]) -> None:
    """Note the rows of a death at a point; ``what`` is in hand there."""
    for each in (*what, ""):
        row = AT.get((point, each))
        if row is not None:
            world.reach(f"row {row}")
    if point.startswith("cancel.") and world.log_view.killing:
        world.reach("row 32")


class LogView:
    """What the rows need of the journal, kept up to date."""

    def __init__(self, world: CoreWorld) -> None:
        self._world = world
        self._acked: set[str] = set()
        self._cancelled: set[str] = set()
        self._seen: dict[str, int] = {}
        self.killing = False

    def take(self, record: Record) -> None:
        """Look at a record that has become durable."""
        world = self._world
        match record:
            case rec.OrderAcked():
                self._acked.add(record.ref)
            case rec.CancelIntended():
                self._cancelled.add(record.ref)
            case rec.FillBooked():
                self._fill(record)
            case rec.OrderDone() if record.cum_filled > self._seen.get(record.ref, 0):
                world.reach("row 21" if record.ending is rec.Ending.FILLED else "row 22")
            case rec.SwitchTripped():
                self.killing = record.level in {"cancel", "flatten"}
            case rec.SwitchCleared():
                self.killing = False
            case rec.OrderIntended() if not world.ready:
                world.reach("row 6")
            case rec.LimitChanged() if any(world.positions().values()):
                world.reach("row 34")
            case _:
                pass

    def _fill(self, record: rec.FillBooked) -> None:
        world = self._world
        self._seen[record.ref] = self._seen.get(record.ref, 0) + int(record.qty)
        if record.ref and record.ref not in self._acked:
            world.reach("row 15")
        if record.ref in self._cancelled:
            world.reach("row 23")

    def at_death(self) -> None:
        """Look at what the venue has that the journal does not, as the process dies."""
        world = self._world
        world.reach("row 1")
        for each in list(world.venue.live.values()):
            if each.key.client_id == world.client_id and each.order.order_ref not in self._acked:
                world.reach("row 11")
        filled: dict[str, int] = {}
        for execution in world.executions:
            filled[execution.order_ref] = filled.get(execution.order_ref, 0) + int(execution.qty)
        if any(ref and qty > self._seen.get(ref, 0) for ref, qty in filled.items()):
            world.reach("row 14")


def table(coverage: Mapping[str, int]) -> str:
    """Return which rows were hit how often, for people."""
    lines = []
    for row in range(1, COUNT + 1):
        hits = coverage.get(f"row {row}", 0)
        lines.append(f"{row:3} {hits:9,}  {ELSEWHERE.get(row, '')}".rstrip())
    return "\n".join(lines)


def missed(coverage: Mapping[str, int]) -> list[int]:
    """Return the rows that should have been hit and were not."""
    return [
        row
        for row in range(1, COUNT + 1)
        if row not in ELSEWHERE and not coverage.get(f"row {row}")
    ]
