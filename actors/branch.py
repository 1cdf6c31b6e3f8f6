"""One symbol's branch of the tree: the symbol actor first, then its strategies.

A strategy restarts alone. If the symbol's actor restarts, the strategies after it do too, and are
fed from what it then knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actors.strategy import StrategyActor
from actors.symbol import SymbolActor
from supervision import Backoff, ChildSpec, Supervisor, SupervisorFlags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from actors.messages import Port
    from robotrader.domain import Instrument
    from robotrader.market import LineRules
    from robotrader.strategies import SpreadHost, StrategyHost
    from robotrader.venue import Sessions
    from supervision import Registry

BRANCH: Final = SupervisorFlags(strategy="rest_for_one", intensity=3, period_s=60)
STRATEGY: Final = 20
"""Restarts of each strategy in a minute: more than the crashes that set it aside as a whole (12),
so that one that always fails never takes its branch with it."""


def _flags(strategies: int) -> SupervisorFlags:
    most = STRATEGY * max(1, strategies)
    return SupervisorFlags(strategy="one_for_one", intensity=most, period_s=60)


def spread_branch(
    *,
    name: str,
    instruments: Sequence[Instrument],
    make_host: Callable[[], SpreadHost],
    wall_ns: Callable[[], int],
    registry: Registry,
    journal: Port,
    risk: Port,
    backoff: Backoff | None = None,
    pace: float = 1.0,
) -> ChildSpec:
    """Return the branch of a strategy over several instruments, which their symbols feed.

    It stands beside the symbols' branches and restarts when one of its symbols does. Arguments as
    for ``symbol_branch``; ``instruments`` are its legs.
    """
    worker = ChildSpec(
        id=("strategy", name),
        start=StrategyActor,
        kwargs={
            "wall_ns": wall_ns, "pace": pace, "journal": journal, "risk": risk,
            "registry": registry, "name": name, "make_host": make_host,
            "symbols": {
                each.con_id: registry.ref(("symbol", each.con_id)) for each in instruments
            },
        },
        backoff=backoff,
    )  # fmt: skip
    return ChildSpec(
        id=("spread", name), start=Supervisor, args=([worker], _flags(1)), type="supervisor"
    )


def symbol_branch(
    *,
    instrument: Instrument,
    sessions: Sessions,
    rules: LineRules,
    strategies: Mapping[str, Callable[[], StrategyHost]],
    wall_ns: Callable[[], int],
    registry: Registry,
    journal: Port,
    risk: Port,
    data: Port,
    backoff: Backoff | None = None,
    pace: float = 1.0,
) -> ChildSpec:
    """Return the branch of an instrument, to be put into a tree.

    Args:
        instrument: what it is about.
        sessions: when its exchange is open.
        rules: how its data are used.
        strategies: what makes each strategy's host, by the strategy's name.
        wall_ns: the time, nanoseconds since 1970 in UTC.
        registry: where the symbol's actor is found, as ``("symbol", con_id)``.
        journal: the journal's address, as for ``risk`` and ``data``.
        risk: the risk gate's.
        data: the data source's.
        backoff: spaces the restarts of strategies.
        pace: how many seconds of ``wall_ns`` a second takes.
    """
    common: dict[str, Any] = {
        "wall_ns": wall_ns, "pace": pace, "journal": journal, "risk": risk,
    }  # fmt: skip
    own = {"instrument": instrument, "sessions": sessions, "rules": rules, "registry": registry}
    symbol = registry.ref(("symbol", instrument.con_id))
    workers = [
        ChildSpec(
            id=("strategy", name),
            start=StrategyActor,
            kwargs={
                **common,
                "name": name,
                "make_host": make_host,
                "symbols": {instrument.con_id: symbol},
            },
            backoff=backoff,
        )
        for name, make_host in strategies.items()
    ]
    children = [
        ChildSpec(id="symbol", start=SymbolActor, kwargs={**common, **own, "data": data}),
        ChildSpec(
            id="strategies",
            start=Supervisor,
            args=(workers, _flags(len(workers))),
            type="supervisor",
        ),
    ]
    return ChildSpec(
        id=("branch", instrument.symbol),
        start=Supervisor,
        args=(children, BRANCH),
        type="supervisor",
    )
