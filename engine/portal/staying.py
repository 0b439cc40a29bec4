"""Which members of the portal's answers hold no secret: codes, counts, ids, by the member's name.

Decides by the name alone, in either spelling (`STAGE_ID`, `stageId`). A name that is not here is text, and text is
masked.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["code", "count", "id", "own", "birth", "command", "text"]
"""`code`: one of the portal's own words. `count`: a number of no meaning outside. `own`: a field that the company
made. `command`: a line of a batch.
"""

_CODES = frozenset(
    [
        "stageid", "previousstageid", "statusid", "semantics", "stagesemanticid", "statussemanticid",
        "entitytypeid", "categoryid", "currencyid", "currency", "typeid", "entitytype", "ownertype",
        "ownertypeid", "usertypeid", "fieldname", "uppername", "type", "valuetype", "color", "moduleid",
        "error", "scope", "method", "select", "order", "languageid", "timezone", "multiple", "mandatory",
        "complexid", "companytype", "employees", "providerid", "providertypeid", "presetid", "countryid",
        "measurecode", "taxid", "usertype", "event", "elementtype", "personalgender", "logic",
        "ordertype", "direction", "priority",
    ]
)  # fmt: skip
_COUNTS = frozenset(
    [
        "total", "next", "start", "finish", "duration", "processing", "operating", "operatingresetat",
        "sort", "size", "quantity", "taxrate", "globalsort", "precision", "timezoneoffset", "listheight",
        "pagesize", "version", "minlength", "maxlength", "halt",
    ]
)  # fmt: skip
_IDS = frozenset(["result", "observers", "contacts", "ufdepartment", "ufhead", "files", "dest", "users"])
_OWN = re.compile(r"(?:uf|parentid|property)[a-z0-9]*")
_ID_ENDS = ("id", "ids", "by")
# Ids of pipelines and smart processes are part of stages' codes and fields' names, which stay.
_STRUCTURE = ("crm.category.", "crm.type.", "crm.status.")
_OF_CODES = ("userfieldconfig.", "crm.deal.userfield.", *_STRUCTURE)
# These end like ids and are keys to the portal, or what other systems call the item.
_NO_IDS = ("memberid", "authid", "refreshid", "clientid", "sessid", "appsid", "xmlid")
_LISTS_OF_CODES = frozenset(["scope", "methods", "events"])


def role_of(name: str) -> Role:
    """Return what stands under a member of this name."""
    plain = name.lower().replace("_", "")
    if plain in ("birthdate", "personalbirthday"):
        return "birth"
    if plain == "cmd":
        return "command"
    if plain in _IDS:
        return "id"
    if plain in _CODES:
        return "code"
    if plain in _COUNTS:
        return "count"
    if plain.endswith(_NO_IDS) or plain.startswith("origin"):
        return "text"
    if _OWN.fullmatch(plain):
        return "own"
    return "id" if plain.endswith(_ID_ENDS) else "text"


def is_of_structure(method: str) -> bool:
    """True for a method that tells the portal's make-up, where ids are part of names."""
    return method.lower().startswith(_STRUCTURE)


def is_of_codes(method: str) -> bool:
    """True for a method whose members named as ids hold the portal's own words (`CRM_12`, `DEAL_STAGE_4`)."""
    return method.lower() in _LISTS_OF_CODES or method.lower().startswith(_OF_CODES)
