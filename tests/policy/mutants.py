"""Seeded changes of shipped files and clauses, each known by its making to contradict the policy or not.

Nothing here knows how drift is found: a limit is made longer than the clause's own text, a step is left out of every
way, a required answer is made optional, a copy is taken away, a lane is swapped for one that the clause does not name.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Files = Mapping[str, str]
Clauses = Mapping[str, dict[str, Any]]
LANES = {"客服专员": "clerk", "客服主管": "supervisor", "市场营销部": "marketing", "制造中心": "manufacturing",
         "综合部": "general_affairs", "总经理": "general_manager", "财务部": "finance", "技术质量部门": "quality",
         "库房": "warehouse", "客户": "customer", "售后工程师": "engineer", "申诉专人": "appeals", "系统": "system",
         "客户关系专员": "relations", "部门负责人": "department_head"}  # fmt: skip
ACTORS = {"客服专员": "客服专员", "客服人员": "客服专员", "市场营销部": "市场营销部", "制造中心": "制造中心",
          "综合部": "综合部", "综合管理部": "综合部", "财务部": "财务部", "总经理": "总经理",
          "技术质量部门": "技术质量部门", "客服主管": "客服主管", "售后主管": "客服主管", "主管": "客服主管",
          "技术工程师": "售后工程师", "申诉专人": "申诉专人", "customer": "客户"}  # fmt: skip
LONGER = {"PT30S": "PT5M", "PT5M": "PT6M", "PT15M": "PT20M", "PT30M": "PT1H", "PT1H": "PT90M", "PT2H": "PT3H",
          "PT4H": "PT5H", "PT24H": "PT36H", "PT48H": "PT50H", "PT72H": "PT73H", "P1D": "P2D", "P3D": "P4D",
          "P5D": "P6D", "P14D": "P15D", "P15D": "P16D", "P1M": "P2M", "PT8H": "PT9H"}  # fmt: skip
SHORTER = {"PT15M": "PT10M", "PT30M": "PT20M", "PT1H": "PT45M", "PT2H": "PT1H", "PT4H": "PT3H", "PT24H": "PT20H",
           "PT48H": "PT40H", "PT72H": "PT70H", "P3D": "P2D", "P5D": "P4D", "P14D": "P10D", "PT5M": "PT4M",
           "P15D": "P14D", "PT30S": "PT20S", "P1M": "P20D", "PT8H": "PT7H"}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change."""

    kind: str
    where: str
    contradicts: bool
    path: str | None = None  # of the changed file
    text: str = ""  # its new text
    clause: Mapping[str, Any] | None = None  # or the changed entry of the register


def mutants(files: Files, clauses: Clauses, seed: int, each: int) -> list[Mutant]:
    """Return up to `each` mutants of every maker, chosen by the seed."""
    chance = random.Random(seed)
    chosen = []
    for maker in MAKERS:
        pool = list(maker(files, clauses))
        assert pool, maker.__name__
        chosen += chance.sample(pool, min(each, len(pool)))
    return chosen


# -- decisions


def _rules(text: str) -> Iterator[tuple[str, int, int]]:
    for one in re.finditer(r'<rule id="(\w+)">.*?</rule>', text, re.S):
        yield one.group(1), one.start(), one.end()


