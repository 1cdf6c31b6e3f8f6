"""Every small mistake that could be made in a file, one at a time, as changes of its syntax tree.

A comparison that includes or leaves out its bound, an operator for its opposite, a condition turned
round, a number one larger, a result that is nothing, a statement or an argument that is not there.
What no decision hangs on is left alone: annotations, prose, the texts of errors, what is logged.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitOr, ast.Pow: ast.Mult,
}  # fmt: skip
_CALLED: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_EITHER_WAY: Final = frozenset({"EXACT.add", "EXACT.multiply"})
"""The order of their arguments is none."""

_TOLD: Final = ("_log.", "log.", "warnings.")
"""Who is only told something: what is said to them decides nothing."""


class Change(NamedTuple):
    """One mistake: in which function of which line, what becomes what, and how to make it."""

    line: int
    last_line: int
    where: str
    statement: str
    old: str
    new: str
    apply: Callable[[], None]

    def name(self, file: str) -> str:
        """What it is called as long as the code it is in stays as it is, wherever it moves."""
        within = "" if self.old == self.statement else f" in `{self.statement}`"
        return f"{file} {self.where}: `{self.old}` -> `{self.new}`{within}"


class Place(NamedTuple):
    """Where a node hangs."""

    parent: ast.AST
    field: str
    at: int | None

    def put(self, node: ast.AST) -> None:
        if self.at is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.at] = node


class _Finder:
    """Walks a tree and keeps every change; ``where`` and ``statement`` are those of the moment."""

    def __init__(self) -> None:
        self.found: list[Change] = []
        self.where: tuple[str, ...] = ()
        self.statement: ast.stmt | None = None

    def keep(self, place: Place, old: ast.AST, new: ast.AST) -> None:
        statement = self.statement
        assert statement is not None
        ast.copy_location(new, old)
        ast.fix_missing_locations(new)
        # A compound statement is run where its head is; its body has statements of its own.
        body = getattr(statement, "body", None)
        last = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
        self.found.append(
            Change(
                line=statement.lineno,
                last_line=max(last, statement.lineno),
                where=".".join(self.where) or "module",
                statement=_text(statement),
                old=_text(old),
                new=_text(new),
                apply=lambda: place.put(new),
            )
        )

    def visit(self, node: ast.AST) -> None:
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list", "type_comment", "ops", "op"}:
                continue
            if isinstance(node, ast.ClassDef) and name in {"keywords", "bases"}:
                continue
            for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(child, ast.AST):
                    self.child(Place(node, name, index), child)

    def child(self, place: Place, node: ast.AST) -> None:
        if _is_prose(node) or isinstance(node, ast.Assert | ast.JoinedStr | ast.Import):
            return
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        before = (self.where, self.statement)
        if isinstance(node, ast.stmt):
            self.statement = node
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            self.where = (*self.where, node.name)
        for new in _instead(node, in_function=bool(self.where)):
            self.keep(place, node, new)
        if not isinstance(node, ast.Raise):
            self.visit(node)
        self.where, self.statement = before


def changes(tree: ast.Module) -> list[Change]:
    """Return every change of a tree, in its order; ``apply`` makes one in the tree itself."""
    finder = _Finder()
    finder.visit(tree)
    return finder.found


def changed(source: str, number: int) -> ast.Module:
    """Return the tree of a source with one of its changes made."""
    tree = ast.parse(source)
    changes(tree)[number].apply()
    return tree


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 90 else f"{text[:60]} ... {text[-25:]}"


def _is_prose(node: ast.AST) -> bool:
    """Whether a statement is a docstring or only tells somebody something."""
    if isinstance(node, ast.Assign) and any(_is_dunder(each) for each in node.targets):
        return True
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Call):
        return ast.unparse(node.value.func).startswith(_TOLD)
    return isinstance(node.value, ast.Constant)


def _is_dunder(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id.startswith("__")


def _instead(node: ast.AST, *, in_function: bool) -> Iterator[ast.AST]:
    """Yield what could stand instead of a node."""
    for kind, instead in _INSTEAD.items():
        if isinstance(node, kind):
            yield from instead(node)
    if in_function and isinstance(node, ast.stmt):
        yield from _statements(node)


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for at, op in enumerate(node.ops):
        ops = [*node.ops]
        ops[at] = _COMPARED[type(op)]()
        yield ast.Compare(node.left, ops, node.comparators)


def _binary(node: ast.BinOp) -> Iterator[ast.AST]:
    other = _COMPUTED.get(type(node.op))
    if other is not None:
        yield ast.BinOp(node.left, other(), node.right)


def _boolean(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


def _unary(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield node.operand


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)


def _condition(node: ast.If | ast.IfExp | ast.While) -> Iterator[ast.AST]:
    """A condition that is a comparison is changed there."""
    if not isinstance(node.test, ast.Compare | ast.UnaryOp):
        fields = {name: getattr(node, name) for name in node._fields}
        turned = ast.UnaryOp(ast.Not(), node.test)
        yield type(node)(**{**fields, "test": turned})


def _comprehension(node: ast.comprehension) -> Iterator[ast.AST]:
    for at in range(len(node.ifs)):
        ifs = [*node.ifs[:at], *node.ifs[at + 1 :]]
        yield ast.comprehension(node.target, node.iter, ifs, node.is_async)


def _call(node: ast.Call) -> Iterator[ast.AST]:
    name = ast.unparse(node.func)
    if name in _CALLED:
        yield ast.Call(ast.Name(_CALLED[name], ast.Load()), node.args, node.keywords)
    if name == "abs":
        yield node.args[0]
    named = all(isinstance(each, ast.Name | ast.Attribute) for each in node.args)
    if len(node.args) == 2 and named and name not in {*_CALLED, *_EITHER_WAY}:
        yield ast.Call(node.func, node.args[::-1], node.keywords)
    for at in range(len(node.keywords)):
        rest = [*node.keywords[:at], *node.keywords[at + 1 :]]
        yield ast.Call(node.func, node.args, rest)


def _return(node: ast.Return) -> Iterator[ast.AST]:
    value = node.value
    if value is None or (isinstance(value, ast.Constant) and value.value is None):
        return
    if isinstance(value, ast.Constant) and value.value == "":
        yield ast.Return(ast.Constant("changed"))
    else:
        yield ast.Return(ast.Constant(None))


def _statements(node: ast.stmt) -> Iterator[ast.AST]:
    """A statement that is not there."""
    if isinstance(node, ast.Expr | ast.AugAssign | ast.Delete | ast.Raise) or (
        isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
    ):
        yield ast.Pass()
    elif isinstance(node, ast.Continue):
        yield ast.Break()
    elif isinstance(node, ast.Break):
        yield ast.Pass()


def _augmented(node: ast.AugAssign) -> Iterator[ast.AST]:
    other = _COMPUTED.get(type(node.op))
    if other is not None:
        yield ast.AugAssign(node.target, other(), node.value)


_INSTEAD: Final[dict[Any, Callable[[Any], Iterator[ast.AST]]]] = {
    ast.Compare: _compare,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    ast.Constant: _constant,
    (ast.If, ast.IfExp, ast.While): _condition,
    ast.comprehension: _comprehension,
    ast.Call: _call,
    ast.Return: _return,
    ast.AugAssign: _augmented,
}
"""What could stand instead of each kind of node."""
