"""List functions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from app.engine.feel.builtins.registry import builtin
from app.engine.feel.operators import arithmetic
from app.engine.feel.scope import Run
from app.engine.feel.temporal import NUMBERS
from app.engine.feel.values import Function, compare, equal, key


def _both(name: str, result: str) -> Callable[..., Any]:
    """Declare a function that takes one list, or the items as arguments."""

    def declare(function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
        builtin(name, "list: list", result)(function)
        builtin(name, "*items: any", result)(lambda *items: function(list(items)) if items else None)
        return function

    return declare


@builtin("list contains", "list: list, element: any", "boolean")
def list_contains(items: list[Any], element: Any) -> bool:
    """Tell whether the list has the element."""
    return any(equal(item, element) is True for item in items)


@builtin("count", "list: list", "number")
def count(items: list[Any]) -> Decimal:
    """Return how many items there are."""
    return Decimal(len(items))


def _extreme(items: list[Any], op: str) -> Any:
    best = items[0] if items else None
    for item in items[1:]:
        better = compare(op, item, best)
        if better is None:
            return None
        best = item if better else best
    return best if best is None or compare("<=", best, best) else None


@_both("min", "any")
def minimum(items: list[Any]) -> Any:
    """Return the least item."""
    return _extreme(items, "<")


@_both("max", "any")
def maximum(items: list[Any]) -> Any:
    """Return the greatest item."""
    return _extreme(items, ">")


def _numbers(items: list[Any]) -> bool:
    return bool(items) and all(type(item) is Decimal for item in items)


@_both("sum", "any")
def total(items: list[Any]) -> Any:
    """Return the sum of numbers or durations."""
    if not items or type(items[0]) in {str, bool, list, dict} or (len(items) == 1 and not _summable(items[0])):
        return None
    found = items[0]
    for item in items[1:]:
        if not _summable(item) or found is None:
            return None
        found = arithmetic("+", found, item)
    return found


def _summable(item: Any) -> bool:
    return item is not None and arithmetic("-", item, item) is not None and compare("<=", item, item) is not None


@_both("mean", "number")
def mean(items: list[Any]) -> Any:
    """Return the average."""
    found = total(items)
    return None if found is None else arithmetic("/", found, Decimal(len(items)))


@_both("product", "number")
def product(items: list[Any]) -> Decimal | None:
    """Return the product."""
    if not _numbers(items):
        return None
    found = Decimal(1)
    for item in items:
        found = NUMBERS.multiply(found, item)
    return found


@_both("median", "number")
def median(items: list[Any]) -> Decimal | None:
    """Return the middle item, or the average of the two middle ones."""
    if not _numbers(items):
        return None
    ordered, middle = sorted(items), len(items) // 2
    if len(ordered) % 2:
        return ordered[middle]  # type: ignore[no-any-return]
    return NUMBERS.divide(NUMBERS.add(ordered[middle - 1], ordered[middle]), Decimal(2))


@_both("stddev", "number")
def stddev(items: list[Any]) -> Decimal | None:
    """Return the sample standard deviation."""
    if not _numbers(items) or len(items) < 2:
        return None
    average = mean(items)
    squares = total([NUMBERS.power(NUMBERS.subtract(item, average), Decimal(2)) for item in items])
    return NUMBERS.sqrt(NUMBERS.divide(squares, Decimal(len(items) - 1)))


@_both("mode", "list")
def mode(items: list[Any]) -> list[Any] | None:
    """Return the most frequent numbers, least first."""
    if not items:
        return []
    if not _numbers(items):
        return None
    counts: dict[Decimal, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    most = max(counts.values())
    return sorted(item for item, often in counts.items() if often == most)


def _truths(items: list[Any], decisive: bool) -> bool | None:
    if decisive in [item for item in items if type(item) is bool]:
        return decisive
    return (not decisive) if all(type(item) is bool for item in items) else None


@_both("all", "boolean")
def all_true(items: list[Any]) -> bool | None:
    """Tell whether all are true; null when one is neither true nor false."""
    return _truths(items, False)


@_both("any", "boolean")
def any_true(items: list[Any]) -> bool | None:
    """Tell whether one is true; null when none is and one is neither true nor false."""
    return _truths(items, True)


@builtin("sublist", "list: list, start position: number, length?: number?", "list")
def sublist(items: list[Any], start: Decimal, length: Decimal | None) -> list[Any] | None:
    """Return the part from a 1-based (negative: from the end) position."""
    at = int(start)
    if at == 0 or abs(at) > len(items) or (length is not None and length < 1):
        return None
    first = at - 1 if at > 0 else len(items) + at
    if length is None:
        return items[first:]
    return items[first : first + int(length)] if first + length <= len(items) else None


@builtin("append", "list: list, *items: any", "list")
def append(items: list[Any], *more: Any) -> list[Any]:
    """Return the list with further items."""
    return [*items, *more]


@builtin("concatenate", "*lists: list", "list")
def concatenate(*lists: list[Any]) -> list[Any]:
    """Return the lists joined."""
    return [item for items in lists for item in items]


@builtin("insert before", "list: list, position: number, newItem: any", "list")
def insert_before(items: list[Any], position: Decimal, item: Any) -> list[Any] | None:
    """Return the list with an item inserted before a position."""
    at = int(position)
    if at == 0 or abs(at) > len(items):
        return None
    first = at - 1 if at > 0 else len(items) + at
    return [*items[:first], item, *items[first:]]


@builtin("remove", "list: list, position: number", "list")
def remove(items: list[Any], position: Decimal) -> list[Any] | None:
    """Return the list without the item at a position."""
    at = int(position)
    if at == 0 or abs(at) > len(items):
        return None
    first = at - 1 if at > 0 else len(items) + at
    return [*items[:first], *items[first + 1 :]]


@builtin("list replace", "list: list, position: number, newItem: any", "list")
def list_replace(items: list[Any], position: Decimal, item: Any) -> list[Any] | None:
    """Return the list with the item at a position replaced."""
    at = int(position)
    if at == 0 or abs(at) > len(items):
        return None
    first = at - 1 if at > 0 else len(items) + at
    return [*items[:first], item, *items[first + 1 :]]


@builtin("list replace", "list: list, match: function, newItem: any", "list")
def list_replace_where(items: list[Any], match: Function, new: Any) -> list[Any] | None:
    """Return the list with the items replaced for which match(item, newItem) is true."""
    if match.parameters is not None and len(match.parameters) != 2:
        return None
    answers = [match.call(item, new) for item in items]
    if not all(type(answer) is bool for answer in answers):
        return None
    return [new if answer else item for item, answer in zip(items, answers, strict=True)]


@builtin("reverse", "list: list", "list")
def reverse(items: list[Any]) -> list[Any]:
    """Return the list backwards."""
    return items[::-1]


@builtin("index of", "list: list, match: any", "list")
def index_of(items: list[Any], match: Any) -> list[Decimal]:
    """Return the 1-based positions of the items that equal the match."""
    return [Decimal(at) for at, item in enumerate(items, 1) if equal(item, match) is True]


def _distinct(items: list[Any]) -> list[Any]:
    found: dict[Any, Any] = {}
    for item in items:
        found.setdefault(key(item), item)
    return list(found.values())


@builtin("union", "*lists: list", "list")
def union(*lists: list[Any]) -> list[Any]:
    """Return the lists joined, each value once."""
    return _distinct([item for items in lists for item in items])


@builtin("distinct values", "list: list", "list")
def distinct_values(items: list[Any]) -> list[Any]:
    """Return each value once."""
    return _distinct(items)


@builtin("duplicate values", "list: list", "list")
def duplicate_values(items: list[Any]) -> list[Any]:
    """Return the values that occur more than once, each once."""
    seen: dict[Any, int] = {}
    for item in items:
        seen[key(item)] = seen.get(key(item), 0) + 1
    return _distinct([item for item in items if seen[key(item)] > 1])


@builtin("flatten", "list: list", "list")
def flatten(items: list[Any]) -> list[Any]:
    """Return the items of nested lists in one."""
    found: list[Any] = []
    for item in items:
        if type(item) is list:
            found.extend(flatten(item))
        else:
            found.append(item)
    return found


@builtin("sort", "list: list, precedes?: function", "list", needs_run=True)
def sort(run: Run, items: list[Any], precedes: Function | None) -> list[Any] | None:
    """Return the list in the order that precedes(a, b) gives, or in its natural one."""
    run.charge(len(items))
    if precedes is None:
        if any(compare("<", item, items[0]) is None for item in items):
            return None
        return sorted(items)
    if precedes.parameters is not None and len(precedes.parameters) != 2:
        return None

    def order(left: Any, right: Any) -> int:
        run.charge()
        if precedes.call(left, right) is True:
            return -1
        return 1 if precedes.call(right, left) is True else 0

    return sorted(items, key=cmp_to_key(order))
