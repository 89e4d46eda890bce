"""The register as a file, out and in: what a file would change is shown first, and then only proposed."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response as Redirect

from app.errors import ChengnuoError, FieldError, NotFound
from app.policy.differences import EntryChange
from app.policy.entries import KINDS
from app.policy.files import MAX_BYTES
from app.services.policy_transfer import FORMS, Preview
from app.web.answers import said
from app.web.entry import actor, entry
from app.web.policy import forms, showing
from app.web.policy.blueprint import MAY_EDIT, MAY_READ, blueprint
from app.web.problems import language
from app.web.shell import now, zone
from app.wiring import services

MEDIA = {"yaml": "application/yaml", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
LASTS = 2 * 3600  # seconds in which a preview may be proposed
LONGEST = 400_000  # characters of a sealed preview: what a form may carry


@blueprint.get("/export.<form>")
@entry(*MAY_READ)
def export(form: str) -> Response:
    """Take the whole register out, as YAML or as a workbook."""
    if form not in FORMS:
        raise NotFound("There is no such form.", "没有这种格式。")
    content = services().transfer.export(form, actor())
    name = f"policy-register-{services().register.version}-{now().astimezone(zone()):%Y%m%d}.{form}"
    return send_file(BytesIO(content), mimetype=MEDIA[form], as_attachment=True, download_name=name, max_age=0)


@blueprint.route("/import", methods=["GET", "POST"])
@entry(*MAY_EDIT)
def importing() -> str | tuple[str, int]:
    """Choose a file; show what it would change."""
    tomorrow = services().policies.today() + timedelta(days=1)
    if request.method == "GET":
        return _page({"effective_from": tomorrow.isoformat()})
    given, file, day = request.form, request.files.get("file"), forms.day_of(request.form)
    errors = {}
    if day is None:
        errors["effective_from"] = _("A date such as 2026-07-01 is expected.")
    if not given.get("reason", "").strip():
        errors["reason"] = _("Say why.")
    if file is None or not file.filename:
        errors["file"] = _("Choose a file.")
    if errors or day is None or file is None:
        return _page(given, errors=errors), 422
    preview = services().transfer.preview(file.filename or "", file.read(MAX_BYTES + 1), day, actor())
    if preview.errors:
        return _page(given, wrong=preview.errors), 422
    sealed = _sealer().dumps(
        [actor().name, day.isoformat(), given["reason"], bool(given.get("correction")), file.filename,
         [[one.kind, one.key, one.new] for one in preview.changes]])
    if len(sealed) > LONGEST:
        return _page(given, wrong=(FieldError("file", "Too many differences at once; split the file.",
                                              "一次差异过多，请拆分文件。"),)), 422
    return _preview(preview, given, sealed if isinstance(sealed, str) else sealed.decode(), file.filename or "", day)


@blueprint.post("/import/propose")
@entry(*MAY_EDIT)
def propose_import() -> Redirect:
    """Make proposals of the differences that were ticked."""
    try:
        who, day, reason, correction, name, given = _sealer().loads(request.form.get("sealed", ""), max_age=LASTS)
        if who != actor().name:
            raise BadData("somebody else's")
    except BadData:
        flash(_("This preview is too old. Choose the file again."), "error")
        return redirect(url_for("policy.importing"))
    ticked = set(request.form.getlist("chosen"))
    changes = [EntryChange(kind, key, None, new) for kind, key, new in given if f"{kind}:{key}" in ticked]
    batch = f"{now().astimezone(zone()):%m%d%H%M} {name}"[:60]
    try:
        made = services().transfer.propose(changes, date.fromisoformat(day), reason, correction, batch, actor())
    except ChengnuoError as error:
        key = f"{error.detail['key']}: " if error.detail.get("key") else ""
        flash(key + said(error), "error")
        return redirect(url_for("policy.importing"))
    flash(ngettext("%(num)s proposal is made; it waits for a decision.",
                   "%(num)s proposals are made; they wait for a decision.", len(made)), "success")
    return redirect(url_for("policy.proposals"))


def _page(given: Any, errors: Any = None, wrong: Any = ()) -> str:
    return render_template("policy/import.html", given=given, errors=errors or {}, register=services().register,
                           wrong=[one.message(language()) for one in wrong])


def _preview(preview: Preview, given: Any, sealed: str, name: str, day: date) -> str:
    register = services().register
    return render_template(
        "policy/preview.html", preview=preview, given=given, sealed=sealed, name=name, day=day, kinds=KINDS,
        register=register,
        counts={verb: sum(one.verb == verb for one in preview.changes) for verb in ("added", "changed", "retired")},
        diff={f"{one.kind}:{one.key}": showing.diff(one.kind, one.old, one.new, register)
              for one in preview.changes if one.verb == "changed"})


def _sealer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="policy-import")


