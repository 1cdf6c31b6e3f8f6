"""What a supervisor is told to run: child specifications and supervisor flags, as frozen data.

Names, defaults and verdicts are OTP's (``supervisor:child_spec()``, ``supervisor:sup_flags()``).
Everything is validated when it is made, before any actor exists, so a supervisor never meets a
specification that it cannot carry out. Where OTP ignores an unknown key, this module refuses it
everywhere: a typo in ``restart`` must not become a default.

Child ids are compared by type and value: ``1``, ``1.0`` and ``True`` are three different ids.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

import pykka

from supervision.backoff import Backoff
from supervision.clock import to_ns
from supervision.errors import SupervisionError

if TYPE_CHECKING:
    from collections.abc import Hashable

Restart = Literal["permanent", "transient", "temporary"]
Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
AutoShutdown = Literal["never", "any_significant", "all_significant"]
ChildType = Literal["worker", "supervisor"]
Shutdown = int | Literal["infinity", "brutal_kill"]

RESTARTS: Final = ("permanent", "transient", "temporary")
STRATEGIES: Final = ("one_for_one", "one_for_all", "rest_for_one")
AUTO_SHUTDOWNS: Final = ("never", "any_significant", "all_significant")
CHILD_TYPES: Final = ("worker", "supervisor")
WORKER_SHUTDOWN_MS: Final = 5000  # OTP's default: long enough to flush, short enough to wait for


class SpecError(SupervisionError):
    """A specification or a flag is wrong; ``code`` is OTP's verdict, ``value`` what was given."""

    def __init__(self, code: str, value: object, remedy: str) -> None:
        super().__init__(f"{code}: got {value!r}; {remedy}")
        self.code = code
        self.value = value


def id_key(child_id: object) -> Hashable:
    """Return a key that is equal for two ids only if type and value are (also inside tuples).

    Raises:
        SpecError: ``invalid_id``, the id cannot be hashed or is not equal to itself.
    """
    if isinstance(child_id, tuple):
        return (type(child_id), tuple(id_key(part) for part in child_id))
    try:
        hash(child_id)
    except TypeError:
        raise _invalid_id(child_id) from None
    if child_id != child_id:  # a NaN could never be found again  # noqa: PLR0124
        raise _invalid_id(child_id)
    return (type(child_id), child_id)


def _invalid_id(child_id: object) -> SpecError:
    return SpecError("invalid_id", child_id, "an id is hashable and equal to itself")


