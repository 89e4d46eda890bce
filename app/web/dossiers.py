"""The whole file of a case as a regulator reads it: what is asked of the tables, put into words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from app.exports.dossier import Dossier, Forms, Table
from app.exports.papers import Part
from app.facts import Actor
from app.services import sla_view
from app.store.base import db
from app.store.models import Case
from app.store.queries import case_page, inbox, people
from app.web.audit_words import Told
from app.web.printing import entries, moment, printed
from app.web.problems import language
from app.web.shell import limit, named, now, zone
from app.web.timeline import timeline
from app.web.words import word
from app.wiring import services

EVERYTHING = 1_000_000  # rows of history: all of them


def dossier_of(case: Case, actor: Actor) -> Dossier:
    """Return the file of a case, in the language of this request."""
    number = case.number or case.id
    made = _("Made on %(at)s by %(name)s. Times are %(zone)s.", at=moment(now()), name=actor.display_name or actor.name,
             zone=zone().key)
    return Dossier(
        company=current_app.config["COMPANY_NAME"],
        title=_("Case file"),
        number=number,
        facts=tuple(_facts(case)),
        description=(_("Description"), case.description),
        sections=(
            _clocks(case), _history(case), _forms(case), _contacts(case), _papers(case), _files(case), _processes(case),
            _audit(case)),
        papers=tuple(printed(paper, case) for paper in case_page.papers(case.id)),
        note=made,
        at=now().astimezone(zone()),
    )


def _facts(case: Case) -> Iterator[tuple[str, str]]:
    group = {one.code: one for one in people.groups()}.get(case.owner_group or "")
    pairs = [
        (_("Status"), word(case.status, "status")), (_("Type"), word(case.type, "type")), (_("Level"), case.level),
        (_("State"), word(case.state, "case_state")), (_("Customer"), case.customer_name),
        (_("Telephone"), case.customer_phone), (_("E-mail"), case.customer_email),
        (_("Customer level"), word(case.customer_level, "customer_level")), (_("Product"), case.product_model),
        (_("Serial number"), case.serial_no), (_("Order number"), case.order_no),
        (_("Bought on"), case.purchase_date.isoformat() if case.purchase_date else ""),
        (_("Origin"), word(case.origin, "origin")), (_("Channel"), word(case.channel, "channel")),
        (_("Urgency"), word(case.urgency, "urgency")), (_("Severity"), word(case.severity, "severity")),
        (_("Alarms"), "、".join(word(flag, "flag") for flag in case.flags)),
        (_("With"), named(group) if group is not None else ""), (_("Registered"), moment(case.registered_at)),
        (_("Closed at"), moment(case.closed_at)), (_("Archived at"), moment(case.archived_at)),
        (_("Kept until"), moment(case.keep_until)), (_("Linked cases"), _links(case))]
    return ((str(label), str(text)) for label, text in pairs if text)


def _links(case: Case) -> str:
    return "、".join(f"{one.number} ({word(one.kind, 'link')})" for one in case_page.links(case.id))


def _who(usernames: set[str]) -> Any:
    known = people.display_names(usernames)
    fixed = {"system": str(_("System")), "customer": str(_("Customer"))}
    return lambda name: fixed.get(name) or known.get(name, name)


def _clocks(case: Case) -> Table:
    rows = []
    for one in sla_view.views(db.session(), case.id, now(), superseded=True):
        state = "superseded" if one.superseded else one.state
        checks = "\n".join(
            f"{check.clause} · {limit(check.limit, check.calendar)} · {moment(check.due_at)} · "
            f"{word(check.state, 'verdict')}" for check in one.checks)
        why = f"{limit(one.duration, one.calendar)} · {one.rule}\n{one.why(language())}"
        rows.append((word(one.name, "milestone"), why, moment(one.due_at), moment(one.reached_at),
                     word(state, "verdict"), checks))
    return Table(_("Deadlines and verdicts"),
                 (_("Milestone"), _("Reason"), _("Due"), _("Reached"), _("Verdict"), _("Clause by clause")),
                 (11, 29, 12, 12, 8, 28), tuple(rows), _("No clock has started."))


def _history(case: Case) -> Table:
    events = case_page.history(case.id, size=EVERYTHING)
    display = people.display_names({event.actor for event in events})
    told = reversed(timeline(events, display))
    rows = tuple((moment(one.at), one.text, one.actor, " ".join(one.clauses)) for one in told)
    return Table(_("Timeline"), (_("At"), _("What"), _("Who"), _("Clauses")), (18, 42, 12, 28), rows,
                 _("Nothing happened yet."))


def _forms(case: Case) -> Forms:
    filled = case_page.filled(case.id)
    who = _who({version.submitted_by for one in filled for version in one.versions})
    parts = []
    for one in reversed(filled):
        if not one.task.form_id:
            continue
        version = inbox.instance(one.task.instance_id)
        definition = services().runtime.library.form(version.definition_id, one.task.form_id)
        for place, row in enumerate(one.versions):
            title = f"{named(one.task)} · {who(row.submitted_by)} · {moment(row.submitted_at)}"
            if place:
                after = one.versions[place - 1]
                title = _("%(title)s — before the correction of %(at)s: %(reason)s", title=title,
                          at=moment(after.submitted_at), reason=after.reason or "")
            parts.append(Part(title, entries(definition, row.data)))
    return Forms(_("Submitted forms"), tuple(parts), _("Nothing was submitted yet."))


def _contacts(case: Case) -> Table:
    found = case_page.contacts(case.id)
    who = _who({one.by for one in found})
    rows = tuple(
        (moment(one.at), ("← " if one.direction == "in" else "→ ") + word(one.way, "way"),
         str(_("Customer") if one.party == "customer" else _("Supplier")),
         "\n".join(filter(None, [one.summary.replace(case.access_key, "…"),
                                 one.feedback and _("Reaction: %(text)s", text=one.feedback),
                                 one.next_step and _("Next: %(text)s", text=one.next_step)])), who(one.by))
        for one in reversed(found))
    return Table(_("Contact log"), (_("At"), _("Way"), _("Other side"), _("Said"), _("By")), (18, 11, 8, 51, 12), rows,
                 _("No contact yet."))


def _papers(case: Case) -> Table:
    rows = []
    for paper in case_page.papers(case.id):
        given = "\n".join(
            f"{copy.copy_no}: {_holder(copy.recipient)} {moment(copy.handed_at)}" for copy in paper.copies)
        rows.append((word(paper.row.kind, "paper"), paper.row.number, word(paper.row.state, "paper_state"),
                     moment(paper.row.opened_at), moment(paper.row.closed_at), given))
    return Table(_("Papers"), (_("Paper"), _("Number"), _("State"), _("Opened"), _("Sealed at"), _("Copies")),
                 (16, 17, 9, 18, 18, 22), tuple(rows), _("No paper was opened."))


def _holder(code: str | None) -> str:
    if code is None:
        return str(_("not handed out"))
    group = {one.code: one for one in people.groups()}.get(code)
    return str(_("Customer")) if code == "customer" else named(group) if group is not None else code


def _files(case: Case) -> Table:
    found, digests = case_page.attachments(case.id), case_page.digests(case.id)
    who = _who({one.uploaded_by for one in found})
    rows = tuple(
        (one.name, one.media_type, f"{one.size:,}", word(one.received_via, "received_via"), moment(one.uploaded_at),
         who(one.uploaded_by), digests[one.id]) for one in found)
    return Table(_("Files"), (_("Name"), _("Kind"), _("Bytes"), _("Came by"), _("At"), _("By"), "SHA-256"),
                 (22, 13, 9, 9, 14, 10, 23), rows, _("No file is attached."))


def _processes(case: Case) -> Table:
    rows = tuple(
        (named(one), f"v{one.version}", word(one.state, "instance_state"), moment(one.created_at), moment(one.ended_at),
         one.reason or "") for one in case_page.family(case.id))
    return Table(_("Processes of this case"), (_("Process"), _("Version"), _("State"), _("Began"), _("Ended"),
                                               _("Reason")), (25, 8, 9, 18, 18, 22), rows, _("No process runs."))


def _audit(case: Case) -> Table:
    found = case_page.audit(case.id)
    who = _who({one.actor for one in found})
    told = Told(found)
    rows = tuple(
        (moment(one.at), who(one.actor), told.action(one), told.subject(one), str(one.chain or ""),
         (one.hash or "")[:16])
        for one in found)
    return Table(_("Audit record"),
                 (_("At"), _("Who"), _("What"), _("On"), _("Place in the chain"), _("Hash, first 16")),
                 (18, 11, 20, 24, 9, 18), rows, _("Nothing was recorded."))
