"""A bar for long work, on standard error and only where somebody looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

_T = TypeVar("_T")


class Progress:
    """So many steps of so many, those that failed counted.

    Args:
        total: how many steps.
        unit: what they are, in the plural.
        arguments: the common options: quiet, JSON, colours.
    """

    def __init__(self, total: int, unit: str, arguments: argparse.Namespace) -> None:
        quiet = arguments.quiet or arguments.json
        out = Console(stderr=True, no_color=arguments.no_color, quiet=quiet)
        self._bar = Bar(
            TextColumn(f"{unit} {{task.description}}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=out,
            transient=True,
            disable=not out.is_terminal,
        )
        self._task = self._bar.add_task("", total=total)
        self._failed = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, *, failed: bool = False) -> None:
        """Go one step on."""
        self._failed += failed
        said = f"({self._failed} failed)" if self._failed else ""
        self._bar.update(self._task, advance=1, description=said)


def followed(items: Sequence[_T], what: str, arguments: argparse.Namespace) -> Iterator[_T]:
    """Yield ``items`` while a bar shows how many are done; it is gone after the last one."""
    with Progress(len(items), what, arguments) as bar:
        for each in items:
            yield each
            bar.step()
