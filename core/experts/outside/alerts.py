"""An alert to a webhook or by e-mail: where to is a setting of whoever runs the server.

Nobody types an address on a page: it stands in the environment (or ``secrets.toml``), so that no
visitor can make the server call another one. A webhook passes the same guards as every other
server: ``API_HOSTS``, checked addresses, no redirects.
"""

from __future__ import annotations

import json
import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from urllib.parse import urlsplit

from core.errors import ExpertError
from core.experts.outside.guards import (
    check_address_written,
    check_host,
    checked_transport,
    proxies_of,
    web_address,
)
from core.types.access import (
    ALERT_MAIL_SETTING,
    ALERT_WEBHOOK_SETTING,
    SMTP_SETTINGS,
    entries_of,
    is_loopback,
)

WEBHOOK, MAIL = "webhook", "e-mail"
TIMEOUT = 20.0  # seconds
_HOST, _PORT, _USER, _PASSWORD, _FROM, _SECURITY = SMTP_SETTINGS
_STARTTLS, _TLS, _NONE = "starttls", "tls", "none"
_MOST_READ = 20_000  # bytes of a reply
_MAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")


@dataclass(frozen=True)
class Alert:
    """What an alert says.

    Attributes
    ----------
    project : str
        Name of the project.
    subject : str
        One line.
    reasons : tuple of str
        A sentence for each criterion that holds.
    criteria : tuple of str
        Their keys.
    at : str
        Time of the look, ISO 8601.
    questions : tuple of str
        What people asked; empty unless that was chosen.
    """

    project: str
    subject: str
    reasons: tuple[str, ...]
    criteria: tuple[str, ...]
    at: str
    questions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The body of a mail."""
        lines = [self.subject, "", *self.reasons]
        if self.questions:
            lines += ["", *(f"- {question}" for question in self.questions)]
        return "\n".join([*lines, "", self.at, ""])


@dataclass(frozen=True)
class _Webhook:
    """A webhook, as the guards know what is sent to."""

    base_url: str
    host: str
    key_variable: str = ""


def ways(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return how alerts can be sent: ``webhook``, ``e-mail``, both or not at all."""
    has_mail = environment.get(ALERT_MAIL_SETTING, "").strip()
    has_hook = environment.get(ALERT_WEBHOOK_SETTING, "").strip()
    return (*((WEBHOOK,) if has_hook else ()), *((MAIL,) if has_mail else ()))


def send_alert(way: str, alert: Alert, environment: Mapping[str, str]) -> None:
    """Send an alert once.

    Raises
    ------
    ExpertError
        If it could not be sent; says why, and never repeats address, user or password.
    """
    {WEBHOOK: _post, MAIL: _mail}[way](alert, environment)


def _post(alert: Alert, environment: Mapping[str, str]) -> None:
    import httpx2

    webhook = _webhook(environment[ALERT_WEBHOOK_SETTING].strip())
    check_host(webhook, environment)
    place = urlsplit(webhook.base_url)
    certificates = ssl.create_default_context()
    proxy = proxies_of(place.hostname or "").get(place.scheme)
    direct = None if proxy else checked_transport(webhook, environment, certificates)
    if proxy:
        check_address_written(webhook, environment)
    body = json.dumps(asdict(alert), ensure_ascii=False).encode("utf-8", "replace")
    try:
        with (
            httpx2.Client(
                headers={"Content-Type": "application/json"},
                timeout=TIMEOUT,
                follow_redirects=False,
                trust_env=False,
                verify=certificates,
                proxy=proxy,
                transport=direct,
            ) as http,
            http.stream("POST", webhook.base_url, content=body) as reply,
        ):
            status = reply.status_code
    except (httpx2.TransportError, OSError) as error:
        raise ExpertError(
            "The alert could not be sent to {host}: it did not answer ({reason}). The next look "
            "tries again.",
            host=webhook.host,
            reason=type(error).__name__,
        ) from None
    if not 200 <= status < 300:
        raise ExpertError(
            "The alert was refused by {host} (status {status}). Check the address in {variable}.",
            host=webhook.host,
            status=status,
            variable=ALERT_WEBHOOK_SETTING,
        )


def _webhook(address: str) -> _Webhook:
    """Return a webhook; its address may hold a secret, so no error repeats more than the host."""
    parts = web_address(address)
    if parts is None:
        raise ExpertError(
            "{variable} is no address of a webhook: it begins with https:// and names a host.",
            variable=ALERT_WEBHOOK_SETTING,
        )
    if parts.username is not None:
        raise ExpertError(
            "The address in {variable} holds a user name: leave it out.",
            variable=ALERT_WEBHOOK_SETTING,
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ExpertError(
            "The address in {variable} begins with http://: everybody on the way could read the "
            "alert. Use https://; only a server on this machine may do without.",
            variable=ALERT_WEBHOOK_SETTING,
        )
    return _Webhook(address, parts.netloc)


def _mail(alert: Alert, environment: Mapping[str, str]) -> None:
    to = entries_of(environment[ALERT_MAIL_SETTING])
    host = environment.get(_HOST, "").strip()
    sender = environment.get(_FROM, "").strip() or environment.get(_USER, "").strip()
    security = environment.get(_SECURITY, "").strip().lower() or _STARTTLS
    wrong = [one for one in (*to, sender) if not _MAIL.fullmatch(one)]
    if not host or wrong or security not in (_STARTTLS, _TLS, _NONE):
        raise ExpertError(
            "A mail needs {host} (the mail server), {sender} (an address to send from) and "
            "{to} (addresses); {security} is starttls, tls or none.",
            host=_HOST,
            sender=_FROM,
            to=ALERT_MAIL_SETTING,
            security=_SECURITY,
        )
    message = EmailMessage()
    message["Subject"], message["From"] = " ".join(alert.subject.split())[:200], sender
    message["To"] = ", ".join(to)
    message.set_content(alert.text)
    certificates = ssl.create_default_context()
    try:
        port = int(environment.get(_PORT, "") or (465 if security == _TLS else 587))
        server: smtplib.SMTP
        if security == _TLS:
            server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=certificates)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT)
        with server:
            if security == _STARTTLS:
                server.starttls(context=certificates)
            if user := environment.get(_USER, "").strip():
                server.login(user, environment.get(_PASSWORD, ""))
            server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        # What a mail server says may repeat the user or the password.
        raise ExpertError(
            "The alert could not be sent by the mail server {host} ({reason}). The next look "
            "tries again.",
            host=host,
            reason=type(error).__name__,
        ) from None
