"""That links were reviewed is kept in the database over the tree's stamps, by compliance alone, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.errors import Invalid, NotAllowed
from app.policy.entries import entry_of
from app.store.base import db
from app.store.models import Audit, Deviation, ReviewStamp
from app.wiring import Services
from app.wiring import services as current
from tests.store.test_policies import TODAY, who
from tests.store.test_policy_law import OUTSIDE, change, covered

CLAUSE = "E-2.1.2"


@pytest.fixture
def services(any_app: Flask) -> Services:
    return current()


def restate(words: str, clause: str = CLAUSE) -> None:
    found = entry_of(current().register, "clause", clause)
    assert found is not None
    change("clause", clause, {**found, "zh": words})


def wanted() -> list[str]:
    return [one.clause for one in current().reviews.wanted()]


def told(clause: str = CLAUSE) -> Any:
    found = current().reviews.changes([one for one in current().coverage.now().clauses if one.clause == clause])
    return found[clause] if found[clause] is None else [(one.what, one.where) for one in found[clause]]


def state_of_review() -> list[str]:
    db.session.rollback()
    query = select(Deviation.state).where(Deviation.kind == "review").order_by(Deviation.id)
    return list(db.session.scalars(query))


def test_a_stamp_ends_the_asking_and_the_next_change_asks_again(services: Services) -> None:
    assert wanted() == []
    restate("一般投诉在十五分钟之内作出首次响应。")
    assert wanted() == [CLAUSE]
    services.deviations.sweep()
    assert state_of_review() == ["open"]
    assert services.reviews.stamp({CLAUSE: None}, who("compliance")) == ([CLAUSE], [])
    judged = covered(CLAUSE)
    assert (judged.needs_review, judged.reviewed_on, judged.reviewed_by) == (False, TODAY, "compliance")
    assert wanted() == []
    assert services.pictures.now().coverage[CLAUSE] == judged
    assert state_of_review() == ["closed"]
    assert services.deviations.sweep() == 0
    restate("一般投诉须在十五分钟之内作出首次响应。")
    assert wanted() == [CLAUSE]
    assert told() == [("clause", "")]
    services.deviations.sweep()
    assert state_of_review() == ["closed", "open"]
    actions = db.session.scalars(select(Audit.actor).where(Audit.action == "compliance:review:stamped")).all()
    assert list(actions) == ["compliance"]


def test_what_changed_is_told_against_the_trees_stamps_too(services: Services) -> None:
    restate("一般投诉在十五分钟之内作出首次响应。")
    assert told() is None  # nobody has noted yet what the tree's stamp stood for
    assert services.reviews.remember() == len(services.register.clauses) - 1
    assert services.reviews.remember() == 0
    assert told("A-1.1") == []
    change("disposition", "A-1.1", OUTSIDE)
    assert told("A-1.1") == [("new", "kpi:customer_satisfaction")]
    assert covered("A-1.2").reviewed_by == "项目组"


def test_several_are_stamped_each_for_itself_and_nothing_unseen(services: Services) -> None:
    restate("一般投诉在十五分钟之内作出首次响应。")
    restate("故障须在两小时内由工程师联系。", "A-2.1.6")
    digest = covered(CLAUSE).digest
    restate("一般投诉须在十五分钟之内作出首次响应。")
    done, refused = services.reviews.stamp({CLAUSE: digest, "A-2.1.6": None}, who("compliance"))
    assert done == ["A-2.1.6"]
    assert [one.detail["clause"] for one in refused] == [CLAUSE]
    assert wanted() == [CLAUSE]


def test_a_passed_review_date_wants_a_new_one_not_a_stamp(services: Services, clock: Any) -> None:
    change("disposition", "A-1.1", OUTSIDE)
    services.reviews.stamp({"A-1.1": None}, who("compliance"))
    assert wanted() == []
    clock.set(clock.now().replace(month=10))
    assert wanted() == ["A-1.1"]
    done, refused = services.reviews.stamp({"A-1.1": None}, who("compliance"))
    assert (done, len(refused)) == ([], 1)
    assert "A-1.1" in wanted()


@pytest.mark.parametrize("name", ["director", "general_manager", "manager", "owner", "clerk"])
def test_only_compliance_stamps(services: Services, name: str) -> None:
    with pytest.raises(NotAllowed):
        services.reviews.stamp({CLAUSE: None}, who(name))
    assert db.session.query(ReviewStamp).count() == 0


@pytest.mark.parametrize("given", [{}, {"Z-9": None}, {CLAUSE: None, "Z-9": None},
                                   {f"Z-{n}": None for n in range(501)}])
def test_what_is_no_clause_is_refused_and_nothing_is_written(services: Services, given: dict[str, None]) -> None:
    with pytest.raises(Invalid) as caught:
        services.reviews.stamp(given, who("compliance"))
    assert [one.field for one in caught.value.errors] == ["clauses"]
    assert db.session.query(ReviewStamp).count() == 0


def test_a_newer_stamp_of_the_tree_counts_over_the_databases(services: Services) -> None:
    services.reviews.stamp({CLAUSE: None}, who("compliance"))
    row = db.session.scalars(select(ReviewStamp)).one()
    db.session.add(ReviewStamp(  # as if the tree had been stamped anew since
        clause=CLAUSE, digest="f" * 12, day=row.day, at=row.at, by="compliance", over="2025-01-01 0123456789ab",
        seen={}))
    db.session.commit()
    assert (covered(CLAUSE).needs_review, covered(CLAUSE).reviewed_by) == (False, "项目组")
