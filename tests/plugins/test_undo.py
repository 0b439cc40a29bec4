"""`undo` on a portal over HTTP: what the step did is gone, byte for byte; twice is as once; another's work stays."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine import Action, Effect, Item, Path, Segment, Undecided
from engine.emulator.person import Person
from tests.plugins.action_case import rub
from tests.plugins.portal_case import DEAL, DOUBTFUL, World, facts_of, here

__all__ = ["here"]
TYPES = {"deal": 2, "act": 1044, "invoice": 31, "contract": 1046}
# What moves by itself with every save.
MOVING = frozenset({"updatedTime", "updatedBy", "movedTime", "movedBy", "previousStageId"})


def state(here: World, *items: Item) -> list[dict[str, Any]]:
    rows = [here.row(TYPES[item.entity], item) for item in items]
    return [{name: value for name, value in row.items() if name not in MOVING} for row in rows]


def new_act(here: World) -> tuple[Action, Effect, Item]:
    facts = facts_of(here)
    action, effect, act = here.do("act", "act.issue", facts, deal=DEAL)
    return action, effect, act


def test_fields_get_their_former_values_byte_for_byte(here: World) -> None:
    act = new_act(here)[2]
    facts = facts_of(here)
    facts.rows[act] = here.setup.map.decode("act", here.row(1044, act))
    before = state(here, act, DEAL)
    params = {
        "act.signed": True,
        "act.signed_at": facts.now,
        "act.vat": rub("12.34"),
        "act.form": "paper",
        "act.refusal": "Строка\nи «кавычки» & знаки = +%",
        "act.stage_no": Decimal(7),
        "act.manager": Item("user", "6"),
        "act.title": "Другое",
        "act.scan": here.contents.keep("скан.pdf", b"%PDF-1.7 scan"),
        "deal.title": "Другая",
        "@act": act,
        "@deal": DEAL,
    }
    action, effect, _ = here.do("field", "field.set", facts, **params)
    assert state(here, act, DEAL) != before
    assert here.undo(action, effect, act) == act
    assert state(here, act, DEAL) == before
    writes = here.gateway.cost.writes
    assert here.undo(action, effect, act) == act
    assert here.gateway.cost.writes == writes


@pytest.mark.parametrize("what", ["refusal", "scan"])
def test_nothing_is_restored_over_another_persons_value(here: World, what: str) -> None:
    act = new_act(here)[2]
    facts = facts_of(here)
    facts.rows[act] = here.setup.map.decode("act", here.row(1044, act))
    ours = {"refusal": "наше", "scan": here.contents.keep("a.pdf", b"%PDF-1.7 a")}
    params = {"act.signed": True, f"act.{what}": ours[what], "@act": act}
    action, effect, _ = here.do("field", "field.set", facts, **params)
    person = Person(here.portal, 6)
    if what == "scan":
        person.attach(1044, int(act.id), "ufCrm12Scan", "b.pdf", b"%PDF-1.7 b")
    else:
        person.update(1044, int(act.id), {"ufCrm12Refusal": "чужое"})
    before = state(here, act)
    found = here.undo(action, effect, act)
    assert isinstance(found, Undecided)
    assert f"{act} {what}" in found.reason
    assert state(here, act) == before


def test_what_was_not_known_or_was_a_file_cannot_be_restored(here: World) -> None:
    act = new_act(here)[2]
    facts = facts_of(here)
    facts.rows[act] = {}
    action, effect = here.plan("field", "field.set", facts, **{"act.signed": True, "@act": act})
    assert action.undo(effect, act) is None
    facts.rows[act] = {"scan": here.contents.keep("a.pdf", b"%PDF-1.7 a")}
    new = here.contents.keep("b.pdf", b"%PDF-1.7 b")
    action, effect = here.plan("field", "field.set", facts, **{"act.scan": new, "@act": act})
    assert action.undo(effect, act) is None


def test_a_deal_goes_back_only_from_where_the_step_put_it(here: World) -> None:
    facts = facts_of(here)
    before = state(here, DEAL)
    action, effect, _ = here.do("deal", "deal.move", facts, deal=DEAL, stage="documents_sent")
    assert here.undo(action, effect, DEAL) == DEAL
    assert state(here, DEAL) == before
    assert here.undo(action, effect, DEAL) == DEAL
    here.do("deal", "deal.move", facts, deal=DEAL, stage="documents_sent")
    Person(here.portal, 6).move(2, int(DEAL.id), "C4:UC_PAID")
    found = here.undo(action, effect, DEAL)
    assert isinstance(found, Undecided)
    assert "invoice_paid" in found.reason
    assert here.row(2, DEAL)["stageId"] == "C4:UC_PAID"


def test_an_issued_act_is_cancelled_and_keeps_its_number(here: World) -> None:
    action, effect, act = new_act(here)
    number = here.row(1044, act)["ufCrm12Number"]
    for _ in range(2):
        assert here.undo(action, effect, act) == act
    row = here.row(1044, act)
    assert (row["ufCrm12Cancelled"], row["ufCrm12Number"]) == ("Y", number)
    assert action.frees(act, facts_with(here, act))


def facts_with(here: World, act: Item) -> Any:
    facts = facts_of(here)
    facts.rows[act] = here.setup.map.decode("act", here.row(1044, act))
    return facts


def test_a_signed_act_is_not_cancelled(here: World) -> None:
    action, effect, act = new_act(here)
    Person(here.portal, 6).update(1044, int(act.id), {"ufCrm12Signed": "Y"})
    found = here.undo(action, effect, act)
    assert isinstance(found, Undecided)
    assert "signed" in found.reason
    assert here.row(1044, act)["ufCrm12Cancelled"] != "Y"


def test_an_act_that_is_gone_is_left_gone(here: World) -> None:
    action, effect, act = new_act(here)
    here.gateway.send([here.setup.map.delete("gone", act)])
    assert here.undo(action, effect, act) == act


def test_an_invoice_is_unmarked_then_cancelled(here: World) -> None:
    facts = facts_of(here)
    issue, issued, invoice = here.do("invoice", "invoice.issue", facts, deal=DEAL, stage_no=Decimal(1))
    before = state(here, invoice)
    facts.rows[invoice] = here.setup.map.decode("invoice", here.row(31, invoice))
    facts.rows[DEAL]["invoices"] = (invoice,)
    mark, marked, _ = here.do("invoice", "invoice.mark_paid", facts, deal=DEAL, source="manual")
    assert isinstance(here.undo(issue, issued, invoice), Undecided)  # paid: somebody has worked with it
    for _ in range(2):
        assert here.undo(mark, marked, None) == invoice
        assert state(here, invoice) == before
    assert here.undo(issue, issued, invoice) == invoice
    assert here.setup.map.decode("invoice", here.row(31, invoice))["cancelled"] is True


def contract(here: World, **fields: Any) -> tuple[Action, Effect, Item]:
    wanted = {"entity": "contract", "match": {"number": "Д-999"}, "set": fields}
    action, effect, made = here.do("item", "item.ensure", facts_of(here), **wanted)
    return action, effect, made


def test_an_item_that_the_step_made_is_deleted(here: World) -> None:
    action, effect, made = contract(here, title="Договор")
    assert here.undo(action, effect, made) == made
    listed = here.gateway.send([here.setup.map.read("gone", made, tolerate=frozenset({"NOT_FOUND"}))])[0]
    assert listed.error == "NOT_FOUND"
    assert here.undo(action, effect, made) == made


def test_an_item_that_was_there_or_was_changed_stays(here: World) -> None:
    _, _, made = contract(here, title="Договор")
    facts = facts_of(here)
    facts.now = facts.now.replace(year=2027)  # another event finds it
    wanted = {"entity": "contract", "match": {"number": "Д-999"}, "set": {"title": "Другой"}}
    later, second, found = here.do("item", "item.ensure", facts, **wanted)
    assert found == made
    assert isinstance(here.undo(later, second, made), Undecided)
    action, effect = here.plan(
        "item", "item.ensure", facts_of(here), **{**wanted, "set": {"title": "Договор"}}
    )
    reason = here.undo(action, effect, made)
    assert isinstance(reason, Undecided)
    assert "title" in reason.reason
    assert here.row(1046, made)["title"] == "Другой"


def folder_at(here: World, *names: str, year: int = 2026) -> tuple[Action, Effect, Item]:
    facts = facts_of(here)
    facts.now = facts.now.replace(year=year)
    path = Path(tuple(Segment(name) for name in names))
    action, effect, folder = here.do("disk", "disk.ensure_folder", facts, path=path)
    return action, effect, folder


def is_in_bin(here: World, folder: Item) -> bool:
    row = here.portal.store.get("disk", int(folder.id))
    assert row is not None
    return bool(row["DELETED_TYPE"])


def test_folders_that_the_step_made_go_to_the_bin_as_far_as_they_are_empty(here: World) -> None:
    action, effect, folder = folder_at(here, "Проба", "2026", "Акт 1")
    above = Item("folder", str(here.portal.store.get("disk", int(folder.id))["PARENT_ID"]))  # type: ignore[index]
    other, other_effect, neighbour = folder_at(here, "Проба", "2026", "Акт 2", year=2027)
    assert here.undo(action, effect, folder) == folder
    assert (is_in_bin(here, folder), is_in_bin(here, above)) == (True, False)
    assert here.undo(other, other_effect, neighbour) == neighbour
    assert is_in_bin(here, neighbour)
    # Now that it is empty, the folder above goes with whoever made it.
    assert here.undo(action, effect, folder) == folder
    assert is_in_bin(here, above)


def test_a_folder_that_was_there_or_holds_something_stays(here: World) -> None:
    action, effect, folder = folder_at(here, "Проба")
    later, later_effect, same = folder_at(here, "Проба", year=2027)
    assert same == folder
    assert isinstance(here.undo(later, later_effect, folder), Undecided)
    facts = facts_of(here)
    scan = here.contents.keep("скан.pdf", b"%PDF-1.7 one")
    facts.rows[folder] = dict(effect.details)
    here.do("disk", "disk.save_file", facts, folder=folder, file=scan)
    found = here.undo(action, effect, folder)
    assert isinstance(found, Undecided)
    assert "лежит" in found.reason
    assert not is_in_bin(here, folder)


def test_a_file_that_the_step_stored_goes_to_the_bin(here: World) -> None:
    _, made, folder = folder_at(here, "Проба")
    facts = facts_of(here)
    facts.rows[folder] = dict(made.details)
    scan = here.contents.keep("скан.pdf", b"%PDF-1.7 one")
    action, effect = here.plan("disk", "disk.save_file", facts, folder=folder, file=scan)
    here.break_off(action, effect, "disk.folder.uploadfile", DOUBTFUL)
    stored: Any = here.gateway.drive(action.commands(effect))  # found again, and still this step's own
    facts.now = facts.now.replace(year=2027)
    later, later_effect, same = here.do("disk", "disk.save_file", facts, folder=folder, file=scan)
    assert same == stored
    assert isinstance(here.undo(later, later_effect, stored), Undecided)
    for _ in range(2):
        assert here.undo(action, effect, stored) == stored
        assert is_in_bin(here, Item("file", stored.source.removeprefix("disk:")))


def test_a_post_is_deleted_and_the_notices_are_said_to_stay(here: World) -> None:
    facts = facts_of(here)
    here.engine.key = "ours"
    action, effect, post = here.do("notify", "feed.post", facts, text="Закрыта", deal=DEAL)
    for _ in range(2):
        assert here.undo(action, effect, post) == post
        assert [row for row in here.posts() if str(row["ID"]) == post] == []
    to = facts.field(DEAL, "manager")
    notify, told, ids = here.do("notify", "notify", facts, to=to, text="Готово", feed=True, deal=DEAL)
    found = here.undo(notify, told, ids)
    assert isinstance(found, Undecided)
    assert str(to) in found.reason
    assert [row for row in here.posts() if str(row["ID"]) == ids[-1]] == []
