"""The knowledge base for programs: searched, read, given in a task."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from app.errors import FieldError, Invalid
from app.services.knowledge import CATEGORIES, PAGE, Found
from app.web.api.blueprint import api
from app.web.api.describe import NUMBER, TEXT, Schema, describe, listed, one_of, record
from app.web.api.request import body, filters, text_of
from app.web.entry import actor, entry
from app.wiring import services

SCHEMAS: dict[str, Schema] = {
    "Article": record(
        id=NUMBER, title=TEXT, category=one_of(*CATEGORIES), state=one_of("draft", "published", "retired"),
        question=TEXT, steps=listed(TEXT), answer=TEXT, products=TEXT, uses=NUMBER, helped=NUMBER),
    "Articles": record(("items", "total"), items=listed({"$ref": "#/components/schemas/Article"}), total=NUMBER),
    "ArticleUse": record(("task",), task=TEXT),
    "Given": record(text=TEXT),
}


@api.get("/knowledge")
@entry("staff")
@describe("Published answers, the best first; `suggest` takes a customer's words, `q` words that must be there",
          "knowledge", answer="Articles", query=("q", "suggest", "product", "category", "page"), errors=(422,))
def list_knowledge() -> Response:
    """Search the knowledge base."""
    given = filters("q", "suggest", "product", "category", choices={"category": CATEGORIES})
    if "suggest" in given or "product" in given:
        found = services().knowledge.suggest(given.get("suggest", ""), given.get("product"))
        return jsonify({"items": [_shown(one) for one in found], "total": len(found)})
    raw = request.args.get("page", "1")
    if not raw.isascii() or not raw.isdecimal() or not 1 <= int(raw[:7]) <= 100_000:
        raise Invalid([FieldError("page", "Between 1 and 100000.", "应在 1 到 100000 之间。")])
    found, total = services().knowledge.search(given.get("q", ""), actor(), category=given.get("category", ""),
                                               page=int(raw))
    return jsonify({"items": [_shown(one) for one in found], "total": total, "page_size": PAGE})


@api.get("/knowledge/<int:article_id>")
@entry("staff")
@describe("One answer", "knowledge", answer="Article", errors=(404,))
def get_article(article_id: int) -> Response:
    """Read an article."""
    return jsonify(_shown(services().knowledge.one(article_id, actor())))


@api.post("/knowledge/<int:article_id>/uses")
@entry("staff")
@describe("Give an answer in a task; it is counted once a task", "knowledge", body="ArticleUse", answer="Given",
          errors=(403, 404, 422))
def use_article(article_id: int) -> Response:
    """Note a use and return the text to send."""
    services().knowledge.one(article_id, actor())
    task_id = text_of(body(), "task") or ""
    return jsonify({"text": services().knowledge.use(article_id, task_id, actor())})


def _shown(one: Found) -> dict[str, Any]:
    return {"id": one.id, "title": one.title, "category": one.category, "state": one.state, "question": one.question,
            "steps": list(one.steps), "answer": one.answer, "products": one.products, "uses": one.uses,
            "helped": one.helped}
