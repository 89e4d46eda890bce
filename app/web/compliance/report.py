"""The compliance report of a period: looked at, and taken out as PDF or workbook; exports of the history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO

from flask import Response, current_app, render_template, send_file
from flask_babel import gettext as _

from app.errors import Invalid, NotFound
from app.exports.dossier import Table
from app.exports.report import Report, report_pdf, report_workbook
from app.policy.labels import OBLIGATION_NAMES
from app.services.compliance_report import ComplianceReport
from app.services.event_logs import EXPORTERS
from app.services.kpis import Kpi
from app.web.answers import said
from app.web.compliance import wording
from app.web.compliance.blueprint import MAY_READ, begin_of, blueprint, day_of, today
from app.web.compliance.lights import share
from app.web.entry import actor, entry
from app.web.policy.showing import say
from app.web.problems import language
from app.web.shell import moment, now
from app.web.verdicts import text_of
from app.wiring import services

SHORT = 60  # characters of a clause in a table
FORMS = {"pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def period() -> tuple[date, date]:
    """Return the first and the last day that are asked for; the month until today by default."""
    first, last = day_of("from"), day_of("to")
    last = last or today()
    return first or (last.replace(day=1) if last.day > 1 else (last - timedelta(days=1)).replace(day=1)), last


@blueprint.get("/report")
@entry(*MAY_READ)
def report() -> str | tuple[str, int]:
    """Show the report of a period, with the buttons that take it out."""
    first, last = period()
    try:
        found = services().reports.of(begin_of(first), begin_of(last + timedelta(days=1)))
    except Invalid as error:
        return render_template("compliance/report.html", first=first, last=last, report=None, error=said(error)), 422
    return render_template("compliance/report.html", first=first, last=last, report=told(found, first, last), error="")


@blueprint.get("/report.<form>")
@entry(*MAY_READ)
def report_file(form: str) -> Response:
    """Take the report out; it is noted in the audit."""
    if form not in FORMS:
        raise NotFound("There is no such form.", "没有这种格式。")
    first, last = period()
    start, end = begin_of(first), begin_of(last + timedelta(days=1))
    found = told(services().reports.of(start, end), first, last)
    services().reports.taken(actor(), form, start, end)
    content = report_pdf(found) if form == "pdf" else report_workbook(found)
    answer = send_file(BytesIO(content), mimetype=FORMS[form], as_attachment=True, max_age=0,
                       download_name=f"compliance-{first:%Y%m%d}-{last:%Y%m%d}.{form}")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/exports")
@entry(*sorted(EXPORTERS & set(MAY_READ)))
def exporting() -> str:
    """Offer the history for other tools."""
    first, last = period()
    return render_template("compliance/exports.html", first=first, last=last)


def told(found: ComplianceReport, first: date, last: date) -> Report:
    """Return a report in the reader's words."""
    who = actor()
    sections = (_coverage(found), _links(found), _drift(found), _conformance(found), _targets(found),
                _deviations(found), _ageing(found))
    return Report(
        company=current_app.config["COMPANY_NAME"], title=_("Compliance report"),
        period=f"{first.isoformat()} – {last.isoformat()}",
        note=_("Made by %(name)s, %(at)s. Coverage and drift as they stand at that moment; verdicts and deviations of "
               "the period.", name=who.display_name or who.name, at=moment(now())),
        facts=tuple(_facts(found, first, last)), sections=sections, sign=_("Sign-off"),
        signers=(_("Compliance officer"), _("General affairs department"), _("After-sales director"),
                 _("General manager")), sign_here=(_("Signature"), _("Date")), at=now())


def _facts(found: ComplianceReport, first: date, last: date) -> Iterator[tuple[str, str]]:
    kept = sum(counts["kept"] for _clause, counts in found.judged)
    broken = sum(counts["broken"] for _clause, counts in found.judged)
    yield _("Period"), _("%(first)s to %(last)s", first=first, last=last)
    yield _("Version of the policy"), found.picture.register.version
    yield _("Clauses"), str(len(found.picture.coverage))
    yield _("Kept share"), _percent(kept / (kept + broken)) if kept + broken else "—"
    yield _("Complied"), str(kept)
    yield _("Breached"), str(broken)
    yield _("Open drift"), str(sum(waiver is None for _one, waiver in found.drift))
    yield _("Open deviations"), str(sum(found.standing.values()))


