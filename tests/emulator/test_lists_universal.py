"""Universal lists: codes as keys, values with ids, an update that overwrites, dates in the portal's form."""

from __future__ import annotations

from base64 import b64encode

import pytest

FILE = ["скан.pdf", b64encode(b"%PDF").decode()]


@pytest.fixture
def register(api):
    """A list with a field of every kind that matters; gives its parameters and the fields' names."""
    place = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": "acts"}
    place["IBLOCK_ID"] = api.result("lists.add", **place, FIELDS={"NAME": "Реестр актов"})
    fields = {
        kind: api.result(
            "lists.field.add", **place, FIELDS={"NAME": kind, "CODE": kind, "TYPE": kind, **more}
        )
        for kind, more in {
            "S": {"MULTIPLE": "Y"},
            "N": {},
            "S:Date": {},
            "S:DateTime": {},
            "F": {"MULTIPLE": "Y"},
            "L": {"LIST_TEXT_VALUES": "Да\nНет"},
        }.items()
    }
    return place, fields


def test_an_element_is_written_read_and_found(api, register):
    place, named = register
    given = {
        "NAME": "Акт 1",
        named["S"]: ["1269", "1271"],
        named["S:DateTime"]: "2024-12-31 23:59:59",
        named["N"]: 10,
    }
    number = api.result("lists.element.add", **place, ELEMENT_CODE="act-1", FIELDS=given)
    assert isinstance(number, int)
    (row,) = api.result("lists.element.get", **place, ELEMENT_ID=number)
    assert (row["ID"], row["CODE"], row["CREATED_BY"]) == (str(number), "act-1", "1")
    assert list(row[named["S"]].values()) == ["1269", "1271"]
    assert list(row[named["S:DateTime"]].values()) == ["31.12.2024 23:59:59"]
    body = api.call(
        "lists.element.get", **place, FILTER={f"={named['S']}": "1271"}, SELECT=["ID", named["N"]]
    )
    assert body["total"] == 1
    assert list(body["result"][0][named["N"]].values()) == ["10"]
    assert named["S"] not in body["result"][0]
    assert api.call("lists.element.get", **place, FILTER={f"={named['S']}": "9"})["total"] == 0


def test_a_code_is_taken_once(api, register):
    place, _ = register
    api.result("lists.element.add", **place, ELEMENT_CODE="act-1", FIELDS={"NAME": "x"})
    assert api.refusal("lists.element.add", **place, ELEMENT_CODE="act-1", FIELDS={"NAME": "y"})[1] == (
        "ERROR_ELEMENT_ALREADY_EXISTS"
    )
    assert (
        api.refusal("lists.element.add", **place, FIELDS={"NAME": "y"})[1]
        == "ERROR_REQUIRED_PARAMETERS_MISSING"
    )


def test_an_update_clears_what_is_not_sent_but_files(api, register):
    place, named = register
    given = {"NAME": "Акт 1", named["S"]: ["a"], named["F"]: {"n0": FILE, "n1": FILE}}
    number = api.result("lists.element.add", **place, ELEMENT_CODE="1", FIELDS=given)
    (before,) = api.result("lists.element.get", **place, ELEMENT_ID=number)
    assert api.result("lists.element.update", **place, ELEMENT_ID=number, FIELDS={"NAME": "Акт 2"}) is True
    (after,) = api.result("lists.element.get", **place, ELEMENT_ID=number)
    assert (after["NAME"], named["S"] in after) == ("Акт 2", False)
    assert after[named["F"]] == before[named["F"]]
    first, second = after[named["F"]]
    changes = {"NAME": "Акт 2", f"{named['F']}_DEL": {first: "Y"}}
    api.result("lists.element.update", **place, ELEMENT_ID=number, FIELDS=changes)
    (last,) = api.result("lists.element.get", **place, ELEMENT_ID=number)
    assert list(last[named["F"]]) == [second]
    (link,) = api.result("lists.element.get.file.url", **place, ELEMENT_ID=number, FIELD_ID=named["F"])
    assert link.startswith(f"/company/lists/{place['IBLOCK_ID']}/file/0/{number}/")


def test_a_file_cannot_be_given_by_its_id(api, register):
    place, named = register
    refusal = api.refusal("lists.element.add", **place, ELEMENT_CODE="1", FIELDS={"NAME": "x", named["F"]: 5})
    assert refusal == (400, "ERROR_ELEMENT_FIELD_VALUE", "Writing file values by ID is not supported")


def test_dates_follow_the_policy(api, portal, register):
    portal.set_policies(list_dates="en")
    place, named = register
    given = {"NAME": "x", named["S:DateTime"]: "2024-12-31T23:59:59", named["S:Date"]: "2024-12-31"}
    number = api.result("lists.element.add", **place, ELEMENT_CODE="1", FIELDS=given)
    (row,) = api.result("lists.element.get", **place, ELEMENT_ID=number)
    assert list(row[named["S:DateTime"]].values()) == ["12/31/2024 11:59:59 pm"]
    assert list(row[named["S:Date"]].values()) == ["12/31/2024"]


def test_fields_are_described_with_their_values(api, register):
    place, named = register
    shown = api.result("lists.field.get", **place, FIELD_ID=named["L"])["L"]
    assert list(shown["DISPLAY_VALUES_FORM"].values()) == ["Да", "Нет"]
    option = next(iter(shown["DISPLAY_VALUES_FORM"]))
    number = api.result(
        "lists.element.add", **place, ELEMENT_CODE="1", FIELDS={"NAME": "x", named["L"]: option}
    )
    assert api.refusal(
        "lists.element.update", **place, ELEMENT_ID=number, FIELDS={"NAME": "x", named["L"]: "0"}
    )[1] == ("ERROR_ELEMENT_FIELD_VALUE")
    assert set(api.result("lists.field.get", **place)) == {"NAME", *named.values()}


def test_a_field_needs_a_code_of_its_own(api, register):
    place, _ = register
    for more, text in (({}, "Please fill the code fields"), ({"CODE": "S"}, "Property already exists")):
        given = {"NAME": "x", "TYPE": "S", **more}
        assert api.refusal("lists.field.add", **place, FIELDS=given) == (400, "ERROR_SAVE_FIELD", text)


def test_lists_are_listed_and_go_with_what_is_in_them(api, portal, register):
    place, _ = register
    api.result("lists.element.add", **place, ELEMENT_CODE="1", FIELDS={"NAME": "x"})
    (row,) = api.result("lists.get", IBLOCK_TYPE_ID="lists")
    assert (row["ID"], row["CODE"], row["NAME"]) == (str(place["IBLOCK_ID"]), "acts", "Реестр актов")
    assert api.result("lists.get", IBLOCK_TYPE_ID="bitrix_processes") == []
    assert api.result("lists.delete", **place) is True
    assert not portal.store.rows("element")
    assert not portal.store.rows("listfield")
    assert api.refusal("lists.element.get", **place)[1] == "ERROR_IBLOCK_NOT_FOUND"
