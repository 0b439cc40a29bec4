"""The facts of every shipped document: one small office, whose papers the tests read and the pictures show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from engine import Effect, File, Item, Value
from tests.plugins.document_case import (
    ACT,
    BUYER,
    CONTRACT,
    DEAL,
    NOW,
    SELLER,
    Store,
    Table,
    demo_facts,
    load_plugin,
    make_setup,
    rub,
)

document = load_plugin("document")
INVOICE, SECOND, OLD_ACT = Item("invoice", "31"), Item("invoice", "32"), Item("act", "41")
OWN: Mapping[str, Mapping[str, object]] = {"document": {"payment_due": "5 рабочих дней", "city": "Москва"}}


def office() -> Table:
    """The act of `demo_facts` with its invoices, its contract, and an act of the winter before."""
    facts = demo_facts()
    tied: dict[str, Value] = {"deal": DEAL, "contract": CONTRACT, "client": BUYER, "own_company": SELLER}
    facts.rows[ACT] |= {
        "signed": False,
        "refusal": None,
        "cancelled": False,
        "sent_at": datetime(2026, 3, 2, 12, 0, tzinfo=NOW.tzinfo),
        "due_at": datetime(2026, 3, 9, 23, 59, 59, tzinfo=NOW.tzinfo),
    }
    facts.rows[OLD_ACT] = {
        **facts.rows[ACT], "number": "А-2026/007", "date": date(2026, 1, 30), "signed": True,
        "amount": rub("65900.00"), "vat": rub("11883.61"),
    }  # fmt: skip
    facts.rows[INVOICE] = {
        **tied, **{name: facts.rows[ACT][name] for name in ("lines", "vat", "amount", "stage_no")},
        "number": "СЧ-2026/044", "date": date(2026, 3, 2), "title": "Кастомизация CRM, этап 2 из 2",
        "paid": rub("50000.00"), "paid_at": date(2026, 3, 10), "cancelled": False,
    }  # fmt: skip
    facts.rows[SECOND] = {
        **tied, "number": "СЧ-2026/008", "date": date(2026, 1, 21), "title": "Кастомизация CRM, этап 1 из 2",
        "amount": rub("65900.00"), "paid": rub("65900.00"), "paid_at": date(2026, 2, 4), "cancelled": False,
        "lines": (), "vat": rub("11883.61"), "stage_no": None,
    }  # fmt: skip
    facts.rows[CONTRACT] |= {
        "kind": "client", "counterparty": BUYER, "own_company": SELLER, "title": "Договор с ООО «Ёлочка и Ко»",
        "subject": "Настройка и доработка CRM Битрикс24 под процессы Заказчика", "prolong": True,
        "valid_from": date(2026, 1, 20), "valid_to": date(2026, 12, 31),
    }  # fmt: skip
    facts.rows[SELLER] |= {
        "in_person": "генерального директора Соколовой Елены Викторовны",
        "authority": "Устава",
    }
    facts.rows[BUYER] |= {"in_person": "директора Щербакова Игоря Юрьевича", "authority": "Устава"}
    return facts


PAPERS: Mapping[str, tuple[Item, Mapping[str, Value]]] = {
    "act": (ACT, {}),
    "invoice": (INVOICE, {}),
    "reminder": (INVOICE, {"due": date(2026, 3, 20)}),
    "claim": (INVOICE, {"acts": (OLD_ACT,)}),
    "one_sided_act": (ACT, {}),
    "contract": (CONTRACT, {"amount": rub("219750.50")}),
    "reconciliation": (
        BUYER,
        {"acts": (OLD_ACT, ACT), "invoices": (SECOND, INVOICE), "from": date(2026, 1, 1), "to": date(2026, 3, 31)},
    ),
}  # fmt: skip


def planned(template: str, facts: Table | None = None, /, **given: Any) -> Any:
    """What the action says of a paper; `given` overrides parameters, `setup` those of the company."""
    setup = {"own": OWN, **given.pop("setup", {})}
    item, options = PAPERS[template]
    params = {"template": template, "item": item, **options, **given}
    return document.Render(make_setup(**setup)).effect(params, facts or office())


def made(template: str, facts: Table | None = None, /, **given: Any) -> tuple[Effect, bytes, File]:
    """The paper itself, without a number of its own series."""
    effect = planned(template, facts, **given)
    assert isinstance(effect, Effect), effect
    assert effect.nothing_to_do is None, effect.nothing_to_do
    action = document.Render(make_setup(**{"own": OWN, **given.get("setup", {})}))
    store = Store()
    file = action.perform(effect, store)
    return effect, store.kept[file.name], file
