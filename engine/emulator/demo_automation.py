"""The twin's own addresses for what a browser and automation do with an application: its pages, its robots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TypeAlias

import httpx

from engine.emulator.bizproc import Document, fire_robot
from engine.emulator.calling import to_int
from engine.emulator.errors import RestError, missing_parameter
from engine.emulator.php import listing, mapping
from engine.emulator.placements import open_placement
from engine.emulator.portal import Portal
from engine.emulator.store import Record

Given: TypeAlias = Mapping[str, object]


def _need(given: Given, name: str) -> object:
    if name not in given:
        raise missing_parameter(name)
    return given[name]


def _fire(portal: Portal, given: Given) -> object:
    document = Document(to_int(_need(given, "entityTypeId")), to_int(_need(given, "id")))
    kind = str(given.get("kind", "robot"))
    return fire_robot(
        portal, str(_need(given, "code")), document, mapping(given.get("properties")), kind=kind
    )


def _open(portal: Portal, given: Given) -> object:
    item, handler = given.get("item"), given.get("handler")
    try:
        opened = open_placement(
            portal,
            str(_need(given, "placement")),
            item=None if item is None else to_int(item),
            user=to_int(given.get("user", 1)),
            handler=None if handler is None else str(handler),
            more=mapping(given.get("options")),
        )
    except httpx.HTTPError as error:
        raise RestError(502, "INTERNAL_SERVER_ERROR", f"{type(error).__name__}: {error}") from error
    return asdict(opened) | {"may_be_framed": opened.may_be_framed}


def _template(portal: Portal, given: Given) -> object:
    document_type = [str(one) for one in listing(_need(given, "DOCUMENT_TYPE"))]
    with portal.change():
        number = portal.store.next_id("workflowtemplate")
        row: Record = {"ID": number, "NAME": str(_need(given, "NAME")), "DOCUMENT_TYPE": document_type}
        row |= {"MODULE_ID": document_type[0], "ENTITY": document_type[1], "USER_ID": 1, "SYSTEM_CODE": ""}
        portal.store.put(
            "workflowtemplate", number, row | {"AUTO_EXECUTE": to_int(given.get("AUTO_EXECUTE"))}
        )
    return number


WRITES: dict[str, Callable[[Portal, Given], object]] = {
    "robots/fire": _fire,
    "placements/open": _open,
    "workflows/template": _template,
}
READS: dict[str, Callable[[Portal], object]] = {
    "robots": lambda portal: portal.store.rows("robotrun"),
    "placements": lambda portal: portal.store.rows("placement"),
    "triggers": lambda portal: portal.store.rows("triggerfired"),
    "workflows": lambda portal: portal.store.rows("workflow"),
}
