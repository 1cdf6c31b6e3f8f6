"""From exceptions and return values to verdicts.

An exception is judged by the outermost one of its chain that a rule names: the exception itself,
the members of a group, then its ``__cause__``. Nothing named means failure, unless a ``record``
list was given: then it is success (resilience4j). What is no ``Exception`` (an exit, an interrupt,
a cancellation) and what the interpreter runs out of (stack, memory) says nothing about the service:
the permit goes back. A rule that raises counts as a failure, is logged, and breaks nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from supervision.breaker.verdict import FAILURE, IGNORED, RELEASED, SUCCESS, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Matcher: TypeAlias = type[BaseException] | Callable[[BaseException], bool]
    Judge: TypeAlias = Callable[[Exception], Verdict | None]

_log: Final = logging.getLogger(__name__)
_DEEPEST: Final = 16  # causes and groups nest by hand: deeper is a cycle or a mistake
_INTERPRETER: Final = (RecursionError, MemoryError)
_WORST_FIRST: Final = (Outcome.FAILURE, Outcome.RELEASED, Outcome.IGNORED, Outcome.SUCCESS)


class AsksToOpen(Exception):
    """Raised by a guarded call to open its breaker at once (a ban, a pacing violation)."""

    def __init__(
        self, message: str, *, open_for_ns: int | None = None, open_until_ns: int | None = None
    ) -> None:
        super().__init__(message)
        self.verdict = Verdict(Outcome.FAILURE, open_for_ns, open_until_ns)


class Matchers:
    """A list of exception classes (subclasses included) and predicates; changed at run time.

    A change replaces the list, so a judgement under way on another thread sees the old or the new.
    """

    __slots__ = ("_matchers",)

    def __init__(self, matchers: Iterable[Matcher] = ()) -> None:
        self._matchers: tuple[Matcher, ...] = tuple(matchers)

    def add(self, matcher: Matcher) -> None:
        """Match this too."""
        self._matchers = (*self._matchers, matcher)

    def remove(self, matcher: Matcher) -> None:
        """Do not match this any more.

        Raises:
            ValueError: it is not in the list.
        """
        if matcher not in self._matchers:
            msg = f"{matcher!r} is not in the list; remove what was added"
            raise ValueError(msg)
        self._matchers = tuple(kept for kept in self._matchers if kept != matcher)

    def match(self, error: BaseException) -> bool:
        """Say whether any class or predicate of the list covers ``error``."""
        return any(
            isinstance(error, matcher) if isinstance(matcher, type) else bool(matcher(error))
            for matcher in self._matchers
        )

    def __bool__(self) -> bool:
        return bool(self._matchers)


class Classifier:
    """The rules of one breaker: which exceptions and which results are whose fault.

    ``record`` names failures (empty: everything not named elsewhere), ``ignore`` what says nothing
    about the service, ``success`` what proves that it works; ``ignore_wins`` decides when both
    ``ignore`` and ``record`` name it. ``judges`` are asked first (``VerdictTable.judge``).
    ``failing_results`` are values, or predicates of values; None is never tested.
    """

    def __init__(
        self,
        *,
        record: Iterable[Matcher] = (),
        ignore: Iterable[Matcher] = (),
        success: Iterable[Matcher] = (),
        ignore_wins: bool = True,
        judges: Iterable[Judge] = (),
        failing_results: Iterable[object] = (),
    ) -> None:
        self.record = Matchers(record)
        self.ignore = Matchers(ignore)
        self.success = Matchers(success)
        self._judges = tuple(judges)
        self._failing_results = tuple(failing_results)
        ordered = ((self.success, SUCCESS), (self.ignore, IGNORED), (self.record, FAILURE))
        self._rules = ordered if ignore_wins else (ordered[0], ordered[2], ordered[1])

    def exception(self, error: BaseException) -> Verdict:
        """Return what ``error`` says about the service."""
        try:
            return self._judge(error, 0)
        except Exception:  # noqa: BLE001 - a rule's mistake must not disarm the breaker
            _log.exception("a breaker's rule raised while it judged %r: counted as failure", error)
            return FAILURE

    def result(self, value: object) -> Verdict:
        """Return what a returned ``value`` says about the service."""
        if value is None or not self._failing_results:
            return SUCCESS
        try:
            failed = any(
                test(value) if callable(test) else test == value for test in self._failing_results
            )
        except Exception:  # noqa: BLE001 - as above: a failure, not a crash
            _log.exception("a breaker's rule raised while it judged a result: counted as failure")
            return FAILURE
        return FAILURE if failed else SUCCESS

    def _judge(self, error: BaseException, depth: int) -> Verdict:
        if not isinstance(error, Exception) or isinstance(error, _INTERPRETER):
            return RELEASED
        named = self._named(error)
        if named is not None:
            return named
        if depth < _DEEPEST:
            if isinstance(error, ExceptionGroup):
                verdicts = [self._judge(member, depth + 1) for member in error.exceptions]
                return min(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict.outcome))
            # A timeout made of a cancellation is a timeout: only real exceptions are looked into.
            if isinstance(error.__cause__, Exception):
                return self._judge(error.__cause__, depth + 1)
        return SUCCESS if self.record else FAILURE

    def _named(self, error: Exception) -> Verdict | None:
        if isinstance(error, AsksToOpen):
            return error.verdict
        for judge in self._judges:
            verdict = judge(error)
            if verdict is not None:
                return verdict
        return next((verdict for rule, verdict in self._rules if rule.match(error)), None)


@dataclass(frozen=True, slots=True)
class Row:
    """What a code means; ``only`` limits it to some breakers, for the others it is ignored."""

    verdict: Verdict
    only: frozenset[str] = frozenset()


class VerdictTable:
    """Codes of an outside system and what each says about its health, for one scope at a time."""

    def __init__(self, rows: Mapping[int, Row]) -> None:
        self._rows = dict(rows)

    def verdict(self, code: int, scope: str) -> Verdict | None:
        """Return what ``code`` means to the breaker of ``scope``, None if the table has no row."""
        row = self._rows.get(code)
        if row is None:
            return None
        return row.verdict if not row.only or scope in row.only else IGNORED

    def judge(self, scope: str, code_of: Callable[[Exception], int | None]) -> Judge:
        """Return a judge for ``Classifier``; ``code_of`` finds an exception's code, if it has one.

        Usage: ``Classifier(judges=[table.judge("orders", lambda e: getattr(e, "code", None))])``.
        """

        def judge(error: Exception) -> Verdict | None:
            code = code_of(error)
            return None if code is None else self.verdict(code, scope)

        return judge
