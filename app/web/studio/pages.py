"""Definitions with their versions, and change sets with their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.errors import Invalid
from app.services.drafts import kind_of
from app.services.new_files import KINDS
from app.services.studio import name_file
from app.store.queries import people
from app.web.answers import by_field, tell
from app.web.entry import actor, entry
from app.web.problems import language
from app.web.studio.blueprint import MAY_EDIT, MAY_READ, blueprint
from app.wiring import services

PAGE = 50
OPEN, CLOSED = ("editing", "submitted"), ("released", "discarded")


@dataclass(frozen=True)
class Slice:
    """A page of a list, as ui.pager wants it."""

    number: int
    total: int
    size: int = PAGE

    @property
    def first(self) -> int:
        """The number of the first row."""
        return min((self.number - 1) * self.size + 1, self.total)

    @property
    def last(self) -> int:
        """The number of the last row."""
        return min(self.number * self.size, self.total)

    def cut(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return the rows of this page."""
        return rows[(self.number - 1) * self.size : self.number * self.size]


def page_number() -> int:
    """Return the page that is asked for, from 1."""
    given = request.args.get("page", "1")
    return max(int(given), 1) if given.isascii() and given.isdigit() and len(given) < 7 else 1


def title_of(one: Any) -> str:
    """Return a file's name in the reader's language."""
    return str(one.en if language() == "en" else one.zh)


@blueprint.get("")
@entry(*MAY_READ)
def home() -> str:
    """List the deployed processes, decisions or forms."""
    kind = request.args.get("kind", "process") if request.args.get("kind") in KINDS else "process"
    wanted = request.args.get("q", "").strip()[:80].lower()
    found = services().studio.definitions(kind)
    if wanted:
        found = [one for one in found if wanted in f"{one.file.zh} {one.file.en} {one.file.key}".lower()]
    page = Slice(page_number(), len(found))
    display = people.display_names({one.release.by for one in found})
    drafts = services().drafts
    return render_template(
        "studio/definitions.html", kind=kind, q=wanted, found=page.cut(found), page=page, display=display,
        title_of=title_of, drafts=drafts.listing(actor(), ("editing",), 6), may_edit=drafts.may_edit(actor()),
    )  # fmt: skip


@blueprint.get("/definitions/<path:path>")
@entry(*MAY_READ)
def definition(path: str) -> str:
    """Show a definition with all its versions."""
    releases = services().studio.releases(path)
    current = next((one for one in releases if one.current), releases[0])
    name = name_file(path, services().studio.file(current.deployment_id, path))
    drafts = services().drafts
    return render_template(
        "studio/definition.html", file=name, releases=releases, current=current, title_of=title_of,
        display=people.display_names({one.by for one in releases}), may_edit=drafts.may_edit(actor()),
        drafts=[(str(draft.id), draft.title) for draft, _files in drafts.listing(actor(), ("editing",))],
    )  # fmt: skip


@blueprint.post("/edit/<path:path>")
@entry(*MAY_EDIT)
def edit_definition(path: str) -> Response:
    """Open a deployed file in a change set: the chosen one, or a new one with the file's name."""
    drafts, given = services().drafts, request.form.get("draft", "")
    if given.isascii() and given.isdigit() and len(given) < 10:
        draft_id = drafts.open(int(given), actor()).id
    else:
        content = drafts.deployed().get(path)
        if content is None:
            abort(404)
        draft_id = drafts.create(_("Change of %(name)s", name=title_of(name_file(path, content)))[:120], actor())
    return redirect(url_for("studio.editor", draft_id=draft_id, path=path))


@blueprint.get("/drafts")
@entry(*MAY_READ)
def drafts() -> str:
    """List the change sets: those in work, or those that are through."""
    states = CLOSED if request.args.get("state") == "closed" else OPEN
    return _drafts(states, {}, {})


def _drafts(states: tuple[str, ...], given: Any, errors: Any) -> str:
    service = services().drafts
    page = Slice(page_number(), service.count(states))
    found = service.listing(actor(), states, PAGE, (page.number - 1) * PAGE)
    display = people.display_names({name for row, _n in found for name in (row.created_by, row.decided_by) if name})
    return render_template("studio/drafts.html", found=found, page=page, closed=states == CLOSED, display=display,
                           given=given, errors=errors, may_edit=service.may_edit(actor()))


