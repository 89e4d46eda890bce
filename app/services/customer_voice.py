"""What a customer tells us outside of any task: kept in the contact log (D-2.4.6), told to the owner."""

from __future__ import annotations

import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import FieldError, Invalid, NotAllowed
from app.facts import Actor
from app.services import audit, jobs
from app.services.runtime import Runtime
from app.store.models import Communication
from app.store.unit_of_work import in_unit_of_work

LONGEST = 2000  # characters
MOST = 200  # messages of one case: a link must not fill the log


class CustomerVoice:
    """Messages of customers."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    def say(self, text: str, actor: Actor) -> None:
        """Keep a message of the customer and tell the case's owner; raises Invalid on "text", NotAllowed for others."""
        words = text.strip()
        if actor.case_id is None:
            raise NotAllowed("Only the customer of a case writes here.", "此处仅供个案的客户留言。")
        if not words or len(words) > LONGEST:
            raise Invalid([FieldError("text", f"1 to {LONGEST} characters.", f"应为 1 至 {LONGEST} 个字符。")])

        def work(session: Session) -> None:
            now = self._rt.clock.now()
            written = select(func.count()).where(Communication.case_id == actor.case_id, Communication.by == actor.name)
            if session.execute(written).scalar_one() >= MOST:
                raise Invalid([FieldError("text", f"At most {MOST} messages.", f"最多 {MOST} 条留言。")])
            session.add(
                Communication(
                    case_id=actor.case_id,
                    at=now,
                    way="portal",
                    direction="in",
                    party="customer",
                    summary=words,
                    by=actor.name,
                )
            )
            letter = {
                "params": {"to": ["owner", "clerk"], "template": "customer_message", "note": words[:500]},
                "process": "",
                "element": "",
                "task": None,
                "waits": False,
                "case": actor.case_id,
            }
            jobs.enqueue(session, "notify", letter, key=f"customer_message:{uuid.uuid4()}", now=now)
            audit.record(session, now, actor.name, "portal:message:create", str(actor.case_id), actor.case_id, {})

        in_unit_of_work(work)
