"""`item.ensure`: found, completed, created; never a choice between two."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engine import Item, ItemChange, PluginError, Undecided
from tests.plugins.action_case import CLIENT, Spoken, action_of, deal_facts, planned

ensure = action_of("item", "item.ensure")
NUMBER, SIGNED = "ufCrm13Number", "ufCrm13Signedbyus"


def effect(**params: Any) -> Any:
    given: dict[str, Any] = {
        "entity": "contract",
        "match": {"number": "Д-17", "counterparty": CLIENT},
        "set": {"date": date(2026, 3, 1), "signed_by_us": True},
    }
    return planned(ensure, deal_facts(), **{**given, **params})


def portal(*rows: dict[str, Any]) -> Spoken:
    answer = {"item": {"id": 9}}
    return Spoken({"crm.item.list": {"items": list(rows)}, "crm.item.add": answer, "crm.item.update": answer})


def test_the_effect_shows_the_item_with_all_fields() -> None:
    (change,) = effect().changes
    assert isinstance(change, ItemChange)
    assert change.item == Item("contract", "new-1")
    assert list(change.fields) == ["number", "counterparty", "date", "signed_by_us"]


@pytest.mark.parametrize(
    "params",
    [
        {"entity": "contrakt"},
        {"match": {}},
        {"match": {"number": None}},
        {"match": {"nomer": "1"}},
        {"set": {"id": "5"}},
        {"match": {"number": Undecided("deal.contract.number")}},
        {"match": "Д-17"},
        {"set": {"signed_by_us": "да"}},
    ],
)
def test_what_cannot_be_ensured_is_undecided(params: dict[str, Any]) -> None:
    given = {"entity": "contract", "match": {"number": "Д-17"}, "set": {}, **params}
    assert isinstance(ensure.effect(given, deal_facts()), Undecided)


def test_a_missing_item_is_created() -> None:
    spoken = portal()
    assert spoken.drive(ensure.commands(effect())) == Item("contract", "9")
    assert spoken.params("crm.item.list")[0]["filter"] == {f"={NUMBER}": "Д-17", "=companyId": 12}
    assert spoken.params("crm.item.add")[0]["fields"][NUMBER] == "Д-17"


@pytest.mark.parametrize(("signed", "written"), [("N", [{SIGNED: "Y"}]), ("Y", [])])
def test_a_found_item_gets_only_what_differs(signed: str, written: list[dict[str, str]]) -> None:
    row = {"id": 9, NUMBER: "Д-17", SIGNED: signed, "ufCrm13Date": "2026-03-01T03:00:00+03:00"}
    spoken = portal(row)
    assert spoken.drive(ensure.commands(effect())) == Item("contract", "9")
    assert [one["fields"] for one in spoken.params("crm.item.update")] == written


def test_two_that_match_are_a_persons_to_sort_out() -> None:
    with pytest.raises(PluginError, match="больше одного"):
        portal({"id": 1}, {"id": 2}).drive(ensure.commands(effect()))


def test_a_yes_no_filter_is_a_number() -> None:
    spoken = portal()
    spoken.drive(ensure.commands(effect(match={"signed_by_us": True})))
    assert spoken.params("crm.item.list")[0]["filter"] == {f"={SIGNED}": 1}