def _coverage(found: ComplianceReport) -> Table:
    total = sum(found.coverage.values())
    rows = tuple((wording.disposition(code), str(number), _percent(number / total))
                 for code, number in sorted(found.coverage.items(), key=lambda row: -row[1]))
    return Table(_("Coverage"), (_("Disposition"), _("Clauses"), _("Share")), (3, 1, 1), rows, _("No clauses."))


def _links(found: ComplianceReport) -> Table:
    zh = language() == "zh"
    rows = tuple((one.clause, wording.disposition(one.disposition) + (
        " · " + _("to review") if one.needs_review else ""), (one.reason_zh if zh else one.reason_en) or "—",
        wording.owner(one.owner), one.review_by.isoformat() if one.review_by else "—") for one in found.open_links)
    return Table(_("Outside, missing or to review"),
                 (_("Clause"), _("Disposition"), _("Reason"), _("Owner"), _("Review by")), (1.1, 1.2, 4, 1.2, 1.1),
                 rows, _("Every clause is carried out in the system, and every link is reviewed."))


def _drift(found: ComplianceReport) -> Table:
    rows = tuple((one.clause, one.text(language()), _("waived by %(name)s until %(at)s: %(reason)s",
                                                     name=waiver.waived_by, at=moment(waiver.valid_until),
                                                     reason=waiver.reason) if waiver else _("open"))
                 for one, waiver in found.drift)
    return Table(_("Drift"), (_("Clause"), _("Finding"), _("State")), (1, 4, 2), rows,
                 _("Process and policy agree: no drift."))


def _conformance(found: ComplianceReport) -> Table:
    clauses = found.picture.register.clauses
    rows = []
    for clause, counts in found.judged:
        known, part = clauses.get(clause), share(counts)
        asked = text_of(clause)
        rows.append((clause, asked if len(asked) <= SHORT else f"{asked[:SHORT]}…",
                     say(OBLIGATION_NAMES[known.obligation]) if known else "", str(counts["kept"]),
                     str(counts["broken"]), str(counts["pending"]), "—" if part is None else _percent(part)))
    heads = (_("Clause"), _("What it asks"), _("Obligation"), _("Complied"), _("Breached"), _("Pending"),
             _("Kept share"))
    return Table(_("Conformance"), heads, (1.3, 4.2, 0.9, 0.8, 0.8, 0.8, 1), tuple(rows),
                 _("Nothing was judged in the period."))


def _targets(found: ComplianceReport) -> Table:
    rows = tuple((say(one.name), say(one.formula).replace("\u2212", "-"),  # the papers' font has no minus sign
                  figure(one.value) if one.value is not None else "—",
                  f"{'≥' if one.op == '>=' else '≤'} {figure(one.target)}", met(one)) for one in found.kpis)
    return Table(_("Targets"), (_("Target"), _("Formula"), _("Figure"), _("Wanted"), _("Met")), (2.4, 3, 0.9, 0.9, 1.6),
                 rows, _("No targets."))


def met(one: Kpi) -> str:
    """Return whether a target is met, in words."""
    if one.met is None:
        return say(one.reason) if one.reason else "—"
    return str(_("met") if one.met else _("missed"))


def figure(value: float) -> str:
    """Return a share or a change in percent."""
    return _percent(value)


def _percent(value: float) -> str:
    return f"{value * 100:.1f}%"


def _deviations(found: ComplianceReport) -> Table:
    rows = []
    for kind, name in wording.KINDS.items():
        moved = found.moved.get(kind, {"found": 0, "closed": 0})
        live = {state: number for (of, state), number in found.standing.items() if of == kind}
        rows.append((str(name), str(moved["found"]), str(moved["closed"]), str(sum(live.values())),
                     "; ".join(f"{wording.STATES[state]} {number}" for state, number in live.items()) or "—"))
    return Table(_("Deviations"), (_("Kind"), _("Found in the period"), _("Closed in the period"), _("Open now"),
                                   _("States")), (1.3, 1, 1, 1, 3), tuple(rows), "")


def _ageing(found: ComplianceReport) -> Table:
    rows = tuple((str(wording.AGES[name]), str(number)) for name, number in found.ageing.items())
    return Table(_("Ageing of open deviations"), (_("Stands since"), _("Deviations")), (2, 1), rows, "")
