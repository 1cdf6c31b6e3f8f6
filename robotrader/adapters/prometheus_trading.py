"""Exports what trading has counted to Prometheus, by the table of ``robotrader.meters``.

Every family is in every scrape, also without a sample: who looks at a name finds its help.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from robotrader.meters import FAMILIES, Kind, Times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.core import Metric

    from robotrader.meters import Family, Sample

PREFIX: Final = "robotrader_"
NOBODY: Final = "none"
"""A label without a value: fills of orders that are not ours."""


class TradingCollector(Collector):
    """Collector of trading's samples.

    Args:
        look: gives them; one whose name or labels have no place in the table raises ``KeyError``
            or ``ValueError``, which fails the scrape: a metric that is not shown is a defect.
    """

    def __init__(self, look: Callable[[], Iterable[Sample]]) -> None:
        self._look = look

    def describe(self) -> Iterable[Metric]:
        """Describe nothing in advance: all names have the collector's own prefix."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Look, and give what was seen."""
        made = {family.name: (family, _made(family)) for family in FAMILIES}
        for sample in self._look():
            family, metric = made[sample.name]
            if len(family.labels) != len(sample.labels):
                msg = f"metric {family.name} has labels {family.labels}, not {sample.labels}"
                raise ValueError(msg)
            _add(metric, sample)
        for _, metric in made.values():
            yield metric


def _made(family: Family) -> Metric:
    name, labels = PREFIX + family.name, list(family.labels)
    if family.kind is Kind.COUNTER:
        return CounterMetricFamily(name, family.help, labels=labels)
    if family.kind is Kind.GAUGE:
        return GaugeMetricFamily(name, family.help, labels=labels)
    return HistogramMetricFamily(name, family.help, labels=labels)


def _add(metric: Metric, sample: Sample) -> None:
    labels, value = [label or NOBODY for label in sample.labels], sample.value
    if isinstance(value, Times):
        bounds = [*map(str, value.bounds_s), "+Inf"]
        assert isinstance(metric, HistogramMetricFamily), f"{metric.name} is no histogram"
        buckets = list(zip(bounds, accumulate(value.counts), strict=True))
        metric.add_metric(labels, buckets, value.sum_s)
    else:
        assert isinstance(metric, CounterMetricFamily | GaugeMetricFamily), metric.name
        metric.add_metric(labels, float(value))
