"""What people are told when something can't be done."""

from __future__ import annotations

from io import BytesIO

from flask import Flask

from tests.web.api_client import Api
from tests.web.pages import Browser


def test_what_is_too_large_is_refused_with_the_limits(app: Flask) -> None:
    page = Browser(app).post("/sign-in", {"file": (BytesIO(b"a" * 13 * 1024 * 1024), "a.txt")})
    assert page.status_code == 413
    assert "单个文件最多 10 MB，一次提交合计最多 12 MB" in page.get_data(as_text=True)


def test_what_cannot_be_done_now_does_not_say_that_somebody_was_faster(app: Flask) -> None:
    clerk = Api(app, "clerk")
    number = clerk.register()["number"]
    problem = clerk.post(f"/cases/{number}/appeals", {"reason": "不公", "demand": "重审"}).get_json()
    assert (problem["status"], problem["title"]) == (409, "目前不能这样处理")
