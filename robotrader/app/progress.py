"""A bar on standard error while something long goes on, if a person watches."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

_T = TypeVar("_T")


def followed(items: Sequence[_T], what: str, arguments: argparse.Namespace) -> Iterator[_T]:
    """Yield ``items``; on a terminal, and without ``--quiet``, show how many are done.

    The bar is gone when the last one is: data and errors stay as they would be without it.
    """
    if arguments.quiet or not sys.stderr.isatty() or len(items) < 2:
        return iter(items)
    from rich.console import Console
    from rich.progress import track

    err = Console(stderr=True, no_color=arguments.no_color)
    return iter(track(items, what, console=err, transient=True))
