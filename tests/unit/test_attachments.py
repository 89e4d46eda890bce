"""Attachments: what lies about itself is refused, names are made safe, and only who may see the case reads them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from app.clock import FixedClock
from app.errors import Invalid, NotFound
from app.facts import Actor
from app.services.desk import VIAS, WAYS, Desk
from app.services.file_checks import MAX_BYTES, check_file, safe_name
from app.store.base import db, prepare_sqlite
from app.store.models import Case, SavedView, User
from app.store.unit_of_work import unit_of_work
from app.web import words

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489") + b"\0" * 40
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"\0" * 60
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 40
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40
WEBP = b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 40


def office(part: str, *more: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("[Content_Types].xml", part, *more):
            archive.writestr(name, "<x/>")
    return buffer.getvalue()


DOCX, XLSX = office("word/document.xml"), office("xl/workbook.xml")


@pytest.mark.parametrize(("name", "content", "media_type"), [
    ("照片.jpg", JPEG, "image/jpeg"), ("a.JPEG", JPEG, "image/jpeg"), ("a.png", PNG, "image/png"),
    ("a.webp", WEBP, "image/webp"), ("IMG_0001.HEIC", HEIC, "image/heic"), ("发票.pdf", PDF, "application/pdf"),
    ("说明.txt", "产品有异响".encode("gb18030"), "text/plain; charset=utf-8"),
    ("a.txt", b"plain\r\n", "text/plain; charset=utf-8"), ("a.mp4", MP4, "video/mp4"),
    ("a.amr", b"#!AMR\n\x3c", "audio/amr"), ("a.mp3", b"ID3\x03" + b"\0" * 60, "audio/mpeg"),
    ("a.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("a.xlsx", XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
])
def test_the_kinds_that_people_send_are_taken(name: str, content: bytes, media_type: str) -> None:
    assert check_file(name, content).media_type == media_type


@pytest.mark.parametrize(("name", "content"), [
    ("a.jpg", b"<html><script>alert(1)</script></html>"),
    ("a.jpg", JPEG + b"<script>alert(1)</script>"),
    ("a.jpg", JPEG + DOCX),
    ("a.jpg", JPEG[:20] + b"%PDF-1.7" + JPEG[20:]),
    ("a.png", JPEG),
    ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    ("a.html", b"<p>hello</p>"), ("a.txt", b"<!DOCTYPE html><script>alert(1)</script>"), ("a.txt", b"MZ\x90\x00\x03"),
    ("a.txt", b"\xff\xfe\x00"), ("a.exe", b"MZ\x90\x00"), ("a.zip", DOCX), ("a.jpg.exe", JPEG), ("a", JPEG), ("", JPEG),
    ("a.docx", b"PK\x03\x04 not really"), ("a.docx", XLSX),
    ("a.docx", office("word/document.xml", "word/vbaProject.bin")),
    ("a.docm", office("word/document.xml")), ("a.docx", PNG), ("a.pdf", b"<html>%PDF-1.7"), ("a.pdf", PDF + DOCX),
    ("a.jpg", b""), ("a.jpg", JPEG + b"\0" * MAX_BYTES),
])
def test_what_lies_about_itself_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        check_file(name, content)
    assert refused.value.errors[0].field == "file"


def test_an_archive_that_claims_to_grow_without_measure_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("word/document.xml", b"\0" * (201 * 1024 * 1024))
    assert len(buffer.getvalue()) < MAX_BYTES
    with pytest.raises(Invalid):
        check_file("a.docx", buffer.getvalue())


@pytest.mark.parametrize(("given_name", "kept"), [
    ("../../etc/passwd.txt", "passwd.txt"), ("C:\\temp\\a.jpg", "a.jpg"), ("a\u202egpj.exe", "agpj.exe"),
    ('x"\r\nSet-Cookie: a=1.jpg', "x_Set-Cookie_ a=1.jpg"), ("...jpg", "jpg"),
    (".htaccess", "htaccess"), ("照片 1.jpg", "照片 1.jpg"),
])
def test_names_are_made_safe(given_name: str, kept: str) -> None:
    assert safe_name(given_name) == kept


@given(st.text(max_size=400))
def test_a_safe_name_leads_nowhere_and_breaks_no_header(name: str) -> None:
    kept = safe_name(name)
    assert kept
    assert len(kept) <= 120
    assert not set(kept) & set('/\\\r\n\0"<>:|?*')


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'desk.db'}"
    db.init_app(app)
    with app.app_context():
        prepare_sqlite(db.engine)
        db.create_all()
        db.session.commit()
        with unit_of_work() as session:
            session.add(User(id=1, username="clerk", display_name="陈晓雯", password_hash="x", created_at=NOW))
            for key in ("mine", "other"):
                session.add(Case(id=key, access_key=key, type="complaint", channel="phone", customer_name="张伟",
                                 customer_phone="13800000000", description="异响", registered_at=NOW, extra={},
                                 registered_by="clerk", flags=[]))
            session.flush()
        yield Desk(FixedClock(NOW), lambda case_id, actor: case_id == "mine" or actor.case_id == case_id)
        db.session.remove()
        db.engine.dispose()


CLERK = Actor(1, "clerk", frozenset({"clerk"}))
OTHER = Actor(2, "warehouse", frozenset({"warehouse"}))
CUSTOMER = Actor(None, "customer", frozenset({"customer"}), case_id="mine")
STRANGER = Actor(None, "customer", frozenset({"customer"}), case_id="other")


def upload(content: bytes = JPEG, name: str = "a.jpg") -> FileStorage:
    return FileStorage(io.BytesIO(content), filename=name)


def test_a_file_of_a_case_is_read_by_who_may_see_the_case(desk: Desk) -> None:
    file_id = desk.attach(upload(), "mine", None, "email", CLERK)
    assert desk.file(file_id, OTHER).content == JPEG
    assert desk.file(file_id, CUSTOMER).name == "a.jpg"
    with pytest.raises(NotFound):
        desk.file(file_id, STRANGER)


def test_a_file_cannot_be_put_into_a_case_that_is_not_there_for_the_caller(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.attach(upload(), "other", None, "upload", CLERK)
    with pytest.raises(NotFound):
        desk.attach(upload(), None, "no such task", "upload", CLERK)


def test_a_file_without_a_case_is_its_uploaders_alone(desk: Desk) -> None:
    file_id = desk.attach(upload(), None, None, "upload", CLERK)
    with pytest.raises(NotFound):
        desk.file(file_id, OTHER)
    assert desk.file(file_id, CLERK).content == JPEG


def test_a_customers_file_goes_to_the_customers_own_case_whatever_is_asked_for(desk: Desk) -> None:
    file_id = desk.attach(upload(), None, None, "portal", CUSTOMER)
    assert desk.file(file_id, CLERK).content == JPEG
    with pytest.raises(NotFound):
        desk.file(file_id, STRANGER)


def test_one_link_cannot_fill_the_disk(desk: Desk) -> None:
    for _ in range(30):
        desk.attach(upload(), None, None, "portal", CUSTOMER)
    with pytest.raises(Invalid):
        desk.attach(upload(), None, None, "portal", CUSTOMER)


def test_words_between_colleagues_are_not_the_customers(desk: Desk) -> None:
    desk.comment("mine", "请核对批次", CLERK)
    for verb in (lambda: desk.comment("mine", "x", CUSTOMER), lambda: desk.log_contact("mine", {}, CUSTOMER),
                 lambda: desk.comment("other", "x", CLERK)):
        with pytest.raises(NotFound):
            verb()


def test_a_contact_needs_its_way_and_summary_and_lies_not_in_the_future(desk: Desk) -> None:
    desk.log_contact("mine", {"way": "phone", "summary": "已致歉", "next_step": "明日回电"}, CLERK)
    with pytest.raises(Invalid) as refused:
        desk.log_contact("mine", {"way": "pigeon", "at": NOW + timedelta(hours=1), "feedback": "x" * 5000}, CLERK)
    assert {error.field for error in refused.value.errors} == {"way", "summary", "at", "feedback"}


def test_a_saved_view_is_its_owners_alone_and_the_same_name_replaces_it(desk: Desk) -> None:
    first = desk.save_view("inbox", "紧急", "level=P1", CLERK)
    assert desk.save_view("inbox", "紧急", "level=P2", CLERK) == first
    assert db.session.execute(select(SavedView.user_id, SavedView.query)).all() == [(1, "level=P2")]
    db.session.rollback()
    with pytest.raises(NotFound):
        desk.delete_view(first, OTHER)
    desk.delete_view(first, CLERK)
    assert db.session.execute(select(SavedView.id)).first() is None


def test_the_pages_words_are_the_ones_that_the_desk_takes() -> None:
    assert set(words.WAYS) == WAYS
    assert set(words.RECEIVED_VIA) == VIAS
