"""The clauses: found, read with all that belongs to them, and proposed anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.errors import Conflict, FieldError, Invalid, NotFound
from app.policy.entries import CALENDARS, DECLARED, KINDS, TEMPLATES
from app.policy.entries import entry_of as registered
from app.policy.finding import find
from app.policy.labels import FLOW_NAMES, KIND_NAMES, OBLIGATION_NAMES
from app.policy.law import looser_than_law
from app.policy.register import Clause, Register
from app.services.policies import Proposal
from app.store.queries import people
from app.store.queries import policy as rows
from app.web.answers import said
from app.web.entry import actor, entry
from app.web.policy import forms, showing
from app.web.policy.blueprint import MAY_EDIT, MAY_READ, blueprint, page_number
from app.web.problems import language
from app.wiring import services

SIZE = 50
FILTERS = {"document": None, "kind": KIND_NAMES, "obligation": OBLIGATION_NAMES, "flow": FLOW_NAMES,
           "origin": {"company": 1, "law": 1}}


@blueprint.get("")
@entry(*MAY_READ)
def listing() -> str:
    """Search the clauses."""
    args, register = request.args, services().register
    known: dict[str, Any] = {**FILTERS, "document": register.texts}
    chosen = {name: args.get(name, "") for name in known if args.get(name, "") in known[name]}
    text = args.get("q", "").strip()[:100]
    page = find(register, text, chosen, page_number(args.get("page")), SIZE)
    return render_template("policy/clauses.html", page=page, q=text, chosen=chosen, register=register,
                           query={**chosen, "q": text}, showing=showing, open_keys=rows.open_keys())


@blueprint.get("/clauses/<key>")
@entry(*MAY_READ)
def clause(key: str) -> Response | str:
    """Read a clause with all that belongs to it; one that was retired keeps its history."""
    register = services().register
    if key in register.law and key not in register.clauses:
        return redirect(url_for("policy.law", key=key))
    return clause_page("clause", key, register.clauses.get(key))


@blueprint.get("/dispositions/<key>")
@entry(*MAY_READ)
def disposition(key: str) -> Response:
    """Lead to the clause whose disposition it is."""
    return redirect(url_for("policy.clause", key=key, _anchor="how-h"))


def clause_page(kind: str, key: str, found: Clause | None) -> str:
    """Return the page of a clause or of a rule of law, with its history; raises NotFound for what never was."""
    register, changes = services().register, [*rows.of_entry(kind, key)]
    if found is None and not changes:
        raise NotFound("There is no such clause.", "没有这个条款。")
    how_changes = [*rows.of_entry("disposition", key)] if kind == "clause" else []
    names = {name for one in (*changes, *how_changes) for name in (one.proposed_by, one.decided_by) if name}
    original = services().originals.of(found.document, register) if found is not None else None
    looser = [one for one in looser_than_law(register, services().policies.today()) if key in (one.rule, one.clause)]
    return render_template(
        "policy/clause.html", kind=kind, key=key, clause=found, register=register, changes=changes, showing=showing,
        conflicts=[one for one in register.conflicts.values() if key in one.clauses], how_changes=how_changes,
        laws=bounds(register, found), repeated=[one.id for one in register.clauses.values() if one.same_as == key],
        display=people.display_names(names), looser=looser, today=services().policies.today(),
        excerpt=_excerpt(found, original.id) if found is not None and original is not None else None)


def bounds(register: Register, found: Clause | None) -> list[Clause]:
    """Return the rules of law that name the clause, or that the clause names."""
    if found is None:
        return []
    key = found.id
    return [rule for rule in register.law.values() if rule.id != key and key in _named(rule)]


def _named(rule: Clause) -> set[str]:
    source = rule.source or {}
    return {str(one) for name in ("bounds", "clauses") for one in _list(source.get(name))}


def _list(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    rows_ = value if isinstance(value, (list, tuple)) else [value] if value else []
    return [inner for one in rows_ for inner in (_list(one) if isinstance(one, dict) else [one])]


def _excerpt(found: Clause, original_id: int) -> dict[str, Any]:
    """Return the place in the original with a few lines around it."""
    original = services().originals.read(original_id)
    place = services().originals.place(found, original)
    if place is None:
        return {"original": original, "place": None, "lines": []}
    around = range(max(place.line - 3, 1), min(place.line + 3, len(original.lines)) + 1)
    return {"original": original, "place": place, "lines": [(number, original.lines[number - 1]) for number in around]}


@blueprint.route("/<kind>/new", methods=["GET", "POST"])
@entry(*MAY_EDIT)
def new(kind: str) -> Response | str | tuple[str, int]:
    """Propose a new clause, document, conflict or rule of law."""
    if kind not in KINDS or kind == "disposition":  # which is edited from its clause, whether it is there or not
        raise NotFound("There is no such page.", "没有这个页面。")
    if request.method == "POST":
        return _propose(kind, None)
    asked = {name: request.args.get(name, "") for name in ("document", "origin")}
    return _form(kind, None, forms.form_of(kind, {"obligation": "must", "quality": "statute", "status": "unconfirmed",
                                                  **asked}))


@blueprint.route("/<kind>/<key>/edit", methods=["GET", "POST"])
@entry(*MAY_EDIT)
def edit(kind: str, key: str) -> Response | str | tuple[str, int]:
    """Propose a change of an entry."""
    register = services().register
    found = registered(register, kind, key) if kind in KINDS else None
    if kind == "disposition":
        found = (found or {}) if key in register.clauses else None
    if found is None:
        raise NotFound("There is no such entry.", "没有这个条目。")
    return _propose(kind, key) if request.method == "POST" else _form(kind, key, forms.form_of(kind, found))


@blueprint.route("/<kind>/<key>/retire", methods=["GET", "POST"])
@entry(*MAY_EDIT)
def retire(kind: str, key: str) -> Response | str | tuple[str, int]:
    """Propose to retire an entry."""
    register = services().register
    if kind not in KINDS or registered(register, kind, key) is None:
        raise NotFound("There is no such entry.", "没有这个条目。")
    given = MultiDict(request.form) if request.method == "POST" else _frame(MultiDict())
    errors, problem, status = dict[str, str](), "", 200
    if request.method == "POST":
        try:
            made = services().policies.propose(
                Proposal(kind, key, None, forms.day_of(given), given.get("reason", ""), bool(given.get("correction"))),
                actor())
            return _made(made)
        except Invalid as error:
            errors, status = {one.field: one.message(language()) for one in error.errors}, 422
        except Conflict as error:
            problem, status = said(error), 409
    return render_template("policy/retire.html", kind=kind, key=key, given=given, errors=errors, problem=problem,
                           register=register), status


def _propose(kind: str, key: str | None) -> Response | tuple[str, int]:
    given, policies = MultiDict(request.form), services().policies
    day = forms.day_of(given)
    old = registered(policies.register_for(day) if day else services().register, kind, key) if key else None
    name = key or given.get("id", "").strip()
    try:
        changed = forms.entry_of(kind, given, old)
        if key is None and registered(policies.register_for(day) if day else services().register, kind, name):
            raise Invalid([_taken(name)])
        made = policies.propose(
            Proposal(kind, name, changed, day, given.get("reason", ""), bool(given.get("correction"))), actor())
        return _made(made)
    except Invalid as error:
        errors = dict[str, str]()
        for one in error.errors:
            errors.setdefault(forms.field_key(one.field), one.message(language()))
        return _form(kind, key, given, errors), 422
    except Conflict as error:
        return _form(kind, key, given, problem=said(error)), 409


def _taken(name: str) -> FieldError:
    return FieldError("id", f"{name} is taken; edit it instead.", f"{name} 已存在，请改为修订该条目。")


def _made(change_id: int) -> Response:
    flash(_("The proposal is made. The general manager or the director decides on it."), "success")
    return redirect(url_for("policy.proposal", change_id=change_id))


def _frame(given: Any) -> Any:
    """Offer tomorrow as the day of effect."""
    given.setdefault("effective_from", (services().policies.today() + timedelta(days=1)).isoformat())
    return given


def _form(kind: str, key: str | None, given: Any, errors: Any = None, problem: str = "") -> str:
    register = services().register
    return render_template(
        f"policy/edit_{kind}.html", kind=kind, key=key, given=_frame(given), errors=errors or {}, problem=problem,
        register=register, templates=TEMPLATES, calendars=CALENDARS, rule_places=forms.rule_places(given),
        bound_places=forms.bound_places(given), declared=DECLARED, units=_units(), showing=showing,
        today=services().policies.today())


def _units() -> list[tuple[str, str]]:
    return [("TM", _("minutes")), ("TH", _("hours")), ("D", _("days")), ("W", _("weeks")), ("M", _("months")),
            ("Y", _("years")), ("TS", _("seconds"))]
