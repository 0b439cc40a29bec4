"""REST v3: the newer interface beside the old one, as far as mail goes.

Decides its envelope, its errors and the replay of a repeated ``Idempotency-Key``. JSON posts only; CRM, Drive, lists
and messages are not here, as on a portal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from typing import TYPE_CHECKING, TypeAlias

from flask import Response, request

from engine.emulator.calling import Caller, to_int
from engine.emulator.errors import RestError
from engine.emulator.mailbox import keep_mail
from engine.emulator.php import listing, mapping
from engine.emulator.store import Record
from engine.emulator.transport import json_response

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

_PREFIX = "BITRIX_REST_V3_EXCEPTION"
_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_REMEMBERED = timedelta(hours=24)
_PAGE = 20


class V3Error(Exception):
    """A refusal in the words of this interface; `fields` are validation notes by field."""

    def __init__(
        self, name: str, text: str, fields: Mapping[str, str] | None = None, status: int = 400
    ) -> None:
        super().__init__(text)
        self.status = status
        error: Record = {"code": f"{_PREFIX}_{name}", "message": text}
        if fields:
            error["validation"] = [{"message": note, "field": field} for field, note in fields.items()]
        self.body: Record = {"error": error}


@dataclass(frozen=True)
class _Ask:
    portal: Portal
    caller: Caller
    given: Mapping[str, object]


Deed: TypeAlias = Callable[[_Ask], object]


def _senders(portal: Portal, user: int) -> list[Record]:
    row = portal.store.get("user", user) or {}
    address = str(row.get("EMAIL") or "")
    name = f"{row.get('NAME', '')} {row.get('LAST_NAME', '')}".strip()
    return [{"email": address, "name": name, "sender": f"{name} <{address}>"}] if address else []


def _list_senders(ask: _Ask) -> object:
    """The addresses the employee may send from, by pages."""
    raw = ask.given.get("pagination") or {}
    numbers = mapping(raw)
    if any(not str(value).isdigit() for value in numbers.values()):
        shown = json.dumps(raw, ensure_ascii=False)
        raise V3Error("INVALIDPAGINATIONEXCEPTION", f"Unable to recognize pagination parameter `{shown}`")
    limit = to_int(numbers.get("limit")) or _PAGE
    start = to_int(numbers.get("offset")) or (max(to_int(numbers.get("page")), 1) - 1) * limit
    return {"items": _senders(ask.portal, ask.caller.user)[start : start + limit]}


def _addresses(given: Mapping[str, object], name: str) -> list[str]:
    return [str(one).strip() for one in listing(given.get(name)) if str(one).strip()]


def _send(ask: _Ask) -> object:
    """The letter is with the mail server; no trace in the CRM, no message id in the answer."""
    given = ask.given
    notes = {
        name: "Mandatory field is missing"
        for name in ("from", "to", "subject", "body")
        if given.get(name) in (None, "", [])
    }
    if notes:
        raise V3Error("VALIDATION_REQUESTVALIDATIONEXCEPTION", "Error validating request object", notes)
    sender = parseaddr(str(given["from"]))[1]
    if sender not in {str(one["email"]) for one in _senders(ask.portal, ask.caller.user)}:
        wrong = {"from": "Sender is not available for the current user"}
        raise V3Error("VALIDATION_REQUESTVALIDATIONEXCEPTION", "Error validating request object", wrong)
    to, copies, hidden = (_addresses(given, name) for name in ("to", "cc", "bcc"))
    wrong_ones = [one for one in (*to, *copies, *hidden) if "@" not in parseaddr(one)[1]]
    if wrong_ones:
        note = {"to": f"Invalid e-mail: {wrong_ones[0]}"}
        raise V3Error("VALIDATION_REQUESTVALIDATIONEXCEPTION", "Error validating request object", note)
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = str(given["from"]), ", ".join(to), str(given["subject"])
    if copies:
        letter["Cc"] = ", ".join(copies)
    letter["Date"] = format_datetime(ask.portal.clock.now())
    letter["Message-ID"] = make_msgid(domain=ask.portal.domain)
    body = str(given["body"])
    letter.set_content(body, subtype="html" if re.search(r"<[a-z]+[^>]*>", body, re.IGNORECASE) else "plain")
    keep_mail(ask.portal.store, ask.portal.clock, sender, [*to, *copies, *hidden], letter.as_bytes())
    return {"success": True, "to": to}


METHODS: dict[str, tuple[str, Deed]] = {
    "mail.mailbox.senders": ("mail", _list_senders),
    "mail.message.send": ("mail", _send),
}
"""Scope and deed by lower-case method name."""


def answer(portal: Portal, name: str, caller_of: Callable[[], Caller]) -> Response:
    """The whole answer to one request of this interface, replayed where its key was seen within a day."""
    try:
        return _answer(portal, name.lower(), caller_of)
    except V3Error as error:
        return json_response(error.body, error.status)
    except RestError as error:
        body = {"error": {"code": str(error.code), "message": error.description}}
        return json_response(body, error.status)


def _answer(portal: Portal, name: str, caller_of: Callable[[], Caller]) -> Response:
    caller = caller_of()
    known = METHODS.get(name)
    if known is None:
        raise V3Error("METHODNOTFOUNDEXCEPTION", f"Method `{name}` is not found", status=404)
    if request.method != "POST" or not request.is_json:
        raise V3Error("INVALIDJSONEXCEPTION", "The request must be a POST with a JSON body")
    scope, deed = known
    if scope not in caller.scopes:
        raise V3Error("ACCESSDENIEDEXCEPTION", "Access denied", status=403)
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise V3Error("INVALIDJSONEXCEPTION", "The request body is not a JSON object")
    return _once(portal, name, caller, lambda: _carry_out(_Ask(portal, caller, given), name, deed))


def _carry_out(ask: _Ask, name: str, deed: Deed) -> Record:
    with ask.portal.change():
        result = deed(ask)
    return {"result": result, "time": ask.portal.time_of_run(ask.caller, name)}


def _once(portal: Portal, name: str, caller: Caller, act: Callable[[], Record]) -> Response:
    """Without a key every request acts; with one a second request within a day gets the first one's answer."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return json_response(act())
    if not _KEY.fullmatch(key):
        raise V3Error("INVALIDIDEMPOTENCYKEYEXCEPTION", "Idempotency-Key must be 1 to 255 ASCII characters")
    with portal.change():
        now = portal.clock.now()
        for row in portal.store.rows("replay"):
            if now - datetime.fromisoformat(str(row["time"])) >= _REMEMBERED:
                portal.store.remove("replay", to_int(row["id"]))
            elif (row["caller"], row["method"], row["key"]) == (caller.key, name, key):
                replayed = json_response(mapping(row["body"]))
                replayed.headers["Idempotent-Replayed"] = "true"
                return replayed
        body = act()
        number = portal.store.next_id("replay")
        row = {"id": number, "caller": caller.key, "method": name, "key": key, "body": body}
        portal.store.put("replay", number, row | {"time": portal.clock.stamp()})
        return json_response(body)
