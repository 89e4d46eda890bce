"""The matrix of clauses by processes: where each clause is carried out, and how."""

from __future__ import annotations

from flask import render_template

from app.policy.coverage import DISPOSITIONS
from app.policy.entries import OBLIGATIONS
from app.store.queries.inbox import Page
from app.web.compliance.blueprint import MAY_READ, blueprint, choice, page_number, picture
from app.web.compliance.clauses import documents
from app.web.compliance.lights import GREEN, OFF, RED, YELLOW, Board
from app.web.entry import entry
from app.web.policy import showing

SIZE = 60


@blueprint.get("/matrix")
@entry(*MAY_READ)
def matrix() -> str:
    """Show which process carries out which clause."""
    drawn = picture()
    register = drawn.register
    known = documents(register)
    chosen = {"document": choice("document", *(one.id for one in known)),
              "obligation": choice("obligation", *OBLIGATIONS), "disposition": choice("disposition", *DISPOSITIONS),
              "process": choice("process", *drawn.view.processes), "light": choice("light", RED, YELLOW, GREEN, OFF)}
    found = [one for one in register.clauses.values()
             if chosen["document"] in ("", one.document) and chosen["obligation"] in ("", one.obligation)
             and chosen["disposition"] in ("", drawn.coverage[one.id].disposition)
             and (not chosen["process"] or chosen["process"] in drawn.lit[one.id])]
    board = Board(drawn)
    lights = {one.id: board.lights(one.id) for one in found}
    if chosen["light"]:
        found = [one for one in found if lights[one.id].worst == chosen["light"]]
    number = max(1, min(page_number(), -(-len(found) // SIZE)))
    shown = found[(number - 1) * SIZE:number * SIZE]
    return render_template(
        "compliance/matrix.html", page=Page(shown, number, len(found), SIZE), picture=drawn, lights=lights,
        processes=[key for key in drawn.view.processes if chosen["process"] in ("", key)], chosen=chosen,
        query={name: value for name, value in chosen.items() if value}, documents=known, showing=showing,
        dispositions=DISPOSITIONS, obligations=OBLIGATIONS)
