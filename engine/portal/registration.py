"""What a connected application registers at the portal: its events, its robots, its places in the interface.

Decides what should stand there, from the regulations in force, and what must be said to get there from what does. It
touches nothing that another application or a person has put there. Pure: it yields commands and is sent answers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from engine.action import Answer, Command
from engine.addresses import EVENTS, ROBOT, TAB
from engine.language.rules import Rule
from engine.language.types import World

T = TypeVar("T")
Asking = Generator[Sequence[Command], Sequence[Answer], T]

PREFIX: Final = "reglament_"
_COMMAND = "command"
# Refusals that leave the rest worth registering: a missing scope, a plan without robots, no administrator.
_REFUSALS: Final = frozenset(
    {
        "ACCESS_DENIED", "insufficient_scope", "INSUFFICIENT_SCOPE", "ERROR_METHOD_NOT_FOUND", "WRONG_AUTH_TYPE",
        "ERROR_EVENT_NOT_FOUND", "ERROR_EVENT_BINDING_EXISTS", "ERROR_PLACEMENT_NOT_FOUND", "ERROR_ARGUMENT",
        "ERROR_PLACEMENT_MAX_COUNT", "ERROR_PLACEMENT_USER_MODE", "ERROR_ACTIVITY_VALIDATION_FAILURE", "ERROR_CORE",
        "ERROR_ACTIVITY_ALREADY_INSTALLED", "ERROR_ACTIVITY_NOT_FOUND", "",
    }
)  # fmt: skip
_CODE = re.compile(r"[A-Za-z0-9._-]{1,60}")
_DOCUMENTS = {
    1: ("CCrmDocumentLead", "LEAD"),
    2: ("CCrmDocumentDeal", "DEAL"),
    31: ("Bitrix\\Crm\\Integration\\BizProc\\Document\\SmartInvoice", "SMART_INVOICE"),
}
_DYNAMIC = "Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic"
_OWN_EVENTS = {
    1: ("ONCRMLEADADD", "ONCRMLEADUPDATE", "ONCRMLEADDELETE"),
    2: ("ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE", "ONCRMDEALMOVETOCATEGORY"),
    3: ("ONCRMCONTACTADD", "ONCRMCONTACTUPDATE", "ONCRMCONTACTDELETE"),
    4: ("ONCRMCOMPANYADD", "ONCRMCOMPANYUPDATE", "ONCRMCOMPANYDELETE"),
}
_ITEM_EVENTS = ("ONCRMDYNAMICITEMADD", "ONCRMDYNAMICITEMUPDATE", "ONCRMDYNAMICITEMDELETE")
_TITLE = {"ru": "Акты выполненных работ", "en": "Certificates of work done"}
PLACES: Final = ("CRM_DEAL_DETAIL_TAB", "LEFT_MENU")


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot that runs the rules of one `command:`; `documents` are the kinds of card it may stand in."""

    command: str
    title: str
    documents: tuple[tuple[str, str], ...]

    @property
    def code(self) -> str:
        """The robot's code on the portal; the same for the same command."""
        if _CODE.fullmatch(self.command):
            return f"{PREFIX}{self.command}"
        return f"{PREFIX}{hashlib.sha256(self.command.encode()).hexdigest()[:16]}"

    def fields(self, address: str, user: int) -> dict[str, object]:
        """Return the robot as the portal's methods take it; it acts on behalf of `user`."""
        return {
            "HANDLER": f"{address}{ROBOT}",
            "AUTH_USER_ID": user,
            "USE_SUBSCRIPTION": "Y",
            "NAME": {"ru": f"Регламент: {self.title}", "en": f"Reglament: {self.title}"},
            "PROPERTIES": {},
            "RETURN_PROPERTIES": {
                "ok": {"Name": {"ru": "Выполнено", "en": "Done"}, "Type": "bool"},
                "verdict": {"Name": {"ru": "Что сделано", "en": "What was done"}, "Type": "string"},
            },
            "FILTER": {"INCLUDE": [["crm", document, kind] for document, kind in self.documents]},
        }


@dataclass(frozen=True, slots=True)
class Registered:
    """What was registered or removed now, and what the portal refused, with its words."""

    done: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


def robots_of(rules: Sequence[Rule], world: World) -> list[Robot]:
    """Return the robots that the rules in force ask for, by command; one a command, titled by its first rule."""
    found: dict[str, tuple[str, dict[tuple[str, str], None]]] = {}
    for rule in rules:
        if rule.is_disabled:
            continue
        for trigger in rule.triggers:
            document = document_of(world, trigger.entity) if trigger.kind == _COMMAND else None
            if document is not None:
                found.setdefault(trigger.name, (rule.title or trigger.name, {}))[1][document] = None
    return [Robot(command, title, tuple(documents)) for command, (title, documents) in sorted(found.items())]


