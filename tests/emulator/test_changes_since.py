"""What tells a latecomer that something changed: times and names of writers, and the history of stages."""

from __future__ import annotations

from datetime import timedelta

import pytest


@pytest.fixture
def later(portal):
    """The portal's time, an hour on."""

    def wait():
        return portal.clock.advance(timedelta(hours=1)).isoformat(timespec="seconds")

    return wait


def ids(api, kind, filter_, **more):
    answer = api.call("crm.item.list", entityTypeId=kind, filter=filter_, start=-1, **more)
    assert (answer["total"], "next" in answer) == (0, False)
    return [item["id"] for item in answer["result"]["items"]]


def item(api, kind, number):
    return api.result("crm.item.get", entityTypeId=kind, id=number)["item"]


@pytest.mark.parametrize(("kind", "number"), [(2, 7), (31, 9), (1044, 5)])
def test_an_update_moves_the_time_and_names_the_writer(api, person, later, kind, number):
    mark = later()
    assert ids(api, kind, {">=updatedTime": mark}) == []
    person.update(kind, number, {"title": "Рукой"})
    assert ids(api, kind, {">=updatedTime": mark}) == [number]
    assert item(api, kind, number)["updatedBy"] == 2
    second = later()
    assert ids(api, kind, {">updatedTime": second}) == []
    api.result("crm.item.update", entityTypeId=kind, id=number, fields={"title": "Вебхуком"})
    assert ids(api, kind, {">=updatedTime": second}) == [number]
    assert item(api, kind, number)["updatedBy"] == 1
    assert number not in ids(api, kind, {"<updatedTime": second})
    assert ids(api, kind, {">=updatedTime": mark, "<updatedTime": second}) == []


@pytest.mark.parametrize(
    ("kind", "number", "stages"),
    [(2, 7, ("C4:UC_WORK", "C4:UC_DOCS")), (31, 9, ("DT31_8:S", "DT31_8:P")), (1044, 5, ("DT1044_12:SENT", "DT1044_12:SUCCESS"))],
)  # fmt: skip
def test_a_move_has_its_own_time_and_writer(api, person, later, kind, number, stages):
    mark = later()
    person.move(kind, number, stages[0])
    moved = item(api, kind, number)
    assert (moved["movedBy"], moved["movedTime"] >= mark) == (2, True)
    second = later()
    api.result("crm.item.update", entityTypeId=kind, id=number, fields={"title": "Не движение"})
    assert ids(api, kind, {">=movedTime": second}) == []
    assert ids(api, kind, {">=movedTime": mark, "<movedTime": second}) == [number]
    api.result("crm.item.update", entityTypeId=kind, id=number, fields={"stageId": stages[1]})
    assert ids(api, kind, {">movedTime": mark, ">=movedTime": second}) == [number]
    assert item(api, kind, number)["movedBy"] == 1


@pytest.mark.parametrize(("owner", "kind", "number"), [("D", 2, 7), ("SI", 31, 9), ("T414", 1044, 5)])
def test_rows_of_goods_move_the_owners_time(api, later, owner, kind, number):
    mark = later()
    rows = [{"productName": "Работа", "price": 100, "quantity": 1}]
    api.result("crm.item.productrow.set", ownerType=owner, ownerId=number, productRows=rows)
    assert ids(api, kind, {">=updatedTime": mark}) == [number]
    assert item(api, kind, number)["updatedBy"] == 1


def test_a_payment_moves_its_invoices_time(person, api, later):
    mark = later()
    person.pay(3)
    assert ids(api, 31, {">=updatedTime": mark}) == [9]
    assert item(api, 31, 9)["updatedBy"] == 2


def test_the_old_methods_move_it_too(api, later):
    mark = later()
    api.result("crm.deal.update", id=12, fields={"TITLE": "По-старому"})
    api.result(
        "crm.deal.productrows.set", id=14, rows=[{"PRODUCT_NAME": "Работа", "PRICE": 5, "QUANTITY": 1}]
    )
    assert ids(api, 2, {">=updatedTime": mark}) == [12, 14]
    rows = api.result("crm.deal.list", filter={">=DATE_MODIFY": mark}, select=["ID", "MODIFY_BY_ID"])
    assert [(row["ID"], row["MODIFY_BY_ID"]) for row in rows] == [("12", "1"), ("14", "1")]


def test_times_of_another_zone_and_days_are_understood(api, later, person):
    later()
    person.update(2, 3, {"title": "Иначе"})
    assert ids(api, 2, {">=updatedTime": "2026-03-16T07:00:00+00:00"}) == [3]
    assert 3 in ids(api, 2, {">=updatedTime": "2026-03-16"})
    assert ids(api, 2, {">=updatedTime": "2026-03-17"}) == []


