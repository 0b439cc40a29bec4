"""Notifications and chat messages.

A notification replaces an earlier one with the same TAG, but through a webhook only when CLIENT_ID is sent
too; without it the tag is dropped silently and every call adds one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from engine.emulator.calling import Call, Method, to_int
from engine.emulator.errors import RestError

# An attachment is a card of blocks; a longer one than this, in JSON, is refused.
_LONGEST_ATTACH = 60_000


def _check_attach(call: Call) -> None:
    raw = call.loose("ATTACH")
    if raw in (None, ""):
        return
    if not isinstance(raw, Mapping | list):
        try:
            raw = json.loads(str(raw))
        except ValueError:
            raise RestError(400, "ATTACH_ERROR", "Incorrect attach params") from None
    if not isinstance(raw, Mapping | list):
        raise RestError(400, "ATTACH_ERROR", "Incorrect attach params")
    if len(json.dumps(raw, ensure_ascii=False)) > _LONGEST_ATTACH:
        raise RestError(400, "ATTACH_OVERSIZE", "You have exceeded the maximum allowable size of attach")


def _notify(call: Call, *, personal: bool) -> object:
    user, text = to_int(call.loose("USER_ID", call.loose("TO"))), str(call.loose("MESSAGE") or "").strip()
    if user <= 0:
        raise RestError(400, "USER_ID_EMPTY", "User ID can't be empty")
    if not text:
        raise RestError(400, "MESSAGE_EMPTY", "Message can't be empty")
    _check_attach(call)
    store = call.portal.store
    if store.get("user", user) is None:
        return False
    client = str(call.loose("CLIENT_ID") or "")
    tag = str(call.loose("TAG") or "") if client else ""
    if tag:
        for row in store.rows("notice"):
            if (row["TAG"], row["CLIENT_ID"], row["USER_ID"]) == (tag, client, user):
                store.remove("notice", to_int(row["ID"]))
    notice_id = store.next_id("notice")
    row = {
        "ID": notice_id,
        "USER_ID": user,
        "FROM": call.user if personal else 0,
        "MESSAGE": text,
        "MESSAGE_OUT": str(call.loose("MESSAGE_OUT") or ""),
        "TAG": tag,
        "CLIENT_ID": client,
        "SUB_TAG": str(call.loose("SUB_TAG") or "") if client else "",
        "DATE": call.portal.clock.stamp(),
    }
    store.put("notice", notice_id, row)
    return notice_id


def _message(call: Call) -> object:
    dialog, text = str(call.loose("DIALOG_ID") or ""), str(call.loose("MESSAGE") or "").strip()
    if not text:
        raise RestError(400, "MESSAGE_EMPTY", "Message can't be empty")
    _check_attach(call)
    if dialog.isdigit() and call.portal.store.get("user", int(dialog)) is None:
        raise RestError(400, "USER_NOT_FOUND", "User not found")
    if not dialog.removeprefix("chat").removeprefix("sg").isdigit():
        raise RestError(400, "DIALOG_ID_EMPTY", "Dialog ID can't be empty")
    message_id = call.portal.store.next_id("message")
    row = {
        "ID": message_id,
        "DIALOG_ID": dialog,
        "AUTHOR_ID": call.user,
        "MESSAGE": text,
        "SYSTEM": str(call.loose("SYSTEM") or "N"),
        "DATE": call.portal.clock.stamp(),
    }
    call.portal.store.put("message", message_id, row)
    return message_id


METHODS = (
    Method("im.notify.personal.add", "im", lambda call: _notify(call, personal=True)),
    Method("im.notify.system.add", "im", lambda call: _notify(call, personal=False)),
    Method("im.notify", "im", lambda call: _notify(call, personal=True)),
    Method("im.message.add", "im", _message),
)
