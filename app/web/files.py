"""Files on their way out: always as a download, never as something that a browser runs."""

from __future__ import annotations

import io

from flask import Response, send_file

from app.services.desk import StoredFile


def file_response(file: StoredFile) -> Response:
    """Return the file as an attachment with its checked type."""
    answer = send_file(io.BytesIO(file.content), mimetype=file.media_type, as_attachment=True, download_name=file.name)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
