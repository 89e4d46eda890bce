"""Every expression parses, has the right type, and is FEEL: nothing else is ever run."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from app.engine import feel, timers
from app.engine.diagram import Node
from app.engine.lint.data import known_variables
from app.engine.lint.report import Subject
from app.engine.lint.slots import Slot, slots
from app.engine.scripts import assignments
from app.errors import ExpressionError

PYTHON = re.compile(
    r"__\w+__|\bimport\b|\blambda\b|\bexec\b|\beval\b|\bopen\s*\(|\bos\.|\bsubprocess\b|\bsys\.|\bdef\b|\bgetattr\b|"
    r"\bglobals\b|==|\{%|\$\{|#\{|\.format\(|\bNone\b|\bTrue\b|\bFalse\b"
)
LITERAL = re.compile(r'\s*"([^"\\]*)"\s*')
SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # to try literal timers; any time would do
RESERVED = frozenset({"case", "profile"})
NAMES_ZH = {
    "condition": "条件",
    "timer": "定时器",
    "payload": "消息内容",
    "parameter": "参数",
    "mapping": "输入输出映射",
    "script": "脚本",
    "group": "group 属性",
    "assignee": "assignee 属性",
    "correlate": "correlate 属性",
    "cardinality": "实例数",
}
TYPES_ZH = {
    "boolean": "真或假",
    "string": "文本",
    "duration": "时长",
    "date and time": "日期时间",
    "number": "数字",
    "context": "键值结构",
}


def check_expressions(subject: Subject) -> None:
    """Report expressions that do not parse or give the wrong type, bad timers, and variables that nothing sets."""
    known = known_variables(subject)
    for slot in slots(subject.process):
        _slot(subject, slot, known)
    for node in subject.process.nodes.values():
        if node.event is not None and node.event.kind == "timer" and node.event.expression is None:
            subject.report.error(
                "timer_without_value", node, "定时器没有日期、时长或循环。", "The timer has no date, duration or cycle."
            )
        for name in _targets(subject, node):
            if name in RESERVED or not name.isidentifier():
                subject.report.error(
                    "bad_variable_name", node, f"{name!r} 不能作为变量名。", f"{name!r} cannot be a variable's name."
                )


def _targets(subject: Subject, node: Node) -> list[str]:
    names = [name for name, _ in (*node.inputs, *node.outputs)]
    names += [node.result] if node.result else []
    if node.script is not None:
        try:
            names += [name for name, _ in assignments(node.script)]
        except ExpressionError as error:
            _bad(subject, Slot(node.script, None, "script", node), error)
    return names


def _slot(subject: Subject, slot: Slot, known: frozenset[str] | None) -> None:
    if slot.kind == "script" and isinstance(slot.place, Node) and slot.text == slot.place.script:
        return  # no line of it could be read: reported as a whole
    try:
        parsed = feel.parse(slot.text)
        found = feel.infer(parsed, {"case": "context", "profile": "context", **subject.catalog.types})
    except ExpressionError as error:
        _bad(subject, slot, error)
        return
    if slot.types is not None and found not in slot.types | {"any", "null"}:
        wanted = " or ".join(sorted(slot.types))
        subject.report.error(
            "wrong_type",
            slot.place,
            f"{NAMES_ZH[slot.kind]}的结果应为{'或'.join(TYPES_ZH[name] for name in sorted(slot.types))}，"
            f"而不是 {found}：{_short(slot.text)}",
            f"The {slot.kind} must give {wanted}, not {found}: {_short(slot.text)}",
        )
    elif slot.kind == "timer":
        _timer(subject, slot)
    elif slot.kind == "cardinality":
        _cardinality(subject, slot)
    _names(subject, slot, feel.names(parsed), known)


def _bad(subject: Subject, slot: Slot, error: ExpressionError) -> None:
    if PYTHON.search(slot.text):
        subject.report.error(
            "python_code",
            slot.place,
            f"{NAMES_ZH[slot.kind]}里是程序代码而不是 FEEL 表达式，不会被执行："
            f"{_short(slot.text)}（{error.message_zh}）",
            f"The {slot.kind} holds program code instead of FEEL; it is never run: {_short(slot.text)} "
            f"({error.message_en})",
        )
        return
    subject.report.error(
        "bad_expression",
        slot.place,
        f"{NAMES_ZH[slot.kind]}有误：{error.message_zh}：{_short(slot.text)}",
        f"The {slot.kind} is wrong: {error.message_en}: {_short(slot.text)}",
    )


def _timer(subject: Subject, slot: Slot) -> None:
    event = slot.place.event if isinstance(slot.place, Node) else None
    literal = LITERAL.fullmatch(slot.text)
    if literal is None or event is None:
        return
    try:
        timers.first_wait(event.timer_kind, literal.group(1), SOME_TIME, None)
    except ExpressionError as error:
        subject.report.error("bad_timer", slot.place, error.message_zh, error.message_en)


def _cardinality(subject: Subject, slot: Slot) -> None:
    try:
        count = float(slot.text)
    except ValueError:
        return
    if count != int(count) or not 0 <= count <= 1000:
        subject.report.error(
            "bad_cardinality",
            slot.place,
            "实例数必须是 0 到 1000 的整数。",
            "The number of instances must be a whole number from 0 to 1000.",
        )


def _names(subject: Subject, slot: Slot, names: frozenset[str], known: frozenset[str] | None) -> None:
    milestone = timers.milestone_of(slot.text)
    if milestone is not None and subject.catalog.milestones is not None and milestone not in subject.catalog.milestones:
        subject.report.error(
            "unknown_milestone", slot.place, f"未知的时限节点 {milestone}。", f"Unknown milestone {milestone}."
        )
    if known is None:
        return
    missing = sorted(names - known - slot.extra - RESERVED)
    if missing and slot.kind == "timer":
        subject.report.warning(
            "timer_variable_never_set",
            slot.place,
            f"定时器读取的变量 {'、'.join(missing)} 没有任何表单或步骤设置；为空时定时器会失败。",
            f"The timer reads {', '.join(missing)}, which no form or step sets; a null timer fails.",
        )
    elif missing:
        subject.report.warning(
            "variable_never_set",
            slot.place,
            f"变量 {'、'.join(missing)} 没有任何表单或步骤设置，是否拼写有误？",
            f"Nothing sets {', '.join(missing)}; is it misspelt?",
        )


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else text[:77] + "…"
