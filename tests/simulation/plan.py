"""What goes wrong in a run, and when: decided by its seed before it begins.

Swarm testing (Groce et al., 2012): every seed switches whole classes of faults on or off and draws
how often each comes, so that rare combinations are not drowned by common ones. A fault carries a
number and everything that it needs; what it draws while it lasts comes from a generator of its own
(``Fault.random``), so that leaving another one out does not change it. That is what makes a failing
run shrinkable.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

CLASSES: Final = (
    "process", "disk", "network", "broker", "clock", "market", "operator", "load",
)  # fmt: skip

S: Final = 1_000_000_000
REST_S: Final = 60.0
"""What a run goes on for without faults, until all has to be well."""

SHARE_ON: Final = 0.6
"""How likely a class is switched on: most runs have several, hardly one has all."""


class Kind(msgspec.Struct, frozen=True):
    """One way in which a class goes wrong.

    ``per_min``: the most that may come in a minute; a seed draws a rate up to it. ``subjects``:
    what it may hit, one is drawn. ``amount``: a range, its meaning is the kind's (a share, a
    factor, a count). ``lasts_s``: for how long, as a range; 0 for a moment.
    """

    name: str
    per_min: float
    subjects: tuple[str, ...] = ("",)
    amount: tuple[float, float] = (0.0, 0.0)
    lasts_s: tuple[float, float] = (0.0, 0.0)
    at_once: bool = False
    """Whether the first one is there as the run begins; only an aim says so."""


class Fault(msgspec.Struct, frozen=True):
    """One fault: what goes wrong with whom, when (since the run's begin), how much, how long."""

    id: int
    at_ns: int
    cls: str
    kind: str
    subject: str = ""
    amount: float = 0.0
    lasts_ns: int = 0

    @property
    def until_ns(self) -> int:
        """When it is over."""
        return self.at_ns + self.lasts_ns

    def random(self, seed: int) -> Random:
        """Return the generator of what this fault draws, whatever else happens."""
        return Random(f"{seed}/fault/{self.id}")

    def line(self) -> str:
        """Return it as a line of a timeline."""
        of = f" {self.subject}" if self.subject else ""
        amount = f" {self.amount:.3g}" if self.amount else ""
        lasts = f" for {self.lasts_ns / S:.3f} s" if self.lasts_ns else ""
        return f"{self.at_ns / S:10.6f} fault {self.id}: {self.cls} {self.kind}{of}{amount}{lasts}"


class Plan(msgspec.Struct, frozen=True):
    """The faults of a run, in the order of their times, and which classes its seed switched on."""

    seed: int
    seconds: float
    classes: tuple[str, ...]
    faults: tuple[Fault, ...]

    def only(self, ids: Collection[int]) -> Plan:
        """Return it with these faults and no others."""
        kept = tuple(each for each in self.faults if each.id in ids)
        return msgspec.structs.replace(self, faults=kept)

    def without(self, cls: str) -> Plan:
        """Return it without a class of faults."""
        return msgspec.structs.replace(
            self,
            classes=tuple(each for each in self.classes if each != cls),
            faults=tuple(each for each in self.faults if each.cls != cls),
        )

    def until(self, seconds: float) -> Plan:
        """Return it with an earlier end of the faults."""
        kept = tuple(each for each in self.faults if each.at_ns < seconds * S)
        return msgspec.structs.replace(self, seconds=seconds, faults=kept)


class Aim(msgspec.Struct, frozen=True):
    """Which kinds of faults a run has and no others, and how many times as often as they may come.

    A kind is named alone, or as ``kind=subject`` with the one subject that it hits; with ``*4``
    behind it, it may come four times as often, whatever ``factor`` says of the others; with ``@``
    in front of it, one is there from the beginning.
    """

    kinds: tuple[str, ...]
    factor: float = 4.0

    def narrowed(self, catalogue: Mapping[str, Sequence[Kind]]) -> dict[str, list[Kind]]:
        """Return what is left of a catalogue.

        Raises:
            ValueError: it has no such kind.
        """
        words = [(*self._read(each.removeprefix("@")), each[0] == "@") for each in self.kinds]
        lacking = {name for name, *_ in words} - {
            kind.name for kinds in catalogue.values() for kind in kinds
        }
        if lacking:
            msg = f"no kind of fault is called {', '.join(sorted(lacking))}: see the catalogue"
            raise ValueError(msg)
        return {
            cls: [
                msgspec.structs.replace(
                    kind,
                    per_min=kind.per_min * factor,
                    subjects=subjects or kind.subjects,
                    at_once=at_once,
                )
                for kind in kinds
                for name, subjects, factor, at_once in words
                if name == kind.name
            ]
            for cls, kinds in catalogue.items()
        }

    def _read(self, word: str) -> tuple[str, tuple[str, ...], float]:
        """Return the name, the subject if there is one, and how many times as often."""
        what, _, often = word.partition("*")
        name, _, subject = what.partition("=")
        return name, (subject,) if subject else (), float(often or self.factor)


def swarm(
    seed: int,
    catalogue: Mapping[str, Sequence[Kind]],
    seconds: float,
    aim: Aim | None = None,
) -> Plan:
    """Draw a run's faults: the same seed and catalogue give the same ones in every process.

    ``aim``: the kinds that it has, all of them switched on.
    """
    random = Random(f"{seed}/plan")
    on = {cls: random.random() < SHARE_ON for cls in CLASSES}
    if aim is not None:
        catalogue, on = aim.narrowed(catalogue), dict.fromkeys(CLASSES, True)
    drawn: list[Fault] = []
    for cls in CLASSES:
        for kind in catalogue.get(cls, ()):
            own = Random(f"{seed}/{cls}/{kind.name}")
            if on[cls] and (aim is not None or own.random() < SHARE_ON):
                drawn += _of_kind(cls, kind, own, seconds)
    drawn.sort(key=lambda each: (each.at_ns, each.cls, each.kind))
    faults = tuple(msgspec.structs.replace(each, id=n) for n, each in enumerate(drawn, 1))
    return Plan(seed, seconds, tuple(cls for cls in CLASSES if on[cls]), faults)


def _of_kind(cls: str, kind: Kind, random: Random, seconds: float) -> list[Fault]:
    """Draw the faults of one kind: a Poisson process of a rate up to the kind's."""
    per_s = kind.per_min / 60 * random.random()
    found: list[Fault] = []
    at_s = random.expovariate(per_s) if per_s else seconds
    if kind.at_once:
        at_s = 0.0
    while at_s < seconds:
        lasts_s = random.uniform(*kind.lasts_s)
        found.append(
            Fault(
                id=0,
                at_ns=int(at_s * S),
                cls=cls,
                kind=kind.name,
                subject=random.choice(kind.subjects),
                amount=round(random.uniform(*kind.amount), 6),
                lasts_ns=int(min(lasts_s, max(seconds - at_s, 0.0)) * S),
            )
        )
        at_s += random.expovariate(per_s)
    return found
