"""Asks people what a program cannot judge: is there a stamp, is this the right signature, which of the two is meant.

Decides whom a question reaches and how it is put. The answer is not awaited: it comes as the event `person.answered`,
whenever somebody gives it, and a rule of its own goes on from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from engine import (
    Action,
    CallChange,
    Command,
    Commands,
    Discrepancy,
    Effect,
    Facts,
    File,
    Item,
    Mixed,
    NoticeChange,
    Param,
    Params,
    Pending,
    Said,
    Setup,
    Undecided,
    Value,
    Verification,
    claimed_key,
    hookimpl,
)

CLIENT: Final = "reglament"
YES_NO: Final = ("да", "нет")
MOST_CHOICES: Final = 10
NOBODY: Final = Said(
    "Спросить некого: вопрос ждёт в очереди.", "There is nobody to ask: the question waits in the queue."
)


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, ready to be put: `people` are those who are told."""

    item: Item
    about: str
    text: str
    choices: tuple[str, ...]
    people: tuple[Item, ...]


class Ask(Action):
    """Задаёт сотруднику вопрос; ответ придёт событием `person.answered`. Новый вопрос о том же снимает прежний.

    The question stands in the engine's queue after the call, once under its key, and each active person asked has a
    notice that says how to answer. A question on the same item about the same thing that was still open is withdrawn.
    """

    name: ClassVar[str] = "person.ask"
    title: ClassVar[Said] = Said("Спросить человека", "Ask a person")
    parameters: ClassVar[Mapping[str, Param]] = {
        "to": Param("any", "A user, or a list of users; the first answer counts."),
        "question": Param("text", "What to ask."),
        "about": Param("text", "A word that tells questions on one item apart; the answer bears it."),
        "item": Param("item", "The item that is asked about; rules see it when the answer comes."),
        "choices": Param("list of text", "The answers to choose from; by default да, нет.", required=False),
        "file": Param("file", "The file that is asked about; the answer bears its sha256.", required=False),
    }
    example: ClassVar[str] = (
        '- person.ask: {to: "${deal.manager}", about: stamp, item: "${deal}", question: "Есть ли на акте печать?"}\n'
        "  key: stamp ${deal.id}"
    )
    result: ClassVar[str] = "number"
    kinds: ClassVar[tuple[str, ...]] = ("call", "notice")
    irreversible: ClassVar[bool] = True
    needs_key: ClassVar[bool] = True

    def __init__(self, setup: Setup) -> None:
        self.url_of = setup.map.url
        own = setup.own.get("notify")
        self.fallback = str(own.get("fallback") or "") if isinstance(own, Mapping) else ""

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say the question and whom it reaches. Undecided where a part of it is."""
        asked = self._question(params, facts)
        if isinstance(asked, Undecided):
            return asked
        question, warnings = asked
        listed = " / ".join(question.choices)
        changes: tuple[CallChange | NoticeChange, ...] = (
            CallChange("person", f"вопрос «{question.about}»: {question.text} ({listed})"),
            *(NoticeChange(person, question.text) for person in question.people),
        )
        file = params.get("file")
        details: dict[str, Value] = {
            "people": question.people,
            "choices": question.choices,
            "link": self.url_of(question.item),
            "file": file.name if isinstance(file, File) else "",
            "sha256": (file.sha256 or "") if isinstance(file, File) else "",
        }
        return Effect(params, changes, Pending("person.ask.result"), details, warnings=warnings)

    def commands(self, effect: Effect) -> Commands:
        """Put the question into the queue, then tell people; return its number."""
        key = (yield from claimed_key()) or _words_key(effect)
        number = yield from _put(effect, key)
        yield from _tell(effect, key, number)
        return number

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Look whether the queue holds it."""
        key = (yield from claimed_key()) or _words_key(effect)
        answers = yield [Command("held", "engine.question.find", {"key": key}, assume=1)]
        if answers[0].result is None:
            said = Said("Вопроса нет в очереди.", "The question is not in the queue.")
            return (
                Discrepancy(str(effect.params["item"]), "question", str(effect.params["question"]), "", said),
            )
        return ()

    def probe(self, key: str, effect: Effect) -> Commands:
        """Return the number of the question put under `key`, None where there is none.

        People are told again: that replaces the notice they may have.
        """
        answers = yield [Command("held", "engine.question.find", {"key": key}, assume=None)]
        if answers[0].result is None:
            return None
        number = str(answers[0].result)
        yield from _tell(effect, key, number)
        return number

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Withdraw the question, if nobody has answered it."""
        return self._take_back(str(result or ""))

    def _take_back(self, number: str) -> Commands:
        yield from _withdraw({"number": number})
        answers = yield [Command("state", "engine.question.state", {"number": number}, assume="withdrawn")]
        return Undecided(f"на вопрос {number} уже ответили") if answers[0].result == "answered" else None

    def _question(self, params: Params, facts: Facts) -> tuple[_Question, tuple[Said, ...]] | Undecided:
        to, text, about, item = (params.get(name) for name in ("to", "question", "about", "item"))
        for value in (to, text, about, item, params.get("choices"), params.get("file")):
            if isinstance(value, Undecided):
                return value
            if isinstance(value, Mixed | Pending):
                return Undecided(f"person.ask: {value}")
        if not isinstance(item, Item) or item.is_planned:
            return Undecided("person.ask: item")
        if not str(text or "").strip() or not str(about or "").strip():
            return Undecided("person.ask: question, about")
        choices = _choices(params.get("choices"))
        if isinstance(choices, Undecided):
            return choices
        people, warnings = self._people(to, facts)
        if not people:
            warnings = (*warnings, NOBODY)
        return _Question(item, str(about), str(text), choices, people), warnings

    def _people(
        self, to: Value | Mapping[str, Value], facts: Facts
    ) -> tuple[tuple[Item, ...], tuple[Said, ...]]:
        """Return the active ones of those who are to be asked; the fallback of the settings for one who left."""
        people: list[Item] = []
        warnings: list[Said] = []
        for one in to if isinstance(to, tuple) else (to,):
            person = one if isinstance(one, Item) and one.entity == "user" else None
            if person is None or facts.field(person, "active") is False:
                who = str(person or "ответственный")
                warnings.append(Said(f"{who}: некому ответить.", f"{person or 'the person'} cannot answer."))
                person = Item("user", self.fallback) if self.fallback else None
            if person is not None and person not in people:
                people.append(person)
        return tuple(people), tuple(warnings)


class Withdraw(Action):
    """Снимает вопрос, на который ещё не ответили: то, о чём он был, изменилось.

    No question on the item about that thing is open after the call; answers already given stay.
    """

    name: ClassVar[str] = "person.withdraw"
    title: ClassVar[Said] = Said("Снять вопрос", "Withdraw the question")
    parameters: ClassVar[Mapping[str, Param]] = {
        "item": Param("item", "The item that was asked about."),
        "about": Param("text", "The word that the question bears."),
    }
    example: ClassVar[str] = '- person.withdraw: {item: "${deal}", about: stamp}'
    kinds: ClassVar[tuple[str, ...]] = ("call",)

    def effect(self, params: Params, facts: Facts) -> Effect | Undecided:
        """Say which question is withdrawn, should it be open."""
        item, about = params.get("item"), params.get("about")
        for value in (item, about):
            if isinstance(value, Undecided):
                return value
        return Effect(params, (CallChange("person", f"снят вопрос «{about}» о {item}"),))

    def commands(self, effect: Effect) -> Commands:
        """Withdraw it."""
        return (yield from _withdraw({name: str(effect.params[name]) for name in ("item", "about")}))

    def verify(self, effect: Effect, result: Value) -> Verification:
        """Withdraw once more: nothing may have been left open."""
        left = yield from _withdraw({name: str(effect.params[name]) for name in ("item", "about")})
        if not isinstance(left, str) or left in ("", "0"):
            return ()
        said = Said("Вопрос был ещё открыт.", "The question was still open.")
        return (Discrepancy(str(effect.params["item"]), "question", "withdrawn", "open", said),)

    def undo(self, effect: Effect, result: Value) -> Commands | None:
        """Nothing to put back where nothing was withdrawn; else a person has to ask anew."""
        return _nothing() if result in ("", "0", None) else None


@hookimpl
def reglament_actions(setup: Setup) -> list[Action]:
    """Supply `person.ask` and `person.withdraw`."""
    return [Ask(setup), Withdraw()]


@hookimpl
def reglament_events() -> Mapping[str, Mapping[str, str]]:
    """Declare the answer to a question.

    `answer` has `number`, `about`, `question`, `choice`, `comment` and the `sha256` of the file it was about; `person`
    is who answered. The item that was asked about is seen under its entity's name, with its deal.
    """
    items = {name: name for name in ("deal", "act", "invoice", "contract", "company")}
    return {"person.answered": {"answer": "any", "person": "user", **items}}


def _choices(value: object) -> tuple[str, ...] | Undecided:
    if value is None:
        return YES_NO
    choices = tuple(str(one).strip() for one in value) if isinstance(value, tuple) else (str(value).strip(),)
    folded = {one.casefold() for one in choices}
    if not 2 <= len(choices) <= MOST_CHOICES or len(folded) < len(choices) or "" in folded:
        return Undecided(f"person.ask.choices: нужны от 2 до {MOST_CHOICES} разных ответов")
    return choices


def _put(effect: Effect, key: str) -> Commands:
    params = effect.params
    asked = {
        "key": key,
        "item": str(params["item"]),
        "about": str(params["about"]),
        "asked": [person.id for person in _people_of(effect)],
        "text": str(params["question"]),
        "choices": list(_texts_of(effect)),
        "file": str(effect.details["file"]),
        "sha256": str(effect.details["sha256"]),
        "link": str(effect.details["link"]),
    }
    answers = yield [Command("ask", "engine.question.ask", asked, writes=True, assume=1)]
    return str(answers[0].result or "")


def _tell(effect: Effect, key: str, number: Value) -> Commands:
    people = _people_of(effect)
    if people:
        yield [_notice(f"notice_{at}", person, effect, key, str(number)) for at, person in enumerate(people)]
    return None


def _notice(command: str, person: Item, effect: Effect, key: str, number: str) -> Command:
    choices = _texts_of(effect)
    # What comes from outside must not become a button or a link in our message.
    words = str(effect.params["question"]).replace("[", "［")
    lines = [words, f"Ответы: {', '.join(choices)}. Вопрос {number} ждёт в очереди Регламента"]
    lines[-1] += f": engine queue answer {number} {choices[0]}"
    link = str(effect.details["link"])
    shown = [*lines, f"[URL={link}]{effect.params['item']}[/URL]"] if link else lines
    tag = hashlib.sha256(f"question|{key}|{person.id}".encode()).hexdigest()[:24]
    params: dict[str, object] = {
        "USER_ID": int(person.id) if person.id.isdecimal() else person.id,
        "MESSAGE": "\n".join(shown),
        "MESSAGE_OUT": "\n".join([*lines, link] if link else lines),
        # A notice with the tag of an earlier one replaces it: nobody is asked twice after a crash.
        "TAG": f"REGLAMENT_{tag}",
        "CLIENT_ID": CLIENT,
    }
    return Command(command, "im.notify.system.add", params, writes=True, assume=1)


def _withdraw(params: Mapping[str, object]) -> Commands:
    answers = yield [Command("withdraw", "engine.question.withdraw", params, writes=True, assume=0)]
    return str(answers[0].result or "0")


def _nothing() -> Commands:
    yield from ()
    return None


def _people_of(effect: Effect) -> tuple[Item, ...]:
    people = effect.details["people"]
    return tuple(one for one in people if isinstance(one, Item)) if isinstance(people, tuple) else ()


def _texts_of(effect: Effect) -> tuple[str, ...]:
    choices = effect.details["choices"]
    return tuple(map(str, choices)) if isinstance(choices, tuple) else ()


def _words_key(effect: Effect) -> str:
    """Stand in for the engine's key where there is none: one question of these words on this item."""
    params = effect.params
    return f"{params['item']}|{params['about']}|{params['question']}|{effect.details['sha256']}"
