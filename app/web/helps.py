"""What stands beside a task's form: knowledge that fits the case, standard phrases, gentle remarks on the wording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from app.facts import Actor
from app.policy.wording import Remark
from app.services import sla_view
from app.services.work import ServedForm
from app.store.base import db
from app.store.models import Case
from app.userforms.wtf import WebForm
from app.web.entry import actor
from app.web.problems import language
from app.web.shell import now, zone
from app.wiring import services

# Where an answer goes, the first that the form has.
ANSWERS = ("answer", "reply", "result", "preliminary_proposal", "solution", "next_plan")
TEXTS = frozenset({"textarea", "textfield"})
FOUND, REFERENCE = "answer_found", "article_id"  # fields that say that an answer was found, and which


def helps_of(served: ServedForm, case: Case | None, who: Actor) -> dict[str, Any]:
    """Return what the task page shows beside the form."""
    item, phrases = served.item, services().phrases
    suggesting = case is not None and item.element_id in phrases.suggesting
    values = _values(served, case, who) if item.state == "open" else {}
    return {
        "suggesting": suggesting,
        "answer_field": answer_field(served) or "",
        "suggestions": services().knowledge.suggest(case.description, case.product_model)
        if suggesting and case is not None and item.state == "open" else [],
        "used": services().knowledge.uses_in(item.id) if suggesting else [],
        "phrases": [
            {"id": one.id, "title": one.name(language()), "text": one.filled(values), "field": one.field}
            for one in phrases.at(item.element_id, item.form_id)] if values else [],
    }


def answer_field(served: ServedForm) -> str | None:
    """Return the key of the field that an answer goes into, or None where the form has none."""
    if served.definition is None:
        return None
    fields = {key: found.component for key, found in served.definition.by_key.items()
              if found.component.type in TEXTS and not found.component.readonly}
    return next((key for key in ANSWERS if key in fields), None)


def given(served: ServedForm, article_id: int, text: str) -> dict[str, Any]:
    """Return what a given answer fills in: the answer's text, that there is one, and which it is."""
    target, known = answer_field(served), served.definition.by_key if served.definition else {}
    if target is None:
        return {}
    said = {FOUND: True, REFERENCE: services().knowledge.one(article_id, actor()).title}
    return {**{key: value for key, value in said.items() if key in known}, target: text}


def remarks_on(served: ServedForm, form: WebForm | None, raw: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what might be said better in the shown answers: field, its label and input, and the remark's words."""
    if form is None or served.definition is None:
        return []
    hidden = set(form.hidden_now()["hidden"])
    shown = {key: value for key, value in raw.items() if key not in hidden}
    found = services().wording.remarks(served.definition.id, shown)
    fields = served.definition.by_key
    return [{"field": one.field, "label": fields[one.field].component.text(language()) if one.field in fields else "",
             "id": f"f-{one.field}", "text": _said(one)}
            for one in found]


def _said(remark: Remark) -> str:
    if remark.kind == "no_time":
        return str(_("No time is promised; say when the customer hears from us (%(clause)s).", clause=remark.clause))
    instead = remark.instead if language() == "zh" else remark.instead_en
    return str(_("“%(word)s” is vague: %(instead)s (%(clause)s).", word=remark.word, instead=instead,
                 clause=remark.clause))


def _values(served: ServedForm, case: Case | None, who: Actor) -> dict[str, str]:
    """Return what fills the places of phrases; phrases are Chinese, and so are their times."""
    values = {"me": who.display_name, "company": current_app.config["COMPANY_NAME"], "now": _moment(now()),
              "today": _moment(now()).partition("日")[0] + "日", "task.due": _moment(served.item.due_at)}
    if case is None:
        return values
    for name in ("number", "customer_name", "product_model", "order_no", "serial_no", "status"):
        values[f"case.{name}"] = str(getattr(case, name) or "")
    values["case.registered_at"] = _moment(case.registered_at)
    for clock in sla_view.views(db.session(), case.id, now()):
        values[f"due.{clock.name}"] = _moment(clock.due_at)
    return values


def _moment(value: Any) -> str:
    if value is None:
        return ""
    local = value.astimezone(zone())
    return f"{local.month}月{local.day}日{local:%H:%M}"
