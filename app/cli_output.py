"""What every command of `chengnuo` shares: options, and one JSON document or lines for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from app.errors import Finding

ROOT = Path(__file__).resolve().parent.parent
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
Root = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=ROOT,
    help="The project tree to judge.",
)


def show(data: Any, as_json: bool, lines: Sequence[str]) -> None:
    """Print the document, or the lines for people."""
    click.echo(json.dumps(data, ensure_ascii=False, default=str, indent=2) if as_json else "\n".join(lines))


def finding_line(finding: Finding) -> str:
    """Return a finding as a line for people."""
    place = ":".join(str(part) for part in (finding.file, finding.line, finding.element) if part)
    return f"{place}: {finding.severity}: {finding.message_zh} / {finding.message_en} [{finding.rule}]"


def as_document(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return findings in the shape of `check --json`: the message in Chinese, the English beside it."""
    return {
        "findings": [
            {
                "file": finding.file,
                "element": finding.element,
                "line": finding.line,
                "rule": finding.rule,
                "severity": finding.severity,
                "message": finding.message_zh,
                "message_en": finding.message_en,
            }
            for finding in findings
        ]
    }
