"""What holds from day to day: seen from the venue and the calendar, once a day or always.

D1: an exchange day begins once, on its day, with the equity that the venue has. D2: the daily loss
trips when that day's loss is there, and never without. D3: no more is entered in a day than may be.
``statement`` compares both sides in the evening, as a person does with the broker's statement.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from robotrader.domain import records as rec
from tests.simulation.at_rest import (
    AccountAgrees,
    BackToReady,
    BooksAgree,
    CashAgrees,
    FillsAgree,
    ReplayAgrees,
)
from tests.simulation.believed import believed
from tests.simulation.disk import TAIL_LOST
from tests.simulation.lively import StrategiesKnow
from tests.simulation.outcome import Breach
from tests.simulation.watch import ALWAYS

if TYPE_CHECKING:
    from tests.simulation.lapsed import Lapsed
    from tests.simulation.long import LongWorld
    from tests.simulation.watch import Checker
    from tests.simulation.world import World

S: Final = 1_000_000_000
ZERO: Final = Decimal(0)
MARKED: Final = Decimal("0.02")
"""How far apart the worth of what is held may be: we mark to the middle, and a moment later."""

SLACK_USD: Final = Decimal(5)
TRIPS_WITHIN_NS: Final = 4 * S
SKEWED_NS: Final = 60 * S


class DaysBegin:
    """D1; see the module's prose."""

    name = "D1 a day begins once"
    reads = ALWAYS

    def __init__(self) -> None:
        self._log = self._seq = 0
        self._days: list[tuple[int, str]] = []

    def check(self, world: World) -> list[Breach]:
        """Look at the days that have begun since."""
        long: LongWorld = world  # type: ignore[assignment]  # it is one
        found: list[str] = []
        for at_ns, (seq, record) in zip(
            long.log_ns[self._log :], long.log[self._log :], strict=True
        ):
            if seq <= self._seq:  # a disk has lost what had this number; whether it may, I9 says
                self._days = [each for each in self._days if each[0] < seq]
            self._seq = seq
            if isinstance(record, rec.DayRolled):
                found += self._judge(long, record, long.clock_of(at_ns))
                self._days.append((seq, record.day))
        self._log = len(long.log)
        return [Breach(self.name, long.now_ns, each) for each in found]

    def _judge(self, world: LongWorld, record: rec.DayRolled, clock_ns: int) -> list[str]:
        if TAIL_LOST in world.excused:
            world.exchange.count_untold(today=False)
        before = self.latest()
        found = [f"{record.day} begins after {before}"] if record.day <= before else []
        days = {world.hours.day_of(at).isoformat()
                for at in (clock_ns - 120 * S, clock_ns, record.wall_ns)}  # fmt: skip
        if record.day not in days:
            found.append(f"{record.day} begins on {sorted(days)}")
        equity, held = self._expected(world), world.worth()
        if abs(record.equity - equity) > MARKED * held + SLACK_USD and not world.strange():
            found.append(f"{record.day} begins with {record.equity}, the venue has {equity}")
        world.day_equity = world.equity()
        return found

    def _expected(self, world: LongWorld) -> Decimal:
        """Return the venue's equity; where fills were never told, what the others come to there.

        A person adopts shares, not cash: what those fills moved stays apart for ever.
        """
        if "I11" not in world.excused:
            return world.equity() - world.exchange.lapsed.apart(world.log, world.account)[0]
        return believed(world.log, world.account).equity(world.exchange.books.prices)

    def latest(self) -> str:
        """Return the day that began last, of those that the journal still has."""
        return self._days[-1][1] if self._days else ""


class DayIsToday:
    """D1, at rest: the day that began last is the exchange's."""

    name = "D1 the day is today"

    def __init__(self, days: DaysBegin) -> None:
        self._days = days

    def check(self, world: World) -> list[Breach]:
        """Compare them."""
        long: LongWorld = world  # type: ignore[assignment]  # it is one
        today = long.hours.day_of(long.clock_ns).isoformat()
        if self._days.latest() == today:
            return []
        return [Breach(self.name, long.now_ns, f"{self._days.latest()} is the day on {today}")]


class Over(NamedTuple):
    """A day that is over: until when by the wall clock, what it had lost, whether that is known."""

    until_ns: int
    loss: Decimal
    apart: bool


