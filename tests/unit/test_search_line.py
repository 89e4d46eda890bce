"""The control room's search line: words and terms, Chinese and English, in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.store.queries.control_list import InstanceFilter
from app.web.control.search import Search, Vocabulary, quoted, split, understand, without

WORDS = Vocabulary(
    types={"complaint": "complaint", "投诉": "complaint"},
    groups={"supervisor": "supervisor", "客服主管": "supervisor"},
    processes={"complaint": "complaint", "客户投诉处理": "complaint"}, users={"engineer": 5, "王强": 5},
    milestones={"verify": "verify", "核实": "verify"}, zone=ZoneInfo("Asia/Shanghai"))
NOTHING = InstanceFilter()


def read(line: str) -> Search:
    return understand(line, WORDS, NOTHING)


@pytest.mark.parametrize(("line", "asked"), [
    ("P1", {"level": "P1"}), ("level:p2", {"level": "P2"}), ("级别：P3", {"level": "P3"}),
    ("逾期", {"overdue": True}), ("overdue", {"overdue": True}), ("is:overdue", {"overdue": True}),
    ("异常", {"incident": True}), ("incident", {"incident": True}), ("未认领", {"unclaimed": True}),
    ("element:verify_complaint", {"element": "verify_complaint"}), ("环节:核实", {"element": "核实"}),
    ("element:complaint/verify", {"element": "verify", "process": "complaint"}),
    ("owner:客服主管", {"owner_group": "supervisor"}), ("负责:王强", {"owner_user": 5}),
    ("owner:某人", {"owner_name": "某人"}), ("state:挂起", {"states": ("suspended",)}), ("全部", {"states": ()}),
    ("类型:投诉", {"type": "complaint"}), ("流程:客户投诉处理", {"process": "complaint"}),
    ("sla:核实/违约", {"milestone": "verify", "verdict": "broken"}), ("时限:verify", {"milestone": "verify"}),
    ("customer:张", {"customer": "张"}), ("product:CN-20", {"product": "CN-20"}),
    ("张伟 13800138000", {"words": ("张伟", "13800138000")}), ("customer:“张 伟”", {"customer": "张 伟"}),
    ("12:30", {"words": ("12:30",)}),
])
def test_a_term_asks_for_what_it_says(line: str, asked: dict[str, Any]) -> None:
    found = read(line)
    assert (found.asked, found.unknown) == (replace(NOTHING, **asked), [])


def test_terms_are_taken_together_and_days_are_days_of_the_company() -> None:
    found = read("张伟 P1 逾期 owner:supervisor from:2026-03-01 to:2026-03-02").asked
    assert (found.words, found.level, found.overdue, found.owner_group) == (("张伟",), "P1", True, "supervisor")
    assert found.since == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert found.until == datetime(2026, 3, 2, 16, tzinfo=UTC)


@pytest.mark.parametrize("line", ["level:P9", "state:x", "type:x", "流程:没有", "sla:x", "version:complaint/x",
                                  "from:gestern", "passed:complaint", "is:nothing", "element:x/y", "to:9999-12-31"])
def test_what_means_nothing_is_told_and_asks_for_nothing(line: str) -> None:
    found = read(line)
    assert (found.asked, found.unknown) == (NOTHING, [line])


def test_what_passed_an_element_is_asked_for_in_its_own_days() -> None:
    found = read("passed:complaint/verify/late from:2026-03-01 to:2026-03-01").asked
    assert found.since is None
    assert found.passed is not None
    assert (found.passed.element, found.passed.late) == ("verify", True)
    assert (found.passed.until - found.passed.since).days == 1


def test_a_facet_takes_its_terms_out_of_the_line_again() -> None:
    found = read("张伟 P1 逾期 环节:核实")
    assert without(found, "level") == "张伟 逾期 环节:核实"
    assert without(found, "overdue") == "张伟 P1 环节:核实"
    assert without(found, "element") == "张伟 P1 逾期"


def test_values_with_blanks_are_quoted_and_read_back() -> None:
    assert read(quoted("element", "Verify the complaint")).asked.element == "Verify the complaint"


def test_a_long_line_ends() -> None:
    assert len(split("a " * 500)) == 20
