"""An event for the sandbox about an item of the portal: its facts read live, or written by hand. Reads only.

Decides who may look: an item whose rows a person may not see is not read for them. The event file that comes of it is
what the sandbox then shows and lets be edited.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from engine.decision.event_file import Given, read_event
from engine.decision.event_text import event_form
from engine.decision.facts import Facts
from engine.decision.forms import Json
from engine.language.values import Item
from engine.runtime.live_facts import NoSuchItem, NotRead
from engine.web.console.desk import Desk, say
from engine.web.console.journal_sight import sight_of
from engine.web.console.sandbox_form import event_of_form, item_named

Taken = tuple[Mapping[str, Json] | None, list[str]]


def taken(desk: Desk, asked: Mapping[str, str]) -> Taken:
    """Return the event file of the item that the address names, with the portal's facts, and what went wrong."""
    world, shop = desk.workshop.settings.world, desk.workshop
    item = _item(desk, asked)
    if item is None:
        return None, [_unknown(asked.get("item", ""))]
    if not sight_of(desk).sees(str(item)):
        return None, [_gone(item)]
    event = event_of_form(world, item, asked, desk.status.now, desk.url)
    given = _read(desk, event)
    if given.event is None:
        return event, []
    try:
        failed = desk.read_live(desk.status.in_force.edition, given)
    except NoSuchItem:
        return None, [_gone(item)]
    except NotRead as error:
        return event, [say(f"Портал не ответил: {error}", f"The portal did not answer: {error}")]
    facts = Facts(world, shop.derivations, shop.calendar, given.event.time, given.items, given.roots)
    unread = [say(f"Не прочитано: {one}", f"Could not be read: {one}") for one in failed]
    return event_form(given.event, facts), unread


def by_hand(desk: Desk, form: Mapping[str, str]) -> Taken:
    """Return the event file that a form's fields make, and what is wrong with its item; the portal is not asked."""
    item = _item(desk, form)
    if item is None:
        return None, [_unknown(form.get("item", ""))]
    event = event_of_form(desk.workshop.settings.world, item, form, desk.status.now, desk.url)
    event.setdefault("facts", {item.entity: {"id": item.id}})
    return event, []


def _item(desk: Desk, asked: Mapping[str, str]) -> Item | None:
    """Return the item meant: an address, `deal/118`, or a number beside an entity chosen from the list."""
    text, entity = asked.get("item", "").strip()[:400], asked.get("entity", "")
    if text.isdecimal() and text.isascii() and len(text) < 16 and entity:
        text = f"{entity}/{text}"
    return item_named(text, desk.workshop.settings.world, desk.url)


def _read(desk: Desk, event: Mapping[str, Json]) -> Given:
    settings = desk.workshop.settings
    text = json.dumps(event, ensure_ascii=False).encode()
    return read_event("event.json", text, settings.world, settings.zone, desk.workshop.host.received)


def _unknown(text: str) -> str:
    return say(
        f"Не понимаю, какая запись: «{text}». Вставьте ссылку на её карточку или напишите deal/118.",
        f"Which item is “{text}”? Paste the link to its card or write deal/118.",
    )


def _gone(item: Item) -> str:
    return say(
        f"Записи {item} на портале нет, или она вам не видна.",
        f"The portal has no {item}, or you may not see it.",
    )
