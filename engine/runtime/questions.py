"""Questions to people: asked once under a key, answered once, withdrawn when something newer takes their place.

Decides who may answer and with what, and that an answer and the event that it raises are one transaction: a crash
loses neither, a second answer changes nothing. What follows from an answer is the rules' affair (`received:
person.answered`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from engine.action import Command
from engine.decision.event import Event
from engine.effects import Said
from engine.language.values import Item, Row, Value
from engine.runtime.inbox import put_event
from engine.runtime.store import Connection, Store
from engine.runtime.store import Row as Found
from engine.runtime.wire import item_of

ANSWERED: Final = "person.answered"
OPEN, CLOSED, WITHDRAWN = "open", "answered", "withdrawn"
QUESTION: Final = "engine.question."


class NotTaken(Exception):  # noqa: N818 — it names what became of an answer
    """The answer was not taken; `said` tells the person why."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.en)
        self.said = said


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it stands. `asked` are ids of the portal's users; `answered_by` is `user/7` or empty."""

    id: int
    key: str
    item: Item
    about: str
    asked: tuple[str, ...]
    text: str
    choices: tuple[str, ...]
    file: str
    sha256: str
    link: str
    state: str
    answer: str
    comment: str
    answered_by: str
    at: datetime
    closed: datetime | None


def question_method(store: Store, command: Command, now: datetime) -> object:
    """Return the result of an `engine.question.*` command of an action; None for an unknown one.

    `ask` gives the question's number, the same for the same key; `find` that number or None; `withdraw` how many
    questions on `item` about `about` (or the one of this `number`) were closed; `state` a question's state or None.
    """
    params = command.params
    match command.method.removeprefix(QUESTION):
        case "ask":
            return ask_person(store, params, now)
        case "find":
            return _number_of(store, str(params["key"]))
        case "withdraw":
            return _withdraw_by(store, params, now)
        case "state":
            found = find_question(store, int(str(params["number"]) or 0))
            return found.state if found is not None else None
    return None


def ask_person(store: Store, params: Mapping[str, object], now: datetime) -> int:
    """Write a question down and return its number; an open one on the same item about the same is withdrawn.

    Under a key that has its question already, returns that one's number.
    """
    key, item, about = (str(params[name]) for name in ("key", "item", "about"))
    with store.transaction() as connection:
        store.lock(f"question {item} {about}")
        known = _number_of(store, key)
        if known is not None:
            return known
        _withdraw(connection, "item = ? AND about = ?", (item, about), now)
        row = connection.execute(
            "INSERT INTO question (key, item, about, asked, text, choices, file, sha256, link, at)"
            " VALUES (?,?,?,?,?,?,?,?,?,?) RETURNING id",
            (
                key, item, about, _texts(params["asked"]), str(params["text"]), _texts(params["choices"]),
                str(params.get("file") or ""), str(params.get("sha256") or ""), str(params.get("link") or ""),
                now.isoformat(),
            ),
        ).fetchone()  # fmt: skip
    assert row is not None
    return int(row[0])


def answer_question(
    store: Store, number: int, choice: str, now: datetime, *, by: str = "", comment: str = ""
) -> Question:
    """Take an answer and raise `person.answered` on the question's item; return the question as it is then.

    `by` is the id of the user who answers; the one who was asked where only one was. `choice` may be written in any
    case. Raises NotTaken for a question that does not exist or is closed, for another's, for another choice.
    """
    with store.transaction() as connection:
        store.lock(f"question {number}")
        question = find_question(store, number)
        if question is None:
            raise NotTaken(unknown_question(number))
        if question.state != OPEN:
            raise NotTaken(_closed(question))
        chosen = _choice(question, choice)
        person = _person(question, by)
        answered = connection.execute(
            "UPDATE question SET state = 'answered', answer = ?, comment = ?, answered_by = ?, closed = ?"
            " WHERE id = ? AND state = 'open'",
            (chosen, comment, str(person or ""), now.isoformat(), number),
        )
        if answered.rowcount != 1:
            raise NotTaken(_closed(find_question(store, number) or question))
        _raise_event(store, connection, question, chosen, comment, person, now)
    after = find_question(store, number)
    assert after is not None
    return after


def find_question(store: Store, number: int) -> Question | None:
    """Return a question by its number, None where there is none."""
    row = store.row("SELECT * FROM question WHERE id = ?", (number,))
    return _read(row) if row is not None else None


def unknown_question(number: int) -> Said:
    """Return what is said where there is no such question."""
    return Said(f"нет вопроса {number}", f"there is no question {number}")