class LossTrips:
    """D2: the day's loss trips the switch once it is there, never without, and is new each day.

    A trip is in force before the journal has it, and a day goes on until its end can be written
    (decision 173): one that is older than the new day is judged by the loss of the day before.
    """

    name = "D2 the day's loss trips"
    reads = ALWAYS

    def __init__(self) -> None:
        self._log = 0
        self._day_equity: Decimal | None = None
        self._over = Over(0, ZERO, apart=False)
        self._over_ns: int | None = None
        self._told = False
        self._tripped = False
        self._apart = False

    def check(self, world: World) -> list[Breach]:
        """Look at trips since, and at the loss."""
        long: LongWorld = world  # type: ignore[assignment]  # it is one
        found: list[str] = []
        for _, record in long.log[self._log :]:
            self._see(long, record)
            if isinstance(record, rec.SwitchTripped) and record.trigger == "daily_loss":
                self._tripped = True
                long.reach("daily loss")
                loss = self._loss_at(long, record)
                if loss is not None and loss < long.loss_usd - self._slack(long):
                    found.append(f"tripped at a loss of {loss}: {record.why}")
            elif isinstance(record, rec.SwitchCleared | rec.DayRolled):
                self._tripped = False
        self._log, self._day_equity = len(long.log), long.day_equity
        return [Breach(self.name, long.now_ns, each) for each in (*found, *self._missed(long))]

    def _loss_at(self, world: LongWorld, trip: rec.SwitchTripped) -> Decimal | None:
        """Return the loss that a trip is judged by; None where it is not known.

        A clock that was set back may date a trip of this day before it began: both may be meant.
        """
        old = trip.wall_ns < self._over.until_ns
        if self._apart or (old and self._over.apart):
            return None
        loss = self._loss(world)
        return max(loss, self._over.loss) if old else loss

    def _see(self, world: LongWorld, record: rec.Record) -> None:
        """See whether the day's loss is another here: of shares that we have, and the venue not.

        That is so from a fill that is never told until the day after a person has adopted.
        """
        exchange = world.exchange
        if isinstance(record, rec.DayRolled):
            begun = self._day_equity  # the world's own is the new day's by now
            loss = ZERO if begun is None else begun - world.equity()
            self._over = Over(record.wall_ns, loss, self._apart)
            if exchange.untold:
                ours, theirs = believed(world.log, world.account).positions(), world.positions()
                exchange.untold = {con for con in exchange.untold
                                   if ours.get(con, ZERO) != theirs.get(con, ZERO)}  # fmt: skip
            self._apart = False
        elif isinstance(record, rec.PositionAdopted):
            self._apart = True
        self._apart = self._apart or bool(exchange.untold)

    def _missed(self, world: LongWorld) -> list[str]:
        calm_ns = world.calm_ns
        over = self._loss(world) > world.loss_usd + self._slack(world)
        if not over or self._tripped or self._apart or calm_ns is None or world.core is None:
            self._over_ns = None
            return []
        ledger = world.core.ledger()
        unknown = ledger is None or ledger.equity is None
        if unknown and not world.hours.is_open(world.clock_ns, outside_rth=False):
            self._over_ns = None  # who starts at night hears the first price at the open
            return []
        if self._over_ns is None:  # seen when something happens: at night not for a while
            self._over_ns = world.now_ns
        switch = world.core.switch()
        known = switch is not None and any(each.trigger == "daily_loss" for each in switch.trips)
        late = world.now_ns - max(self._over_ns, calm_ns) > TRIPS_WITHIN_NS
        if known or not late or self._told:
            return []
        self._told = True
        return [f"a loss of {self._loss(world)} since the day began trips nothing"]

    def _loss(self, world: LongWorld) -> Decimal:
        return ZERO if world.day_equity is None else world.day_equity - world.equity()

    def _slack(self, world: LongWorld) -> Decimal:
        return MARKED * world.worth() + SLACK_USD


class EntriesOfADay:
    """D3: a day has no more entries than it may have."""

    name = "D3 entries of a day"
    reads = ALWAYS

    def __init__(self) -> None:
        self._log = 0
        self._counts: Counter[str] = Counter()

    def check(self, world: World) -> list[Breach]:
        """Count the intents since."""
        long: LongWorld = world  # type: ignore[assignment]  # it is one
        found: list[Breach] = []
        for _, record in long.log[self._log :]:
            if not isinstance(record, rec.OrderIntended) or not record.order_type:
                continue
            if record.reduces or record.parent_ref:
                continue
            day = long.hours.day_of(record.wall_ns).isoformat()
            self._counts[day] += 1
            if self._counts[day] == long.limits.max_orders_per_day + 1:
                found.append(Breach(self.name, long.now_ns, f"{day}: {self._counts[day]}"))
        self._log = len(long.log)
        return found


def statement(lapsed: Lapsed) -> list[Checker]:
    """Return what is compared in the evening, when all was calm for a while."""
    return [
        BackToReady(),
        FillsAgree(lapsed),
        BooksAgree(),
        AccountAgrees(),
        CashAgrees(lapsed),
        ReplayAgrees(),
        StrategiesKnow(),
    ]
