"""The original texts of the policy: uploaded by compliance, read into lines, opened at a clause's place."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePath

from sqlalchemy import update

from app.clock import Clock
from app.engine.office import document_lines
from app.errors import FieldError, Invalid, NotAllowed, NotFound, Refused
from app.facts import Actor
from app.policy.places import Place, place_of
from app.policy.register import Clause, Register
from app.services.audit import record
from app.services.file_checks import Checked, check_file
from app.services.pdf_text import Unreadable, pdf_lines
from app.services.policies import EDITORS
from app.store.models import PolicyOriginal
from app.store.queries import policy as rows
from app.store.unit_of_work import unit_of_work

TAKEN = ("txt", "md", "docx", "pdf")
MAX_LINES, MAX_CHARACTERS = 20_000, 2_000_000
BREAK = re.compile(r"\r\n|\r|\n")
PROBLEMS = {
    "encrypted": ("The PDF is locked with a password.", "PDF 有密码保护。"),
    "too_long": ("The PDF is too long.", "PDF 过长。"),
    "empty": ("The PDF holds pictures only, no text; upload its text as well.", "PDF 只有图像、没有文字，请上传文字版。"),
    "damaged": ("The PDF can't be read.", "无法读取此 PDF。"),
}


class PolicyOriginals:
    """Reads are the readers' of the policy; uploading is compliance's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def upload(self, document: str, name: str, content: bytes, actor: Actor, register: Register) -> int:
        """Keep an original in place of the one before and return its id; raises NotAllowed, NotFound, Invalid."""
        if not actor.groups & EDITORS:
            raise NotAllowed("Only compliance uploads originals.", "只有合规专员可以上传制度原文。")
        if document not in register.texts:
            raise NotFound("There is no such document.", "没有这份制度文件。")
        checked = _checked(name, content)
        lines = _lines(checked)
        if len(lines) > MAX_LINES or sum(map(len, lines)) > MAX_CHARACTERS:
            raise _refused("The text is too long.", "文本过长。")
        now = self._clock.now()
        row = PolicyOriginal(
            document=document, name=checked.name, media_type=checked.media_type, size=len(content), content=content,
            digest=hashlib.sha256(content).hexdigest(), lines=lines, uploaded_at=now, uploaded_by=actor.name)
        with unit_of_work() as session:
            session.execute(update(PolicyOriginal).where(PolicyOriginal.document == document).values(superseded=True))
            session.add(row)
            session.flush()
            record(session, now, actor.name, "policy:original:uploaded", document, None,
                   {"original": row.id, "name": checked.name, "digest": row.digest, "lines": len(lines)})
            return row.id

    @staticmethod
    def of(document: str, register: Register) -> PolicyOriginal | None:
        """Return the original that a document stands in, its own or that of what it is part of; without content."""
        family, known = [document], register.texts
        while family[-1] in known and (above := known[family[-1]].part_of) and above not in family:
            family.append(above)
        found = {row.document: row for row in rows.originals(family)}
        return next((found[name] for name in family if name in found), None)

    @staticmethod
    def read(original_id: int, *, with_content: bool = False) -> PolicyOriginal:
        """Return an original with its lines; raises NotFound."""
        row = rows.original(original_id, with_content=with_content)
        if row is None:
            raise NotFound("There is no such original.", "没有这份原文。")
        return row

    @staticmethod
    def place(clause: Clause, original: PolicyOriginal) -> Place | None:
        """Return where the clause stands in the original, or None."""
        return place_of(clause, original.lines)


def _checked(name: str, content: bytes) -> Checked:
    """Return the file with its true type; raises Invalid on "file"."""
    extension = PurePath(name).suffix.lower().lstrip(".")
    if extension not in TAKEN:
        raise _refused(f"These are taken: {', '.join(TAKEN)}.", f"可上传的类型：{'、'.join(TAKEN)}。")
    if extension != "md":
        return check_file(name, content)
    checked = check_file(name[:-3] + ".txt", content)  # to us it is plain text
    return Checked(checked.name.removesuffix(".txt") + ".md", checked.media_type, content)


def _lines(file: Checked) -> list[str]:
    try:
        if file.media_type == "application/pdf":
            return pdf_lines(file.content)
        if file.media_type.startswith("text/"):
            return BREAK.split(_decoded(file.content))
        return document_lines(file.content, file.name)
    except Unreadable as error:
        raise _refused(*PROBLEMS[error.args[0]]) from error
    except Refused as error:
        raise _refused(error.message_en, error.message_zh) from error


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused("The text is neither UTF-8 nor GB18030.", "文本编码既不是 UTF-8 也不是 GB18030。")


def _refused(english: str, chinese: str) -> Invalid:
    return Invalid([FieldError("file", english, chinese)])
