"""A whole complaint as the shipped policy wants it, and what each planted breach must turn: these clauses, no others.

The case is written by hand, Thursday 12 February 2026 to Friday, before Spring Festival (15 to 23 February, with two
Saturdays worked, the 14th and the 28th). What each plant breaks was read in the clauses, not asked of the monitors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.policy.conformance import (
    CaseLog,
    Change,
    ClockFacts,
    Entry,
    Happening,
    Monitors,
    Paper,
    Verdict,
    compile_monitors,
    explain,
    judge,
    read_bindings,
)
from app.policy.law import looser_than_law
from app.policy.register import read_register
from app.work_calendar import Span, WorkCalendar
from tests.conftest import ROOT

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkCalendar()


def at(text: str) -> datetime:
    """A local moment such as "02-12 10:00" of 2026, aware UTC."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI).astimezone(UTC)


# where, what it is, whose, when
STORY = (
    ("case/create_work_order", "create_work_order", "system", "02-12 10:00"),
    ("case/grade_provisionally", "preliminary_evaluation", "system", "02-12 10:00"),
    ("case/run_intake", None, "system", "02-12 10:00"),
    ("intake/open_contact_clock", None, "system", "02-12 10:00"),
    ("intake/tell_number", "notify_customer_order_no", "system", "02-12 10:00"),
    ("intake/pick_up", "pickup", "clerk", "02-12 10:00:30"),
    ("intake/register_case", "register_case", "clerk", "02-12 10:05"),
    ("intake/decide_level", "prioritize", "clerk", "02-12 10:05"),
    ("intake/respond_and_promise", "first_response", "clerk", "02-12 10:15"),
    ("intake/choose_owner", "assign_owner", "clerk", "02-12 10:15"),
    ("intake/dispatch_case", "dispatch", "clerk", "02-12 10:15"),
    ("intake/notify_owner", "notify_handler", "clerk", "02-12 10:15"),
    ("intake/confirm_dispatch", "confirm_dispatch", "relations", "02-12 11:15"),
    ("complaint/give_preliminary_proposal", "preliminary_proposal", "relations", "02-12 14:00"),
    ("complaint/check_order", "check_order", "marketing", "02-12 14:30"),
    ("complaint/verify_complaint", "verify", "relations", "02-12 15:00"),
    ("complaint/determine_responsibility", "determine_responsibility", "relations", "02-12 16:00"),
    ("complaint/draft_solution", "propose_solution", "relations", "02-12 17:00"),
    ("complaint/issue_proposal", "notify_customer", "relations", "02-12 17:30"),
    ("complaint/accept_proposal", "customer_confirm_solution", "customer", "02-13 09:30"),
    ("complaint/distribute_opinion", "close_opinion", "marketing", "02-13 10:00"),
    ("complaint/plan_execution", None, "relations", "02-13 10:10"),
    ("complaint/confirm_execution", "execute_solution", "relations", "02-13 11:00"),
    ("complaint/mark_resolved", "resolve", "relations", "02-13 11:00"),
    ("complaint/announce_result", "deliver_result", "clerk", "02-13 11:30"),
    ("satisfaction/send_survey", "satisfaction_survey", "clerk", "02-13 11:40"),
    ("satisfaction/followup_call", "followup_visit", "clerk", "02-13 14:00"),
    ("satisfaction/record_follow_up", None, "clerk", "02-13 14:00"),
    ("satisfaction/confirm_result", "confirm_result", "customer", "02-13 14:10"),
    ("case/record_lessons", "case_summary", "clerk", "02-13 15:00"),
    ("case/close_case", "close_case", "clerk", "02-13 16:00"),
    ("case/archive_case", "archive", "clerk", "02-13 16:00"),
    ("case/care", "add_to_care_list", "clerk", "02-13 16:10"),
    ("care/send_tips", "send_usage_tips", "clerk", "03-13 23:59"),
    ("assessment/review_responsibility", "responsibility_review", "marketing", "03-10 23:59"),
)
KEPT_CLAUSES = {
    # registered, answered, dispatched
    "A-2.1.3", "A-2.1.5", "A-2.1.7", "A-2.4.1", "A-2.4.3", "B1-4.1", "B1-6.1", "B5-1.4", "B14-2", "C-2.1.1", "C-2.1.6",
    "C-2.2.3", "C-2.2.6", "C-2.4.1", "D-2.1.6", "D-2.2.8", "D-2.3.6", "D-2.3.7", "E-2.1.2", "E-2.1.5",
    # handled
    "A-2.2.3", "A-2.3.5", "B1-4.2a", "B1-4.2b", "B2-3", "B4-5", "B7-1.4", "B8-2.4", "B10-5.3", "B11-2.3.2", "B13-1.4",
    "B21-4-1-1", "B21-4-1-5", "B21-5-1", "B21-5-3", "B21-6-1", "B21-7-1b", "C-2.6.1", "D-2.2.9", "D-2.4.5",
    # told, followed up, closed
    "A-2.5.1", "A-2.5.3", "A-2.6.1", "A-2.6.2", "B2-5", "B2-6", "B3-2.2.6", "B3-2.2.7", "B6-2.4b", "B7-1.6", "B10-5.4",
    "B14-5.2", "B17-1.6", "B18-3.1", "B19-2.5", "E-2.3.7", "E-2.3.12"}


