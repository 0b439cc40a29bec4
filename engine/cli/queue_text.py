"""The queue of what waits for people, as text and as JSON. Only shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.decision.forms import Json
    from engine.runtime.pending import Waiting
    from engine.runtime.questions import Question

LIST_SCHEMA, QUESTION_SCHEMA = "reglament/queue/1", "reglament/question/1"
WORDS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "question": "вопрос", "unknown": "исход неизвестен", "failed": "остановился", "loop": "круг", "held": "тормоз",
        "brake": "тормоз", "bank": "банк", "nothing": "Никто ничего не ждёт.", "mend": "дальше",
        "open": "ждёт ответа", "answered": "есть ответ", "withdrawn": "устарел",
        "title": "Вопрос {id} · {item} · {about} · {state}", "asked": "Спрошены", "choices": "Ответы", "file": "Файл",
        "link": "Карточка", "since": "Задан", "answer": "Ответ", "comment": "Пояснение", "nobody": "никто",
        "taken": "Принято: вопрос {id}, ответ «{answer}».",
        "running": "Регламент уже действует по нему.", "later": "Регламент не запущен: подействует при запуске.",
    },
    "en": {
        "question": "question", "unknown": "outcome unknown", "failed": "stopped", "loop": "loop", "held": "held",
        "brake": "brake", "bank": "bank", "nothing": "Nothing waits for anybody.", "mend": "next",
        "open": "waits for an answer", "answered": "answered", "withdrawn": "out of date",
        "title": "Question {id} · {item} · {about} · {state}", "asked": "Asked", "choices": "Answers", "file": "File",
        "link": "Card", "since": "Put", "answer": "Answer", "comment": "Comment", "nobody": "nobody",
        "taken": "Taken: question {id}, answer: {answer}.",
        "running": "The engine acts on it now.", "later": "The engine does not run: it acts at its start.",
    },
}  # fmt: skip


def queue_text(found: Sequence[Waiting], language: str, zone: tzinfo) -> str:
    """Return two lines a thing that waits: what it is, and the command that settles it."""
    words = WORDS[language]
    if not found:
        return words["nothing"] + "\n"
    return "".join(line + "\n" for one in found for line in _lines(one, words, language, zone))


def _lines(one: Waiting, words: Mapping[str, str], language: str, zone: tzinfo) -> Iterator[str]:
    when = one.since.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    kind = words.get(one.kind, one.kind)
    said = one.said.ru if language == "ru" else one.said.en
    whom = f" → {', '.join(f'user/{person}' for person in one.whom)}" if one.whom else ""
    yield f"{when}  {kind} {one.id}  {one.item}{whom}".rstrip()
    yield f"    {said}"
    yield f"    {words['mend']}: {one.mend}"


def queue_json(found: Sequence[Waiting]) -> dict[str, Json]:
    """Return the queue as `reglament/queue/1`."""
    rows: list[Json] = [
        {
            "kind": one.kind, "id": one.id, "item": one.item, "said": {"ru": one.said.ru, "en": one.said.en},
            "since": one.since.isoformat(), "whom": [f"user/{person}" for person in one.whom], "mend": one.mend,
        }
        for one in found
    ]  # fmt: skip
    return {"schema": LIST_SCHEMA, "waiting": rows}


def question_text(one: Question, language: str, zone: tzinfo) -> str:
    """Return a question in full, line by line; parts that it has not are left out."""
    words = WORDS[language]
    head = words["title"].format(id=one.id, item=one.item, about=one.about, state=words[one.state])
    rows = [
        ("since", one.at.astimezone(zone).strftime("%Y-%m-%d %H:%M")),
        ("asked", ", ".join(f"user/{person}" for person in one.asked) or words["nobody"]),
        ("choices", " | ".join(one.choices)),
        ("file", f"{one.file}  sha256 {one.sha256[:16]}…" if one.sha256 else one.file),
        ("link", one.link),
        ("answer", f"{one.answer}  {one.answered_by}".strip()),
        ("comment", one.comment),
    ]
    lines = [head, f"  {one.text}", *(f"  {words[name]}: {value}" for name, value in rows if value)]
    return "\n".join(lines) + "\n"


def question_json(one: Question) -> dict[str, Json]:
    """Return a question as `reglament/question/1`."""
    return {
        "schema": QUESTION_SCHEMA, "id": one.id, "item": str(one.item), "about": one.about, "question": one.text,
        "asked": [f"user/{person}" for person in one.asked], "choices": list(one.choices), "file": one.file,
        "sha256": one.sha256, "url": one.link, "state": one.state, "answer": one.answer, "comment": one.comment,
        "answered_by": one.answered_by, "asked_at": one.at.isoformat(),
        "closed_at": one.closed.isoformat() if one.closed else None,
    }  # fmt: skip
