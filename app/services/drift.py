"""Drift of a tree, of files that are to be deployed, and of the deployed version; the gate before a deployment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from app.errors import Finding, NotFound
from app.facts import Actor
from app.handling import Registry
from app.policy.drift import Drift, comparisons, drift, read_bindings
from app.policy.papers import PaperRule, read_papers
from app.policy.register import Register, read_register
from app.services.bundle_view import deployed_files, view_of_files, view_of_tree
from app.services.definitions import read_files
from app.services.waivers import Waiver, Waivers
from app.store.unit_of_work import reading


def drift_of_tree(root: Path, everything: bool = False) -> list[Drift]:
    """Return the drift of the tree below `root`, or every comparison; raises Refused for an unreadable register."""
    register = read_register(root)
    judge = comparisons if everything else drift
    return ordered(judge(register, view_of_tree(root, register), read_bindings(root)))


def ordered(found: Sequence[Drift]) -> list[Drift]:
    """Return findings with the gravest first, then by clause and place."""
    rank = {"error": 0, "warning": 1, "info": 2, "none": 3}
    return sorted(found, key=lambda one: (rank[one.severity], one.clause, one.where))


class Drifts:
    """What the policy service knows of drift."""

    def __init__(self, root: Path, register: Callable[[], Register], registry: Registry, waivers: Waivers) -> None:
        self._root, self._register, self._registry = root, register, registry
        self._papers: Mapping[str, PaperRule] = read_papers(root)
        self.waivers = waivers

    def of_files(self, files: Mapping[str, bytes], everything: bool = False) -> list[Drift]:
        """Return the drift of a bundle's files from the policy in force now, or every comparison."""
        register = self._register()
        view = view_of_files(files, register, self._registry, self._papers)
        return ordered((comparisons if everything else drift)(register, view, read_bindings(self._root)))

    def now(self, everything: bool = False) -> list[Drift]:
        """Return the drift of the deployed version; of the tree where nothing was deployed yet."""
        return self.of_files(deployed_files(reading()) or read_files(self._root), everything)

    def blocking(self, files: Mapping[str, bytes]) -> list[Finding]:
        """Return what stops a deployment of these files: errors that nobody waives."""
        if not read_bindings(self._root).reviewed:
            return []  # a tree that nobody held against the policy yet
        errors = [one for one in self.of_files(files) if one.severity == "error"]
        return [as_finding(one) for one in self.waivers.open(errors)] if errors else []

    def waive(self, fingerprint: str, actor: Actor, reason: str, until: str,
              files: Mapping[str, bytes] | None = None) -> Waiver:
        """Waive one deviation of the deployed version, or of files that are to be deployed, until the end of a day.

        `until` is a day of the company's zone or a moment with an offset. Raises NotFound for a deviation that does
        not exist, and what Waivers.waive raises.
        """
        found = self.of_files(files) if files is not None else self.now()
        for one in found:
            if one.fingerprint == fingerprint:
                return self.waivers.waive(one, actor, reason, self.waivers.end_of(until))
        raise NotFound(f"No deviation {fingerprint}", f"没有偏离 {fingerprint}")


def as_finding(one: Drift) -> Finding:
    """Return a deviation in the shape of the lint's findings."""
    process, _, element = one.where.partition(".")
    return Finding(f"drift:{process}", element or None, None, f"drift_{one.verdict}", "error", one.zh, one.en)


