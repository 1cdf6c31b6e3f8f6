"""The reference of every key, made from the structs: what the documentation shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta

from robotrader.config.schema import Config, SecretRef

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER: Final = """\
# Configuration

Made by `robotrader config schema --markdown`; do not edit.

Values are read in this order, later ones win: the defaults below, `conf/robotrader.toml`, the other
files of `conf/` and of `conf/strategies/` (no two of which may set the same key),
`conf/profiles/PROFILE.toml`, `conf/local.toml`, environment variables such as
`ROBOTRADER__RISK__MAX_GROSS=0.5`, and `--set risk.max_gross=0.5`. A table can be given as a whole,
`--set 'strategy.sma.params={ fast = 5 }'`, which replaces the one before it, or key by key,
`--set strategy.sma.params.fast=5`, which leaves its other keys as they are. An unknown key is an
error. The units stand in the names; a time without a zone is refused. A secret is never written in
a file: a key that needs one takes `{ secret = "name" }`, whose value is looked for in the
environment variable `ROBOTRADER_SECRET_NAME` and then in the file `/run/secrets/name`. A file of
secrets must not be readable for others.

`robotrader config show --origin` shows every value with the place that it comes from.
"""


class Key(msgspec.Struct, frozen=True):
    """One key: where it is, what it takes, what it is without being set, what it means."""

    path: str
    kind: str
    default: str
    meaning: str


class Section(msgspec.Struct, frozen=True):
    """A table of the configuration."""

    name: str
    meaning: str
    keys: tuple[Key, ...]


def sections(kind: type[Any] = Config, name: str = "") -> Iterator[Section]:
    """Yield every section, the outermost first."""
    keys: list[Key] = []
    inner: list[tuple[type[Any], str]] = []
    for field in msgspec.structs.fields(kind):
        path = f"{name}.{field.encode_name}" if name else field.encode_name
        bare = _bare(field.type)
        below = _section_of(bare, path)
        if get_origin(bare) is tuple or below is None or _meaning(field.type):
            keys.append(Key(path, _kind(field.type), _default(field), _meaning(field.type)))
        if below is not None:
            inner.append(below)
    yield Section(name, " ".join((kind.__doc__ or "").split()), tuple(keys))
    for struct, path in inner:
        yield from sections(struct, path)


def markdown() -> str:
    """Return the whole reference as Markdown."""
    parts = [HEADER, *(_table(section) for section in sections())]
    return "\n".join(parts)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the configuration."""
    return msgspec.json.schema(Config)


def _table(section: Section) -> str:
    title = f"[{section.name}]" if section.name else "Keys above all sections"
    rows = [
        f"| `{key.path.rpartition('.')[2]}` | {key.kind} | {key.default} | {key.meaning} |"
        for key in section.keys
    ]
    head = ["| key | type | default | meaning |", "|---|---|---|---|"] if rows else []
    return "\n".join([f"## {title}", "", section.meaning, "", *head, *rows, ""])


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _section_of(bare: Any, path: str) -> tuple[type[Any], str] | None:
    """Return the struct that a key's table is, with the name of that table."""
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        return bare, path
    arguments = get_args(bare)
    if get_origin(bare) is dict and _is_struct(arguments[1]):
        if arguments[1] is SecretRef:
            return None
        return arguments[1], f"{path}.NAME"
    if get_origin(bare) is tuple and _is_struct(arguments[0]):
        return arguments[0], f"{path}[]"
    return None


def _is_struct(kind: Any) -> bool:
    """Return whether ``kind`` is a struct."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _meta(kind: Any) -> list[Meta]:
    if get_origin(kind) is not Annotated:
        return []
    return [meta for meta in get_args(kind)[1:] if isinstance(meta, Meta)]


def _meaning(kind: Any) -> str:
    said = [meta.description for meta in _meta(kind) if meta.description]
    return said[-1] if said else ""


def _kind(kind: Any) -> str:
    bare = _bare(kind)
    if isinstance(bare, type) and hasattr(bare, "__members__"):
        return " \\| ".join(f"`{member.value}`" for member in bare.__members__.values())
    if get_origin(bare) is tuple:
        inner = get_args(bare)[0]
        return "array of tables" if _is_struct(inner) else "array of strings"
    if get_origin(bare) is dict:
        return "table"
    return _NAMES[bare.__name__] + _bounds(kind)


_NAMES: Final = {
    "bool": "true or false",
    "int": "integer",
    "float": "number",
    "Decimal": "number",
    "str": "string",
}


def _bounds(kind: Any) -> str:
    said = []
    for meta in _meta(kind):
        for name, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤")):
            if (bound := getattr(meta, name)) is not None:
                said.append(f"{sign} {bound}")
    return f", {', '.join(said)}" if said else ""


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default_factory is not NODEFAULT:
        value: Any = field.default_factory()
    elif field.default is NODEFAULT:
        return "required"
    else:
        value = field.default
    shown = msgspec.to_builtins(value)
    if isinstance(shown, str) and not isinstance(value, str):
        return f"`{shown}`"
    return f"`{msgspec.json.encode(shown).decode()}`"