def deadline_cells(files: Files, clauses: Clauses) -> Iterator[Mutant]:
    """Cells that repeat a clause's own figure: longer, in another calendar, from a later start, or empty."""
    path = "processes/decisions/deadlines.dmn"
    text = files[path]
    outputs = re.findall(r'<output id="\w+" name="(\w+)"', text)
    for rule, start, end in _rules(text):
        body = text[start:end]
        for column, ids, basis in re.findall(r'<chengnuo:cell output="(\w+)" clauses="([^"]+)" basis="(\w+)"', body):
            clause = clauses[ids.split()[0]]["figures"]
            at = outputs.index(column) + 1
            cell = re.search(rf'<outputEntry id="{rule}_out{at}">\s*<text>"(P\w+)"</text>', body)
            if basis != "text" or cell is None or clause.get("within") != cell.group(1):
                continue
            figure, calendar = cell.group(1), clause["calendar"]
            changes = [(at, f'"{figure}"', f'"{LONGER[figure]}"', True), (at, f'"{figure}"', "null", True),
                       (at + 1, f'"{calendar}"', '"working"' if calendar == "natural" else '"natural"', True),
                       (at + 2, '"registered"', '"dispatched"', True)]  # fmt: skip
            if figure in SHORTER:
                changes.append((at, f'"{figure}"', f'"{SHORTER[figure]}"', False))
            for place, old, new, wrong in changes:
                pattern = rf'(<outputEntry id="{rule}_out{place}">\s*<text>){re.escape(old)}(</text>)'
                changed, count = re.subn(pattern, rf"\g<1>{new}\g<2>", body)
                if count:
                    yield Mutant("deadline cell", f"{rule}.{column} {old}>{new}", wrong, path,
                                 text[:start] + changed + text[end:])  # fmt: skip


def penalty_thresholds(files: Files, _: Clauses) -> Iterator[Mutant]:
    """The 5,000 of B21-6-4 moved, and its approvers exchanged."""
    path = "processes/decisions/penalty_approval.dmn"
    text = files[path]
    for old, new in (("&lt; 5000", "&lt; 8000"), ("&lt; 5000", "&lt; 3000"), ("&gt; 5000", "&gt; 9000"),
                     ("&gt; 5000", "&gt; 4000"), ("&lt; 5000", "&lt;= 5001")):  # fmt: skip
        if old in text:
            yield Mutant("threshold", f"{old}>{new}", True, path, text.replace(old, new, 1))
    for rule, start, end in _rules(text):
        body = text[start:end]
        swapped = body.replace('<text>"general_manager"</text>\n        </outputEntry>',
                               '<text>"general_affairs"</text>\n        </outputEntry>', 1)
        if "6-3" in body or rule.endswith("05"):
            assert swapped != body
            yield Mutant("threshold", f"{rule} approver", True, path, text[:start] + swapped + text[end:])


def assigned_groups(files: Files, _: Clauses) -> Iterator[Mutant]:
    """Who gets a case by the clauses, who takes an escalation, what compensation a severity allows."""
    for path, names in (("processes/decisions/dispatch.dmn", ("01", "03", "04", "07", "08", "09")),
                        ("processes/decisions/escalation_level.dmn", ("01", "02", "07", "11", "12", "13")),
                        ("processes/decisions/compensation.dmn", ("01", "02", "03"))):  # fmt: skip
        text = files[path]
        for rule, start, end in _rules(text):
            if rule[-2:] not in names:
                continue
            body = text[start:end]
            for entry in re.finditer(r'(<outputEntry id="\w+">\s*<text>)("\w+"|\[.*?\])(</text>)', body):
                other = '["coupon"]' if entry.group(2).startswith("[") else '"warehouse"'
                if not re.fullmatch(r'"(L\d|manual|auto)"', entry.group(2)):
                    changed = body[: entry.start(2)] + other + body[entry.end(2) :]
                    yield Mutant("rule", f"{rule} {entry.group(2)}", True, path, text[:start] + changed + text[end:])


# -- diagrams


