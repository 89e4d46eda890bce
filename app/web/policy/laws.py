"""The rules of law around the policy, and the figures of ours that are looser than them."""

from __future__ import annotations

from flask import render_template, request

from app.policy.finding import Page, find
from app.policy.law import LawFinding, looser_than_law
from app.policy.register import Register
from app.store.queries import policy as rows
from app.web.entry import entry
from app.web.policy import showing
from app.web.policy.blueprint import MAY_READ, blueprint, page_number
from app.web.policy.clauses import SIZE, clause_page
from app.wiring import services


@blueprint.get("/laws")
@entry(*MAY_READ)
def laws() -> str:
    """List the rules of law, with the company's figures that are looser than them."""
    register = services().register
    text, only = request.args.get("q", "").strip()[:100], request.args.get("looser") == "1"
    looser = loosened(register)
    rules = [one for one in find(register, text, {"origin": "law"}, 1, len(register.law) + 1).items
             if not only or one.id in looser]
    number, last = page_number(request.args.get("page")), max(1, -(-len(rules) // SIZE))
    number = min(number, last)
    return render_template(
        "policy/laws.html", page=Page(rules[(number - 1) * SIZE:number * SIZE], number, SIZE, len(rules)), q=text,
        only=only, looser=looser, register=register, query={"q": text, "looser": "1" if only else ""}, showing=showing,
        open_keys=rows.open_keys(), today=services().policies.today())


@blueprint.get("/laws/<key>")
@entry(*MAY_READ)
def law(key: str) -> str:
    """Read a rule of law: what it says, what it bounds, which figures of ours are looser."""
    return clause_page("law", key, services().register.law.get(key))


def loosened(register: Register) -> dict[str, list[LawFinding]]:
    """Return by rule of law the figures that are looser than it today."""
    found: dict[str, list[LawFinding]] = {}
    for one in looser_than_law(register, services().policies.today()):
        found.setdefault(one.rule, []).append(one)
    return found
