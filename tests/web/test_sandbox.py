"""The sandbox: events of the journal, of the portal's items, by hand; what would happen is shown, nothing is written."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.cli.office import Office, open_office
from engine.cli.story import EVENTS
from engine.language.values import Item
from engine.runtime.accounts import READER
from engine.runtime.logs import open_log
from engine.runtime.snapshot import load_snapshot
from engine.settings import Settings
from engine.web.console.sandbox_form import event_of_form, item_named
from tests.browser.conftest import demo_settings
from tests.web.console_case import visitor

OWNER = "6"
EVENT_TIME = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The demo office after two events of its story; user 6 sees what is theirs."""
    folder = tmp_path_factory.mktemp("office")
    settings = replace(demo_settings(), roles={OWNER: "own"})
    with (folder / "log").open("w") as log, open_office(settings, folder, log=open_log(log)) as found:
        found.settle()
        for event in EVENTS[:2]:
            event.do(found)
            found.settle()
        yield found


def event_in(text: str) -> dict[str, Any]:
    """The event that the page has in its editor."""
    found = re.search(r'<textarea id="event"[^>]*>(.*?)</textarea>', text, re.DOTALL)
    assert found is not None
    return json.loads(html.unescape(found[1])) if found[1] else {}


def state(office: Office) -> dict[str, object]:
    """All that the engine and the portal hold: every table's rows and every reading of the portal."""
    store = office.service.status.store
    tables = [row["name"] for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    # Who is signed in, and the beat of the engine's heart, are no doing of the sandbox.
    kept = [one for one in tables if one not in ("session", "account", "invitation", "sqlite_stat1", "duty")]
    held: dict[str, object] = {
        one: [tuple(row) for row in store.rows(f"SELECT * FROM {one}")] for one in kept
    }
    return held | {name: office.ask(name) for name in ("feed", "notices", "disk", "mails")}


def test_an_item_of_the_portal_is_read_and_decided(office: Office) -> None:
    with visitor(office.service) as person:
        page = person.get("/sandbox?item=deal/118&kind=updated&field1=deal.stage&old1=В работе")
        event = event_in(page.text)
        assert event["event"] == "deal.updated"
        assert event["facts"]["deal"]["id"] == "118"
        assert len(event["facts"]["deal"]) > 5
        assert set(event["before"]) == {"stage"}
        assert "ничего не записано" in page.text
        link = office.service.workshop.setup.map.url(Item("deal", "118"))
        same = event_in(person.get("/sandbox", params={"item": link}).text)
        assert same["facts"] == event["facts"]


def test_an_item_that_is_none_is_said(office: Office) -> None:
    with visitor(office.service) as person:
        for item, words in (
            ("deal/999999", "нет, или она вам не видна"),
            ("чепуха", "Не понимаю, какая запись"),
            ("https://evil.example/x", "Не понимаю, какая запись"),
            ("²", "Не понимаю, какая запись"),
        ):
            answer = person.get("/sandbox", params={"item": item})
            assert answer.status_code == 200, item
            assert words in answer.text, item


def test_another_persons_item_is_not_read_for_somebody(office: Office) -> None:
    store = office.service.status.store
    rows = [str(row["item"]) for row in store.rows("SELECT item FROM snapshot WHERE item LIKE 'deal/%'")]
    owners = {one: (load_snapshot(store, Item(*one.split("/"))) or {}).get("manager") for one in rows}
    other = next(one for one, owner in owners.items() if isinstance(owner, Item) and owner.id != OWNER)
    with visitor(office.service, READER, OWNER) as person:
        assert event_in(person.get("/sandbox?item=deal/118").text)
        answer = person.get(f"/sandbox?item={other}")
        assert "не видна" in answer.text
        assert not event_in(answer.text)


def test_the_form_makes_an_event_that_rules_decide_on(office: Office) -> None:
    with visitor(office.service) as person:
        person.get("/sandbox?entity=deal")
        form = {
            "by_hand": "1", "entity": "deal", "item": "5", "kind": "updated", "field1": "deal.title", "old1": "Прежнее",
            "f.title": "Новая сделка",
        }  # fmt: skip
        page = person.post("/sandbox", form)
        event = event_in(page.text)
        assert event["item"] == "deal/5"
        assert event["facts"]["deal"] == {"id": "5", "title": "Новая сделка"}
        assert event["before"] == {"title": "Прежнее"}
        assert "ничего не записано" in page.text


def test_the_sandbox_never_writes(office: Office) -> None:
    with visitor(office.service) as person:
        number = office.service.journal.last_runs()[-1].n
        person.get("/sandbox")
        office.settle()
        before = state(office)
        texts = [
            person.get(f"/sandbox?run={number}").text,
            person.get("/sandbox?item=deal/118&kind=created").text,
        ]
        texts.append(person.post("/sandbox", {"event": json.dumps(event_in(texts[0]))}).text)
        texts.append(person.post("/sandbox", {"by_hand": "1", "entity": "act", "item": "1"}).text)
        assert all("ничего не записано" in one for one in texts)
        assert "Что изменилось бы" in texts[0]
        office.settle()
        after = state(office)
        assert {name for name in before if before[name] != after[name]} == set()


@pytest.fixture(scope="module")
def settings() -> Settings:
    return demo_settings()


@pytest.mark.parametrize(
    ("field", "text", "written"),
    [
        ("amount", "4 820,50", "4820.50 RUB"),
        ("amount", "пусто", None),
        ("title", "да", "да"),
    ],
)
def test_words_become_values_of_the_event_file(
    settings: Settings, field: str, text: str, written: object
) -> None:
    form = {"kind": "updated", "field1": f"deal.{field}", "old1": text}
    now = EVENT_TIME
    made = event_of_form(settings.world, Item("deal", "1"), form, now, lambda _item: "")
    assert made["before"] == {field: written}


def test_links_name_items(settings: Settings) -> None:
    def url(item: Item) -> str:
        return f"https://portal.example/crm/{item.entity}/details/{item.id}/"

    world = settings.world
    assert item_named("https://portal.example/crm/deal/details/118/?tab=x", world, url) == Item("deal", "118")
    assert item_named("act/43", world, url) == Item("act", "43")
    assert item_named("nonsense/43", world, url) is None
