"""`act.issue`: which stage, what the act says, how an earlier try is known again."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from engine import Effect, Item, ItemChange, Pending, Ref, Row, Undecided
from tests.plugins.action_case import (
    CLIENT,
    COMPANY,
    DEAL,
    MANAGER,
    NOW,
    ZONE,
    Spoken,
    Table,
    action_of,
    child,
    deal_facts,
    make_setup,
    planned,
    rub,
)

issue = action_of("act", "act.issue")
NEW = Item("act", "new-1")


def fields_of(effect: Effect) -> dict[str, Any]:
    (change,) = effect.changes
    assert isinstance(change, ItemChange)
    assert change.item == NEW == effect.result
    return dict(change.fields)


def test_the_act_of_a_one_stage_deal() -> None:
    fields = fields_of(planned(issue, deal_facts(), deal=DEAL))
    lines = fields.pop("lines")
    assert fields == {
        "number": Pending("act/new-1.number"),
        "date": NOW.date(),
        "title": "Реестр актов",
        "amount": rub("48500.00"),
        "vat": rub("8745.90"),
        "deal": DEAL,
        "own_company": COMPANY,
        "client": CLIENT,
        "contract": None,
        "manager": MANAGER,
        "stage_no": Decimal(1),
        "form": "scan",
        "due_at": datetime(2026, 3, 20, 23, 59, 59, tzinfo=ZONE),
        "signed": False,
        "cancelled": False,
    }
    assert [row.get("name") for row in lines] == ["Настройка", "Обучение"]


@pytest.mark.parametrize(
    ("plan", "acts", "stage", "amount"),
    [
        ("30 %, 70 %", [], 1, "14550.00"),
        ("30 %, 70 %", [(1, False)], 2, "33950.00"),
        ("30 %, 70 %", [(2, False)], 1, "14550.00"),
        ("30 %, 70 %", [(1, True), (2, False)], 1, "14550.00"),  # cancelling frees the stage
        ("20000, 28500", [(1, False)], 2, "28500"),
        (None, [(1, True)], 1, "48500.00"),
    ],
)
def test_the_lowest_stage_without_a_live_act(
    plan: Any, acts: list[tuple[int, bool]], stage: int, amount: str
) -> None:
    facts = deal_facts(stage_plan=plan)
    for at, (number, is_cancelled) in enumerate(acts):
        child(facts, "act", 40 + at, stage_no=Decimal(number), cancelled=is_cancelled)
    fields = fields_of(planned(issue, facts, deal=DEAL))
    assert (fields["stage_no"], fields["amount"]) == (Decimal(stage), rub(amount))
    if plan:
        assert fields["title"] == f"Реестр актов, этап {stage} из 2"
        (only,) = fields["lines"]
        assert (only.get("name"), only.get("amount")) == (fields["title"], fields["amount"])


def test_nothing_left_is_said() -> None:
    facts = deal_facts(stage_plan="30 %, 70 %")
    for at in (1, 2):
        child(facts, "act", at, stage_no=Decimal(at))
    effect = planned(issue, facts, deal=DEAL)
    assert effect.nothing_to_do is not None
    assert "Акты всех этапов (2)" in effect.nothing_to_do.ru
    assert effect.result is None


def test_an_act_without_a_stage_number_is_the_first() -> None:
    facts = deal_facts()
    child(facts, "act", 1, stage_no=None)
    assert planned(issue, facts, deal=DEAL).nothing_to_do is not None


def test_a_stage_asked_for() -> None:
    facts = deal_facts(stage_plan="30 %, 70 %")
    assert fields_of(planned(issue, facts, deal=DEAL, stage_no=Decimal(2)))["amount"] == rub("33950.00")
    assert isinstance(issue.effect({"deal": DEAL, "stage_no": Decimal(3)}, facts), Undecided)
    child(facts, "act", 1, stage_no=Decimal(2))
    assert planned(issue, facts, deal=DEAL, stage_no=Decimal(2)).nothing_to_do is not None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"stage_plan": "потом решим"}, "не читается"),
        ({"stage_plan": "30000, 20000"}, "сумму сделки"),
        ({"amount": None}, "не указана"),
        ({"client": None}, "клиента"),
        ({"own_company": None}, "юрлица"),
        ({"lines": Undecided("deal.lines")}, "deal.lines"),
        ({"acts": Undecided("deal.acts")}, "deal.acts"),
        (
            {"client": Undecided("deal.client"), "contract": Undecided("deal.contract")},
            "deal.client, deal.contract",
        ),
    ],
)
def test_what_the_act_must_show_and_nobody_knows(fields: dict[str, Any], reason: str) -> None:
    found = issue.effect({"deal": DEAL}, deal_facts(**fields))
    assert isinstance(found, Undecided)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("day", "included", "amount", "vat"),
    [
        (datetime(2025, 12, 31, 12, tzinfo=ZONE), True, "48500.00", "8083.33"),
        (datetime(2026, 1, 1, 0, 1, tzinfo=ZONE), True, "48500.00", "8745.90"),
        (datetime(2026, 1, 1, 0, 1, tzinfo=ZONE), False, "59170.00", "10670.00"),
        (datetime(2018, 5, 1, 12, tzinfo=ZONE), True, "48500.00", None),
    ],
)
def test_vat_by_the_date_of_the_act(day: datetime, *, included: bool, amount: str, vat: str | None) -> None:
    facts = deal_facts()
    facts.now = day
    fields = fields_of(
        planned(action_of("act", "act.issue", make_setup(included=included)), facts, deal=DEAL)
    )
    assert (fields["amount"], fields["vat"]) == (rub(amount), rub(vat) if vat else None)


def test_lines_that_do_not_add_up_become_one_with_a_warning() -> None:
    facts = deal_facts(amount=rub("50000.00"))
    effect = planned(issue, facts, deal=DEAL)
    assert len(effect.warnings) == 1
    assert len(fields_of(effect)["lines"]) == 1


def portal_with(rows: list[dict[str, Any]] | None = None) -> Spoken:
    return Spoken(
        {
            "engine.number.take": "А-2026/044",
            "crm.item.add": {"item": {"id": 77}},
            "crm.item.productrow.set": {"productRows": []},
            "crm.item.list": {"items": rows or []},
            "crm.item.productrow.list": {"productRows": []},
            "crm.item.update": {"item": {"id": 77}},
        }
    )


def test_the_number_first_then_the_act_and_its_lines_in_one_batch() -> None:
    portal = portal_with()
    assert portal.drive(issue.commands(planned(issue, deal_facts(), deal=DEAL))) == Item("act", "77")
    assert portal.rounds == [["engine.number.take"], ["crm.item.add", "crm.item.productrow.set"]]
    assert portal.params("engine.number.take")[0] == {
        "series": "act",
        "owner": "1",
        "year": 2026,
        "format": "А-{year}/{n:03}",
    }
    (written,), (rows,) = portal.params("crm.item.add"), portal.params("crm.item.productrow.set")
    assert written["entityTypeId"] == 1044
    assert written["fields"]["ufCrm12Number"] == "А-2026/044"
    assert written["fields"]["parentId2"] == 118
    assert written["fields"]["ufCrm12Vat"] == "8745.90|RUB"
    assert "parentId1046" not in written["fields"]
    assert rows["ownerId"] == Ref("create", ("item", "id"))
    assert [row["taxRate"] for row in rows["productRows"]] == ["22", "22"]


def act_row(
    number: int, stage: int, cancelled: str = "N", bears: str | None = "А-2026/044"
) -> dict[str, Any]:
    return {
        "id": number,
        "ufCrm12Stageno": stage,
        "ufCrm12Cancelled": cancelled,
        "ufCrm12Number": bears,
        "currencyId": "RUB",
    }


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], None),
        ([act_row(40, 1, bears="А-2026/040")], None),
        ([act_row(40, 1, bears="А-2026/040"), act_row(77, 1)], Item("act", "77")),
        ([act_row(77, 1, bears="А-2026/045")], None),  # a person's own act of the same stage
        ([act_row(77, 1, "Y")], Item("act", "77")),  # made and cancelled since: not to be made again
        ([act_row(77, 2, bears=None)], None),
        ([act_row(40, 1, bears=None)], None),  # known to the plan
        ([act_row(77, 1, bears=None)], Undecided),  # ours whose number the portal dropped, or a person's
        ([act_row(77, 1), act_row(78, 1)], Undecided),
    ],
)
def test_the_probe_finds_what_an_earlier_try_made(rows: list[dict[str, Any]], found: Any) -> None:
    facts = deal_facts()
    child(facts, "act", 40, stage_no=Decimal(1), cancelled=True)
    effect = planned(issue, facts, deal=DEAL)
    result = portal_with(rows).drive(issue.probe("act 118/1", effect))
    assert isinstance(result, Undecided) if found is Undecided else result == found


def test_the_probe_reads_every_page() -> None:
    pages = [[act_row(at, 1, bears=None) for at in range(start, start + 50)] for start in (100, 150)]
    pages.append([act_row(777, 1)])
    asked: list[Any] = []

    def answer(command: Any) -> Any:
        asked.append(command.params["filter"].get(">id"))
        return {"items": pages[len(asked) - 1]}

    portal = Spoken({**portal_with().replies, "crm.item.list": answer})
    assert portal.drive(issue.probe("k", planned(issue, deal_facts(), deal=DEAL))) == Item("act", "777")
    assert asked == [None, 149, 199]


def test_the_probe_completes_the_lines_that_an_earlier_try_did_not_reach() -> None:
    portal = portal_with([act_row(77, 1)])
    portal.drive(issue.probe("act 118/1", planned(issue, deal_facts(), deal=DEAL)))
    (rows,) = portal.params("crm.item.productrow.set")
    assert (rows["ownerId"], len(rows["productRows"])) == (77, 2)


def test_the_key_is_free_once_the_act_is_cancelled_or_gone() -> None:
    facts = deal_facts()
    live, dead = child(facts, "act", 1), child(facts, "act", 2, cancelled=True)
    assert [issue.frees(one, facts) for one in (live, dead, Item("act", "3"), None)] == [
        False,
        True,
        True,
        False,
    ]


def test_facts_without_the_deal_are_undecided() -> None:
    assert isinstance(issue.effect({"deal": DEAL}, Table({})), Undecided)
    assert issue.effect({}, deal_facts()) == Undecided("deal")
    assert isinstance(planned(issue, deal_facts(), deal=DEAL).details["fields"], Row)
