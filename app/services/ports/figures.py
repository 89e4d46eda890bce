"""Figures over many cases, counted in the step's transaction: `app.handling.Figures`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.clock import as_utc
from app.durations import add_months
from app.errors import StepFailed
from app.notifications.words import MILESTONE_WORDS, TYPE_WORDS
from app.services.ports.numbers import NumberDesk
from app.store import papers as rows
from app.store.models import Case, Document, Group
from app.store.queries import figures as counted
from app.work_calendar import WorkCalendar

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SURVEY, REPLY = "satisfaction_survey", "half_year_reply"
OBSERVED = timedelta(days=25)  # of E-2.2.12's month; the check itself has the rest
CODE = re.compile(r"(?<![A-Za-z0-9_])[a-z][a-z_]{3,}(?![A-Za-z0-9_])")
REPORT_WORDS = {  # reports are Chinese papers
    **{code: zh for code, (zh, _en) in (TYPE_WORDS | MILESTONE_WORDS).items()},
    "product_quality": "产品质量", "service_attitude": "服务态度", "after_sales_efficiency": "售后效率",
    "delivery_logistics": "物流配送", "misuse": "使用不当", "service_failure": "服务失误",
    "misunderstanding": "误解", "production": "生产", "training": "服务培训", "design": "设计", "process": "流程管理",
    "supplier": "供应商", "approve": "核准", "amend": "退回重拟", "reject": "不予处罚",
}
TOP = 10  # a frequent problem is among so many


class FigureDesk:
    """Reports from the database as it is in this step."""

    def __init__(self, session: Session, now: datetime, calendar: WorkCalendar, numbers: NumberDesk) -> None:
        self._session, self._now, self._calendar, self._numbers = session, now, calendar, numbers

    def report(self, kind: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the figures of a report; raises StepFailed for an unknown kind."""
        makers: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "weekly_complaints": self._weekly, "closed_opinions_summary": self._opinions,
            "monthly_analysis": self._analysis, "month_end_slips": self._slips, "satisfaction_survey": self._survey,
            "rectification_effect": self._effect, "performance_record": self._performance}
        maker = makers.get(kind)
        if maker is None:
            raise StepFailed(f"There is no report {kind!r}.", f"没有报表“{kind}”。")
        self._session.flush()
        found = maker(params)
        return {**found, "lines": self._in_words(found["lines"])}

    def _in_words(self, lines: Sequence[str]) -> list[str]:
        """Return lines of a report with Chinese words for codes, as `data` keeps them."""
        groups = self._session.execute(select(Group.code, Group.name_zh)).all()
        words = {**REPORT_WORDS, **{row.code: row.name_zh for row in groups}}
        return [CODE.sub(lambda found: words.get(found[0], found[0]), line) for line in lines]

    def closed_opinions(self, month: str) -> list[Mapping[str, Any]]:
        """Return the opinions that were settled in a month (YYYY-MM, "previous" or "current"), each with its case."""
        start, end = self._month(month)
        return [{"opinion": paper.number, "case_id": case.id, "case_number": case.number, "severity": case.severity,
                 "origin": case.origin} for paper, case in counted.opinions(self._session, start, end)]

    def served(self, days: int) -> list[str]:
        """Return the newest case of each customer whose case was closed within so many days."""
        found = counted.closed_since(self._session, self._now - timedelta(days=days))
        return list({case.customer_phone: case.id for case in found}.values())

    def file(self, kind: str, number: str, data: Mapping[str, Any]) -> str:
        """Keep a report as a numbered, sealed paper; return its number."""
        paper = rows.add(self._session, Document(
            case_id=None, kind=f"report_{kind}"[:40], number=number, state="open", copies=1, data=dict(data),
            prefilled=True, opened_at=self._now))
        rows.seal(self._session, paper, (), None, self._now)
        return number

    # ---- reports

    def _weekly(self, _params: Mapping[str, Any]) -> dict[str, Any]:
        today = self._calendar.local(self._now).replace(hour=0, minute=0, second=0, microsecond=0)
        monday = today - timedelta(days=today.weekday())
        start, end = as_utc(monday - timedelta(days=7)), as_utc(monday)
        found = counted.cases(self._session, start, end, ("complaint",))
        data = {"complaint_type": _count(case.complaint_type for case in found),
                "frequent_problem": _count(_problem(case) for case in found),
                "product": _count(case.product_model for case in found),
                "region": _count(case.extra.get("region") for case in found)}
        lines = [f"投诉 {len(found)} 件", *(_pareto(title, data[name]) for name, title in (
            ("complaint_type", "类型"), ("frequent_problem", "高频问题"), ("product", "产品"), ("region", "区域")))]
        repeated = sorted({case.customer_phone for case in found if _repeats(found, case) > 1})
        return {**self._span(start, end, lines), "count": len(found), "repeat_customers": repeated, "data": data}

    def _opinions(self, params: Mapping[str, Any]) -> dict[str, Any]:
        start, end = self._month(str(params.get("month") or "previous"))
        found = counted.opinions(self._session, start, end)
        judged = counted.assessments(self._session, [case.id for _, case in found])
        done = [one for one in judged if one.state == "completed"]
        departments = _count(case.extra.get("responsible_department") for _, case in found)
        lines = [f"已结案意见书 {len(found)} 份，已启动考核 {len(judged)} 份，已完成 {len(done)} 份",
                 _pareto("责任部门", departments),
                 *(f"{paper.number}：{paper.data.get('improvement_measure') or '未填改善对策'}" for paper, _ in found)]
        data = {"opinions": [paper.number for paper, _ in found], "departments": departments}
        return {**self._span(start, end, lines), "count": len(found), "open_items": len(judged) - len(done),
                "data": data}

    def _analysis(self, params: Mapping[str, Any]) -> dict[str, Any]:
        start, end = self._month(str(params.get("month") or "previous"))
        found = counted.cases(self._session, start, end)
        scores = self._scores(start, end)
        clocks = counted.clocks(self._session, start, end)
        late = [one for one in clocks if (one.reached_at or self._now) > one.due_at]
        data = {"type": _count(case.type for case in found), "level": _count(case.level for case in found),
                "status": _count(case.status for case in found), "scores": _count(scores),
                "late": _count(one.name for one in late)}
        average = round(sum(scores) / len(scores), 2) if scores else None
        kept = round(100 * (len(clocks) - len(late)) / len(clocks), 1) if clocks else None
        lines = [f"受理 {len(found)} 件，已关闭 {sum(case.state == 'closed' for case in found)} 件",
                 f"满意度均分 {_shown(average)}（{len(scores)} 份评价），时限按期率 {_shown(kept)}%",
                 _pareto("类型", data["type"]), _pareto("级别", data["level"]), _pareto("超期时限", data["late"])]
        return {**self._span(start, end, lines), "count": len(found), "average_score": average, "kept_share": kept,
                "data": data}

    def _slips(self, params: Mapping[str, Any]) -> dict[str, Any]:
        start, end = self._month(str(params.get("month") or "current"))
        found = counted.papers(self._session, counted.SLIPS, start, end)
        red = [paper.number for paper in found if paper.kind == "red_slip"]
        black = [paper.number for paper in found if paper.kind == "black_slip"]
        unsealed = [paper.number for paper in found if paper.state != "closed"]
        lines = [f"红字出库单 {len(red)} 份：{'、'.join(red) or '无'}",
                 f"黑色出库单 {len(black)} 份：{'、'.join(black) or '无'}", f"未结单据 {'、'.join(unsealed) or '无'}"]
        return {**self._span(start, end, lines), "count": len(found), "red_count": len(red), "black_count": len(black),
                "slips": [*red, *black], "unsealed": unsealed, "data": {"red": red, "black": black}}

    def _survey(self, params: Mapping[str, Any]) -> dict[str, Any]:
        asked = [str(one) for one in params.get("asked") or ()]
        replies = counted.answered(self._session, REPLY, asked)
        scores = [int(data["satisfaction_score"]) for _, data in replies if data.get("satisfaction_score")]
        heard = {case_id for case_id, data in replies if data.get("satisfaction_score")}
        rate = round(len(heard) / len(asked), 4) if asked else 0
        average = round(sum(scores) / len(scores), 2) if scores else None
        lines = [f"发出 {len(asked)} 份，收回 {len(heard)} 份，回收率 {round(rate * 100, 1)}%，均分 {_shown(average)}",
                 _pareto("评分", _count(scores))]
        return {**self._span(self._now - timedelta(days=182), self._now, lines), "asked": len(asked),
                "answered": len(heard), "response_rate": rate, "average_score": average,
                "silent": [one for one in asked if one not in heard], "data": {"scores": _count(scores)}}

    def _effect(self, params: Mapping[str, Any]) -> dict[str, Any]:
        paper = counted.paper(self._session, str(params.get("rectification") or ""))
        about = dict(paper.data) if paper is not None else {}
        opened = paper.opened_at if paper is not None else self._now
        before = self._similar(opened - OBSERVED, opened, about)
        after = self._similar(self._now - OBSERVED, self._now, about)
        change = round(100 * (after - before) / before, 1) if before else (0.0 if not after else 100.0)
        lines = [f"整改前 {OBSERVED.days} 天同类投诉 {before} 件，最近 {OBSERVED.days} 天 {after} 件，变化 {change}%"]
        return {**self._span(opened - OBSERVED, self._now, lines), "baseline": before, "current": after,
                "change": change, "data": {"baseline": before, "current": after, "change": change}}

    def _performance(self, params: Mapping[str, Any]) -> dict[str, Any]:
        data = {name: params.get(name) for name in ("opinion", "department", "amount", "decision", "ruling", "month")}
        lines = [f"意见书 {data['opinion']}，责任部门 {data['department'] or '—'}，考核金额 {data['amount'] or 0} 元，"
                 f"裁定 {data['ruling'] or '无责任'}"]
        return {"period": data["month"], "lines": lines, "data": data}

    # ---- inner

    def _similar(self, start: datetime, end: datetime, about: Mapping[str, Any]) -> int:
        product, kind = about.get("product_model"), about.get("complaint_type")
        return sum((not product or case.product_model == product) and (not kind or case.complaint_type == kind)
                   for case in counted.cases(self._session, start, end, ("complaint",)))

    def _scores(self, start: datetime, end: datetime) -> list[int]:
        given = (data.get("satisfaction_score") for _, data in counted.answers(self._session, SURVEY, start, end))
        return [int(score) for score in given if score]

    def _month(self, month: str) -> tuple[datetime, datetime]:
        """Return a month's bounds in UTC; raises StepFailed for a text that is no month."""
        first = self._calendar.local(self._now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        if month == "previous":
            first = (first - timedelta(days=1)).replace(day=1)
        elif month != "current":
            try:
                first = first.replace(year=int(month[:4]), month=int(month[5:7]))
            except ValueError as error:
                raise StepFailed(f"{month!r} is no month.", f"“{month}”不是月份。") from error
        return as_utc(first), as_utc(add_months(first, 1))

    def _span(self, start: datetime, end: datetime, lines: Sequence[str]) -> dict[str, Any]:
        first = self._calendar.local(start).date()
        last = self._calendar.local(end - timedelta(seconds=1)).date()
        return {"period": f"{first} — {last}", "lines": list(lines)}


def _count(values: Iterable[Any]) -> dict[str, int]:
    return dict(Counter(str(value) if value not in (None, "") else "未记" for value in values).most_common())


def _pareto(title: str, counts: Mapping[str, int]) -> str:
    """Return a line of a Pareto chart: what is most frequent first, with the cumulated share (E-2.2.2)."""
    total, so_far, parts = sum(counts.values()), 0, []
    for name, number in list(counts.items())[:TOP]:
        so_far += number
        parts.append(f"{name} {number}（累计 {round(100 * so_far / total)}%）")
    return f"{title}：{'；'.join(parts) or '无'}"


def _problem(case: Case) -> Any:
    return case.extra.get("root_cause") or case.extra.get("cause_side")


def _repeats(found: Sequence[Case], case: Case) -> int:
    return sum(other.customer_phone == case.customer_phone for other in found)


def _shown(value: float | None) -> str:
    return "—" if value is None else str(value)
