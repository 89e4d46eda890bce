"""What the policy asks of the diagrams, told as walks: silence, refusal, appeal, follow-up, escalation, reopening."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app import engine
from tests.processes.walker import START, Walk, World, files

COMPLAINT = {"complaint_type": "service_attitude", "level": "P3", "severity": "general", "origin": "not_applicable",
             "owner_group": "relations", "several_departments": False, "repeat_complaint": False, "batch": False,
             "round": 1}
CASE = {"claimed_type": "complaint", "channel": "phone", "urgency": "medium", "severity": "general",
        "origin": "not_applicable", "customer_level": "ordinary", "customer_known": True, "safety": False,
        "production_stop": False, "batch": False, "public_opinion": False}
REGISTERED = {"case_type": "complaint", "complaint_type": "service_attitude", "severity": "general",
              "urgency": "medium", "origin": "not_applicable", "customer_level": "ordinary", "duplicate_of": None,
              "impact_scope": "one", "safety": False, "production_stop": False, "batch": False, "public_opinion": False,
              "repeat_complaint": False}


def quiet_world() -> World:
    """Return a world in which no milestone is due by itself."""
    world = World(7)
    names = ("first_response", "acknowledge", "verify", "preliminary_proposal", "proposal", "resolution",
             "opinion_closed", "follow_up", "supervisor_visit", "low_score_visit")
    world.milestones.update(dict.fromkeys(names))
    return world


def do(walk: Walk, element_id: str, **given: object) -> None:
    """Complete the open task of an element."""
    walk.answer(walk.task(element_id), **given)


def ended_at(walk: Walk) -> str:
    """Return the last end event of the walked process itself."""
    assert walk.execution.view().ended
    return [event.element.id for event in walk.world.events if event.element.type == "endEvent"
            and event.element.process == walk.key and event.element.parent is None][-1]


def linked(world: World) -> list[tuple[str, str | None]]:
    """Return (reason, milestone) of every escalation that was started."""
    return [(call.params["reason"], call.params.get("milestone")) for call in world.calls
            if call.operation == "start_linked_process"]


def proposed(charge: str = "free", remedy: str = "service") -> Walk:
    """Return a complaint whose proposal waits for the customer."""
    walk = Walk("complaint", COMPLAINT, quiet_world())
    do(walk, "give_preliminary_proposal")
    do(walk, "verify_complaint", founded=True)
    do(walk, "determine_responsibility", responsibility="service_failure", involves="none", need_rectification=False)
    do(walk, "draft_solution", main_remedy=remedy, charge=charge, compensation_amount=0)
    assert walk.open() == {"accept_proposal"}
    return walk


@pytest.mark.parametrize(("charge", "outcome"), [("free", "executed"), ("paid", "not_agreed")])
def test_silence_accepts_a_proposal_but_never_one_that_costs_the_customer(charge, outcome):
    walk = proposed(charge)
    walk.pass_time(days=6)
    do(walk, "settle_opinion")
    if charge == "free":
        do(walk, "confirm_execution", execution_result="done")
    do(walk, "announce_result")
    assert walk.execution.variables()["result_outcome"] == outcome


def test_refusals_lead_to_an_alternative_then_the_supervisor_then_settlement_as_not_agreed():
    walk = proposed()
    for attempt in ("propose_alternative", "supervisor_coordinates"):
        do(walk, "accept_proposal", accepted=False, refusal_choice="alternative")
        do(walk, attempt, main_remedy="service", charge="free", compensation_amount=100)
    do(walk, "accept_proposal", accepted=False, refusal_choice="alternative")
    do(walk, "settle_opinion")
    do(walk, "announce_result")
    assert walk.execution.variables()["result_outcome"] == "not_agreed"


def test_a_dearer_alternative_is_approved_like_the_first_proposal():
    walk = proposed()
    do(walk, "accept_proposal", accepted=False, refusal_choice="alternative")
    do(walk, "propose_alternative", main_remedy="compensate", charge="free", compensation_amount=1500)
    assert walk.open() == {"approve_compensation"}
    assert walk.task("approve_compensation").group == "supervisor"


def test_a_refund_is_timed_from_the_acceptance():
    walk = proposed(remedy="return")
    do(walk, "accept_proposal", accepted=True)
    starts = [call.params for call in walk.world.calls if call.operation == "start_milestone"]
    assert {"clock_start": "solution_accepted", "names": ["refund"], "at": START.isoformat()} in starts


def test_an_execution_that_fails_leads_to_a_new_solution_and_a_supplementary_opinion():
    walk = proposed()
    do(walk, "accept_proposal", accepted=True)
    do(walk, "settle_opinion")
    do(walk, "confirm_execution", execution_result="failed")
    opened = [call.params["kind"] for call in walk.world.calls if call.operation == "open_document"]
    assert opened == ["opinion", "contact_letter", "opinion_supplement"]
    assert walk.open() == {"propose_alternative"}


def test_an_unfounded_complaint_is_explained_once_and_still_settled():
    walk = Walk("complaint", COMPLAINT, quiet_world())
    do(walk, "give_preliminary_proposal")
    do(walk, "verify_complaint", founded=False)
    do(walk, "explain_unfounded")
    do(walk, "settle_opinion")
    assert ended_at(walk) == "end_complaint"
    assert walk.execution.variables()["result_outcome"] == "unfounded"


def test_a_bought_in_product_goes_to_the_supplier_who_is_reminded_daily():
    walk = Walk("complaint", {**COMPLAINT, "complaint_type": "product_quality", "origin": "purchased"}, quiet_world())
    do(walk, "give_preliminary_proposal")
    do(walk, "check_order", origin="purchased")
    assert walk.task("verify_complaint").group == "marketing"
    do(walk, "verify_complaint", founded=True)
    do(walk, "determine_responsibility", responsibility="product_quality", involves="none", need_rectification=False)
    walk.execution.finish_call(walk.execution.view().calls[0].task_id, {})
    walk.pass_time(hours=49)
    reminders = [call for call in walk.world.calls if call.params.get("template") == "supplier_reminder"]
    assert len(reminders) == 2


def heard() -> Walk:
    """Return a follow-up of a complaint in which the clerk's call found the problem solved."""
    return Walk("satisfaction", {"case_type": "complaint", "level": "P3", "result_outcome": "executed"}, quiet_world())


