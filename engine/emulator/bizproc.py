"""Automation: document ids, robots that wait for an answer, workflows and triggers.

Decides how an item is named to a robot, what a robot is sent and when its answer is taken. A robot's post goes out at
once, outside of any change: the application answers with a call of its own while the robot waits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx

from engine.emulator.application_auth import auth_block
from engine.emulator.calling import to_int
from engine.emulator.errors import RestError
from engine.emulator.fields import COMPANY, CONTACT, DEAL, INVOICE
from engine.emulator.php import flatten, listing, mapping
from engine.emulator.store import Record

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

_NAMES = {
    DEAL: ("CCrmDocumentDeal", "DEAL"),
    CONTACT: ("CCrmDocumentContact", "CONTACT"),
    COMPANY: ("CCrmDocumentCompany", "COMPANY"),
    INVOICE: (r"Bitrix\Crm\Integration\BizProc\Document\SmartInvoice", "SMART_INVOICE"),
}
_DYNAMIC = r"Bitrix\Crm\Integration\BizProc\Document\Dynamic"
_ID = re.compile(r"(?:DYNAMIC_(?P<kind>\d+)|(?P<name>DEAL|CONTACT|COMPANY|SMART_INVOICE))_(?P<item>\d+)")
# Members of a robot's post that not every portal may send.
_SPARSE = ("workflow_id", "timeout_duration", "use_subscription")


@dataclass(frozen=True)
class Document:
    """A CRM item as automation names it."""

    kind: int
    item: int

    @property
    def type(self) -> list[str]:
        """``["crm", "CCrmDocumentDeal", "DEAL"]``."""
        name, code = _NAMES.get(self.kind, (_DYNAMIC, f"DYNAMIC_{self.kind}"))
        return ["crm", name, code]

    @property
    def id(self) -> list[str]:
        """``["crm", "CCrmDocumentDeal", "DEAL_57"]``."""
        module, name, code = self.type
        return [module, name, f"{code}_{self.item}"]


def read_document(raw: object) -> Document | None:
    """The item of a document id, whole or only its last part; None where it is none of the CRM's."""
    parts = [str(one) for one in listing(raw)]
    match = _ID.fullmatch(parts[-1]) if parts else None
    if match is None:
        return None
    kinds = {code: kind for kind, (_, code) in _NAMES.items()}
    kind = int(match["kind"]) if match["kind"] else kinds[match["name"]]
    found = Document(kind, int(match["item"]))
    return None if len(parts) == 3 and parts != found.id else found


def find_document(portal: Portal, document: Document | None) -> Record | None:
    """The item, if there is one."""
    return portal.store.get(f"item_{document.kind}", document.item) if document else None


def find_robot(portal: Portal, kind: str, code: str, application: int | None = None) -> Record | None:
    """The robot or activity (`kind`) with this code: of one application, or the first of any."""
    for row in portal.store.rows("robot"):
        is_theirs = application is None or row["application"] == application
        if (row["kind"], row["CODE"]) == (kind, code) and is_theirs:
            return row
    return None


def fire_robot(
    portal: Portal,
    code: str,
    document: Document,
    properties: Mapping[str, object] | None = None,
    *,
    kind: str = "robot",
    patience: float = 10.0,
) -> Record:
    """A robot at work on an item: its handler was posted to; the row of this run.

    Properties not given are those of the robot's own settings. The row says what the handler answered (`status`,
    `body`, `error`) and whether the robot still waits (`state`: waiting, done, failed). Raises `RestError` where
    there is no such robot or item.
    """
    robot = find_robot(portal, kind, code)
    if robot is None:
        raise RestError(400, "ERROR_ACTIVITY_NOT_FOUND", "Activity or Robot not found!")
    if find_document(portal, document) is None:
        raise RestError(400, "NOT_FOUND", "Element not found")
    waits = robot["USE_SUBSCRIPTION"] != "N"
    with portal.change():
        number = portal.store.next_id("robotrun")
        workflow = workflow_id(portal)
        row: Record = {
            "id": number,
            "robot": robot["id"],
            "code": code,
            "workflow": workflow,
            "token": f"{workflow}|A{number}_{token_hex(4)}|{token_hex(24)}",
            "document": document.id,
            "properties": _defaults(robot) | dict(properties or {}),
            "state": "waiting" if waits else "done",
            "time": portal.clock.stamp(),
            "log": [],
        }
        portal.store.put("robotrun", number, row)
        form = _form(portal, robot, document, row)
    status, body, error = _post(str(robot["HANDLER"]), form, patience)
    with portal.change():
        # The handler may have answered by now: only what the post gave is added to the row.
        known = portal.store.get("robotrun", number) or row
        outcome: Record = {"status": status, "body": body, "error": error}
        if error or status >= 400:
            # No second attempt: what is lost here is lost, as with events.
            outcome["state"] = known["state"] if known["state"] == "done" and waits else "failed"
        portal.store.put("robotrun", number, known | outcome)
        return known | outcome


