"""What is measured of trading: a histogram, the table of all metrics, the times of orders.

Counts are plain integers of their owners, read when somebody looks; nothing here knows Prometheus.
"""

from robotrader.meters.catalogue import FAMILIES, Family, Kind, Sample
from robotrader.meters.histogram import LATENCY_S, Histogram, Times
from robotrader.meters.orders import OrderMeters
from robotrader.meters.views import of_gate, of_ledger, of_switch

__all__ = [
    "FAMILIES",
    "LATENCY_S",
    "Family",
    "Histogram",
    "Kind",
    "OrderMeters",
    "Sample",
    "Times",
    "of_gate",
    "of_ledger",
    "of_switch",
]
