"""The plan of taking in old documents: as lines for a person, and as a csv that comes back as a list.

Decides how a fate is worded. What a name holds that does not show, or that a terminal or a spreadsheet would act on,
is not passed on.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from engine.registers.legacy import LINK, MAKE, REFUSE, SKIP, Fate
from engine.registers.legacy_names import clean
from engine.registers.legacy_sources import guarded

_MARKS: Final = {MAKE: "+", LINK: "→", SKIP: "·", REFUSE: "!"}
_WORDS: Final = {
    MAKE: ("создать", "make"), LINK: ("приложить", "link"), SKIP: ("пропустить", "skip"), REFUSE: ("не ясно", "unclear")
}  # fmt: skip
_HEADINGS: Final = (
    *("Номер", "Дата", "Клиент", "ИНН", "Сумма", "Сделка", "Файл", "Подписан"), "Решение", "Почему",
)  # fmt: skip


def lines(fates: Iterable[Fate], language: str) -> Iterator[str]:
    """Yield a line for each document: the mark, the file or row, the document, its client, what is done and why."""
    for fate in fates:
        old = fate.old
        day = f"{old.issued:%d.%m.%Y}" if old.issued else "?"
        client = clean(fate.client.name if fate.client else old.client or old.inn) or "?"
        notes = [one.ru if language == "ru" else one.en for one in (fate.why, *fate.notes)]
        yield f"{_MARKS[fate.what]} {clean(old.place)}: {clean(old.number) or '?'} {day}, {client}: {'; '.join(notes)}"


def count(fates: Sequence[Fate]) -> Counter[str]:
    """Return how many documents have which fate."""
    return Counter(fate.what for fate in fates)


def summary(fates: Sequence[Fate], language: str) -> str:
    """Return one sentence: how many are made, linked, skipped, unclear."""
    counts, at = count(fates), 0 if language == "ru" else 1
    return ", ".join(f"{_WORDS[what][at]}: {counts[what]}" for what in (MAKE, LINK, SKIP, REFUSE))


def write_plan(path: Path, fates: Sequence[Fate], language: str) -> None:
    """Write the plan as csv in UTF-8 with `;`. Raises OSError; never overwrites (FileExistsError)."""
    with path.open("x", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(_HEADINGS)
        for fate in fates:
            writer.writerow([guarded(cell) for cell in _cells(fate, language)])


def _cells(fate: Fate, language: str) -> list[str]:
    old = fate.old
    signed = {True: "да", False: "нет", None: ""}[old.signed]
    why = "; ".join(one.ru if language == "ru" else one.en for one in (fate.why, *fate.notes))
    inn = old.inn or (fate.client.inn if fate.client else "")
    client = fate.client.name if fate.client else old.client
    return [
        old.number, f"{old.issued:%d.%m.%Y}" if old.issued else "", client, inn,
        f"{old.amount:f}".replace(".", ",") if old.amount is not None else "", old.deal, old.file, signed,
        _WORDS[fate.what][0 if language == "ru" else 1], why,
    ]  # fmt: skip
