"""The tokens of an application: what they look like, whom they speak for, how long.

An access token carries what it means and a signature, so any number of them costs the portal nothing; refresh tokens
and authorization codes are rows, because each is good for one use. Ages are counted by the portal's own clock.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_bytes, token_hex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.emulator.calling import to_int
from engine.emulator.php import listing
from engine.emulator.store import Record, Store

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 180 * 24 * 3600
CODE_SECONDS = 30

# application, user, installation, unix seconds of the end, chance
_BODY = struct.Struct(">IIIQ6s")
_SIGNATURE = 9
_KEY = "token_key"


@dataclass(frozen=True)
class Grant:
    """What a good token stands for."""

    application: int
    user: int
    installation: int
    """Which installation of the application it was given to: a reinstalled one has other tokens."""
    expires: int
    """Unix seconds by the portal's clock."""


def now_of(portal: Portal) -> int:
    """Unix seconds by the portal's clock."""
    return int(portal.clock.now().timestamp())


def _sign(store: Store, body: bytes) -> bytes:
    key = store.read_meta(_KEY)
    if key is None:
        key = token_hex(16)
        store.write_meta(_KEY, key)
    return hmac.new(key.encode(), body, sha256).digest()[:_SIGNATURE]


def issue_access(portal: Portal, application: Mapping[str, object], user: int) -> tuple[str, int]:
    """A new access token and the unix second it ends at; 70 hex digits."""
    expires = now_of(portal) + ACCESS_SECONDS
    numbers = to_int(application["id"]), user, to_int(application["installation"])
    body = _BODY.pack(*numbers, expires, token_bytes(6))
    return (body + _sign(portal.store, body)).hex(), expires


def read_access(store: Store, token: str) -> Grant | None:
    """What an access token stands for, ended or not; None where this portal never gave it."""
    try:
        raw = bytes.fromhex(token)
    except ValueError:
        return None
    body = raw[: _BODY.size]
    if len(raw) != _BODY.size + _SIGNATURE or not hmac.compare_digest(raw[_BODY.size :], _sign(store, body)):
        return None
    application, user, installation, expires, _ = _BODY.unpack(body)
    return Grant(application, user, installation, expires)


def issue_once(portal: Portal, collection: str, application: Mapping[str, object], user: int) -> str:
    """A token for one use, of the collection ``refreshtoken`` or ``authcode``; those that ended are forgotten."""
    seconds, length = (REFRESH_SECONDS, 35) if collection == "refreshtoken" else (CODE_SECONDS, 16)
    now, token = now_of(portal), token_hex(length)
    with portal.store.transaction():
        for row in portal.store.rows(collection):
            if to_int(row["expires"]) <= now:
                portal.store.remove(collection, to_int(row["id"]))
        number = portal.store.next_id(collection)
        row = {"id": number, "token": token, "application": application["id"], "user": user}
        row |= {"installation": application["installation"], "expires": now + seconds}
        portal.store.put(collection, number, row)
    return token


def take_once(portal: Portal, collection: str, application: Mapping[str, object], token: str) -> int | None:
    """The user a token of one use speaks for; it is dead afterwards. None where it is no good (any more)."""
    with portal.store.transaction():
        for row in portal.store.rows(collection):
            if row["token"] != token or row["application"] != application["id"]:
                continue
            portal.store.remove(collection, to_int(row["id"]))
            is_good = to_int(row["expires"]) > now_of(portal)
            is_same = row["installation"] == application["installation"]
            return to_int(row["user"]) if is_good and is_same else None
    return None


def scope_text(application: Mapping[str, object]) -> str:
    """The scopes of an application as tokens name them: ``crm,im``."""
    return ",".join(map(str, listing(application.get("scopes"))))


def place_of(portal: Portal, application: Mapping[str, object]) -> Record:
    """Where a post comes from: the members that every post to an application has."""
    return {
        "domain": urlsplit(portal.base_url).netloc,
        "client_endpoint": f"{portal.base_url}/rest/",
        "server_endpoint": server_endpoint(portal),
        "member_id": portal.member_id,
        "application_token": application.get("application_token", ""),
    }


def server_endpoint(portal: Portal) -> str:
    """The REST address of the authorization server, which this portal is itself."""
    return f"{portal.base_url}/oauth/rest/"


def acting_auth(portal: Portal, application: Mapping[str, object], user: int) -> Record:
    """The members that let the receiver of a post act as `user` for an hour."""
    token, _ = issue_access(portal, application, user)
    status = str(application.get("status", "L"))
    return {
        "access_token": token,
        "expires_in": ACCESS_SECONDS,
        "scope": scope_text(application),
        "status": status,
    }


def auth_block(portal: Portal, application: Mapping[str, object], user: int) -> Record:
    """All that a robot's post, a placement and an installation hold: both tokens, and whose they are."""
    whom = user or to_int(application.get("user"))
    found = acting_auth(portal, application, whom) | place_of(portal, application)
    expires = now_of(portal) + ACCESS_SECONDS
    refresh = issue_once(portal, "refreshtoken", application, whom)
    return found | {"refresh_token": refresh, "expires": expires, "user_id": whom}


def token_answer(portal: Portal, application: Mapping[str, object], user: int) -> Record:
    """What the authorization server answers: a new pair of tokens."""
    whole = auth_block(portal, application, user)
    whole |= {"domain": urlsplit(portal.base_url).netloc}
    del whole["application_token"]
    return whole
