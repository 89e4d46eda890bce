"""The morning page: what is new, what waits, what ends soon; each number leads to its list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _

from app.policy.law import LawFinding, looser_than_law
from app.services.policies import READERS as POLICY_READERS
from app.store.queries import compliance as rows
from app.store.queries import policy
from app.web.compliance.blueprint import MAY_READ, begin_of, blueprint, page_number, today
from app.web.entry import actor, entry
from app.web.shell import now
from app.wiring import services

SOON = timedelta(hours=24)
WAIVERS = timedelta(days=14)  # ahead, and back
KPI_SPAN = timedelta(days=30)


@dataclass(frozen=True)
class Tile:
    """One number and the list that it leads to."""

    label: str
    number: int
    href: str
    help: str = ""
    kind: str = "late"  # its colour when it is not zero


@blueprint.get("")
@entry(*MAY_READ)
def morning() -> str:
    """Say what is new since yesterday or the last visit."""
    at, me = now(), actor()
    before = rows.visit(me.user_id, at) if me.user_id is not None else None
    yesterday = begin_of(today() - timedelta(days=1))
    since = min(before, yesterday) if before is not None else yesterday
    kpis = services().kpis.recent(KPI_SPAN)
    return render_template(
        "compliance/morning.html", tiles_=_new(since), waiting=_waiting(at), since=since, before=before, kpis=kpis,
        red=[one for one in kpis if one.met is False], ageing=rows.ageing(at), standing=_standing(),
        newest=rows.deviations(rows.Wanted(kind="breach"), at, 8).rows, kpi_days=KPI_SPAN.days)


def _new(since: datetime) -> list[Tile]:
    def listed(kind: str) -> str:
        return url_for("compliance.deviation_list", kind=kind, since=since.isoformat())

    return [
        Tile(_("New breaches"), rows.count_found("breach", since), listed("breach"),
             _("verdicts that turned broken")),
        Tile(_("New drift"), rows.count_found("drift", since), listed("drift"), _("process and policy disagree")),
        Tile(_("Links to review"), len(services().reviews.wanted()), url_for("compliance.review_list"),
             _("a clause or what carries it out has changed"), "soon"),
        Tile(_("Figures looser than the law"), len(_looser()), url_for("policy.laws") if _reads_policy() else "",
             _("a rule of law asks for more")),
    ]


def _looser() -> list[LawFinding]:
    """Return the figures in force that are looser than the law today; those of replaced rules are not ours."""
    found = looser_than_law(services().register, services().policies.today())
    return [one for one in found if not one.replaced]


def _reads_policy() -> bool:
    return bool(actor().groups & POLICY_READERS)


def _waiting(at: datetime) -> list[Tile]:
    return [
        Tile(_("Windows that end within 24 hours"), rows.count_ending(at, at + SOON), url_for("compliance.ending"),
             _("still to be done in time"), "soon"),
        Tile(_("Waivers about to end"), rows.waivers_ending(at, at + WAIVERS), url_for("compliance.waivers"),
             _("within 14 days"), "soon"),
        Tile(_("Waivers that ended"), rows.waivers_ended(at - WAIVERS), url_for("compliance.waivers"),
             _("in the last 14 days"), "soon"),
        Tile(_("Provisional deadlines"), rows.provisional(), _provisional_page(),
             _("holidays are not announced yet"), "soon"),
        Tile(_("Proposals to approve"), policy.waiting(), url_for("policy.proposals"),
             _("changes of the policy"), "brand"),
    ]


def _provisional_page() -> str:
    may = actor().groups & {"admin", "compliance", "manager"}
    return url_for("admin.provisional") if may else ""


def _standing() -> dict[str, Any]:
    found: dict[str, dict[str, int]] = {}
    for (kind, state), number in rows.standing().items():
        found.setdefault(kind, {})[state] = number
    return found


@blueprint.get("/ending")
@entry(*MAY_READ)
def ending() -> str:
    """List what is owed and whose time ends within a day."""
    at = now()
    return render_template("compliance/ending.html", page=rows.ending(at, at + SOON, page_number()))


@blueprint.get("/waivers")
@entry(*MAY_READ)
def waivers() -> str:
    """List the waivers that end soon, and those that have ended."""
    at = now()
    soon, over = rows.waiver_list(at, at + WAIVERS, at - WAIVERS)
    return render_template("compliance/waivers.html", soon=soon, over=over, days=WAIVERS.days)


@blueprint.get("/kpis")
@entry(*MAY_READ)
def kpis() -> str:
    """List the targets with formula, figure and target."""
    found = services().kpis.recent(KPI_SPAN)
    found = sorted(found, key=lambda one: (one.met is not False, one.met is None))
    return render_template("compliance/kpis.html", kpis=found, days=KPI_SPAN.days)
