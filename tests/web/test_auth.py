"""Signing in and out, the password, the language."""

from __future__ import annotations

import re

from flask import Flask

from app.wiring import services
from tests.web.pages import Browser


def test_a_page_leads_to_the_sign_in_page_and_back(app: Flask) -> None:
    browser = Browser(app)
    answer = browser.get("/inbox/group")
    assert answer.status_code == 302
    assert answer.location.endswith("/sign-in?next=/inbox/group")
    signed = browser.post("/sign-in", username="clerk", password=services().people.demo_password(), next="/inbox/group")
    assert signed.location.endswith("/inbox/group")
    assert "本岗待领" in browser.text("/inbox/group")


def test_a_wrong_password_and_an_unknown_name_look_the_same(app: Flask) -> None:
    wrong = Browser(app).post("/sign-in", username="clerk", password="wrong")
    unknown = Browser(app).post("/sign-in", username="nobody", password="wrong")
    assert wrong.status_code == unknown.status_code == 401
    assert without_token(wrong.get_data(as_text=True), "clerk") == without_token(
        unknown.get_data(as_text=True), "nobody"
    )


def without_token(page: str, name: str) -> str:
    """Return a page without what differs anyway: the CSRF token and the name that was typed."""
    return re.sub(r'(content|value)="[\w.-]{60,}"', "", page).replace(name, "")


def test_nobody_is_led_to_another_site_after_signing_in(app: Flask) -> None:
    password = services().people.demo_password()
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = Browser(app).post("/sign-in", username="clerk", password=password, next=target)
        assert "evil" not in answer.location


def test_demo_passwords_are_not_shown_outside_of_development(app: Flask) -> None:
    assert services().people.demo_password() not in Browser(app).text("/sign-in")


def test_signing_out_ends_the_session(app: Flask) -> None:
    browser = Browser(app, "clerk")
    assert browser.post("/sign-out").status_code == 302
    assert browser.get("/cases").status_code == 302


def test_a_changed_password_ends_the_other_sessions(app: Flask) -> None:
    old, here, there = services().people.demo_password(), Browser(app, "engineer"), Browser(app, "engineer")
    assert here.post("/password", old=old, new="a new pass phrase", again="another one entirely").status_code == 422
    assert here.post("/password", old="wrong", new="a new pass phrase", again="a new pass phrase").status_code == 422
    assert here.post("/password", old=old, new="a new pass phrase", again="a new pass phrase").status_code == 302
    assert here.get("/cases").status_code == 200
    assert there.get("/cases").status_code == 302


def test_one_click_changes_the_language_and_it_is_kept_for_the_user(app: Flask) -> None:
    browser = Browser(app, "clerk")
    assert 'lang="zh-CN"' in browser.text("/inbox/group")
    assert browser.post("/locale", locale="en", next="/inbox/group").location.endswith("/inbox/group")
    page = browser.text("/inbox/group")
    assert 'lang="en"' in page
    assert "My groups&#39; tasks" in page
    assert 'lang="en"' in Browser(app, "clerk").text("/inbox/group")


def test_only_administrators_administer(app: Flask) -> None:
    clerk, admin = Browser(app, "clerk"), Browser(app, "admin")
    for path in ("/admin/users", "/admin/calendar", "/operations/incidents", "/operations/clock"):
        assert clerk.get(path).status_code == 403
        assert admin.get(path).status_code == 200


def test_an_administrator_makes_disables_and_regroups_a_user(app: Flask) -> None:
    admin = Browser(app, "admin")
    assert admin.post("/admin/users", username="Bad Name", display_name="某人").status_code == 422
    assert admin.post("/admin/users", username="zhao", display_name="赵敏", groups=["clerk"]).status_code == 302
    assert "赵敏" in admin.text("/admin/users")
    admin.post("/admin/users/zhao/groups", groups=["quality", "finance"])
    assert next(one for one in services().people.users() if one.username == "zhao").groups == ("finance", "quality")
    admin.post("/admin/users/zhao/active", active="0")
    assert not next(one for one in services().people.users() if one.username == "zhao").active


def test_the_last_administrator_stays(app: Flask) -> None:
    admin = Browser(app, "admin")
    admin.post("/admin/users/admin/groups", groups=["clerk"])
    admin.post("/admin/users/admin/active", active="0")
    found = next(one for one in services().people.users() if one.username == "admin")
    assert found.active
    assert "admin" in found.groups


def test_an_exception_changes_the_working_calendar(app: Flask) -> None:
    from datetime import date

    admin, day = Browser(app, "admin"), date(2026, 3, 7)  # a Saturday
    assert not services().calendar.is_workday(day)
    assert (
        admin.post("/admin/calendar", day="2026-03-07", working="1", hours="09:00-12:00", note="赶工").status_code
        == 302
    )
    assert services().calendar.is_workday(day)
    assert admin.post("/admin/calendar", day="2026-03-07", working="1", hours="12:00-09:00").status_code == 422
    admin.post("/admin/calendar/2026-03-07/forget")
    assert not services().calendar.is_workday(day)
