"""What the knowledge pages show: articles found by terms, their versions and uses, notes that may become articles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy import case as when
from sqlalchemy.orm import Session

from app.store.models import Article, ArticleTerm, ArticleUse, ArticleVersion, Case, Comment

SHOWN = func.coalesce(Article.published, Article.newest)
# A use that nobody judged helped when its case ended in its first round.
HELPED = or_(ArticleUse.solved.is_(True),
             and_(ArticleUse.solved.is_(None), Case.state == "closed", Case.round == 1))


@dataclass(frozen=True)
class Wanted:
    """Which articles are asked for."""

    terms: Sequence[str] = ()
    least: int = 0  # how many of the terms have to be found
    strong: int | None = None  # a single term is enough where it weighs this much
    states: Sequence[str] = ("published",)
    category: str = ""
    limit: int = 20
    offset: int = 0


def frequencies(session: Session, terms: Sequence[str]) -> Mapping[str, int]:
    """Return in how many articles each term stands."""
    query = (select(ArticleTerm.term, func.count()).where(ArticleTerm.term.in_(terms)).group_by(ArticleTerm.term))
    return {row[0]: row[1] for row in session.execute(query)}


def find(session: Session, wanted: Wanted) -> tuple[Sequence[Any], int]:
    """Return articles with what is shown of them, the best first, and how many there are in all.

    A rare term counts for more than a frequent one, one in the title for more than one in the steps.
    """
    where: list[ColumnElement[bool]] = [Article.state.in_(wanted.states)]
    if wanted.category:
        where.append(Article.category == wanted.category)
    query = select(Article, ArticleVersion).join(
        ArticleVersion, and_(ArticleVersion.article_id == Article.id, ArticleVersion.number == SHOWN))
    if not wanted.terms:
        total = session.execute(select(func.count()).select_from(Article).where(*where)).scalar_one()
        query = query.where(*where).order_by(Article.changed_at.desc(), Article.id.desc())
        return session.execute(query.limit(wanted.limit).offset(wanted.offset)).all(), total
    known = frequencies(session, wanted.terms)
    if not known:
        return [], 0
    articles = session.execute(select(func.count()).select_from(Article)).scalar_one()
    rarity = when({term: math.log(1 + articles / count) for term, count in known.items()}, value=ArticleTerm.term)
    score = func.sum(ArticleTerm.weight * rarity)
    enough: ColumnElement[bool] = func.count() >= max(wanted.least, 1)
    if wanted.strong is not None:
        enough = or_(enough, func.max(ArticleTerm.weight) >= wanted.strong)
    hits = (select(ArticleTerm.article_id.label("id"), score.label("score"))
            .where(ArticleTerm.term.in_(known)).group_by(ArticleTerm.article_id)
            .having(enough).subquery())
    total = session.execute(
        select(func.count()).select_from(Article).join(hits, hits.c.id == Article.id).where(*where)).scalar_one()
    query = query.join(hits, hits.c.id == Article.id).where(*where).order_by(hits.c.score.desc(), Article.id)
    return session.execute(query.limit(wanted.limit).offset(wanted.offset)).all(), total


def article(session: Session, article_id: int) -> Article | None:
    """Return an article, or None."""
    return session.get(Article, article_id)


def version(session: Session, article_id: int, number: int) -> ArticleVersion | None:
    """Return one version of an article, or None."""
    return session.get(ArticleVersion, (article_id, number))


def versions(session: Session, article_id: int) -> Sequence[ArticleVersion]:
    """Return the versions of an article, the newest first."""
    query = select(ArticleVersion).where(ArticleVersion.article_id == article_id)
    return session.execute(query.order_by(ArticleVersion.number.desc())).scalars().all()


def uses(session: Session, article_ids: Sequence[int]) -> Mapping[int, tuple[int, int]]:
    """Return how often each article was given, and how often it helped."""
    query = (select(ArticleUse.article_id, func.count(), func.sum(when((HELPED, 1), else_=0)))
             .outerjoin(Case, Case.id == ArticleUse.case_id)
             .where(ArticleUse.article_id.in_(article_ids)).group_by(ArticleUse.article_id))
    return {row[0]: (row[1], int(row[2] or 0)) for row in session.execute(query)}


def uses_in(session: Session, work_item_id: str) -> Sequence[Any]:
    """Return what was given in a task: use id, article id, title, solved."""
    query = (select(ArticleUse.id, ArticleUse.article_id, Article.title, ArticleUse.solved)
             .join(Article, Article.id == ArticleUse.article_id)
             .where(ArticleUse.work_item_id == work_item_id).order_by(ArticleUse.id))
    return session.execute(query).all()


def notes(session: Session, kinds: Sequence[str], limit: int) -> Sequence[Any]:
    """Return the newest notes of cases that no article was made from."""
    taken = select(Article.source_id).where(Article.source_id.is_not(None))
    query = (select(Comment.id, Comment.kind, Comment.at, Comment.by, Comment.text, Case.number, Case.type,
                    Case.product_model, Case.description)
             .join(Case, Case.id == Comment.case_id)
             .where(Comment.kind.in_(kinds), Comment.id.not_in(taken))
             .order_by(Comment.id.desc()).limit(limit))
    return session.execute(query).all()
