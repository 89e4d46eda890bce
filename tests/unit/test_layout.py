"""Whatever a diagram says, its drawing is complete, readable and always the same."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.engine.drawing import check_drawing, tidy
from app.errors import Refused

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="d" targetNamespace="http://chengnuo">
"""
LOOKS = {"not_drawn", "shape_missing", "edge_missing", "edge_detached", "shapes_overlap", "outside",
         "flow_through_shape", "flows_overlap", "label_overlap"}
NAMES = ("核实", "登记并首次响应", "因初步方案超期启动升级", "形成并商定处理意见（至结案）", "P1 级复核")


@dataclass
class Sketch:
    """A process under construction."""

    lanes: int
    draw: st.DataObject
    nodes: list[str] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)
    held: dict[int, list[str]] = field(default_factory=dict)

    def node(self, kind: str, name: str, extra: str = "", inner: str = "") -> str:
        key = f"n{len(self.nodes)}"
        self.nodes.append(f'<bpmn:{kind} id="{key}" name="{name}"{extra}>{inner}</bpmn:{kind}>')
        self.held.setdefault(self.draw.draw(st.integers(0, self.lanes - 1)), []).append(key)
        return key

    def flow(self, source: str, target: str, name: str = "") -> None:
        key = f"f{len(self.flows)}"
        self.flows.append(f'<bpmn:sequenceFlow id="{key}" sourceRef="{source}" targetRef="{target}" name="{name}"/>')

    def name(self) -> str:
        return self.draw.draw(st.sampled_from(NAMES))

    def block(self, before: str, depth: int) -> str:
        """Draw a random block behind `before`; return the node that it ends with."""
        kind = self.draw.draw(st.sampled_from(["task", "watched", "fork", "both", "loop"] if depth else ["task"]))
        if kind in ("task", "watched"):
            task = self.node("userTask", self.name())
            self.flow(before, task)
            for _ in range(self.draw.draw(st.integers(1, 3)) if kind == "watched" else 0):
                event = self.node("boundaryEvent", "满四小时未答复",
                                  f' attachedToRef="{task}"', "<bpmn:timerEventDefinition/>")
                self.flow(event, self.node("endEvent", "已提醒") if self.draw.draw(st.booleans()) else
                          self.block_end())
            return task
        if kind == "loop":
            first = self.node("exclusiveGateway", "进入")
            self.flow(before, first)
            last = self.block(first, depth - 1)
            again = self.node("exclusiveGateway", "客户接受方案吗？")
            self.flow(last, again)
            self.flow(again, first, "不接受，重拟")
            return again
        fork = self.node("exclusiveGateway" if kind == "fork" else "parallelGateway", "质量问题？自制还是外购？")
        join = self.node("exclusiveGateway", "")
        self.flow(before, fork)
        for branch in range(self.draw.draw(st.integers(2, 4))):
            if branch == 0 and self.draw.draw(st.booleans()):
                self.flow(fork, join, "无须处理")
                continue
            step = self.node("serviceTask", self.name())
            self.flow(fork, step, ("自制", "外购品质量问题", "主管协调后仍拒绝", "其他")[branch])
            self.flow(self.block(step, depth - 1), join)
        return join

    def block_end(self) -> str:
        task = self.node("serviceTask", self.name())
        self.flow(task, self.node("endEvent", "升级已启动"))
        return task

    def xml(self) -> bytes:
        lanes = "".join(f'<bpmn:lane id="lane{lane}" name="客户关系专员">'
                        + "".join(f"<bpmn:flowNodeRef>{node}</bpmn:flowNodeRef>" for node in self.held[lane])
                        + "</bpmn:lane>\n" for lane in sorted(self.held))
        return (HEAD + '<bpmn:collaboration id="c"><bpmn:participant id="pool" name="投诉" processRef="p"/>'
                f'</bpmn:collaboration>\n<bpmn:process id="p"><bpmn:laneSet id="ls">{lanes}</bpmn:laneSet>\n'
                + "\n".join(self.nodes + self.flows) + "\n</bpmn:process>\n</bpmn:definitions>\n").encode()


