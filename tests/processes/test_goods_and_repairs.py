"""What the policy asks of goods, money and repairs, told as walks: gates, papers, silence, visits, parts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.errors import BusinessError
from app.facts import Done
from tests.processes.test_rules import do, ended_at, quiet_world
from tests.processes.walker import START, Walk, World

AGREED = {"remedy": "return", "return_reason": "quality", "opinion_number": "YJ-202603-001", "accepted_at": None,
          "charge": "free", "owner_group": "clerk"}
APPLIED = {**AGREED, "remedy": None, "return_reason": None, "opinion_number": None, "charge": None}
SETTLED = {"remedy": "repair", "charge": "free", "opinion_number": "YJ-202603-001", "owner_group": "engineer",
           "origin": "self_made", "accepted_at": None}
REPORTED = {**SETTLED, "remedy": None, "charge": None, "opinion_number": None}


class Papers(World):
    """A world whose papers are sealed when `sealed` names them, and where nothing happens by itself."""

    def __init__(self, *sealed: str | None) -> None:
        super().__init__(7)
        self.milestones = quiet_world().milestones | {"refund": None}
        self.sealed, self.lapsed = set(sealed), set()

    def call(self, call):
        """Answer for the papers; the rest as ever."""
        if call.operation != "check_papers":
            return super().call(call)
        self.calls.append(call)
        wanted = [call.params["wanted"]] if isinstance(call.params["wanted"], str) else call.params["wanted"]
        missing = [name for name in wanted if call.params[name] not in self.sealed]
        lapsed = call.params["opinion"] is None or call.params["opinion"] in self.lapsed
        return Done({"complete": not missing, "missing": "、".join(missing), "lapsed": lapsed})


def by_hand(walk: Walk) -> None:
    """End the waiting outside call with "nobody is connected"."""
    (call,) = walk.execution.view().calls
    walk.execution.fail_call(call.task_id, BusinessError("BY_HAND", ""))


def operations(walk: Walk) -> list[str]:
    """Return the operations that ran, in order."""
    return [call.operation for call in walk.world.calls]


def params_of(walk: Walk, operation: str, **like: object) -> list[dict]:
    """Return the parameters of each call of an operation that has these ones."""
    found = [dict(call.params) for call in walk.world.calls if call.operation == operation]
    return [params for params in found if like.items() <= params.items()]


def stocked(remedy: str = "return", **more: object) -> Walk:
    """Return a return whose goods are in stock."""
    walk = Walk("return_reissue", {**AGREED, "remedy": remedy, **more}, Papers("YJ-202603-001"))
    do(walk, "agree_method", return_method="courier", visit_at=None)
    do(walk, "receive_goods")
    do(walk, "fill_red_slip")
    do(walk, "inspect", inspection_passed=False, defect_confirmed=True, inspector="王工")
    do(walk, "stock_in")
    return walk


# ---- the goods gate


def test_no_goods_move_before_the_opinion_itself_is_settled():
    walk = Walk("return_reissue", AGREED, Papers())
    assert walk.open() == set()
    assert not params_of(walk, "open_document")
    assert walk.execution.deliver("opinion_closed", {})  # a message alone opens nothing: the paper is asked again
    assert walk.open() == set()
    walk.world.sealed.add("YJ-202603-001")
    walk.execution.deliver("opinion_closed", {})
    assert walk.open() == {"agree_method"}


def test_an_opinion_that_was_sealed_without_settling_is_replaced_by_a_new_one():
    world = Papers()
    world.lapsed.add("YJ-202603-001")
    walk = Walk("return_reissue", AGREED, world)
    assert walk.open() == {"settle_short_opinion"}


def test_a_token_that_says_otherwise_does_not_open_the_gate():
    walk = Walk("return_reissue", {**AGREED, "opinion_closed": True, "opinion_state": {"complete": True}}, Papers())
    assert walk.open() == set()


def test_every_slip_is_opened_on_the_opinion_only():
    walk = stocked("exchange")
    do(walk, "request_reissue")
    for kind in ("return_slip", "red_slip", "reissue_request", "black_slip"):
        (opened,) = params_of(walk, "open_document", kind=kind)
        assert (opened["opinion"], opened["needs_opinion"]) == ("YJ-202603-001", True), kind


def test_a_plain_return_gets_a_short_opinion_that_is_settled_before_goods_move():
    walk = Walk("return_reissue", APPLIED, Papers())
    do(walk, "apply_for_return", return_reason="quality", received_on="2026-02-27", bought_online=True)
    do(walk, "review_return", materials_complete=True, eligible=True, return_or_exchange="refund", price_difference=0)
    do(walk, "accept_return", accepted=True)
    assert walk.open() == {"settle_short_opinion"}
    (opened,) = params_of(walk, "open_document", kind="opinion")
    assert opened["data"] == {"subtype": "return_exchange"}
    walk.world.sealed.add(walk.task("settle_short_opinion").variables["opinion_number"])
    do(walk, "settle_short_opinion")
    (sealed,) = params_of(walk, "close_document", kind="opinion")
    assert sealed["recipients"] == ["general_affairs", "finance", "manufacturing", "marketing"]
    assert walk.open() == {"agree_method"}


# ---- slips, inspection, stock


def test_the_goods_are_inspected_and_signed_before_they_go_into_stock():
    walk = stocked()
    done = [event.element.id for event in walk.world.events if event.transition == "completed"]
    order = ["open_red_slip", "fill_red_slip", "inspect", "sign_red_slip", "stock_in", "seal_red_slip"]
    assert [name for name in done if name in order] == order
    (sealed,) = params_of(walk, "close_document", kind="red_slip")
    assert (sealed["signed_by"], sealed["recipients"]) == ("quality", ["warehouse", "marketing"])
    (opened,) = params_of(walk, "open_document", kind="red_slip")
    assert opened["copies"] == 2


@pytest.mark.parametrize(("reason", "intact", "defect", "passes"), [
    ("quality", False, True, True), ("quality", True, False, False), ("no_reason", True, None, True),
    ("no_reason", False, None, False), ("wrong_goods", True, None, True)])
def test_quality_is_examined_for_the_defect_and_everything_else_must_be_intact(reason, intact, defect, passes):
    walk = Walk("return_reissue", {**AGREED, "return_reason": reason}, Papers("YJ-202603-001"))
    do(walk, "agree_method", return_method="courier", visit_at=None)
    do(walk, "receive_goods")
    do(walk, "fill_red_slip")
    do(walk, "inspect", inspection_passed=intact, defect_confirmed=defect)
    assert walk.open() == ({"stock_in"} if passes else {"negotiate_failed"})


def test_goods_that_fail_go_back_with_the_slip_void_and_no_refund_owed():
    walk = Walk("return_reissue", AGREED, Papers("YJ-202603-001"))
    do(walk, "agree_method", return_method="courier", visit_at=None)
    do(walk, "receive_goods")
    do(walk, "fill_red_slip")
    do(walk, "inspect", inspection_passed=True, defect_confirmed=False)
    do(walk, "negotiate_failed", concession_agreed=False)
    by_hand(walk)
    do(walk, "record_shipment")
    assert walk.execution.variables()["return_outcome"] == "inspection_failed"
    assert ended_at(walk) == "end_inspection_failed"
    assert params_of(walk, "void_document", kind="red_slip")
    assert params_of(walk, "cancel_milestones", names=["refund"])


def test_a_concession_is_signed_by_technical_quality_again():
    walk = Walk("return_reissue", AGREED, Papers("YJ-202603-001"))
    do(walk, "agree_method", return_method="courier", visit_at=None)
    do(walk, "receive_goods")
    do(walk, "fill_red_slip")
    do(walk, "inspect", inspection_passed=True, defect_confirmed=False)
    do(walk, "negotiate_failed", concession_agreed=True)
    assert walk.open() == {"inspect"}
    do(walk, "inspect", inspection_passed=True, defect_confirmed=False)
    assert walk.open() == {"stock_in"}


# ---- money


def test_the_refund_clock_runs_from_the_acceptance_also_when_a_complaint_or_repair_agreed_it():
    accepted_at = (START - timedelta(hours=5)).isoformat()
    walk = Walk("return_reissue", {**AGREED, "accepted_at": accepted_at}, Papers())
    (started,) = params_of(walk, "start_milestone", clock_start="solution_accepted")
    assert (started["names"], started["at"]) == (["refund"], accepted_at)


def test_an_exchange_starts_no_refund_clock():
    walk = Walk("return_reissue", {**AGREED, "remedy": "exchange"}, Papers())
    assert not params_of(walk, "start_milestone")


def test_a_refund_is_never_invented_without_a_bank_a_person_records_it():
    walk = stocked()
    do(walk, "prepare_refund", refund_amount=100, refund_channel="bank", refund_account="6222")
    assert [call.element.id for call in walk.execution.view().calls] == ["issue_refund"]
    by_hand(walk)
    assert walk.open() == {"record_payment"}
    do(walk, "record_payment", refund_reference="B-77")
    assert walk.execution.variables()["return_outcome"] == "refunded"
    (told,) = params_of(walk, "notify", template="refund_paid")
    assert told["reference"] == "B-77"
    assert [event.element.id for event in walk.world.events if event.element.milestone == "refund"]


def test_a_payment_that_bounces_goes_back_to_finance():
    walk = stocked()
    do(walk, "prepare_refund")
    walk.execution.fail_call(walk.execution.view().calls[0].task_id, BusinessError("REFUND_REJECTED", "账号有误"))
    assert walk.open() == {"prepare_refund"}


def test_a_late_refund_is_escalated():
    walk = stocked()
    walk.world.milestones["refund"] = walk.world.time + timedelta(days=21)
    walk.execution.rearm({"refund": walk.world.milestones["refund"]})
    walk.pass_time(days=22)
    assert params_of(walk, "start_linked_process", milestone="refund")


def test_new_goods_leave_on_a_black_slip_and_a_lost_parcel_is_sent_again():
    walk = stocked("exchange")
    for _ in range(2):
        do(walk, "request_reissue")
        do(walk, "outbound")
        do(walk, "pack")
        by_hand(walk)
        do(walk, "record_shipment", tracking_no="SF1")
        by_hand(walk)
        do(walk, "track_delivery", parcel_state="on_the_way")
        walk.pass_time(hours=25)
        by_hand(walk)
        if walk.world.thrown == [] and len(params_of(walk, "open_document", kind="black_slip")) == 1:
            do(walk, "track_delivery", parcel_state="lost")
        else:
            do(walk, "track_delivery", parcel_state="delivered")
    assert ended_at(walk) == "end_exchanged"
    assert len(params_of(walk, "open_document", kind="black_slip", copies=2)) == 2
    assert len(params_of(walk, "notify", template="tracking_no")) == 2


def test_a_price_difference_is_collected_before_the_goods_leave():
    walk = stocked("exchange", charge="paid")
    do(walk, "collect_difference", paid=False)
    assert walk.open() == {"collect_difference"}
    do(walk, "collect_difference", paid=True)
    assert walk.open() == {"request_reissue"}


@pytest.mark.parametrize(("difference", "outcome"), [(0, None), (50, "withdrawn")])
def test_silence_accepts_a_return_but_never_a_price_difference(difference, outcome):
    walk = Walk("return_reissue", APPLIED, Papers())
    do(walk, "apply_for_return", return_reason="quality", received_on="2026-02-27")
    do(walk, "review_return", materials_complete=True, eligible=True, return_or_exchange="exchange",
       price_difference=difference)
    walk.pass_time(days=6)
    assert walk.execution.variables()["return_outcome"] == outcome


def test_missing_papers_are_asked_for_and_a_refused_application_says_why():
    walk = Walk("return_reissue", APPLIED, Papers())
    do(walk, "apply_for_return", received_on="2026-01-02")
    do(walk, "review_return", materials_complete=False, eligible=None)
    assert walk.open() == {"apply_for_return"}
    do(walk, "apply_for_return", received_on="2026-01-02")
    do(walk, "review_return", materials_complete=True, eligible=False)
    assert ended_at(walk) == "end_not_eligible"
    assert params_of(walk, "notify", template="return_not_eligible")


def test_three_refusals_end_without_agreement_and_with_the_right_of_appeal():
    walk = Walk("return_reissue", APPLIED, Papers())
    do(walk, "apply_for_return", received_on="2026-02-27")
    do(walk, "review_return", materials_complete=True, eligible=True, return_or_exchange="refund", price_difference=0)
    for group in ("clerk", "supervisor"):
        do(walk, "accept_return", accepted=False, refusal_choice="alternative")
        assert walk.task("offer_alternative").group == group
        do(walk, "offer_alternative", return_or_exchange="exchange", price_difference=0)
    do(walk, "accept_return", accepted=False, refusal_choice="alternative")
    assert ended_at(walk) == "end_not_agreed"
    assert params_of(walk, "notify", template="return_not_agreed")


# ---- the three papers


@pytest.mark.parametrize(("settlement", "third"), [("refund", "TK-202603-001"), ("exchange", "CK-202603-001")])
def test_finance_books_only_with_all_three_papers(settlement, third):
    start = {"settlement": settlement, "opinion": "YJ-202603-001", "red_slip": "HC-202603-001",
             "black_slip": third if settlement == "exchange" else None,
             "refund_voucher": third if settlement == "refund" else None}
    world = Papers("YJ-202603-001", "HC-202603-001")
    walk = Walk("bookkeeping", start, world)
    do(walk, "hand_over_papers", handed_red_slip=True, handed_black_slip=settlement == "exchange")
    assert walk.open() == {"hand_over_papers"}
    world.sealed.add(third)
    do(walk, "hand_over_papers", handed_red_slip=True, handed_black_slip=settlement == "exchange")
    assert walk.open() == {"book"}
    handed = [number for params in params_of(walk, "hand_over_copies") for number in params["numbers"]]
    assert handed == (["HC-202603-001", "CK-202603-001"] if settlement == "exchange" else ["HC-202603-001"])
    assert all(params["held_by"] == "finance" for params in params_of(walk, "check_papers"))


def test_booking_does_not_hold_the_customer_up():
    walk = stocked()
    do(walk, "prepare_refund")
    by_hand(walk)
    do(walk, "record_payment")
    assert ended_at(walk) == "end_refunded"
    (started,) = params_of(walk, "start_linked_process", process="bookkeeping")
    assert started["settlement"] == "refund"


# ---- visits


def test_no_collection_without_a_confirmed_time():
    walk = Walk("return_reissue", AGREED, Papers("YJ-202603-001"))
    do(walk, "agree_method", return_method="onsite_pickup", visit_at="2026-03-05T10:00:00+08:00")
    do(walk, "confirm_pickup", visit_confirmed=False, visit_at="2026-03-06T10:00:00+08:00")
    assert walk.open() == {"confirm_pickup"}
    do(walk, "confirm_pickup", visit_confirmed=True, visit_at="2026-03-06T10:00:00+08:00")
    assert walk.open() == {"receive_goods"}


def arranged(mode: str, **start: object) -> Walk:
    """Return a repair that is arranged."""
    walk = Walk("repair", {**SETTLED, **start}, Papers("YJ-202603-001"))
    do(walk, "write_contact_letter")
    do(walk, "arrange_repair", repair_mode=mode, visit_at="2026-03-05T10:00:00+08:00" if mode == "onsite" else None)
    return walk


def test_a_visit_is_confirmed_a_day_ahead_or_people_are_reminded_and_nobody_goes_unconfirmed():
    walk = arranged("onsite")
    assert walk.open() == {"confirm_visit"}
    walk.pass_time(days=1, hours=23)
    assert not params_of(walk, "notify", template="visit_unconfirmed")
    walk.pass_time(hours=2)
    assert params_of(walk, "notify", template="visit_unconfirmed")
    do(walk, "confirm_visit", visit_confirmed=False, visit_at="2026-03-09T10:00:00+08:00")
    assert walk.open() == {"confirm_visit"}
    do(walk, "confirm_visit", visit_confirmed=True, visit_at="2026-03-09T10:00:00+08:00")
    assert walk.open() == {"do_repair"}


# ---- repair


def diagnosed(**judged: object) -> Walk:
    """Return a repair that waits for the proposal."""
    walk = Walk("repair", REPORTED, Papers())
    do(walk, "contact_and_diagnose", remote_solved=False, complex=False)
    do(walk, "judge_warranty", **{"in_period": True, "responsibility": "product_quality", **judged})
    return walk


def test_the_engineer_contacts_within_two_hours_or_it_is_escalated():
    world = Papers()
    world.milestones["verify"] = START + timedelta(hours=2)
    walk = Walk("repair", REPORTED, world)
    assert walk.task("contact_and_diagnose").group == "engineer"
    walk.pass_time(hours=2, minutes=1)
    assert params_of(walk, "start_linked_process", milestone="verify")


def test_what_is_solved_remotely_ends_there():
    walk = Walk("repair", REPORTED, Papers())
    do(walk, "contact_and_diagnose", remote_solved=True, complex=None)
    assert ended_at(walk) == "end_remote"


def test_a_complex_fault_goes_to_the_technical_manager():
    walk = Walk("repair", REPORTED, Papers())
    do(walk, "contact_and_diagnose", remote_solved=False, complex=True)
    assert walk.task("consult_on_complex").group == "tech_manager"


def test_what_the_warranty_covers_is_never_charged():
    walk = diagnosed()
    do(walk, "propose_self_made", main_remedy="repair", charge="paid", compensation_amount=0)
    assert walk.execution.variables()["charge"] == "free"


def test_a_paid_repair_is_never_accepted_by_silence():
    walk = diagnosed(responsibility="misuse")
    do(walk, "propose_self_made", main_remedy="repair", charge="paid", compensation_amount=0)
    walk.pass_time(days=6)
    assert ended_at(walk) == "end_given_up"


def test_a_free_repair_is_accepted_by_silence():
    walk = diagnosed()
    do(walk, "propose_self_made", main_remedy="repair", charge="free", compensation_amount=0)
    walk.pass_time(days=6)
    assert walk.open() == {"write_contact_letter"}


@pytest.mark.parametrize("approved", [True, False])
def test_waiting_for_parts_stops_the_clock_only_with_the_supervisors_approval(approved):
    walk = arranged("send_in")
    do(walk, "receive_device")
    do(walk, "do_repair", parts_missing=True, repair_result="ongoing")
    do(walk, "request_parts")
    assert walk.task("approve_pause").group == "supervisor"
    do(walk, "approve_pause", pause_clock=approved)
    (waiting,) = walk.open()
    task = walk.task(waiting)
    assert (task.element.pauses, task.element.pause_reason) == (
        (("resolution",), "waiting_parts") if approved else ((), None))
    do(walk, waiting)
    assert walk.open() == {"do_repair"}


def test_a_paid_repair_is_charged_after_the_hand_over():
    walk = arranged("onsite", charge="paid")
    do(walk, "confirm_visit", visit_confirmed=True)
    do(walk, "do_repair", parts_missing=False, repair_result="repaired")
    do(walk, "hand_over", works=True, parts_warranty="6 个月")
    do(walk, "collect_charge", paid=True)
    assert ended_at(walk) == "end_repaired"
    (told,) = params_of(walk, "notify", template="repair_result")
    assert told["parts_warranty"] == "6 个月"


def test_what_still_does_not_work_goes_to_the_next_level():
    walk = arranged("onsite")
    do(walk, "confirm_visit", visit_confirmed=True)
    do(walk, "do_repair", parts_missing=False, repair_result="repaired")
    do(walk, "hand_over", works=False)
    assert walk.task("take_over").group == "tech_manager"


@pytest.mark.parametrize(("remedy", "end"), [("exchange", "end_replaced"), ("return", "end_refunded")])
def test_what_cannot_be_repaired_is_replaced_or_refunded_through_the_return(remedy, end):
    walk = arranged("onsite")
    do(walk, "confirm_visit", visit_confirmed=True)
    do(walk, "do_repair", parts_missing=False, repair_result="unrepairable")
    do(walk, "propose_alternative", main_remedy=remedy, charge="free", compensation_amount=0)
    do(walk, "accept_quotation", accepted=True)
    assert walk.open() == {"agree_method"}
    do(walk, "agree_method", return_method="courier", visit_at=None)
    do(walk, "receive_goods")
    do(walk, "fill_red_slip")
    do(walk, "inspect", inspection_passed=True, defect_confirmed=True)
    do(walk, "stock_in")
    if remedy == "return":
        do(walk, "prepare_refund")
        by_hand(walk)
        do(walk, "record_payment")
    else:
        do(walk, "request_reissue")
        do(walk, "outbound")
        do(walk, "pack")
        by_hand(walk)
        do(walk, "record_shipment")
        by_hand(walk)
        do(walk, "track_delivery", parcel_state="delivered")
    assert ended_at(walk) == end


def test_a_signed_change_of_demand_takes_a_repair_into_the_return():
    walk = arranged("onsite")
    walk.execution.deliver("demand_changed", {"remedy": "exchange"})
    assert walk.open() == {"agree_method"}


# ---- sub-tasks


class Split(World):
    """A world in which the work was split into two sub-tasks, the second of which waits for the first."""

    def __init__(self) -> None:
        super().__init__(3)
        self.milestones["resolution"] = None

    def call(self, call):
        """Answer with the two sub-tasks."""
        if call.operation != "plan_subtasks":
            return super().call(call)
        load = call.params.get("load")
        facts = {"title": "查明批次", "group": "quality", "due_at": None, "cooperation": None, "needs_letter": False,
                 "visit_at": None, "depends_on": "N/1/1" if load == "N/1/2" else None}
        return Done(["N/1/1", "N/1/2"] if load is None else facts)


def work_off(walk: Walk) -> None:
    """Confirm, do and accept the sub-task that is open."""
    do(walk, "confirm_subtask", dispatch_accepted="accept")
    assert walk.task("do_subtask").group == "quality"
    do(walk, "do_subtask", subtask_status="done")
    assert walk.task("accept_subtask").group == "relations"
    do(walk, "accept_subtask", subtask_verdict="accepted")


def test_sub_tasks_wait_for_each_other_and_the_work_goes_on_when_all_are_done():
    walk = Walk("coordination", {"convener": "task_force", "owner_group": "relations"}, Split())
    assert walk.task("hold_meeting").group == "task_force"
    do(walk, "hold_meeting", into_subtasks=True)
    assert [wait.correlation for wait in walk.execution.view().messages] == ["N/1/1"]
    work_off(walk)
    assert walk.open() == set()
    assert ("subtask_done", "N/1/1") in walk.world.thrown
    walk.execution.deliver("subtask_done", {})
    assert walk.world.thrown[-1] == ("subtask_done", "N/1/1")  # passed on to whoever else waits for it
    work_off(walk)
    assert ended_at(walk) == "end_coordination"


def test_a_sub_task_that_nobody_takes_within_an_hour_is_escalated():
    walk = Walk("subtask", {"subtask": "N/1/1", "owner_group": "relations"}, Split())
    walk.pass_time(hours=1, minutes=1)
    (started,) = params_of(walk, "start_linked_process")
    assert (started["reason"], started["milestone"]) == ("dispatch_unconfirmed", "subtask N/1/1")


def test_a_sub_task_is_never_due_after_its_case():
    world = World(3)
    world.milestones["resolution"] = START + timedelta(hours=3)
    walk = Walk("subtask", {"subtask": "202603-0001/1/1", "owner_group": "relations"}, world)
    due = walk.execution.variables()["subtask_due"]
    assert due <= (START + timedelta(hours=3)).isoformat()
