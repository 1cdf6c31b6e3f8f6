"""Plays fault programs: watches what passes, and does what the rules say.

Without a program every message passes at once. What acts on a message acts after it was made and
before it is put out, so that the rest of the gateway knows nothing of faults.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from robotrader.domain import Order, OrderKey, OrderType, Quote, Side
from robotrader.emulator import faults
from robotrader.emulator.timeline import SECOND_NS
from robotrader.tws import frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.emulator.gateway import Gateway
    from robotrader.emulator.link import Link

LOST: Final = (1100, "Connectivity between IBKR and Trader Workstation has been lost.")
RESTORED_LOST: Final = (
    1101, "Connectivity between IBKR and Trader Workstation has been restored - data lost.",
)  # fmt: skip
RESTORED_KEPT: Final = (
    1102,
    (
        "Connectivity between IBKR and Trader Workstation has been restored - data maintained. "
        "All data farms are connected: usfarm; ushmds; secdefnj."
    ),
)


class Injector:
    """See the module's prose."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._rules: list[faults.Rule] = []
        self._seen: Counter[int] = Counter()
        self._held: list[tuple[str, Link, str, dict[str, Any]]] = []
        self._queued: list[tuple[Link, dict[str, Any]]] = []
        self._segments: dict[int, int] = {}
        self.held_clients: set[int] = set()
        self.struck: Counter[str] = Counter()
        self.refusing = False
        self._silent_until_ns = 0
        self._cleared = 0
        """How often all rules were forgotten."""

        self._actions: dict[type, Callable[[Any, Link | None, dict[str, Any]], None]] = {
            faults.Send: self._send,
            faults.Raw: self._raw,
            faults.Close: self._close,
            faults.Reset: self._close,
            faults.Freeze: self._freeze,
            faults.StopReading: self._stop_reading,
            faults.Segment: self._segment,
            faults.Refuse: self._refuse,
            faults.IgnoreHello: self._ignore_hello,
            faults.HoldClient: self._hold_client,
            faults.Restart: self._restart,
            faults.Lost: self._lost,
            faults.Limits: self._limits,
            faults.Quiet: self._quiet,
            faults.Flood: self._flood,
            faults.Halt: self._halt,
            faults.Fill: self._fill,
            faults.Correct: self._correct,
            faults.Place: self._place,
        }

    # -- programs --

    def play(self, program: faults.Program) -> None:
        """Begin a program, besides those that are played already."""
        self._rules += program.rule
        for rule in program.rule:
            if rule.on == "start" and self._strikes(rule, {}):
                self._later(rule, None, {})

    def clear(self) -> None:
        """Forget all rules and strikes to come; what was held goes out, what was stopped moves."""
        self._cleared += 1
        self._rules.clear()
        self._seen.clear()
        held, self._held = self._held, []
        for _, link, name, fields in held:
            link.transmit(name, fields)
        self.held_clients.clear()
        self.refusing = False
        self._silent_until_ns = 0
        self._gateway.market.quiet.clear()
        for link in list(self._gateway.links.values()):
            link.frozen, link.reading, link.silent = False, True, False
            link.wake()

    def _strikes(self, rule: faults.Rule, fields: dict[str, Any]) -> bool:
        """Count an occasion; say whether the rule strikes."""
        if any(fields.get(name) != value for name, value in rule.where.items()):
            return False
        number = id(rule)
        self._seen[number] += 1
        passed = self._seen[number] - rule.skip
        strikes = passed > 0 and (rule.times == 0 or passed <= rule.times)
        if strikes:
            self.struck[rule.__struct_config__.tag or ""] += 1  # type: ignore[index]
        return strikes

    def _later(self, rule: faults.Rule, link: Link | None, fields: dict[str, Any]) -> None:
        if rule.after_s:
            cleared = self._cleared

            def strike() -> None:
                if self._cleared == cleared:
                    self._do(rule, link, fields)

            self._gateway.timeline.after(rule.after_s, strike)
        else:
            self._do(rule, link, fields)

    def _do(self, rule: faults.Rule, link: Link | None, fields: dict[str, Any]) -> None:
        self._actions[type(rule)](rule, link, fields)

    # -- what passes --

    def accepted(self, link: Link) -> None:
        """A connection was accepted."""
        link.silent = self._gateway.timeline.now_ns < self._silent_until_ns
        self.happened("accept", link, {})

    def happened(self, place: str, link: Link, fields: dict[str, Any]) -> None:
        """Something happened that rules may wait for."""
        for rule in list(self._rules):
            if rule.on == place and self._strikes(rule, fields):
                self._later(rule, link, fields)

    def incoming(self, link: Link, name: str, fields: dict[str, Any]) -> bool:
        """A request came; return whether to serve it."""
        if not self._rules:
            return True
        serve = True
        for rule in list(self._rules):
            if rule.on != f"request:{name}" or not self._strikes(rule, fields):
                continue
            if isinstance(rule, faults.Drop):
                serve = False
            elif isinstance(rule, faults.Change):
                fields.update(rule.fields)
            else:
                self._later(rule, link, fields)
        return serve and not link.ending

    def outgoing(self, link: Link, name: str, fields: dict[str, Any]) -> None:
        """A reply is to be sent: send it, or what the rules make of it."""
        if not self._rules and not self._held:
            link.transmit(name, fields)
            return
        copies, delay_s = 1, 0.0
        after: list[faults.Rule] = []
        for rule in list(self._rules):
            if rule.on != f"reply:{name}" or not self._strikes(rule, fields):
                continue
            if isinstance(rule, faults.Drop):
                copies = 0
            elif isinstance(rule, faults.Duplicate):
                copies += rule.copies
            elif isinstance(rule, faults.Delay):
                delay_s = rule.by_s
            elif isinstance(rule, faults.Hold):
                self._held.append((rule.until, link, name, fields))
                copies = 0
            elif isinstance(rule, faults.Change):
                fields = {**fields, **rule.fields}
            elif isinstance(rule, (faults.Corrupt, faults.Truncate)):
                self._damage(rule, link, name, fields)
                copies = 0
            else:
                after.append(rule)
        for _ in range(copies):
            self._put_out(link, name, fields, delay_s)
        self._release(link, name)
        for rule in after:
            self._later(rule, link, fields)

    def _put_out(self, link: Link, name: str, fields: dict[str, Any], delay_s: float) -> None:
        if delay_s:
            self._gateway.timeline.after(delay_s, lambda: link.transmit(name, fields))
        else:
            link.transmit(name, fields)

    def _release(self, link: Link, name: str) -> None:
        for held in [each for each in self._held if each[:2] == (name, link)]:
            self._held.remove(held)
            link.transmit(held[2], held[3])

    def _damage(
        self,
        rule: faults.Corrupt | faults.Truncate,
        link: Link,
        name: str,
        fields: dict[str, Any],
    ) -> None:
        data = link.session.send(name, fields)
        if isinstance(rule, faults.Truncate):
            link.write(data[: rule.length])
            link.end("fin", "fault: truncated frame")
            return
        length = int.from_bytes(data[:4], "big") + rule.shift
        prefix = bytes.fromhex(rule.prefix) if rule.prefix else length.to_bytes(4, "big")
        link.write(prefix + data[4:])

    # -- what is sent besides --

    def _filled_in(self, fields: dict[str, Any], passing: dict[str, Any]) -> dict[str, Any]:
        """Take the values that begin with ``$`` from the message that set the rule off."""
        return {
            name: passing.get(value[1:], -1)
            if isinstance(value, str) and value.startswith("$")
            else value
            for name, value in fields.items()
        }

    def _to(self, link: Link | None) -> list[Link]:
        return [link] if link is not None else list(self._gateway.clients.values())

    def _send(self, rule: faults.Send, link: Link | None, passing: dict[str, Any]) -> None:
        fields = self._filled_in(rule.fields, passing)

        def once(left: int) -> None:
            for each in self._to(link):
                each.transmit(rule.name, fields)
            if left > 1:
                self._gateway.timeline.after(rule.every_s, lambda: once(left - 1))

        once(rule.count)

    def _raw(self, rule: faults.Raw, link: Link | None, _passing: dict[str, Any]) -> None:
        data = bytes.fromhex(rule.hex)
        for each in self._to(link):
            each.write(frame(data) if rule.framed else data)

    # -- connections --

    def _close(
        self, rule: faults.Close | faults.Reset, link: Link | None, _passing: dict[str, Any]
    ) -> None:
        for each in self._to(link):
            each.end("fin" if isinstance(rule, faults.Close) else "rst", "fault: closed")

    def _freeze(self, rule: faults.Freeze, link: Link | None, _passing: dict[str, Any]) -> None:
        for each in self._to(link):
            self._switch(each, ("frozen", True, False), rule.for_s)
            self._switch(each, ("reading", False, True), rule.for_s)

    def _stop_reading(
        self, rule: faults.StopReading, link: Link | None, _passing: dict[str, Any]
    ) -> None:
        for each in self._to(link):
            self._switch(each, ("reading", False, True), rule.for_s)

    def _switch(self, link: Link, what: tuple[str, bool, bool], for_s: float) -> None:
        name, now, later = what
        setattr(link, name, now)
        link.wake()

        def back() -> None:
            setattr(link, name, later)
            link.wake()

        self._gateway.timeline.after(for_s, back)

    def _segment(self, rule: faults.Segment, link: Link | None, _passing: dict[str, Any]) -> None:
        for each in self._to(link):
            self._segments[each.number] = rule.size

    def segment(self, link: Link) -> int:
        """Return how many bytes a write may have, 0 for any."""
        return self._segments.get(link.number, 0)

    def _refuse(self, rule: faults.Refuse, _link: Link | None, _passing: dict[str, Any]) -> None:
        self.refusing = True
        self._gateway.timeline.after(rule.for_s, self._listen_again)

    def _listen_again(self) -> None:
        self.refusing = False

    def _ignore_hello(
        self, rule: faults.IgnoreHello, link: Link | None, _passing: dict[str, Any]
    ) -> None:
        self._silent_until_ns = self._gateway.timeline.now_ns + int(rule.for_s * SECOND_NS)
        if link is not None:
            link.silent = True

    def _hold_client(
        self, rule: faults.HoldClient, _link: Link | None, _passing: dict[str, Any]
    ) -> None:
        self.held_clients.add(rule.client_id)
        release = self.held_clients.discard
        self._gateway.timeline.after(rule.for_s, lambda: release(rule.client_id))

    # -- the gateway --

    def _restart(self, rule: faults.Restart, _link: Link | None, _passing: dict[str, Any]) -> None:
        self._gateway.restart(rule.lose_orders)
        self.refusing = True
        self._gateway.timeline.after(rule.down_s, self._listen_again)

    def _lost(self, rule: faults.Lost, _link: Link | None, _passing: dict[str, Any]) -> None:
        self._gateway.ibkr_connected = False
        self._gateway.broadcast(*LOST)

        def restored() -> None:
            self._gateway.ibkr_connected = True
            if not rule.kept:
                self._gateway.streams.drop_all()
            self._gateway.broadcast(*(RESTORED_KEPT if rule.kept else RESTORED_LOST))
            queued, self._queued = self._queued, []
            for link, fields in queued:
                self._gateway.serve_order(link, fields)

        self._gateway.timeline.after(rule.for_s, restored)

    def queue_order(self, link: Link, fields: dict[str, Any]) -> None:
        """Keep an order until the link to IBKR is back."""
        self._queued.append((link, fields))

    def _limits(self, rule: faults.Limits, _link: Link | None, _passing: dict[str, Any]) -> None:
        limits = self._gateway.limits
        limits.messages = rule.messages or limits.messages
        limits.lines = rule.lines or limits.lines
        limits.clients = rule.clients or limits.clients
        for link in self._gateway.links.values():
            link.rate.limit = limits.messages

    # -- the venue --

    def _contract(self, symbol: str) -> int:
        for con_id, instrument in self._gateway.instruments.items():
            if instrument.symbol == symbol:
                return con_id
        msg = f"fault program: no instrument {symbol!r} is emulated"
        raise faults.FaultError(msg)

    def _quiet(self, rule: faults.Quiet, _link: Link | None, _passing: dict[str, Any]) -> None:
        quiet = self._gateway.market.quiet
        numbers = {self._contract(rule.symbol)} if rule.symbol else set(self._gateway.instruments)
        quiet |= numbers
        self._gateway.timeline.after(rule.for_s, lambda: quiet.difference_update(numbers))

    def _flood(self, rule: faults.Flood, _link: Link | None, _passing: dict[str, Any]) -> None:
        gateway, con_id = self._gateway, self._contract(rule.symbol)
        ticker = gateway.listen_to(con_id)
        left = int(rule.rate * rule.for_s)

        def once() -> None:
            nonlocal left
            if left > 0:
                left -= 1
                gateway.market.show(ticker, ticker.trade.price)
                gateway.timeline.after(1 / rule.rate, once)

        once()

    def _halt(self, rule: faults.Halt, _link: Link | None, _passing: dict[str, Any]) -> None:
        con_id = self._contract(rule.symbol)
        self._gateway.venue.halt(con_id)
        self._gateway.timeline.after(rule.for_s, lambda: self._gateway.venue.resume(con_id))

    def _fill(self, rule: faults.Fill, _link: Link | None, _passing: dict[str, Any]) -> None:
        con_id = self._contract(rule.symbol)
        for order in list(self._gateway.venue.live.values()):
            if order.order.con_id == con_id:
                size = rule.qty or int(order.remaining)
                price = float(order.limit or self._gateway.books.prices.get(con_id, 0.0))
                now_ns = self._gateway.timeline.now_ns
                quote = Quote(con_id, now_ns, price, price, size, size)
                self._gateway.publish(self._gateway.venue.on_quote(quote))

    def _correct(self, rule: faults.Correct, _link: Link | None, _passing: dict[str, Any]) -> None:
        self._gateway.correct(rule.qty, rule.price)

    def _place(self, rule: faults.Place, _link: Link | None, _passing: dict[str, Any]) -> None:
        gateway, con_id = self._gateway, self._contract(rule.symbol)
        gateway.listen_to(con_id)
        limit = rule.limit_price
        order = Order(
            con_id=con_id,
            side=Side(rule.side),
            order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
            qty=faults.decimal(rule.qty),
            account=gateway.account,
            limit_price=None if limit is None else faults.decimal(limit),
        )
        key = OrderKey(rule.client_id, rule.order_id)
        gateway.publish(gateway.venue.place(key, order, gateway.timeline.now_ns))