def _one_of(code: str, value: object, allowed: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise SpecError(code, value, f"use one of {', '.join(allowed)}")


def _is_whole(value: object, least: int) -> bool:
    return type(value) is int and value >= least


def _is_positive(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value) and value > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """How one child is started, restarted and stopped.

    ``start`` is an actor class or a callable, called with ``args`` and ``kwargs``; what it may
    return is described in ``supervision.starting``. ``shutdown_ms`` is how long the child may
    take to stop before it is killed: milliseconds, ``"infinity"`` (the default of supervisors) or
    ``"brutal_kill"``. With ``drain`` the stop waits its turn in the child's mailbox, so that
    everything sent before is handled first (a journal). ``start_timeout_s`` bounds the start
    (None: the system's bound). ``backoff`` spaces the restarts. ``runtime`` names the runtime
    that the child runs on (None: its class's own).

    Raises:
        SpecError: a field is wrong; the code names it.
    """

    id: object = None
    start: Any = None
    args: Sequence[Any] = field(default=(), repr=False)
    kwargs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    restart: Restart = "permanent"
    shutdown_ms: Shutdown | None = None
    significant: bool = False
    type: ChildType = "worker"
    drain: bool = False
    start_timeout_s: float | None = None
    backoff: Backoff | None = None
    runtime: str | None = None

    def __post_init__(self) -> None:
        self._check_identity()
        _one_of("invalid_restart_type", self.restart, RESTARTS)
        _one_of("invalid_child_type", self.type, CHILD_TYPES)
        self._settle_shutdown()
        self._check_significant()
        self._check_extras()

    def _check_identity(self) -> None:
        if self.id is None:
            raise SpecError("missing_id", None, "give the child an id that is unique here")
        id_key(self.id)
        if self.start is None:
            raise SpecError("missing_start", None, f"say what starts child {self.id!r}")
        if not callable(self.start):
            raise SpecError("invalid_start", self.start, "start is an actor class or a callable")
        if isinstance(self.args, str) or not isinstance(self.args, Sequence):
            raise SpecError("invalid_args", self.args, "args is a tuple or a list")
        if not isinstance(self.kwargs, Mapping):
            raise SpecError("invalid_kwargs", self.kwargs, "kwargs maps names to values")
        object.__setattr__(self, "args", tuple(self.args))
        object.__setattr__(self, "kwargs", MappingProxyType(dict(self.kwargs)))

    def _settle_shutdown(self) -> None:
        shutdown: object = self.shutdown_ms
        if shutdown is None:
            default = WORKER_SHUTDOWN_MS if self.type == "worker" else "infinity"
            object.__setattr__(self, "shutdown_ms", default)
        elif not (_is_whole(shutdown, 0) or shutdown in ("infinity", "brutal_kill")):
            remedy = "use whole milliseconds >= 0, 'infinity' or 'brutal_kill'"
            raise SpecError("invalid_shutdown", shutdown, remedy)

    def _check_significant(self) -> None:
        if type(self.significant) is not bool:
            raise SpecError("invalid_significant", self.significant, "use True or False")
        if type(self.drain) is not bool:
            raise SpecError("invalid_drain", self.drain, "use True or False")
        if self.significant and self.restart == "permanent":
            remedy = "a permanent child never ends for good: make it transient or temporary"
            raise SpecError("bad_combination", ("significant", "permanent"), remedy)

    def _check_extras(self) -> None:
        if self.start_timeout_s is not None and not _is_positive(self.start_timeout_s):
            raise SpecError("invalid_start_timeout", self.start_timeout_s, "use seconds > 0")
        if self.backoff is not None and not isinstance(self.backoff, Backoff):
            raise SpecError("invalid_backoff", self.backoff, "use a supervision.Backoff")
        if self.runtime is not None and not isinstance(self.runtime, str):
            raise SpecError("invalid_runtime", self.runtime, "use a runtime's name or None")

    @classmethod
    def of(cls, thing: object) -> ChildSpec:
        """Return the spec of a child: of a spec, a mapping, an actor class, or what offers one.

        An actor class is its own start and its name is the id; anything else may have a method
        ``child_spec()``.

        Raises:
            SpecError: ``invalid_child_spec`` for what cannot give a spec, or the spec is wrong.
        """
        if isinstance(thing, (ChildSpec, Mapping)):
            return cls.from_mapping(thing)
        offer = getattr(thing, "child_spec", None)
        if callable(offer):
            return cls.from_mapping(offer())
        if isinstance(thing, type) and issubclass(thing, pykka.Actor):
            return cls(id=thing.__name__, start=thing)
        return cls.from_mapping(thing)

    @classmethod
    def from_mapping(cls, spec: object) -> ChildSpec:
        """Build a spec from a mapping whose keys are this class's fields.

        Raises:
            SpecError: ``invalid_child_spec`` for what is no mapping, ``unknown_key`` for a key
                that is no field, else as the constructor.
        """
        if isinstance(spec, ChildSpec):
            return spec
        if not isinstance(spec, Mapping):
            remedy = "use a ChildSpec or a mapping of its fields"
            raise SpecError("invalid_child_spec", spec, remedy)
        known = [entry.name for entry in fields(cls)]
        for key in spec:
            if key not in known:
                raise SpecError("unknown_key", key, f"known keys: {', '.join(known)}")
        return cls(**spec)

    def described(self) -> dict[str, object]:
        """Return every field with its default filled in; the start's arguments are left out.

        Arguments may hold secrets, so only their number is told.
        """
        shown = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        shown["args"] = f"<{len(self.args)} hidden>"
        shown["kwargs"] = f"<{len(self.kwargs)} hidden>"
        return shown


def check_significant_allowed(spec: ChildSpec, auto_shutdown: str) -> None:
    """Refuse a significant child under a supervisor that never shuts itself down.

    Raises:
        SpecError: ``bad_combination``.
    """
    if spec.significant and auto_shutdown == "never":
        remedy = f"set auto_shutdown, or make child {spec.id!r} not significant"
        raise SpecError("bad_combination", ("significant", "auto_shutdown=never"), remedy)


def check_specs(specs: object, auto_shutdown: str | None = None) -> tuple[ChildSpec, ...]:
    """Validate a list of specs (``ChildSpec`` or mappings) and return it; nothing is started.

    With ``auto_shutdown`` the specs are checked against that flag too.

    Raises:
        SpecError: ``badarg`` for what is no list or tuple, ``duplicate_child_name`` for an id
            that comes twice, else the verdict on the first wrong spec.
    """
    if not isinstance(specs, (list, tuple)):
        raise SpecError("badarg", specs, "give a list or a tuple of child specs")
    if auto_shutdown is not None:
        _one_of("invalid_auto_shutdown", auto_shutdown, AUTO_SHUTDOWNS)
    seen: dict[Hashable, ChildSpec] = {}
    for raw in specs:
        spec = ChildSpec.of(raw)
        if auto_shutdown is not None:
            check_significant_allowed(spec, auto_shutdown)
        key = id_key(spec.id)
        if key in seen:
            raise SpecError("duplicate_child_name", spec.id, "ids are unique in a supervisor")
        seen[key] = spec
    return tuple(seen.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorFlags:
    """How a supervisor reacts: more than ``intensity`` restarts in ``period_s`` seconds end it.

    The defaults (1 in 5 s) are OTP's.

    Raises:
        SpecError: a flag is wrong; the code names it.
    """

    strategy: Strategy = "one_for_one"
    intensity: int = 1
    period_s: float = 5
    auto_shutdown: AutoShutdown = "never"

    def __post_init__(self) -> None:
        _one_of("invalid_strategy", self.strategy, STRATEGIES)
        _check_budget(self.intensity, self.period_s)
        _one_of("invalid_auto_shutdown", self.auto_shutdown, AUTO_SHUTDOWNS)

    @classmethod
    def declared(cls, **flags: Any) -> SupervisorFlags:
        """Build the flags of a tree that is written as a literal: the strategy must be said.

        Raises:
            SpecError: ``missing_strategy``, or as the constructor.
        """
        if "strategy" not in flags:
            raise SpecError("missing_strategy", flags, f"use one of {', '.join(STRATEGIES)}")
        return flags_from(flags)

    @property
    def period_ns(self) -> int:
        """The period in whole nanoseconds."""
        return to_ns(self.period_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicFlags:
    """Flags of a supervisor of like children that come and go.

    ``max_children`` bounds the children, those being restarted included (None: no bound is
    wanted). ``extra_args`` are put before the arguments at every start and restart.

    Raises:
        SpecError: a flag is wrong; the code names it.
    """

    strategy: Literal["one_for_one"] = "one_for_one"
    intensity: int = 1
    period_s: float = 5
    auto_shutdown: Literal["never"] = "never"
    max_children: int | None = None
    extra_args: Sequence[Any] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        _one_of("invalid_strategy", self.strategy, ("one_for_one",))
        _check_budget(self.intensity, self.period_s)
        self._check_auto_shutdown()
        if self.max_children is not None and not _is_whole(self.max_children, 0):
            raise SpecError("invalid_max_children", self.max_children, "use an int >= 0 or None")
        if not isinstance(self.extra_args, (list, tuple)):
            raise SpecError("invalid_extra_args", self.extra_args, "use a list or a tuple")
        object.__setattr__(self, "extra_args", tuple(self.extra_args))

    def _check_auto_shutdown(self) -> None:
        auto_shutdown: object = self.auto_shutdown
        _one_of("invalid_auto_shutdown", auto_shutdown, AUTO_SHUTDOWNS)
        if auto_shutdown != "never":
            remedy = "dynamic children cannot be significant: use auto_shutdown='never'"
            raise SpecError("bad_combination", auto_shutdown, remedy)

    @property
    def period_ns(self) -> int:
        """The period in whole nanoseconds."""
        return to_ns(self.period_s)


def _check_budget(intensity: object, period_s: object) -> None:
    if not _is_whole(intensity, 0):
        raise SpecError("invalid_intensity", intensity, "use an int >= 0")
    if not _is_positive(period_s):
        raise SpecError("invalid_period", period_s, "use finite seconds > 0")


def flags_from(flags: object) -> SupervisorFlags:
    """Return ``flags`` as ``SupervisorFlags``; a mapping is read field by field.

    Raises:
        SpecError: ``invalid_type`` for anything else, ``unknown_key``, or as the constructor.
    """
    if isinstance(flags, SupervisorFlags):
        return flags
    if not isinstance(flags, Mapping):
        raise SpecError("invalid_type", flags, "use SupervisorFlags or a mapping of its fields")
    known = [entry.name for entry in fields(SupervisorFlags)]
    for key in flags:
        if key not in known:
            raise SpecError("unknown_key", key, f"known flags: {', '.join(known)}")
    return SupervisorFlags(**flags)


def template_from(templates: object) -> ChildSpec:
    """Return the one template of a dynamic supervisor (OTP's ``simple_one_for_one``).

    Raises:
        SpecError: ``bad_start_spec`` unless the list holds exactly one spec.
    """
    specs = check_specs(templates)
    if len(specs) != 1:
        raise SpecError("bad_start_spec", templates, "give exactly one template")
    return specs[0]
