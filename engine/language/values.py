"""The values of the regulation language, at run time.

Money is exact, times are aware, ids are text, and "nobody knows" is a value of its own. A Python value stands
for itself where it fits (`str`, `bool`, `Decimal`, `date`, `datetime`, `tuple`, and `None` for *empty*); the
rest is here. This module knows no portal field, no rule and no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

EMPTY: Final = None


@dataclass(frozen=True, slots=True)
class Undecided:
    """The third answer: a fact is missing, a read failed, two currencies met. `reason` names what is missing.

    `is_void` marks the result of a step that will not run: nothing is missing, there is just nothing there.
    """

    reason: str
    is_void: bool = False

    def __bool__(self) -> bool:
        """Refuse to be a truth: Python's `if` on it would make a quiet no of an open question."""
        raise TypeError("an undecided value is neither true nor false: " + self.reason)


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount of one currency (ISO 4217 code). The empty code is the zero of any currency."""

    amount: Decimal
    currency: str = ""

    def __str__(self) -> str:
        """`48500.00 RUB`, as event files write it."""
        text = f"{self.amount:f}"
        return f"{text} {self.currency}" if self.currency else text


@dataclass(frozen=True, slots=True)
class Duration:
    """A whole number of `minutes`, `hours`, `days` or `workdays`; workdays depend on the calendar."""

    amount: int
    unit: str

    def __str__(self) -> str:
        """`5 workdays`, as triggers write it."""
        return f"{self.amount} {self.unit}"


@dataclass(frozen=True, slots=True)
class Item:
    """A thing on the portal by its entity and id: `act/43`. A planned one has an id like `new-1`."""

    entity: str
    id: str

    @property
    def is_planned(self) -> bool:
        """True for an item that a plan would create: the portal does not know it yet."""
        return self.id.startswith("new-")

    def __str__(self) -> str:
        """`act/43`, as event files and the journal write it."""
        return f"{self.entity}/{self.id}"


@dataclass(frozen=True, slots=True)
class Inside:
    """What was found by looking into a file. A part that is `None` could not be told (undecided).

    `readable`: it opens and every page decodes. `blank`: nothing is drawn on any page. `resolution` is the long side,
    in pixels, of the smallest page that is a picture. `numbers` are the documents' numbers found on the pages.
    """

    readable: bool | None = None
    pages: int | None = None
    blank: bool | None = None
    resolution: int | None = None
    numbers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A file of a field or one that an earlier step makes. A part that is `None` is not known (undecided).

    `kind` is by content (`pdf`, `jpg`, `png`, `tiff`, …), `size` in bytes, `sha256` in hex, `source` is how the
    engine can fetch the bytes (a portal address, a stored blob); no expression sees `source`. `inside` is what looking
    into it found; the same bytes have the same inside, so two files do not differ by who has looked.
    """

    name: str
    size: int | None = None
    kind: str | None = None
    sha256: str | None = None
    source: str | None = None
    inside: Inside | None = field(default=None, compare=False)

    def part(self, name: str) -> str | int | bool | tuple[str, ...] | None:
        """Return the part that regulations call `name` (`size`, `pages`), None where it is not known."""
        if name in INSIDE_PARTS:
            return getattr(self.inside, name) if self.inside is not None else None
        return {"name": self.name, "size": self.size, "kind": self.kind, "sha256": self.sha256}.get(name)


INSIDE_PARTS: Final = ("readable", "pages", "blank", "resolution", "numbers")
"""The parts of a file that are known only after looking into it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list such as `deal.lines`: named values in a fixed order."""

    values: tuple[tuple[str, Value], ...]

    def get(self, name: str) -> Value:
        """Return the value called `name`, or undecided if this row has none."""
        for key, value in self.values:
            if key == name:
                return value
        return Undecided(name)


@dataclass(frozen=True, slots=True)
class Pending:
    """A value that only carrying out an earlier step can give: the number of an act not yet issued.

    `ref` is `ITEM.field` of a planned item (`act/new-1.number`), `shown` what a person sees meanwhile (`⟨next⟩`),
    `format` the template format that waits to be applied to it (`money`), empty for none.
    It passes through templates and parameters whole; an operator that would need it is undecided.
    """

    ref: str
    shown: str = "⟨next⟩"
    format: str = ""

    def __str__(self) -> str:
        """What a person sees until the value is known."""
        return self.shown


@dataclass(frozen=True, slots=True)
class Mixed:
    """Text with pending parts inside: `Акт ⟨next⟩`. Each part is text, a `Pending` or a formatted one."""

    parts: tuple[str | Pending, ...]

    def __str__(self) -> str:
        """The text as a person sees it before the pending parts are known."""
        return "".join(str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Segment:
    """One safe folder or file name of a path.

    `origin` names the item whose field filled it (`company/12`), so that a folder once found is kept by its id
    although the client is renamed later; empty for fixed text.
    """

    text: str | Mixed
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """Safe segments from the shared drive's root, its name left out."""

    segments: tuple[Segment, ...]

    def __str__(self) -> str:
        """Segments joined by `/`."""
        return "/".join(str(segment.text) for segment in self.segments)


Value: TypeAlias = (
    "str | bool | Decimal | Money | date | datetime | Duration | Item | File | Row | Pending | Mixed | Path"
    " | tuple[Value, ...] | Undecided | None"
)


def walk(value: object) -> Iterator[object]:
    """Yield `value` and everything inside it: members of tuples, rows, mappings, mixed texts and paths."""
    yield value
    inner: tuple[Any, ...] = ()
    if isinstance(value, tuple | list):
        inner = tuple(value)
    elif isinstance(value, Mapping):
        inner = tuple(value.values())
    elif isinstance(value, Row):
        inner = tuple(member for _, member in value.values)
    elif isinstance(value, Mixed):
        inner = value.parts
    elif isinstance(value, Path):
        inner = tuple(segment.text for segment in value.segments)
    for member in inner:
        yield from walk(member)