OPINION = Paper("opinion", "YJ-1", "closed", 4, ("general_affairs", "finance", "manufacturing", "marketing"), {},
                at("02-12 14:00"), at("02-13 10:00"))


@dataclass
class Story:
    """The case, to be spoilt."""

    happened: dict[str, Happening] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    opinion: Paper = OPINION
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for seq, (where, activity, group, when) in enumerate(STORY, 1):
            process, element = where.split("/")
            self.happened[where] = Happening(seq * 10, at(when), process, element, activity, group, group, process)
        self.entries = {
            "work_order": Entry("intake", "register_case", "work_order",
                                {"customer_name": "张", "phone": "13800000000"}, "clerk", at("02-12 10:05"), "clerk"),
            "opinion_order_check": Entry(
                "complaint", "check_order", "opinion_order_check",
                {"origin": "self_made", "order_no": "1", "job_no": "2", "specification": "3", "quantity": 1,
                 "ship_date": "2026-01-02"}, "marketing", at("02-12 14:30"), "marketing"),
            "satisfaction_survey": Entry("satisfaction", "send_survey", "satisfaction_survey",
                                         {"satisfaction_score": 5}, "customer", at("02-13 14:05"), "customer")}
        self.facts = {"type": "complaint", "complaint_type": "product_quality", "level": "P3", "origin": "self_made",
                      "channel": "phone", "severity": "general", "flags": [], "responsibility": "product_quality"}
        over = at("02-13 16:00")
        self.more = {"state": "closed", "running": False, "ended_at": over, "archived_at": over,
                     "keep_until": datetime(2029, 2, 13, 8, 0, tzinfo=UTC)}

    def move(self, where: str, when: str) -> None:
        self.happened[where] = self.happened[where]._replace(at=at(when))

    def add(self, where: str, when: str, group: str, activity: str | None = None, actor: str = "") -> None:
        process, element = where.split("/")
        self.happened[f"{where}@{when}"] = Happening(max(one.seq for one in self.happened.values()) + 1, at(when),
                                                     process, element, activity, actor or group, group, process)

    def answer(self, form: str, **data: Any) -> None:
        entry = self.entries[form]
        self.entries[form] = replace(entry, data={**entry.data, **data})

    def log(self) -> CaseLog:
        return CaseLog("c", self.facts, registered_at=at("02-12 10:00"), policy_version="1",
                       happenings=list(self.happened.values()), entries=list(self.entries.values()),
                       papers=[self.opinion], **self.more)


@pytest.fixture(scope="module")
def shipped() -> Monitors:
    return compile_monitors(read_register(ROOT), read_bindings(ROOT))


def judged(monitors: Monitors, story: Story, now: str = "06-01 09:00") -> dict[str, Verdict]:
    return {one.clause: one for one in judge(monitors, story.log(), at(now), CALENDAR)}


def broken(found: Mapping[str, Verdict]) -> set[str]:
    return {clause for clause, one in found.items() if one.state == "broken"}


