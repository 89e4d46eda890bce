"""Registered systems outside: what may leave, where to, and what an answer means."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.clock import FixedClock
from app.errors import HandlerFailed
from app.notifications import Connectors
from app.notifications.connectors import read_endpoints
from app.store.models import Communication
from app.store.unit_of_work import unit_of_work
from tests.partner import TLS, partner

CLOCK = FixedClock(datetime(2026, 3, 2, 3, tzinfo=UTC))


@pytest.fixture
def server():
    """A partner's HTTPS server on this machine: what it was sent, and what it answers."""
    with partner() as found:
        yield found


def connectors(url, **config):
    return Connectors(CLOCK, {"CONNECTOR_URLS": f"erp={url}", "CONNECTOR_CA": str(TLS / "localhost.pem"), **config})


def inside(server):
    return connectors(server.url, CONNECTOR_PRIVATE_HOSTS="localhost")


def contacts():
    with unit_of_work() as session:
        return list(session.scalars(select(Communication)))


def test_a_request_carries_the_jobs_key_and_brings_the_answer(server):
    assert inside(server).request("erp", {"case": "1", "什么": "投诉"}, "key-1") == {"sent": True, "ticket": "S-1"}
    assert server.seen == [("/hook?tenant=1", "key-1", {"case": "1", "什么": "投诉"})]


@pytest.mark.parametrize("url", ["https://localhost/x", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/",
                                 "https://169.254.169.254/latest/meta-data", "https://192.168.0.1/", "https://0.0.0.0/",
                                 "https://[::ffff:127.0.0.1]/", "https://[fd00::1]/", "https://100.64.0.1/"])
def test_an_address_of_the_own_network_is_refused_unless_it_is_named(url):
    with pytest.raises(HandlerFailed, match="private network") as failure:
        connectors(url).request("erp", {}, "k")
    assert not failure.value.retryable


def test_a_redirect_is_not_followed(server):
    server.status, server.headers = 302, {"Location": "https://elsewhere.example.com/"}
    with pytest.raises(HandlerFailed, match="302") as failure:
        inside(server).request("erp", {}, "k")
    assert not failure.value.retryable
    assert len(server.seen) == 1


@pytest.mark.parametrize(("status", "again"), [(400, False), (404, False), (429, True), (500, True), (503, True)])
def test_only_what_may_pass_is_tried_again(server, status, again):
    server.status = status
    with pytest.raises(HandlerFailed, match=str(status)) as failure:
        inside(server).request("erp", {}, "k")
    assert failure.value.retryable is again


def test_an_endless_answer_is_cut_off(server):
    server.answer = b"x" * 100_000
    with pytest.raises(HandlerFailed, match="too much"):
        inside(server).request("erp", {}, "k")


def test_a_certificate_of_an_unknown_authority_is_refused(server):
    with pytest.raises(HandlerFailed, match="did not answer"):
        connectors(server.url, CONNECTOR_PRIVATE_HOSTS="localhost", CONNECTOR_CA="").request("erp", {}, "k")


@pytest.mark.parametrize("text", ["erp=http://example.com/", "erp=ftp://example.com/", "https://example.com/", "erp=https:///x",
                                  "erp=https://user:pw@example.com/", "erp=file:///etc/passwd"])
def test_only_plain_https_addresses_can_be_registered(text):
    with pytest.raises(ValueError, match="CONNECTOR_URLS"):
        read_endpoints(text)


def test_what_is_not_registered_cannot_be_reached():
    with pytest.raises(HandlerFailed, match="No connector") as failure:
        Connectors(CLOCK, {}).request("erp", {}, "k")
    assert not failure.value.retryable


def test_the_supplier_is_told_by_the_contact_log_where_no_system_is_registered(case, session, database):
    session.commit()
    outside = Connectors(CLOCK, {})
    payload = {"case": case.id, "template": "quality_complaint", "reply_by": "2026-03-04T10:00:00+00:00"}
    assert outside.request("supplier", payload, "k") == {"sent": True}
    assert outside.request("supplier", payload, "k") == {"sent": True}
    [contact] = contacts()
    assert (contact.party, contact.way, contact.direction) == ("supplier", "portal", "out")
    assert "2026-03-04 18:00" in contact.summary
    assert "异响" in contact.summary
    with pytest.raises(HandlerFailed, match="no such case"):
        outside.request("supplier", {**payload, "case": "x"}, "k2")
