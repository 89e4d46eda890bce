"""The studio's blueprint, and who may read and who may write in it."""

from __future__ import annotations

from flask import Blueprint

from app.services.drafts import EDITORS, READERS

blueprint = Blueprint("studio", __name__, url_prefix="/studio")
MAY_READ = tuple(sorted(READERS))
MAY_EDIT = tuple(sorted(EDITORS))