def timers(files: Files, _: Clauses) -> Iterator[Mutant]:
    """Timers of clauses: later, in another calendar, on another clock, rarer, or gone."""
    changes = [
        ("escalation", 'after("PT2H")</bpmn:timeDate>', ("PT3H", "PT1H"), "deadline_"),
        ("subtask", 'after("PT1H")</bpmn:timeDate>', ("PT90M", "PT30M"), "deadline_confirm"),
        ("rectification", 'duration("PT72H")</bpmn:timeDate>', ("PT80H", "PT60H"), "deadline_recall"),
        ("rectification", 'after("P1M")</bpmn:timeDate>', ("P2M", "P20D"), "deadline_verification"),
        ("repair", 'duration("P1D")</bpmn:timeDate>', ("PT6H", "P2D"), "deadline_visit"),
        ("return_reissue", 'duration("P1D")</bpmn:timeDate>', ("PT12H", "P2D"), "deadline_pickup"),
        ("case", 'duration("PT24H")</bpmn:timeDate>', ("PT48H", "PT12H"), "deadline_"),
        ("case", '"R/PT24H"</bpmn:timeCycle>', ("PT48H", "PT12H"), "daily_customer_update"),
    ]
    for process, old, (worse, better), element in changes:
        path, text = _diagram(files, process)
        figure = re.findall(r"P[T0-9][0-9A-Z]*", old)[0]
        for event in re.finditer(rf'<bpmn:boundaryEvent id="{element}.*?</bpmn:boundaryEvent>', text, re.S):
            for new, wrong in ((worse, True), (better, False)):
                if old in event.group():
                    changed = event.group().replace(old, old.replace(figure, new))
                    yield _within("timer", path, text, event, changed, f"{figure}>{new}", wrong)
            if old.startswith("after") and old in event.group():
                changed = event.group().replace(old, "workdays(40)</bpmn:timeDate>")
                yield _within("timer", path, text, event, changed, "workdays(40)", True)


def due_timers(files: Files, _: Clauses) -> Iterator[Mutant]:
    """A milestone's timer that watches another milestone, waits on after it, or is no longer there."""
    for path, text in files.items():
        for event in re.finditer(r'<bpmn:boundaryEvent id="(deadline_\w+)"(?:(?!</bpmn:boundaryEvent>).)*?'
                                 r'due\("(\w+)"\)</bpmn:timeDate>.*?</bpmn:boundaryEvent>', text, re.S):  # fmt: skip
            other = "close" if event.group(2) != "close" else "refund"
            for old, new in ((f'due("{event.group(2)}")', f'due("{other}")'),
                             (f'due("{event.group(2)}")', f'due("{event.group(2)}") + duration("PT8H")'),
                             (f'due("{event.group(2)}")', 'after("P30D")'),
                             ('cancelActivity="false"', 'cancelActivity="true"')):  # fmt: skip
                if old in event.group():
                    yield _within("due timer", path, text, event, event.group().replace(old, new), new, True)
            flow = re.search(r"<bpmn:outgoing>(\w+)</bpmn:outgoing>", event.group())
            if flow is not None:
                gone = text.replace(event.group(), "")
                gone = re.sub(rf'<bpmn:sequenceFlow id="{flow.group(1)}"[^>]*?/>', "", gone)
                yield Mutant("due timer", f"{path} {event.group(1)} gone", True, path, gone)


def cadences(files: Files, _: Clauses) -> Iterator[Mutant]:
    """Weekly, monthly by the 10th, half-yearly."""
    for process, old, new, wrong in (
        ("weekly_report", "next_weekday(1)", "next_month_day(1)", True),
        ("weekly_report", "next_weekday(1)", "next_half_year()", True),
        ("monthly_review", "next_month_day(1)", "next_half_year()", True),
        ("monthly_review", "next_month_day(1)", "next_month_day(20)", True),
        ("monthly_review", "then 9 else 10", "then 9 else 15", True),
        ("monthly_review", "then 9 else 10", "then 12 else 10", True),
        ("monthly_review", "then 9 else 10", "then 8 else 9", False),
        ("assessment", "then 9 else 10", "then 9 else 28", True),
        ("half_year_survey", "next_half_year()", "after(&quot;P12M&quot;)", True),
    ):
        path, text = _diagram(files, process)
        assert old in text, old
        yield Mutant("cadence", f"{process} {old}>{new}", wrong, path, text.replace(old, new))


def lanes(files: Files, clauses: Clauses) -> Iterator[Mutant]:
    """A step in the lane of the role that its clause names, moved to one that none of its clauses names."""
    for path, text in files.items():
        if not path.endswith(".bpmn"):
            continue
        names = dict(re.findall(r'<bpmn:lane id="(\w+)" name="([^"]+)"', text))
        for task in re.finditer(r'<bpmn:userTask id="(\w+)".*?</bpmn:userTask>', text, re.S):
            cited = re.search(r'name="clauses" value="([^"]+)"', task.group())
            ids = [one for one in (cited.group(1).split() if cited else ()) if clauses[one]["obligation"] == "must"]
            roles = {ACTORS.get(str(clauses[one].get("figures", {}).get(part)))
                     for one in ids for part in ("actor", "approver")} - {None}  # fmt: skip
            lane = _lane_of(text, task.group(1))
            if 'name="group"' in task.group() or lane is None or names[lane] not in roles:
                continue
            for target, name in names.items():
                if name not in roles and target != lane:
                    yield Mutant("lane", f"{path} {task.group(1)}>{name}", True, path,
                                 _moved(text, task.group(1), target))  # fmt: skip


