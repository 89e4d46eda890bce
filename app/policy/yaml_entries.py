"""A register file's entries with the lines that they stand on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app.errors import Finding
from app.policy.register import LOADER

STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True)
class Entry:
    """One entry of a list."""

    file: str  # below the root
    data: Mapping[str, Any]
    node: Any

    @property
    def id(self) -> str:
        """The entry's id, or the clause that a disposition is of."""
        return str(self.data.get("id") or self.data.get("clause") or self.data.get("code") or self.data.get("name")
                   or self.data.get("kind") or "")

    def line(self, field: str = "") -> int:
        """Return the line, from 1, of the entry or of the field inside it, as far as it is there."""
        node, line = self.node, self.node.start_mark.line
        for name, index in STEP.findall(field):
            found = None
            if name and isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == name), None)
            elif index and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
                found = (node.value[int(index)], node.value[int(index)])
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        return int(line) + 1

    def finding(self, field: str, rule: str, zh: str, en: str, severity: str = "error") -> Finding:
        """Return a finding at a field of this entry."""
        told = f"{field}：" if field else ""
        return Finding(self.file, self.id, self.line(field), rule, severity, f"{told}{zh}",
                       f"{told.replace('：', ': ')}{en}")


def read_entries(root: Path, file: str, top: str, wrong: list[Finding], required: bool = False) -> list[Entry]:
    """Return the entries of a list, at the file's top or below `top`; what can't be read is added to `wrong`."""
    path = root / file
    if not path.exists():
        if required:
            wrong.append(_broken(file, 1, "文件不存在", "The file is missing"))
        return []
    try:
        root_node = yaml.compose(path.read_text(encoding="utf-8"), Loader=LOADER)
    except (OSError, UnicodeDecodeError) as error:
        wrong.append(_broken(file, 1, f"无法读取：{error}", f"It can't be read: {error}"))
        return []
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        wrong.append(_broken(file, mark.line + 1 if mark else 1, f"不是 YAML：{error}", f"It is no YAML: {error}"))
        return []
    nodes = root_node
    if isinstance(root_node, yaml.MappingNode):
        nodes = next((value for key, value in root_node.value if key.value == top), None)
    if nodes is None and not required:
        return []
    if not isinstance(nodes, yaml.SequenceNode):
        wrong.append(_broken(file, 1, f"应为“{top}”列表", f"A list “{top}” is expected"))
        return []
    return _built(file, nodes, wrong)


def _built(file: str, nodes: Any, wrong: list[Finding]) -> list[Entry]:
    found = []
    for node in nodes.value:
        line = node.start_mark.line + 1
        try:
            data = yaml.constructor.SafeConstructor().construct_document(node)
        except (yaml.YAMLError, ValueError) as error:
            wrong.append(_broken(file, line, f"条目无法读取：{error}", f"The entry can't be read: {error}"))
            continue
        if not isinstance(data, dict):
            wrong.append(_broken(file, line, "应为“名称: 值”", "Names with values are expected"))
            continue
        entry = Entry(file, data, node)
        names = [str(key.value) for key, _ in node.value]
        wrong += [entry.finding(name, "twice", "同一名称出现两次", "The name stands twice")
                  for name in dict.fromkeys(names) if names.count(name) > 1]
        found.append(entry)
    ids = [entry.id for entry in found]
    wrong += [entry.finding("", "duplicate_id", f"编号“{entry.id}”重复或为空",
                            f"The id “{entry.id}” is repeated or empty")
              for place, entry in enumerate(found) if not entry.id or entry.id in ids[:place]]
    return found


def _broken(file: str, line: int, zh: str, en: str) -> Finding:
    return Finding(file, None, line, "register_file", "error", zh, en)
