"""Which steps can't be left out: in their scope, every way from its start to its end leads through them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from app.facts import Element
from app.facts_bundle import BundleView, ProcessView

Place = tuple[str, str]


def never_skipped(view: BundleView) -> frozenset[Place]:
    """Return every step that no way through its scope leaves out, boundaries that interrupt it aside."""
    return frozenset(
        (key, identifier)
        for key, process in view.processes.items()
        for identifier in _of(_shape(process))
    )


def unreachable(view: BundleView) -> frozenset[Place]:
    """Return every step that no way leads to."""
    return frozenset(
        (key, identifier) for key, process in view.processes.items() for identifier in _lost(_shape(process))
    )


Shape = tuple[tuple[tuple[str, str, str | None, str | None], ...], tuple[tuple[str, str], ...]]


def _shape(process: ProcessView) -> Shape:
    nodes = tuple((one.id, one.type, one.parent, one.attached_to) for one in process.nodes)
    return nodes, tuple((str(flow.source), str(flow.target)) for flow in process.flows)


@lru_cache(maxsize=512)
def _of(shape: Shape) -> frozenset[str]:
    nodes, flows = shape
    after = _after(flows)
    found = set()
    for scope in {parent for _, _, parent, _ in nodes}:
        inside = {one for one, _, parent, _ in nodes if parent == scope}
        starts = [one for one, kind, parent, _ in nodes if parent == scope and kind == "startEvent"]
        normal = _reached(starts, after, inside)
        ends = {one for one in normal if not after.get(one)}
        kinds = {one: kind for one, kind, _, _ in nodes}
        found |= {one for one in normal
                  if kinds[one] not in {"exclusiveGateway", "startEvent", "endEvent", "scriptTask"}
                  and not _reached(starts, after, inside - {one}) & ends}  # fmt: skip
    return frozenset(found)


@lru_cache(maxsize=512)
def _lost(shape: Shape) -> frozenset[str]:
    nodes, flows = shape
    after = _after(flows)
    found: set[str] = set()
    for scope in {parent for _, _, parent, _ in nodes}:
        inside = {one for one, _, parent, _ in nodes if parent == scope}
        roots = [one for one, kind, parent, at in nodes if parent == scope and (kind == "startEvent" or at)]
        if roots:
            found |= inside - _reached(roots, after, inside)
    return frozenset(found)


def _after(flows: Iterable[tuple[str, ...]]) -> Mapping[str, list[str]]:
    after: dict[str, list[str]] = {}
    for source, target in flows:
        after.setdefault(source, []).append(target)
    return after


def _reached(starts: Iterable[str], after: Mapping[str, list[str]], inside: set[str]) -> set[str]:
    waiting = [one for one in starts if one in inside]
    seen = set(waiting)
    while waiting:
        for target in after.get(waiting.pop(), ()):
            if target in inside and target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def no_longer_sure(process: ProcessView, before: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Return for each step whose ways on have changed the steps that always followed it in its scope, and no longer do.

    `before` are the flows as reviewed, each "source>target".
    """
    old, new = (_after(tuple(way) for way in ways) for ways in (
        [one.split(">") for one in before], [(str(flow.source), str(flow.target)) for flow in process.flows]))
    changed = [source for source in old if sorted(old[source]) != sorted(new.get(source, ()))]
    found = {}
    for source in changed:
        element = process.by_id.get(source)
        if element is None:
            continue
        inside = {one.id for one in process.nodes if one.parent == element.parent}
        lost = _always_after(source, old, inside) - _always_after(source, new, inside)
        if lost:
            found[source] = frozenset(lost)
    return found


def _always_after(source: str, after: Mapping[str, list[str]], inside: set[str]) -> set[str]:
    reached = _reached([source], after, inside) - {source}
    ends = {one for one in reached if not after.get(one)}
    return {one for one in reached if not _reached([source], after, inside - {one}) & ends}


def element_at(view: BundleView, name: str) -> Element | None:
    """Return the element that "process.element" names, or None."""
    process, _, identifier = name.partition(".")
    return view.element(process, identifier)
