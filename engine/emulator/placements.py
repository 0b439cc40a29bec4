"""Placements: where an application's page shows inside the portal, and opening one for a viewer.

Decides which codes there are and what the frame's first request holds. The viewer's own token goes with it: what the
page may show is what the viewer may read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import httpx

from engine.emulator.application_auth import auth_block
from engine.emulator.calling import to_int
from engine.emulator.errors import RestError
from engine.emulator.fields import COMPANY, CONTACT, DEAL, INVOICE
from engine.emulator.store import Record

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

_KINDS = ("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE", "SMART_INVOICE", "ORDER")
_PLACES = (
    "DETAIL_TAB",
    "DETAIL_ACTIVITY",
    "DETAIL_TOOLBAR",
    "LIST_MENU",
    "LIST_TOOLBAR",
    "ACTIVITY_TIMELINE_MENU",
)
_DYNAMIC = re.compile(rf"CRM_DYNAMIC_(\d+)_(?:{'|'.join(_PLACES)})")
_GENERAL = (
    "LEFT_MENU",
    "USER_PROFILE_MENU",
    "USER_PROFILE_TOOLBAR",
    "PAGE_BACKGROUND_WORKER",
    "IM_CONTEXT_MENU",
)
_PAGES = {DEAL: "deal", CONTACT: "contact", COMPANY: "company"}
# One user's own place: each application may hold it once a user, and only with an address for its failures.
WORKER = "PAGE_BACKGROUND_WORKER"


def known_codes(portal: Portal) -> list[str]:
    """Every placement of this portal, smart processes included."""
    kinds = [f"CRM_{kind}" for kind in _KINDS]
    types = (row for row in portal.store.rows("type") if row.get("id") is not None)
    kinds += [f"CRM_DYNAMIC_{row['entityTypeId']}" for row in types]
    return [*_GENERAL, *(f"{kind}_{place}" for kind in kinds for place in _PLACES)]


def is_known(portal: Portal, code: str) -> bool:
    """Whether a page can be bound there."""
    return code in known_codes(portal)


def kind_of_placement(code: str) -> int | None:
    """The entityTypeId whose card a placement lies in; None outside of cards."""
    match = _DYNAMIC.fullmatch(code)
    if match:
        return int(match[1])
    named = {"DEAL": DEAL, "CONTACT": CONTACT, "COMPANY": COMPANY, "SMART_INVOICE": INVOICE}
    for name, kind in named.items():
        if code.startswith(f"CRM_{name}_"):
            return kind
    return None


@dataclass(frozen=True)
class Opened:
    """What the page in the frame answered."""

    url: str
    status: int
    headers: dict[str, str]
    text: str

    @property
    def may_be_framed(self) -> bool:
        """Whether a browser shows the page inside the portal: nothing in its headers forbids frames."""
        forbids = self.headers.get("x-frame-options", "").strip()
        directives = [one.split() for one in self.headers.get("content-security-policy", "").split(";")]
        ancestors = next((one[1:] for one in directives if one[:1] == ["frame-ancestors"]), [])
        return not forbids and ancestors != ["'none'"]


def open_placement(
    portal: Portal,
    code: str,
    *,
    item: int | None = None,
    user: int = 1,
    handler: str | None = None,
    patience: float = 10.0,
    more: Mapping[str, object] | None = None,
) -> Opened:
    """The page bound at `code`, opened by an employee, on an item's card where the placement lies in one.

    `more` are further placement options. With `handler` the page under that address is opened, else the first one.
    Raises `RestError` where nothing is bound or the item is not there, `httpx.HTTPError` where the page's server
    cannot be reached.
    """
    rows = [
        row for row in portal.store.rows("placement") if row["placement"] == code and _is_visible(portal, row)
    ]
    row = next((one for one in rows if handler is None or one["handler"] == handler), None)
    if row is None:
        raise RestError(400, "ERROR_PLACEMENT_NOT_FOUND", "Placement not found")
    options = _options(portal, code, item) | dict(more or {})
    with portal.change():
        url, form = _request(portal, row, options, user)
    with httpx.Client(trust_env=False, follow_redirects=False, timeout=patience) as client:
        answer = client.post(url, data=form)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Opened(url, answer.status_code, headers, answer.text)


def _is_visible(portal: Portal, row: Record) -> bool:
    """A page shows once its application's own page has said that the installation is finished."""
    application = portal.store.get("application", to_int(row["application"]))
    return bool(application and application["installed"])


def _options(portal: Portal, code: str, item: int | None) -> Record:
    kind = kind_of_placement(code)
    if kind is None or item is None:
        return {"URI": "/marketplace/app/"} if code == "LEFT_MENU" else {}
    if portal.store.get(f"item_{kind}", item) is None:
        raise RestError(400, "NOT_FOUND", "Element not found")
    place = f"/crm/{_PAGES[kind]}/details/{item}/" if kind in _PAGES else f"/crm/type/{kind}/details/{item}/"
    return {"ID": str(item), "URI": f"{place}?IFRAME=Y&IFRAME_TYPE=SIDE_SLIDER"}


def _request(portal: Portal, row: Record, options: Record, user: int) -> tuple[str, dict[str, str]]:
    application = portal.store.get("application", to_int(row["application"])) or {}
    auth = auth_block(portal, application, user)
    base = urlsplit(portal.base_url)
    query = {
        "DOMAIN": base.netloc,
        "PROTOCOL": "1" if base.scheme == "https" else "0",
        "LANG": "ru",
        "APP_SID": token_hex(16),
    }
    handler = str(row["handler"])
    url = f"{handler}{'&' if '?' in handler else '?'}{urlencode(query)}"
    shown = json.dumps(options, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/")
    form = {
        "AUTH_ID": auth["access_token"],
        "AUTH_EXPIRES": "3600",
        "REFRESH_ID": auth["refresh_token"],
        "SERVER_ENDPOINT": auth["server_endpoint"],
        "APPLICATION_TOKEN": auth["application_token"],
        "APPLICATION_SCOPE": auth["scope"],
        "member_id": auth["member_id"],
        "status": auth["status"],
        "PLACEMENT": row["placement"],
        "PLACEMENT_OPTIONS": shown if options else "[]",
    }
    return url, {name: str(value) for name, value in form.items()}
