"""Guides in the product: the one of the user's own work, from docs/guides, and the glossary; in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from unicodedata import east_asian_width

from flask import Blueprint, current_app, redirect, render_template, send_from_directory, url_for
from flask_babel import lazy_gettext as _l
from markdown_it import MarkdownIt
from markdown_it.token import Token
from werkzeug.wrappers import Response

from app.errors import NotFound
from app.facts import Actor
from app.web.entry import PUBLIC, STAFF, entry, visitor

blueprint = Blueprint("help", __name__, url_prefix="/help")

# The guide's file below docs/, and whom it is for; the order is that of the page.
GUIDES: Mapping[str, tuple[str, str]] = {
    "clerk": ("guides/clerk.md", _l("Service and departments")),
    "manager": ("guides/manager.md", _l("Managers")),
    "owner": ("guides/owner.md", _l("Process owners")),
    "compliance": ("guides/compliance.md", _l("Compliance")),
    "customer": ("guides/customer.md", _l("Customers")),
    "glossary": ("glossary.md", _l("Glossary")),
}
# Whose guide is another than that of everyday work; the first that fits.
OWN = (("owner", {"owner"}), ("compliance", {"compliance"}),
       ("manager", {"manager", "director", "general_manager", "department_head"}))
PICTURES = "../img/"


@blueprint.get("")
@entry(PUBLIC)
def home() -> Response:
    """Lead to the guide of whoever asks."""
    return redirect(_address(guide_of(visitor())))


@blueprint.get("/customer")
@entry(PUBLIC)
def customer() -> str:
    """Show the customers' guide, the only one that needs no name."""
    return _page("customer")


@blueprint.get("/<name>")
@entry(STAFF)
def guide(name: str) -> str:
    """Show a guide; raises NotFound where there is none of that name."""
    if name not in GUIDES:
        raise NotFound("There is no such guide.", "没有这份指南。")
    return _page(name)


@blueprint.get("/img/<name>.png")
@entry(PUBLIC)
def picture(name: str) -> Response:
    """Send a picture of the guides."""
    return send_from_directory(_documents() / "img", f"{name}.png", max_age=3600)


def guide_of(who: Actor | None) -> str:
    """Return the name of the guide to somebody's own work."""
    if who is None or who.user_id is None:
        return "customer"
    return next((name for name, groups in OWN if who.groups & groups), "clerk")


def rendered(text: str) -> str:
    """Return Markdown as HTML; HTML in it stays text, pictures and guides are led to where the product has them."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    for token in tokens:
        inner = token.children or []
        for one in (token, *inner):
            _lead(one)
        for before, one, after in zip(inner, inner[1:], inner[2:], strict=False):
            if one.type == "softbreak" and (_is_wide(before.content[-1:]) or _is_wide(after.content[:1])):
                one.type = "text"  # empty: Chinese has no space where a line was broken
    return str(parser.renderer.render(tokens, parser.options, {}))


def _is_wide(letter: str) -> bool:
    return bool(letter) and east_asian_width(letter) in "WF"


def _lead(token: Token) -> None:
    """Turn a repository's address into the product's."""
    if token.type == "image":
        name = str(token.attrs["src"]).removeprefix(PICTURES).removesuffix(".png")
        token.attrs["src"] = url_for("help.picture", name=name)
        token.attrs["loading"] = "lazy"
    elif token.type == "link_open":
        name = Path(str(token.attrs["href"])).stem
        if name in GUIDES:
            token.attrs["href"] = _address(name)
    elif token.type == "table_open":
        token.attrJoin("class", "list")


def _page(name: str) -> str:
    file, title = GUIDES[name]
    others = [(one, label, _address(one)) for one, (_file, label) in GUIDES.items()] if visitor() else []
    body = rendered((_documents() / file).read_text(encoding="utf-8"))
    return render_template("help/guide.html", body=body, name=name, title=title, guides=others)


def _address(name: str) -> str:
    return url_for("help.customer") if name == "customer" else url_for("help.guide", name=name)


def _documents() -> Path:
    return Path(current_app.root_path).parent / "docs"
