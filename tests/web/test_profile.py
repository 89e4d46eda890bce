"""The policy's switches: a process owner changes them on a page, clocks and decisions follow, the audit knows."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from app.store.base import db
from app.store.models import Audit
from app.wiring import services
from tests.web.api_client import Api
from tests.web.pages import Browser

PAGE = "/operations/profile"


def resolution(app: Flask) -> tuple[str, str]:
    clerk = Api(app, "clerk")
    case = clerk.register(severity="major")
    found = clerk.milestone(case["number"], "resolution")
    return found["rule"], found["duration"]


def test_the_specific_profile_gives_major_complaints_the_time_that_their_clause_gives(any_app: Flask) -> None:
    assert resolution(any_app) == ("R01", "PT24H")
    owner = Browser(any_app, "owner")
    assert "24" in owner.text(PAGE)
    said = owner.post(PAGE, name="specific", penalty_boundary="general_affairs", reason="经公司领导批准")
    assert said.status_code == 302
    assert resolution(any_app) == ("SR01", "PT48H")
    db.session.rollback()
    (row,) = db.session.execute(select(Audit).where(Audit.action == "policy:profile:set")).scalars()
    assert row.actor == "owner"
    assert row.detail == {"from": {"name": "strict", "penalty_boundary": "general_manager"}, "reason": "经公司领导批准",
                          "to": {"name": "specific", "penalty_boundary": "general_affairs"}}


def test_who_approves_exactly_five_thousand_follows_the_switch(any_app: Flask) -> None:
    runtime = services().runtime
    version = runtime.library.latest("assessment")
    assert version is not None

    def approver(amount: int) -> str:
        context = {"severity": "general", "penalty_amount": amount, "profile": runtime.profile()}
        outputs = runtime.library.decide(version.id, "penalty_approval", context).outputs
        return str(outputs["approver_group"])  # type: ignore[index]

    assert [approver(one) for one in (4999, 5000, 5001)] == ["general_affairs", "general_manager", "general_manager"]
    Browser(any_app, "owner").post(PAGE, name="strict", penalty_boundary="general_affairs", reason="按综合部口径")
    assert [approver(one) for one in (4999, 5000, 5001)] == ["general_affairs", "general_affairs", "general_manager"]


def test_bad_values_and_other_people_change_nothing(app: Flask) -> None:
    owner = Browser(app, "owner")
    answer = owner.post(PAGE, name="loose", penalty_boundary="general_manager", reason="")
    assert answer.status_code == 422
    assert "请写明原因" in answer.get_data(as_text=True)
    compliance = Browser(app, "compliance")
    assert "<textarea" not in compliance.text(PAGE)
    assert compliance.post(PAGE, name="specific", penalty_boundary="general_manager", reason="试试").status_code == 403
    assert Browser(app, "clerk").get(PAGE).status_code in {403, 404}
    assert services().profiles.read() == {"name": "strict", "penalty_boundary": "general_manager"}
