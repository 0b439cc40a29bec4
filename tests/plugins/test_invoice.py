"""`invoice.issue` and `invoice.mark_paid`: enough is enough, and a person's word is a payment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine import FieldChange, Item, ItemChange, Money, Pending, Undecided
from tests.plugins.action_case import DEAL, Spoken, action_of, child, deal_facts, make_setup, planned, rub

issue = action_of("invoice", "invoice.issue")
mark = action_of("invoice", "invoice.mark_paid")


@pytest.mark.parametrize(
    ("plan", "invoices", "stage", "amount"),
    [
        (None, [], 1, "48500.00"),
        ("30 %, 70 %", [], 1, "14550.00"),
        ("30 %, 70 %", [("14550.00", False)], 1, None),
        ("30 %, 70 %", [("14550.00", True)], 1, "14550.00"),
        ("30 %, 70 %", [("14550.00", False)], 2, "33950.00"),
        ("30 %, 70 %", [("48500.00", False)], 2, None),  # all asked for at once
        ("30 %, 70 %", [("14549.99", False)], 1, "14550.00"),
        ("30 %, 70 %", [("10000.00", False), ("4550.00", False)], 1, None),
    ],
)
def test_part_n_where_the_live_invoices_are_less(
    plan: str | None, invoices: list[tuple[str, bool]], stage: int, amount: str | None
) -> None:
    facts = deal_facts(stage_plan=plan)
    for at, (sum_, is_cancelled) in enumerate(invoices):
        child(facts, "invoice", at, amount=rub(sum_), cancelled=is_cancelled)
    effect = planned(issue, facts, deal=DEAL, stage_no=Decimal(stage))
    if amount is None:
        assert effect.nothing_to_do is not None
        assert effect.changes == ()
        return
    (change,) = effect.changes
    assert isinstance(change, ItemChange)
    assert change.fields["amount"] == rub(amount)
    assert change.fields["number"] == Pending("invoice/new-1.number")
    assert change.fields["paid"] == rub("0.00")
    assert "stage_no" not in change.fields


def test_with_vat_on_top_the_sums_compared_are_what_is_paid() -> None:
    action = action_of("invoice", "invoice.issue", make_setup(included=False))
    facts = deal_facts()
    child(facts, "invoice", 1, amount=rub("48500.00"))
    assert planned(action, facts, deal=DEAL, stage_no=Decimal(1)).changes
    child(facts, "invoice", 2, amount=rub("10670.00"))
    assert planned(action, facts, deal=DEAL, stage_no=Decimal(1)).nothing_to_do is not None


@pytest.mark.parametrize(
    ("stage", "fields"),
    [
        (Decimal(2), {}),
        (None, {}),
        (Undecided("act.stage_no"), {}),
        (Decimal(1), {"invoices": Undecided("deal.invoices")}),
        (Decimal(1), {"stage_plan": "10, 20"}),
    ],
)
def test_what_is_not_known_is_undecided(stage: Any, fields: dict[str, Any]) -> None:
    assert isinstance(issue.effect({"deal": DEAL, "stage_no": stage}, deal_facts(**fields)), Undecided)


def test_an_invoice_of_unknown_sum_or_other_currency_is_undecided() -> None:
    for amount in (Undecided("invoice.amount"), Money(Decimal(5), "USD")):
        facts = deal_facts()
        child(facts, "invoice", 1, amount=amount)
        assert isinstance(issue.effect({"deal": DEAL, "stage_no": Decimal(1)}, facts), Undecided)


def test_the_number_is_written_to_account_number() -> None:
    portal = Spoken(
        {
            "engine.number.take": "СЧ-2026/007",
            "crm.item.add": {"item": {"id": 9}},
            "crm.item.productrow.set": {"productRows": []},
        }
    )
    effect = planned(issue, deal_facts(), deal=DEAL, stage_no=Decimal(1))
    assert portal.drive(issue.commands(effect)) == Item("invoice", "9")
    written = portal.params("crm.item.add")[0]
    assert written["entityTypeId"] == 31
    assert written["fields"]["accountNumber"] == "СЧ-2026/007"
    assert portal.params("crm.item.productrow.set")[0]["ownerType"] == "SI"


def test_the_probe_wants_the_steps_own_number() -> None:
    effect = planned(issue, deal_facts(), deal=DEAL, stage_no=Decimal(1))
    row = {
        "id": 9,
        "title": "Реестр актов",
        "opportunity": 48500.0,
        "currencyId": "RUB",
        "accountNumber": "СЧ-2026/044",
    }
    bare = {**row, "accountNumber": ""}
    for rows, found in (
        ([row], Item("invoice", "9")),
        ([{**row, "accountNumber": "СЧ-2026/045"}], None),
        ([{**bare, "title": "другой"}], None),
        ([{**bare, "opportunity": 1}], None),
    ):
        portal = Spoken(
            {
                "engine.number.take": "СЧ-2026/044",
                "crm.item.list": {"items": rows},
                "crm.item.productrow.list": {"productRows": []},
                "crm.item.productrow.set": {},
            }
        )
        assert portal.drive(issue.probe("k", effect)) == found
    unsure = Spoken({"engine.number.take": "СЧ-2026/044", "crm.item.list": {"items": [bare]}})
    assert isinstance(unsure.drive(issue.probe("k", effect)), Undecided)


def test_every_live_invoice_is_marked_paid_in_full() -> None:
    facts = deal_facts()
    first = child(facts, "invoice", 1, amount=rub("100.00"), paid=None, paid_source=None)
    second = child(facts, "invoice", 2, amount=rub("50.00"), paid=rub("20.00"), paid_source="manual")
    child(facts, "invoice", 3, amount=rub("70.00"), paid=rub("70.00"), paid_source="bank")
    child(facts, "invoice", 4, amount=rub("70.00"), paid=None, paid_source=None, cancelled=True)
    effect = planned(mark, facts, deal=DEAL, source="manual")
    assert effect.changes == (
        FieldChange(first, "paid", None, rub("100.00")),
        FieldChange(first, "paid_source", None, "manual"),
        FieldChange(second, "paid", rub("20.00"), rub("50.00")),
    )
    portal = Spoken({"crm.item.update": {"item": {"id": 1}}})
    portal.drive(mark.commands(effect))
    assert portal.rounds == [["crm.item.update"] * 2]
    paid = "ufCrm_SMART_INVOICE_1747310001"
    assert [one["fields"][paid] for one in portal.params("crm.item.update")] == ["100.00|RUB", "50.00|RUB"]


def test_nothing_to_mark_is_said() -> None:
    facts = deal_facts()
    assert planned(mark, facts, deal=DEAL, source="manual").nothing_to_do is not None
    child(facts, "invoice", 1, amount=rub("1.00"), paid=rub("2.00"), paid_source="bank")
    assert planned(mark, facts, deal=DEAL, source="manual").nothing_to_do is not None
    child(facts, "invoice", 2, amount=rub("1.00"))
    assert isinstance(mark.effect({"deal": DEAL, "source": "manual"}, facts), Undecided)
