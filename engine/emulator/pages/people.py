"""Whose hand acts on the pages, and how people and clients are called.

Decides who may be chosen: employees at work, without the owner of an inbound webhook, whose deeds a listener
would take for its own.
"""

from __future__ import annotations

from flask import request

from engine.emulator.calling import to_int
from engine.emulator.fields import COMPANY
from engine.emulator.php import listing, mapping
from engine.emulator.portal import Portal
from engine.emulator.store import Record

COOKIE = "demo_portal_user"
USUAL = 6
"""The demo company's leading manager."""


def full_name(portal: Portal, user: object) -> str:
    """«Марина Ветрова»; the number where there is no such employee, "" for no number."""
    if not to_int(user):
        return ""
    row = portal.store.get("user", to_int(user)) or {}
    return f"{row.get('NAME', '')} {row.get('LAST_NAME', '')}".strip() or f"№ {user}"


def choices(portal: Portal) -> list[Record]:
    """The employees a visitor may act as: id, name, position."""
    robots = {to_int(row["user"]) for row in portal.store.rows("webhook")}
    return [
        {
            "id": to_int(row["ID"]),
            "name": full_name(portal, row["ID"]),
            "position": row.get("WORK_POSITION") or "",
        }
        for row in portal.store.rows("user")
        if row.get("ACTIVE") is not False and to_int(row["ID"]) not in robots
    ]


def acting_user(portal: Portal) -> int:
    """The employee chosen in the page's header; the usual one, or the first, where none was."""
    known = [to_int(row["id"]) for row in choices(portal)]
    for wanted in (to_int(request.cookies.get(COOKIE)), USUAL):
        if wanted in known:
            return wanted
    return known[0] if known else 1


def client_name(portal: Portal, company_id: object) -> str:
    """The client's title, "" where none is chosen."""
    row = portal.store.get(f"item_{COMPANY}", to_int(company_id))
    return str(row["title"]) if row else ""


def client_details(portal: Portal, company_id: object) -> tuple[str, str]:
    """The client's ИНН and first e-mail, "" where absent."""
    row = portal.store.get(f"item_{COMPANY}", to_int(company_id)) or {}
    mails = [
        str(mapping(one)["value"]) for one in listing(row.get("fm")) if mapping(one)["typeId"] == "EMAIL"
    ]
    for one in portal.store.rows("requisite"):
        if str(one["ENTITY_TYPE_ID"]) == str(COMPANY) and to_int(one["ENTITY_ID"]) == to_int(company_id):
            return str(one.get("RQ_INN") or ""), mails[0] if mails else ""
    return "", mails[0] if mails else ""