@blueprint.post("/drafts")
@entry(*MAY_EDIT)
def create() -> Response | tuple[str, int]:
    """Begin a change set."""
    try:
        made = services().drafts.create(request.form.get("title", ""), actor())
    except Invalid as error:
        return _drafts(OPEN, request.form, by_field(error)), 422
    flash(_("The change set is begun. Choose what to edit."), "success")
    return redirect(url_for("studio.draft", draft_id=made))


@blueprint.get("/drafts/<int:draft_id>")
@entry(*MAY_READ)
def draft(draft_id: int) -> str:
    """Show a change set with its files."""
    return _draft(draft_id, {}, {})


def _draft(draft_id: int, given: Any, errors: Any) -> str:
    service = services().drafts
    row = service.open(draft_id, actor())
    tree = service.tree(draft_id)
    names = services().studio.names(draft_id)
    for info in tree:  # a removed file has the name that it has where it is deployed
        if info.path not in names:
            names[info.path] = name_file(info.path, service.deployed().get(info.path, b""))
    changed = [info for info in tree if info.change]
    display = people.display_names({info.changed_by for info in changed if info.changed_by} | {row.created_by})
    return render_template(
        "studio/draft.html", draft=row, changed=changed, others=[info for info in tree if not info.change],
        names=names, title_of=title_of, display=display, given=given, errors=errors, kinds=KINDS,
        outdated=service.outdated(draft_id), lane_pairs=[(one.zh, title_of(one)) for one in services().register.groups],
        may_edit=service.may_edit(actor()) and row.state == "editing",
    )  # fmt: skip


@blueprint.post("/drafts/<int:draft_id>/add")
@entry(*MAY_EDIT)
def add(draft_id: int) -> Response | tuple[str, int]:
    """Add a new process, decision or form, and open it."""
    given = request.form
    groups = {group.zh for group in services().register.groups}
    lane = given.get("lane", "") if given.get("lane") in groups else next(iter(sorted(groups)), "")
    try:
        path = services().drafts.add(draft_id, given.get("kind", ""), given.get("key", "").strip(),
                                     (given.get("name", ""), given.get("name_en", "")), lane, actor())
    except Invalid as error:
        return _draft(draft_id, given, by_field(error)), 422
    return redirect(url_for("studio.editor", draft_id=draft_id, path=path))


@blueprint.post("/drafts/<int:draft_id>/rename")
@entry(*MAY_EDIT)
def rename(draft_id: int) -> Response:
    """Give a change set another title."""
    with tell(_("The title is changed.")):
        services().drafts.rename(draft_id, request.form.get("title", ""), actor())
    return redirect(url_for("studio.draft", draft_id=draft_id))


@blueprint.post("/drafts/<int:draft_id>/discard")
@entry(*MAY_EDIT)
def discard(draft_id: int) -> Response:
    """Give a change set up."""
    with tell(_("The change set is given up. Its files stay readable.")):
        services().drafts.discard(draft_id, actor())
    return redirect(url_for("studio.drafts"))


@blueprint.post("/drafts/<int:draft_id>/remove/<path:path>")
@entry(*MAY_EDIT)
def remove(draft_id: int, path: str) -> Response:
    """Leave a file out of what is released."""
    with tell(_("The file is taken out.")):
        services().drafts.remove(draft_id, path, revision(), actor())
    return redirect(url_for("studio.draft", draft_id=draft_id))


@blueprint.post("/drafts/<int:draft_id>/restore/<path:path>")
@entry(*MAY_EDIT)
def restore(draft_id: int, path: str) -> Response:
    """Make a file what is deployed again."""
    with tell(_("The file is again as it was released.")):
        services().drafts.restore(draft_id, path, revision(), actor())
    return redirect(url_for("studio.draft", draft_id=draft_id))


def revision() -> int:
    """Return the revision that the page was about; -1, which none has, when it does not say."""
    given = request.form.get("revision", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else -1


blueprint.add_app_template_filter(kind_of, "file_kind")