def skipped_steps(files: Files, clauses: Clauses) -> Iterator[Mutant]:
    """Every flow into a step of a must clause re-targeted to what follows it: the step is never done."""
    for path, text in files.items():
        for task in re.finditer(r'<bpmn:(userTask|callActivity) id="(\w+)".*?</bpmn:\1>', text, re.S):
            cited = re.search(r'name="clauses" value="([^"]+)"', task.group())
            ids = cited.group(1).split() if cited else []
            out = re.findall(rf'<bpmn:sequenceFlow [^>]*sourceRef="{task.group(2)}"[^>]*targetRef="(\w+)"', text)
            if len(out) != 1 or not any(clauses[one]["obligation"] == "must" for one in ids):
                continue
            changed = text.replace(f'targetRef="{task.group(2)}"', f'targetRef="{out[0]}"')
            if changed != text:
                yield Mutant("order", f"{path} {task.group(2)} skipped", True, path, changed)


def exchanged_steps(files: Files, _: Clauses) -> Iterator[Mutant]:
    """Two steps whose order a clause asks for, the one put in the other's place."""
    for process, first, second in (
        ("return_reissue", "inspect", "stock_in"), ("return_reissue", "request_reissue", "outbound"),
        ("assessment", "propose_penalty", "issue_decision"), ("repair", "judge_warranty", "arrange_repair"),
        ("case", "run_satisfaction", "close_case"), ("intake", "register_case", "dispatch_case"),
        ("appeal", "register_appeal", "decide_appeal"), ("complaint", "accept_proposal", "confirm_execution"),
        ("complaint", "verify_complaint", "draft_solution"), ("appeal", "investigate_appeal", "decide_appeal"),
        ("repair", "arrange_repair", "do_repair"), ("requirement_change", "sign_change", "apply_change"),
    ):  # fmt: skip
        path, text = _diagram(files, process)
        activities = [re.search(rf'id="{one}".*?(<spiffworkflow:property name="activity" value="\w+"/>(?:\s*'
                                rf'<spiffworkflow:property name="extra_activities" value="[^"]+"/>)?)', text, re.S)
                      for one in (first, second)]  # fmt: skip
        if all(activities):
            one, other = (found.group(1) for found in activities if found)
            swapped = text.replace(one, "@first@", 1).replace(other, one, 1).replace("@first@", other, 1)
            yield Mutant("order", f"{process} {first}<>{second}", True, path, swapped)


def handlers_figures(files: Files, _: Clauses) -> Iterator[Mutant]:
    """Retention, copies and clock starts that handlers are given."""
    for process, old, new, wrong in (
        ("case", "P3Y", "P1Y", True), ("case", "P3Y", "P35M", True), ("case", "P3Y", "P5Y", False),
        ("appeal", "P3Y", "P2Y", True), ("appeal", "P3Y", "P10Y", False),
        ("complaint", 'id="copies" value="4"', 'id="copies" value="3"', True),
        ("complaint", 'id="copies" value="4"', 'id="copies" value="5"', False),
        ("assessment", 'id="copies" value="4"', 'id="copies" value="2"', True),
        ("case", "after(&quot;P1M&quot;)", "after(&quot;P3M&quot;)", True),
        ("satisfaction", "satisfaction_score &lt;= 3", "satisfaction_score &lt;= 2", True),
        ("satisfaction", "satisfaction_score &lt;= 3", "satisfaction_score &lt;= 4", False),
        ("satisfaction", "satisfaction_score = 5", "satisfaction_score = 4", True),
        ("intake", "level = \"P1\" or batch", "level = \"P2\" or batch", True),
        ("bookkeeping", "papers.complete = true", "papers.complete != true", True),
    ):  # fmt: skip
        path, text = _diagram(files, process)
        for at in re.finditer(re.escape(old), text):
            yield Mutant("figure", f"{process} {old}>{new}", wrong, path, text[: at.start()] + new + text[at.end() :])
            break


