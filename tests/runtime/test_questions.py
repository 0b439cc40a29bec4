"""Questions to people: asked once, answered once, and what the answer sets going."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.emulator.company import story
from engine.emulator.faults import Fault, Request
from engine.emulator.person import Person
from engine.runtime.pending import Waiting, pending
from engine.runtime.questions import NotTaken, answer_question, find_question, list_questions
from tests.runtime.service_case import ACT, Live, open_service, running

RULES = """\
ruleset: scans
title: Проверка сканов
rules:
  - id: ask
    triggers: [{changed: act.scan}]
    conditions: [act.scan != empty]
    actions:
      - person.ask:
          to: ${deal.manager}
          about: stamp
          item: ${act}
          file: ${act.scan}
          question: "Есть ли на скане акта ${act.number} подпись и печать?"
        as: asked
        key: stamp ${act.id} ${act.scan.sha256}
  - id: scan-gone
    triggers: [{cleared: act.scan}]
    actions:
      - person.withdraw: {item: "${act}", about: stamp}
  - id: confirmed
    triggers: [{received: person.answered}]
    conditions:
      - answer.about == "stamp"
      - answer.choice == "да"
      - answer.sha256 == act.scan.sha256
      - act.signed == false
    actions:
      - field.set: {act.signed: true}
      - notify: {to: "${person}", text: "Принято по ответу ${answer.number}: ${answer.comment}"}
"""
SCAN = "ufCrm12Scan"


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with running(tmp_path, RULES) as found:
        yield found


def unsigned(live: Live) -> int:
    """The act of the deal whose documents were sent and not returned."""
    rows = live.call("crm.item.list", entityTypeId=ACT, filter={"parentId2": story.DEAL_UNSIGNED_UNPAID})
    return int(rows["items"][0]["id"])


def attach(live: Live, content: bytes) -> int:
    act = unsigned(live)
    Person(live.portal, 6).attach(ACT, act, SCAN, "скан.pdf", content)
    live.settle()
    return act


def is_signed(live: Live, act: int) -> bool:
    return live.call("crm.item.get", entityTypeId=ACT, id=act)["item"]["ufCrm12Signed"] in ("Y", "1", 1, True)


def notices(live: Live) -> list[dict[str, object]]:
    return [dict(row) for row in live.portal.store.rows("notice")]


def now(live: Live):
    return live.portal.clock.now()


def test_a_question_is_put_once_and_its_answer_wakes_a_rule(live: Live):
    act = attach(live, b"%PDF-1.7 signed")
    store = live.service.store
    [question] = list_questions(store)
    assert (str(question.item), question.about, question.choices) == (f"act/{act}", "stamp", ("да", "нет"))
    assert "подпись и печать" in question.text
    assert (question.file, len(question.sha256)) == ("скан.pdf", 64)
    [person] = question.asked
    [told] = [row for row in notices(live) if "подпись и печать" in str(row)]
    assert f"engine queue answer {question.id} да" in str(told)
    assert not is_signed(live, act)
    answered = answer_question(store, question.id, "ДА", now(live), comment="видно хорошо")
    assert (answered.state, answered.answer, answered.answered_by) == ("answered", "да", f"user/{person}")
    live.service._lanes.look_again()
    live.settle()
    assert is_signed(live, act)
    assert any("видно хорошо" in str(row) for row in notices(live))
    with pytest.raises(NotTaken, match="answered already: да"):
        answer_question(store, question.id, "нет", now(live))
    live.settle()
    assert is_signed(live, act)
    assert pending(store) == []


def test_no_and_another_answer(live: Live):
    act = attach(live, b"%PDF-1.7 signed")
    store = live.service.store
    [question] = list_questions(store)
    with pytest.raises(NotTaken, match="no answer 'maybe'"):
        answer_question(store, question.id, "maybe", now(live))
    with pytest.raises(NotTaken, match="not put to user/99"):
        answer_question(store, question.id, "да", now(live), by="99")
    with pytest.raises(NotTaken, match="no question 77"):
        answer_question(store, 77, "да", now(live))
    answer_question(store, question.id, "нет", now(live))
    live.service._lanes.look_again()
    live.settle()
    assert not is_signed(live, act)


def test_another_scan_puts_the_question_anew_and_withdraws_the_old_one(live: Live):
    act = attach(live, b"%PDF-1.7 first")
    store = live.service.store
    [first] = list_questions(store)
    attach(live, b"%PDF-1.7 second")
    [second] = list_questions(store)
    assert second.id != first.id
    assert second.sha256 != first.sha256
    with pytest.raises(NotTaken, match="out of date"):
        answer_question(store, first.id, "да", now(live))
    attach(live, b"%PDF-1.7 first")
    [third] = list_questions(store)
    assert (third.sha256, third.key) == (first.sha256, first.key)
    answer_question(store, third.id, "да", now(live))
    live.service._lanes.look_again()
    live.settle()
    assert is_signed(live, act)


def test_a_scan_taken_away_takes_its_question_along(live: Live):
    act = attach(live, b"%PDF-1.7 first")
    [question] = list_questions(live.service.store)
    live.call("crm.item.update", entityTypeId=ACT, id=act, fields={SCAN: ""})
    live.settle()
    assert list_questions(live.service.store) == []
    found = find_question(live.service.store, question.id)
    assert found is not None
    assert found.state == "withdrawn"


def test_the_queue_lists_questions_and_what_a_source_brings(live: Live):
    act = attach(live, b"%PDF-1.7 first")
    store = live.service.store
    [one] = pending(store)
    assert (one.kind, one.item, one.mend) == ("question", f"act/{act}", "engine queue answer 1 да")
    line = Waiting("paper", "7", "", one.said, one.since, "engine paper show 7", ("77",))
    both = pending(store, [lambda _: [line]])
    assert {found.kind for found in both} == {"question", "paper"}
    assert [found.kind for found in pending(store, [lambda _: [line]], person="77")] == ["paper"]
    assert pending(store, person="1000") == []


def test_an_answer_given_while_the_engine_is_off_is_acted_on_at_its_start(tmp_path: Path):
    with running(tmp_path, RULES) as live:
        act = attach(live, b"%PDF-1.7 signed")
        [question] = list_questions(live.service.store)
        live.service.stop()
        again = open_service(tmp_path / "config.yaml", live.server.webhook_url)
        answer_question(again.store, question.id, "да", now(live))
        assert not is_signed(live, act)
        with again:
            assert again.wait_idle(30)
            assert is_signed(live, act)


def test_an_answer_of_the_portal_lost_puts_no_second_question(live: Live):
    lost: list[str] = []

    def plan(seen: Request) -> Fault | None:
        if seen.method == "im.notify.system.add" and not lost:
            lost.append(seen.method)
            return Fault(None, executes=True)
        return None

    live.portal.faults = plan
    attach(live, b"%PDF-1.7 signed")
    assert lost
    assert len(list_questions(live.service.store, state="")) == 1
    assert len([row for row in notices(live) if "подпись и печать" in str(row)]) == 1
    assert live.runs()[-1].status == "done"
