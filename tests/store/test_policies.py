"""The register changes by proposal and approval, from a day on, and cases keep the version of their registration."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from app.clock import FixedClock
from app.errors import Conflict, Invalid, NotAllowed, NotFound
from app.facts import SYSTEM, Actor
from app.policy.entries import entry_of
from app.policy.law import bounds_of
from app.services.policies import Policies, Proposal
from app.store.base import db
from app.store.models import Audit, Milestone, MilestoneCheck
from app.wiring import services as current
from tests.web.pages import Browser, case

TODAY = date(2026, 3, 2)
APRIL = date(2026, 4, 1)


def who(name: str) -> Actor:
    services = current()
    return services.people.actor_of(next(one.id for one in services.people.users() if one.username == name))


def entry(key: str, **changes: Any) -> dict[str, Any]:
    found = entry_of(current().policies.register_now(), "clause", key)
    assert found is not None
    return {"zh": "十五分钟内首次响应。", **found, **changes}


def shorter(key: str = "E-2.1.2", within: str = "PT10M") -> dict[str, Any]:
    found = entry(key)
    rules = [{**rule, "within": within} if "within" in rule else rule for rule in found.get("declare", [])]
    return {**found, "figures": {**found["figures"], "within": within}, "declare": rules}


def proposal(key: str = "E-2.1.2", day: date = APRIL, **changes: Any) -> Proposal:
    given: dict[str, Any] = {"entry": shorter(key), "reason": "客户等待过久", **changes}
    return Proposal("clause", key, given["entry"], day, given["reason"], given.get("correction", False))


def test_a_change_takes_effect_on_its_day_once_a_leader_approved_it(any_app: Flask, clock: FixedClock) -> None:
    policies = current().policies
    change = policies.propose(proposal(), who("compliance"))
    assert policies.register_for(APRIL).clauses["E-2.1.2"].within == "PT15M"
    policies.approve(change, who("director"), "同意")
    assert policies.register_now().version == "1"
    assert policies.register_for(APRIL).clauses["E-2.1.2"].within == "PT10M"
    assert policies.register_for(APRIL).version == "1+1"
    clock.advance(timedelta(days=30))
    assert policies.register_now().clauses["E-2.1.2"].within == "PT10M"
    assert [(one.label, one.effective_from) for one in policies.versions()] == [("1+1", APRIL), ("1", None)]
    done = [row.action for row in db.session.query(Audit).filter(Audit.action.like("policy:%")).order_by(Audit.id)]
    assert done == ["policy:change:proposed", "policy:change:approved"]


def test_the_proposer_never_approves_and_only_leaders_do(any_app: Flask) -> None:
    services = current()
    policies, compliance = services.policies, who("compliance")
    change = policies.propose(proposal(), compliance)
    for name in ("compliance", "manager", "owner", "admin"):
        with pytest.raises(NotAllowed):
            policies.approve(change, who(name))
    both = Actor(compliance.user_id, compliance.name, compliance.groups | {"director"})
    with pytest.raises(NotAllowed):
        policies.approve(change, both)
    with pytest.raises(NotAllowed):
        policies.reject(change, both, "不行")
    with pytest.raises(NotAllowed):
        policies.propose(proposal("E-2.1.3"), who("director"))
    with pytest.raises(NotAllowed):
        policies.withdraw(change, who("director"))
    policies.approve(change, who("general_manager"))
    with pytest.raises(Conflict) as caught:
        policies.approve(change, who("director"))
    assert caught.value.detail["by"] == "general_manager"
    with pytest.raises(NotFound):
        policies.approve(999, who("director"))


def test_what_was_rejected_or_withdrawn_changes_nothing_and_frees_the_entry(any_app: Flask) -> None:
    policies = current().policies
    change = policies.propose(proposal(), who("compliance"))
    with pytest.raises(Conflict):
        policies.propose(proposal(), who("compliance"))
    with pytest.raises(Invalid):
        policies.reject(change, who("director"), " ")
    policies.reject(change, who("director"), "理由不足")
    again = policies.propose(proposal(), who("compliance"))
    policies.withdraw(again, who("compliance"))
    assert policies.register_for(APRIL).version == "1"
    policies.propose(proposal(), who("compliance"))


def test_a_day_that_has_passed_is_for_corrections_only(services: Any, clock: FixedClock) -> None:
    policies: Policies = services.policies
    with pytest.raises(Invalid) as caught:
        policies.propose(proposal(day=TODAY - timedelta(days=1)), who("compliance"))
    assert [one.field for one in caught.value.errors] == ["effective_from"]
    change = policies.propose(proposal(day=TODAY - timedelta(days=1), correction=True), who("compliance"))
    policies.approve(change, who("director"))
    assert policies.register_on(clock.now() - timedelta(hours=1)).clauses["E-2.1.2"].within == "PT10M"
    late = policies.propose(proposal("E-2.1.3", day=TODAY + timedelta(days=2), entry=shorter("E-2.1.3", "PT4M")),
                            who("compliance"))
    clock.advance(timedelta(days=3))
    with pytest.raises(Conflict):
        policies.approve(late, who("director"))


def test_a_change_of_today_counts_from_its_approval(services: Any, clock: FixedClock) -> None:
    policies: Policies = services.policies
    morning = clock.now()
    clock.advance(timedelta(hours=4))
    policies.approve(policies.propose(proposal(day=TODAY), who("compliance")), who("director"))
    assert policies.register_on(morning).version == "1"
    assert policies.register_now().version == "1+1"


def test_fields_are_checked_with_a_message_for_each_in_both_languages(services: Any) -> None:
    wrong = {**entry("E-2.1.2"), "kind": "wish", "flow": ["nowhere"], "document": "Z9", "odd": 1,
             "figures": {"within": "15 minutes", "calendar": "lunar"}, "valid_from": "soon",
             "declare": [{"template": "response", "a": "register_case", "b": "nothing"}, {"template": "?"}]}
    with pytest.raises(Invalid) as caught:
        services.policies.propose(proposal(entry=wrong), who("compliance"))
    errors = {one.field: one for one in caught.value.errors}
    assert set(errors) == {"kind", "flow", "document", "odd", "figures.within", "figures.calendar", "valid_from",
                           "declare[0].b", "declare[1].template"}
    assert all(one.message_en != one.message_zh for one in errors.values())
    with pytest.raises(Invalid) as caught:
        services.policies.propose(Proposal("clause", "bad id", {"document": "A"}, None, ""), who("compliance"))
    assert {one.field for one in caught.value.errors} == {"reason", "effective_from"}
    with pytest.raises(Invalid) as caught:
        services.policies.propose(Proposal("document", "A", services.register.texts["A"].source, APRIL, "同"),
                                  who("compliance"))
    assert caught.value.errors[0].message_en == "Nothing would change."
    half = {**shorter(), "declare": entry("E-2.1.2")["declare"]}
    with pytest.raises(Invalid) as caught:
        services.policies.propose(proposal(entry=half), who("compliance"))
    assert [one.field for one in caught.value.errors] == ["declare[0].within"]


def test_a_document_and_its_clause_come_together_and_go_one_after_the_other(any_app: Flask) -> None:
    policies, compliance, director = current().policies, who("compliance"), who("director")
    new = {"document": "F", "section": "一", "kind": "step", "obligation": "must", "flow": ["general"],
           "zh": "每月盘点一次备件。"}
    ids = policies.propose_all([Proposal("clause", "F-1", new, APRIL, "新制度"),
                                Proposal("document", "F", {"title": "备件管理办法"}, APRIL, "新制度")], compliance)
    with pytest.raises(Invalid) as caught:
        policies.approve(ids[0], director)
    assert caught.value.errors[0].field == "document"
    assert policies.decide_all(ids, "approve", director) == []
    register = policies.register_for(APRIL)
    assert (register.documents["F"], register.clauses["F-1"].zh) == ("备件管理办法", "每月盘点一次备件。")
    with pytest.raises(Invalid, match="Some fields"):
        policies.propose(Proposal("document", "F", None, APRIL, "废止"), compliance)
    policies.approve(policies.propose(Proposal("clause", "F-1", None, APRIL, "废止"), compliance), director)
    policies.approve(policies.propose(Proposal("document", "F", None, APRIL, "废止"), compliance), director)
    assert "F" not in policies.register_for(APRIL).documents
    assert policies.register_for(APRIL).version == "1+4"


def test_a_later_change_is_not_undone_by_an_earlier_one(services: Any) -> None:
    policies, compliance, director = services.policies, who("compliance"), who("director")
    policies.approve(policies.propose(proposal(day=APRIL), compliance), director)
    with pytest.raises(Conflict):
        policies.propose(proposal(day=APRIL - timedelta(days=7), entry=shorter(within="PT5M")), compliance)


def test_cases_keep_the_version_of_their_registration_for_good(any_app: Flask, clock: FixedClock) -> None:
    policies = current().policies
    clerk = Browser(any_app, "clerk")
    before = clerk.register()
    policies.approve(policies.propose(proposal(day=date(2026, 3, 3)), who("compliance")), who("director"))
    clock.advance(timedelta(days=1))
    after = clerk.register(phone="13900139000", order_no="DD9")
    assert (before.policy_version, case(after.number).policy_version) == ("1", "1+1")
    for found, limit in ((before, "PT15M"), (after, "PT10M")):
        checks = (db.session.query(MilestoneCheck.duration, Milestone.policy_version)
                  .join(Milestone, Milestone.id == MilestoneCheck.milestone_id)
                  .filter(MilestoneCheck.case_id == found.id, MilestoneCheck.clause == "E-2.1.2").all())
        assert checks == [(limit, found.policy_version)]


def test_diagrams_still_deploy_when_a_clause_that_they_name_is_retired(services: Any) -> None:
    policies, compliance, director = services.policies, who("compliance"), who("director")
    for key in ("K2", "K5"):
        found = entry_of(policies.register_now(), "conflict", key)
        changed = {**found, "clauses": [one for one in found["clauses"] if one != "E-2.1.2"]}
        policies.approve(policies.propose(Proposal("conflict", key, changed, TODAY, "废止"), compliance), director)
    with pytest.raises(Invalid):
        policies.propose(Proposal("clause", "A-2.1.6", None, TODAY, "废止"), compliance)  # conflicts name it
    with pytest.raises(Invalid):
        policies.propose(Proposal("clause", "E-2.1.2", None, TODAY, "废止"), compliance)  # so does the law
    for rule in [one.id for one in bounds_of(policies.register_now(), "E-2.1.2")]:
        found = entry_of(policies.register_now(), "law", rule)
        changed = {**found, "bounds": [one for one in found["bounds"] if one["clause"] != "E-2.1.2"]}
        policies.approve(policies.propose(Proposal("law", rule, changed, TODAY, "废止"), compliance), director)
    policies.approve(policies.propose(Proposal("clause", "E-2.1.2", None, TODAY, "废止"), compliance), director)
    assert "E-2.1.2" not in services.register.clauses
    services.definitions.deploy(services.runtime.root, SYSTEM)


def test_originals_and_imports_are_kept_on_both_databases(any_app: Flask) -> None:
    services, compliance = current(), who("compliance")
    register = services.register
    first = services.originals.upload("B", "原文.txt", "第一行\r\n第二行".encode("gb18030"), compliance, register)
    second = services.originals.upload("B", "原文.md", "甲\n乙\n丙".encode(), compliance, register)
    found = services.originals.of("B21", register)
    assert found is not None
    assert (found.id, services.originals.read(second).lines) == (second, ["甲", "乙", "丙"])
    assert services.originals.read(first, with_content=True).content == "第一行\r\n第二行".encode("gb18030")
    assert services.originals.of("A", register) is None
    with pytest.raises(NotAllowed):
        services.originals.upload("B", "x.txt", b"x", who("director"), register)
    exported = services.transfer.export("yaml", compliance).decode()
    content = exported.replace("一般投诉在15分钟之内响应", "十五分钟内响应").encode()
    preview = services.transfer.preview("r.yaml", content, APRIL, compliance)
    assert [(one.key, one.verb) for one in preview.changes] == [("E-2.1.2", "changed")]
    ids = services.transfer.propose(preview.changes, APRIL, "导入", False, "r.yaml", compliance)
    assert services.policies.decide_all(ids, "approve", who("general_manager")) == []
    assert services.policies.register_for(APRIL).clauses["E-2.1.2"].zh.startswith("十五分钟内响应")
    again = services.transfer.preview("r.yaml", content, APRIL, compliance)
    assert (again.changes, again.errors) == ((), ())