def list_questions(store: Store, *, person: str = "", state: str = OPEN) -> list[Question]:
    """Return the questions in a state (all of them for an empty word), the oldest first; `person` is whom they ask."""
    rows = store.rows("SELECT * FROM question WHERE ? IN ('', state) ORDER BY id", (state,))
    found = [_read(row) for row in rows]
    return [one for one in found if not person or person in one.asked]


def _raise_event(
    store: Store, connection: Connection, question: Question, choice: str, comment: str, person: Item | None,
    now: datetime,
) -> None:  # fmt: skip
    answer: dict[str, Value] = {
        "number": Decimal(question.id),
        "about": question.about,
        "question": question.text,
        "choice": choice,
        "comment": comment or None,
        "sha256": question.sha256 or None,
    }
    roots: dict[str, Value] = {"answer": Row(tuple(answer.items())), "person": person}
    event = Event(ANSWERED, f"answer {question.id}", now, question.item, {}, str(person or ""))
    put_event(store, connection, event, roots, now, origin="person")


def _choice(question: Question, given: str) -> str:
    for one in question.choices:
        if one.casefold() == given.strip().casefold():
            return one
    listed = ", ".join(question.choices)
    raise NotTaken(
        Said(
            f"на вопрос {question.id} нет ответа «{given}»; можно: {listed}",
            f"question {question.id} has no answer {given!r}; there are: {listed}",
        )
    )


def _person(question: Question, by: str) -> Item | None:
    asked = ", ".join(f"user/{one}" for one in question.asked)
    if not by and len(question.asked) > 1:
        raise NotTaken(
            Said(
                f"вопрос {question.id} задан нескольким ({asked}); назовите, кто отвечает",
                f"question {question.id} was put to several ({asked}); name who answers",
            )
        )
    if by and question.asked and by not in question.asked:
        raise NotTaken(
            Said(
                f"вопрос {question.id} задан не user/{by}, а {asked}",
                f"question {question.id} was not put to user/{by} but to {asked}",
            )
        )
    number = by or (question.asked[0] if question.asked else "")
    return Item("user", number) if number else None


def _closed(question: Question) -> Said:
    if question.state == WITHDRAWN:
        return Said(
            f"вопрос {question.id} устарел: то, о чём он, с тех пор изменилось",
            f"question {question.id} is out of date: what it is about has changed since",
        )
    who = f" ({question.answered_by})" if question.answered_by else ""
    return Said(
        f"на вопрос {question.id} уже ответили «{question.answer}»{who}",
        f"question {question.id} was answered already: {question.answer}{who}",
    )


def _withdraw_by(store: Store, params: Mapping[str, object], now: datetime) -> int:
    with store.transaction() as connection:
        if "number" in params:
            return _withdraw(connection, "id = ?", (int(str(params["number"]) or 0),), now)
        values = (str(params["item"]), str(params["about"]))
        return _withdraw(connection, "item = ? AND about = ?", values, now)


def _withdraw(connection: Connection, where: str, values: tuple[object, ...], now: datetime) -> int:
    """Close the open questions that `where` picks out; return how many there were."""
    closed = connection.execute(
        f"UPDATE question SET state = 'withdrawn', closed = ? WHERE state = 'open' AND {where} RETURNING key",  # noqa: S608
        (now.isoformat(), *values),
    ).fetchall()
    for row in closed:
        # Should things become again what they were, the same question has to be put again.
        connection.execute("DELETE FROM intent WHERE key = ? AND state = 'done'", (row[0],))
    return len(closed)


def _number_of(store: Store, key: str) -> int | None:
    row = store.row("SELECT id FROM question WHERE key = ? AND state <> 'withdrawn'", (key,))
    return int(row[0]) if row is not None else None


def _texts(value: object) -> str:
    several = value if isinstance(value, list | tuple) else (value,)
    return json.dumps([str(one) for one in several], ensure_ascii=False)


def _read(row: Found) -> Question:
    item = item_of(row["item"])
    assert item is not None
    return Question(
        int(row["id"]), row["key"], item, row["about"], tuple(json.loads(row["asked"])), row["text"],
        tuple(json.loads(row["choices"])), row["file"], row["sha256"], row["link"], row["state"], row["answer"],
        row["comment"], row["answered_by"], datetime.fromisoformat(row["at"]),
        datetime.fromisoformat(row["closed"]) if row["closed"] else None,
    )  # fmt: skip