def document_of(world: World, entity: str) -> tuple[str, str] | None:
    """Return the portal's document class and kind of an entity, None where no robot can stand in its cards."""
    spec = world.entities.get(entity)
    if spec is None or spec.type_id is None:
        return None
    if spec.type_id in _DOCUMENTS:
        return _DOCUMENTS[spec.type_id]
    return (_DYNAMIC, f"DYNAMIC_{spec.type_id}") if spec.type_id >= 128 else None


def events_of(world: World) -> list[str]:
    """Return the events that tell of the map's items, in the portal's names."""
    names: dict[str, None] = {}
    for spec in world.entities.values():
        if spec.type_id in _OWN_EVENTS:
            names.update(dict.fromkeys(_OWN_EVENTS[spec.type_id]))
        elif spec.type_id is not None:
            names.update(dict.fromkeys(_ITEM_EVENTS))
    return list(names)


def register(
    address: str, user: int, world: World, robots: Sequence[Robot], known: Mapping[str, str]
) -> Asking[tuple[Registered, dict[str, str]]]:
    """Bring the portal's registrations to what they should be; return what changed and the robots' forms by code.

    `address` is `https://…` without a final slash, `user` whoever connected the application; `known` holds the forms
    that were registered before.
    """
    asked = [
        Command("events", "event.get", {}, assume=[], tolerate=_REFUSALS),
        Command("places", "placement.get", {}, assume=[], tolerate=_REFUSALS),
        Command("robots", "bizproc.robot.list", {}, assume=[], tolerate=_REFUSALS),
    ]
    events, places, present = yield asked
    wanted = {robot.code: robot for robot in robots}
    fields = {code: robot.fields(address, user) for code, robot in wanted.items()}
    forms = {code: json.dumps(one, ensure_ascii=False, sort_keys=True) for code, one in fields.items()}
    changes = [
        *_event_changes(address, world, events),
        *_place_changes(address, places),
        *_robot_changes(fields, forms, present, known),
    ]
    answers = (yield changes) if changes else ()
    done = tuple(one.id for one, answer in zip(changes, answers, strict=True) if not answer.error)
    failed = [(one.id, answer) for one, answer in zip(changes, answers, strict=True) if answer.error]
    refused = [(asked[at].id, answer) for at, answer in enumerate((events, places, present)) if answer.error]
    said = tuple(
        (name, f"{answer.error} {answer.description}".strip()) for name, answer in [*refused, *failed]
    )
    lost = {name.rpartition(" ")[2] for name, _ in said if name.startswith("robot ")}
    return Registered(done, said), {code: form for code, form in forms.items() if code not in lost}


def _event_changes(address: str, world: World, answer: Answer) -> Iterator[Command]:
    """Bind what is missing: online to our address, offline to the portal's own queue, which loses nothing."""
    if answer.error:
        return
    rows = (
        [row for row in answer.result if isinstance(row, Mapping)] if isinstance(answer.result, list) else []
    )
    online = {
        str(row.get("event", "")).upper() for row in rows if str(row.get("handler", "")) == address + EVENTS
    }
    offline = {
        str(row.get("event", "")).upper() for row in rows if str(row.get("offline", "0")) in ("1", "Y")
    }
    for name in events_of(world):
        if name not in online:
            params: dict[str, object] = {"event": name, "handler": address + EVENTS}
            yield _change(f"event {name}", "event.bind", params)
        if name not in offline:
            yield _change(f"offline {name}", "event.bind", {"event": name, "event_type": "offline"})


def _place_changes(address: str, answer: Answer) -> Iterator[Command]:
    if answer.error:
        return
    rows = (
        [row for row in answer.result if isinstance(row, Mapping)] if isinstance(answer.result, list) else []
    )
    bound = {str(row.get("placement", "")) for row in rows if str(row.get("handler", "")) == address + TAB}
    for place in PLACES:
        if place not in bound:
            titles = {language: {"TITLE": title} for language, title in _TITLE.items()}
            params: dict[str, object] = {
                "PLACEMENT": place, "HANDLER": address + TAB, "TITLE": _TITLE["ru"], "LANG_ALL": titles,
            }  # fmt: skip
            yield _change(f"place {place}", "placement.bind", params)


def _robot_changes(
    wanted: Mapping[str, dict[str, object]],
    forms: Mapping[str, str],
    answer: Answer,
    known: Mapping[str, str],
) -> Iterator[Command]:
    """Add, change and remove our own robots: a command that no rule answers any more must not look alive."""
    if answer.error:
        return
    present = {str(code) for code in answer.result} if isinstance(answer.result, list) else set()
    for code, fields in wanted.items():
        if code not in present:
            yield _change(f"robot {code}", "bizproc.robot.add", {"CODE": code, **fields})
        elif known.get(code) != forms[code]:
            yield _change(f"robot {code}", "bizproc.robot.update", {"CODE": code, "FIELDS": fields})
    for code in sorted(present - wanted.keys()):
        if code.startswith(PREFIX):
            yield _change(f"removed robot {code}", "bizproc.robot.delete", {"CODE": code})


def _change(id: str, method: str, params: Mapping[str, object]) -> Command:
    return Command(id, method, params, writes=True, assume=True, tolerate=_REFUSALS)