def workflow_id(portal: Portal) -> str:
    """A new id of a running workflow, ``66e81a641752f8.56521481``."""
    seconds = int(portal.clock.now().timestamp())
    return f"{seconds:08x}{token_hex(3)}.{int(token_hex(4), 16) % 10**8:08d}"


def _defaults(robot: Record) -> Record:
    return {name: mapping(one).get("Default") or "" for name, one in mapping(robot.get("PROPERTIES")).items()}


def _form(portal: Portal, robot: Record, document: Document, row: Record) -> list[tuple[str, str]]:
    application = portal.store.get("application", to_int(robot["application"])) or {}
    auth = auth_block(portal, application, to_int(robot.get("AUTH_USER_ID")))
    given: Record = {
        "workflow_id": row["workflow"],
        "code": row["code"],
        "document_id": dict(enumerate(document.id)),
        "document_type": dict(enumerate(document.type)),
        "event_token": row["token"],
        "properties": _nested(mapping(row["properties"])),
        "use_subscription": "N" if robot["USE_SUBSCRIPTION"] == "N" else "Y",
        "timeout_duration": 0,
        "ts": int(portal.clock.now().timestamp()),
        "auth": auth,
    }
    if portal.policies.robot_payload == "sparse":
        given = {name: value for name, value in given.items() if name not in _SPARSE}
        given["auth"] = {name: value for name, value in auth.items() if name != "refresh_token"}
    return flatten(given)


def _nested(given: Mapping[str, object]) -> Record:
    """Lists as maps by position: forms know no lists."""
    return {name: dict(enumerate(one)) if isinstance(one, list) else one for name, one in given.items()}


def _post(url: str, form: list[tuple[str, str]], patience: float) -> tuple[int, str, str]:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Bitrix24 Webhook Engine"}
    try:
        with httpx.Client(trust_env=False, follow_redirects=False, timeout=patience) as client:
            answer = client.post(url, content=urlencode(form), headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        return 0, "", f"{type(failure).__name__}: {failure}"
    return answer.status_code, answer.text, ""


def answer_robot(portal: Portal, token: str, values: Mapping[str, object], message: str) -> None:
    """A waiting robot goes on with these values; `RestError` 403 where none waits for this token (any more)."""
    with portal.change():
        row = _waiting(portal, token)
        robot = portal.store.get("robot", to_int(row["robot"])) or {}
        known = mapping(robot.get("RETURN_PROPERTIES"))
        given = {name: value for name, value in values.items() if name in known}
        log = [*listing(row["log"]), *([message] if message else [])]
        changed = {"state": "done", "values": given, "log": log, "answered": portal.clock.stamp()}
        portal.store.put("robotrun", to_int(row["id"]), row | changed)


def log_message(portal: Portal, token: str, message: str) -> None:
    """A line in the log of a robot's run; `RestError` 403 where the token is nobody's or no longer waited for."""
    with portal.change():
        row = _waiting(portal, token)
        portal.store.put("robotrun", to_int(row["id"]), row | {"log": [*listing(row["log"]), message]})


def _waiting(portal: Portal, token: str) -> Record:
    for row in portal.store.rows("robotrun"):
        if row["token"] == token and row["state"] == "waiting":
            return row
    raise RestError(403, "ACCESS_DENIED", "Access denied!")
