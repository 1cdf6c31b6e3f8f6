"""``robotrader doctor``: what would not work, and what to do about it, before it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.app import doctor_checks, doctor_site, exits
from robotrader.app.cli_args import GROUPS
from robotrader.app.doctor_checks import Level

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from robotrader.app.doctor_checks import Finding
    from robotrader.app.doctor_site import Site

_SIGNS: Final = {Level.OK: "✓", Level.INFO: "i", Level.WARNING: "!", Level.ERROR: "✗"}


class Line(msgspec.Struct, frozen=True):
    """One line of the doctor's table."""

    id: str
    level: Level
    says: str
    remedy: str


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns 0, or 4 if there is an error."""
    return exits.guarded(lambda: _doctor(arguments))


def _doctor(arguments: argparse.Namespace) -> int:
    site = doctor_site.survey(arguments)
    if arguments.fix and _fixed(site):
        site = doctor_site.survey(arguments)
    found = list(examined(site, arguments.only or GROUPS))
    with exits.whoever_reads():
        _print(arguments, found)
    return exits.UNHEALTHY if any(line.level is Level.ERROR for line in found) else exits.OK


def examined(site: Site, groups: tuple[str, ...] | list[str]) -> Iterator[Line]:
    """Run the checks of some groups, in the order of their ids."""
    for name, check in doctor_checks.CHECKS.items():
        if name.split()[0] in groups:
            yield _line(name, check(site))
    if "IB" in groups:
        from robotrader.app import doctor_ib

        said = doctor_ib.talk(site.config.ib)
        for name, judge in doctor_ib.CHECKS.items():
            yield _line(name, judge(site, said))


def _line(name: str, finding: Finding) -> Line:
    return Line(name, finding.level, finding.says, finding.remedy)


def _fixed(site: Site) -> bool:
    """Take from others what they may read or write; nothing else is repaired by itself."""
    for path, mode in site.loose_files:
        path.chmod(mode & 0o700)
    return bool(site.loose_files)


def _print(arguments: argparse.Namespace, found: list[Line]) -> None:
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    from robotrader.app import tables

    rows = ((_SIGNS[line.level], line.id, line.says, line.remedy) for line in found)
    out = tables.console(no_color=arguments.no_color, quiet=arguments.quiet)
    out.print(tables.table("", ("", "check", "what is", "what to do"), rows))