def test_an_appeal_on_the_survey_wins_over_a_visit_that_settled():
    walk = heard()
    do(walk, "followup_call", reached=True, problem_solved=True, followup_choice=None)
    do(walk, "rate_service", satisfaction_score=2, appeal_wanted=True)
    do(walk, "file_survey")
    do(walk, "confirm_result", result_confirmed=True, result_choice=None)
    do(walk, "low_score_visit", visit_outcome="settled")
    assert walk.execution.variables()["verdict"] == "appeal"


def test_the_customer_may_take_the_appeal_back():
    walk = heard()
    do(walk, "followup_call", reached=True, problem_solved=True, followup_choice=None)
    do(walk, "rate_service", satisfaction_score=2, appeal_wanted=True)
    do(walk, "file_survey")
    do(walk, "confirm_result", result_confirmed=True, result_choice=None)
    do(walk, "low_score_visit", visit_outcome="appeal_withdrawn")
    assert walk.execution.variables()["verdict"] == "satisfied"


@pytest.mark.parametrize(("choice", "verdict"), [("rehandle", "rehandle"), ("appeal", "appeal"),
                                                 ("close", "not_agreed"), (None, "not_agreed")])
def test_a_dissatisfied_customer_is_asked_what_next(choice, verdict):
    walk = heard()
    do(walk, "followup_call", reached=True, problem_solved=True, followup_choice=None)
    do(walk, "rate_service", satisfaction_score=4, appeal_wanted=False)
    do(walk, "file_survey")
    do(walk, "confirm_result", result_confirmed=False, result_choice="none")
    if choice is None:
        walk.pass_time(days=6)
    else:
        do(walk, "choose_next_step", next_step=choice)
    assert walk.execution.variables()["verdict"] == verdict


def test_a_customer_who_was_not_reached_is_called_again_and_counts_as_no_follow_up():
    walk = heard()
    reached = [call for call in walk.world.calls if call.operation == "reach_milestone"]
    do(walk, "followup_call", reached=False, problem_solved=None, followup_choice=None)
    assert "followup_call" not in walk.open()
    walk.pass_time(hours=4)
    assert "followup_call" in walk.open()
    assert not reached
    do(walk, "followup_call", reached=True, problem_solved=True, followup_choice=None)
    assert [call.params for call in walk.world.calls if call.operation == "reach_milestone"] == [{"name": "follow_up"}]


@pytest.mark.parametrize(("choice", "verdict"), [("appeal", "appeal"), ("rehandle", "unsolved")])
def test_an_unsolved_problem_ends_the_follow_up_at_once(choice, verdict):
    walk = heard()
    do(walk, "followup_call", reached=True, problem_solved=False, followup_choice=choice)
    assert ended_at(walk) == "end_unsolved"
    assert walk.execution.variables()["verdict"] == verdict


def test_a_major_complaint_is_visited_by_the_supervisor():
    walk = Walk("satisfaction", {"case_type": "complaint", "level": "P1", "result_outcome": "executed"}, quiet_world())
    do(walk, "followup_call", reached=True, problem_solved=True, followup_choice=None)
    assert "supervisor_visit" in walk.open()


