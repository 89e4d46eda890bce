"""Walks a case over the API alone, as a program outside would: task lists, served forms, answers, the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask

from tests.web.api_client import Api, answers

# Who of the demo users does a group's tasks (ARCHITECTURE, section 8).
WHO = {"customer": "clerk", "relations": "clerk", "tech_manager": "engineer", "logistics": "engineer",
       "department_head": "manager", "task_force": "manager", "product": "manufacturing", "research": "manufacturing",
       "supplier": "marketing"}
Choices = Mapping[str, Mapping[str, Any]]


class ApiWalk:
    """One case that is pushed on over HTTP until it stands where the test wants it."""

    def __init__(self, app: Flask, body: Mapping[str, Any] | None = None) -> None:
        self._app = app
        self._apis: dict[str, Api] = {}
        self.done: list[str] = []  # element ids of the tasks that were completed
        self.number: str = self.api("clerk").register(**(body or {}))["number"]

    def api(self, username: str) -> Api:
        """Return the API as a demo user sees it."""
        if username not in self._apis:
            self._apis[username] = Api(self._app, username)
        return self._apis[username]

    def case(self) -> dict[str, Any]:
        """Return the case as the manager reads it."""
        found: dict[str, Any] = self.api("manager").get(f"/cases/{self.number}").get_json()
        return found

    def open(self) -> dict[str, dict[str, Any]]:
        """Return the open tasks of the case's family by element id."""
        return {task["element_id"]: task for task in self.api("manager").tasks(case=self.number, state="open")}

    def complete(self, element_id: str, **choices: Any) -> dict[str, Any]:
        """Complete an open task from what its form says; `choices` say what matters."""
        return self._do(self.open()[element_id], choices)

    def _do(self, task: Mapping[str, Any], choices: Mapping[str, Any]) -> dict[str, Any]:
        element_id = task["element_id"]
        user = self.api(WHO.get(task["group"], task["group"]))
        served = user.get(f"/tasks/{task['id']}").get_json()
        data = answers(served, **choices)
        extra = {"on_behalf": True} if task["group"] == "customer" else {}
        for _ in range(4):  # a choice may show fields that were not required before
            body = {"data": data, "revision": served["revision"], **extra}
            response = user.post(f"/tasks/{task['id']}/complete", body)
            if response.status_code != 422:
                break
            data = {**data, **self._asked_for(served["form"], response.get_json()["errors"])}
        assert response.status_code == 200, (element_id, data, response.get_data(as_text=True))
        self.done.append(element_id)
        found: dict[str, Any] = response.get_json()
        return found

    def advance(self, **how: str) -> dict[str, Any]:
        """Move the clock."""
        response = self.api("admin").post("/clock/advance", how)
        assert response.status_code == 200, response.get_data(as_text=True)
        found: dict[str, Any] = response.get_json()
        return found

    def run(self, choices: Choices | None = None, *, silent: Iterable[str] = (), until: str = "") -> None:
        """Complete what is open, in order, until the case is closed or a task `until` is open; time passes when only
        the silent's tasks are left."""
        held, chosen = {"sign_afterwards", *silent}, choices or {}
        for _ in range(80):
            tasks = self.open()
            todo = [element for element in tasks if element not in held]
            if until in tasks:
                return
            if todo and self._do(tasks[todo[0]], chosen.get(todo[0], {}))["state"] == "open":
                continue
            if not todo and self.case()["state"] == "open":
                self.advance(to="next")
            elif not until:
                return
        raise AssertionError(f"the case does not end: {self.case()['status']} {list(tasks)} {self.done}")

    @staticmethod
    def _asked_for(form: Mapping[str, Any], errors: list[dict[str, str]]) -> dict[str, Any]:
        from tests.robot import answer, fields

        by_key = {component["key"]: component for component in fields(form["components"])}
        return {error["field"]: answer(by_key[error["field"]]) for error in errors if error["field"] in by_key}
