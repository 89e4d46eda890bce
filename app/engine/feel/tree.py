"""The syntax tree of FEEL: one small record a construct."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Node:
    """A construct; `pos` is its 0-based offset in the text, `depth` the height of the tree below it."""

    pos: int = field(kw_only=True, default=0)
    depth: int = field(kw_only=True, default=1)

    def children(self) -> Iterator[Node]:
        """Give every node directly below this one."""
        for value in vars(self).values():
            yield from _nodes(value)


def _nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for entry in value:
            yield from _nodes(entry)


@dataclass(eq=False)
class Literal(Node):
    """A number, string, boolean, null or temporal that is written out."""

    value: Any


@dataclass(eq=False)
class Name(Node):
    """A variable; `?` is the value that a unary test judges."""

    name: str


@dataclass(eq=False)
class Path(Node):
    """`base.name`."""

    base: Node
    name: str


@dataclass(eq=False)
class Filter(Node):
    """`base[condition]`, which may also be an index."""

    base: Node
    condition: Node


@dataclass(eq=False)
class Call(Node):
    """`function(arguments)`; named arguments have names, positional ones an empty tuple of names."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] = ()


@dataclass(eq=False)
class Arithmetic(Node):
    """`left op right` with + - * / **."""

    op: str
    left: Node
    right: Node


@dataclass(eq=False)
class Negate(Node):
    """`-value`."""

    value: Node


@dataclass(eq=False)
class Compare(Node):
    """`left op right` with = != < <= > >=."""

    op: str
    left: Node
    right: Node


@dataclass(eq=False)
class Logic(Node):
    """`a and b and c`, or the same with or."""

    op: str
    items: tuple[Node, ...]


@dataclass(eq=False)
class Between(Node):
    """`value between low and high`."""

    value: Node
    low: Node
    high: Node


@dataclass(eq=False)
class UnaryCompare(Node):
    """`< value` as a test of `?`."""

    op: str
    value: Node


@dataclass(eq=False)
class In(Node):
    """`value in test` or `value in (test, test)`."""

    value: Node
    tests: tuple[Node, ...]


@dataclass(eq=False)
class InstanceOf(Node):
    """`value instance of type`; the type is a tree of tuples, see `parser`."""

    value: Node
    type: Any

    def children(self) -> Iterator[Node]:
        """Give the value; a type holds no nodes."""
        yield self.value


@dataclass(eq=False)
class If(Node):
    """`if condition then yes else no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(eq=False)
class Iteration(Node):
    """`name in source`, or `name in source..until`."""

    name: str
    source: Node
    until: Node | None


@dataclass(eq=False)
class For(Node):
    """`for … return body`."""

    iterations: tuple[Iteration, ...]
    body: Node


@dataclass(eq=False)
class Quantified(Node):
    """`some|every … satisfies condition`."""

    kind: str
    iterations: tuple[Iteration, ...]
    condition: Node


@dataclass(eq=False)
class ListOf(Node):
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(eq=False)
class ContextOf(Node):
    """`{key: value}`, in order; later entries see earlier ones."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(eq=False)
class RangeOf(Node):
    """`[low..high]`; None is an open end, as in `(>5)`."""

    low: Node | None
    high: Node | None
    low_closed: bool
    high_closed: bool


@dataclass(eq=False)
class FunctionOf(Node):
    """`function(parameters) body`; parameter types are kept for the caller's checks."""

    parameters: tuple[str, ...]
    types: tuple[Any, ...]
    body: Node

    def children(self) -> Iterator[Node]:
        """Give the body."""
        yield self.body


@dataclass(eq=False)
class Tests(Node):
    """Unary tests: any of `tests`, or none of them when `negated`; no tests at all is `-`."""

    tests: tuple[Node, ...]
    negated: bool = False
