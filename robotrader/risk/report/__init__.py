"""What could be lost, pure: exposure, value at risk, beta, stress, and how far limits are used."""

from robotrader.risk.report.book import Book, Outcome, Scenario, book_of, scenarios
from robotrader.risk.report.tails import Tail, cornish_fisher, historical, parametric, tails
from robotrader.risk.report.usage import Use, usage

__all__ = [
    "Book",
    "Outcome",
    "Scenario",
    "Tail",
    "Use",
    "book_of",
    "cornish_fisher",
    "historical",
    "parametric",
    "scenarios",
    "tails",
    "usage",
]
