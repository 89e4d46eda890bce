"""Rules of law and dispositions change by proposal and approval as clauses do, on both databases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask

from app.clock import FixedClock
from app.errors import Conflict, FieldError, Invalid
from app.policy.coverage import Coverage
from app.policy.entries import entries, entry_of
from app.policy.files import as_yaml
from app.policy.law import looser_than_law
from app.services.policies import Proposal
from app.wiring import services as current
from tests.conftest import MONDAY
from tests.store.test_policies import APRIL, TODAY, who

RULE: dict[str, Any] = {
    "document": "CPL", "section": "第九十九条", "kind": "deadline", "obligation": "must", "zh": "须在1小时内联系。",
    "en": "Contact within an hour.", "figures": {"within": "PT1H", "calendar": "natural"}, "quality": "statute",
    "bounds": [{"clause": "A-2.1.6", "figure": "within", "sense": "at_most"}], "status": "unconfirmed",
    "read": "2026-03"}
OUTSIDE: dict[str, Any] = {
    "disposition": "outside", "where": ["kpi:customer_satisfaction"], "reason_zh": "在系统之外办理。",
    "reason_en": "Done outside the system.", "owner": "director", "review_by": "2026-09-30"}


@pytest.fixture
def services(any_app: Flask) -> Any:
    return current()


def propose(kind: str, key: str, entry: dict[str, Any] | None, day: date = TODAY) -> int:
    return current().policies.propose(Proposal(kind, key, entry, day, "修订"), who("compliance"))


def change(kind: str, key: str, entry: dict[str, Any] | None, day: date = TODAY) -> None:
    current().policies.approve(propose(kind, key, entry, day), who("director"))


def refused(kind: str, key: str, entry: dict[str, Any] | None, day: date = TODAY) -> dict[str, FieldError]:
    with pytest.raises(Invalid) as caught:
        propose(kind, key, entry, day)
    assert all(one.message_zh and one.message_en for one in caught.value.errors)
    return {one.field: one for one in caught.value.errors}


def covered(clause: str) -> Coverage:
    return next(one for one in current().coverage.now().clauses if one.clause == clause)


def looser() -> set[tuple[str, str]]:
    return {(one.rule, one.clause) for one in looser_than_law(current().register, current().policies.today())}


def test_a_stricter_rule_of_law_shows_at_once_on_its_day(services: Any, clock: FixedClock) -> None:
    before = looser()
    change("law", "CPL-99", RULE, APRIL)
    assert looser() == before
    clock.set(MONDAY.replace(month=4, day=1))
    assert looser() == before | {("CPL-99", "A-2.1.6")}
    assert services.register.law["CPL-99"].origin == "law"
    change("law", "CPL-99", {**RULE, "figures": {"within": "PT2H", "calendar": "natural"}}, APRIL)
    assert looser() == before
    change("law", "CPL-99", None, APRIL)
    assert "CPL-99" not in services.register.law


def test_an_existing_rule_that_becomes_stricter_is_compared_anew(services: Any) -> None:
    rule = entry_of(services.register, "law", "TG-30")
    assert rule is not None
    assert ("TG-30", "D-2.2.11") not in looser()
    change("law", "TG-30", {**rule, "figures": {**rule["figures"], "within": "P2D"}})
    assert ("TG-30", "D-2.2.11") in looser()
    found = [one for one in looser_than_law(services.register) if one.rule == "TG-30"]
    assert all("待法务确认" in one.message_zh for one in found)
    rule = entry_of(services.register, "law", "TG-30")
    change("law", "TG-30", {**rule, "status": "confirmed"} if rule else None)
    found = [one for one in looser_than_law(services.register) if one.rule == "TG-30"]
    assert found
    assert not any("待法务确认" in one.message_zh or "counsel" in one.message_en for one in found)


def test_what_is_wrong_with_a_rule_of_law_is_told_by_field(services: Any) -> None:
    assert set(refused("law", "CPL-99", {})) >= {
        "document", "section", "kind", "obligation", "zh", "en", "bounds", "quality", "status", "read"}
    for field, value, named in (
            ("document", "A", "document"), ("document", "NONE", "document"), ("quality", "hearsay", "quality"),
            ("status", "sure", "status"), ("read", "2026-13", "read"), ("read", 2026, "read"),
            ("replaces", "CPL-0", "replaces"), ("flow", ["general"], "flow"), ("bounds", "A-2.1.6", "bounds"),
            ("bounds", ["A-2.1.6"], "bounds[0].clause"), ("bounds", [{"clause": "Z-1"}], "bounds[0].clause"),
            ("bounds", [{"clause": "A-2.1.6", "figure": "within"}], "bounds[0].sense"),
            ("bounds", [{"clause": "A-2.1.6", "figure": "range.max", "sense": "at_most"}], "bounds[0].figure"),
            ("bounds", [{"clause": "A-2.1.6", "figure": "actor", "sense": "at_most"}], "bounds[0].figure"),
            ("bounds", [{"clause": "A-2.1.6", "more": 1}], "bounds[0]"),
            ("figures", {}, "figures.within"), ("figures", {"within": "PT1H"}, "figures.calendar"),
            ("figures", {"within": "soon"}, "figures.within")):
        assert named in refused("law", "CPL-99", {**RULE, field: value}), (field, value)
    assert "id" in refused("law", "A-2.1.6", {**RULE, "bounds": [{"clause": "A-2.1.1"}]})  # a clause's id is taken
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"a": deep}
    assert "entry" in refused("law", "CPL-99", {**RULE, "figures": deep})
    assert "law" not in {row.kind for version in services.policies.versions() for row in version.changes}


def test_what_others_refer_to_stays(services: Any) -> None:
    assert "SAMR121-60" in refused("law", "SAMR20-45", None)["id"].message_en  # it replaces it and compares with it
    assert "CPL-23" in refused("document", "CPL", None)["id"].message_en
    assert "A-2.1.6" in services.register.clauses
    change("law", "CPL-99", RULE)
    assert "CPL-99" in refused("clause", "A-2.1.6", None)["id"].message_en


def test_a_new_statute_and_its_rule_go_together_and_stay_apart_from_the_companys_texts(services: Any) -> None:
    compliance, director = who("compliance"), who("director")
    law = {"title": "新法", "title_en": "New act", "origin": "law"}
    ids = services.policies.propose_all([
        Proposal("law", "NEW-1", {**RULE, "document": "NEW"}, TODAY, "新法施行"),
        Proposal("document", "NEW", law, TODAY, "新法施行")], compliance)
    assert services.policies.decide_all(ids, "approve", director) == []
    register = services.register
    assert register.texts["NEW"].origin == "law"
    assert "NEW" not in register.documents
    assert "document" in refused("clause", "NEW-2", {**entries(register, "clause")["A-1.1"], "document": "NEW"})
    assert "origin" in refused("document", "NEW", {**law, "origin": "company"})
    assert "origin" in refused("document", "B21", {**entries(register, "document")["B21"], "origin": "law"})


def test_a_disposition_is_declared_kept_apart_from_its_stamp_and_withdrawn(services: Any) -> None:
    before = covered("A-1.1")
    change("disposition", "A-1.1", OUTSIDE)
    judged = covered("A-1.1")
    assert (judged.disposition, judged.owner, str(judged.review_by)) == ("outside", "director", "2026-09-30")
    assert "kpi:customer_satisfaction" in judged.where
    assert services.register.dispositions["A-1.1"].digest == before.digest  # a proposal makes no stamp
    assert judged.needs_review  # it is linked to something else now
    waits = propose("disposition", "A-1.1", {**OUTSIDE, "owner": "quality"})
    with pytest.raises(Conflict):
        propose("disposition", "A-1.1", None)
    services.policies.withdraw(waits, who("compliance"))
    change("disposition", "A-1.1", None)
    judged = covered("A-1.1")
    assert (judged.disposition, judged.digest, judged.needs_review) == (before.disposition, before.digest, False)


def test_what_is_wrong_with_a_disposition_is_told_by_field(services: Any) -> None:
    assert set(refused("disposition", "A-1.1", {"disposition": "outside"})) == {
        "reason_zh", "reason_en", "owner", "review_by"}
    for field, value in (("where", ["form:none"]), ("where", "form:none"), ("owner", "nobody"),
                         ("review_by", "soon"), ("review_by", TODAY.isoformat()), ("disposition", "missing"),
                         ("reason_zh", 7), ("reviewed", {"digest": "0" * 12}), ("reason_en", "x" * 2001)):
        assert field in refused("disposition", "A-1.1", {**OUTSIDE, field: value}), (field, value)
    assert "id" in refused("disposition", "Z-9", OUTSIDE)


@pytest.mark.parametrize("form", ["yaml", "xlsx"])
def test_law_and_dispositions_go_out_and_come_back(services: Any, form: str) -> None:
    compliance = who("compliance")
    out = services.transfer.export(form, compliance)
    assert services.transfer.preview(f"r.{form}", out, TODAY, compliance).changes == ()
    change("law", "CPL-99", RULE)
    change("disposition", "A-1.1", OUTSIDE)
    changed = services.transfer.export(form, compliance)
    assert services.transfer.preview(f"r.{form}", changed, TODAY, compliance).changes == ()
    preview = services.transfer.preview(f"r.{form}", out, TODAY, compliance)
    assert preview.errors == ()
    assert {(one.kind, one.key, one.verb) for one in preview.changes} == {
        ("law", "CPL-99", "retired"), ("disposition", "A-1.1", "retired")}


def test_an_import_of_a_disposition_or_a_rule_names_its_line_and_field(services: Any) -> None:
    compliance = who("compliance")
    text = as_yaml(services.register).decode()
    spoilt = text.replace("- id: CPL-24\n", "- id: CPL-24\n  replaces: NONE-1\n").replace(
        "where:\n  - platform:retention", "where:\n  - platform:nowhere")
    told = [one.message_en for one in services.transfer.preview("r.yaml", spoilt.encode(), TODAY, compliance).errors]
    assert len(told) == 2
    assert told[0].startswith("law, line ")
    assert "CPL-24, replaces" in told[0]
    assert "A-2.6.2, where: Not known: platform:nowhere" in told[1]
    short = b"dispositions:\n- {clause: A-1.1, disposition: outside}\n"
    told = [one.message_en for one in services.transfer.preview("r.yaml", short, TODAY, compliance).errors]
    assert any("A-1.1, owner" in one for one in told)
