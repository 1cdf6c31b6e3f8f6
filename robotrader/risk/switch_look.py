"""What the kill switch's triggers look at, as it came, and when they have to be asked again.

They are asked at once when something that they read is another than when they were asked last. As
long as nothing is, only time can make one due: data grow old, a connection stays away, a person
gives no sign of life. Before the first moment at which one of these may be (``_until_ns``) asking
again gives what the last time gave, and that was nothing: it is left out, exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.domain import LinkState
from robotrader.risk.past import MS_NS
from robotrader.risk.triggers import CALM, Signs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from robotrader.domain import Instrument, LinkChanged
    from robotrader.ledger import LedgerView
    from robotrader.risk.known import SwitchFold
    from robotrader.risk.triggers import TripRules


class Lookout:
    """See the module's prose; all times are nanoseconds UTC of one clock, which may step.

    Args:
        instruments: what can be held, by contract.
        rules: when the switch trips by itself.
        is_open: whether a contract's market is open at a time.
        now_ns: when it begins; no data are late before they were watched.
    """

    def __init__(
        self,
        instruments: Mapping[int, Instrument],
        rules: TripRules,
        is_open: Callable[[int, int], bool],
        now_ns: int,
    ) -> None:
        self._symbols = {con_id: each.symbol for con_id, each in instruments.items()}
        self._rules, self._is_open = rules, is_open
        self._silent_ns = rules.stale_after_ms * MS_NS
        self.ledger: LedgerView | None = None
        self._heard_ns = dict.fromkeys(instruments, now_ns)
        self._skew_ns: int | None = None
        self._hung: tuple[tuple[str, str], ...] = ()
        self._link, self._link_since_ns = LinkState.DOWN, now_ns
        self._asked_ns = self._until_ns = now_ns

    # -- what comes --

    def changed(self) -> None:
        """Have the triggers asked: the switch, a limit or what the journal says is another."""
        self._until_ns = self._asked_ns

    def account(self, ledger: LedgerView) -> None:
        """Take in how the account is."""
        if ledger != self.ledger:
            self.changed()
        self.ledger = ledger

    def heard(self, at_ns: Mapping[int, int]) -> None:
        """Take in when data last came: what came later is late later, and needs no look."""
        held, known_ns = self._held(), self._heard_ns
        if any(at_ns.get(each, 0) < known_ns.get(each, 0) for each in held if each in at_ns):
            self.changed()
        known_ns |= at_ns

    def compared(self, skew_ns: int) -> None:
        """Take in how far the broker's clock is from ours."""
        if skew_ns != self._skew_ns:
            self.changed()
        self._skew_ns = skew_ns

    def linked(self, link: LinkChanged, now_ns: int) -> None:
        """Take in how the connection is."""
        if not link.next_order_id:
            self._skew_ns = None  # not connected: the next comparison counts
        if (link.state in CALM) is not (self._link in CALM):
            self._link_since_ns = now_ns  # each try to connect is no new time
        self._link = link.state
        self.changed()

    def hung(self, names: tuple[tuple[str, str], ...]) -> None:
        """Take in who makes no progress."""
        if names != self._hung:
            self.changed()
        self._hung = names

    # -- asking --

    def quiet(self, now_ns: int) -> bool:
        """Say whether asking the triggers now would give nothing."""
        return self._asked_ns <= now_ns < self._until_ns

    def signs(
        self, known: SwitchFold, person_ns: int | None, forgiven_ns: int, now_ns: int
    ) -> Signs:
        """Return what the triggers look at; of markets only those on which it depends."""
        late = [each for each in self._held() if self._is_late(each, now_ns)]
        return Signs(
            ledger=self.ledger,
            symbols=self._symbols,
            heard_ns=self._heard_ns,
            open_markets=frozenset(each for each in late if self._open_for_long(each, now_ns)),
            rejects_ns=tuple(known.rejects_ns),
            skew_ns=self._skew_ns,
            hung=self._hung,
            person_ns=person_ns,
            unreconciled=frozenset(known.halted),
            link=self._link,
            link_since_ns=self._link_since_ns,
            forgiven_ns=forgiven_ns,
        )

    def asked(self, signs: Signs, now_ns: int, *, gave: bool) -> None:
        """Take it that the triggers were asked; what they gave may have to be given again."""
        self._asked_ns = self._until_ns = now_ns
        if not gave:
            self._until_ns = min(self._turns_ns(signs), default=now_ns + self._silent_ns)

    def _turns_ns(self, signs: Signs) -> Iterable[int]:
        """Yield from when on each trigger may be due that time alone makes due."""
        rules = self._rules
        for each in self._held():
            heard_ns = self._heard_ns.get(each)
            yield 0 if heard_ns is None else heard_ns + self._silent_ns + 1
        if signs.link not in CALM:
            yield signs.link_since_ns + rules.disconnected_ms * MS_NS + 1
        if rules.dead_man_ms is not None:
            yield 0 if signs.person_ns is None else signs.person_ns + rules.dead_man_ms * MS_NS + 1

    def _held(self) -> Iterable[int]:
        return () if self.ledger is None else self.ledger.positions

    def _is_late(self, con_id: int, now_ns: int) -> bool:
        heard_ns = self._heard_ns.get(con_id)
        return heard_ns is None or now_ns - heard_ns > self._silent_ns

    def _open_for_long(self, con_id: int, now_ns: int) -> bool:
        """Whether a contract that we know can have been heard for as long as is allowed."""
        return (
            con_id in self._symbols
            and self._is_open(con_id, now_ns)
            and self._is_open(con_id, now_ns - self._silent_ns)
        )
