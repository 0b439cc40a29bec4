"""What the console's pages are given, and how they speak: languages, times, words. Decides no page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from flask import g, request

from engine.decision.edition import Edition
from engine.decision.event_file import Given
from engine.decision.forms import Json
from engine.effects import Said
from engine.language.values import Item, Value
from engine.registers.counter import Counter
from engine.runtime.accounts import Account, Accounts
from engine.runtime.bank_import import BankImport
from engine.runtime.inbox import ENGINE_LANE
from engine.runtime.requests import ask, wait_for_answer
from engine.runtime.runs import Runs, StoredRun
from engine.runtime.status import Status
from engine.workshop import Workshop

RUSSIAN, ENGLISH = "ru", "en"
STATUS_WORDS: Mapping[str, str] = {
    "done": "выполнено",
    "running": "выполняется",
    "waiting": "ждёт портала",
    "failed": "остановлено",
    "unknown": "нужен человек",
    "loop": "зациклилось",
    "held": "задержано",
    "retried": "повторено",
    "undone": "взято назад",
    "planned": "не дошло",
    "skipped": "пропущено",
    "no_op": "без изменений",
    "undecided": "не решено",
}
STATUS_WORDS_EN: Mapping[str, str] = {
    "waiting": "waits for the portal",
    "failed": "stopped",
    "unknown": "needs a person",
    "planned": "not reached",
    "no_op": "already so",
    "undone": "taken back",
}
AUDIT_WORDS: Mapping[str, str] = {
    "saved regulation": "сохранил регламент",
    "restored edition": "вернул редакцию",
    "retried run": "повторил запуск",
    "undid run": "взял запуск назад",
    "invited": "пригласил",
    "closed account": "закрыл вход",
    "sent reminders": "отправил напоминания",
    "answered question": "ответил на вопрос",
    "decided payment": "решил о платеже",
    "imported statement": "загрузил выписку",
    "gave command": "запустил правило",
    "paused": "поставил на паузу",
    "resumed": "снял тормоз",
}
EVENT_WORDS: Mapping[str, str] = {
    "created": "создано",
    "updated": "изменено",
    "deleted": "удалено",
    "timer": "срок",
    "command": "команда",
    "backfill": "применение правила к тому, что есть",
}


OUTCOME_WORDS: Mapping[str, tuple[str, str]] = {
    "condition_false": ("условие не выполнено", "a condition failed"),
    "undecided": ("не решено", "undecided"),
    "disabled": ("отключено", "disabled"),
    "not_in_force": ("не действует", "not in force"),
    "conflict": ("спор правил", "conflict"),
    "not_triggered": ("другое событие", "another event"),
}


class Finding(Protocol):
    """One thing that an examination of the portal found."""

    @property
    def severity(self) -> str:
        """`ok`, `advice`, `warning` or `error`."""

    @property
    def area(self) -> str:
        """What it is about."""

    @property
    def what(self) -> Said:
        """What was found."""

    @property
    def mend(self) -> Said | None:
        """What to do about it."""


@dataclass(frozen=True)
class Desk:
    """What pages read and change. `url` gives an item's page on the portal, empty where it has none;
    `read_live` completes an event with the portal's own facts, reads only, returns what could not be read and raises
    NotRead; `framed_by` is the one origin that may show the strip in a frame of its own.
    """

    status: Status
    accounts: Accounts
    workshop: Workshop
    url: Callable[[Item], str]
    wake: Callable[[str], None]
    look_again: Callable[[], None]
    examine: Callable[[], Sequence[Finding]]
    counter: Counter
    bank: Callable[[], BankImport]
    read_live: Callable[[Edition, Given], Sequence[str]]
    framed_by: str = ""

    def run(self, number: int) -> StoredRun | None:
        """Return a run as stored, None where there is none."""
        return Runs(self.status.store, lambda: self.status.now).find(number, self.status.zone)

    def ask(
        self, verb: str, params: Mapping[str, Value], *, lane: str = "", seconds: float = 5.0
    ) -> Mapping[str, Json]:
        """Ask the engine for something and return its answer; `{"waiting": n}` where it has none yet."""
        store, in_lane = self.status.store, lane or ENGINE_LANE
        number = ask(store, verb, params, self.status.now, lane=in_lane)
        self.wake(in_lane)
        answer = wait_for_answer(store, number, seconds)
        return {"waiting": number} if answer is None else answer


def language() -> str:
    """Return the language of this request's reader."""
    found = getattr(g, "language", RUSSIAN)
    return found if isinstance(found, str) else RUSSIAN


def say(russian: str, english: str) -> str:
    """Return the words in the reader's language."""
    return russian if language() == RUSSIAN else english


def who() -> Account:
    """Return who asks. Only for pages behind the door."""
    account = g.account
    assert isinstance(account, Account)
    return account


def status_word(status: str) -> str:
    """Return a run's or a step's status in the reader's language."""
    english = STATUS_WORDS_EN.get(status, status.replace("_", " "))
    return say(STATUS_WORDS.get(status, status), english)


def outcome_word(outcome: str) -> str:
    """Return what became of a rule in the reader's language."""
    return say(*OUTCOME_WORDS.get(outcome, (outcome, outcome)))


def audit_word(what: str) -> str:
    """Return what somebody did in the reader's language."""
    return say(AUDIT_WORDS.get(what, what), what)


def verb_of(event: str) -> str:
    """Return what an event says happened: `act.updated` → «изменено»."""
    verb = event.rpartition(".")[2]
    return say(EVENT_WORDS.get(verb, verb), verb)


def ago(now: datetime, moment: datetime) -> str:
    """Return how long ago a moment was: «3 мин назад»."""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, russian, english in ((86_400, "дн.", "d"), (3600, "ч", "h"), (60, "мин", "min")):
        if seconds >= size:
            return say(f"{seconds // size} {russian} назад", f"{seconds // size} {english} ago")
    return say("только что", "just now") if seconds < 10 else say(f"{seconds} с назад", f"{seconds} s ago")


def is_part() -> bool:
    """True where htmx asks for a part of the page in place of the whole."""
    return request.headers.get("HX-Request") == "true" and bool(request.args.get("part"))
