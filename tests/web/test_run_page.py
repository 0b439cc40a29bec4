"""The page of a run: what was given in place of what was planned, links, and taking it back with a look before."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest

from engine.cli.office import Office, open_office
from engine.cli.story import EVENTS
from engine.language.types import World
from engine.runtime.accounts import READER
from engine.runtime.logs import open_log
from engine.web.console.run_given import NEXT, GivenThen, put_in
from tests.browser.conftest import demo_settings
from tests.web.console_case import visitor


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The demo office after the first event of its story: an act and an invoice were made and sent."""
    folder = tmp_path_factory.mktemp("office")
    with (folder / "log").open("w") as log, open_office(demo_settings(), folder, log=open_log(log)) as found:
        found.settle()
        EVENTS[0].do(found)
        found.settle()
        yield found


def fired(office: Office) -> int:
    return next(run.n for run in office.service.journal.last_runs()[::-1] if run.steps)


def story(text: str) -> str:
    """What the page tells, without its tags."""
    found = re.search(r'<ol class="story">(.*?)</ol>\s*</section>', text, re.DOTALL)
    assert found is not None
    bare = re.sub(r"<pre.*?</pre>", " ", found[1], flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare)))


def test_the_numbers_that_were_given_stand_in_the_story(office: Office) -> None:
    with visitor(office.service) as person:
        told = story(person.get(f"/runs/{fired(office)}").text)
    assert "Создано: Акт А-2026/019" in told
    assert "акт А-2026/019" in told
    assert NEXT not in told
    assert "Переведено на стадию: «Счет и акты отправлены»" in told


def test_items_of_the_story_lead_to_the_portal(office: Office) -> None:
    with visitor(office.service) as person:
        text = person.get(f"/runs/{fired(office)}").text
    assert re.search(r'<ins><a href="http[^"]*/crm/deal/details/118/"', text)


def test_two_numbers_are_told_apart_by_what_they_stand_behind() -> None:
    world = demo_settings().world
    given = GivenThen({"act/new-1": "act/42"}, {"act/42": "А-1", "invoice/9": "С-2"})
    text = f"Акт {NEXT}, счёт {NEXT} и нечто {NEXT}"
    assert put_in({"kind": "mail", "text": text}, given, world)["text"] == f"Акт А-1, счёт С-2 и нечто {NEXT}"
    made = put_in({"kind": "item", "item": "act/new-1", "fields": {"number": NEXT}}, given, world)
    assert made == {"kind": "item", "item": "act/42", "fields": {"number": "А-1"}}
    assert put_in({"text": NEXT}, GivenThen({}, {}), World({}, {})) == {"text": NEXT}


def test_a_run_is_taken_back_after_a_look_at_what_that_would_do(office: Office) -> None:
    number = fired(office)
    with visitor(office.service, READER) as reader:
        reader.get("/journal")
        assert reader.post(f"/runs/{number}/undo").status_code == 403
    with visitor(office.service) as person:
        person.get(f"/runs/{number}")
        look = person.post(f"/runs/{number}/undo")
        assert look.status_code == 200
        assert "Будет взято назад" in look.text
        assert "Останется как есть" in look.text
        assert office.service.journal.last_runs()[-1].status == "done"
        assert not office.service.accounts.audit()
        deal = office.tell("items/get", entityTypeId=2, id=118)
        person.post(f"/runs/{number}/undo", {"sure": "1"})
        office.settle()
        after = office.tell("items/get", entityTypeId=2, id=118)
    assert deal["stageId"] != after["stageId"]
    assert office.service.accounts.audit()[0].what == "undid run"
