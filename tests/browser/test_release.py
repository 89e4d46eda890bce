"""An owner shortens a deadline, sees what that means, tries it, has it approved by somebody else; old cases stay."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.store.base import db
from app.store.models import Case, Instance
from app.wiring import services
from tests.browser.test_main_path import Office, address, file_complaint, office

__all__ = ["address", "office"]  # fixtures
pytestmark = pytest.mark.browser
CASE = "processes/case/case.bpmn"
LONG, SHORT = 'due("resolution") + duration("PT24H")', 'due("resolution") + duration("PT12H")'
NAME = "超期又满二十四小时"
WORDS = "截止时间 里程碑“resolution”的期限 + 24 小时 → 里程碑“resolution”的期限 + 12 小时"


def version_of(number: str) -> int:
    """Return the version that a case runs on."""
    db.session.rollback()
    found = db.session.query(Instance).join(Case, Case.id == Instance.case_id).filter(
        Case.number == number, Instance.process == "case").one()
    return services().runtime.library.version(found.definition_id).version


def shorten(owner: Any) -> str:
    """Begin a change set, shorten the deadline in the diagram's editor, and return the change set's id."""
    owner.goto("/studio/drafts")
    owner.fill("#f-title", "总监更早知情")
    owner.click("main form button.btn-primary")
    owner.wait_for_url(re.compile(r"/studio/drafts/\d+$"))
    draft = owner.url.rpartition("/")[2]
    owner.goto(f"/studio/drafts/{draft}/edit/{CASE}")
    owner.wait_for_selector("#studio[data-ready]")
    owner.click("details.drawer >> nth=1 >> summary")
    owner.fill("#elements-filter", NAME)
    owner.click(f'#elements button:text-is("{NAME}")')
    assert owner.input_value('#panel [name="timer"]') == LONG
    owner.fill('#panel [name="timer"]', SHORT)
    owner.dispatch_event('#panel [name="timer"]', "change")
    owner.wait_for_selector('#save-state[data-state="saved"]')
    return str(draft)


def try_it(owner: Any, draft: str) -> None:
    """Begin a case in the sandbox, let time pass, open a task, and throw the sandbox away."""
    owner.goto(f"/studio/drafts/{draft}/try")
    owner.click("text=从个案开始")
    owner.wait_for_selector("#trial .djs-shape.is-active")
    before = owner.text_content(".trial-bar time")
    owner.click("text=跳到下一个定时器")
    owner.wait_for_selector(".flash.success")
    assert owner.text_content(".trial-bar time") != before
    owner.click(".tokens a.btn-primary >> nth=0")
    assert "沙箱" in owner.text_content("h1")
    owner.goto(f"/studio/drafts/{draft}/try")
    owner.click(".trial-bar >> text=结束")
    owner.wait_for_selector("text=从个案开始")


def test_an_owner_shortens_a_deadline_and_a_new_case_runs_on_it(office: Office) -> None:
    old = file_complaint(office.page("customer"))
    assert version_of(old) == 1

    # 1. The owner changes the diagram, and sees the difference in words and on both sides.
    owner = office.page("owner")
    owner.set_default_timeout(60_000)
    draft = shorten(owner)
    owner.goto(f"/studio/drafts/{draft}/compare/{CASE}")
    owner.wait_for_selector('[data-side="after"][data-ready]')
    assert WORDS in owner.text_content("#differences")
    told = owner.locator("#differences .difference > .changes > li").all_inner_texts()
    assert len(told) == 1, told  # the editor changed nothing else that anybody reads or the engine runs
    for side in ("before", "after"):
        owner.wait_for_selector(f'[data-side="{side}"] .is-changed', state="attached")

    # 2. What it means for the policy, and how it runs.
    owner.goto(f"/studio/drafts/{draft}/changes")
    assert "比制度更严" in owner.text_content("#drift")
    assert "D-2.4.4" in owner.text_content("#drift")
    try_it(owner, draft)

    # 3. Submitted with a reason; the owner may not approve it.
    owner.goto(f"/studio/drafts/{draft}/changes")
    owner.fill("#f-note", "客户答复更快")
    owner.click("text=提交审批")
    owner.wait_for_selector(".flash.success")
    assert owner.locator("text=批准并发布").count() == 0

    # 4. The manager is told, looks, and releases it.
    manager = office.page("manager")
    manager.set_default_timeout(60_000)
    manager.goto("/studio/releases")
    manager.click("main >> text=总监更早知情")
    assert WORDS in manager.text_content("main")
    manager.click("text=批准并发布")
    manager.wait_for_selector("text=查看发布")

    # 5. A new case runs on it, the old one stays.
    new = file_complaint(office.page("customer"))
    assert (version_of(old), version_of(new)) == (1, 2)
    assert office.complaints == []
