"""A letter from the portal's own card: as the emulated portal takes, keeps, sends and refuses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import Undecided
from engine.emulator.mailbox import read_mails
from engine.language.values import File, Item
from tests.plugins.action_case import Table
from tests.plugins.document_case import Store, load_plugin
from tests.plugins.portal_case import DEAL, DOUBTFUL, LOST, World, facts_of, here
from tests.runtime.service_case import running

__all__ = ["here"]
RULES = """
ruleset: test
title: Проверка
rules:
  - id: write
    title: Пишем клиенту
    triggers:
      - changed: deal.title
    actions:
      - mail.send:
          to: [docs@client.example, second@client.example]
          subject: Акт по сделке ${deal.title}
          text: Здравствуйте!
          about: ${deal}
          via: portal
        as: sent
        key: letter ${deal.id} ${deal.title}
      - notify: {to: "${deal.manager}", text: "Отправлено: ${len(sent)}"}
"""
mail = load_plugin("mail")


def given(here: World, **more: Any) -> tuple[Table, dict[str, Any]]:
    here.engine.key = "letter 118"
    params = {"to": "docs@client.example", "subject": "Акт № А-2026/043", "via": "portal", "about": DEAL}
    return facts_of(here), {**params, "text": "Здравствуйте!\n\n<b>Акт</b> во вложении.", **more}


def activities(here: World) -> list[dict[str, Any]]:
    return [dict(row) for row in here.portal.store.rows("activity") if row["TYPE_ID"] == 4]


def letters(here: World) -> list[dict[str, Any]]:
    return [dict(row) for row in read_mails(here.portal.store)]


def test_the_letter_goes_out_and_stands_in_the_card(here: World) -> None:
    file = here.contents.keep("Акт № А-2026-043.pdf", b"%PDF-1.7")
    facts, params = given(here, attachments=(file,))
    before = len(activities(here))
    action, effect, rows = here.do("mail", "mail.send", facts, **params)
    assert [(row.get("address"), row.get("status")) for row in rows] == [("docs@client.example", "accepted")]
    [activity] = activities(here)[before:]
    assert (activity["OWNER_TYPE_ID"], activity["OWNER_ID"]) == (2, int(DEAL.id))
    [letter] = letters(here)
    assert (letter["subject"], letter["to"]) == ("Акт № А-2026/043", ["docs@client.example"])
    assert "&lt;b&gt;Акт&lt;/b&gt; во вложении." in letter["text"]
    assert [(one["name"], one["size"]) for one in letter["attachments"]] == [("Акт № А-2026-043.pdf", 8)]
    # What the step gives is known without another letter, and a second time sends none.
    assert action.perform(effect, Store(key="letter 118")) == rows
    here.gateway.drive(action.commands(effect))
    assert len(letters(here)) == 1


def test_each_recipient_gets_a_letter_of_his_own(here: World) -> None:
    facts, params = given(here, to=("a@client.example", "b@client.example"))
    here.do("mail", "mail.send", facts, **params)
    assert [one["to"] for one in letters(here)] == [["a@client.example"], ["b@client.example"]]


def test_a_lost_answer_is_found_by_looking_and_no_letter_goes_twice(here: World) -> None:
    facts, params = given(here)
    action, effect = here.plan("mail", "mail.send", facts, **params)
    assert here.probe(action, effect, "letter 118") is None
    here.break_off(action, effect, "crm.activity.add", DOUBTFUL)
    found = here.probe(action, effect, "letter 118")
    assert isinstance(found, tuple)
    here.gateway.drive(action.commands(effect))
    assert len(letters(here)) == 1


def test_a_lost_request_sent_nothing(here: World) -> None:
    facts, params = given(here)
    action, effect = here.plan("mail", "mail.send", facts, **params)
    here.break_off(action, effect, "crm.activity.add", LOST)
    assert here.probe(action, effect, "letter 118") is None
    here.gateway.drive(action.commands(effect))
    assert len(letters(here)) == 1


def test_a_letter_that_the_portal_refuses_leaves_no_card_behind(here: World) -> None:
    manager = facts_of(here).field(DEAL, "manager")
    assert isinstance(manager, Item)
    row = dict(here.portal.store.get("user", int(manager.id)) or {})
    here.portal.store.put("user", int(manager.id), row | {"EMAIL": ""})
    facts, params = given(here)
    before = len(activities(here))
    action, effect = here.plan("mail", "mail.send", facts, **params)
    # The test's copy of the plugin is not the one that raises.
    with pytest.raises(Exception, match=r'Email send error\. "From" is not found') as caught:
        here.gateway.drive(action.commands(effect))
    assert getattr(caught.value, "retry", None) is False
    assert len(activities(here)) == before
    assert here.probe(action, effect, "letter 118") is None


@pytest.mark.parametrize("about", [None, Item("user", "5")], ids=["nothing", "no card"])
def test_without_a_card_there_is_nothing_to_send_from(here: World, about: Item | None) -> None:
    facts, params = given(here, about=about)
    found = mail.Send(here.setup.mail, {"deal": 2}).effect(params, facts)
    assert isinstance(found, Undecided)
    assert 'about: "${deal}"' in found.reason


def test_another_way_is_no_way(here: World) -> None:
    facts, params = given(here, via="fax", attachments=(File("a.pdf"),))
    found = mail.Send(here.setup.mail).effect(params, facts)
    assert isinstance(found, Undecided)
    assert found.reason == "mail.send.via: smtp или portal"


def test_the_running_engine_sends_by_the_portal(tmp_path: Path) -> None:
    with running(tmp_path, RULES) as live:
        live.person.update(2, 118, {"title": "Письмо из карточки"})
        live.settle()
        [run] = [one for one in live.runs() if one.steps]
        assert [step.status for step in run.steps] == ["done", "done"], run.steps
        assert [one["to"] for one in read_mails(live.portal.store)] == [
            ["docs@client.example"],
            ["second@client.example"],
        ]
        assert "Отправлено: 2" in str(live.portal.store.rows("notice")[-1]["MESSAGE"])
