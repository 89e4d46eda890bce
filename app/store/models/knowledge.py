"""The knowledge base and how it was used."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Utc, db
from app.store.models._columns import Sequence


class Article(db.Model):  # type: ignore[name-defined,misc]
    """One answer of the knowledge base; what it says stands in its versions."""

    __tablename__ = "article"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="draft")  # draft | published | retired
    category: Mapped[str] = mapped_column(String(20))  # as the shown version says, like the title
    title: Mapped[str] = mapped_column(String(120))
    newest: Mapped[int] = mapped_column(Integer, default=1)  # number of the newest version
    published: Mapped[int | None] = mapped_column(Integer)  # number of the version that readers get
    source_id: Mapped[int | None] = mapped_column(Sequence, unique=True)  # the note (comment) that it was made from
    created_at: Mapped[datetime] = mapped_column(Utc)
    created_by: Mapped[str] = mapped_column(String(80))
    changed_at: Mapped[datetime] = mapped_column(Utc)
    changed_by: Mapped[str] = mapped_column(String(80))
    __table_args__ = (Index("ix_article_state_changed", "state", "changed_at"),)


class ArticleVersion(db.Model):  # type: ignore[name-defined,misc]
    """What an article said once; never changed."""

    __tablename__ = "article_version"
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    category: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(120))
    question: Mapped[str] = mapped_column(Text)  # what customers say when they mean this
    steps: Mapped[list[str]] = mapped_column(JSON)  # the answer, step by step
    internal: Mapped[str] = mapped_column(Text, default="")  # for colleagues only
    products: Mapped[str] = mapped_column(String(200), default="")  # models, separated by commas
    keywords: Mapped[str] = mapped_column(String(200), default="")
    note: Mapped[str] = mapped_column(String(200), default="")  # why it was changed
    at: Mapped[datetime] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(80))


class ArticleTerm(db.Model):  # type: ignore[name-defined,misc]
    """The search index: a character, a pair of characters or a Latin word of an article's shown version."""

    __tablename__ = "article_term"
    term: Mapped[str] = mapped_column(String(40), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True, index=True)
    weight: Mapped[int] = mapped_column(Integer)  # by the place that it stands in and how often


class ArticleUse(db.Model):  # type: ignore[name-defined,misc]
    """An answer that was given in a task, and whether it helped."""

    __tablename__ = "article_use"
    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)  # the version that was given
    work_item_id: Mapped[str] = mapped_column(ForeignKey("work_item.id"), index=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("case.id"), index=True)
    at: Mapped[datetime] = mapped_column(Utc)
    by: Mapped[str] = mapped_column(String(80))
    solved: Mapped[bool | None]  # what was said of it; null: the case's end tells
    __table_args__ = (UniqueConstraint("article_id", "work_item_id"),)
