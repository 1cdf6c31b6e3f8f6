"""Exports an actor system to Prometheus.

One custom collector reads plain integers at scrape time, so that a message costs the actors nothing
that a scraper wants. Actors are aggregated by class (ten thousand symbol actors are one row); the
actors with the deepest mailboxes are shown one by one, up to ``TOP_ACTORS``, because they are the
ones that somebody looks for. Metric names and types follow Prometheus' naming practice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from heapq import nlargest
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from supervision.classstats import HANDLER_BUCKETS_S
from supervision.observe import NullObserver
from supervision.restarter import Restarter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from supervision.cell import Cell
    from supervision.classstats import ClassStats
    from supervision.reasons import ExitReason
    from supervision.system import ActorSystem

TOP_ACTORS: Final = 20
"""Actors exported one by one: a scrape stays at about a millisecond however many there are."""

_PREFIX: Final = "robotrader_actor"
_COUNTERS: Final = (
    ("started", "actors whose start was acknowledged"),
    ("stopped", "actors that ended in order"),
    ("crashed", "actors that ended by a failure"),
    ("dropped", "messages that a full mailbox refused or dropped"),
    ("conflated", "messages replaced by a newer one of the same key"),
    ("expired", "requests not served because their deadline had passed"),
    ("dead_letters", "messages sent to actors that had ended"),
)


class ExitCounter(NullObserver):
    """Counts ends by reason and supervisors' reports by kind; the system's observer."""

    def __init__(self) -> None:
        self.exits: Counter[tuple[str, str]] = Counter()
        self.reports: Counter[str] = Counter()
        self.slow_turns: Counter[str] = Counter()

    def ended(self, cell: Cell, reason: ExitReason) -> None:
        """Count an end."""
        self.exits[cell.stats.name, type(reason).__name__] += 1

    def slow_turn(self, cell: Cell, elapsed_ns: int) -> None:  # noqa: ARG002 - only counted
        """Count a slow turn."""
        self.slow_turns[cell.stats.name] += 1

    def report(self, kind: str, facts: dict[str, object]) -> None:  # noqa: ARG002 - only counted
        """Count a report."""
        self.reports[kind] += 1


class ActorCollector(Collector):
    """Collector of one actor system; register it with a Prometheus registry.

    Args:
        system: what to export. Its observer is replaced, its handler times are sampled from now on.
    """

    def __init__(self, system: ActorSystem) -> None:
        self._system = system
        self._counted = ExitCounter()
        system.observer = self._counted
        system.timing = True

    def describe(self) -> Iterable[Metric]:
        """Describe nothing in advance: all names have the collector's own prefix."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the system's integers."""
        cells = list(self._system.cells.values())
        classes = list(self._system.classes.values())
        yield from self._class_counters(classes)
        yield self._handled(cells, classes)
        yield self._handler_times(classes)
        yield from self._mailboxes(cells)
        yield from self._exits()
        yield from self._supervisors(cells)
        yield from self._process()

    def _class_counters(self, classes: list[ClassStats]) -> Iterator[Metric]:
        for name, help_ in _COUNTERS:
            metric = f"{_PREFIX}_{name}"
            family = CounterMetricFamily(metric, f"Number of {help_}", labels=["class"])
            for stats in classes:
                family.add_metric([stats.name], getattr(stats, name))
            yield family

    def _handled(self, cells: list[Cell], classes: list[ClassStats]) -> Metric:
        handled = Counter({stats.name: stats.handled for stats in classes})
        for cell in cells:
            handled[cell.stats.name] += cell.handled
        family = CounterMetricFamily(
            f"{_PREFIX}_messages_handled", "Number of messages handled", labels=["class"]
        )
        for name, count in handled.items():
            family.add_metric([name], count)
        return family

    def _handler_times(self, classes: list[ClassStats]) -> Metric:
        family = HistogramMetricFamily(
            f"{_PREFIX}_handler_seconds",
            "Time in the handler a message, sampled at one turn of 64",
            labels=["class"],
        )
        bounds = (*HANDLER_BUCKETS_S, "+Inf")
        for stats in classes:
            totals = accumulate(stats.handler_buckets)
            buckets = [(str(bound), total) for bound, total in zip(bounds, totals, strict=True)]
            family.add_metric([stats.name], buckets, stats.busy_ns / 1e9)
        return family

    def _mailboxes(self, cells: list[Cell]) -> Iterator[Metric]:
        now_ns = self._system.now_ns()
        rows: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0, 0, 0.0])
        for cell in cells:
            row, depth = rows[cell.stats.name], len(cell.queue)
            row[0] += 1
            row[1] += depth
            row[2] = max(row[2], depth)
            row[3] = max(row[3], cell.oldest_age_ns(now_ns) / 1e9)
        shown = (
            ("alive", "Number of living actors"),
            ("mailbox_depth", "Messages that wait, all actors of the class together"),
            ("mailbox_depth_max", "Messages that wait in the fullest mailbox of the class"),
            ("mailbox_oldest_seconds", "Upper bound of the age of the oldest message that waits"),
        )
        for index, (name, help_) in enumerate(shown):
            family = GaugeMetricFamily(f"{_PREFIX}_{name}", help_, labels=["class"])
            for class_name, values in rows.items():
                family.add_metric([class_name], values[index])
            yield family
        yield self._deepest(cells)

    def _deepest(self, cells: list[Cell]) -> Metric:
        family = GaugeMetricFamily(
            f"{_PREFIX}_top_mailbox_depth",
            f"Messages that wait, of the {TOP_ACTORS} fullest mailboxes",
            labels=["actor"],
        )
        depths = ((len(cell.queue), cell.number, cell) for cell in cells if cell.queue)
        for depth, _number, cell in nlargest(TOP_ACTORS, depths):
            family.add_metric([cell.path()], depth)
        return family

    def _exits(self) -> Iterator[Metric]:
        ends = CounterMetricFamily(
            f"{_PREFIX}_exits", "Number of ends by reason", labels=["class", "reason"]
        )
        for (name, reason), count in list(self._counted.exits.items()):
            ends.add_metric([name, reason], count)
        yield ends
        slow = CounterMetricFamily(
            f"{_PREFIX}_slow_turns", "Number of slow messages", labels=["class"]
        )
        for name, count in list(self._counted.slow_turns.items()):
            slow.add_metric([name], count)
        yield slow
        reports = CounterMetricFamily(
            "robotrader_supervision_reports", "Number of reports by kind", labels=["kind"]
        )
        for kind, count in list(self._counted.reports.items()):
            reports.add_metric([kind], count)
        yield reports

    def _supervisors(self, cells: list[Cell]) -> Iterator[Metric]:
        restarts = CounterMetricFamily(
            "robotrader_supervisor_restarts",
            "Number of restart attempts",
            labels=["supervisor", "child", "reason"],
        )
        used = GaugeMetricFamily(
            "robotrader_supervisor_intensity_used",
            "Restarts inside the intensity window now",
            labels=["supervisor"],
        )
        for cell in cells:
            actor = cell.actor
            if not isinstance(actor, Restarter):
                continue
            path = cell.path()
            used.add_metric([path], actor.restart_intensity_used)
            for (child, reason), count in list(actor.restarts.items()):
                restarts.add_metric([path, str(child), reason], count)
        yield restarts
        yield used

    def _process(self) -> Iterator[Metric]:
        system = self._system
        yield GaugeMetricFamily(
            "robotrader_zombie_threads", "Abandoned threads", value=len(system.zombies)
        )
        yield CounterMetricFamily(
            "robotrader_stale_effects",
            "Number of effects of ended incarnations that were refused",
            value=system.stale_effects,
        )
        pools = GaugeMetricFamily(
            "robotrader_pool_waiting_actors", "Actors that wait for a turn", labels=["pool"]
        )
        for worker in list(system.workers):
            if not worker.dedicated:
                pools.add_metric([worker.name], worker.depth())
        yield pools
