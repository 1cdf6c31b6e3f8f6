"""The histogram against counting one by one, and the table of metrics."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robotrader.meters import FAMILIES, LATENCY_S, Histogram, Kind
from robotrader.meters.orders import event_of

TIMES_NS = st.lists(st.integers(-(10**9), 10**11))


@given(TIMES_NS)
def test_each_time_is_counted_once_and_under_the_first_bound_that_holds_it(
    times_ns: list[int],
) -> None:
    histogram = Histogram()
    for each in times_ns:
        histogram.add(each)
    shot = histogram.shot()
    assert sum(shot.counts) == len(times_ns)
    upto = 0
    for bound_s, count in zip(shot.bounds_s, shot.counts, strict=False):
        upto += count
        assert upto == sum(max(0, each) <= round(bound_s * 1e9) for each in times_ns)
    assert shot.sum_s == sum(max(0, each) for each in times_ns) / 1e9


def test_bounds_grow() -> None:
    assert list(LATENCY_S) == sorted(set(LATENCY_S))


def test_names_follow_prometheus_practice() -> None:
    names = [family.name for family in FAMILIES]
    assert len(names) == len(set(names))
    assert [n for n in names if n.endswith(("_total", "_count", "_sum", "_bucket", "_ms"))] == []
    times = [family.name for family in FAMILIES if family.kind is Kind.HISTOGRAM]
    assert all(name.endswith("_seconds") for name in times)
    labels = {label for family in FAMILIES for label in family.labels}
    assert labels.isdisjoint({"ref", "order_id", "exec_id", "perm_id"}), "as many as orders"


@given(
    st.sampled_from(["quote:1:2:3", "bar:5:1", "fill:7", "timer:x:1"]), st.text("abz/", max_size=9)
)
def test_the_kind_of_event_is_read_from_a_cause(event: str, strategy: str) -> None:
    assert event_of(f"{strategy}/265598/{event}/BUY") == event.partition(":")[0]
    assert event_of(f"{strategy}/265598/start/BUY") == "other"
