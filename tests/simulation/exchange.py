"""The broker: the product's own venue, and the gateway's way of telling what happens there.

The venue is the truth. What we are told of it comes over a ``Session``: each event as IBKR's
callbacks would, and answers to questions with an end for each, unless a fault keeps one back.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from robotrader.domain import (
    Order,
    OrderFailed,
    OrderKey,
    OrderReport,
    OrderType,
    ReportedStatus,
    Side,
)
from robotrader.venue import (
    AccountSetup,
    Books,
    Charged,
    Executed,
    Execution,
    OrderUpdated,
    Refused,
    Venue,
    VenueEvent,
    Warned,
    commission_report,
    execution_report,
    order_report,
    position_reports,
)
from robotrader.venue.daytime import Day
from tests.simulation.believed import untold
from tests.simulation.disk import TAIL_LOST
from tests.simulation.lapsed import Lapsed, family_of
from tests.simulation.world import Asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from robotrader.domain import Instrument
    from robotrader.venue.events import OrderState as State
    from tests.simulation.core import CoreWorld
    from tests.simulation.session import Session

ZERO: Final = Decimal(0)
CASH: Final = Decimal(1_000_000)
STEPS: Final = ("open_orders", "completed", "executions", "positions", "values")
OLD_NS: Final = 2_000_000_000
LATE_NS: Final = 1_000_000_000
"""How late a part's execution is told where the rest is cut short."""

OTHERS: Final = 0
"""The client number of orders that a person places in TWS."""