@st.composite
def processes(draw: st.DrawFn) -> bytes:
    sketch = Sketch(draw(st.integers(1, 4)), draw(st.data()))
    last = sketch.node("startEvent", "客户来访")
    for _ in range(draw(st.integers(1, 2))):
        last = sketch.block(last, 2)
    sketch.flow(last, sketch.node("endEvent", "已关闭"))
    return sketch.xml()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(processes())
def test_nothing_overlaps_nothing_is_missing_and_drawing_again_changes_nothing(xml: bytes) -> None:
    drawn = tidy(xml, "random.bpmn")
    assert [finding for finding in check_drawing(drawn, "random.bpmn") if finding.rule in LOOKS] == []
    assert tidy(drawn, "random.bpmn") == drawn


NESTED = (HEAD + """<!-- kept -->
<bpmn:process id="p" name="投诉">
  <bpmn:extensionElements><spiffworkflow:properties><spiffworkflow:property name="kind" value="top"/>
  </spiffworkflow:properties></bpmn:extensionElements>
  <bpmn:startEvent id="start" name="开始"/>
  <bpmn:subProcess id="phase" name="形成意见">
    <bpmn:startEvent id="inner" name="开始"/><bpmn:userTask id="verify" name="核实"/>
    <bpmn:endEvent id="done" name="已核实"/>
    <bpmn:sequenceFlow id="g1" sourceRef="inner" targetRef="verify"/>
    <bpmn:sequenceFlow id="g2" sourceRef="verify" targetRef="done"/>
  </bpmn:subProcess>
  <bpmn:boundaryEvent id="late" name="满十四天" attachedToRef="phase"><bpmn:timerEventDefinition/></bpmn:boundaryEvent>
  <bpmn:endEvent id="end" name="已结案"/><bpmn:endEvent id="escalated" name="升级已启动"/>
  <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="phase"/>
  <bpmn:sequenceFlow id="f2" sourceRef="phase" targetRef="end"/>
  <bpmn:sequenceFlow id="f3" sourceRef="late" targetRef="escalated"/>
</bpmn:process>
</bpmn:definitions>
""").encode()


def bounds(drawn: bytes, element: str) -> tuple[int, int, int, int]:
    found = re.search(rf'BPMNShape id="[^"]*" bpmnElement="{element}"[^>]*>\s*<dc:Bounds x="(-?\d+)" y="(-?\d+)" '
                      r'width="(\d+)" height="(\d+)"', drawn.decode())
    assert found, element
    x, y, width, height = map(int, found.groups())
    return x, y, width, height


def test_a_subprocess_is_collapsed_and_has_a_plane_of_its_own() -> None:
    drawn = tidy(NESTED, "nested.bpmn").decode()
    assert '<bpmndi:BPMNPlane id="plane_phase" bpmnElement="phase">' in drawn
    assert 'bpmnElement="phase" isExpanded="false"' in drawn
    assert drawn.index('bpmnElement="verify"') > drawn.index("plane_phase")


def test_what_the_file_means_stays_byte_for_byte() -> None:
    drawn = tidy(NESTED, "nested.bpmn")
    assert drawn.startswith(NESTED[:NESTED.rindex(b"\n</bpmn:definitions>")])
    assert b"".join(re.split(rb"\s*<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", drawn, flags=re.S)) == NESTED


def test_flows_read_from_left_to_right_and_a_deadline_hangs_below_its_host() -> None:
    drawn = tidy(NESTED, "nested.bpmn")
    start, phase, end = (bounds(drawn, key) for key in ("start", "phase", "end"))
    late, escalated = bounds(drawn, "late"), bounds(drawn, "escalated")
    assert start[0] < phase[0] < end[0]
    assert late[1] < phase[1] + phase[3] < late[1] + late[3]
    assert escalated[1] > phase[1] + phase[3]


