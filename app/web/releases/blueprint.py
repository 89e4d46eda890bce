"""The blueprint of releases, and who may read, write and decide in it."""

from __future__ import annotations

from flask import Blueprint

from app.services.drafts import EDITORS
from app.services.releases import APPROVERS

blueprint = Blueprint("releases", __name__, url_prefix="/studio")
MAY_READ = tuple(sorted(APPROVERS | EDITORS))
MAY_EDIT = tuple(sorted(EDITORS))
MAY_DECIDE = tuple(sorted(APPROVERS))
