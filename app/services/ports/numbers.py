"""Gap-free numbers by the rules of ANALYSIS 3.3 (D-2.1.5, C-2.1.6, B14-2)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app.errors import StepFailed
from app.store import numbers as rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# kind -> (sequence, prefix, digits). D-2.1.5 gives the service order's rule; the prefixes are the company's.
RULES = {
    "service_order": ("service_order", "", 4),
    "opinion": ("opinion", "YJ-", 3),
    "opinion_supplement": ("opinion", "YJ-", 3),  # an opinion too: one run of numbers
    "appeal": ("appeal", "SS-", 3),
    "assessment": ("assessment", "KH-", 3),
    "assessment_decision": ("assessment", "KH-", 3),
    "contact_letter": ("contact_letter", "LX-", 3),
    "red_slip": ("red_slip", "HC-", 3),
    "black_slip": ("black_slip", "CK-", 3),
    "escalation": ("escalation", "SJ-", 3),
    "escalation_approval": ("escalation", "SJ-", 3),
    "rectification": ("rectification", "ZG-", 3),
    "survey": ("survey", "DC-", 3),
    "report": ("report", "BB-", 3),
    "payroll": ("payroll", "KK-", 3),
    "lesson": ("lesson", "ZS-", 3),
    "return_application": ("return_application", "TH-", 3),
    "return_slip": ("return_slip", "TD-", 3),
    "reissue_request": ("reissue_request", "FH-", 3),
    "refund_voucher": ("refund_voucher", "TK-", 3),
    "repair_report": ("repair_report", "BX-", 3),
    "requirement_change": ("requirement_change", "BG-", 3),
}


class NumberDesk:
    """The number sequences, in the step's transaction: `app.handling.Numbers`."""

    def __init__(self, session: Session, now: datetime, zone: str) -> None:
        self._session, self._now, self._zone = session, now, ZoneInfo(zone)

    def next(self, kind: str) -> str:
        """Return the next number of `kind`: prefix, month in the company's zone, and a run that starts anew monthly.

        202405-0013 for a service order, YJ-202405-003 for an opinion. Raises StepFailed for an unknown kind.
        """
        rule = RULES.get(kind)
        if rule is None:
            raise StepFailed(f"No numbering rule for {kind!r}.", f"没有“{kind}”的编号规则。")
        sequence, prefix, digits = rule
        period = f"{self._now.astimezone(self._zone):%Y%m}"
        return f"{prefix}{period}-{rows.take(self._session, sequence, period):0{digits}d}"
