"""Copies what must not be lost to a folder: the database, attachments in it, and the audit's anchors."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine

from app.errors import FieldError, Invalid
from app.store.backup import copy_database

ANCHORS = "audit_head-*"


def back_up(engine: Engine, var: Path, folder: Path) -> Sequence[Path]:
    """Copy the SQLite database and the anchors in `var` to the new or empty `folder`; return the copies.

    Anchors come first: the database that follows knows every row that they speak of. Raises Invalid.
    """
    if engine.dialect.name != "sqlite":
        raise Invalid([FieldError("DATABASE_URL", *NOT_OURS)])
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Invalid([FieldError("FOLDER", f"{folder} is not an empty folder.", f"{folder} 不是空文件夹。")])
    folder.mkdir(parents=True, exist_ok=True)
    anchors = [path for path in sorted(var.glob(ANCHORS)) if path.suffix != ".new"]
    copies = [Path(shutil.copy2(path, folder / path.name)) for path in anchors]
    part, whole = folder / "chengnuo.db.part", folder / "chengnuo.db"
    copy_database(engine, part)
    part.rename(whole)
    return [whole, *copies]


NOT_OURS = (
    "PostgreSQL is backed up with its own tool, also while the server runs: pg_dump --format=custom"
    ' --file=chengnuo.dump "$DATABASE_URL"; keep the audit_head-* files of var/ beside it, copied before',
    'PostgreSQL 请用其自带工具备份，服务运行时也可以：pg_dump --format=custom --file=chengnuo.dump "$DATABASE_URL"；'
    "请先复制 var/ 下的 audit_head-* 文件，与备份放在一起",
)
