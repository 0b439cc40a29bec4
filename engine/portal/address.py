"""The portal's address looked at from outside: its name, its certificate, whether a portal answers there at all.

Decides what is said of a wrong, moved or badly certified address. It shows no credentials to anybody: what it posts
holds none.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

import httpx

from engine.effects import Said
from engine.portal.errors import PortalError
from engine.portal.findings import Finding, of_error
from engine.portal.moved import next_address

_PATIENCE = 10.0
_EXPIRES_SOON_DAYS = 14
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Look:
    """What was found of the address; `is_portal` is False where nothing further can be asked.

    `clock` is the server's time and ours at the same moment, where it told its own.
    """

    findings: list[Finding] = field(default_factory=list)
    is_portal: bool = False
    clock: tuple[datetime, datetime] | None = None


def look_at(address: str, *, patience: float = _PATIENCE) -> Look:
    """Return what can be seen of `address` (`https://portal.example`) without credentials; `patience` in seconds."""
    parts = urlsplit(address)
    try:
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        return Look([of_error("address", PortalError("", "BAD_ADDRESS", ""))])
    found = _scheme(parts)
    trouble = _connection(parts, patience)
    if trouble is not None:
        found.append(trouble)
        if trouble.severity == "error":
            return Look(found)
    return _knock(address, found, patience)


def _scheme(parts: SplitResult) -> list[Finding]:
    if parts.scheme == "https":
        return []
    if _is_near(parts.hostname or ""):
        what = Said("адрес без https: так можно только с эмулятором", "no https: good for the emulator only")
        return [Finding("advice", "address", what)]
    what = Said(
        "адрес начинается с http://: ключ вебхука идёт по сети открытым",
        "http://: the webhook's key travels open",
    )
    mend = Said("замените http:// на https://", "replace http:// by https://")
    return [Finding("error", "address", what, mend)]


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _connection(parts: SplitResult, patience: float) -> Finding | None:
    """Return what is wrong with the name, the connection or the certificate; None where nothing is."""
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    network = Said(
        "проверьте адрес, сеть и брандмауэр этой машины",
        "check the address, this machine's network and firewall",
    )
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        what = Said(f"имени {host} нет в DNS", f"the name {host} is not in DNS")
        return Finding("error", "address", what, network)
    try:
        with socket.create_connection((host, port), timeout=patience) as line:
            if parts.scheme != "https":
                return None
            with ssl.create_default_context().wrap_socket(line, server_hostname=host) as tls:
                return _expiry(tls.getpeercert())
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or error.reason or str(error)
        what = Said(
            f"сертификат {host} не принят: {why}", f"the certificate of {host} is not accepted: {why}"
        )
        mend = Said(
            "портал в облаке: проверьте имя; своя установка: поставьте цепочку целиком или укажите свой корневой"
            " сертификат в SSL_CERT_FILE",
            "a cloud portal: check the name; an own installation: serve the whole chain, or name its root certificate"
            " in SSL_CERT_FILE",
        )
        return Finding("error", "certificate", what, mend)
    except OSError as error:
        why = error.strerror or str(error) or type(error).__name__
        what = Said(f"{host}:{port} не отвечает: {why}", f"{host}:{port} does not answer: {why}")
        return Finding("error", "address", what, network)


def _expiry(certificate: object) -> Finding | None:
    ends = certificate.get("notAfter") if isinstance(certificate, dict) else None
    if not ends:
        return None
    moment = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(ends)), UTC)
    days = (moment - datetime.now(UTC)).days
    day = f"{moment:%Y-%m-%d}"
    if days >= _EXPIRES_SOON_DAYS:
        what = Said(f"сертификат действует до {day}", f"the certificate is good until {day}")
        return Finding("ok", "certificate", what)
    what = Said(
        f"сертификат портала кончается {day} (дней: {days})",
        f"the portal's certificate ends on {day} ({days} days)",
    )
    mend = Said(
        "облачный портал обновит его сам; на своём сервере продлите сертификат",
        "a cloud portal renews it by itself; on an own server renew it",
    )
    return Finding("warning", "certificate", what, mend)


def _knock(address: str, found: list[Finding], patience: float) -> Look:
    """Ask the portal who we are without saying it: a portal refuses in JSON, anything else is none."""
    url = address.rstrip("/") + "/rest/profile.json"
    try:
        asked = datetime.now(UTC)
        answer = httpx.post(url, json={}, follow_redirects=False, timeout=patience)
    except httpx.HTTPError as error:
        code = "NO_CONNECTION" if isinstance(error, httpx.ConnectError) else "NO_ANSWER"
        found.append(of_error("address", PortalError("", code, str(error) or type(error).__name__)))
        return Look(found)
    if answer.status_code in _REDIRECTS:
        found.append(_moved(url, answer.headers.get("Location", "")))
        return Look(found, is_portal=found[-1].severity != "error")
    try:
        is_json = isinstance(json.loads(answer.content), dict)
    except ValueError:
        is_json = False
    if not is_json:
        kind = answer.headers.get("Content-Type", "?").partition(";")[0]
        text = f"HTTP {answer.status_code}, {len(answer.content)} bytes of {kind}"
        found.append(of_error("address", PortalError("", "NOT_JSON", text)))
        return Look(found)
    return Look(found, is_portal=True, clock=_clock(answer, asked))


def _moved(url: str, location: str) -> Finding:
    try:
        new = urlsplit(next_address("", url, location))
    except PortalError as error:
        return of_error("address", error)
    what = Said(
        f"портал переехал: теперь он {new.scheme}://{new.netloc}",
        f"the portal has moved: it is {new.scheme}://{new.netloc} now",
    )
    mend = Said(
        "впишите новое имя в BITRIX24_WEBHOOK_URL; пока движок идёт следом сам, каждый запрос стоит двух",
        "put the new name into BITRIX24_WEBHOOK_URL; until then the engine follows by itself, two requests for one",
    )
    return Finding("warning", "address", what, mend)


def _clock(answer: httpx.Response, asked: datetime) -> tuple[datetime, datetime] | None:
    try:
        told = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        return None
    return told.replace(tzinfo=told.tzinfo or UTC), asked + (datetime.now(UTC) - asked) / 2