def test_a_case_as_the_policy_wants_it_breaks_nothing(shipped: Monitors) -> None:
    found = judged(shipped, Story())
    assert {clause: one.state for clause, one in found.items() if one.state != "kept"} == {}
    assert found.keys() == KEPT_CLAUSES


def penalty(amount: str, group: str) -> Callable[[Story], None]:
    def plant(story: Story) -> None:
        story.add("assessment/approve_small", "03-11 10:00", group, "penalty_approve")
        story.entries["p"] = Entry("assessment", "propose_penalty", "penalty_proposal", {"penalty_amount": amount},
                                   "general_affairs", at("03-11 09:00"), "general_affairs", "assessment")
    return plant


def appeal(group: str, actor: str) -> Callable[[Story], None]:
    def plant(story: Story) -> None:
        for hour, (name, activity) in enumerate((("lodge_appeal", "lodge_appeal"), ("register_appeal", None),
                                                 ("investigate_appeal", "investigate_appeal"),
                                                 ("decide_appeal", "appeal_decision"), ("tell_decision", None))):
            story.add(f"appeal/{name}", f"03-02 {9 + hour:02}:00", group if hour > 1 else "appeals", activity, actor)
    return plant


def recall(begun: str) -> Callable[[Story], None]:
    """A faulty batch, found on Friday at 10:30: its recall begins within 72 hours."""
    def plant(story: Story) -> None:
        story.add("rectification/start_recalling", "02-13 10:30", "task_force")
        story.add("rectification/begin_recall", begun, "task_force", "start_rectification")
    return plant


def late(where: str, when: str) -> Callable[[Story], None]:
    return lambda story: story.move(where, when)


def skipped(*where: str) -> Callable[[Story], None]:
    def plant(story: Story) -> None:
        for one in where:
            del story.happened[one]
    return plant


def paper(**values: Any) -> Callable[[Story], None]:
    def plant(story: Story) -> None:
        story.opinion = replace(story.opinion, **values)
    return plant


def kept_until(moment: str) -> Callable[[Story], None]:
    return lambda story: story.more.update(keep_until=datetime.fromisoformat(moment).astimezone(UTC))


def resolved(when: str, told: str = "17:30") -> Callable[[Story], None]:
    """Solved only then, with word to the customer every day, on the 14th at that hour; followed up and closed after."""
    def plant(story: Story) -> None:
        over = at("02-27 16:00")
        story.more |= {"ended_at": over, "archived_at": over, "keep_until": datetime(2029, 2, 27, 8, 0, tzinfo=UTC)}
        for where, moment in (("complaint/mark_resolved", when), ("satisfaction/record_follow_up", "02-25 11:00"),
                              ("case/close_case", "02-27 16:00"), ("case/care", "02-27 17:00")):
            story.move(where, moment)
        for day in range(13, 25):
            story.add("case/send_progress", f"02-{day} {'17:30' if day == 13 else told if day == 14 else '17:00'}",
                      "system")
    return plant


