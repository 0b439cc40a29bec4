"""The journal's page: each person sees the runs of their own items alone, in the list, by address, in the sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from engine.cli.office import Office, open_office
from engine.cli.story import EVENTS, LOST, PAID, REPORT, SENT, WON, move
from engine.language.values import Item
from engine.runtime.accounts import OFFICE, READER
from engine.runtime.logs import open_log
from engine.runtime.run_list import Wanted
from engine.runtime.snapshot import load_snapshot
from engine.runtime.wire import item_of
from tests.browser.conftest import demo_settings
from tests.web.console_case import Visitor, visitor

OWNER, COLLEAGUE, CHIEF = "6", "9", "1"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The demo office after its story; user 6 sees what is theirs, user 1 everything, user 9 nothing."""
    folder = tmp_path_factory.mktemp("office")
    settings = replace(demo_settings(), roles={OWNER: "own", CHIEF: "all"})
    with (folder / "log").open("w") as log, open_office(settings, folder, log=open_log(log)) as found:
        found.settle()
        for event in EVENTS[:4]:
            event.do(found)
            found.settle()
        move(other_deal(found), REPORT)(found)
        found.settle()
        yield found


def other_deal(office: Office) -> int:
    """A deal in work that is not of the person whom the story is about."""
    rows = office.service.status.store.rows(
        "SELECT item FROM snapshot WHERE item LIKE 'deal/%' ORDER BY item"
    )
    for row in rows:
        deal = office.tell("items/get", entityTypeId=2, id=int(str(row["item"]).partition("/")[2]))
        if deal["assignedById"] != int(OWNER) and deal["stageId"].startswith("C4:") and deal["stageId"] not in (
            REPORT, PAID, WON, LOST, SENT,
        ):  # fmt: skip
            return int(deal["id"])
    raise AssertionError("the demo company has no other deal in work")


def listed(person: Visitor, path: str = "/journal") -> set[int]:
    """The runs that a list shows."""
    return {int(one) for one in re.findall(r'id="run-(\d+)"', person.get(path).text)}


def owner_of(office: Office, item: str) -> str:
    """Whose an item is, asked another way than the page does: through the deal that it names."""
    fields = load_snapshot(office.service.status.store, item_of(item) or Item("", "")) or {}
    if isinstance(fields.get("manager"), Item):
        return fields["manager"].id
    above = fields.get("deal")
    return owner_of(office, str(above)) if isinstance(above, Item) else ""


def test_a_person_sees_the_runs_of_their_own_items_alone(office: Office) -> None:
    runs = office.service.journal.list_runs(Wanted(limit=500))
    mine = {run.n for run in runs if run.item and owner_of(office, run.item) == OWNER}
    others = {run.n for run in runs if run.item and owner_of(office, run.item) != OWNER}
    assert mine, {(run.item, owner_of(office, run.item)) for run in runs}
    assert others
    with visitor(office.service, READER, OWNER) as person:
        assert listed(person) == mine
        offered = set(map(int, re.findall(r'<option value="(\d+)"', person.get("/sandbox").text)))
        assert offered == mine
        shown = set(map(int, re.findall(r'href="[^"]*/runs/(\d+)', person.get("/strip").text)))
        assert not shown & others
        for number in others:
            for path in (f"/runs/{number}", f"/runs/{number}/event.json", f"/sandbox?run={number}"):
                assert person.get(path).status_code == 404, path
        for number in mine:
            assert person.get(f"/runs/{number}").status_code == 200
            assert person.get(f"/runs/{number}/event.json").status_code == 200
    with visitor(office.service, OFFICE, OWNER) as person:
        for number in others:
            for path in (f"/runs/{number}/retry", f"/runs/{number}/undo"):
                person.get("/journal")
                assert person.post(path, {"edition": "run"}).status_code == 404, path


def test_a_role_that_shows_all_shows_all_and_none_shows_none(office: Office) -> None:
    runs = {run.n for run in office.service.journal.list_runs(Wanted(limit=50))}
    with visitor(office.service, READER, CHIEF) as chief:
        assert listed(chief) == runs
    for user in ("", COLLEAGUE, "6 "):
        with visitor(office.service, READER, user) as person:
            assert not listed(person), user
            assert "roles" in person.get("/journal").text


def test_pages_of_what_one_may_see_hold_each_run_once(office: Office) -> None:
    with visitor(office.service, READER, OWNER) as person:
        whole = sorted(listed(person), reverse=True)
        after = listed(person, f"/journal?before={whole[0]}")
        assert after == set(whole[1:])
