"""A task's form on a page: built for this request, its uploads kept, its answers read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.datastructures import FileStorage

from app.facts import Actor
from app.services.work import ServedForm
from app.store.queries import case_page
from app.userforms import FormDefinition
from app.userforms.display import Line, describe
from app.userforms.wtf import WebForm, build_form
from app.web.problems import language
from app.web.shell import zone
from app.wiring import services


def form_of(served: ServedForm, id_prefix: str = "f-") -> WebForm | None:
    """Return the form as this request shows it, or None when the task has none; its fields' ids begin as said."""
    if served.definition is None:
        return None
    return build_form(served.definition, served.context, language(), served.data, id_prefix=id_prefix)


def raw_of(form: WebForm | None, keep_file: Callable[[FileStorage], str] | None = None) -> dict[str, Any]:
    """Return what was filled in; without `keep_file` new uploads are left out."""
    return {} if form is None else form.raw(keep_file)


def keeper(served: ServedForm, who: Actor, received_via: str = "upload") -> Callable[[FileStorage], str]:
    """Return what keeps an uploaded file with the task; it raises Invalid for what is not accepted."""
    return lambda file: services().desk.attach(file, served.item.case_id, served.item.id, received_via, who)


def lines_of(served: ServedForm, data: Mapping[str, Any]) -> tuple[Line, ...]:
    """Return the answers of a submission as people read them."""
    return describe(served.definition, data, language(), zone().key) if served.definition else ()


def names_of_files(lines: Iterable[Line]) -> Mapping[str, str]:
    """Return the names of every file that these answers name."""
    return case_page.file_names(sorted(_ids(lines)))


def _ids(lines: Iterable[Line]) -> set[str]:
    found: set[str] = set()
    for line in lines:
        found.update(line.files)
        for row in line.rows:
            found |= _ids(row)
    return found


def describe_in(definition: FormDefinition, data: Mapping[str, Any]) -> tuple[Line, ...]:
    """Return the answers of an older submission as people read them."""
    return describe(definition, data, language(), zone().key)


def correction_of(served: ServedForm, data: Mapping[str, Any]) -> WebForm:
    """Return the form of a completed task, filled with what holds now."""
    if served.definition is None:
        raise ValueError("a task without a form has nothing to correct")
    return build_form(served.definition, served.context, language(), data)
