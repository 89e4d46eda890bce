"""Change a figure anywhere, and it is found if it contradicts the policy; change nothing, and nothing is found."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from mutants import Mutant, mutants

from app.facts_bundle import BundleView
from app.handling import Registry
from app.policy.drift import Bindings, Drift, drift, read_bindings
from app.policy.papers import read_papers
from app.policy.register import Clause, Register, read_register
from app.services.bundle_view import view_of_files, view_of_tree
from app.services.definitions import read_files

ROOT = Path(__file__).resolve().parent.parent.parent
SEED, EACH = 20260302, 26


class Project:
    """The shipped project, and what it is with one change."""

    def __init__(self) -> None:
        self.files: Mapping[str, bytes] = read_files(ROOT)
        self.register: Register = read_register(ROOT)
        self.bindings: Bindings = read_bindings(ROOT)
        self.registry, self.papers = Registry.discover(ROOT / "handlers"), read_papers(ROOT)
        self.clauses: dict[str, dict[str, Any]] = {
            key: dict(clause.source or {}) for key, clause in self.register.clauses.items()
        }

    def view(self, files: Mapping[str, bytes]) -> BundleView:
        return view_of_files(files, self.register, self.registry, self.papers)

    def errors(self, mutant: Mutant) -> list[Drift]:
        files, register = self.files, self.register
        if mutant.path is not None:
            files = {**files, mutant.path: mutant.text.encode()}
        if mutant.clause is not None:
            entry = yaml.safe_load(yaml.safe_dump(dict(mutant.clause), allow_unicode=True))
            register = replace(register, clauses={**register.clauses, entry["id"]: Clause.of(entry)})
        return [one for one in drift(register, self.view(files), self.bindings) if one.severity == "error"]


@pytest.fixture(scope="module")
def project() -> Project:
    return Project()


def test_nothing_is_found_on_the_project_as_it_is(project: Project) -> None:
    assert drift(project.register, view_of_tree(ROOT, project.register), project.bindings) == []


def test_every_mutant_against_the_policy_is_found(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    texts = {path: content.decode() for path, content in project.files.items()}
    chosen = mutants(texts, project.clauses, SEED, EACH)
    wrong = [mutant for mutant in chosen if mutant.contradicts]
    judged = {id(mutant): bool(project.errors(mutant)) for mutant in chosen}
    missed = [f"{one.kind}: {one.where}" for one in wrong if not judged[id(one)]]
    false_alarms = [f"{one.kind}: {one.where}" for one in chosen if not one.contradicts and judged[id(one)]]
    told = (f"\n{len(wrong)} mutants contradict the policy, {len(wrong) - len(missed)} found: "
            f"{100 * (len(wrong) - len(missed)) / len(wrong):.1f} %; {len(chosen) - len(wrong)} don't, "
            f"{len(false_alarms)} stopped; {dict(Counter(one.kind for one in chosen))}\n")  # fmt: skip
    with capsys.disabled():
        sys.stdout.write(told)
    assert len(wrong) >= 200
    assert missed == []
    assert false_alarms == []
