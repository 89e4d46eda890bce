"""Imports point inwards, seams don't know each other, and only one place reads the clock."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CORE = {"facts", "facts_bundle", "facts_scene", "errors", "clock", "work_calendar", "durations", "holiday_table"}
SEAMS = {"engine", "store", "handling", "userforms", "policy", "exports"}
# What a part of app/ may import, besides itself and the core.
MAY_IMPORT = {
    **{seam: set() for seam in SEAMS},
    **dict.fromkeys(CORE, CORE),
    "services": SEAMS | {"notifications"},
    "notifications": {"store", "handling"},
    "web": SEAMS | {"services", "wiring", "notifications", "jobs", "sandbox"},
    "sandbox": {"services", "store", "wiring"},
    "wiring": SEAMS | {"services", "notifications"},
    "jobs": {"wiring", "store", "services", "queue_postgres"},
    "queue_postgres": {"wiring", "services", "store"},
    "serving": {"jobs", "wiring", "cli", "services"},
    "migrations": {"store"},
    "simulation": {"services", "store", "wiring"},
    "cli": SEAMS | {"services", "wiring", "jobs", "serving", "simulation", ""},
    "": {"web", "wiring", "store"},
}
ONLY_IN = {
    "SpiffWorkflow": {"app/engine"},
    "lxml": {"app/engine"},
    "sqlalchemy": {
        "app/store",
        "app/services",
        "app/wiring.py",
        "app/migrations",
        "app/queue_postgres.py",
        "app/notifications",
    },
}
WALL_CLOCK = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}


def modules(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "versions" not in path.parts)


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} if node.module != "app" else {f"app.{alias.name}" for alias in node.names}
    return found


def part(path: Path) -> str:
    parts = path.relative_to(ROOT / "app").parts
    return "" if parts == ("__init__.py",) else place(parts[0].removesuffix(".py"))


def place(name: str) -> str:
    return "cli" if name.startswith("cli_") else name  # the command line's modules are one part


@pytest.mark.parametrize("path", modules("app"), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_inwards(path: Path) -> None:
    mine = part(path)
    allowed = MAY_IMPORT[mine] | CORE | {mine}
    names = imported(ast.parse(path.read_text(encoding="utf-8")))
    others = {name.split(".")[1] if "." in name else "" for name in names if name == "app" or name.startswith("app.")}
    others = {place(name) if name != "create_app" else "" for name in others}
    assert others <= allowed, f"{path.name} imports {others - allowed}"
    for library, places in ONLY_IN.items():
        if any(name == library or name.startswith(f"{library}.") for name in names):
            assert any(path.relative_to(ROOT).as_posix().startswith(place) for place in places), f"{library} in {path}"


@pytest.mark.parametrize("path", modules("handlers"), ids=lambda path: path.name)
def test_handlers_know_only_what_a_handler_is(path: Path) -> None:
    names = {name for name in imported(ast.parse(path.read_text(encoding="utf-8"))) if name.startswith("app")}
    assert names <= {"app.handling", "app.facts", "app.errors"}


@pytest.mark.parametrize(
    "path", [*modules("app"), *modules("handlers")], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_only_the_clock_module_reads_the_clock(path: Path) -> None:
    if path == ROOT / "app" / "clock.py":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in WALL_CLOCK, f"{path}:{node.lineno}"
