"""Coverage of a tree or of the deployed version: gathers what the pure functions of `app.policy.coverage` judge."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import Finding
from app.handling import Registry
from app.policy.coverage import Coverage, Source, Stamp, coverage, findings, links_of, restamped
from app.policy.papers import read_papers
from app.policy.register import Register, optional_rows, read_register
from app.services.bundle_view import deployed_files, view_of_files
from app.services.definitions import read_files
from app.services.policies import Policies
from app.store.models import Deployment
from app.store.queries import reviews

CLAUSE = re.compile(r"\b[A-Z][A-Za-z0-9]{0,9}-[0-9][0-9A-Za-z.-]{0,17}[0-9a-z]\b")


@dataclass(frozen=True)
class Judgement:
    """The coverage of one register by one bundle."""

    version: str  # of the register
    clauses: tuple[Coverage, ...]
    findings: tuple[Finding, ...]
    names: frozenset[str] = frozenset()  # of everything that may carry a clause out

    @property
    def counts(self) -> Mapping[str, int]:
        """How many clauses have each disposition."""
        found: dict[str, int] = {}
        for one in self.clauses:
            found[one.disposition] = found.get(one.disposition, 0) + 1
        return found


class DeployedCoverage:
    """The coverage by what is deployed; judged anew only when deployment, register or day have changed."""

    def __init__(self, session: Callable[[], Session], root: Path, policies: Policies) -> None:
        self._session, self._root, self._policies = session, root, policies
        self._judged: tuple[tuple[Any, ...], Judgement] | None = None  # by the tree's stamps alone
        self._kept: tuple[Judgement, tuple[Any, ...], Judgement] | None = None  # what it rests on, stamps, result

    def now(self) -> Judgement:
        """Return the coverage of the register in force now, each link by its newest stamp."""
        judged, marks = self._by_the_tree(), reviews.mark(self._session())
        kept = self._kept  # read once: another thread may replace it
        if kept is None or kept[0] is not judged or kept[1] != marks:
            stamps, day = self.stamps(), self._policies.today()
            dispositions = self._policies.register_now().dispositions
            clauses = tuple(restamped(one, dispositions.get(one.clause), stamps.get(one.clause), day)
                            for one in judged.clauses)
            kept = self._kept = (judged, marks, replace(judged, clauses=clauses))
        return kept[2]

    def stamps(self) -> Mapping[str, Stamp]:
        """Return the newest stamp that the database keeps of each clause."""
        return {row[0]: Stamp(*row) for row in reviews.stamps(self._session())}

    def _by_the_tree(self) -> Judgement:
        register, day = self._policies.register_now(), self._policies.today()
        deployment = self._session().execute(select(func.max(Deployment.id))).scalar_one_or_none()
        key = (deployment, id(register), day)
        kept = self._judged
        if kept is None or kept[0] != key:
            files = deployed_files(self._session(), deployment) or read_files(self._root)
            kept = self._judged = (key, judge_files(self._root, files, register, day))
        return kept[1]


def tree_coverage(root: Path, on: date | None = None) -> Judgement:
    """Return the coverage of the tree below `root`; raises Refused when its register cannot be read."""
    return judge_files(root, read_files(root), read_register(root), on)


def judge_files(root: Path, files: Mapping[str, bytes], register: Register, on: date | None = None) -> Judgement:
    """Return how a register is covered by files of a bundle and by the handlers, papers and targets below `root`."""
    try:
        registry = Registry.discover(root / "handlers")
    except (ValueError, SyntaxError, ImportError):
        registry = Registry({})  # the lint says what is wrong with it
    view = view_of_files(files, register, registry, read_papers(root))
    sources = sources_of(root, register)
    links = links_of(view, sources)
    judged = coverage(register, view, sources, on, links)
    wrong = (*view.problems, *findings(register, judged, links[0]))
    return Judgement(register.version, tuple(judged), tuple(wrong), frozenset(links[0]))


def sources_of(root: Path, register: Register) -> list[Source]:
    """Return the handlers and the targets that name clauses."""
    found = []
    for path in sorted((root / "handlers").glob("[a-z]*.py")):
        text = path.read_text(encoding="utf-8")
        named = tuple(dict.fromkeys(one for one in CLAUSE.findall(text) if one in register.clauses))
        digest = hashlib.sha256(text.encode()).hexdigest()
        found.append(Source(f"handler:{path.stem}", "handled", named, digest))
    for row in optional_rows(root / "processes" / "policy" / "kpis.yaml", "kpis"):
        counted = (row.get("measure") or {}).get("kind") != "none"  # what nobody counts reports nothing
        named = tuple(map(str, row.get("clauses") or ())) if counted else ()
        found.append(Source(f"kpi:{row.get('id')}", "reported", named, str(sorted(row.items(), key=str))))
    return found
