"""What the order manager's actor answers to who asks how trading goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.say import Sides, Trading
from robotrader.meters import Sample

if TYPE_CHECKING:
    from robotrader.domain import BrokerSnapshot, LinkChanged
    from robotrader.execution.manager import OrderManager
    from robotrader.meters import OrderMeters


def trading(
    manager: OrderManager, epoch: int, link: LinkChanged | None, values: BrokerSnapshot | None
) -> Trading:
    """Return how it goes, with the newest word of the link and the account's newest values."""
    return Trading(
        ready=manager.ready,
        link="down" if link is None else link.state.value,
        why="" if link is None else link.why,
        epoch=epoch,
        orders=tuple(manager.orders()),
        halted=manager.halted,
        values={} if values is None else values.values,
        values_ns=0 if values is None else values.at_ns,
        counts=manager.counts,
    )


def sides(manager: OrderManager, compared: BrokerSnapshot | None) -> Sides:
    """Return both sides of a comparison: ours, and what the broker said last."""
    return Sides(
        ready=manager.ready,
        orders=tuple(manager.orders()),
        positions=manager.positions(),
        halted=manager.halted,
        broker=compared,
    )


def samples(manager: OrderManager, meters: OrderMeters) -> tuple[Sample, ...]:
    """Return what was counted."""
    return (
        *meters.samples(),
        Sample("orders_open", len(manager.orders())),
        Sample("orders_ready", manager.ready),
        Sample("symbols_halted", len(manager.halted)),
        *(Sample("orders_left_out", n, (what,)) for what, n in manager.counts.items()),
    )