def test_all_that_changed_is_read_by_ids_without_counting(api, person, later):
    mark = later()
    for number in range(1, 61):
        person.update(2, number, {"title": f"Новая {number}"})
    found, last = [], 0
    while True:
        part = ids(
            api, 2, {">=updatedTime": mark, ">id": last}, order={"id": "ASC"}, select=["id", "updatedTime"]
        )
        found += part
        if len(part) < 50:
            break
        last = part[-1]
    assert found == list(range(1, 61))
    newest = ids(api, 2, {">=updatedTime": mark}, order={"updatedTime": "DESC", "id": "DESC"})
    assert newest[0] == 60


def history(api, kind, filter_=None, **more):
    return api.call("crm.stagehistory.list", entityTypeId=kind, filter=filter_ or {}, **more)


@pytest.mark.parametrize(
    ("kind", "number", "stages"),
    [(2, 7, ["C4:UC_WORK", "C4:UC_DOCS", "C4:WON"]), (31, 9, ["DT31_8:S", "DT31_8:P"]), (1044, 5, ["DT1044_12:SENT", "DT1044_12:FAIL"])],
)  # fmt: skip
def test_every_stage_passed_is_in_the_history(api, person, later, kind, number, stages):
    other = person.add(kind, {"title": "Чужая"})["id"]
    marks = []
    for stage in stages:
        marks.append(later())
        person.move(kind, number, stage)
    rows = history(api, kind, {"OWNER_ID": number}, order={"ID": "ASC"})["result"]["items"]
    assert [row["STAGE_ID"] for row in rows] == stages
    assert [row["TYPE_ID"] for row in rows] == [2] * (len(stages) - 1) + [3]
    assert {row["OWNER_ID"] for row in rows} == {number}
    assert history(api, kind, {"OWNER_ID": str(number)})["result"]["items"] == rows
    both = history(api, kind, {"@OWNER_ID": [str(number), other]})
    assert both["total"] == len(stages) + 1
    since = history(api, kind, {"OWNER_ID": number, ">=CREATED_TIME": marks[-1]})["result"]["items"]
    assert [row["STAGE_ID"] for row in since] == stages[-1:]
    after = history(api, kind, {"OWNER_ID": number, ">CREATED_TIME": rows[0]["CREATED_TIME"]})["result"][
        "items"
    ]
    assert after == rows[1:]
    assert history(api, kind, {">ID": rows[-1]["ID"]})["result"]["items"] == []
    newest = history(api, kind, {"OWNER_ID": number}, order={"ID": "DESC"})["result"]["items"]
    assert newest == rows[::-1]


def test_the_history_of_one_kind_holds_no_other(api, person):
    person.move(31, 9, "DT31_8:P")
    person.move(2, 9, "C4:WON")
    assert [row["STAGE_ID"] for row in history(api, 31, {"OWNER_ID": 9})["result"]["items"]] == ["DT31_8:P"]
    assert [row["STAGE_ID"] for row in history(api, 2, {"OWNER_ID": 9})["result"]["items"]] == ["C4:WON"]


def test_the_history_has_pages_selection_and_a_way_without_counting(api, person):
    for number in range(1, 61):
        person.move(2, number, "C4:UC_DOCS")
    first = history(api, 2, order={"ID": "ASC"})
    assert (len(first["result"]["items"]), first["total"], first["next"]) == (50, 60, 50)
    rest = history(api, 2, order={"ID": "ASC"}, start=50)
    assert (len(rest["result"]["items"]), "next" in rest) == (10, False)
    last = first["result"]["items"][-1]["ID"]
    quick = history(api, 2, {">ID": str(last)}, order={"ID": "ASC"}, start=-1, select=["ID", "STAGE_ID"])
    assert quick["total"] == 0
    assert [set(row) for row in quick["result"]["items"]] == [{"ID", "STAGE_ID"}] * 10


def test_the_history_may_print_its_numbers_as_a_live_portal_did(api, portal, person):
    person.move(2, 7, "C4:UC_DOCS")
    portal.set_policies(stage_history="text")
    (row,) = history(api, 2, {"OWNER_ID": 7})["result"]["items"]
    assert {name: row[name] for name in ("TYPE_ID", "OWNER_ID", "CATEGORY_ID")} == {
        "TYPE_ID": "2",
        "OWNER_ID": "7",
        "CATEGORY_ID": "4",
    }
    assert row["ID"].isdigit()


def test_a_stage_changed_twice_between_two_readings_leaves_both(api, person):
    person.move(2, 7, "C4:UC_DOCS")
    person.move(2, 7, "C4:NEW")
    rows = history(api, 2, {"OWNER_ID": 7}, order={"ID": "ASC"})["result"]["items"]
    assert [row["STAGE_ID"] for row in rows] == ["C4:UC_DOCS", "C4:NEW"]
