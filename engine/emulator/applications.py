"""Local applications of a portal: registered, installed, installed again, removed.

Decides what an installation takes with it and what is posted where. Which events an application hears is in
`subscriptions.py`, what its tokens are in `application_auth.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import httpx

from engine.emulator.application_auth import auth_block, now_of, place_of
from engine.emulator.calling import to_int
from engine.emulator.errors import RestError, not_found
from engine.emulator.events import Event
from engine.emulator.php import listing, mapping
from engine.emulator.store import Record

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

# What an application had set up on the portal; it goes with every new installation.
_SET_UP = ("subscription", "offlineevent", "placement", "robot", "trigger", "refreshtoken", "authcode")
LANGUAGE = "ru"


@dataclass(frozen=True)
class Registration:
    """The form in which an administrator enters a local application; the rest the portal makes itself."""

    scopes: Sequence[str]
    handler: str = ""
    """The application's address: users are led back there, its pages open there."""
    install_url: str = ""
    """The initial installation path; empty where the application needs no word of it."""
    title: str = "Local application"
    client_id: str = ""
    """Empty: a new one, ``local.…``. A known one is installed again."""
    client_secret: str = ""
    application_token: str = ""
    user: int = 1
    """Who installs it."""
    has_pages: bool = False
    """Whether it has an interface: then it is installed only when its own page says so."""


def read_registration(given: Mapping[str, object]) -> Registration:
    """A registration from a map of these names; unknown ones are ignored."""
    texts = ("handler", "install_url", "title", "client_id", "client_secret", "application_token")
    named = {name: str(given[name]) for name in texts if given.get(name) is not None}
    scopes = tuple(map(str, listing(given.get("scopes"))))
    user, has_pages = to_int(given.get("user", 1)), bool(given.get("has_pages", False))
    return Registration(scopes, user=user, has_pages=has_pages, **named)


def find_application(portal: Portal, client_id: str) -> Record | None:
    """The application with this client id."""
    return next((row for row in portal.store.rows("application") if row["code"] == client_id), None)


def application_row(portal: Portal, number: int) -> Record:
    """An application; `RestError` NOT_FOUND without it."""
    row = portal.store.get("application", number)
    if row is None:
        raise not_found("Application not found")
    return row


def install(portal: Portal, form: Registration, *, is_quiet: bool = False) -> Record:
    """The application is there; one without pages is installed at once and its install address posted to.

    A known client id is installed again: a new version with new tokens, and everything it had set up is gone.
    `is_quiet` posts nothing.
    """
    with portal.change():
        known = find_application(portal, form.client_id) if form.client_id else None
        number = portal.store.next_id("application") if known is None else to_int(known["id"])
        if known is not None:
            forget_set_up(portal, number)
        row = _row(form, number, known)
        portal.store.put("application", number, row)
    if row["installed"] and not is_quiet:
        announce_installation(portal, row)
    return row


def _row(form: Registration, number: int, known: Mapping[str, object] | None) -> Record:
    before = known or {}
    stem = token_hex(7)
    return {
        "id": number,
        "code": form.client_id or f"local.{stem}.{to_int(token_hex(4)) or number:08d}",
        "client_secret": form.client_secret or before.get("client_secret") or token_hex(25),
        "title": form.title,
        "handler": form.handler,
        "install_url": form.install_url,
        "scopes": list(form.scopes),
        "application_token": form.application_token or before.get("application_token") or token_hex(16),
        "user": form.user,
        "users": None,
        "has_pages": form.has_pages,
        "installed": not form.has_pages,
        "paid": True,
        "status": "L",
        "version": to_int(before.get("version")) + 1,
        "installation": to_int(before.get("installation")) + 1,
    }


def forget_set_up(portal: Portal, number: int) -> None:
    """Handlers, queued events, pages, robots and tokens of an application are gone."""
    for collection in _SET_UP:
        for row in portal.store.rows(collection):
            if row.get("application") == number:
                portal.store.remove(collection, to_int(row["id"]))


def announce_installation(portal: Portal, row: Mapping[str, object]) -> None:
    """ONAPPINSTALL goes to the install address, with the first pair of tokens."""
    url = str(row["install_url"])
    if not url:
        return
    data = {"VERSION": row["version"], "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": LANGUAGE}
    event = Event("ONAPPINSTALL", data, now_of(portal), to_int(row["user"]))
    portal.deliveries.send_to(event, {"id": 0, "handler": url, "application": row["id"]})


def installation_auth(portal: Portal, row: Mapping[str, object]) -> Record:
    """The tokens of ONAPPINSTALL."""
    whole = auth_block(portal, row, to_int(row["user"]))
    del whole["expires"], whole["user_id"]
    return whole


def finish_installation(portal: Portal, number: int) -> Record:
    """What `BX24.installFinish()` does in the browser: the application is installed, its events and pages live."""
    with portal.change():
        row = application_row(portal, number) | {"installed": True}
        portal.store.put("application", number, row)
        return row


def open_installation(portal: Portal, number: int, patience: float = 10.0) -> tuple[int, str]:
    """The install page opened in its frame by whoever installs: its HTTP status and text.

    Raises `httpx.HTTPError` where the page's server cannot be reached.
    """
    row = application_row(portal, number)
    url, auth = str(row["install_url"]), auth_block(portal, row, to_int(row["user"]))
    base = urlsplit(portal.base_url)
    query = {"DOMAIN": base.netloc, "PROTOCOL": "1" if base.scheme == "https" else "0", "LANG": LANGUAGE}
    query["APP_SID"] = token_hex(16)
    form = {
        "AUTH_ID": auth["access_token"],
        "AUTH_EXPIRES": auth["expires_in"],
        "REFRESH_ID": auth["refresh_token"],
        "SERVER_ENDPOINT": auth["server_endpoint"],
        "APPLICATION_TOKEN": auth["application_token"],
        "APPLICATION_SCOPE": auth["scope"],
        "member_id": auth["member_id"],
        "status": auth["status"],
        "PLACEMENT": "DEFAULT",
        "PLACEMENT_OPTIONS": "[]",
    }
    target = f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
    with httpx.Client(trust_env=False, follow_redirects=False, timeout=patience) as client:
        answer = client.post(target, data={name: str(value) for name, value in form.items()})
    return answer.status_code, answer.text


def change_application(portal: Portal, number: int, given: Mapping[str, object]) -> Record:
    """Other terms for an application: ``paid``, ``users`` (ids who may use it, null for all), ``scopes``.

    `RestError` INVALID_ARG_VALUE for anything else.
    """
    unknown = set(given) - {"paid", "users", "scopes"}
    if unknown:
        raise RestError(400, "INVALID_ARG_VALUE", f"An application has no {', '.join(sorted(unknown))}")
    with portal.change():
        row = application_row(portal, number) | mapping(given)
        portal.store.put("application", number, row)
        return row


def remove(portal: Portal, number: int) -> None:
    """The application is gone with all it had set up; its handlers of ONAPPUNINSTALL are told, without tokens."""
    with portal.change():
        row = application_row(portal, number)
        wanted = [
            one
            for one in portal.store.rows("subscription")
            if (one["application"], one["event"]) == (number, "ONAPPUNINSTALL")
        ]
        forget_set_up(portal, number)
        portal.store.remove("application", number)
    event = Event("ONAPPUNINSTALL", {"LANGUAGE_ID": LANGUAGE, "CLEAN": 0}, now_of(portal))
    for one in wanted:
        portal.deliveries.send_to(event, one | {"auth": place_of(portal, row)})