def test_number_level_and_clocks_are_there_before_the_first_wait():
    walk = Walk("case", CASE, quiet_world())
    done = [event.element.id for event in walk.world.events if event.transition == "completed"]
    assert done.index("create_work_order") < done.index("grade_provisionally") < done.index("open_case_clocks")
    assert walk.open() == {"register_case"}
    assert walk.execution.variables()["level"] == "P3"


def test_the_first_response_is_watched_from_the_registration_on():
    world = quiet_world()
    world.milestones["first_response"] = START + timedelta(minutes=15)
    walk = Walk("case", CASE, world)
    walk.pass_time(minutes=14)
    assert linked(world) == []
    walk.pass_time(minutes=2)
    assert linked(world) == [("overdue", "first_response")]
    assert walk.open() == {"register_case"}


def dispatched() -> Walk:
    """Return a case whose complaint is with its owner."""
    walk = Walk("case", CASE, quiet_world())
    do(walk, "register_case", **REGISTERED)
    do(walk, "respond_and_promise", answer_found=False, complex=False, several_departments=False)
    do(walk, "confirm_dispatch", dispatch_accepted="accept")
    return walk


def test_a_case_that_is_a_day_overdue_goes_to_the_director():
    walk = Walk("case", CASE, quiet_world())
    walk.world.milestones["resolution"] = START + timedelta(days=3)
    do(walk, "register_case", **REGISTERED)
    do(walk, "respond_and_promise", answer_found=False, complex=False, several_departments=False)
    do(walk, "confirm_dispatch", dispatch_accepted="accept")
    walk.pass_time(days=3, minutes=1)
    assert linked(walk.world) == [("overdue", "resolution")]
    walk.pass_time(days=1)
    assert linked(walk.world) == [("overdue", "resolution"), ("overdue_24h", "resolution")]


def test_the_customer_hears_of_the_progress_every_day():
    walk = dispatched()
    walk.pass_time(days=3, minutes=1)
    assert sum(call.params.get("template") == "daily_progress" for call in walk.world.calls) == 3


def test_a_batch_fault_is_major_and_calls_the_task_force():
    walk = Walk("case", {**CASE, "batch": True}, quiet_world())
    assert walk.execution.variables()["level"] == "P1"
    do(walk, "register_case", **{**REGISTERED, "batch": True})
    assert ("wide_impact", "first_response") in linked(walk.world)
    do(walk, "respond_and_promise", answer_found=False, complex=False, several_departments=False)
    assert walk.task("confirm_dispatch").group == "task_force"


def closed() -> Walk:
    """Return a case that was closed to the customer's satisfaction and may be reopened."""
    walk = dispatched()
    do(walk, "give_preliminary_proposal")
    do(walk, "verify_complaint", founded=True)
    do(walk, "determine_responsibility", responsibility="service_failure", involves="none", need_rectification=False)
    do(walk, "draft_solution", main_remedy="service", charge="free", compensation_amount=0)
    do(walk, "accept_proposal", accepted=True)
    do(walk, "settle_opinion")
    do(walk, "confirm_execution", execution_result="done")
    do(walk, "announce_result")
    do(walk, "followup_call", reached=True, problem_solved=True, followup_choice=None)
    do(walk, "rate_service", satisfaction_score=5, appeal_wanted=False)
    do(walk, "file_survey")
    do(walk, "confirm_result", result_confirmed=True, result_choice=None)
    return walk


def completions(walk: Walk) -> list[str]:
    """Return the ids of what completed."""
    return [event.element.id for event in walk.world.events if event.transition == "completed"]


def test_a_general_complaint_costs_its_people_twelve_tasks():
    walk = closed()
    assert "end_closed_satisfied" in completions(walk)
    staff = [event.element.id for event in walk.world.events if event.element.type == "userTask"
             and event.element.lane != "customer" and event.transition == "completed"]
    assert len(staff) == 12


def test_a_closed_case_is_reopened_within_thirty_days_one_level_up():
    walk = closed()
    walk.pass_time(days=29)
    assert walk.execution.deliver("case_reopened", {})
    assert walk.open() == {"give_preliminary_proposal"}
    assert walk.task("give_preliminary_proposal").group == "supervisor"
    updates = [call.params for call in walk.world.calls if call.operation == "update_case"]
    assert updates[-1] == {"round": 2, "owner_group": "supervisor"}


def test_a_closed_case_ends_after_thirty_days():
    walk = closed()
    walk.pass_time(days=31)
    assert ended_at(walk) == "end_case"


