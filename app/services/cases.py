"""Cases: registered, found, linked, and what customers may ask of them."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from app.facts import Actor, CaseFacts
from app.services import audit, step
from app.services.messages import Messages
from app.services.runtime import Runtime
from app.store.models import Case, CaseCopy, CaseLink, Instance, WorkItem
from app.store.records import case_facts
from app.store.unit_of_work import in_unit_of_work

TYPES = ("complaint", "return_exchange", "fault_repair", "consultation", "suggestion", "other")
CHANNELS = (
    "phone",
    "online_chat",
    "app",
    "web_chat",
    "email",
    "social_media",
    "wechat_official_account",
    "web_form",
    "walk_in",
)
WISHES = {  # what a customer may ask for, and the message that the diagrams wait for
    "withdraw": "withdrawal",
    "appeal": "appeal_requested",
    "reopen": "case_reopened",
    "change": "change_requested",
}
FLAGS = ("safety", "production_stop", "batch", "public_opinion")
# Which process a type needs besides the case's own; a type whose process is not deployed is refused at registration.
NEEDS = {
    "complaint": "complaint",
    "return_exchange": "return_reissue",
    "fault_repair": "repair",
    "consultation": "enquiry",
    "suggestion": "enquiry",
    "other": "enquiry",
}
# Who serves any customer and so sees every case; who reads everything.
SEES_ALL = frozenset({"clerk", "supervisor", "manager", "director", "compliance", "relations", "general_manager"})


@dataclass(frozen=True)
class Duplicate:
    """A case that may be the same."""

    case_id: str
    number: str
    status: str
    matched_on: str  # phone | order_no | serial_no


class Cases:
    """Everything about cases that is not a task."""

    def __init__(self, rt: Runtime, messages: Messages) -> None:
        self._rt, self._messages = rt, messages

    def register(self, request: Mapping[str, Any], actor: Actor) -> str:
        """Register a case and start its process in one transaction; return the case's id; raises Invalid by field.

        The step grades the case and opens its milestones before it answers (D-2.1.5, D-2.1.6, E-2.1.2).
        """
        values = Registration(request).values()
        process = NEEDS[values["type"]]
        if self._rt.library.latest(process) is None:
            raise Invalid(
                [
                    FieldError(
                        "type",
                        f"Cases of type {values['type']} can't be handled yet: the process "
                        f"“{process}” is not deployed.",
                        f"暂不能受理此类个案：流程“{process}”尚未部署。",
                    )
                ]
            )

        def work(session: Session) -> str:
            now = self._rt.clock.now()
            case = Case(
                id=str(uuid.uuid4()),
                access_key=secrets.token_urlsafe(24),
                registered_at=now,
                registered_by=actor.name,
                state="open",
                status="待处理",
                round=1,
                extra={},
                policy_version=self._rt.register_on(now).version,
                **values,
            )
            session.add(case)
            session.flush()
            step.start(self._rt, session, "case", start_variables(case), actor, case)
            audit.record(
                session,
                now,
                actor.name,
                "case:registration:create",
                case.number or case.id,
                case.id,
                {"type": case.type},
            )
            return case.id

        return in_unit_of_work(work)

    def types(self) -> tuple[str, ...]:
        """Return the types that can be registered: those whose process is deployed."""
        return tuple(kind for kind in TYPES if self._rt.library.latest(NEEDS[kind]) is not None)

    def facts(self, case_id: str) -> CaseFacts:
        """Return the facts of a case; raises NotFound."""
        return case_facts(self.row(case_id))

    def row(self, case_id: str) -> Case:
        """Return the row of a case, for reading; raises NotFound."""
        case = self._rt.session().get(Case, case_id)
        if case is None:
            raise NotFound("No such case", "没有这个个案")
        return case

    def by_number(self, number: str) -> str | None:
        """Return the id of the case with this number, or None."""
        return self._rt.session().execute(select(Case.id).where(Case.number == number)).scalar_one_or_none()

    def by_access_key(self, key: str) -> str | None:
        """Return the id of the case that a customer's signed link opens, or None."""
        return self._rt.session().execute(select(Case.id).where(Case.access_key == key)).scalar_one_or_none()

    def duplicates(
        self,
        phone: str | None,
        order_no: str | None = None,
        serial_no: str | None = None,
        *,
        other_than: str | None = None,
    ) -> list[Duplicate]:
        """Return up to 20 cases with the same telephone, order or serial number, newest first."""
        wanted = {
            "phone": (Case.customer_phone, phone),
            "order_no": (Case.order_no, order_no),
            "serial_no": (Case.serial_no, serial_no),
        }
        matches = [column == value for column, value in wanted.values() if value]
        if not matches:
            return []
        query = (
            select(Case)
            .where(or_(*matches), Case.id != (other_than or ""))
            .order_by(Case.registered_at.desc())
            .limit(20)
        )
        found = []
        for case in self._rt.session().execute(query).scalars():
            on = next(name for name, (column, value) in wanted.items() if value and getattr(case, column.key) == value)
            found.append(Duplicate(case.id, case.number or "", case.status, on))
        return found

    def link(self, case_id: str, other_number: str, kind: str, actor: Actor) -> None:
        """Link two cases; raises NotFound, Invalid when they are one and the same."""
        other_id = self.by_number(other_number)
        if other_id is None or not self.may_see(other_id, actor) or not self.may_see(case_id, actor):
            raise NotFound("No such case", "没有这个个案")
        if other_id == case_id:
            raise Invalid([FieldError("number", "A case can't be linked to itself.", "不能关联到自身。")])

        def work(session: Session) -> None:
            now = self._rt.clock.now()
            known = select(CaseLink.id).where(
                CaseLink.case_id == case_id, CaseLink.other_id == other_id, CaseLink.kind == kind
            )
            if session.execute(known).first() is None:
                session.add(CaseLink(case_id=case_id, other_id=other_id, kind=kind, at=now, by=actor.name))
                audit.record(session, now, actor.name, "case:link:create", other_number, case_id, {"kind": kind})

        in_unit_of_work(work)

    def withdraw(self, case_id: str, reason: str, actor: Actor) -> None:
        """Tell the case that the customer withdraws it; raises Conflict when it can't be withdrawn now."""
        self._tell(case_id, "withdrawal", {"withdrawal_reason": _text("reason", reason)}, actor)

    def appeal(self, case_id: str, request: Mapping[str, Any], actor: Actor) -> None:
        """Lodge an appeal against the result (B14-5.3, B14-6.1); raises Conflict when there is no result yet."""
        self._tell(
            case_id,
            "appeal_requested",
            {
                "appeal_reason": _text("reason", request.get("reason")),
                "appeal_demand": _text("demand", request.get("demand")),
                "appeal_evidence": str(request.get("evidence") or "")[:2000],
            },
            actor,
        )

    def reopen(self, case_id: str, reason: str, actor: Actor) -> None:
        """Reopen a closed case within its reopening period (O5); raises Conflict when it is over."""
        self._tell(case_id, "case_reopened", {"reopen_reason": _text("reason", reason)}, actor)

    def wishes(self, case: Case) -> frozenset[str]:
        """Return what the customer may ask for now: withdraw, appeal, reopen, change."""
        session = self._rt.session()
        return frozenset(wish for wish, name in WISHES.items() if self._messages.waits(session, name, case.number))

    def request_change(self, case_id: str, request: Mapping[str, Any], actor: Actor) -> None:
        """Ask for a change of what was agreed (D-2.4.7); raises Conflict when the case can't take it."""
        self._tell(
            case_id,
            "change_requested",
            {
                "change_content": _text("content", request.get("content")),
                "change_reason": str(request.get("reason") or "")[:2000],
            },
            actor,
        )

    def may_see(self, case_id: str, actor: Actor) -> bool:
        """Return whether the actor may read the case."""
        if actor.is_system or actor.case_id == case_id:
            return True
        if actor.user_id is None:
            return False
        if actor.groups & SEES_ALL:
            return True
        session = self._rt.session()
        touched = select(WorkItem.id).where(
            WorkItem.case_id == case_id,
            or_(
                WorkItem.group_code.in_(actor.groups),
                WorkItem.assignee_id == actor.user_id,
                WorkItem.completed_by == actor.name,
            ),
        )
        copied = select(CaseCopy.id).where(CaseCopy.case_id == case_id, CaseCopy.user_id == actor.user_id)
        own = select(Case.id).where(
            Case.id == case_id, or_(Case.registered_by == actor.name, Case.owner_id == actor.user_id)
        )
        return any(session.execute(query.limit(1)).first() for query in (touched, copied, own))

    def _tell(self, case_id: str, message: str, payload: Mapping[str, Any], actor: Actor) -> None:
        if not self.may_see(case_id, actor):
            raise NotFound("No such case", "没有这个个案")
        if actor.user_id is not None and not actor.groups & (SEES_ALL - {"compliance", "general_manager"}):
            raise NotAllowed("Only those who serve the customer may do this", "只有服务客户的人员可以这样做")
        case = self.facts(case_id)

        def work(session: Session) -> None:
            """Deliver it now or not at all: a wish that was refused must not come true later."""
            if self._messages.publish(message, case.number, payload, actor).state != "delivered":
                raise Conflict(
                    "The case can't take this now", "个案当前不能这样处理", state=case.state, case_status=case.status
                )

        in_unit_of_work(work)

    def family(self, case_id: str) -> list[Instance]:
        """Return the instances of a case, oldest first."""
        query = select(Instance).where(Instance.case_id == case_id).order_by(Instance.created_at, Instance.id)
        return list(self._rt.session().execute(query).scalars())