class Exchange:
    """See the module's prose."""

    def __init__(self, world: CoreWorld, instruments: Sequence[Instrument]) -> None:
        self.world = world
        self.books = Books({world.account: AccountSetup(CASH)}, instruments)
        self.venue = Venue(instruments, self.books, world.hours, now_ns=world.clock_ns)
        self.executions: list[Execution] = []
        self.asked: list[Asked] = []
        self.session: Session | None = None
        self.unchanged: list[OrderKey] = []
        """Orders of which a change was refused, since somebody has looked."""

        self.forgets_ids = False
        """Whether the gateway counts order numbers from 1 again (its settings were reset)."""

        self.tells_of_others = True
        """Whether executions of others in the account are told to our client."""

        self.untold: set[int] = set()
        """Contracts of which a fill was never told; a person adopts their positions."""

        self.lapsed = Lapsed()
        self._shown: Any = ()
        self._before: list[tuple[int, Any]] = []
        """Positions as they were before each execution of late, with its time."""

        self.changes = 0
        """How often something has changed at the venue: an order, a fill, what works."""

        self.questions = 0
        """How many parts of snapshots were asked for."""

        self.asked_after = dict.fromkeys(STEPS, -1)
        """Of each part, how often the link had been lost when it was asked for last."""

        self.unready_ns = 0
        """When our link said last that it is not READY, by the market's time."""

        self._charges: dict[str, Charged] = {}
        self._others = 0

    # -- connections --

    def hello(self, session: Session) -> None:
        """A client connects: refused while another one has its number, or nobody answers."""
        weather = self.world.weather
        if weather.lasts("login_wall"):
            return
        if self.session is not None and self.session is not session:
            session.down(("error", 326, "Unable to connect as the client id is already in use"))
            return
        self.session = session
        session.known = True
        session.down(("greeting", self.next_id()))

    def next_id(self) -> int:
        """Return the first number that is free for our client."""
        if self.forgets_ids:
            return 1
        own = self.world.client_id
        return max((each.key.order_id for each in self.asked if each.key.client_id == own),
                   default=0) + 1  # fmt: skip

    def left(self, session: Session) -> None:
        """A client's connection has ended."""
        if self.session is session:
            self.session = None

    def say(self, message: Any) -> None:
        """Say something to our client, if it is there."""
        if self.session is not None:
            self.session.down(message)

    # -- requests --

    def place(self, key: OrderKey, order: Order) -> None:
        """An order has arrived, or a change of one."""
        world = self.world
        self.asked.append(Asked(world.now_ns, key, order, len(world.log)))
        world.changed = True
        if key not in self.venue.live and world.weather.strikes("reject"):
            self.say(OrderFailed(key.order_id, 201, "Order rejected - reason:a test's", 0))
            return
        if key in self.venue.live and world.weather.strikes("refuse_change"):
            self.say(OrderFailed(key.order_id, 201, "Order rejected - reason:not changed", 0))
            self.unchanged.append(key)
            return
        self.publish(self.venue.place(key, order, world.clock_ns))

    def cancel(self, key: OrderKey) -> None:
        """A cancel has arrived; what it is about may be faster."""
        world = self.world
        if world.weather.strikes("lost_cancel"):
            return
        wait_ns = world.weather.extra_ns("cancel_race")
        if wait_ns:
            world.reach("row 23")
            self._pending(key)
            world.after(wait_ns, lambda: self._cancel(key))
        else:
            self._cancel(key)

    def _pending(self, key: OrderKey) -> None:
        """Say that a cancel has come, which ends nothing yet."""
        live = self.venue.live.get(key)
        if live is not None:
            report = order_report(live.state(), 0)
            self.say(replace(report, status=ReportedStatus.PENDING_CANCEL))

    def _cancel(self, key: OrderKey) -> None:
        world = self.world
        self.asked.append(Asked(world.now_ns, key, None, len(world.log)))
        self.publish(self.venue.cancel(key, world.clock_ns))

    def manual(self, con_id: int, side: Side, qty: int) -> None:
        """Somebody else trades in the same account."""
        self._others += 1
        order = Order(
            con_id=con_id, side=side, order_type=OrderType.MARKET, qty=Decimal(qty),
            account=self.world.account,
        )  # fmt: skip
        self.place(OrderKey(OTHERS, -self._others), order)

    # -- what happens --

    def publish(self, events: Iterable[VenueEvent]) -> None:
        """Keep what happened, and tell our client what is its own."""
        own = self.world.client_id
        for event in events:
            self.changes += 1
            match event:
                case OrderUpdated(state):
                    if state.key.client_id == own and not self.world.weather.strikes("lost_status"):
                        self.say(self._status(state))
                case Executed(execution):
                    self._note_positions()
                    self.executions.append(execution)
                    self.lapsed.executed(execution)
                    self.world.changed = True
                    if execution.key.client_id == own:
                        self._tell_fill(execution)
                case Charged():
                    self._charges[family_of(event.exec_id)] = event
                    self.lapsed.charged(event)
                    lost = self.world.weather.strikes("lost_commission")
                    if lost:
                        self.world.reach("row 24")
                    if event.key.client_id == own and not lost:
                        self.say(commission_report(event, 0))
                case Refused() | Warned():
                    if event.key.client_id == own:
                        self.say(OrderFailed(event.key.order_id, event.code, event.text, 0))

    def _status(self, state: State) -> OrderReport:
        """Return a status as it is told: of an order that is held, another than it has."""
        report = order_report(state, 0)
        if state.key in self.venue.live and self.world.weather.strikes("held"):
            return replace(report, status=ReportedStatus.INACTIVE, why_held="locate")
        return report

    def _tell_fill(self, execution: Execution) -> None:
        """Tell of a fill; a part's may be late, and the rest be cancelled before it is told."""
        report, key = execution_report(execution, 0), execution.key
        late_ns = self.world.weather.extra_ns("late_fill")
        if late_ns:
            self.world.after(late_ns, lambda: self.say(report))
            return
        rest = self.venue.live.get(key)
        if rest is None or not self.world.weather.lasts("cut_short", str(execution.con_id)):
            self.say(report)
            return
        self.world.after(LATE_NS, lambda: self.say(report))
        self.world.after(LATE_NS // 2, lambda: self._cancel(key))

    def correct(self, index: int, qty: Decimal | None, price: Decimal | None) -> None:
        """The broker replaces a fill of today by another quantity or price."""
        today = self.venue.executions
        if not today:
            return
        old = today[index % len(today)]
        self.world.reach("row 20")
        self.publish(self.venue.correct(old.exec_id, old.qty if qty is None else qty, price))

    def charge_again(self, index: int, commission: Decimal) -> None:
        """The broker says another commission for a fill of today."""
        own = [each.exec_id for each in self.venue.executions
               if each.key.client_id == self.world.client_id]  # fmt: skip
        if not own:
            return
        family = family_of(own[index % len(own)])
        old, account = self._charges[family], self.books.accounts[self.world.account]
        revision = int(old.exec_id.rpartition(".")[2]) + 1
        account.cash -= commission - old.commission
        account.commissions += commission - old.commission
        new = replace(old, exec_id=f"{family}.{revision:02}", commission=commission)
        self._charges[family] = new
        self.lapsed.charged(new)
        self.say(commission_report(new, 0))

    def lose(self, key: OrderKey) -> None:
        """The venue forgets an order that works, and says nothing of it."""
        self.changes += 1
        self.venue.lose(key)

    def roll_day(self) -> None:
        """End the day: what was executed and has ended is in no list any more (crash row 43).

        A fill of which we have not heard can then be had from a statement only: whether fills and
        cash agree is judged no more, positions have to.
        """
        now_ns = self.world.clock_ns
        self.count_untold(today=True)
        self.venue.day = Day(self.venue.day.date, now_ns, now_ns)
        self.publish(self.venue.advance(now_ns))

    def pass_time(self) -> None:
        """Let the venue's own day go on: closes, expiries, its end."""
        now_ns = self.world.clock_ns
        if now_ns >= self.venue.day.roll_ns:
            self.count_untold(today=True)
        self.publish(self.venue.advance(now_ns))

    def count_untold(self, *, today: bool) -> None:
        """Note what nobody will tell our process any more, with what ``today`` brought or not.

        A disk that has lost a journal's tail may have lost what earlier days brought.
        """
        world, now = self.world, {each.exec_id for each in self.venue.executions}
        lies = TAIL_LOST in world.excused
        over = [each for each in (self.executions if lies else self.venue.executions)
                if today or each.exec_id not in now]  # fmt: skip
        found = untold(world.log, over, world.account, lies=lies, charges=self._charges)
        if found:
            world.reach("row 43")
            world.excused |= {"I2", "I11"}
            self.untold |= {each.con_id for each in found}
        if today:
            self.lapsed.day_ends(len(world.log))

    # -- answers --

    def answer(self, session: Session, number: int, step: str) -> None:
        """Answer one question of a snapshot, as things are now."""
        self.questions += 1
        self.asked_after[step] = self.world.losses
        if self.world.weather.strikes("missing_end"):
            self.world.reach("missing end")
            return
        session.down(("answer", number, step, getattr(self, f"_{step}")()))

    def _open_orders(self) -> dict[str, Any]:
        return {
            "open_orders": tuple(self._status(each.state()) for each in self.venue.live.values())
        }

    def _completed(self) -> dict[str, Any]:
        done = self.venue.done.values()
        return {"completed": tuple(order_report(each.state(), 0, completed=True) for each in done)}

    def _executions(self) -> dict[str, Any]:
        own = self.world.client_id
        today = [each for each in self.venue.executions
                 if self.tells_of_others or each.key.client_id == own]  # fmt: skip
        charged = (self._charges.get(family_of(each.exec_id)) for each in today)
        return {
            "executions": tuple(execution_report(each, 0) for each in today),
            "commissions": tuple(
                commission_report(each, 0) for each in charged if each is not None
            ),
        }

    def positions(self) -> dict[int, Decimal]:
        """Return the account's shares."""
        held = self.books.positions(self.world.account)
        return {con_id: each.qty for con_id, each in held.items()}

    def _note_positions(self) -> None:
        """Keep positions as they were, for those who are told of them late."""
        now_ns = self.world.now_ns
        self._before = [each for each in self._before if each[0] > now_ns - 2 * OLD_NS]
        self._before.append((now_ns, self._shown))
        self._shown = position_reports(self.books, self.world.account)

    def _positions(self) -> dict[str, Any]:
        """Return positions, which TWS may say two seconds late (O18)."""
        reports = position_reports(self.books, self.world.account)
        if self.world.weather.lasts("old_positions"):
            since_ns = self.world.now_ns - OLD_NS
            reports = next((old for at_ns, old in self._before if at_ns > since_ns), reports)
        return {"positions": reports}

    def _values(self) -> dict[str, Any]:
        account = self.books.accounts[self.world.account]
        equity = self.books.equity(self.world.account)
        return {"values": {"TotalCashValue": account.cash, "NetLiquidation": equity}}
