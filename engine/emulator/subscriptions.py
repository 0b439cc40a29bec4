"""Who is told of an event, and with which powers.

Decides between outgoing webhooks and applications, which events only applications may hear, and what the block
``auth`` of a post holds: an application may act as whoever made the change, a webhook never.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.emulator.application_auth import acting_auth, issue_once, place_of
from engine.emulator.applications import installation_auth
from engine.emulator.calling import to_int
from engine.emulator.condition import read_condition
from engine.emulator.errors import RestError
from engine.emulator.events import Event, webhook_auth
from engine.emulator.php import listing, mapping
from engine.emulator.store import Record

if TYPE_CHECKING:
    from engine.emulator.portal import Portal

# No outgoing webhook hears these, whatever it lists.
_APPLICATIONS_ONLY = ("ONCRMDEALMOVETOCATEGORY", "ONOFFLINEEVENT")
_WITH_REFRESH_TOKEN = ("ONOFFLINEEVENT",)


def receivers_of(portal: Portal, event: Event) -> list[Record]:
    """The webhooks and handlers an event is posted to, webhooks first."""
    if not read_condition(portal.store).commercial:
        return []
    found = []
    if event.name not in _APPLICATIONS_ONLY and not event.name.startswith("ONAPP"):
        for webhook in portal.store.rows("outgoing"):
            wanted = {str(name).upper() for name in listing(webhook.get("events"))}
            if event.name in wanted and webhook.get("handler"):
                found.append(webhook)
    return found + [
        row
        for row in portal.store.rows("subscription")
        if row["event"] == event.name and not row["offline"] and is_installed(portal, row)
    ]


def is_installed(portal: Portal, row: Mapping[str, object]) -> bool:
    """Whether the application behind a subscription hears events by now."""
    application = portal.store.get("application", to_int(row["application"]))
    return application is not None and bool(application["installed"])


def post_form(portal: Portal, event: Event, receiver: Mapping[str, object]) -> Record:
    """The members of one post."""
    form: Record = {"event": event.name}
    if portal.policies.event_handler_id == "yes" and receiver["id"]:
        form["event_handler_id"] = receiver["id"]
    return form | {"data": event.payload, "ts": event.time, "auth": _auth(portal, event, receiver)}


def _auth(portal: Portal, event: Event, receiver: Mapping[str, object]) -> Record:
    if "auth" in receiver:
        return mapping(receiver["auth"])
    number = receiver.get("application")
    if number is None:
        return webhook_auth(receiver, portal.domain, portal.member_id)
    application = portal.store.get("application", to_int(number))
    if application is None:
        return {}
    if event.name == "ONAPPINSTALL":
        return installation_auth(portal, application)
    # A handler bound for one employee always acts as that one; else as whoever made the change, if somebody did.
    user = to_int(receiver.get("user")) or event.user
    if event.name in _WITH_REFRESH_TOKEN:
        user = user or to_int(application["user"])
    place = place_of(portal, application)
    if not user:
        return place
    auth = acting_auth(portal, application, user) | place
    wants_refresh = portal.policies.event_refresh_token
    if event.name in _WITH_REFRESH_TOKEN or wants_refresh == "yes":
        auth["refresh_token"] = issue_once(portal, "refreshtoken", application, user)
    return auth


def bind(portal: Portal, application: int, wanted: Record) -> None:
    """One more subscription; `RestError` ERROR_CORE where the same is there already."""
    same = ("event", "handler", "user", "offline", "connector")
    with portal.change():
        for row in subscriptions_of(portal, application):
            if all(row[name] == wanted[name] for name in same):
                raise RestError(400, "ERROR_CORE", "Unable to set event handler: Handler already binded")
        number = portal.store.next_id("subscription")
        row = wanted | {"id": number, "application": application, "title": ""}
        portal.store.put("subscription", number, row)


def unbind(portal: Portal, application: int, wanted: Mapping[str, object]) -> int:
    """Subscriptions that have all these values are gone; how many that were."""
    with portal.change():
        found = [
            to_int(row["id"])
            for row in subscriptions_of(portal, application)
            if all(row[name] == value for name, value in wanted.items())
        ]
        for number in found:
            portal.store.remove("subscription", number)
        return len(found)


def subscriptions_of(portal: Portal, application: int) -> list[Record]:
    """The subscriptions of an application, oldest first."""
    return [row for row in portal.store.rows("subscription") if row["application"] == application]
