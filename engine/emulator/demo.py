"""`/_demo/`: what a real portal does not have, for demonstrations, the story and tests. This machine only.

Applications, rights and the portal's condition have addresses of their own (`demo_standing`).

Writes, JSON POST; ``user`` (default 1) acts, with ``by: "robot"`` a robot in that employee's name; field names and file
forms are those of `crm.item.*`:

| path | body | answer |
|---|---|---|
| `/_demo/items/get` | ``entityTypeId, id`` | the item |
| `/_demo/items/add` | ``entityTypeId, fields`` | the item |
| `/_demo/items/update` | ``entityTypeId, id, fields`` | the item |
| `/_demo/items/delete` | ``entityTypeId, id`` | ``true`` |
| `/_demo/items/bulk` | ``changes``: a list of ``{do: add, update or delete}`` with the above | the ids |
| `/_demo/payments/pay` | ``id, paid`` (default true) | ``true`` |
| `/_demo/files/put` | ``storage, path, content`` (base64) | the object's id |
| `/_demo/handler` | ``url, application_token?, events?, id?`` | the outgoing webhooks |
| `/_demo/clock` | ``advance`` seconds or ``set`` ISO time | ``{"now"}`` |
| `/_demo/policies` | policies by name (docs/emulator.md) | all of them |
| `/_demo/robots/fire`, `/_demo/placements/open`, `/_demo/workflows/template` | `demo_automation` | |
| `/_demo/settle` | ``timeout?`` seconds | whether every event was delivered or had failed |
| `/_demo/faults` | a plan (`faultfile`) as JSON; ``{}`` ends all faults | the plan's counts |

Reads, GET: `/_demo/clock`, `/policies`, `/feed`, `/notices`, `/messages`, `/comments`, `/activities`, `/disk`,
`/mails`, `/deliveries`, `/handler`, `/faults` (``counts`` by kind and every ``hit``). A bulk is one change: all of it,
or nothing where one part is refused. Errors are answered as the portal answers them.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TypeAlias

from flask import Blueprint, Response, jsonify, request

from engine.emulator import demo_automation, demo_standing, drive
from engine.emulator.calling import to_int
from engine.emulator.clock import iso
from engine.emulator.errors import RestError, missing_parameter
from engine.emulator.faultfile import FaultFileError, as_text, parse_faults
from engine.emulator.mailbox import read_mails
from engine.emulator.person import Person
from engine.emulator.php import listing, mapping
from engine.emulator.policies import PolicyError
from engine.emulator.portal import Portal
from engine.emulator.store import Record

DEFAULT_EVENTS = (
    "ONCRMDEALADD",
    "ONCRMDEALUPDATE",
    "ONCRMDEALDELETE",
    "ONCRMDYNAMICITEMADD",
    "ONCRMDYNAMICITEMUPDATE",
    "ONCRMDYNAMICITEMDELETE",
    "ONCRMCOMPANYADD",
    "ONCRMCOMPANYUPDATE",
    "ONCRMCOMPANYDELETE",
)

Given: TypeAlias = Mapping[str, object]
Deed: TypeAlias = Callable[[Portal, Given], object]


def _need(given: Given, name: str) -> object:
    if name not in given:
        raise missing_parameter(name)
    return given[name]


def _person(portal: Portal, given: Given) -> Person:
    return Person(portal, to_int(given.get("user", 1)), is_robot=given.get("by") == "robot")


def _whom(given: Given) -> tuple[int, int]:
    return to_int(_need(given, "entityTypeId")), to_int(_need(given, "id"))


def _get(portal: Portal, given: Given) -> object:
    return _person(portal, given).get(*_whom(given))


def _add(portal: Portal, given: Given) -> object:
    fields = mapping(_need(given, "fields"))
    return _person(portal, given).add(to_int(_need(given, "entityTypeId")), fields)


def _update(portal: Portal, given: Given) -> object:
    return _person(portal, given).update(*_whom(given), mapping(_need(given, "fields")))


def _delete(portal: Portal, given: Given) -> object:
    _person(portal, given).delete(*_whom(given))
    return True


def _bulk(portal: Portal, given: Given) -> object:
    person = _person(portal, given)
    done: list[int] = []
    with portal.change():
        for change in map(mapping, listing(_need(given, "changes"))):
            what = str(change.get("do", "update"))
            if what == "add":
                made = person.add(to_int(_need(change, "entityTypeId")), mapping(_need(change, "fields")))
                done.append(to_int(made["id"]))
                continue
            if what == "update":
                person.update(*_whom(change), mapping(_need(change, "fields")))
            elif what == "delete":
                person.delete(*_whom(change))
            else:
                raise RestError(400, "INVALID_ARG_VALUE", f"do: {what} is none of add, update, delete")
            done.append(to_int(change["id"]))
    return done


def _pay(portal: Portal, given: Given) -> object:
    _person(portal, given).pay(to_int(_need(given, "id")), paid=bool(given.get("paid", True)))
    return True


def _put_file(portal: Portal, given: Given) -> object:
    try:
        content = b64decode(str(_need(given, "content")), validate=True)
    except Base64Error:
        raise RestError(400, "ERROR_COULD_NOT_SAVE_FILE", "The content is not base64") from None
    return _person(portal, given).put_file(
        to_int(_need(given, "storage")), str(_need(given, "path")), content
    )


def set_receiver(portal: Portal, url: str, token: str | None = None, events: tuple[str, ...] = ()) -> None:
    """Every outgoing webhook posts to `url`; one with the usual events is made where there is none."""
    with portal.store.transaction():
        rows = portal.store.rows("outgoing") or [
            {"id": 1, "events": list(DEFAULT_EVENTS), "application_token": ""}
        ]
        for row in rows:
            changed = {
                "handler": url,
                "application_token": row["application_token"] if token is None else token,
            }
            if events:
                changed["events"] = list(events)
            portal.store.put("outgoing", to_int(row["id"]), row | changed)


def _set_handler(portal: Portal, given: Given) -> object:
    token = given.get("application_token")
    names = given.get("events")
    events = tuple(map(str, names)) if isinstance(names, list) else ()
    set_receiver(portal, str(_need(given, "url")), None if token is None else str(token), events)
    return portal.store.rows("outgoing")


def _set_clock(portal: Portal, given: Given) -> object:
    try:
        if "set" in given:
            portal.clock.set(datetime.fromisoformat(str(given["set"])))
        else:
            portal.clock.advance(timedelta(seconds=float(str(_need(given, "advance")))))
    except ValueError as error:
        raise RestError(400, "INVALID_ARG_VALUE", str(error)) from error
    portal.save_clock()
    return {"now": iso(portal.clock.now())}


def _settle(portal: Portal, given: Given) -> object:
    return portal.deliveries.settle(float(str(given.get("timeout", 10))))


def _set_faults(portal: Portal, given: Given) -> object:
    try:
        portal.use_faults(parse_faults(as_text(given)) if given else None)
    except FaultFileError as error:
        raise RestError(400, "INVALID_ARG_VALUE", str(error)) from error
    return read_plan(portal)


def _set_policies(portal: Portal, given: Given) -> object:
    try:
        portal.set_policies(**given)
    except PolicyError as error:
        raise RestError(400, "INVALID_ARG_VALUE", str(error)) from error
    return asdict(portal.policies)


def read_plan(portal: Portal) -> Record:
    """What the present plan of faults has done so far."""
    plan = portal.plan
    return {
        "counts": plan.counts() if plan else {},
        "hits": [asdict(hit) for hit in plan.hits()] if plan else [],
    }


def drive_tree(portal: Portal) -> list[Record]:
    """Every live Drive object: storage, path from its root, type, and size and sha256 of files."""
    found: list[Record] = []
    for place in portal.store.rows("storage"):
        for row in drive.walk(portal, to_int(place["ROOT_OBJECT_ID"])):
            entry: Record = {"storage": place["ID"], "id": row["ID"], "path": drive.path_of(portal, row)}
            entry["type"] = row["TYPE"]
            if row["TYPE"] == "file":
                entry |= {"size": row["SIZE"], "sha256": row["sha256"]}
            found.append(entry)
    return found


_WRITES: dict[str, Deed] = {
    "items/get": _get,
    "items/add": _add,
    "items/update": _update,
    "items/delete": _delete,
    "items/bulk": _bulk,
    "payments/pay": _pay,
    "files/put": _put_file,
    "handler": _set_handler,
    "clock": _set_clock,
    "settle": _settle,
    "faults": _set_faults,
    "policies": _set_policies,
    **demo_automation.WRITES,
    **demo_standing.WRITES,
}
_READS: dict[str, Callable[[Portal], object]] = {
    "clock": lambda portal: {"now": iso(portal.clock.now())},
    "feed": lambda portal: portal.store.rows("post"),
    "notices": lambda portal: portal.store.rows("notice"),
    "messages": lambda portal: portal.store.rows("message"),
    "comments": lambda portal: portal.store.rows("timelinecomment"),
    "activities": lambda portal: portal.store.rows("activity"),
    "disk": drive_tree,
    "mails": lambda portal: read_mails(portal.store),
    "deliveries": lambda portal: portal.store.rows("delivery"),
    "handler": lambda portal: portal.store.rows("outgoing"),
    "faults": read_plan,
    "policies": lambda portal: asdict(portal.policies),
    **demo_automation.READS,
    **demo_standing.READS,
}


def _is_local() -> bool:
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def create_blueprint(portal: Portal) -> Blueprint:
    """The routes above for one portal."""
    blueprint = Blueprint("demo", __name__, url_prefix="/_demo")

    @blueprint.before_request
    def refuse_strangers() -> tuple[Response, int] | None:
        return None if _is_local() else (jsonify({"error": "ACCESS_DENIED"}), 403)

    @blueprint.errorhandler(RestError)
    def refuse(error: RestError) -> tuple[Response, int]:
        return jsonify(error.body()), error.status

    @blueprint.get("/<path:name>")
    def read(name: str) -> Response:
        if name not in _READS:
            raise RestError(404, "ERROR_METHOD_NOT_FOUND", "No such reading")
        return jsonify(_READS[name](portal))

    @blueprint.post("/<path:name>")
    def write(name: str) -> Response:
        if name not in _WRITES:
            raise RestError(404, "ERROR_METHOD_NOT_FOUND", "No such deed")
        return jsonify(_WRITES[name](portal, mapping(request.get_json(silent=True) or {})))

    return blueprint