def start_variables(case: Case) -> dict[str, Any]:
    """Return the variables that the case's process starts with (see processes/case)."""
    flags = {flag: flag in case.flags for flag in FLAGS}
    return {
        "claimed_type": case.type,
        "channel": case.channel,
        "urgency": case.urgency,
        "severity": case.severity,
        "origin": case.origin,
        "customer_level": case.customer_level,
        "customer_known": case.customer_known,
        **flags,
    }


class Registration:
    """The shape of POST /cases, read strictly."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self._request = request
        self._errors: list[FieldError] = []

    def values(self) -> dict[str, Any]:
        """Return the columns of the case; raises Invalid with one error a field."""
        if not isinstance(self._request, Mapping):
            raise Invalid([FieldError("", "An object is expected.", "应为一个对象。")])
        customer, product = self._object("customer", required=True), self._object("product")
        self._no_others(
            "", self._request, {"type", "channel", "customer", "product", "description", "urgency", "severity", "flags"}
        )
        self._no_others("customer.", customer, {"name", "phone", "email", "level"})
        self._no_others("product.", product, {"model", "serial_no", "order_no", "purchase_date", "origin"})
        values = {
            "type": self._choice("", self._request, "type", TYPES, required=True),
            "channel": self._choice("", self._request, "channel", CHANNELS, required=True),
            "customer_name": self._line("customer.", customer, "name", 120, required=True),
            "customer_phone": self._phone(customer),
            "customer_email": self._email(customer),
            "customer_level": self._choice("customer.", customer, "level", ("vip", "ordinary")) or "ordinary",
            "product_model": self._line("product.", product, "model", 80),
            "serial_no": self._line("product.", product, "serial_no", 80),
            "order_no": self._line("product.", product, "order_no", 80),
            "purchase_date": self._date(product),
            "origin": self._choice("product.", product, "origin", ("self_made", "purchased"))
            or ("self_made" if product else "not_applicable"),  # unknown counts as self-made (O23)
            "description": self._line("", self._request, "description", 4000, required=True),
            "urgency": self._choice("", self._request, "urgency", ("high", "medium", "low")),
            "severity": self._choice("", self._request, "severity", ("major", "important", "general")),
            "flags": self._flags(),
        }
        if self._errors:
            raise Invalid(self._errors)
        return values

    def _object(self, name: str, *, required: bool = False) -> Mapping[str, Any]:
        value = self._request.get(name)
        if isinstance(value, Mapping):
            return value
        if value is not None or required:
            self._error(name, "An object is expected.", "应为一个对象。")
        return {}

    def _no_others(self, prefix: str, given: Mapping[str, Any], known: set[str]) -> None:
        for name in given:
            if name not in known:
                self._error(f"{prefix}{name}", "This field is not known.", "没有这个字段。")

    def _line(
        self, prefix: str, given: Mapping[str, Any], name: str, longest: int, *, required: bool = False
    ) -> str | None:
        value = given.get(name)
        if value is None or value == "":
            if required:
                self._error(f"{prefix}{name}", "Required.", "必填。")
            return None
        if not isinstance(value, str) or "\x00" in value:
            self._error(f"{prefix}{name}", "Text is expected.", "应为文字。")
            return None
        if len(value.strip()) > longest or (required and not value.strip()):
            self._error(f"{prefix}{name}", f"1 to {longest} characters.", f"应为 1 至 {longest} 个字符。")
        return value.strip() or None

    def _choice(
        self, prefix: str, given: Mapping[str, Any], name: str, allowed: tuple[str, ...], *, required: bool = False
    ) -> str | None:
        value = given.get(name)
        if value is None and not required:
            return None
        if value is None:
            self._error(f"{prefix}{name}", "Required.", "必填。")
        elif value not in allowed:
            self._error(f"{prefix}{name}", f"One of: {', '.join(allowed)}.", f"应为其中之一：{'、'.join(allowed)}。")
        else:
            return str(value)
        return None

    def _phone(self, customer: Mapping[str, Any]) -> str | None:
        value = self._line("customer.", customer, "phone", 40, required=True)
        if value is not None and not (6 <= len(value) <= 20 and set(value) <= set("0123456789+- ()")):
            self._error(
                "customer.phone",
                "6 to 20 digits, with + - ( ) and spaces.",
                "应为 6 至 20 位数字，可含 + - ( ) 和空格。",
            )
        return value

    def _email(self, customer: Mapping[str, Any]) -> str | None:
        value = self._line("customer.", customer, "email", 200)
        if value is None:
            return None
        name, _, host = value.partition("@")
        if not name or "." not in host or any(letter.isspace() or letter in "<>,;" for letter in value) or "@" in host:
            self._error("customer.email", "Not an e-mail address.", "不是有效的邮箱地址。")
        return value

    def _date(self, product: Mapping[str, Any]) -> date | None:
        value = product.get("purchase_date")
        if value in (None, ""):
            return None
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self._error("product.purchase_date", "A date such as 2026-03-02.", "应为日期，如 2026-03-02。")
            return None

    def _flags(self) -> list[str]:
        value = self._request.get("flags") or []
        if not isinstance(value, list) or any(flag not in FLAGS for flag in value):
            self._error("flags", f"A list of: {', '.join(FLAGS)}.", f"应为列表，可含：{'、'.join(FLAGS)}。")
            return []
        return sorted(set(value))

    def _error(self, field: str, english: str, chinese: str) -> None:
        self._errors.append(FieldError(field, english, chinese))


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 2000:
        raise Invalid([FieldError(field, "1 to 2000 characters.", "应为 1 至 2000 个字符。")])
    return value.strip()
