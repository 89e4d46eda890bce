"""Writes docs/reference.md from the tree: processes, forms, handlers, commands, settings. Run after adding one."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import click

from app.cli import cli
from app.handling import Registry
from app.userforms import read_form

TARGET = ROOT / "docs" / "reference.md"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a table."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows), ""]


def processes() -> list[str]:
    """Return the processes with what they hold."""
    rows = []
    for path in sorted((ROOT / "processes").glob("*/*.bpmn")):
        text = path.read_text(encoding="utf-8")
        name = re.search(r'<bpmn:process id="[^"]*" name="([^"]*)"', text)
        kind = re.search(r'name="kind" value="([^"]*)"', text)
        counts = [
            str(len(re.findall(f"<bpmn:{tag}[ >]", text)))
            for tag in ("userTask", "serviceTask", "boundaryEvent", "endEvent")
        ]
        rows.append([f"`{path.stem}`", name.group(1) if name else "", kind.group(1) if kind else "", *counts])
    return table(["process", "name", "kind", "user tasks", "service tasks", "boundary events", "ends"], rows)


def forms() -> list[str]:
    """Return the forms, and the tasks that show them."""
    diagrams = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "processes").glob("*/*.bpmn")))
    used: dict[str, list[str]] = {}
    for task, form in re.findall(r'<bpmn:userTask id="([^"]+)".*?name="form" value="([^"]+)"', diagrams, re.DOTALL):
        used.setdefault(form, []).append(task)
    rows = []
    for path in sorted((ROOT / "forms").glob("*.json")):
        form = read_form(path.read_bytes(), path.name)
        rows.append(
            [f"`{form.id}`", form.name, form.name_en, str(len(form.fields)), ", ".join(used.get(form.id, ["(portal)"]))]
        )
    return table(["form", "名称", "name", "fields", "tasks"], rows)


def handlers() -> list[str]:
    """Return the operations with their parameters."""
    rows = []
    for operation in Registry.discover(ROOT / "handlers").all().values():
        parameters = ", ".join(one.name if one.required else f"{one.name}?" for one in operation.parameters)
        rows.append(
            [
                f"`{operation.name}`",
                operation.zh,
                operation.kind.value,
                parameters + (", …" if operation.open_ended else ""),
                operation.description,
            ]
        )
    return table(["operation", "名称", "kind", "parameters", "what it does"], rows)


def commands(group: click.Group = cli, prefix: str = "chengnuo") -> list[list[str]]:
    """Return every command with its first line of help."""
    rows = []
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            rows += commands(command, f"{prefix} {name}")
        else:
            rows.append([f"`{prefix} {name}`", (command.help or "").split("\n")[0]])
    return rows


def settings() -> list[list[str]]:
    """Return every environment variable that config.py reads."""
    names = set(re.findall(r'env(?:iron)?\.get\("([A-Z_]+)"', (ROOT / "config.py").read_text(encoding="utf-8"))) | {
        "PORT"
    }
    return [[f"`{name}`"] for name in sorted(names)]


def reference() -> str:
    """Return the page."""
    lines = [
        "# Reference",
        "",
        "Written by `tools/make_reference.py`; a test keeps it true.",
        "",
        "## Processes",
        "",
        *processes(),
        "## Forms",
        "",
        *forms(),
        "## Handlers",
        "",
        *handlers(),
        "## Commands",
        "",
        *table(["command", "what it does"], commands()),
        "## Settings",
        "",
        "What they do stands in the README and in `config.py`.",
        "",
        *table(["setting"], settings()),
    ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
