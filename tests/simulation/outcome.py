"""What comes of a run, and of its invariants."""

from __future__ import annotations

import msgspec


class Breach(msgspec.Struct, frozen=True):
    """An invariant that does not hold: whose, when (UTC), and what is seen."""

    checker: str
    at_ns: int
    text: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A run, as far as anybody needs it afterwards; picklable, so that runs can be jobs.

    ``events`` counts the turns of actors that ran, ``coverage`` how often what was reached (crash
    rows, faults, answers). ``timeline`` is to be read when something failed: it is empty otherwise.
    """

    seed: int
    level: str
    seconds: float
    trace_hash: int
    events: int
    breaches: tuple[Breach, ...]
    coverage: dict[str, int]
    timeline: tuple[str, ...]
    faults: tuple[int, ...] = ()
    """The numbers of the faults that the run had."""

    @property
    def ok(self) -> bool:
        """Whether no invariant was broken."""
        return not self.breaches

    def text(self) -> str:
        """Return it for people: what broke, the timeline, and how to see it again."""
        lines = [f"{each.checker} at {each.at_ns}: {each.text}" for each in self.breaches]
        length = f"--seconds {self.seconds:g}"
        again = f"python -m tests.simulation --level {self.level} --seed {self.seed} {length}"
        return "\n".join([*lines, *self.timeline, f"again: {again}"])
