"""Every text of the pages has Chinese, and no template shows a bare text."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from app.web.words import STATUSES

ROOT = Path(__file__).resolve().parents[2]
METHODS = [("app/**.py", "python"), ("app/web/templates/**.html", "jinja2")]
TEMPLATES = sorted((ROOT / "app" / "web" / "templates").rglob("*.html"))
# Names and marks that are the same in every language.
SAME = {"承诺", "Chengnuo", "English", "中文", "VIP", "JSON"}


def test_every_text_has_chinese() -> None:
    with (ROOT / "app/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        known = {
            message.id if isinstance(message.id, str) else message.id[0] for message in read_po(file) if message.string
        }
    used = set()
    for _file, _line, text, _comments, _context in extract_from_dir(
        str(ROOT),
        METHODS,
        keywords={"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None},
        directory_filter=lambda path: "static" not in path,
    ):
        used.add(text if isinstance(text, str) else text[0])
    assert used
    assert sorted(used - known) == []


def test_no_chinese_word_has_lost_a_placeholder() -> None:
    with (ROOT / "app/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        messages = [message for message in read_po(file) if message.id and isinstance(message.id, str)]
    for message in messages:
        wanted, given = (sorted(re.findall(r"%\((\w+)\)s", str(text))) for text in (message.id, message.string))
        assert set(given) <= set(wanted), message.id


def test_no_text_hides_in_an_f_string() -> None:
    """Babel on Python 3.11 does not look into f-strings: what is asked for there stays English for good."""
    hidden = [f"{path.name}: {line.strip()}" for path in (ROOT / "app").rglob("*.py")
              for line in path.read_text(encoding="utf-8").splitlines() if re.search(r"""\bf".*\{_\(['"]""", line)]
    assert hidden == []


def test_no_chinese_text_says_the_same_twice() -> None:
    with (ROOT / "app/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        twice = [one.id for one in read_po(file) if re.fullmatch(r"(.{4,}?)\1+", str(one.string), re.DOTALL)]
    assert twice == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_shows_a_bare_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\{% block body_class %\}.*?\{% endblock %\}", " ", text)
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->", " ", text, flags=re.DOTALL)
    text = re.sub(r"<script.*?</script>|<[^>]*>", " ", text, flags=re.DOTALL)
    text = re.sub(r'[\w-]+="[^"]*"', " ", text)  # macros that write attributes
    words = {word for word in re.findall(r"[A-Za-z]{2,}|[\u4e00-\u9fff]+", text) if word not in SAME and word != "nbsp"}
    assert words <= set(), f"{path.name}: {words}"


def test_every_status_of_a_shipped_diagram_has_an_english_word() -> None:
    said: set[str] = set()
    for path in sorted((ROOT / "processes").rglob("*.bpmn")):
        text = path.read_text(encoding="utf-8").replace("&quot;", '"')
        said |= set(re.findall(r'name="status" value="([^"]+)"', text))
        for value in re.findall(r'id="status" type="any" value="(.*?)"\s*/>', text):
            said |= set(re.findall(r'"([^"]+)"', value))
    assert len(said) > 10
    assert said <= set(STATUSES)


def test_every_word_that_the_code_translates_is_in_the_catalogue_even_inside_an_f_string() -> None:
    with (ROOT / "app/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        known = {text for message in read_po(file) if message.string
                 for text in ([message.id] if isinstance(message.id, str) else message.id)}
    said = {
        node.args[0].value
        for path in sorted((ROOT / "app").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext")
        and node.args and isinstance(node.args[0], ast.Constant)
    }
    assert len(said) > 500
    assert said <= known, said - known