# -- forms


def form_fields(files: Files, clauses: Clauses) -> Iterator[Mutant]:
    """A required answer of a clause made optional, hidden, or taken out; an optional one of ours asked for."""
    for path, text in files.items():
        if not path.startswith("forms/"):
            continue
        form = json.loads(text)
        for number, component in enumerate(form["components"]):
            ids = str(component.get("properties", {}).get("clauses", "")).replace(",", " ").split()
            if not any(clauses[one]["obligation"] == "must" for one in ids) or "key" not in component:
                continue
            if component.get("validate", {}).get("required"):
                for change in ("optional", "hidden", "gone"):
                    yield Mutant("field", f"{path} {component['key']} {change}", True, path,
                                 _with(form, number, change))  # fmt: skip
            if len(component.get("values", ())) > 2 and component["type"] in {"radio", "select"}:
                yield Mutant("field", f"{path} {component['key']} option", True, path, _with(form, number, "option"))


def papers_copies(files: Files, _: Clauses) -> Iterator[Mutant]:
    """Copies of the papers that the policy counts."""
    for name, copies in (("short_opinion", 4), ("opinion_closing", 4), ("assessment_decision", 4), ("red_slip", 2),
                         ("black_slip", 2), ("opinion_order_check", 4)):  # fmt: skip
        path = f"forms/{name}.json"
        form = json.loads(files[path])
        for count, wrong in ((copies - 1, True), (copies + 1, False)):
            changed = deepcopy(form)
            changed["paper"]["copies"] = count
            yield Mutant("copies", f"{name} {count}", wrong, path, json.dumps(changed, ensure_ascii=False))
        if copies == 4:
            changed = deepcopy(form)
            changed["paper"]["recipients"] = changed["paper"]["recipients"][:-1]
            yield Mutant("copies", f"{name} recipients", True, path, json.dumps(changed, ensure_ascii=False))


# -- clauses


def clause_figures(_: Files, clauses: Clauses) -> Iterator[Mutant]:
    """A clause's figure made stricter than the process that repeats it, or its rule, role or calendar changed."""
    for identifier, within in (("A-2.1.6", "PT1H"), ("A-2.1.7", "PT2H"), ("A-2.1.8", "PT10M"), ("A-2.5.1", "PT12H"),
                               ("A-2.5.5", "PT24H"), ("B21-5-3", "P7D"), ("C-2.1.1", "PT10S"), ("C-2.5.7", "PT1H"),
                               ("D-2.2.7", "PT12H"), ("D-2.2.9", "P1D"), ("D-2.2.11", "P2D"), ("D-2.3.7", "PT30M"),
                               ("E-2.1.2", "PT10M"), ("E-2.1.3", "PT1M"), ("E-2.2.8", "PT48H"), ("E-2.2.12", "P20D"),
                               ("E-2.3.5", "P1D"), ("E-2.3.12", "P15D"), ("B1-6.1", "PT10M")):  # fmt: skip
        yield _clause(clauses, identifier, ("within", within), True)
        yield _clause(clauses, identifier, ("within", LONGER[clauses[identifier]["figures"]["within"]]), False)
    yield _clause(clauses, "A-2.1.9", ("calendar", "natural"), True)
    yield _clause(clauses, "D-2.2.9", ("calendar", "natural"), True)
    for identifier, key, value, wrong in (
        ("A-2.6.2", "retention", "P5Y", True), ("A-2.6.2", "retention", "P2Y", False),
        ("B21-6-2", "copies", 5, True), ("B21-7-1b", "copies", 6, True), ("B21-7-3a", "copies", 3, True),
        ("A-2.6.3", "every", "P1D", True), ("C-2.4.3", "every", "PT12H", True), ("B21-6-1", "due_day", 5, True),
        ("A-2.4.5", "before", "P2D", True), ("A-2.4.5", "before", "PT12H", False),
        ("A-2.1.1", "requires_field", ["channel", "weather"], True), ("B21-7-2b", "approver", "财务部", True),
        ("B21-4-4-1", "actor", "库房", True), ("E-2.1.8", "assign", {"severity": "重大", "role": "客服专员"}, True),
        ("D-2.3.1", "assign", {"demand_type": "故障维修", "role": "客服专员"}, True),
        ("B21-6-4a", "threshold", {**clauses["B21-6-4a"]["figures"]["threshold"], "value": 8000}, True),
        ("A-2.5.5", "condition", {"score": {"op": "<=", "value": 4}}, True),
        ("A-2.3.4", "range", {"min": "P3D", "max": "P7D", "calendar": "working"}, True),
        ("D-2.4.4", "trigger", {"event": "overdue", "after": "PT12H"}, True),
        ("E-2.3.1", "rule", {"if": {"severity": "一般"}, "then": {"compensation": ["refund"]}}, True),
        ("D-2.1.3", "enum", {"field": "urgency", "values": ["高", "低"], "default": "低"}, True),
        ("E-2.1.5", "enums", [{"field": "severity", "values": ["一般", "重大"]}], True),
    ):  # fmt: skip
        yield _clause(clauses, identifier, (key, value), wrong)
    for identifier in ("B21-7-2b", "B14-5.2", "B21-7-6b", "B21-7-4b", "C-2.2.3", "E-2.1.5", "B20-2.2", "A-2.4.5"):
        entry = deepcopy(clauses[identifier])
        rule = entry["declare"][-1]
        rule["a"], rule["b"] = rule["b"], rule["a"]
        yield Mutant("clause order", identifier, True, clause=entry)


