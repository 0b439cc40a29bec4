"""`engine.portal.setting_up` and `making`: a bare portal gets what the map names, once, and nothing else is touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.emulator.company import demo_company, empty_company
from engine.portal.making import Maker
from engine.portal.setting_up import TYPES
from tests.portal.twin_case import EXAMPLE, bare_company, running_twin, webhook, world_of

FOLDERS = ("Акты выполненных работ", "Договоры")


def maker_of(twin, text=EXAMPLE, folders=FOLDERS) -> Maker:
    return Maker(twin.gateway, world_of(text), folders, "common")


def carry_out(maker):
    told = []
    return maker.carry_out(lambda wish, error: told.append((wish.mark, error.code if error else ""))), told


def everything(portal):
    names = ("type", "category", "status", "userfield", "object")
    return {name: portal.store.rows(name) for name in names}


@pytest.fixture
def twin():
    with running_twin(bare_company()) as found:
        yield found


def test_a_bare_portal_gets_all_that_the_map_names(twin):
    is_whole, told = carry_out(maker_of(twin))
    assert is_whole
    assert [mark for mark, _ in told[:3]] == ["contract", "act", "customisation"]
    types = {row["title"]: row for row in twin.portal.store.rows("type")}
    assert types["Акты"]["entityTypeId"] == 1044
    assert types["Акты"]["isLinkWithProductsEnabled"] == "Y"
    assert types["Договоры"]["isLinkWithProductsEnabled"] == "N"
    deal_tab = {"entityTypeId": 2, "isChildrenListEnabled": True}
    assert deal_tab in types["Акты"]["relations"]["parent"]
    assert {one["entityTypeId"] for one in types["Договоры"]["relations"]["child"]} == {2}
    assert "parentId1046" in twin.picture().kinds[2].fields
    rows = twin.client.call("disk.folder.getchildren", {"id": 1})["result"]
    assert {row["NAME"] for row in rows} == set(FOLDERS)


def test_after_the_numbers_are_taken_over_the_map_and_the_portal_agree(twin):
    carry_out(maker_of(twin))
    text = twin.pull(EXAMPLE).text
    world = world_of(text)
    assert [spec.title for spec in list(world.pipelines["customisation"].stages.values())[-2:]] == [
        "Успешная, запрошен отзыв",
        "Проиграна",
    ]
    assert set(world.entities["act"].fields) == set(world_of(EXAMPLE).entities["act"].fields)
    assert twin.pull(text).differences == ()
    titles = twin.picture().kinds[1044].fields[world.entities["act"].fields["form"].binding["field"]].options
    assert titles[world.entities["act"].fields["form"].codes["paper"]] == "Бумажный оригинал"


def test_a_second_time_there_is_nothing_to_make(twin):
    carry_out(maker_of(twin))
    before = everything(twin.portal)
    again = maker_of(twin)  # with the old numbers still in the map
    plan = again.plan()
    assert (plan.wishes, plan.later, plan.by_hand) == ([], [], [])
    assert carry_out(again) == (True, [])
    assert everything(twin.portal) == before


def test_a_portal_that_has_everything_is_not_touched():
    with running_twin(demo_company()) as twin:
        before = everything(twin.portal)
        assert carry_out(maker_of(twin, folders=("Акты выполненных работ",))) == (True, [])
        assert everything(twin.portal) == before


def test_the_empty_company_lacks_its_folders_alone():
    with running_twin(empty_company()) as twin:
        assert carry_out(maker_of(twin)) == (True, [(f"folder {name}", "") for name in FOLDERS])
        assert carry_out(maker_of(twin)) == (True, [])


def test_an_interrupted_set_up_goes_on(twin):
    first = maker_of(twin)
    wishes = [wish for wish in first.plan().wishes if wish.round == TYPES][:1]
    first.gateway.send([wish.command for wish in wishes])
    is_whole, told = carry_out(maker_of(twin))
    assert is_whole
    assert "contract" not in {mark for mark, _ in told}
    assert len(twin.portal.store.rows("type")) == 2


def test_a_number_that_is_taken_gives_way_to_the_portals_own():
    strange = {"id": 7, "entityTypeId": 1044, "title": "Заявки", "isStagesEnabled": "N"}
    with running_twin(replace(bare_company(), types=(strange,))) as twin:
        assert carry_out(maker_of(twin))[0]
        text = twin.pull(EXAMPLE).text
        acts = next(row for row in twin.portal.store.rows("type") if row["title"] == "Акты")
        assert world_of(text).entities["act"].type_id == acts["entityTypeId"] != 1044
        assert "zayavki" in world_of(text).entities
        assert twin.pull(text).differences == ()
        assert next(row for row in twin.portal.store.rows("type") if row["id"] == 7)["title"] == "Заявки"


def test_without_rights_each_refusal_is_told_and_nothing_is_made():
    with running_twin(webhook(bare_company(), user="5")) as twin:
        before = everything(twin.portal)
        is_whole, told = carry_out(maker_of(twin, folders=()))
        assert not is_whole
        assert told
        assert {code for _, code in told} <= {"ACCESS_DENIED", "INVALID_CREDENTIALS", ""}
        assert everything(twin.portal) == before


def test_what_is_switched_off_or_untied_is_a_persons_affair(twin):
    carry_out(maker_of(twin))
    row = next(row for row in twin.portal.store.rows("type") if row["title"] == "Акты")
    with twin.portal.change():
        twin.portal.store.put("type", row["id"], {**row, "isMycompanyEnabled": "N", "relations": {}})
    plan = maker_of(twin).plan()
    assert plan.wishes == []
    said = " ".join(one.what.ru + (one.mend.ru if one.mend else "") for one in plan.by_hand)
    assert "mycompanyId" in said
    assert "isMycompanyEnabled" in said
    assert "parentId2" in said


def test_a_stage_missing_in_a_pipeline_that_was_there_is_not_added():
    with running_twin(demo_company()) as twin:
        with twin.portal.change():
            row = next(row for row in twin.portal.store.rows("status") if row["STATUS_ID"] == "C4:UC_PAID")
            twin.portal.store.remove("status", int(str(row["ID"])))
        plan = maker_of(twin, folders=()).plan()
        assert plan.wishes == []
        assert ["Счет оплачен" in one.what.ru for one in plan.by_hand] == [True]
