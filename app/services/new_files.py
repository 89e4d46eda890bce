"""What a new process, decision or form begins as: small, runnable, and in the house's layout."""

from __future__ import annotations

import json
import re
from html import escape

from app.errors import FieldError, Invalid

KINDS = ("process", "decision", "form")
KEY = re.compile(r"[a-z][a-z0-9_]{1,59}")
PATHS = {"process": "processes/{0}/{0}.bpmn", "decision": "processes/decisions/{0}.dmn", "form": "forms/{0}.json"}

_PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" \
xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" \
xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="definitions_{key}" \
targetNamespace="http://chengnuo/processes/{key}" exporter="chengnuo">
  <bpmn:collaboration id="collaboration_{key}">
    <bpmn:participant id="participant_{key}" name="{zh}" processRef="{key}"/>
  </bpmn:collaboration>
  <bpmn:process id="{key}" name="{zh}" isExecutable="true">
    <bpmn:extensionElements>
      <spiffworkflow:properties>
        <spiffworkflow:property name="kind" value="called"/>
        <spiffworkflow:property name="name_en" value="{en}"/>
      </spiffworkflow:properties>
    </bpmn:extensionElements>
    <bpmn:laneSet id="lanes_{key}">
      <bpmn:lane id="lane_clerk" name="{lane}">
        <bpmn:flowNodeRef>start_{key}</bpmn:flowNodeRef>
        <bpmn:flowNodeRef>end_{key}</bpmn:flowNodeRef>
      </bpmn:lane>
    </bpmn:laneSet>
    <bpmn:startEvent id="start_{key}" name="开始">
      <bpmn:outgoing>flow_start_end</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:endEvent id="end_{key}" name="完成">
      <bpmn:incoming>flow_start_end</bpmn:incoming>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="flow_start_end" sourceRef="start_{key}" targetRef="end_{key}"/>
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram_{key}">
    <bpmndi:BPMNPlane id="plane_{key}" bpmnElement="collaboration_{key}">
      <bpmndi:BPMNShape id="participant_{key}_di" bpmnElement="participant_{key}" isHorizontal="true">
        <dc:Bounds x="160" y="80" width="600" height="200"/>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="lane_clerk_di" bpmnElement="lane_clerk" isHorizontal="true">
        <dc:Bounds x="190" y="80" width="570" height="200"/>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="start_{key}_di" bpmnElement="start_{key}">
        <dc:Bounds x="252" y="162" width="36" height="36"/>
        <bpmndi:BPMNLabel><dc:Bounds x="259" y="203" width="22" height="15"/></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="end_{key}_di" bpmnElement="end_{key}">
        <dc:Bounds x="652" y="162" width="36" height="36"/>
        <bpmndi:BPMNLabel><dc:Bounds x="659" y="203" width="22" height="15"/></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="flow_start_end_di" bpmnElement="flow_start_end">
        <di:waypoint x="288" y="180"/>
        <di:waypoint x="652" y="180"/>
      </bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""

_DECISION = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:chengnuo="http://chengnuo/schema/1.0" \
id="definitions_{key}" name="{zh}" namespace="http://chengnuo/decisions">
  <decision id="{key}" name="{zh}">
    <decisionTable id="{key}_table" hitPolicy="UNIQUE">
      <input id="{key}_input_level" label="级别">
        <inputExpression id="{key}_expression_level" typeRef="string">
          <text>level</text>
        </inputExpression>
        <inputValues id="{key}_values_level">
          <text>"P1","P2","P3","P4"</text>
        </inputValues>
      </input>
      <output id="{key}_output_result" name="result" label="结果" typeRef="string"/>
      <rule id="{key}_01">
        <inputEntry id="{key}_01_in1">
          <text>-</text>
        </inputEntry>
        <outputEntry id="{key}_01_out1">
          <text>"{key}"</text>
        </outputEntry>
      </rule>
    </decisionTable>
  </decision>
</definitions>
"""


def new_file(kind: str, key: str, zh: str, en: str, lane: str) -> tuple[str, bytes]:
    """Return the path and the content of a new file; raises Invalid by field.

    `kind` is "process", "decision" or "form", `key` its id, `lane` the Chinese name of a process's first group.
    """
    errors = []
    if kind not in KINDS:
        errors.append(FieldError("kind", "Choose what to add.", "请选择要新增的内容。"))
    if not KEY.fullmatch(key):
        errors.append(
            FieldError(
                "key",
                "Lower-case letters, digits and _, beginning with a letter.",
                "只用小写字母、数字和下划线，以字母开头。",
            )
        )
    if not 0 < len(zh.strip()) <= 60:
        errors.append(FieldError("name", "A name of at most 60 characters.", "名称必填，最多 60 字。"))
    if errors:
        raise Invalid(errors)
    zh, en = zh.strip(), en.strip()[:60] or key.replace("_", " ").capitalize()
    if kind == "form":
        return PATHS[kind].format(key), _form(key, zh, en)
    template = _PROCESS if kind == "process" else _DECISION
    text = template.format(key=key, zh=escape(zh), en=escape(en), lane=escape(lane))
    return PATHS[kind].format(key), text.encode()


def _form(key: str, zh: str, en: str) -> bytes:
    note = {
        "type": "textarea",
        "key": "note",
        "label": "说明",
        "validate": {"required": True, "maxLength": 1000},
        "properties": {"label_en": "Note"},
    }
    form = {"type": "default", "id": key, "name": zh, "name_en": en, "components": [note]}
    return (json.dumps(form, ensure_ascii=False, indent=1) + "\n").encode()
