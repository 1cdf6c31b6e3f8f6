"""What a checker may look at: the venue's truth, what left us, what we have durably, what we say.

Both levels of the simulation offer this. Lists only grow (``log`` too: what a crash takes away was
never in it), so that a checker keeps its place in them and looks at what is new.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

import msgspec

from robotrader.domain import Order, OrderKey
from robotrader.domain.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from actors.say import Trading
    from robotrader.ledger import LedgerView
    from robotrader.risk import Limits, Switch
    from robotrader.venue import Execution, Venue
    from tests.simulation.lively import Ends


class Sent(msgspec.Struct, frozen=True, gc=False):
    """A request that left the process: ``order`` is None for a cancel.

    ``ready``: whether our link was READY in that generation; ``log``: how many records were durable
    at that moment; ``reduces`` as the order manager had it.
    """

    at_ns: int
    key: OrderKey
    order: Order | None
    generation: int
    ready: bool
    log: int
    reduces: bool = False


class Asked(msgspec.Struct, frozen=True, gc=False):
    """A request that reached the venue."""

    at_ns: int
    key: OrderKey
    order: Order | None
    log: int


class Core(Protocol):
    """What our process says of itself while it lives."""

    def trading(self) -> Trading | None:
        """Return how the order manager stands; None while it is being restarted."""
        ...

    def positions(self) -> Mapping[int, Decimal] | None:
        """Return the order manager's positions by contract, None while it is being restarted."""
        ...

    def ledger(self) -> LedgerView | None:
        """Return the account's view, None while there is none."""
        ...

    def switch(self) -> Switch | None:
        """Return the kill switch as its owner has it, None while it is being restarted."""
        ...

    def believed(self) -> Mapping[str, tuple[Decimal, Decimal]]:
        """Return of each live strategy the shares that it believes to have, and that it has."""
        ...

    def durable(self) -> object | None:
        """Return what a replay of the journal must give back, None if it is not to be had now."""
        ...

    def waiting(self) -> Sequence[str]:
        """Return what is awaited: commits, answers, requests; each in words."""
        ...


class World(Protocol):
    """See the module's prose."""

    @property
    def seed(self) -> int:
        """The run's seed."""
        ...

    @property
    def account(self) -> str:
        """Whose orders they are."""
        ...

    @property
    def client_id(self) -> int:
        """Our number at the gateway."""
        ...

    @property
    def limits(self) -> Limits:
        """The limits that the process starts with."""
        ...

    @property
    def venue(self) -> Venue:
        """The truth."""
        ...

    @property
    def executions(self) -> Sequence[Execution]:
        """Every execution and correction that ever happened at the venue, oldest first."""
        ...

    @property
    def sent(self) -> Sequence[Sent]:
        """Every request that left our process."""
        ...

    @property
    def asked(self) -> Sequence[Asked]:
        """Every request that reached the venue."""
        ...

    @property
    def log(self) -> Sequence[tuple[int, Record]]:
        """Every record that was ever durable, with its number."""
        ...

    @property
    def log_ns(self) -> Sequence[int]:
        """When each of them became durable: the true time."""
        ...

    excused: set[str]
    """Names of checkers that a fault has put out of force: it breaks what we rest on."""

    @property
    def now_ns(self) -> int:
        """The true time, UTC; where the market goes faster, as a stop watch has it."""
        ...

    def stopped_ns(self, clock_ns: int) -> int:
        """Return what ``now_ns`` says at a time of the market."""
        ...

    @property
    def calm_ns(self) -> int | None:
        """Since when no fault lasts, the process lives and its link is READY; None: not now."""
        ...

    @property
    def core(self) -> Core | None:
        """Our process; None while it is dead."""
        ...

    @property
    def ends(self) -> Ends:
        """The crashes of actors."""
        ...

    def strategies(self) -> Mapping[str, int]:
        """Return the contract that each strategy trades, by its name."""
        ...

    @property
    def losses(self) -> int:
        """How often the link was READY and is not any more."""
        ...

    def positions(self) -> Mapping[int, Decimal]:
        """Return the account's shares of each contract at the venue."""
        ...

    def cash(self) -> tuple[Decimal, Decimal]:
        """Return the account's cash at the venue, and all commissions it ever paid."""
        ...

    def replayed(self) -> object | None:
        """Return the fold of the whole journal as it is on disk, to compare with ``durable``."""
        ...
