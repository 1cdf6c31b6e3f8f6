"""Which of the 47 crash rows of ``orders.md`` 4.4 a run has hit, and how that is seen.

Most rows are a death at a named point with something in hand: ``AT`` says which. Others are seen in
what happened (a fill without an acknowledgement, bytes that came late), and are reached by name
where it happens. Rows that cannot happen at core level name the tests that hit them instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actors.say import Recorded
from robotrader.domain import records as rec
from robotrader.execution import Told

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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
    ("commit.after", "FillBooked"): 17,
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
    37: "tests/robotrader/journal/test_lmdb_store.py::"
    "test_an_archiving_that_stopped_half_way_is_finished_by_the_next",
    38: "tests/robotrader/journal/test_lmdb_store.py::"
    "test_leftovers_of_a_compaction_are_removed_and_the_old_file_is_used",
    45: "tests/system/test_bad_input_journal.py::"
    "test_a_second_instance_exits_75_and_leaves_the_first_alone",
}
"""Rows that no run at core level can hit, and the test that does."""

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
                if record.trigger == "journal_behind":
                    world.reach("row 47")
            case rec.SwitchCleared():
                self.killing = False
            case rec.OrderIntended():
                self._intent(record)
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

    def _intent(self, record: rec.OrderIntended) -> None:
        """An intent is durable; what it rests on may have changed while it was written."""
        world = self._world
        if not world.ready:
            world.reach("row 6")
        switch = None if world.process is None else world.process.switch()
        if switch is not None and switch.refuses(
            account=world.account, symbol=record.symbol, strategy=record.strategy,
            reduces=record.reduces or bool(record.parent_ref),
        ):  # fmt: skip
            world.reach("row 5")

    def _untold(self) -> bool:
        """Whether the order manager has a fill of which the gate or the account has not heard."""
        process = self._world.process
        orders = None if process is None else process.actor("orders")
        if process is None or orders is None:
            return False
        booked = orders.manager._desk.book.fills
        cells = (process.cell(role) for role in ("risk", "account"))
        waiting = (message for cell in cells if cell is not None for message in cell.queue)
        return any(_tells_fill(message, booked) for message in waiting)

    def at_death(self) -> None:
        """Look at what the venue has that the journal does not, as the process dies."""
        world = self._world
        world.reach("row 1")
        if self._untold():
            world.reach("row 18")
        for each in list(world.venue.live.values()):
            if each.key.client_id == world.client_id and each.order.order_ref not in self._acked:
                world.reach("row 11")
        filled: dict[str, int] = {}
        for execution in world.executions:
            filled[execution.order_ref] = filled.get(execution.order_ref, 0) + int(execution.qty)
        if any(ref and qty > self._seen.get(ref, 0) for ref, qty in filled.items()):
            world.reach("row 14")


def _tells_fill(message: object, booked: Collection[str]) -> bool:
    """Whether a message is news of a fill that the order manager has taken in."""
    if isinstance(message, Told):
        return bool(message.update.filled)
    return isinstance(message, Recorded) and any(
        isinstance(record, rec.FillBooked) and record.family in booked
        for _, record in message.records
    )


def at_end(world: CoreWorld) -> None:
    """Note the rows that are seen in what a run has counted."""
    if world.system.stale_effects:
        world.reach("row 46")
    orders = None if world.process is None else world.process.actor("orders")
    if orders is not None and world.life and orders.manager.counts["repeated_fills"]:
        world.reach("row 19")


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
