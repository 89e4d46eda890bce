"""A complaint, an enquiry and a suggestion, walked to each of their ends over HTTP alone."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.services.verification import verify
from app.store.base import db
from app.store.models import CaseLink, Job
from app.wiring import services
from tests.robot import fields
from tests.web.api_client import answers
from tests.web.api_walk import ApiWalk, Choices

CUSTOMER = ("accept_proposal", "confirm_result", "rate_service", "choose_next_step")
REFUSED: Choices = {"accept_proposal": {"accepted": False, "refusal_choice": "alternative"}}
UNHAPPY: Choices = {"confirm_result": {"result_confirmed": False, "result_choice": "none"},
                    "rate_service": {"satisfaction_score": 4, "appeal_wanted": False}}
ANGRY: Choices = {"confirm_result": {"result_confirmed": True}, "low_score_visit": {"visit_outcome": "appeal"},
                  "rate_service": {"satisfaction_score": 1, "appeal_wanted": True}}
HEARD: Choices = {"customer_answers": {"accepted": True}, "decide_appeal": {"appeal_outcome": "rejected"}}
CARE = "customer_care"  # goes on for a year after a complaint has closed (E-2.3.7)
HAPPY: Choices = {"followup_call": {"reached": True, "problem_solved": True},
                  "confirm_result": {"result_confirmed": True},
                  "rate_service": {"satisfaction_score": 5, "appeal_wanted": False}}


def nothing_is_broken(walk: ApiWalk) -> None:
    """Whatever follows the end has run, and the tables say what the states say."""
    walk.advance(by="PT30M")
    assert walk.api("admin").get("/incidents").get_json()["items"] == []
    db.session.rollback()
    assert set(db.session.execute(select(Job.state)).scalars()) <= {"done"}
    assert verify(services().runtime)["differences"] == []
    assert services().sealer.seal() >= 0
    assert services().sealer.verify() == []


def ended(walk: ApiWalk, outcome: str, status: str) -> dict[str, Any]:
    """Assert how the case stands, and that everything behind it is in order."""
    case = walk.case()
    assert (case["state"], case["outcome"], case["status"]) == ("closed", outcome, status), walk.done
    assert case["closed_at"] is not None
    nothing_is_broken(walk)
    return case


def test_a_complaint_ends_satisfied_with_every_clock_kept(app: Flask) -> None:
    walk = ApiWalk(app)
    walk.run(HAPPY)
    case = ended(walk, "end_closed_satisfied", "已关闭-满意")
    assert {one["state"] for one in case["milestones"]} == {"kept"}, case["milestones"]
    assert {task["process"] for task in case["open_tasks"]} <= {CARE}
    assert {"opinion", "contact_letter"} == {one["kind"] for one in case["documents"]}
    walk.advance(by="P31D")
    family = {one["process"]: one["state"] for one in walk.case()["instances"]}
    assert family == {"case": "completed", CARE: "active", "assessment": "active"}  # opened on the first (B21-6-1)
    nothing_is_broken(walk)


def test_silence_everywhere_ends_it_as_accepted_by_default(app: Flask) -> None:
    walk = ApiWalk(app)
    walk.run({"followup_call": {"reached": False}}, silent=CUSTOMER)
    ended(walk, "end_closed_silent", "已关闭-超期默认")
    assert walk.done.count("followup_call") == 5


def test_an_unfounded_complaint_is_explained_and_closed(app: Flask) -> None:
    walk = ApiWalk(app)
    walk.run({**HAPPY, "verify_complaint": {"founded": False}})
    ended(walk, "end_unfounded", "不属实已说明")
    assert "explain_unfounded" in walk.done


def test_three_refusals_end_it_not_agreed(app: Flask) -> None:
    walk = ApiWalk(app)
    walk.run({**HAPPY, **REFUSED})
    ended(walk, "end_not_agreed", "已关闭-未达成一致")
    assert walk.done.count("accept_proposal") == 3
    assert [one for one in walk.done if one in ("propose_alternative", "supervisor_coordinates")] == [
        "propose_alternative", "supervisor_coordinates"]


@pytest.mark.parametrize("choice", ["close", None])
def test_a_dissatisfied_customer_who_asks_for_nothing_ends_it_not_agreed(app: Flask, choice: str | None) -> None:
    walk = ApiWalk(app)
    walk.run({**HAPPY, **UNHAPPY, "choose_next_step": {"next_step": choice}},
             silent=() if choice else ("choose_next_step",))
    ended(walk, "end_not_agreed", "已关闭-未达成一致")


def test_a_silent_customer_does_not_accept_what_costs_money(app: Flask) -> None:
    walk = ApiWalk(app)
    paid = {"charge": "paid", "charge_total": 50, "cost_breakdown": "上门费 50 元"}
    walk.run({"draft_solution": paid}, silent=CUSTOMER)
    ended(walk, "end_not_agreed", "已关闭-未达成一致")


def test_a_duplicate_is_merged_into_the_first_case(app: Flask) -> None:
    first = ApiWalk(app)
    walk = ApiWalk(app)
    clerk, task = walk.api("clerk"), walk.open()["register_case"]
    served = clerk.get(f"/tasks/{task['id']}").get_json()
    field = next(one for one in fields(served["form"]["components"]) if one["key"] == "duplicate_of")
    assert field["properties"]["example"] == first.number
    for nobody in ("209912-9999", walk.number):
        data = answers(served, is_duplicate=True, duplicate_of=nobody)
        refused = clerk.post(f"/tasks/{task['id']}/complete", {"data": data})
        assert refused.status_code == 422
        assert [error["field"] for error in refused.get_json()["errors"]] == ["duplicate_of"]
    walk.complete("register_case", is_duplicate=True, duplicate_of=first.number)
    case = ended(walk, "end_merged", "并入原个案")
    assert case["open_tasks"] == []
    assert {one["state"] for one in case["milestones"] if one["reached_at"] is None} == {"cancelled"}
    assert first.case()["state"] == "open"
    db.session.rollback()
    assert [(link.kind, link.by) for link in db.session.execute(select(CaseLink)).scalars()] == [("merged", "clerk")]


@pytest.mark.parametrize("until", ["register_case", "respond_and_promise", "confirm_dispatch", "verify_complaint",
                                   "accept_proposal", "confirm_execution", "announce_result"])
def test_a_customer_withdraws_at_any_time_before_the_result(app: Flask, until: str) -> None:
    walk = ApiWalk(app)
    walk.run(until=until)
    answer = walk.api("clerk").post(f"/cases/{walk.number}/withdrawal", {"reason": "客户自行解决"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert set(walk.open()) == {"record_withdrawal"}
    walk.complete("record_withdrawal", goods_or_money_moved=until == "announce_result")
    if until == "announce_result":
        walk.complete("settle_withdrawn_effects")
    case = ended(walk, "end_withdrawn", "已撤回")
    assert "pending" not in {one["state"] for one in case["milestones"]}
    assert walk.api("clerk").post(f"/cases/{walk.number}/withdrawal", {"reason": "再次"}).status_code == 409


def test_a_customer_withdraws_in_the_answer_to_the_proposal(app: Flask) -> None:
    walk = ApiWalk(app)
    walk.run({"accept_proposal": {"accepted": False, "refusal_choice": "withdraw"}})
    ended(walk, "end_withdrawn", "已撤回")


def in_appeal(walk: ApiWalk) -> dict[str, str]:
    """Assert that the case waits for its appeal; return who is at work, by process."""
    case = walk.case()
    assert (case["state"], case["status"], case["outcome"]) == ("open", "申诉中", None), walk.done
    family = {one["process"]: one["state"] for one in case["instances"]}
    assert (family["case"], family["appeal"]) == ("completed", "active")
    return family


def lodge(walk: ApiWalk) -> None:
    """Lodge an appeal as a clerk does for a customer."""
    request = {"reason": "处理不公", "demand": "重新认定责任"}
    answer = walk.api("clerk").post(f"/cases/{walk.number}/appeals", request)
    assert answer.status_code == 201, answer.get_data(as_text=True)


@pytest.mark.parametrize(("decision", "choices", "outcome", "status"), [
    ("rejected", {"customer_answers": {"accepted": True}}, "end_rejected", "处理完成"),
    ("upheld", {"customer_answers": {"accepted": True}}, "end_upheld", "处理完成"),
    ("partly", {"customer_answers": {"accepted": True}}, "end_partly", "处理完成"),
    ("rejected", {"customer_answers": {"accepted": False}}, "end_external", "转外部"),
])
def test_an_appeal_during_the_follow_up_keeps_the_case_open_until_it_is_decided(
        app: Flask, decision: str, choices: Choices, outcome: str, status: str) -> None:
    walk = ApiWalk(app)
    walk.run(until="followup_call")
    lodge(walk)
    assert {task["process"] for task in walk.open().values()} <= {"appeal", CARE}
    in_appeal(walk)
    walk.run({**HEARD, "decide_appeal": {"appeal_outcome": decision, "main_remedy": "compensate"}, **choices})
    case = ended(walk, outcome, status)
    assert {task["process"] for task in case["open_tasks"]} <= {CARE}
    assert "appeal" in {one["kind"] for one in case["documents"]}


def test_an_appeal_in_the_survey_is_heard_and_ends_the_case(app: Flask) -> None:
    walk = ApiWalk(app)
    walk.run({**HAPPY, **ANGRY}, until="register_appeal")
    in_appeal(walk)
    walk.run({**HAPPY, **ANGRY, **HEARD})
    ended(walk, "end_rejected", "处理完成")


def test_an_appeal_within_the_window_reopens_the_case_until_it_is_decided(app: Flask) -> None:
    walk = ApiWalk(app)
    walk.run(HAPPY)
    walk.advance(by="P10D")
    lodge(walk)
    in_appeal(walk)
    walk.run({**HAPPY, **HEARD})
    ended(walk, "end_rejected", "处理完成")


def test_an_appeal_after_its_period_is_explained_and_ends_not_heard(app: Flask) -> None:
    walk = ApiWalk(app)
    walk.run(HAPPY)
    walk.advance(by="P16D")
    lodge(walk)
    walk.run(HAPPY)
    ended(walk, "end_not_heard", "已关闭-未达成一致")
    assert "explain_inadmissible" in walk.done


def test_an_unsolved_problem_is_handled_again_one_level_up_and_then_closed(app: Flask) -> None:
    walk = ApiWalk(app)
    walk.run(until="followup_call")
    walk.complete("followup_call", reached=True, problem_solved=False, followup_choice="rehandle")
    assert walk.open()["give_preliminary_proposal"]["group"] == "supervisor"
    assert walk.open()["head_contacts"]["process"] == "escalation"
    walk.run(HAPPY)
    ended(walk, "end_closed_satisfied", "已关闭-满意")
    case = walk.case()
    assert {one["round"] for one in case["milestones"]} >= {2}
    assert "opinion_supplement" in {one["kind"] for one in case["documents"]}


def test_a_closed_case_is_reopened_within_thirty_days(app: Flask) -> None:
    walk = ApiWalk(app)
    walk.run(HAPPY)
    walk.advance(by="P29D")
    message = {"name": "case_reopened", "correlation": walk.number, "payload": {"reopen_reason": "问题复发"}}
    assert walk.api("clerk").post("/messages", message).get_json()["state"] == "delivered"
    case = walk.case()
    assert (case["state"], case["outcome"], case["closed_at"]) == ("open", None, None)
    walk.run(HAPPY)
    ended(walk, "end_closed_satisfied", "已关闭-满意")
    walk.advance(by="P31D")
    assert walk.api("clerk").post("/messages", {**message, "key": "later"}).get_json()["state"] == "waiting"


@pytest.mark.parametrize(("kind", "specialist"), [("consultation", False), ("consultation", True), ("other", False)])
def test_an_enquiry_is_answered_and_closed(app: Flask, kind: str, specialist: bool) -> None:
    walk = ApiWalk(app, {"type": kind})
    needs = {"need_specialist": specialist, "target_department": "engineer"}
    walk.run({**HAPPY, "answer_enquiry": needs}, until="answer_enquiry")
    walk.complete("answer_enquiry", **needs)
    walk.run({**HAPPY, "answer_enquiry": {"need_specialist": False}})
    ended(walk, "end_closed_satisfied", "已关闭-满意")
    assert ("answer_as_specialist" in walk.done) is specialist


def test_a_question_answered_at_the_first_response_needs_no_dispatch(app: Flask) -> None:
    walk = ApiWalk(app, {"type": "consultation"})
    walk.run({**HAPPY, "respond_and_promise": {"answer_found": True}})
    ended(walk, "end_closed_satisfied", "已关闭-满意")
    assert "confirm_dispatch" not in walk.done


@pytest.mark.parametrize("disposition", ["adopt", "later", "reject", "to_product"])
def test_a_suggestion_is_weighed_and_answered(app: Flask, disposition: str) -> None:
    walk = ApiWalk(app, {"type": "suggestion"})
    walk.run({**HAPPY, "reply_suggestion": {"suggestion_disposition": disposition}})
    ended(walk, "end_closed_satisfied", "已关闭-满意")


def test_a_bought_in_product_goes_to_its_supplier(app: Flask) -> None:
    walk = ApiWalk(app, {"product": {"model": "CN-9", "serial_no": "SN-9", "origin": "purchased"}})
    walk.run({**HAPPY, "determine_responsibility": {"responsibility": "product_quality"}},
             until="record_supplier_handling")
    assert walk.open()["record_supplier_handling"]["group"] == "marketing"
    walk.run({**HAPPY})
    ended(walk, "end_closed_satisfied", "已关闭-满意")


def test_a_major_complaint_calls_the_task_force_and_is_visited(app: Flask) -> None:
    walk = ApiWalk(app, {"severity": "major", "flags": ["batch"]})
    walk.run(HAPPY)
    ended(walk, "end_closed_satisfied", "已关闭-满意")
    assert {"hold_meeting", "supervisor_visit"} <= set(walk.done)