# What was done before it was solved, and has to be done after.
AFTERWARDS = "B2-5 B2-6 B3-2.2.7 B6-2.4b B7-1.6 B10-5.4 B18-3.1"
PLANTS: dict[str, tuple[Callable[[Story], None], str]] = {
    # a second late: only the clauses whose own figure has passed
    "answered after 15 minutes": (late("intake/respond_and_promise", "02-12 10:15:01"), "E-2.1.2"),
    "answered after 4 hours": (late("intake/respond_and_promise", "02-12 14:00:01"), "E-2.1.2 C-2.2.6"),
    "answered after 8 hours": (late("intake/respond_and_promise", "02-12 18:00:01"), "E-2.1.2 C-2.2.6 D-2.2.8"),
    "answered after 24 hours": (late("intake/respond_and_promise", "02-13 10:00:01"), "E-2.1.2 C-2.2.6 D-2.2.8 B1-6.1"),
    "picked up after 30 seconds": (late("intake/pick_up", "02-12 10:00:31"), "C-2.1.1"),
    "dispatch confirmed after an hour": (late("intake/confirm_dispatch", "02-12 11:15:01"), "D-2.3.7"),
    "proposal after 4 hours": (late("complaint/give_preliminary_proposal", "02-12 14:00:01"), "A-2.1.7"),
    "opinion after the working day": (late("complaint/issue_proposal", "02-13 18:00:01"), "B21-5-1"),
    "followed up after a day": (late("satisfaction/record_follow_up", "02-14 11:00:01"), "A-2.5.1"),
    "opinion closed after 14 days": (late("complaint/distribute_opinion", "02-27 00:00:01"), "B21-5-3"),
    "closed on the 14th day": (late("complaint/distribute_opinion", "02-27 00:00"), ""),
    "recall begun after 72 hours": (recall("02-16 10:30:01"), "E-2.2.8"),
    "recall begun within 72 hours": (recall("02-16 10:30"), ""),
    "tips after a month": (late("care/send_tips", "03-14 00:00:01"), "E-2.3.12"),
    "responsibility reviewed on the 11th": (late("assessment/review_responsibility", "03-11 00:00:01"), "B21-6-1"),
    # three working days: Friday, the Saturday that is worked, and Tuesday after Spring Festival
    "resolved on the third working day": (resolved("02-24 18:00"), AFTERWARDS),
    "resolved after the third working day": (resolved("02-24 18:00:01"), f"D-2.2.9 {AFTERWARDS}"),
    "a day without word": (resolved("02-24 18:00", "17:30:01"), f"D-2.4.5 {AFTERWARDS}"),
    # skipped
    "number never told": (skipped("intake/tell_number"), "C-2.1.6 A-2.4.1"),
    "never verified": (skipped("complaint/verify_complaint"), "A-2.2.3 B1-4.2a B1-4.2b B10-5.3 B11-2.3.2"),
    "customer never agreed": (skipped("complaint/accept_proposal"), "A-2.3.5 B4-5 B7-1.4"),
    "order never checked": (skipped("complaint/check_order"), "B21-4-1-1"),
    "no survey": (skipped("satisfaction/send_survey"), "A-2.6.1 B10-5.4"),
    "no lessons": (skipped("case/record_lessons"), "B2-6 B6-2.4b"),
    "nobody told": (skipped("intake/notify_owner"), "C-2.4.1 D-2.3.6"),
    "no care": (skipped("case/care"), "E-2.3.7"),
    "not announced": (skipped("complaint/announce_result"), "C-2.6.1"),
    # out of order
    "responsibility before the facts": (late("complaint/determine_responsibility", "02-12 14:59"), "A-2.2.3 B10-5.3"),
    "solution before the responsibility": (late("complaint/determine_responsibility", "02-12 17:01"), "A-2.2.3 B2-3"),
    "executed before the customer agreed": (late("complaint/accept_proposal", "02-13 11:00:01"), "A-2.3.5 B4-5 B7-1.4"),
    "dispatched before it was graded": (
        lambda story: (story.move("intake/dispatch_case", "02-12 10:04"), story.move(
            "intake/confirm_dispatch", "02-12 11:04"))[0], "C-2.2.3 E-2.1.5"),
    "archived before the survey": (late("case/archive_case", "02-13 11:39"), "A-2.6.1"),
    "work order not first": (late("case/create_work_order", "02-12 10:00:29"), "D-2.1.6 C-2.1.6 A-2.4.1"),
    # who
    "an appeal at the counter": (appeal("clerk", "wu"), "B14-6.2"),
    "an appeal by whoever handled it": (appeal("appeals", "relations"), "B14-6.2"),
    "an appeal as it should be": (appeal("appeals", "wu"), ""),
    # over and under the threshold
    "5,000 by general affairs": (penalty("5000.00", "general_affairs"), "B21-6-4b"),
    "5,000 by the general manager": (penalty("5000.00", "general_manager"), ""),
    "4,999.99 by general affairs": (penalty("4999.99", "general_affairs"), ""),
    "4,999.99 by finance": (penalty("4999.99", "finance"), "B21-6-4a"),
    # in writing
    "no telephone number": (lambda story: story.answer("work_order", phone=""), "A-2.1.3"),
    "no job number": (lambda story: story.answer("opinion_order_check", job_no=None), "B21-4-1-1"),
    "no score": (lambda story: story.answer("satisfaction_survey", satisfaction_score=""), "A-2.5.3"),
    "three copies": (paper(copies=3), "B21-7-1b"),
    "no copy for finance": (paper(holders=("general_affairs", None, "manufacturing", "marketing")), "B21-7-1b"),
    "kept a day too short": (kept_until("2029-02-12T23:59+08:00"), "A-2.6.2"),
    "kept to the day": (kept_until("2029-02-13T00:00+08:00"), ""),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_breach_turns_its_own_clauses_and_no_others(shipped: Monitors, name: str) -> None:
    plant, expected = PLANTS[name]
    story = Story()
    plant(story)
    assert broken(judged(shipped, story)) == set(expected.split())


# ---- the whole case on another calendar's days, paused, withdrawn, changed


def test_a_merged_or_withdrawn_case_owes_nothing_more_but_what_was_late(shipped: Monitors) -> None:
    for gone, expected in (("02-12 10:14", set()), ("02-12 10:15", set()), ("02-12 10:16", {"E-2.1.2"})):
        story = Story()
        story.happened = {where: one for where, one in story.happened.items() if one.at < at("02-12 10:15")}
        story.more = {"state": "cancelled", "running": False, "ended_at": at(gone)}
        assert broken(judged(shipped, story)) == expected


def test_what_is_pending_says_until_when(shipped: Monitors) -> None:
    story = Story()
    story.happened = {where: one for where, one in story.happened.items() if one.at < at("02-12 10:14")}
    story.more = {"state": "open", "running": True}
    found = judged(shipped, story, "02-12 10:14")
    due = {clause: one.due_at for clause, one in found.items() if one.state == "pending" and one.due_at is not None}
    assert due == {"E-2.1.2": at("02-12 10:15"), "A-2.1.7": at("02-12 14:00"), "C-2.2.6": at("02-12 14:00"),
                   "D-2.2.8": at("02-12 18:00"), "B1-6.1": at("02-13 10:00"), "D-2.4.5": at("02-13 10:00"),
                   "B21-5-1": at("02-13 18:00"), "D-2.2.9": at("02-24 18:00"), "B21-5-3": at("02-27 00:00")}
    assert broken(found) == set()


@pytest.mark.parametrize(("clock", "clause", "where", "due"), [
    ("preliminary_proposal", "A-2.1.7", "complaint/give_preliminary_proposal", "02-12 15:00"),
    ("proposal", "B21-5-1", "complaint/issue_proposal", "02-14 10:00"),  # Friday 18:00 and an hour of Saturday's work
    ("first_response", "E-2.1.2", "intake/respond_and_promise", "02-12 11:15"),
])
def test_an_hour_of_waiting_for_the_customer(shipped: Monitors, clock: str, clause: str, where: str, due: str) -> None:
    """The pure monitors take what the clocks say; which clocks may stop is told where the rows are read."""
    for delay, expected in ((0, "kept"), (1, "broken")):
        story = Story()
        story.happened[where] = story.happened[where]._replace(at=at(due) + timedelta(seconds=delay))
        pause = Span(at("02-12 10:10"), at("02-12 11:10"))
        story.more["clocks"] = {clock: ClockFacts((pause,))}
        assert judged(shipped, story)[clause].state == expected


@pytest.mark.parametrize(("name", "was", "now"), [
    ("type", "complaint", "consultation"), ("level", "P3", "P1"), ("origin", "self_made", "not_applicable"),
    ("complaint_type", "product_quality", "service_attitude"), ("channel", "phone", "email"),
    ("severity", "general", "major"), ("responsibility", "product_quality", "misuse")])
def test_a_fact_that_changes_when_all_is_done_turns_no_verdict(shipped: Monitors, name: str, was: str, now: str
                                                               ) -> None:
    for plant, _ in PLANTS.values():
        before, after = Story(), Story()
        plant(before)
        plant(after)
        after.facts[name] = now
        after.more["changes"] = [Change(at("03-20 09:00"), name, was)]
        assert judged(shipped, after) == judged(shipped, before)


def test_a_case_made_major_afterwards_needs_no_ruling_for_what_was_decided(shipped: Monitors) -> None:
    for severity, changes, expected in (
            ("general", [], None), ("major", [], "broken"),
            ("major", [Change(at("03-12 09:00"), "severity", "general")], None),
            ("major", [Change(at("03-10 09:00"), "severity", "general")], "broken"),
            ("general", [Change(at("03-12 09:00"), "severity", "major")], "broken")):
        story = Story()
        story.add("assessment/issue_decision", "03-11 10:00", "general_affairs", "issue_assessment_decision")
        story.facts["severity"] = severity
        story.more["changes"] = changes
        found = judged(shipped, story).get("B21-6-3")
        assert (found and found.state) == expected, (severity, changes)


# ---- evidence, and why in both languages


NAMES = {"complaint/give_preliminary_proposal": ("答复初步方案", "Give the preliminary proposal"),
         "intake/dispatch_case": ("派单", "Dispatch"), "complaint/verify_complaint": ("核实", "Verify")}


def why(monitors: Monitors, story: Story, clause: str) -> tuple[str, str]:
    return explain(judged(monitors, story)[clause], CALENDAR, lambda what: NAMES.get(what, (what, what)))


@pytest.mark.parametrize(("name", "clause", "from_", "by", "due"), [
    ("answered after 15 minutes", "E-2.1.2", "@registered", "intake/respond_and_promise", "02-12 10:15"),
    ("dispatch confirmed after an hour", "D-2.3.7", "intake/dispatch_case", "intake/confirm_dispatch", "02-12 11:15"),
    ("opinion closed after 14 days", "B21-5-3", "@registered", "complaint/distribute_opinion", "02-27 00:00"),
    ("resolved after the third working day", "D-2.2.9", "@registered", "complaint/mark_resolved", "02-24 18:00"),
    ("never verified", "B1-4.2a", "intake/dispatch_case", None, "02-24 18:00"),
    ("never verified", "B10-5.3", None, "complaint/determine_responsibility", None),
    ("responsibility reviewed on the 11th", "B21-6-1", "complaint/distribute_opinion",
     "assessment/review_responsibility", "03-11 00:00"),
    ("a day without word", "D-2.4.5", "case/send_progress", "case/send_progress", "02-14 17:30"),
    ("5,000 by general affairs", "B21-6-4b", None, "assessment/approve_small", None),
    ("an appeal by whoever handled it", "B14-6.2", "complaint/verify_complaint", "appeal/investigate_appeal",
     None),
    ("no telephone number", "A-2.1.3", None, "intake/register_case", None),
])
def test_the_evidence_names_the_events(shipped: Monitors, name: str, clause: str, from_: str | None, by: str | None,
                                       due: str | None) -> None:
    story = Story()
    PLANTS[name][0](story)
    first = judged(shipped, story)[clause].evidence[0]
    assert (first.get("from") or {}).get("what") == from_
    assert (first.get("by") or {}).get("what") == by
    assert first.get("due") == (at(due).isoformat() if due else None)
    for told in (first.get("from"), first.get("by")):
        known = story.happened.get(told["what"]) if told else None
        assert known is None or (told["at"], told["actor"]) == (known.at.isoformat(), known.actor)


@pytest.mark.parametrize(("name", "clause", "zh", "en"), [
    ("answered after 15 minutes", "E-2.1.2",
     ["违反", "2026年2月12日（周四） 10:00 起算", "期限 15 分钟", "截止 2026年2月12日（周四） 10:15",
      "2026-02-12 10:15:01"],
     ["broken", "Counted from Thu 2026-02-12 10:00: 15 minutes", "Due Thu 2026-02-12 10:15.", "2026-02-12 10:15:01"]),
    ("resolved after the third working day", "D-2.2.9",
     ["期限 3 个工作日", "2026年2月15日", "至2026年2月23日", "第 3 个工作日是 2026年2月24日（周二）",
      "截止 2026年2月24日（周二） 18:00", "2026-02-24 18:00:01"],
     ["3 working days", "Working day 3 is Tue 2026-02-24", "Due Tue 2026-02-24 18:00."]),
    ("opinion closed after 14 days", "B21-5-3",
     ["期限 14 天", "收到当日不计", "截止 2026年2月26日（周四） 24:00"], ["14 days", "Due Thu 2026-02-26 24:00."]),
    ("never verified", "B1-4.2a", ["派单", "期限 3 个工作日", "尚无：核实"], ["Dispatch", "Not done: Verify"]),
    ("never verified", "B10-5.3", ["此前没有：核实"], ["Not before it: Verify"]),
    ("responsibility reviewed on the 11th", "B21-6-1", ["期限：2026-03-10 24:00"], ["Due: 2026-03-10 24:00"]),
    ("5,000 by general affairs", "B21-6-4b", ["金额 5000", ">= 5000 CNY", "应由 general_manager"],
     ["The amount is 5000", "It is for general_manager"]),
    ("an appeal by whoever handled it", "B14-6.2", ["由同一人办理"], ["by the same person"]),
    ("three copies", "B21-7-1b", ["单据 YJ-1：3 份，应有 4 份"], ["Paper YJ-1: 3 copies, 4 are asked for"]),
    ("no telephone number", "A-2.1.3", ["缺少：contact"], ["Missing: contact"]),
    ("kept a day too short", "A-2.6.2", ["应保存 3 年，至 2029-02-13 24:00", "保存至 2029-02-12 23:59:00"],
     ["To be kept for 3 years, until 2029-02-13 24:00", "kept until 2029-02-12 23:59:00"]),
    ("a day without word", "D-2.4.5",
     ["2026年2月13日（周五） 17:30 起算", "期限 24 小时", "截止 2026年2月14日（周六） 17:30", "2026-02-14 17:30:01"],
     ["Counted from Fri 2026-02-13 17:30: 24 hours", "Due Sat 2026-02-14 17:30.", "2026-02-14 17:30:01"]),
])
def test_why_names_the_limit_the_start_and_the_due_time(shipped: Monitors, name: str, clause: str, zh: list[str],
                                                        en: list[str]) -> None:
    story = Story()
    PLANTS[name][0](story)
    told = why(shipped, story, clause)
    assert [part for part in zh if part not in told[0]] == [], told[0]
    assert [part for part in en if part not in told[1]] == [], told[1]


def test_why_tells_only_of_pauses_that_moved_the_limit(shipped: Monitors) -> None:
    story = Story()
    story.move("complaint/give_preliminary_proposal", "02-12 16:00:01")
    story.more["clocks"] = {"preliminary_proposal": ClockFacts((Span(at("02-12 11:00"), at("02-12 13:00")),
                                                                Span(at("02-12 17:00"), at("02-12 18:00"))))}
    zh, en = why(shipped, story, "A-2.1.7")
    assert "2026-02-12 11:00:00 至 2026-02-12 13:00:00 停止计时" in zh
    assert "顺延至 2026-02-12 16:00:00" in zh
    assert "17:00:00" not in zh
    assert "Moved to 2026-02-12 16:00:00" in en


# ---- the law


def test_a_figure_is_held_against_the_bound_of_the_law_on_its_side() -> None:
    """Refunds within 15 working days against the law's 7 days; rights may be longer, limits shorter."""
    register = read_register(ROOT)
    assert {(one.rule, one.clause) for one in looser_than_law(register)} >= {("CPL-25-2", "A-2.3.4")}

    def looser(rule: str, clause: str, path: str, value: str, calendar: str = "natural") -> bool:
        outer, inner = path.split(".")
        figures = {**register.clauses[clause].figures}
        figures[outer] = {**figures[outer], inner: value, "calendar": calendar}
        one = replace(register.clauses[clause], figures=figures)
        found = looser_than_law(replace(register, clauses={**register.clauses, clause: one}))
        return (rule, clause) in {(each.rule, each.clause) for each in found}

    for value, calendar, expected in (("P7D", "natural", False), ("P8D", "natural", True), ("PT168H", "natural", False),
                                      ("P5D", "working", False), ("P6D", "working", True)):
        assert looser("CPL-25-2", "A-2.3.4", "range.max", value, calendar) == expected
    for value, expected in (("P30D", False), ("P1M", False), ("P29D", True), ("P3M", False)):
        assert looser("TG-30W", "D-2.5.1", "example.replaced_part_warranty", value) == expected
