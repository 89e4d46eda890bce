"""What people write into forms: choices at random, weighed where one answer is far commoner than the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from app.simulation.served import Component, fields, fill, required

# How often each answer is given, by the field's key; all others are drawn evenly.
WEIGHTS: Mapping[str, Mapping[Any, float]] = {
    "dispatch_accepted": {"accept": 9, "reject": 1},
    "founded": {True: 8, False: 2},
    "answer_found": {True: 2, False: 8},
    "complex": {True: 2, False: 8},
    "several_departments": {True: 1, False: 9},
    "out_of_scope": {True: 1, False: 9},
    "need_specialist": {True: 3, False: 7},
    "compensation_approved": {"approve": 8, "reject": 2},
    "execution_result": {"done": 7, "in_progress": 2, "failed": 1},
    "approved": {True: 8, False: 2},
    "reached": {True: 9, False: 1},
    "admissible": {True: 8, False: 2},
    "handling_result": {"resolved": 6, "returned": 3, "higher": 1},
    "urgency": {"urgent": 1, "high": 2, "medium": 5, "low": 3},
    "severity": {"major": 1, "important": 3, "general": 6, "none": 1},
    "impact_scope": {"one": 8, "several": 2, "mass": 1},
    "charge": {"free": 7, "paid": 3},
    "further_action": {True: 2, False: 8},
    "followup_choice": {"rehandle": 4, "appeal": 1, "none": 5},
    "result_choice": {"rehandle": 4, "appeal": 1, "none": 5},
    "next_step": {"rehandle": 3, "appeal": 1, "close": 6},
    "visit_outcome": {"settled": 6, "rehandle": 2, "appeal": 1, "appeal_withdrawn": 1, "unreachable": 1},
    "goods_or_money_moved": {True: 2, False: 8},
}
RARE = 0.04  # an optional box that changes the course of the case is ticked
OPTIONAL = 0.3  # any other field that need not be filled in
OTHERWISE = 0.05  # somebody changes what was proposed
AMOUNTS = (0, 0, 0, 50, 80, 120, 150, 300, 800, 2000, 4800, 12000)
TEXTS: Mapping[str, Sequence[str]] = {
    "customer_feedback": (
        "客户表示理解，等待后续处理。",
        "客户希望尽快解决，对进度较为关注。",
        "客户认可目前的处理方向。",
    ),
    "next_plan": ("今天下班前再次与客户联系。", "等待检测结果，明日上午回复客户。", "按方案执行，完成后电话确认。"),
    "reason": ("与当初承诺的不一致。", "问题没有真正解决。", "处理时间太长。"),
    "root_cause": ("装配时紧固件扭矩不足，运行后松动。", "来料批次的密封圈硬度偏低。", "使用说明中缺少相关提示。"),
    "findings": ("现场核查属实，已拍照留存，与客户描述一致。", "调取记录并电话核实，设备运行参数偏离标准值。"),
    "job_no": ("GZ-2601", "GZ-2602", "GZ-2617", "GZ-2633"),
    "specification": ("CN-200 标准型", "CN-500 加长型", "CN-800Pro 出口型"),
    "location": ("A 区 3 排 2 层", "B 区 1 排 4 层", "退货待检区"),
    "solution": (
        "更换故障部件并现场调试，免收费用。",
        "安排工程师上门检修，三个工作日内完成。",
        "致歉并补发配件，后续跟踪一个月。",
    ),
    "": (
        "已与客户电话沟通，情况属实，按约定继续办理。",
        "经核对订单与出厂记录，信息一致，材料齐全。",
        "相关部门已确认，按计划推进并及时反馈进度。",
        "已记录客户诉求，责任人明确，时限已告知。",
    ),
}
# Fields that hold the name of a person, and who works here.
PERSONS = ("_by", "_owner", "inspector", "receiver", "respondent", "engineer", "lead", "persons", "person")
PEOPLE = ("陈志强", "林晓梅", "周建国", "黄丽华")
NOTHING: tuple[Any, ...] = (None, "", [], False, 0, "0.00")  # proposals that leave the answer open
SOON = ("due", "next", "expected", "planned", "promised", "estimated")


class Writer:
    """Somebody who fills in a form at a moment, in a temper of their own."""

    def __init__(
        self,
        random: Random,
        now: datetime,
        known: Mapping[str, Any],
        upload: Callable[[], str],
        mood: Mapping[str, Any],
    ) -> None:
        """Take what they know beside the form by key, how a file is uploaded, and answers that they lean to by key."""
        self._random, self._now, self._known, self._upload, self._mood = random, now, known, upload, mood

    def write(self, form: Mapping[str, Any] | None, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return answers to a served form."""
        if form is None:
            return {}
        chosen = {}
        for component in fields(form["components"]):
            if component.get("readonly"):
                continue
            if self._reconsidered(component, proposed=data.get(component["key"]) not in NOTHING):
                chosen[component["key"]] = self.invent(component)
        return fill(form, data, chosen, self.invent)

    def again(
        self, form: Mapping[str, Any], filled: Mapping[str, Any], wrong: Sequence[str]
    ) -> dict[str, Any]:
        """Return the answers with those that were refused answered anew, as the form's example says if it has one."""
        by_key = {component["key"]: component for component in fields(form["components"])}
        better = dict(filled)
        for key in {name.partition("[")[0]: None for name in wrong}:
            component = by_key.get(key)
            if component is None:
                better.pop(key, None)
            else:
                example = component.get("properties", {}).get("example")
                better[key] = self.invent(component) if example in (None, "") else example
        return better

    def invent(self, component: Component) -> Any:
        """Return an answer to one field."""
        key, kind = component["key"], component["type"]
        if key in self._known:
            return self._known[key]
        options = [option["value"] for option in component.get("values") or ()]
        if kind in {"radio", "select"}:
            return self._pick(key, options)
        if kind in {"checklist", "taglist"}:
            return self._random.sample(options, min(len(options), self._random.choice((1, 1, 2)))) or ["其他"]
        if kind == "checkbox":
            return True
        if kind == "number":
            return self._number(component.get("validate", {}))
        if kind == "datetime":
            return self._moment(component)
        if kind == "dynamiclist":
            return self._rows(component)
        if kind == "filepicker":
            return [self._upload()] if required(component) else []
        return self._text(component)

    # ---- inner

    def _reconsidered(self, component: Component, *, proposed: bool) -> bool:
        """Whether somebody gives an answer of their own rather than leave what is proposed, or nothing."""
        if required(component):
            choice = component["type"] in {"radio", "select", "number"}
            return choice and (not proposed or self._chance(OTHERWISE))
        if proposed or component["type"] in {"filepicker", "taglist", "dynamiclist"}:
            return False
        matters = component.get("properties", {}).get("variable") == "true"
        return self._chance(RARE if matters or component["type"] == "checkbox" else OPTIONAL)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _pick(self, key: str, options: Sequence[Any]) -> Any:
        weights = {**WEIGHTS.get(key, {}), **self._mood.get(key, {})}
        return self._random.choices(options, [weights.get(option, 1.0) for option in options])[0]

    def _number(self, rules: Mapping[str, Any]) -> Any:
        low, high = rules.get("min"), rules.get("max")
        fitting = [
            amount for amount in AMOUNTS if (low is None or amount >= low) and (high is None or amount <= high)
        ]
        return self._random.choice(fitting) if fitting else low

    def _moment(self, component: Component) -> str:
        later = any(word in component["key"] for word in SOON)
        at = self._now + timedelta(days=self._random.randint(1, 3)) if later else self._now
        style = {"date": "%Y-%m-%d", "time": "%H:%M"}.get(component.get("subtype", ""))
        return at.strftime(style) if style else at.isoformat(timespec="seconds")

    def _rows(self, component: Component) -> Any:
        return [{inner["key"]: self.invent(inner) for inner in fields(component["components"]) if required(inner)}]

    def _text(self, component: Component) -> str:
        example, rules = component.get("properties", {}).get("example"), component.get("validate", {})
        if example not in (None, ""):
            return str(example)
        key = component["key"]
        text = self._random.choice(TEXTS.get(key, PEOPLE if key.endswith(PERSONS) else TEXTS[""]))
        return text.ljust(int(rules.get("minLength", 1)), "。")[: int(rules.get("maxLength", 4000))]
