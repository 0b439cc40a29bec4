"""The table of `engine check --costs`: what an event of each rule costs the portal.

Decides the words and columns; the figures are `engine.rule_costs`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.rule_costs import RuleCost

_WORDS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "rule": "правило", "trigger": "событие", "reads": "чтений", "writes": "записей", "alone": "запросов",
        "shared": "в общих", "unsure": "не считая",
        "note": "Событие с открытыми условиями, по одному элементу в каждой связи. «Запросов» — когда других нет,"
        " «в общих» — доля полных пакетов по 50 команд, когда их много.",
    },
    "en": {
        "rule": "rule", "trigger": "event", "reads": "reads", "writes": "writes", "alone": "requests",
        "shared": "shared", "unsure": "not counting",
        "note": "An event with every gate open and one item behind every tie. «requests» is where there are no others,"
        " «shared» its share of full batches of 50 commands where there are many.",
    },
}  # fmt: skip


def cost_table(costs: Sequence[RuleCost], language: str) -> str:
    """Return the table with a line that says what it rests on."""
    words = _WORDS[language]
    width = max([len(words["rule"]), *(len(one.rule) for one in costs)])
    kind = max([len(words["trigger"]), *(len(", ".join(one.triggers)) for one in costs)])
    numbers = [words[name] for name in ("reads", "writes", "alone", "shared")]
    head = f"{words['rule']:<{width}}  {words['trigger']:<{kind}}" + "".join(
        f"{name:>10}" for name in numbers
    )
    lines = [head]
    for one in costs:
        triggers = ", ".join(one.triggers)
        figures = f"{one.reads:>10}{one.writes:>10}{one.requests:>10}{one.share:>10.2f}"
        unsure = f"  {words['unsure']} {', '.join(one.unsure)}" if one.unsure else ""
        lines.append(f"{one.rule:<{width}}  {triggers:<{kind}}{figures}{unsure}")
    return "\n".join([*lines, words["note"]])
