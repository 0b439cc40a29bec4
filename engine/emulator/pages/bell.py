"""The bell in the header: what the portal told the chosen employee, and what of it is new.

Decides what counts as read: all up to the notice that the reader last said so of. That is kept in the reader's
browser, one mark an employee; the portal's own rows stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from engine.emulator.calling import to_int
from engine.emulator.pages.people import acting_user
from engine.emulator.pages.streams import read_notices
from engine.emulator.portal import Portal
from engine.emulator.store import Record

_MARK = "demo_portal_read_"
_SHOWN = 8


@dataclass(frozen=True)
class Bell:
    """The chosen employee's newest notices, the `new` of them not read yet; `last` is the newest one's number."""

    notices: tuple[Record, ...]
    new: int
    last: int


def read_bell(portal: Portal) -> Bell:
    """What the bell shows to the employee chosen in the header."""
    user = acting_user(portal)
    read = to_int(request.cookies.get(f"{_MARK}{user}"))
    rows = read_notices(portal, user)
    shown = tuple(row | {"is_new": to_int(row["id"]) > read} for row in rows[:_SHOWN])
    new = sum(to_int(row["id"]) > read for row in rows)
    return Bell(shown, new, max((to_int(row["id"]) for row in rows), default=0))


def add_routes(blueprint: Blueprint, portal: Portal) -> None:
    """`/demo-portal/notices/read`: everything up to `last` is read from then on."""

    @blueprint.post("/demo-portal/notices/read")
    def read() -> Response:
        answer = redirect("/notices", 303)
        mark = str(to_int(request.form.get("last")))
        answer.set_cookie(f"{_MARK}{acting_user(portal)}", mark, httponly=True, samesite="Strict")
        return answer
