"""What is there is documented, and what is documented is there."""

from __future__ import annotations

import re

from tests.conftest import ROOT
from tools.make_reference import TARGET, reference, settings


def test_the_reference_says_what_the_tree_holds() -> None:
    assert TARGET.read_text(encoding="utf-8") == reference(), "run: .venv/bin/python tools/make_reference.py"


def test_the_readme_explains_every_setting() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    config = (ROOT / "config.py").read_text(encoding="utf-8")
    for (name,) in settings():
        plain = name.strip("`")
        assert plain in readme, f"{plain} is not in the README"
        assert plain in config or plain == "PORT"


def test_links_in_the_documents_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_a_command_of_the_makefile_is_in_its_help() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY:(.*)$", text, re.MULTILINE)
    assert phony is not None
    described = set(re.findall(r"^([a-z]+):.*##", text, re.MULTILINE))
    assert set(phony.group(1).split()) == described
