"""`field.set`: one update an item, no writing of what is there, and a read-back that names the cause."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine import FieldChange, File, Item, Pending, Undecided
from tests.plugins.action_case import DEAL, NOW, Spoken, action_of, child, deal_facts, planned, rub

fields = action_of("field", "field.set")
ACT = Item("act", "43")


def facts(**act: Any) -> Any:
    table = deal_facts()
    child(
        table,
        "act",
        43,
        **{"signed": False, "signed_at": None, "title": "Реестр", "stage_no": Decimal(1), **act},
    )
    return table


def test_only_what_differs_changes() -> None:
    effect = planned(
        fields, facts(), **{"act.signed": True, "act.title": "Реестр", "act.signed_at": NOW, "@act": ACT}
    )
    assert effect.changes == (
        FieldChange(ACT, "signed", False, True),
        FieldChange(ACT, "signed_at", None, NOW),
    )


def test_all_equal_is_nothing_to_do() -> None:
    effect = planned(fields, facts(), **{"act.signed": False, "@act": ACT})
    assert effect.nothing_to_do is not None
    assert effect.changes == ()


def test_a_number_is_not_a_yes() -> None:
    assert planned(fields, facts(), **{"act.stage_no": True, "@act": ACT}).changes


def test_an_unknown_former_value_is_written_and_shown_as_unknown() -> None:
    effect = planned(fields, facts(), **{"act.refusal": "нет", "@act": ACT})
    assert effect.changes == (FieldChange(ACT, "refusal", Undecided("act.refusal"), "нет"),)
    assert fields.undo(effect, None) is None


def test_undecided_value_item_or_stage_is_undecided() -> None:
    assert fields.effect({"act.signed": Undecided("x"), "@act": ACT}, facts()) == Undecided("x")
    assert fields.effect({"act.signed": True}, facts()) == Undecided("act")
    found = fields.effect({"deal.stage": "lost", "@deal": DEAL}, facts())
    assert isinstance(found, Undecided)
    assert "deal.move" in found.reason


def test_a_pending_value_passes_whole() -> None:
    number = Pending("act/new-1.number")
    effect = planned(fields, facts(), **{"act.title": number, "@act": ACT})
    assert effect.changes == (FieldChange(ACT, "title", "Реестр", number),)


def test_the_same_file_is_not_written_again() -> None:
    file = File("a.pdf", 3, "pdf", "aa", "kept:aa")
    table = facts(document=File("a.pdf", sha256="aa", source="portal:1044/43/x/7"))
    assert planned(fields, table, **{"act.document": file, "@act": ACT}).nothing_to_do is not None
    assert planned(fields, table, **{"act.document": File("b.pdf", sha256="bb"), "@act": ACT}).changes


def test_one_update_an_item_and_one_request_for_all() -> None:
    params = {"act.signed": True, "act.title": "Акт", "deal.title": "Сделка", "@act": ACT, "@deal": DEAL}
    effect = planned(fields, facts(), **params)
    portal = Spoken({"crm.item.update": {"item": {"id": 1}}})
    portal.drive(fields.commands(effect))
    assert portal.rounds == [["crm.item.update"] * 2]
    assert [one["fields"] for one in portal.params("crm.item.update")] == [
        {"ufCrm12Signed": "Y", "title": "Акт"},
        {"title": "Сделка"},
    ]


def test_the_read_back_names_the_likely_cause() -> None:
    params = {
        "act.signed": True,
        "act.refusal": "нет",
        "act.vat": rub("1.00"),
        "act.title": "Акт",
        "@act": ACT,
    }
    row = {
        "id": 43,
        "ufCrm12Signed": "N",
        "ufCrm12Vat": "",
        "title": "Акт",
        "opportunity": 1,
        "currencyId": "RUB",
    }
    portal = Spoken({"crm.item.get": {"item": row}})
    found = portal.drive(fields.verify(planned(fields, facts(), **params), ACT))
    assert [one.field for one in found] == ["signed", "refusal", "vat"]
    assert "держит другое значение" in found[0].cause.ru
    assert "нет поля ufCrm12Refusal" in found[1].cause.ru
    assert "не принял значение" in found[2].cause.ru
    assert portal.rounds == [["crm.item.get"], ["crm.item.fields", "profile"]]


def test_a_planned_items_other_fields_are_empty() -> None:
    new = Item("act", "new-1")
    effect = planned(fields, facts(), **{"act.title": "Акт", "@act": new})
    assert effect.changes == (FieldChange(new, "title", None, "Акт"),)