def test_an_appeal_within_the_window_goes_to_the_appeal_and_ends_the_case_in_appeal():
    walk = closed()
    walk.execution.deliver("appeal_requested", {"appeal_reason": "不认可", "appeal_demand": "退款"})
    assert "end_in_appeal" in completions(walk)
    assert ended_at(walk) == "end_case"
    (appeal,) = [call.params for call in walk.world.calls if call.params.get("process") == "appeal"]
    assert (appeal["appeal_reason"], appeal["status"]) == ("不认可", "申诉中")
    assert appeal["result_at"] is not None


@pytest.mark.parametrize("moved", [True, False])
def test_a_withdrawal_settles_what_moved_and_ends_the_case(moved):
    walk = dispatched()
    walk.execution.deliver("withdrawal", {})
    do(walk, "record_withdrawal", goods_or_money_moved=moved)
    if moved:
        do(walk, "settle_withdrawn_effects")
    assert "end_withdrawn" in completions(walk)
    assert ended_at(walk) == "end_case"


def test_a_duplicate_is_merged_into_the_first_case():
    walk = Walk("case", CASE, quiet_world())
    do(walk, "register_case", **{**REGISTERED, "duplicate_of": "202603-0001"})
    assert "end_merged" in completions(walk)
    assert ended_at(walk) == "end_case"


def escalated(reason: str = "overdue", milestone: str = "first_response", **case: object) -> Walk:
    """Return an escalation at its first rung."""
    return Walk("escalation", {"reason": reason, "milestone": milestone}, World(3, dict(case)))


def test_an_escalation_climbs_a_rung_every_two_hours_until_somebody_calls_the_customer():
    walk = escalated()
    for hours, rung in ((0, "supervisor_contacts"), (2, "head_contacts"), (2, "director_contacts")):
        walk.pass_time(hours=hours)
        assert walk.open() == {rung}
    walk.pass_time(hours=2)
    assert walk.open() == {"director_contacts"}
    assert any(call.params.get("template") == "escalated_contact_late" for call in walk.world.calls)
    do(walk, "director_contacts", approval_signed=False)
    do(walk, "handle_escalation", handling_result="resolved")
    do(walk, "sign_afterwards")
    assert ended_at(walk) == "end_escalation"


def test_a_supervisor_who_calls_may_sign_the_form_in_the_same_sitting():
    walk = escalated()
    do(walk, "supervisor_contacts", approval_signed=True)
    do(walk, "handle_escalation", handling_result="resolved")
    assert ended_at(walk) == "end_escalation"


def test_a_second_complaint_needs_approval_which_goes_to_the_head_after_two_hours():
    walk = escalated("second_complaint", "round_2", round=2)
    do(walk, "fill_escalation_form")
    walk.pass_time(hours=2)
    assert walk.open() == {"approve_by_head"}
    do(walk, "approve_by_head", approved=False)
    assert ended_at(walk) == "end_rejected"


def test_a_settled_case_ends_its_escalation_and_the_next_one_is_told():
    walk = escalated()
    waiting = walk.execution.view().messages
    assert [message.correlation for message in waiting] == ["202603-0001/handling/1"]
    walk.execution.deliver("case_settled", {})
    assert walk.world.thrown == [("case_settled", "202603-0001/handling/1")]
    assert walk.open() == {"sign_afterwards"}


@pytest.mark.parametrize(("row", "verify"), [("P1", ["PT24H", "P1D"]), ("P2", ["PT24H", "P1D"]), ("P3", "P1D")])
def test_a_day_and_a_working_day_are_both_kept(row, verify):
    (table,) = engine.read_table(files()["processes/decisions/deadlines.dmn"], "deadlines.dmn")
    result = engine.evaluate_table(table, {"case_type": "complaint", "level": row, "origin": "self_made"})
    assert result.outputs is not None
    assert result.outputs["verify"] == verify
    assert result.outputs["refund"] == "P15D"


def test_every_diagram_that_starts_a_process_beside_gives_it_the_same_variables() -> None:
    own = {"process", "reason", "milestone", "unless_reached", "status"}  # what the handler itself takes
    given: dict[str, dict[str, set[str]]] = {}
    for path, content in files().items():
        text = content.decode("utf-8") if path.endswith(".bpmn") else ""
        for call in re.findall(r'id="start_linked_process".*?</spiffworkflow:serviceTaskOperator>', text, re.DOTALL):
            parameters = dict(re.findall(r'parameter id="(\w+)"[^>]*? value="([^"]*)"', call))
            given.setdefault(parameters["process"], {}).setdefault(path, set()).update(parameters.keys() - own)
    assert {process for process, starters in given.items() if len({*map(frozenset, starters.values())}) > 1} == set()
