"""Which variables and functions an expression uses."""

from __future__ import annotations

from collections.abc import Iterable

from app.engine.feel.builtins import BUILTINS
from app.engine.feel.tree import Call, ContextOf, Filter, For, FunctionOf, Iteration, Name, Node, Path, Quantified


def free(node: Node, bound: frozenset[str] = frozenset({"?"})) -> frozenset[str]:
    """Return the variables that a node takes from outside."""
    if isinstance(node, Name):
        return frozenset() if node.name in bound else frozenset({node.name})
    if isinstance(node, Call) and isinstance(node.function, Name):
        # A function handed over by its name (`sort(list, max)`); elsewhere such a name is a variable that hides it.
        return _all((one for one in node.arguments if not (isinstance(one, Name) and one.name in BUILTINS)), bound)
    if isinstance(node, Filter):
        inside = node.condition
        if isinstance(inside, Name):  # most likely a position
            return free(node.base, bound) | free(inside, bound | {"item"})
        return free(node.base, bound) | (free(inside, bound | {"item"}) - _bare(inside))
    if isinstance(node, ContextOf):
        found: frozenset[str] = frozenset()
        for name, value in node.entries:
            found |= free(value, bound | {name})
            bound |= {name}
        return found
    if isinstance(node, FunctionOf):
        return free(node.body, bound | set(node.parameters))
    if isinstance(node, For | Quantified):
        body = node.body if isinstance(node, For) else node.condition
        return _looped(node.iterations, body, bound)
    return _all(node.children(), bound)


def _all(nodes: Iterable[Node], bound: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(free(node, bound) for node in nodes))


def _looped(iterations: Iterable[Iteration], body: Node, bound: frozenset[str]) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for one in iterations:
        found |= free(one.source, bound) | (free(one.until, bound) if one.until is not None else frozenset())
        bound |= {one.name}
    return found | free(body, bound | {"partial"})


def _bare(node: Node) -> frozenset[str]:
    """Return the names below a node that are not the beginning of a path."""
    if isinstance(node, Name):
        return frozenset({node.name})
    below = node.children() if not (isinstance(node, Path) and isinstance(node.base, Name)) else ()
    return frozenset().union(*(_bare(child) for child in below))


def called(node: Node) -> frozenset[str]:
    """Return the names of the functions called at or below a node."""
    own = {node.function.name} if isinstance(node, Call) and isinstance(node.function, Name) else set()
    return frozenset(own).union(*(called(child) for child in node.children()))
