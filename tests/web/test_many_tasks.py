"""Several tasks of one kind, completed together."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from app.facts import Actor
from app.wiring import Services
from tests.robot import fill
from tests.web.pages import Browser, open_tasks, sent


def waiting_for_dispatch(browser: Browser, services: Services, clerk: Actor, phone: str) -> str:
    """Bring a new complaint to its dispatch; return the open task's id."""
    case = browser.register(phone=phone)
    for _ in range(2):
        task = open_tasks(case.id)[0]
        served = services.work.form(task.id, clerk)
        services.work.complete(task.id, fill(served.json, served.data, {"severity": "general"}), clerk)
    task = open_tasks(case.id)[0]
    assert task.element_id == "confirm_dispatch"
    return task.id


def test_two_dispatches_are_confirmed_with_one_form(
    app: Flask, services: Services, actor: Callable[[str], Actor]
) -> None:
    clerk, browser = actor("clerk"), Browser(app, "clerk")
    tasks = [waiting_for_dispatch(browser, services, clerk, phone) for phone in ("13800138001", "13800138002")]
    chosen = browser.post("/tasks/many", {"_action": "choose", "task": tasks, "box": "group", "query": "level=P3"})
    assert (chosen.status_code, "csrf" in chosen.location, "box=group" in chosen.location) == (302, False, True)
    page = browser.text(chosen.location)
    assert '<a class="btn btn-outline" href="/inbox/group?level=P3">' in page
    served = services.work.form(tasks[0], clerk)
    answer = browser.post("/tasks/many", sent({**fill(served.json, served.data, {}), "task": tasks}))
    assert answer.status_code == 302, answer.get_data(as_text=True)
    assert {services.work.item(task, clerk).state for task in tasks} == {"completed"}


def test_a_task_that_somebody_else_completed_meanwhile_is_told_and_the_others_are_done(
    app: Flask, services: Services, actor: Callable[[str], Actor]
) -> None:
    clerk, browser = actor("clerk"), Browser(app, "clerk")
    first, second = (waiting_for_dispatch(browser, services, clerk, phone) for phone in ("13800138001", "13800138002"))
    served = services.work.form(first, clerk)
    answers = fill(served.json, served.data, {})
    services.work.complete(first, answers, clerk)
    done = services.work.complete_many([(first, answers), (second, answers)], clerk)
    assert [task for task, result in done if getattr(result, "code", "") == "conflict"] == [first]
    assert services.work.item(second, clerk).state == "completed"
