"""Registered systems outside: an allow-list of HTTPS endpoints, and the supplier by e-mail where there is none."""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.clock import Clock
from app.errors import HandlerFailed
from app.facts import CaseFacts
from app.notifications.postman import SUPPLIER, Postman
from app.store.models import Case
from app.store.records import case_facts
from app.store.unit_of_work import in_unit_of_work

TIMEOUT = 10  # seconds
MAX_ANSWER = 64 * 1024  # bytes


@dataclass(frozen=True)
class Endpoint:
    """A registered system: CONNECTOR_URLS="supplier=https://host/path", separated by commas."""

    name: str
    host: str
    port: int
    path: str


def read_endpoints(text: str) -> dict[str, Endpoint]:
    """Return the endpoints of CONNECTOR_URLS; raises ValueError for anything but plain HTTPS addresses."""
    found = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, url = entry.partition("=")
        parts = urlsplit(url)
        if not name or parts.scheme != "https" or not parts.hostname or parts.username or parts.fragment:
            raise ValueError(f"CONNECTOR_URLS: {entry!r} is not name=https://host/path")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        found[name] = Endpoint(name, parts.hostname, parts.port or 443, path)
    return found


class Connectors:
    """`app.handling.Outside`: the only way out besides e-mail."""

    def __init__(self, clock: Clock, config: Mapping[str, Any], postman: Postman | None = None) -> None:
        """CONNECTOR_PRIVATE_HOSTS names hosts of the company's own network, CONNECTOR_CA who signs for them."""
        self._endpoints = read_endpoints(config.get("CONNECTOR_URLS") or "")
        self._private = frozenset(filter(None, (config.get("CONNECTOR_PRIVATE_HOSTS") or "").split(",")))
        self._tls = ssl.create_default_context(cafile=config.get("CONNECTOR_CA") or None)
        self._postman = postman or Postman(clock, config)

    def is_registered(self, connector: str) -> bool:
        """Return whether there is an endpoint for the connector; people do by hand what no system does."""
        return connector in self._endpoints

    def request(self, connector: str, payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Send `payload` to a registered connector with `key` as idempotency key; return its answer.

        A message to the supplier is in the contact log in any case, and goes by e-mail where no endpoint is registered.
        Raises HandlerFailed: for good where the connector is unknown, the host is refused or answers 4xx.
        """
        endpoint = self._endpoints.get(connector)
        if endpoint is None and connector != SUPPLIER:
            raise _failed(f"No connector {connector!r} is registered.", f"未登记外部系统“{connector}”。")
        answer = self._post(endpoint, payload, key) if endpoint is not None else {"sent": True}
        if connector == SUPPLIER:
            case = self._case(str(payload.get("case")))
            data = {name: value for name, value in payload.items() if name not in ("case", "template")}
            self._postman.for_job(case, key, "system").notify([SUPPLIER], str(payload.get("template")), data)
        return {"sent": True, **answer}

    def _case(self, case_id: str) -> CaseFacts:
        row = in_unit_of_work(lambda session: session.get(Case, case_id))
        if row is None:
            raise _failed("There is no such case.", "没有这个个案。")
        return case_facts(row)

    def _post(self, endpoint: Endpoint, payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        address = self._address(endpoint)
        connection = http.client.HTTPSConnection(endpoint.host, endpoint.port, timeout=TIMEOUT, context=self._tls)
        # Connect to the address that was checked: a second look-up could answer another one (DNS rebinding).
        connection._create_connection = lambda _target, timeout, source: socket.create_connection(  # type: ignore[attr-defined]
            (address, endpoint.port), timeout, source)
        body = json.dumps(payload, ensure_ascii=False, default=str).encode()
        headers = {"Content-Type": "application/json",
                   "Accept": "application/json", "Idempotency-Key": key}
        try:
            connection.request("POST", endpoint.path, body, headers)
            response = connection.getresponse()
            text = response.read(MAX_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            raise HandlerFailed(f"{endpoint.name} did not answer: {error}",
                                f"外部系统 {endpoint.name} 无应答：{error}") from error
        finally:
            connection.close()
        return _answer(endpoint.name, response.status, text)

    def _address(self, endpoint: Endpoint) -> str:
        """Return one address of the host; refuses private, loopback, link-local and reserved ones unless allowed."""
        try:
            found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise HandlerFailed(f"{endpoint.host} cannot be found: {error}",
                                f"找不到主机 {endpoint.host}：{error}") from error
        addresses = [str(entry[4][0]) for entry in found]
        if endpoint.host not in self._private and not all(_is_public(address) for address in addresses):
            raise _failed(f"{endpoint.host} lies in a private network and is not allowed.",
                          f"{endpoint.host} 位于内部网络，未获允许。")
        return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_global and not ip.is_multicast


def _answer(name: str, status: int, text: bytes) -> Mapping[str, Any]:
    """Return the answer's JSON object; a redirect is no answer, since the new place was never registered."""
    if 300 <= status < 500 and status not in (408, 425, 429):
        raise _failed(f"{name} refused the request with {status}.", f"外部系统 {name} 拒绝请求（{status}）。")
    if status >= 300:
        raise HandlerFailed(f"{name} answered {status}.", f"外部系统 {name} 返回 {status}。")
    if len(text) > MAX_ANSWER:
        raise _failed(f"{name} answered too much.", f"外部系统 {name} 的应答过大。")
    try:
        answer = json.loads(text) if text.strip() else {}
    except ValueError:
        answer = {}
    return answer if isinstance(answer, dict) else {"answer": answer}


def _failed(english: str, chinese: str) -> HandlerFailed:
    """Return a failure that trying again does not mend."""
    failure = HandlerFailed(english, chinese)
    failure.retryable = False
    return failure
