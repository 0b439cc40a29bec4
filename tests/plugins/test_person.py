"""`person.ask` and `person.withdraw`: whom a question reaches, how it is put, and that it is put once."""

from __future__ import annotations

from typing import Any

import pytest

from engine import Action, CallChange, Effect, File, Item, NoticeChange, Undecided
from engine.language.load import load_regulation
from tests.plugins.action_case import (
    DEAL,
    MANAGER,
    WORLD,
    Spoken,
    Table,
    action_of,
    deal_facts,
    load_plugin,
    make_setup,
    planned,
)

ask, withdraw = action_of("person", "person.ask"), action_of("person", "person.withdraw")
GONE, HEAD = Item("user", "8"), Item("user", "1")
ASKED: dict[str, Any] = {"to": MANAGER, "about": "stamp", "item": DEAL, "question": "Есть печать?"}
FILE = File("скан.pdf", 10, "pdf", "ab" * 32)


def facts() -> Table:
    table = deal_facts()
    table.rows[GONE] = {"active": False, "name": "Пётр Лапин"}
    table.rows[HEAD] = {"active": True}
    return table


def portal(**answers: Any) -> Spoken:
    return Spoken({"im.notify.system.add": 7, "engine.question.ask": 12, **answers})


@pytest.mark.parametrize("action", [ask, withdraw], ids=lambda action: action.name)
def test_the_example_loads_and_the_action_says_what_it_is(action: Action) -> None:
    lines = "\n".join("      " + row for row in action.example.splitlines())
    text = (
        f"ruleset: p\nrules:\n  - id: one\n    triggers: [{{changed: deal.stage}}]\n    actions:\n{lines}\n"
    )
    _, found = load_regulation({"p.yaml": text.encode()}, WORLD, {action.name: action}, {})
    assert not [one for one in found if one.is_error], found
    assert "\n\n" in (action.__doc__ or "")
    assert all(param.doc.endswith(".") for param in action.parameters.values())


def test_a_question_is_put_into_the_queue_and_then_told() -> None:
    effect = planned(ask, facts(), **ASKED, choices=("да", "нет", "спросить клиента"), file=FILE)
    call, notice = effect.changes
    assert call == CallChange("person", "вопрос «stamp»: Есть печать? (да / нет / спросить клиента)")
    assert notice == NoticeChange(MANAGER, "Есть печать?")
    spoken = portal()
    assert spoken.drive(ask.commands(effect)) == "12"
    [put] = spoken.params("engine.question.ask")
    assert (put["item"], put["about"], put["asked"]) == ("deal/118", "stamp", [MANAGER.id])
    assert (put["choices"], put["file"], put["sha256"]) == (
        ["да", "нет", "спросить клиента"],
        "скан.pdf",
        "ab" * 32,
    )
    [told] = spoken.params("im.notify.system.add")
    assert "engine queue answer 12 да" in told["MESSAGE"]
    assert "https://demo.example/crm/deal/details/118/" in told["MESSAGE"]
    assert spoken.rounds[-2:] == [["engine.question.ask"], ["im.notify.system.add"]]


def test_what_comes_from_outside_makes_no_link_of_its_own() -> None:
    effect = planned(ask, facts(), **{**ASKED, "question": "Печать [URL=https://evil.example]тут[/URL]?"})
    spoken = portal()
    spoken.drive(ask.commands(effect))
    assert "[URL=https://evil" not in spoken.params("im.notify.system.add")[0]["MESSAGE"]


def test_an_earlier_try_is_found_in_the_queue_and_told_again() -> None:
    effect = planned(ask, facts(), **ASKED)
    spoken = portal(**{"engine.question.find": 12})
    assert spoken.drive(ask.probe("k", effect)) == "12"
    assert len(spoken.params("im.notify.system.add")) == 1
    nothing = portal(**{"engine.question.find": None})
    assert nothing.drive(ask.probe("k", effect)) is None
    assert nothing.params("im.notify.system.add") == []


def test_one_who_left_is_stood_in_for() -> None:
    own = action_of("person", "person.ask", make_setup(notify={"fallback": "1"}))
    effect = planned(own, facts(), **{**ASKED, "to": (GONE, HEAD)})
    assert effect.details["people"] == (HEAD,)
    assert effect.warnings
    nobody = planned(ask, facts(), **{**ASKED, "to": GONE})
    assert nobody.details["people"] == ()
    assert any("вопрос ждёт в очереди" in one.ru for one in nobody.warnings)
    spoken = portal()
    assert spoken.drive(ask.commands(nobody)) == "12"
    assert spoken.params("im.notify.system.add") == []


@pytest.mark.parametrize(
    "params",
    [
        {"choices": ("да",)},
        {"choices": ("да", "Да")},
        {"choices": ("да", "")},
        {"choices": tuple(map(str, range(11)))},
        {"item": None},
        {"item": Item("act", "new-1")},
        {"question": "  "},
        {"about": Undecided("x")},
        {"to": Undecided("x")},
        {"file": Undecided("x")},
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_undecided(params: dict[str, Any]) -> None:
    assert isinstance(ask.effect({**ASKED, **params}, facts()), Undecided)


def test_withdrawing_and_taking_back() -> None:
    effect = planned(withdraw, facts(), item=DEAL, about="stamp")
    spoken = portal(**{"engine.question.withdraw": 1})
    assert spoken.drive(withdraw.commands(effect)) == "1"
    assert spoken.params("engine.question.withdraw") == [{"item": "deal/118", "about": "stamp"}]
    assert withdraw.undo(effect, "1") is None
    asked: Effect = planned(ask, facts(), **ASKED)
    undo = ask.undo(asked, "12")
    assert undo is not None
    answered = portal(**{"engine.question.withdraw": 0, "engine.question.state": "answered"})
    assert isinstance(answered.drive(undo), Undecided)
    undo = ask.undo(asked, "12")
    assert undo is not None
    assert portal(**{"engine.question.withdraw": 1, "engine.question.state": "withdrawn"}).drive(undo) is None


def test_the_event_is_declared_for_every_kind_of_item() -> None:
    declared = load_plugin("person").reglament_events()["person.answered"]
    assert declared["answer"] == "any"
    assert declared["person"] == "user"
    assert {"deal", "act", "invoice", "contract", "company"} <= set(declared)
