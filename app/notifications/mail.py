"""E-mail: over SMTP where a server is configured, else to the log."""

from __future__ import annotations

import hashlib
import logging
import smtplib
import ssl
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Protocol

from app.errors import HandlerFailed

log = logging.getLogger("app.notifications")
TIMEOUT = 15  # seconds
DEFAULT_SENDER = "chengnuo@localhost"


class Mail(Protocol):
    """A way to send e-mail."""

    def send(self, to: str, subject: str, text: str, *, key: str, at: datetime) -> None:
        """Send one message; `key` names it for ever (Message-ID). Raises HandlerFailed."""


class ConsoleMail:
    """Writes to the log that a message would go out, without its text: logs are no place for a customer's affairs."""

    def send(self, to: str, subject: str, text: str, *, key: str, at: datetime) -> None:
        """Log recipient and subject."""
        log.info("e-mail to %s: %s (%d characters, not sent: SMTP_HOST is empty)", masked(to), subject, len(text))


class SmtpMail:
    """Sends through the company's mail server."""

    def __init__(self, host: str, port: int, sender: str, user: str = "", password: str = "",
                 starttls: bool = False) -> None:
        self._host, self._port, self._sender = host, port, sender
        self._user, self._password, self._starttls = user, password, starttls

    def send(self, to: str, subject: str, text: str, *, key: str, at: datetime) -> None:
        """Send one plain-text message; raises HandlerFailed, not retryable where the address is refused for good."""
        message = EmailMessage()
        try:
            message["From"], message["To"], message["Subject"] = self._sender, to, subject
        except ValueError as error:  # a line break in an address or subject
            raise _refused(to, error) from error
        message["Date"] = format_datetime(at)
        domain = self._sender.rpartition("@")[2] or "localhost"
        message["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"  # a repeat is seen as one
        message.set_content(text)
        try:
            with smtplib.SMTP(self._host, self._port, timeout=TIMEOUT) as server:
                if self._starttls:
                    server.starttls(context=ssl.create_default_context())
                if self._user:
                    server.login(self._user, self._password)
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _refused(to, error, retryable=any(code < 500 for code in codes)) from error
        except (OSError, smtplib.SMTPException) as error:
            raise HandlerFailed(f"The mail server did not take the message: {error}",
                                f"邮件服务器未接受邮件：{error}") from error


def mail_from(config: Mapping[str, Any]) -> Mail:
    """Return SMTP where SMTP_HOST is set, else the log."""
    if not config.get("SMTP_HOST"):
        return ConsoleMail()
    return SmtpMail(config["SMTP_HOST"], int(config.get("SMTP_PORT") or 25), config.get("MAIL_FROM") or DEFAULT_SENDER,
                    config.get("SMTP_USER") or "", config.get("SMTP_PASSWORD") or "", bool(config.get("SMTP_STARTTLS")))


def masked(address: str) -> str:
    """Return an address that still can be told apart but not used: z***@example.com."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"


def _refused(to: str, error: Exception, *, retryable: bool = False) -> HandlerFailed:
    failure = HandlerFailed(f"The address {masked(to)} was refused: {error}", f"收件地址 {masked(to)} 被拒绝：{error}")
    failure.retryable = retryable
    return failure
