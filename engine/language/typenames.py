"""The words that name a type in the map and in actions' parameters: `money`, `list of act`, `stage of deal`.

Knows which words exist, not where they are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.language.types import ANY, LINES, Type, World, choice, item, list_of

SIMPLE_WORDS = (
    "text",
    "number",
    "money",
    "date",
    "time",
    "duration",
    "yes/no",
    "file",
    "path",
    "folder",
    "any",
)
SPECIAL_WORDS = ("lines", "item", "template")
ENTITY_WORDS = ("stage", "pipeline", "choice")


def known_words(entities: Iterable[str]) -> list[str]:
    """Return every single word that names a type where these entities exist."""
    return [*SIMPLE_WORDS, *SPECIAL_WORDS, *entities, "user"]


def parse_type(text: str, world: World) -> Type | None:
    """Return the type that `text` names (`list of file`, `stage of deal`, `one of a, b`), or None if it names none.

    `item` (any entity's) is `any`, since a type names one entity; `template` is a text.
    """
    words = text.strip()
    head, _, tail = words.partition(" of ")
    if head in ("stage", "pipeline") and tail:
        if tail not in world.entities:
            return None
        pipelines = [one for one in world.pipelines.values() if one.entity == tail]
        names = (
            [name for one in pipelines for name in one.stages]
            if head == "stage"
            else [p.name for p in pipelines]
        )
        return choice(*names)
    return parse_type_of(words, list(world.entities))


def parse_type_of(text: str, entities: Sequence[str]) -> Type | None:
    """Return the type that `text` names where only the entities' names are known yet."""
    words = text.strip()
    if words.startswith("list of "):
        member = parse_type_of(words[len("list of ") :], entities)
        return list_of(member) if member is not None else None
    if words.startswith("one of "):
        return choice(*(option.strip() for option in words[len("one of ") :].split(",")))
    if words in entities or words == "user":
        return item(words)
    if words in SIMPLE_WORDS:
        return Type(words)
    return {"lines": LINES, "item": ANY, "template": Type("text")}.get(words)
