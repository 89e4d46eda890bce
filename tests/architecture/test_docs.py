"""What is there is documented, and what is documented is there."""

from __future__ import annotations

import re

import click
from babel.messages.pofile import read_po

from app.cli import cli
from app.web.help import GUIDES
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


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, command in cli.commands.items():
        inner = command.commands if isinstance(command, click.Group) else {}
        for one in [f"{name} {part}" for part in inner] or [name]:
            assert f"`{one}`" in readme, f"chengnuo {one} is not in the README"


def test_every_picture_is_shown_and_small() -> None:
    shown = {(page.parent / name).resolve() for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
             for name in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))}
    there = set((ROOT / "docs" / "img").glob("*.png"))
    assert shown == there
    assert max(picture.stat().st_size for picture in there) < 300_000


def test_guides_name_only_what_stands_on_the_pages() -> None:
    with (ROOT / "app/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        texts = {message.string if isinstance(message.string, str) else message.string[0] for message in read_po(file)}
    for name in GUIDES:
        guide = ROOT / "docs" / "guides" / f"{name}.md"
        if guide.exists():
            named = set(re.findall("「([^」]+)」", guide.read_text(encoding="utf-8")))
            assert named, name
            assert named <= texts, f"{name}: {named - texts}"
    assert {guide.stem for guide in (ROOT / "docs" / "guides").glob("*.md")} <= set(GUIDES)
