"""Files that come from and go to elsewhere: uploads become files of a change set, bundles become zip archives."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from app.engine import file_kind, readable
from app.errors import FieldError, Finding, Invalid, Refused
from app.facts import Actor
from app.services.drafts import PATH, Drafts
from app.store.unit_of_work import in_unit_of_work

MAX_ENTRIES = 500
MAX_UNPACKED = 50 * 1024 * 1024  # bytes
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every entry: the same files give the same archive
MACHINE_MADE = re.compile(r"[0-9A-Fa-f]{8}[-_][0-9A-Fa-f]{4}|^(sid|_|Process_)[-_]?[0-9A-Za-z]{7,}$")
SLUG = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Imported:
    """What an upload became."""

    draft_id: int
    paths: tuple[str, ...]
    skipped: tuple[str, ...]  # entries of an archive that no bundle holds
    laid_out: tuple[str, ...]  # diagrams that came without a drawing and were given one


class Interchange:
    """Imports into change sets; exports of bundles."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts

    def import_file(self, name: str, content: bytes, actor: Actor, draft_id: int | None = None) -> Imported:
        """Keep an uploaded BPMN, DMN or form file, or a zip of them, in a change set (a new one by default).

        Raises Invalid on "file" for what is none of these, Refused with the line for what cannot be read safely,
        NotAllowed, Conflict. Nothing is kept then.
        """
        files, skipped = self._files(name, content)

        def work(_session: object) -> Imported:
            chosen = draft_id if draft_id is not None else self._drafts.create(_title(name), actor)
            tree = {info.path: info.revision for info in self._drafts.tree(chosen)}
            laid_out = []
            for path, (data, was_laid_out, original) in files.items():
                if path not in tree or self._drafts.read(chosen, path)[0] != data:
                    self._drafts.save(chosen, path, data, tree.get(path, 0), actor, original)
                laid_out += [path] if was_laid_out else []
            return Imported(chosen, tuple(files), skipped, tuple(laid_out))

        return in_unit_of_work(work)

    def _files(self, name: str, content: bytes) -> tuple[dict[str, tuple[bytes, bool, bytes]], tuple[str, ...]]:
        """Return the files by their paths in the bundle, as `_readable` gives them, and what is left out."""
        if not content:
            raise _invalid("The file is empty.", "文件是空的。")
        deployed = self._drafts.deployed()
        if content.startswith(b"PK\x03\x04"):
            packed, skipped = unpack(content)
            return {path: _readable(path, data) for path, data in packed.items()}, skipped
        if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
            form = _form_path(name, content)
            return {form: _readable(form, content)}, ()
        kind, key = file_kind(content, name)
        if kind is None:
            raise _invalid("This is neither BPMN 2.0 nor DMN, no form and no bundle.",
                           "这不是 BPMN 2.0、DMN、表单或流程包文件。")
        path = _known(deployed, kind, key) or _new_path(kind, key or PurePosixPath(name).stem, name)
        return {path: _readable(path, content)}, ()


def unpack(content: bytes) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return a bundle's files from a zip archive, and the names of what else is in it; raises Invalid on "file"."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise _invalid(f"An archive holds at most {MAX_ENTRIES} files and 50 MB unpacked.",
                               f"压缩包最多 {MAX_ENTRIES} 个文件，解压后不超过 50 MB。")
            if any(entry.flag_bits & 1 for entry in entries):
                raise _invalid("The archive is protected by a password.", "压缩包有密码保护。")
            files, skipped, left = {}, [], MAX_UNPACKED
            for entry in entries:
                path = _path_in(entry.filename)
                if path is None:
                    skipped.append(entry.filename[:200])
                    continue
                with archive.open(entry) as stream:  # what an entry says of its size is not believed
                    data = stream.read(left + 1)
                left -= len(data)
                if left < 0:
                    raise _invalid("The archive is larger than 50 MB unpacked.", "压缩包解压后超过 50 MB。")
                files[path] = data
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError, RuntimeError) as error:
        raise _invalid(f"The archive can't be read: {error}", f"压缩包无法读取：{error}") from error
    if not files:
        raise _invalid("The archive holds no processes/ and forms/ files.", "压缩包中没有 processes/ 或 forms/ 文件。")
    return files, tuple(skipped)


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of a bundle; the same files always give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in sorted(files.items()):
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, data)
    return target.getvalue()


def _path_in(name: str) -> str | None:
    """Return an entry's path in the bundle, folders around it left away, or None for what is no file of ours."""
    parts = name.replace("\\", "/").split("/")
    for at, part in enumerate(parts):
        if part in {"processes", "forms"}:
            path = "/".join(parts[at:])
            return path if PATH.fullmatch(path) and "__MACOSX" not in parts else None
    return None


def _readable(path: str, data: bytes) -> tuple[bytes, bool, bytes]:
    """Return the file in UTF-8, whether it was laid out, and the file as it was given."""
    if path.endswith(".json"):
        return data.removeprefix(b"\xef\xbb\xbf"), False, data
    return *readable(data, path), data


def _known(deployed: Mapping[str, bytes], kind: str, key: str | None) -> str | None:
    """Return where the running bundle holds the process or decision of that id."""
    for path, data in deployed.items():
        if key and path.endswith(f".{kind}") and key.encode() in data and file_kind(data, path) == (kind, key):
            return path
    return None


def _new_path(kind: str, key: str, name: str) -> str:
    if MACHINE_MADE.search(key):  # the file's own name says more
        key = PurePosixPath(name).stem
    slug = SLUG.sub("_", key).strip("_")[:60] or SLUG.sub("_", PurePosixPath(name).stem).strip("_")[:60] or "imported"
    return f"processes/{slug}/{slug}.{kind}" if kind == "bpmn" else f"processes/decisions/{slug}.{kind}"


def _form_path(name: str, content: bytes) -> str:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise Refused([Finding(name, None, line, "bad_json", "error", f"第 {line or '?'} 行不是合法的 JSON。",
                               f"Not JSON at line {line or '?'}.")]) from error
    if not isinstance(document.get("components"), list):
        raise _invalid("This JSON is no form: it has no components.", "该 JSON 不是表单：缺少 components。")
    slug = SLUG.sub("_", str(document.get("id") or PurePosixPath(name).stem)).strip("_")[:60] or "imported"
    return f"forms/{slug}.json"


def _title(name: str) -> str:
    return f"导入 {' '.join(PurePosixPath(name).name.split())[:100] or '文件'}"


def _invalid(english: str, chinese: str) -> Invalid:
    return Invalid([FieldError("file", english, chinese)], english, chinese)
