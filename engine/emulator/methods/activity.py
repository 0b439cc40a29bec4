"""Activities: calls, to-dos, and the e-mail that goes out when three marks are set.

An e-mail activity is sent only with TYPE_ID 4, DIRECTION 2 and COMPLETED "Y"; otherwise it is stored silently
unsent. When sending fails the activity stays: a caller that simply retries makes two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError, old
from engine.emulator.mailbox import keep_mail
from engine.emulator.methods.itemview import old_id
from engine.emulator.methods.plain import choose, stringify
from engine.emulator.php import listing, mapping
from engine.emulator.policies import read_policies
from engine.emulator.selection import Page, cut, read_start
from engine.emulator.store import Record
from engine.emulator.uploads import keep_file, read_pair

_EMAIL, _OUT, _TODO = 4, 2, 6
_DEFAULTS: Record = {
    "PROVIDER_ID": "",
    "PROVIDER_TYPE_ID": "",
    "PROVIDER_GROUP_ID": None,
    "ASSOCIATED_ENTITY_ID": 0,
    "STATUS": 1,
    "PRIORITY": 2,
    "NOTIFY_TYPE": 1,
    "NOTIFY_VALUE": 15,
    "DESCRIPTION": "",
    "DESCRIPTION_TYPE": 1,
    "DIRECTION": 0,
    "LOCATION": "",
    "SETTINGS": [],
    "ORIGINATOR_ID": None,
    "ORIGIN_ID": None,
    "PROVIDER_PARAMS": [],
    "PROVIDER_DATA": None,
    "RESULT_MARK": 0,
    "RESULT_VALUE": None,
    "RESULT_SUM": None,
    "RESULT_CURRENCY_ID": None,
    "RESULT_STATUS": 0,
    "RESULT_STREAM": 0,
    "RESULT_SOURCE_ID": None,
    "AUTOCOMPLETE_RULE": 0,
    "COMPLETED": "N",
}
_PROVIDERS = {1: ("CRM_MEETING", "MEETING"), 2: ("VOXIMPLANT_CALL", "CALL"), 4: ("CRM_EMAIL", "EMAIL")}
_NUMBERS = (
    "OWNER_ID",
    "OWNER_TYPE_ID",
    "TYPE_ID",
    "RESPONSIBLE_ID",
    "DIRECTION",
    "PRIORITY",
    "DESCRIPTION_TYPE",
)


class _MailError(Exception):
    """The letter could not be sent; the text is the portal's."""


def _keep(call: Call, given: Mapping[str, object]) -> Record:
    now, store = call.portal.clock.stamp(), call.portal.store
    activity_id = store.next_id("activity")
    kind = to_int(given.get("TYPE_ID"))
    provider = _PROVIDERS.get(kind, ("", ""))
    row: Record = _DEFAULTS | {
        "ID": activity_id,
        "SUBJECT": "",
        "CREATED": now,
        "LAST_UPDATED": now,
        "START_TIME": now,
        "END_TIME": now,
        "DEADLINE": given.get("END_TIME") or now,
        "RESPONSIBLE_ID": call.user,
        "AUTHOR_ID": call.user,
        "EDITOR_ID": call.user,
        "PROVIDER_ID": provider[0],
        "PROVIDER_TYPE_ID": provider[1],
    }
    known = set(row) | {"OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID"}
    row |= {name: value for name, value in given.items() if name in known and value is not None}
    row |= {name: to_int(row.get(name)) for name in _NUMBERS}
    row["STATUS"] = 2 if row["COMPLETED"] == "Y" else 1
    row["COMMUNICATIONS"] = [
        {"ID": store.next_id("communication"), "TYPE": "EMAIL" if kind == _EMAIL else "PHONE", **mapping(one)}
        for one in listing(given.get("COMMUNICATIONS"))
    ]
    row["FILES"] = [
        keep_file(store, *pair) for one in listing(given.get("FILES")) if (pair := read_pair(one))
    ]
    store.put("activity", activity_id, row)
    call.portal.raise_event("ONCRMACTIVITYADD", {"FIELDS": {"ID": activity_id}})
    return row


def _add(call: Call) -> object:
    raw = call.loose("fields")
    if not isinstance(raw, Mapping):
        raise old("Parameter 'fields' must be array.")
    given = mapping(raw)
    for name in ("OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID"):
        if not to_int(given.get(name)):
            raise old(f"The field {name} is not defined or invalid.")
    if not str(given.get("SUBJECT") or "").strip():
        raise old("The field SUBJECT is required.")
    if call.portal.store.get(f"item_{to_int(given['OWNER_TYPE_ID'])}", to_int(given["OWNER_ID"])) is None:
        raise old("Owner is not found.")
    row = _keep(call, given)
    if (row["TYPE_ID"], row["DIRECTION"], row["COMPLETED"]) == (_EMAIL, _OUT, "Y"):
        try:
            _send(call, row)
        except _MailError as error:
            # Returned, not raised: the activity has been created and must stay.
            return old(f"Email send error. {error}")
    return row["ID"]


