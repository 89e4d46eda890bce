"""The bell: what the product told me."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.store.queries import people
from app.web.entry import STAFF, actor, entry
from app.wiring import services

blueprint = Blueprint("notifications", __name__, url_prefix="/notifications")


@blueprint.get("/")
@entry(STAFF)
def listing() -> str:
    """List what I was told, newest first."""
    return render_template("notifications/list.html", rows=people.notifications(actor().user_id or 0))


@blueprint.post("/<int:notification_id>")
@entry(STAFF)
def open_one(notification_id: int) -> Response:
    """Mark one as read and lead to what it is about."""
    row = people.notification(notification_id, actor().user_id or 0)
    if row is None:
        abort(404)
    services().administration.mark_read(actor(), notification_id)
    if row.kind == "deviation":
        return redirect(url_for("compliance.deviation", deviation_id=row.key.split(":")[1]))
    if row.work_item_id:
        return redirect(url_for("tasks.show", task_id=row.work_item_id))
    return redirect(url_for("cases.show", number=row.case_id) if row.case_id else url_for("notifications.listing"))


@blueprint.post("/read")
@entry(STAFF)
def read_all() -> Response:
    """Mark all as read."""
    services().administration.mark_read(actor())
    return redirect(url_for("notifications.listing"))