def _clause(clauses: Clauses, identifier: str, change: tuple[str, Any], wrong: bool) -> Mutant:
    entry = deepcopy(clauses[identifier])
    entry["figures"][change[0]] = change[1]
    for rule in entry.get("declare", ()):
        if change[0] in rule:
            rule[change[0]] = change[1]
    return Mutant("clause", f"{identifier} {change[0]} {change[1]}", wrong, clause=entry)


def _diagram(files: Files, process: str) -> tuple[str, str]:
    path = f"processes/{process}/{process}.bpmn"
    return path, files[path]


def _within(kind: str, path: str, text: str, found: re.Match[str], changed: str, what: str, wrong: bool) -> Mutant:
    assert changed != found.group(), what
    name = re.search(r'id="(\w+)"', found.group())
    where = f"{path} {name.group(1) if name else ''} {what}"
    return Mutant(kind, where, wrong, path, text[: found.start()] + changed + text[found.end() :])


def _lane_of(text: str, element: str) -> str | None:
    found = re.search(rf'<bpmn:lane id="(\w+)"(?:(?!</bpmn:lane>).)*<bpmn:flowNodeRef>{element}<', text, re.S)
    return found.group(1) if found else None


def _moved(text: str, element: str, lane: str) -> str:
    reference = f"<bpmn:flowNodeRef>{element}</bpmn:flowNodeRef>"
    return re.sub(rf'(<bpmn:lane id="{lane}" name="[^"]+">)', rf"\g<1>{reference}", text.replace(reference, "", 1))


def _with(form: Mapping[str, Any], number: int, change: str) -> str:
    changed = deepcopy(dict(form))
    component = changed["components"][number]
    match change:
        case "optional":
            component["validate"].pop("required")
        case "hidden":
            component["conditional"] = {"hide": '=case.type = "complaint" or case.type != "complaint"'}
        case "gone":
            changed["components"].pop(number)
        case "option":
            component["values"].pop()
    return json.dumps(changed, ensure_ascii=False)


MAKERS: tuple[Callable[[Files, Clauses], Iterator[Mutant]], ...] = (
    deadline_cells, penalty_thresholds, assigned_groups, timers, due_timers, cadences, lanes, skipped_steps,
    exchanged_steps, handlers_figures, form_fields, papers_copies, clause_figures,
)  # fmt: skip
