"""All that a simulation would do, its follow-ups included, put together for the eye: a table, a tree, letters, notes.

Decides nothing about what happens: it arranges the effects of CONTRACT's form. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.language.types import World
from engine.web.console.desk import say
from engine.web.console.values import field_title, value_text


@dataclass(frozen=True, slots=True)
class Row:
    """One value that would become another; `is_new` where the item itself would be made."""

    item: str
    title: str
    before: str
    after: str
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of the tree: a folder or a file, how deep it lies (0: the top)."""

    name: str
    depth: int
    is_file: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that would go: recipient, subject, text, names of its attachments."""

    to: str
    subject: str
    text: str
    attachments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A notice or a post, as its reader would see it."""

    to: str
    text: str
    is_post: bool


@dataclass(slots=True)
class Overview:
    """Everything by kind; `documents` are templates with the number that the document would get."""

    rows: list[Row] = field(default_factory=list)
    tree: list[Branch] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    documents: list[tuple[str, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        """True where anything would be done."""
        return bool(self.rows or self.tree or self.letters or self.notes or self.documents)


def overview(form: Mapping[str, object], world: World, names: Mapping[str, str]) -> Overview:
    """Return the overview of a simulation in CONTRACT's form."""
    found, paths = Overview(), dict[tuple[str, ...], bool]()
    for one in _effects(form):
        kind, item = str(one.get("kind")), str(one.get("item") or "")
        if kind in ("field", "stage"):
            path = f"{item.partition('/')[0]}.{one.get('field', 'stage')}"
            before, after = (value_text(one.get(key), world, path) for key in ("before", "after"))
            found.rows.append(Row(_named(item, world, names), field_title(world, path), before, after))
        elif kind == "item":
            found.rows += _made(item, one, world, names)
        elif kind in ("folder", "file"):
            _grow(paths, str(one.get("path")), is_file=kind == "file")
        elif kind == "mail":
            found.letters.append(_letter(one))
        elif kind in ("notice", "feed"):
            to = names.get(str(one.get("to")), str(one.get("to"))) if kind == "notice" else ""
            found.notes.append(Note(to, str(one.get("text")), kind == "feed"))
        elif kind == "document":
            found.documents.append((str(one.get("template")), value_text(one.get("number"), world)))
    found.tree = [Branch(path[-1], len(path) - 1, paths[path]) for path in sorted(paths)]
    return found


def _effects(form: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    for key in ("effects", "follow_ups"):
        listed = form.get(key)
        for one in listed if isinstance(listed, list | tuple) else ():
            if isinstance(one, Mapping):
                yield from (one,) if key == "effects" else _effects(one)


def _named(item: str, world: World, names: Mapping[str, str]) -> str:
    entity, _, id_ = item.partition("/")
    spec = world.entities.get(entity)
    title = spec.title if spec is not None else entity
    if id_.startswith("new"):
        return say(f"{title} (новая запись)", f"{title} (new)")
    name = names.get(item, id_)
    return name if name.startswith(title) else f"{title} «{name}»"


def _made(item: str, one: Mapping[str, object], world: World, names: Mapping[str, str]) -> Iterator[Row]:
    fields, entity = one.get("fields"), item.partition("/")[0]
    for name, value in fields.items() if isinstance(fields, Mapping) else ():
        path = f"{entity}.{name}"
        text = value_text(value, world, path)
        if isinstance(value, list | tuple) and any(isinstance(row, Mapping) for row in value):
            text = "; ".join(str(row.get("name", "")) for row in value if isinstance(row, Mapping))
        yield Row(
            _named(item, world, names), field_title(world, path), "", names.get(text, text), is_new=True
        )


def _grow(paths: dict[tuple[str, ...], bool], path: str, *, is_file: bool) -> None:
    parts = tuple(part for part in path.split("/") if part)
    for depth in range(1, len(parts) + 1):
        paths.setdefault(parts[:depth], is_file and depth == len(parts))


def _letter(one: Mapping[str, object]) -> Letter:
    files = one.get("attachments")
    listed = tuple(str(file) for file in files) if isinstance(files, list | tuple) else ()
    return Letter(str(one.get("to")), str(one.get("subject")), str(one.get("text")), listed)
