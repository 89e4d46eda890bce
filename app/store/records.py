"""Rows as the frozen records that cross seams."""

from __future__ import annotations

from app.facts import CaseFacts
from app.store.models import Case


def case_facts(case: Case) -> CaseFacts:
    """Return the facts of a case."""
    return CaseFacts(
        id=case.id, number=case.number or "", type=case.type, level=case.level, state=case.state, status=case.status,
        channel=case.channel, customer_name=case.customer_name, customer_phone=case.customer_phone,
        customer_email=case.customer_email, customer_level=case.customer_level, customer_known=case.customer_known,
        product_model=case.product_model, serial_no=case.serial_no, order_no=case.order_no,
        purchase_date=case.purchase_date, origin=case.origin, description=case.description, urgency=case.urgency,
        severity=case.severity, flags=frozenset(case.flags), owner_group=case.owner_group,
        registered_at=case.registered_at, closed_at=case.closed_at, round=case.round, extra=dict(case.extra),
    )
