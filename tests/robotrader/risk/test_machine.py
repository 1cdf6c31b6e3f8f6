"""Gate, ledger and switch with a broker that fills as it likes, in any sequence (F22, F62, F69)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from robotrader.domain import Approved, Intent, Purpose, Quote
from robotrader.domain.records import SwitchTripped
from robotrader.ledger import Ledger
from robotrader.risk import Gate, RiskView, Switch, usd
from tests.robotrader.ledger.kit import AAPL, ACCOUNT, CASH, fill, ledger, rolled
from tests.robotrader.risk.kit import NOW, STOCKS, intent, limits, view
from tests.robotrader.risk.test_switch import cleared

CAP = 50
ALLOWED = limits(max_symbol_qty=Decimal(CAP), max_symbol_usd=usd(CAP * 100))
PURPOSES = st.sampled_from(list(Purpose))
SIDES = st.sampled_from(["BUY", "SELL", "SSHORT"])


class World(RuleBasedStateMachine):
    """One symbol. ``open`` is the broker's truth: what it may still execute, by reservation."""

    @initialize()
    def begin(self) -> None:
        self.gate, self.price = Gate(ALLOWED), 100
        self.ledger = ledger(rolled("2026-11-20", CASH))
        self.switch = Switch()
        self.open: dict[int, tuple[Intent, Decimal]] = {}
        self.booked: list[tuple[int, Decimal]] = []
        self.fills = 0
        self.reducing: set[int] = set()
        self.position = Decimal(0)

    def seen(self) -> RiskView:
        price = float(self.price)
        quotes = {con_id: Quote(con_id, NOW, price, price, 5, 5) for con_id in STOCKS}
        ledger = self.ledger.view(dict.fromkeys(STOCKS, price))
        return view(ledger=ledger, switch=self.switch, quotes=quotes)

    @rule(side=SIDES, qty=st.integers(1, 60), purpose=PURPOSES)
    def want(self, side: str, qty: int, purpose: Purpose) -> None:
        found = self.gate.judge(intent(side, qty, purpose=purpose), self.seen(), NOW)
        if isinstance(found, Approved):
            self._place(found)
            if not found.reduces:
                assert self._worst() * self.price <= CAP * 100
            if purpose is not Purpose.ENTRY or self.switch.trips:
                assert found.reduces

    @rule(purpose=PURPOSES, data=st.data())
    def leave(self, purpose: Purpose, data: st.DataObject) -> None:
        """What is held and not being closed already can always be closed."""
        held = self.ledger.view({}).position(AAPL.con_id)
        if not held:
            return
        side, sign = ("SELL", -1) if held > 0 else ("BUY", 1)
        closing = sum(each.qty for each in self.gate.reserved if each.sign == sign)
        free = abs(held) - closing
        if free > 0:
            found = self.gate.judge(intent(side, free, purpose=purpose), self.seen(), NOW)
            assert isinstance(found, Approved), found
            assert found.reduces
            self._place(found)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def fill_some(self, data: st.DataObject) -> None:
        """The broker executes; the ledger hears of it at once, the gate later."""
        number = data.draw(st.sampled_from(sorted(self.open)))
        wanted, left = self.open[number]
        qty = Decimal(data.draw(st.integers(1, int(left))))
        before = self.position
        self.position += qty * wanted.side.sign
        if number in self.reducing:
            assert abs(self.position) == abs(before) - qty, "a reduction made a position grow"
        self.fills += 1
        self.ledger.apply(fill(f"f{self.fills}", wanted.side.value, str(qty), str(self.price)))
        self.booked.append((number, qty))
        self._take(number, qty)

    @precondition(lambda self: self.booked)
    @rule(data=st.data())
    def hear(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.booked) - 1))
        self.gate.release(*self.booked.pop(at))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.open)))
        _, left = self.open.pop(number)
        self.gate.release(number, left)

    @rule(price=st.integers(40, 160))
    def move(self, price: int) -> None:
        """The market moves; what was approved at another price may still fill."""
        self.price = price

    @rule()
    def restart(self) -> None:
        """A new process: the ledger as its snapshot, the gate by what is still open at the broker.

        A fill that is booked is released by nobody any more: it is in the ledger.
        """
        held = {each.number: each for each in self.gate.reserved}
        self.gate = Gate(ALLOWED)
        for number, (_, left) in self.open.items():
            self.gate.hold(replace(held[number], qty=left))
        self.booked.clear()
        self.ledger = Ledger(ACCOUNT, STOCKS.values(), state=self.ledger.snapshot())

    @rule(level=st.sampled_from(["pause", "reduce", "cancel", "flatten"]))
    def trip(self, level: str) -> None:
        self.switch = self.switch.after(
            SwitchTripped(level=level, scope="all", trigger="person", why="w", who="ann")
        )

    @rule()
    def clear(self) -> None:
        self.switch = self.switch.after(cleared())

    def _place(self, approved: Approved) -> None:
        if approved.reduces and approved.intent.purpose is not Purpose.STOP:
            self._give_way(approved.intent)
        self.open[approved.reservation] = (approved.intent, approved.intent.qty)
        if approved.reduces:
            self.reducing.add(approved.reservation)

    def _give_way(self, wanted: Intent) -> None:
        """The order manager's part: stops end before an exit that takes their shares."""
        closing = [
            (number, each.purpose, left)
            for number, (each, left) in self.open.items()
            if number in self.reducing and each.side.sign == wanted.side.sign
        ]
        over = wanted.qty + sum(left for _, _, left in closing) - abs(self.position)
        for number, purpose, left in closing:
            if over > 0 and purpose is Purpose.STOP:
                del self.open[number]
                self.gate.release(number, left)
                over -= left

    def _take(self, number: int, qty: Decimal) -> None:
        wanted, left = self.open[number]
        if left == qty:
            del self.open[number]
        else:
            self.open[number] = (wanted, left - qty)

    def _worst(self) -> Decimal:
        """The largest position that the broker's open orders can lead to."""
        left = [rest * wanted.side.sign for wanted, rest in self.open.values()]
        high = self.position + sum(each for each in left if each > 0)
        low = self.position + sum(each for each in left if each < 0)
        return max(abs(high), abs(low))

    @invariant()
    def i4_whatever_still_fills_the_cap_holds(self) -> None:
        buys = sum(left for wanted, left in self.open.values() if wanted.side.sign > 0)
        sells = sum(left for wanted, left in self.open.values() if wanted.side.sign < 0)
        assert self.position + buys <= CAP
        assert self.position - sells >= -CAP

    @invariant()
    def the_ledger_and_the_broker_agree(self) -> None:
        seen = self.ledger.view({})
        assert seen.position(AAPL.con_id) == self.position
        held = sum(each.qty for each in self.gate.reserved)
        assert held == sum(left for _, left in self.open.values()) + sum(q for _, q in self.booked)


TestWorld = World.TestCase
TestWorld.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
