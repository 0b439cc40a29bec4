"""A question is put, answered and withdrawn the same way in both databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.action import Command
from engine.cli.queue_text import queue_json, queue_text
from engine.runtime.embedded import EmbeddedStore
from engine.runtime.pending import pending
from engine.runtime.questions import NotTaken, answer_question, find_question, list_questions, question_method
from engine.runtime.store import Store
from tests.runtime.journal_case import fill

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=ZoneInfo("Europe/Moscow"))
ASK = {
    "key": "k1",
    "item": "act/43",
    "about": "stamp",
    "asked": ["5"],
    "text": "Есть печать?",
    "choices": ["да", "нет"],
}
DIES = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from engine.runtime import questions
from engine.runtime.embedded import EmbeddedStore
put = questions.put_event
def die(*given, **named):
    put(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
questions.put_event = die
questions.answer_question(EmbeddedStore(Path(sys.argv[1])), 1, "да", datetime.fromisoformat(sys.argv[2]))
"""


def method(store: Store, name: str, **params: object) -> object:
    return question_method(store, Command("q", f"engine.question.{name}", params), NOW)


def events(store: Store) -> list[tuple[str, str, str]]:
    return [
        (row["name"], row["item"], row["by"])
        for row in store.rows("SELECT name, item, by FROM event ORDER BY n")
    ]


def test_asked_once_answered_once(store: Store) -> None:
    assert method(store, "find", key="k1") is None
    number = method(store, "ask", **ASK)
    assert method(store, "ask", **ASK) == number == method(store, "find", key="k1")
    [found] = list_questions(store)
    assert (found.text, found.choices, found.asked, found.state) == (
        "Есть печать?",
        ("да", "нет"),
        ("5",),
        "open",
    )
    assert [(one.kind, one.whom) for one in pending(store)] == [("question", ("5",))]
    after = answer_question(store, found.id, " Да ", NOW, comment="видна")
    assert (after.state, after.answer, after.comment, after.answered_by) == (
        "answered",
        "да",
        "видна",
        "user/5",
    )
    assert events(store) == [("person.answered", "act/43", "user/5")]
    for choice in ("да", "нет"):
        with pytest.raises(NotTaken) as caught:
            answer_question(store, found.id, choice, NOW)
        assert caught.value.said.ru == f"на вопрос {found.id} уже ответили «да» (user/5)"
    assert len(events(store)) == 1
    assert method(store, "state", number=str(found.id)) == "answered"
    assert method(store, "withdraw", number=str(found.id)) == 0
    assert pending(store) == []


def test_a_newer_one_takes_the_place_of_the_older(store: Store) -> None:
    first = method(store, "ask", **ASK)
    method(store, "ask", **{**ASK, "key": "other", "about": "amount"})
    second = method(store, "ask", **{**ASK, "key": "k2"})
    states = {one.id: one.state for one in list_questions(store, state="")}
    assert states[int(str(first))] == "withdrawn"
    assert list(states.values()) == ["withdrawn", "open", "open"]
    assert method(store, "withdraw", item="act/43", about="stamp") == 1
    assert method(store, "withdraw", item="act/43", about="stamp") == 0
    third = method(store, "ask", **{**ASK, "key": "k2"})
    assert third != second
    assert [one.about for one in list_questions(store, person="5")] == ["amount", "stamp"]
    assert list_questions(store, person="6") == []


def test_several_are_asked_and_one_says_who_answers(store: Store) -> None:
    number = int(str(method(store, "ask", **{**ASK, "asked": ["5", "7"]})))
    with pytest.raises(NotTaken, match="name who answers"):
        answer_question(store, number, "да", NOW)
    with pytest.raises(NotTaken, match="not put to user/9"):
        answer_question(store, number, "да", NOW, by="9")
    assert answer_question(store, number, "нет", NOW, by="7").answered_by == "user/7"


def test_everything_that_waits_for_a_person(store: Store) -> None:
    method(store, "ask", **ASK)
    columns = "key, source, at, payment, amount, fate, why_ru, why_en, state"
    for state in ("queued", "settled"):
        store.write(
            f"INSERT INTO bank_line ({columns}) VALUES (?, 'bank', ?, '{{}}', '100.00 RUB', 'doubtful', 'два счёта',"
            " 'two invoices', ?)",
            (state, "2026-03-14T11:00:00+03:00", state),
        )
    store.write(
        "INSERT INTO brake (name, reason_ru, reason_en, since) VALUES ('acts/x', 'много', 'many', ?)",
        ("2026-03-14T13:00:00+03:00",),
    )
    found = pending(store)
    assert [(one.kind, one.id, one.mend) for one in found] == [
        ("bank", "1", "engine bank assign 1"),
        ("question", "1", "engine queue answer 1 да"),
        ("brake", "acts/x", "engine resume acts/x"),
    ]
    assert found[0].said.ru == "поступило 100.00 RUB: два счёта"
    assert "waiting" in queue_json(found)
    assert "engine bank assign 1" in queue_text(found, "ru", ZoneInfo("Europe/Moscow"))


def test_runs_that_stopped_wait_for_a_person(store: Store) -> None:
    fill(store, 40)
    kinds = {one.kind for one in pending(store)}
    stopped = {row["status"] for row in store.rows("SELECT DISTINCT status FROM run")}
    assert kinds == stopped & {"unknown", "failed", "loop", "held"}
    assert kinds


def test_a_process_killed_while_it_answers_has_answered_nothing(tmp_path: Path) -> None:
    state = tmp_path / "engine.db"
    store = EmbeddedStore(state)
    method(store, "ask", **ASK)
    store.close()
    killed = subprocess.run(
        [sys.executable, "-c", DIES, str(state), NOW.isoformat()], check=False, env=os.environ, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    store = EmbeddedStore(state)
    try:
        found = find_question(store, 1)
        assert found is not None
        assert found.state == "open"
        assert events(store) == []
        assert answer_question(store, 1, "да", NOW).state == "answered"
        assert len(events(store)) == 1
    finally:
        store.close()
