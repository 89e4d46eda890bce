"""The knowledge base: answers with versions, found by a customer's words, given in tasks, judged by what they did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from app.facts import SYSTEM, Actor
from app.services.audit import record
from app.services.knowledge_terms import index_terms, query_terms
from app.services.work import Work
from app.store.models import Article, ArticleTerm, ArticleUse, ArticleVersion, Case, Comment, Submission
from app.store.queries import knowledge as rows
from app.store.queries.knowledge import Wanted
from app.store.unit_of_work import locked, unit_of_work

EDITORS = frozenset({"owner", "supervisor", "manager", "director"})
CATEGORIES = ("usage", "fault", "return", "repair", "logistics", "billing", "complaint", "policy", "other")
STATES = ("draft", "published", "retired")
NOTES = ("lesson", "praise", "answer", "suggestion", "rectification", "prevention")
LIMITS = {"title": 120, "question": 1000, "steps": 4000, "internal": 2000, "products": 200, "keywords": 200,
          "note": 200}
WEIGHTS = {"products": 10, "title": 8, "keywords": 8, "question": 4, "steps": 1}
STRONG = 8  # one word of the title, the keywords or the products is enough for a suggestion
SUGGESTED, PAGE = 3, 20
QUERY_LENGTH = 300
LOOSE = 4  # a query of more terms may miss some
LEARNED = ("answer", "solution", "root_cause", "improvement_measure", "avoidance_advice", "reply")


@dataclass(frozen=True)
class Found:
    """An article as lists show it."""

    id: int
    state: str
    category: str
    title: str
    question: str
    steps: tuple[str, ...]
    products: str
    changed: bool  # a newer version waits to be published
    uses: int
    helped: int

    @property
    def answer(self) -> str:
        """The steps as one text, numbered where there are several."""
        return numbered(self.steps)


def numbered(steps: Sequence[str]) -> str:
    """Return steps as a text that can be sent."""
    return steps[0] if len(steps) == 1 else "\n".join(f"{place}. {step}" for place, step in enumerate(steps, 1))


class Knowledge:
    """Reads are every colleague's; writing is the owners' and supervisors'."""

    def __init__(self, clock: Clock, session: Callable[[], Session], work: Work) -> None:
        self._clock, self._session, self._work = clock, session, work

    # Finding

    def search(self, text: str, actor: Actor, *, category: str = "", states: Sequence[str] = ("published",),
               page: int = 1) -> tuple[list[Found], int]:
        """Return a page of articles, the best first, and how many there are; every word of `text` counts."""
        shown = tuple(states) if self.may_edit(actor) else ("published",)
        terms = query_terms(text[:QUERY_LENGTH])
        least = len(terms) if len(terms) <= LOOSE else max(LOOSE, len(terms) * 6 // 10)
        if text.strip() and not terms:
            return [], 0
        wanted = Wanted(terms, least, None, shown, category, PAGE, (max(page, 1) - 1) * PAGE)
        found, total = rows.find(self._session(), wanted)
        return self._shown(found), total

    def suggest(self, words: str, product: str | None = None) -> list[Found]:
        """Return the published articles that fit what the customer says, the best first; at most a few."""
        session, products = self._session(), query_terms(product or "")
        terms = [term for term in query_terms(words[:QUERY_LENGTH]) if len(term) > 1]
        terms = list(dict.fromkeys(products + terms))
        if not terms:
            return []
        found, _total = rows.find(session, Wanted(terms, 2, STRONG, limit=SUGGESTED))
        return self._shown(found)

    def article(self, article_id: int, actor: Actor) -> Article:
        """Return an article; raises NotFound, also for what only editors see."""
        row = rows.article(self._session(), article_id)
        if row is None or (row.state != "published" and not self.may_edit(actor)):
            raise NotFound("There is no such article.", "没有这篇知识。")
        return row

    def versions(self, article_id: int, actor: Actor) -> list[ArticleVersion]:
        """Return the versions that the actor may read, the newest first; raises NotFound."""
        row = self.article(article_id, actor)
        found = rows.versions(self._session(), article_id)
        return [one for one in found if self.may_edit(actor) or one.number <= (row.published or 0)]

    def one(self, article_id: int, actor: Actor) -> Found:
        """Return an article as readers get it; raises NotFound."""
        row = self.article(article_id, actor)
        version = rows.version(self._session(), row.id, row.published or row.newest)
        return self._shown([(row, version)])[0]

    def uses_in(self, task_id: str) -> Sequence[Any]:
        """Return what was given in a task."""
        return rows.uses_in(self._session(), task_id)

    @staticmethod
    def may_edit(actor: Actor) -> bool:
        """Return whether the actor may write."""
        return actor.is_system or bool(actor.groups & EDITORS)

    # Writing

    def save(self, article_id: int | None, given: Mapping[str, Any], actor: Actor, *, seen: int | None = None,
             source_id: int | None = None) -> int:
        """Write a new version and return the article's id; readers get it when it is published.

        `seen` is the version that was edited. Raises NotAllowed, NotFound, Invalid by field, and Conflict when somebody
        wrote meanwhile.
        """
        self._need_editor(actor)
        fields, now = _checked(given), self._clock.now()
        with unit_of_work() as session:
            row = locked(session, Article, article_id) if article_id is not None else None
            if article_id is not None and row is None:
                raise NotFound("There is no such article.", "没有这篇知识。")
            if row is None:
                row = Article(title=fields["title"], category=fields["category"], created_at=now, created_by=actor.name,
                              changed_at=now, changed_by=actor.name, newest=0, source_id=source_id)
                session.add(row)
            elif seen is not None and seen != row.newest:
                raise Conflict("Somebody changed this article meanwhile.", "此知识已被他人修改。", by=row.changed_by,
                               at=row.changed_at)
            row.newest += 1
            row.changed_at, row.changed_by = now, actor.name
            session.flush()
            session.add(ArticleVersion(article_id=row.id, number=row.newest, at=now, by=actor.name, **fields))
            session.flush()
            if row.published is None:
                _show(session, row, row.newest)
            record(session, now, actor.name, "knowledge:article:written", str(row.id), None, {"version": row.newest})
            return row.id

    def publish(self, article_id: int, actor: Actor) -> None:
        """Give readers the newest version; raises NotAllowed, NotFound."""
        self._turn(article_id, "published", actor)

    def retire(self, article_id: int, actor: Actor) -> None:
        """Take an article out of search and suggestions; raises NotAllowed, NotFound."""
        self._turn(article_id, "retired", actor)

    def _turn(self, article_id: int, state: str, actor: Actor) -> None:
        self._need_editor(actor)
        now = self._clock.now()
        with unit_of_work() as session:
            row = locked(session, Article, article_id)
            if row is None:
                raise NotFound("There is no such article.", "没有这篇知识。")
            row.state, row.changed_at, row.changed_by = state, now, actor.name
            if state == "published":
                row.published = row.newest
                _show(session, row, row.newest)
            record(session, now, actor.name, f"knowledge:article:{state}", str(row.id), None, {"version": row.newest})

    # Giving

    def use(self, article_id: int, task_id: str, actor: Actor) -> str:
        """Note that an answer is given in a task and return its text; once counts once.

        Raises NotFound, NotAllowed.
        """
        found = self.one(article_id, actor)
        item = self._work.item(task_id, actor)
        if found.state != "published":
            raise NotAllowed("Only published answers are given.", "只能使用已发布的知识。")
        if item.state != "open" or not self._work.may_act(item, actor, on_behalf=True):
            raise NotAllowed("This task is not yours to do.", "此任务不由您办理。")
        now = self._clock.now()
        with unit_of_work() as session:
            locked(session, Article, article_id)
            known = select(ArticleUse.id).filter_by(article_id=article_id, work_item_id=task_id)
            if session.execute(known).first() is None:
                row = rows.article(session, article_id)
                session.add(ArticleUse(article_id=article_id, number=(row.published if row else None) or 1, at=now,
                                       work_item_id=task_id, case_id=item.case_id, by=actor.name))
                record(session, now, actor.name, "knowledge:article:used", str(article_id), item.case_id,
                       {"task": task_id})
        return found.answer

    def judge(self, use_id: int, solved: bool, actor: Actor) -> str:
        """Say whether a given answer helped; return the task's id. Raises NotFound."""
        with unit_of_work() as session:
            row = session.get(ArticleUse, use_id)
            if row is None:
                raise NotFound("There is no such use.", "没有这次使用记录。")
            self._work.item(row.work_item_id, actor)
            row.solved = solved
            return row.work_item_id

    # Feeding

    def notes(self, actor: Actor) -> Sequence[Any]:
        """Return the lessons and praise of cases that no article was made from; raises NotAllowed."""
        self._need_editor(actor)
        return rows.notes(self._session(), NOTES, 100)

    def draft_from(self, comment_id: int, actor: Actor) -> int:
        """Make a draft from a note of a case, with what its forms say, and return its id; raises NotFound, Conflict."""
        self._need_editor(actor)
        session = self._session()
        note = session.get(Comment, comment_id)
        case = session.get(Case, note.case_id) if note is not None and note.kind in NOTES else None
        if note is None or case is None:
            raise NotFound("There is no such note.", "没有这条记录。")
        if session.execute(select(Article.id).where(Article.source_id == comment_id)).first():
            raise Conflict("An article was made from this note already.", "此记录已生成过知识草稿。")
        given = {
            "title": case.description.splitlines()[0][:40] or note.text[:40],
            "category": {"return_exchange": "return", "fault_repair": "repair", "complaint": "complaint"}.get(
                case.type, "other"),
            "question": case.description[:LIMITS["question"]],
            "steps": "\n".join(_learned(session, case.id)) or note.text,
            "products": case.product_model or "", "internal": note.text, "note": case.number or ""}
        return self.save(None, given, actor, source_id=comment_id)

    def seed(self, root: Path) -> int:
        """Write the shipped articles into an empty base and return how many."""
        if self._session().execute(select(Article.id).limit(1)).first() is not None:
            return 0
        path = root / "processes" / "knowledge.yaml"
        shipped = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
        for given in shipped:
            self.publish(self.save(None, {**given, "steps": "\n".join(given["steps"])}, SYSTEM), SYSTEM)
        return len(shipped)

    def _shown(self, found: Sequence[Any]) -> list[Found]:
        counts = rows.uses(self._session(), [row.id for row, _version in found])
        return [
            Found(row.id, row.state, version.category, version.title, version.question, tuple(version.steps),
                  version.products, row.published is not None and row.newest > row.published,
                  *counts.get(row.id, (0, 0)))
            for row, version in found]

    def _need_editor(self, actor: Actor) -> None:
        if not self.may_edit(actor):
            raise NotAllowed("Only process owners and supervisors write knowledge.",
                             "只有流程负责人和主管可以编写知识。")


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a version; raises Invalid."""
    fields, errors = dict[str, Any](), list[FieldError]()
    for name, most in LIMITS.items():
        value = given.get(name) or ""
        if not isinstance(value, str) or len(value) > most:
            errors.append(FieldError(name, f"Text of at most {most} characters.", f"不超过 {most} 个字符的文字。"))
            value = ""
        fields[name] = value.strip()
    fields["category"] = given.get("category")
    if fields["category"] not in CATEGORIES:
        errors.append(FieldError("category", f"One of {', '.join(CATEGORIES)}.", "请选择分类。"))
    fields["steps"] = [line.strip() for line in fields["steps"].splitlines() if line.strip()]
    errors += [FieldError(name, "Is required.", "必填。") for name in ("title", "steps")
               if not fields[name] and not any(error.field == name for error in errors)]
    if errors:
        raise Invalid(errors)
    return fields


def _show(session: Session, row: Article, number: int) -> None:
    """Let lists and the search index speak of one version, in the same transaction."""
    version = session.get_one(ArticleVersion, (row.id, number))
    row.title, row.category = version.title, version.category
    texts: dict[str, int] = {}
    for name, weight in WEIGHTS.items():
        value = getattr(version, name)
        text = "\n".join(value) if isinstance(value, list) else value
        texts[text] = max(weight, texts.get(text, 0))
    session.execute(delete(ArticleTerm).where(ArticleTerm.article_id == row.id))
    found = [{"term": term, "article_id": row.id, "weight": weight} for term, weight in index_terms(texts).items()]
    if found:
        session.execute(insert(ArticleTerm), found)


def _learned(session: Session, case_id: str) -> list[str]:
    """Return what the case's forms say of answer, cause and prevention, the latest of each."""
    latest: dict[str, str] = {}
    query = select(Submission.data).where(Submission.case_id == case_id).order_by(Submission.id)
    for data in session.execute(query).scalars():
        latest.update({name: text for name in LEARNED if isinstance(text := data.get(name), str) and text.strip()})
    return [line for name in LEARNED for line in latest.get(name, "").splitlines() if line.strip()][:40]
