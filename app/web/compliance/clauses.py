"""Policy against process: the document on the left with each clause's lights, one clause in full on the right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response, make_response, render_template, request, url_for

from app.errors import NotFound
from app.policy.coverage import is_overdue
from app.policy.law import looser_than_law
from app.policy.register import Clause, Document, Register
from app.services.compliance_picture import Lit
from app.store.queries import compliance as rows
from app.web.compliance.blueprint import MAY_READ, blueprint, choice, month_edges, page_number, picture
from app.web.compliance.lights import GREEN, OFF, RED, YELLOW, Board, share
from app.web.compliance.wording import alike
from app.web.entry import entry
from app.web.policy import showing
from app.web.policy.clauses import bounds
from app.web.shell import now
from app.wiring import services

MONTHS = 12
BROKEN = 10  # cases on a page


@dataclass(frozen=True)
class Bar:
    """One month of a clause."""

    month: date
    kept: int
    broken: int

    @property
    def total(self) -> int:
        """How many were decided."""
        return self.kept + self.broken

    @property
    def share(self) -> float | None:
        """The share kept, None where nothing was decided."""
        return self.kept / self.total if self.total else None


@blueprint.get("/policy")
@entry(*MAY_READ)
def document() -> str:
    """Show a document with the lights of its clauses; the first one, unless another is asked for."""
    register = picture().register
    known = [one.id for one in documents(register)]
    return _page(choice("document", *known) or known[0], None)


@blueprint.get("/policy/<key>")
@entry(*MAY_READ)
def clause(key: str) -> Response | str:
    """Show a clause beside its document; alone where htmx puts it into the page."""
    found = picture().register.clauses.get(key)
    if found is None:
        raise NotFound("There is no such clause.", "没有这个条款。")
    if request.headers.get("HX-Request") == "true":
        answer = make_response(render_template("compliance/_clause.html", **_shown(found)))
        answer.headers["Vary"] = "HX-Request"
        return answer
    return _page(found.document, found)


@blueprint.get("/diagrams/<key>.bpmn")
@entry(*MAY_READ)
def diagram(key: str) -> Response:
    """Give the BPMN of a process as it is deployed."""
    content = picture().diagram(key)
    if content is None:
        raise NotFound("There is no such process.", "没有这个流程。")
    answer = make_response(content)
    answer.headers["Content-Type"] = "application/xml; charset=utf-8"
    return answer


def documents(register: Register) -> list[Document]:
    """Return the documents that clauses stand in, in the register's order."""
    used = {one.document for one in register.clauses.values()}
    return [one for one in register.texts.values() if one.id in used]


def _page(document_id: str, chosen: Clause | None) -> str:
    drawn = picture()
    register = drawn.register
    own = [one for one in register.clauses.values() if one.document == document_id]
    board = Board(drawn, [one.id for one in own])
    lights = {one.id: board.lights(one.id) for one in own}
    colour = choice("light", RED, YELLOW, GREEN, OFF)
    sections: dict[str, list[Clause]] = {}
    for one in own:
        if not colour or lights[one.id].worst == colour:
            sections.setdefault(one.section, []).append(one)
    return render_template(
        "compliance/policy.html", documents=documents(register), document=register.texts.get(document_id),
        document_id=document_id, sections=sections, lights=lights, colour=colour, totals=_totals(lights.values()),
        chosen=chosen, **(_shown(chosen) if chosen is not None else {"showing": showing}))


def _totals(lights: Iterable[Any]) -> Mapping[str, int]:
    found = {RED: 0, YELLOW: 0, GREEN: 0, OFF: 0}
    for one in lights:
        found[one.worst] += 1
    return found


def _shown(found: Clause) -> dict[str, Any]:
    """Return everything that the right side says of a clause."""
    drawn = picture()
    board = Board(drawn, [found.id])
    lights = board.lights(found.id)
    lit = drawn.lit.get(found.id, {})
    process = choice("process", *lit) or next(iter(lit), "")
    edges = month_edges(MONTHS)
    counted = rows.trend(lights.judged_as, [at for _day, at in edges]) if lights.counts is not None else []
    bars = [Bar(day, kept, broken) for (day, _at), (kept, broken) in zip(edges, counted, strict=False)]
    register, covered, today = drawn.register, drawn.coverage.get(found.id), services().policies.today()
    return {
        "clause": found, "picture": drawn, "light": lights, "coverage": covered, "lit": lit,
        "process": process, "elements": lit.get(process, ()),
        "comparisons": alike(drawn.compared.get(found.id, ()), board.held, drawn),
        "held": board.held, "showing": showing, "register": register, "bars": bars, "share": share(lights.counts),
        "broken": rows.broken_of(lights.judged_as, now(), page_number("cases"), BROKEN) if lights.counts else None,
        "laws": bounds(register, found), "why_not": board.monitors.unjudged.get(found.id, ""), "chart": chart(bars),
        "conflicts": [one for one in register.conflicts.values() if found.id in one.clauses],
        "assumptions": _assumptions(found, register), "live": rows.live_by_clause([found.id]).get(found.id, 0),
        "changes": services().reviews.changes([covered])[found.id] if covered and covered.needs_review else None,
        "overdue": covered is not None and is_overdue(covered, today),
        "looser": [one for one in looser_than_law(register, today) if one.clause == found.id],
        "original": _original(found, register), "other": _other(lit, process),
    }


def _other(lit: Mapping[str, Sequence[Lit]], process: str) -> list[str]:
    return [one for one in lit if one != process]


def _assumptions(found: Clause, register: Register) -> list[Any]:
    """Return our own readings that the clause rests on, as assumption or conflict."""
    named = ((one, register.assumptions.get(one)) for one in found.assumptions)
    return [row for _code, row in named if row is not None]


def _original(found: Clause, register: Register) -> str:
    """Return the address of the original at the clause's place, or an empty text."""
    row = services().originals.of(found.document, register)
    if row is None:
        return ""
    place = services().originals.place(found, services().originals.read(row.id))
    line = place.line if place is not None else None
    return url_for("policy.original", key=found.document, line=line, clause=found.id,
                   _anchor=f"L{line}" if line else None)


# ---- the chart, drawn here: it needs no JavaScript, and a table says the same

WIDTH, HEIGHT, LEFT, BOTTOM = 520, 130, 34, 20


def chart(bars: Sequence[Bar]) -> list[dict[str, Any]]:
    """Return the rectangles of the chart: the share kept of each month, from 0 to 100 %."""
    step = (WIDTH - LEFT) / max(1, len(bars))
    found = []
    for number, bar in enumerate(bars):
        part = bar.share
        tall = 0.0 if part is None else part * (HEIGHT - BOTTOM - 8)
        found.append({"x": round(LEFT + number * step + step * 0.15, 1), "width": round(step * 0.7, 1),
                      "y": round(HEIGHT - BOTTOM - tall, 1), "height": round(tall, 1), "bar": bar,
                      "middle": round(LEFT + number * step + step / 2, 1),
                      "full": round(HEIGHT - BOTTOM - 8, 1)})
    return found