def test_an_old_drawing_is_replaced_whole() -> None:
    drawn = tidy(NESTED, "nested.bpmn")
    moved = drawn.replace(b'x="', b'x="9')
    assert tidy(moved, "nested.bpmn") == drawn


def test_a_broken_drawing_is_reported_with_element_and_line() -> None:
    drawn = tidy(NESTED, "nested.bpmn").decode()
    x, y, *_ = bounds(drawn.encode(), "end")
    px, py, *_ = bounds(drawn.encode(), "phase")
    broken = drawn.replace(f'<dc:Bounds x="{x}" y="{y}" width="36"', f'<dc:Bounds x="{px + 30}" y="{py}" width="36"')
    found = {(finding.rule, finding.element) for finding in check_drawing(broken.encode(), "nested.bpmn")}
    assert ("shapes_overlap", "phase") in found
    findings = check_drawing(NESTED, "nested.bpmn")
    assert [finding.rule for finding in findings] == ["not_drawn"]


def test_wording_is_checked_in_undrawn_files_too() -> None:
    xml = (HEAD + """<bpmn:process id="p"><bpmn:startEvent id="s" name="start"/>
      <bpmn:exclusiveGateway id="g" name="接受"/><bpmn:endEvent id="a" name="是"/><bpmn:endEvent id="b"/>
      <bpmn:sequenceFlow id="f0" sourceRef="s" targetRef="g"/>
      <bpmn:sequenceFlow id="f1" sourceRef="g" targetRef="a" name="是"/>
      <bpmn:sequenceFlow id="f2" sourceRef="g" targetRef="b"/>
      </bpmn:process></bpmn:definitions>""").encode()
    found = {(finding.rule, finding.element) for finding in check_drawing(xml, "words.bpmn")}
    assert found == {("name_not_chinese", "s"), ("gateway_no_question", "g"), ("flow_no_label", "f2"),
                     ("name_missing", "b"), ("not_drawn", None)}


@pytest.mark.parametrize("xml", [b"<a/>", b"<bpmn:definitions", b"", b"\x00\x01",
                                 b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + NESTED.split(b"?>", 1)[1]])
def test_what_is_not_plain_bpmn_is_refused(xml: bytes) -> None:
    with pytest.raises(Refused):
        tidy(xml, "bad.bpmn")


@pytest.mark.parametrize("path", sorted(Path(__file__).parents[2].glob("processes/*/*.bpmn")), ids=lambda p: p.stem)
def test_our_own_diagrams_are_drawn_cleanly(path: Path) -> None:
    looks = [finding for finding in check_drawing(path.read_bytes(), path.name) if finding.rule in LOOKS]
    assert looks == []


def test_a_file_in_another_encoding_becomes_utf_8() -> None:
    other = NESTED.decode().replace("UTF-8", "GB18030").encode("gb18030")
    assert tidy(other, "nested.bpmn") == tidy(NESTED, "nested.bpmn")
    assert tidy(b"\xef\xbb\xbf" + NESTED, "nested.bpmn") == tidy(NESTED, "nested.bpmn")


def test_several_pools_stand_below_each_other() -> None:
    xml = (HEAD + """<bpmn:collaboration id="c"><bpmn:participant id="ours" name="公司" processRef="p"/>
      <bpmn:participant id="theirs" name="客户" processRef="q"/><bpmn:participant id="box" name="供应商"/>
      <bpmn:messageFlow id="m" sourceRef="ask" targetRef="answer"/></bpmn:collaboration>
      <bpmn:process id="p"><bpmn:userTask id="ask" name="询问"/></bpmn:process>
      <bpmn:process id="q"><bpmn:userTask id="answer" name="答复"/></bpmn:process></bpmn:definitions>""").encode()
    drawn = tidy(xml, "pools.bpmn")
    ours, theirs, box = (bounds(drawn, key) for key in ("ours", "theirs", "box"))
    assert ours[1] + ours[3] < theirs[1]
    assert theirs[1] + theirs[3] < box[1]
    assert b'bpmnElement="m"' in drawn
    assert check_drawing(drawn, "pools.bpmn") == []
