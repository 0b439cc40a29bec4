"""`verify` on a portal over HTTP: whatever was ignored or altered is found and named with its likely cause."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine import Action, Discrepancy, Effect, Item, Path, Segment, Setup, Value
from engine.emulator.faults import Fault, Request
from engine.emulator.person import Person
from engine.language.types import FieldSpec
from engine.portal.map import PortalMap
from tests.plugins.action_case import Table, action_of, rub
from tests.plugins.portal_case import DEAL, World, facts_of, here

__all__ = ["here"]


def rebound(setup: Setup, entity: str, name: str, **changes: Any) -> Setup:
    """The setup with one field of the map bound otherwise: a mistake of whoever wrote the map."""
    world = setup.map.world
    spec = world.entities[entity]
    field: FieldSpec = replace(spec.fields[name], **changes)
    spec = replace(spec, fields={**spec.fields, name: field})
    portal: PortalMap = replace(setup.map, world=replace(world, entities={**world.entities, entity: spec}))
    return replace(setup, map=portal)


def dropping(here: World, *codes: str) -> None:
    """The portal takes updates, answers success and leaves these fields as they were."""

    def plan(seen: Request) -> Fault | None:
        is_hit = seen.method == "crm.item.update" and set(codes) & set(seen.fields)
        return Fault(goes_through=True, drops=frozenset(codes)) if is_hit else None

    here.portal.faults = here.portal.command_faults = plan


def new_act(here: World) -> tuple[Item, Table]:
    facts = facts_of(here)
    act: Item = here.do("act", "act.issue", facts, deal=DEAL)[2]
    facts.rows[act] = here.setup.map.decode("act", here.row(1044, act))
    return act, facts


def set_and_verify(here: World, act: Item, facts: Table, **fields: Value) -> dict[str, Discrepancy]:
    action = action_of("field", "field.set", here.setup)
    effect = action.effect({**{f"act.{name}": value for name, value in fields.items()}, "@act": act}, facts)
    assert isinstance(effect, Effect), effect
    here.gateway.drive(action.commands(effect))
    return {one.field: one for one in here.gateway.drive(action.verify(effect, act))}


def test_a_field_dropped_in_silence_is_named_and_the_others_are_not(here: World) -> None:
    act, facts = new_act(here)
    dropping(here, "ufCrm12Refusal")
    found = set_and_verify(here, act, facts, refusal="нет", signed=True)
    assert list(found) == ["refusal"]
    assert (found["refusal"].meant, found["refusal"].found) == ("нет", "None")
    assert "нет права" in found["refusal"].cause.ru
    assert "no right" in found["refusal"].cause.en


def test_a_read_only_field(here: World) -> None:
    act, facts = new_act(here)
    here.setup = rebound(here.setup, "act", "refusal", binding={"field": "createdTime"})
    (found,) = set_and_verify(here, act, facts, refusal="нет").values()
    assert "только для чтения" in found.cause.ru
    assert "createdTime" in found.cause.en


def test_a_field_of_another_type(here: World) -> None:
    act, facts = new_act(here)
    day = here.setup.map.world.entities["act"].fields["date"].binding
    here.setup = rebound(here.setup, "act", "signed_at", binding=day)
    (found,) = set_and_verify(here, act, facts, signed_at=facts.now).values()
    assert "другого типа (date)" in found.cause.ru


def test_a_value_that_the_portals_list_lacks(here: World) -> None:
    act, facts = new_act(here)
    here.setup = rebound(here.setup, "act", "form", codes={"scan": "46", "paper": "9999"})
    dropping(here, "ufCrm12Form")
    (found,) = set_and_verify(here, act, facts, form="paper").values()
    assert "нет значения 9999 (paper)" in found.cause.ru


def test_a_required_field_that_cannot_be_emptied(here: World) -> None:
    act, facts = new_act(here)
    assert set_and_verify(here, act, facts, refusal="нет") == {}
    for row in here.portal.store.rows("userfield"):
        if row["fieldName"] == "UF_CRM_12_REFUSAL":
            here.portal.store.put("userfield", int(str(row["id"])), {**row, "mandatory": "Y"})
    facts.rows[act]["refusal"] = "нет"
    dropping(here, "ufCrm12Refusal")
    (found,) = set_and_verify(here, act, facts, refusal=None).values()
    assert "обязательное" in found.cause.ru


def planned_refusal(here: World, act: Item, facts: Table, text: str) -> tuple[Action, Effect]:
    action, effect = here.plan("field", "field.set", facts, **{"act.refusal": text, "@act": act})
    here.gateway.drive(action.commands(effect))
    return action, effect


def test_somebody_was_faster(here: World) -> None:
    act, facts = new_act(here)
    action, effect = planned_refusal(here, act, facts, "наше")
    Person(here.portal, 6).update(1044, int(act.id), {"ufCrm12Refusal": "чужое"})
    (found,) = here.gateway.drive(action.verify(effect, act))
    assert "user/6" in found.cause.ru
    assert (found.meant, found.found) == ("наше", "чужое")


def test_a_text_cut_short(here: World) -> None:
    act, facts = new_act(here)
    action, effect = planned_refusal(here, act, facts, "а" * 300)
    here.gateway.send([here.setup.map.update("cut", act, {"refusal": "а" * 255})])
    (found,) = here.gateway.drive(action.verify(effect, act))
    assert "255 знаков из 300" in found.cause.ru


def test_a_stage_of_another_pipeline(here: World) -> None:
    facts = facts_of(here)
    action, effect = here.plan("deal", "deal.move", facts, deal=DEAL, stage="documents_sent")
    support = here.setup.map.world.pipelines["support"]
    stage = next(iter(support.stages.values()))
    Person(here.portal, 6).update(
        2, int(DEAL.id), {"categoryId": int(support.category), "stageId": stage.code}
    )
    (found,) = here.gateway.drive(action.verify(effect, DEAL))
    assert f"направлении «{support.title}»" in found.cause.ru
    assert (found.field, found.found) == ("stage", stage.name)


def test_a_deal_that_did_not_move(here: World) -> None:
    facts = facts_of(here)
    action, effect = here.plan("deal", "deal.move", facts, deal=DEAL, stage="documents_sent")
    dropping(here, "stageId")
    here.gateway.drive(action.commands(effect))
    (found,) = here.gateway.drive(action.verify(effect, DEAL))
    assert (found.field, found.meant, found.found) == ("stage", "documents_sent", facts.field(DEAL, "stage"))


def test_nothing_amiss_costs_one_read(here: World) -> None:
    act, facts = new_act(here)
    action, effect = planned_refusal(here, act, facts, "нет")
    before = here.gateway.cost
    assert here.gateway.drive(action.verify(effect, act)) == ()
    assert (here.gateway.cost.requests - before.requests, here.gateway.cost.reads - before.reads) == (1, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"price": 1.0}, "Строка 1"), ({"productName": "Другое"}, "Строка 1"), (None, "другое число строк")],
)
def test_lines_that_somebody_changed(here: World, change: dict[str, object] | None, words: str) -> None:
    facts = facts_of(here)
    action, effect, act = here.do("act", "act.issue", facts, deal=DEAL)
    owner = {"ownerType": "T414", "ownerId": int(act.id)}
    condition = {f"={name}": value for name, value in owner.items()}
    rows: Any = here.gateway.client.call("crm.item.productrow.list", {"filter": condition}, writes=False)[
        "result"
    ]
    lines = [dict(row) for row in rows["productRows"]]
    lines = [{**lines[0], **change}, *lines[1:]] if change else [*lines, lines[0]]
    bare = [{name: value for name, value in one.items() if name != "id"} for one in lines]
    here.gateway.client.call("crm.item.productrow.set", {**owner, "productRows": bare}, writes=True)
    found = [one for one in here.gateway.drive(action.verify(effect, act)) if one.field == "lines"]
    assert [words in one.cause.ru for one in found] == [True]


def test_a_post_that_was_cut_or_is_gone(here: World) -> None:
    facts = facts_of(here)
    here.engine.key = "ours"
    action, effect, post = here.do("notify", "feed.post", facts, text="Закрыта", deal=DEAL)
    row = here.portal.store.get("post", int(post))
    assert row is not None
    here.portal.store.put("post", int(post), {**row, "DETAIL_TEXT": "Закры"})
    (found,) = here.gateway.drive(action.verify(effect, post))
    assert "обрезал" in found.cause.ru
    here.portal.store.remove("post", int(post))
    (found,) = here.gateway.drive(action.verify(effect, post))
    assert "не видно" in found.cause.ru
    (found,) = here.gateway.drive(action.verify(effect, ""))
    assert "номер" in found.cause.ru


def test_a_sum_that_the_rows_overwrote(here: World) -> None:
    facts = facts_of(here)
    action, effect = here.plan("field", "field.set", facts, **{"deal.amount": rub("1.00"), "@deal": DEAL})
    dropping(here, "opportunity")
    here.gateway.drive(action.commands(effect))
    (found,) = here.gateway.drive(action.verify(effect, DEAL))
    assert (found.item, found.field, found.meant) == (str(DEAL), "amount", "1.00 RUB")


def test_a_file_and_a_folder_in_the_bin(here: World) -> None:
    facts = facts_of(here)
    path = Path((Segment("Проба"),))
    ensure, ensured, folder = here.do("disk", "disk.ensure_folder", facts, path=path)
    facts.rows[folder] = dict(ensured.details)
    scan = here.contents.keep("скан.pdf", b"%PDF-1.7 one")
    save, saved, stored = here.do("disk", "disk.save_file", facts, folder=folder, file=scan)
    (found,) = here.gateway.drive(save.verify(saved, replace(stored, size=5)))
    assert "другого размера (12 байт)" in found.cause.ru
    number = int(stored.source.removeprefix("disk:"))
    here.gateway.client.call("disk.file.markDeleted", {"id": number}, writes=True)
    (found,) = here.gateway.drive(save.verify(saved, stored))
    assert "файл переместили в корзину" in found.cause.ru
    here.gateway.client.call("disk.folder.markDeleted", {"id": int(folder.id)}, writes=True)
    (found,) = here.gateway.drive(ensure.verify(ensured, folder))
    assert "папку переместили в корзину" in found.cause.ru
    (found,) = here.gateway.drive(ensure.verify(ensured, Item("folder", "99999")))
    assert "удалили" in found.cause.ru