def _send(call: Call, row: Mapping[str, object]) -> None:
    sender = str(mapping(row["SETTINGS"]).get("MESSAGE_FROM") or _own_address(call, row))
    if "@" not in parseaddr(sender)[1]:
        raise _MailError('"From" is not found')
    to = [str(mapping(one).get("VALUE") or "").strip() for one in listing(row["COMMUNICATIONS"])]
    if not [one for one in to if one]:
        raise _MailError('"To" is not found')
    if any("@" not in one for one in to):
        raise _MailError("Invalid email is specified")
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender, ", ".join(to), str(row["SUBJECT"])
    letter["Date"] = format_datetime(call.portal.clock.now())
    letter["Message-ID"] = make_msgid(domain=call.portal.domain)
    _set_text(letter, str(row["DESCRIPTION"]), _form(call, to_int(row["DESCRIPTION_TYPE"])))
    for one in map(mapping, listing(row["FILES"])):
        stored = call.portal.store.get("file", to_int(one["id"])) or {}
        content = call.portal.store.read_content(str(stored["sha256"]))
        letter.add_attachment(content, "application", "octet-stream", filename=str(one["name"]))
    address = parseaddr(sender)[1]
    # A copy to the sender is the rule; only this setting keeps the portal from it.
    is_alone = mapping(row["SETTINGS"]).get("DISABLE_SENDING_MESSAGE_COPY") == "Y"
    whom = to if is_alone or address in to else [*to, address]
    keep_mail(call.portal.store, call.portal.clock, address, whom, letter.as_bytes())


def _form(call: Call, number: int) -> str:
    """What a DESCRIPTION_TYPE means here: plain, html or bb."""
    second = read_policies(call.portal.store).description_type_2
    return {2: second, 3: "bb" if second == "html" else "html"}.get(number, "plain")


def _set_text(letter: EmailMessage, text: str, form: str) -> None:
    """BB codes go out as HTML: the few that the portal's own editor makes."""
    if form == "plain":
        letter.set_content(text)
        return
    if form == "bb":
        text = re.sub(r"\[(/?)([biu])\]", r"<\1\2>", text, flags=re.IGNORECASE)
        text = re.sub(r"\[br\]|\n", "<br>", text, flags=re.IGNORECASE)
    letter.set_content(text, subtype="html")


def _own_address(call: Call, row: Mapping[str, object]) -> str:
    user = call.portal.store.get("user", to_int(row["RESPONSIBLE_ID"])) or {}
    return str(user.get("EMAIL") or "")


def _todo(call: Call) -> object:
    """A to-do with a deadline; both are required, the rest has defaults."""
    kind, owner_id = call.need_int("ownerTypeId"), call.need_int("ownerId")
    deadline = str(call.need("deadline"))
    if call.portal.store.get(f"item_{kind}", owner_id) is None:
        raise RestError(400, "NOT_FOUND", "Not found.")
    row = _keep(
        call,
        {
            "OWNER_TYPE_ID": kind,
            "OWNER_ID": owner_id,
            "TYPE_ID": _TODO,
            "PROVIDER_ID": "CRM_TODO",
            "PROVIDER_TYPE_ID": "TODO",
            "SUBJECT": call.params.get("title") or "Дело",
            "DESCRIPTION": call.params.get("description") or "",
            "START_TIME": deadline,
            "END_TIME": deadline,
            "RESPONSIBLE_ID": to_int(call.params.get("responsibleId")) or call.user,
            "SETTINGS": {"PING_OFFSETS": call.params.get("pingOffsets") or []},
        },
    )
    return {"id": row["ID"]}


def _shown(row: Record, names: set[str]) -> Record:
    """Communications and files are printed only when asked for by name."""
    hidden = {"COMMUNICATIONS", "FILES"} - names
    whole = not names or "*" in names
    found = {
        name: value for name, value in row.items() if name not in hidden and (whole or name in names | {"ID"})
    }
    if "COMMUNICATIONS" in found:
        found["COMMUNICATIONS"] = [stringify(mapping(one)) for one in listing(found["COMMUNICATIONS"])]
    return stringify(found)


def _find(call: Call) -> Record:
    row = call.portal.store.get("activity", old_id(call))
    if row is None:
        raise old("Activity is not found.")
    return row


def _list(call: Call) -> object:
    names = {str(name).upper() for name in listing(call.loose("select"))}
    rows = choose(call, call.portal.store.rows("activity"))
    part, total, following = cut(rows, read_start(call.loose("start", 0)))
    return Page([_shown(row, names) for row in part], total, following)


def _update(call: Call) -> object:
    """Changed members; an e-mail that becomes complete is not sent by this."""
    row, raw = _find(call), call.loose("fields")
    if not isinstance(raw, Mapping):
        raise old("Parameter 'fields' must be array.")
    fixed = {"ID", "OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID", "CREATED", "COMMUNICATIONS", "FILES"}
    changed = {name: value for name, value in raw.items() if name in row and name not in fixed}
    changed |= {name: to_int(changed[name]) for name in _NUMBERS if name in changed}
    changed |= {"LAST_UPDATED": call.portal.clock.stamp(), "EDITOR_ID": call.user}
    if "COMPLETED" in changed:
        changed["STATUS"] = 2 if changed["COMPLETED"] == "Y" else 1
    call.portal.store.put("activity", to_int(row["ID"]), row | changed)
    call.portal.raise_event("ONCRMACTIVITYUPDATE", {"FIELDS": {"ID": row["ID"]}})
    return True


def _delete(call: Call) -> object:
    activity_id = to_int(_find(call)["ID"])
    call.portal.store.remove("activity", activity_id)
    call.portal.raise_event("ONCRMACTIVITYDELETE", {"FIELDS": {"ID": activity_id}})
    return True


METHODS = (
    Method("crm.activity.add", "crm", _add),
    Method("crm.activity.get", "crm", lambda call: _shown(_find(call), set())),
    Method("crm.activity.list", "crm", _list),
    Method("crm.activity.update", "crm", _update),
    Method("crm.activity.delete", "crm", _delete),
    Method("crm.activity.todo.add", "crm", _todo),
)
