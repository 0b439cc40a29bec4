"""What the tests of the documentation share: its pages, their code blocks and tables, the example company."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from engine.language.values import File, Undecided, Value
from engine.settings import Settings, read_settings
from engine.workshop import Workshop, open_workshop

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = (
    *(ROOT / name for name in ("README.md", "README.ru.md", "CONTRIBUTING.md")),
    *(
        DOCS / f"{name}.md"
        for name in (
            "language",
            "language.ru",
            "plugins",
            "config",
            "events",
            "journal",
            "portal",
            "emulator",
        )
    ),
)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " "})


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the page it starts on."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Row:
    """A table's row by column title; code marks are left out, `\\|` is `|`."""

    page: str
    line: int
    cells: dict[str, str]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    def __getitem__(self, title: str) -> str:
        return self.cells[title]


def page(path: Path | str) -> str:
    """The text of a page, by its path or by its name in docs/."""
    return (DOCS / f"{path}.md" if isinstance(path, str) else path).read_text("utf-8")


def blocks(path: Path | str, *languages: str) -> list[Block]:
    text = page(path)
    name = path if isinstance(path, str) else path.name
    return [
        Block(name, text.count("\n", 0, found.start()) + 1, found[1], found[2])
        for found in _BLOCK.finditer(text)
        if not languages or found[1] in languages
    ]


def rows(path: Path | str, *titles: str) -> list[Row]:
    """The rows of every table that has all of these columns."""
    found: list[Row] = []
    header: list[str] = []
    name = path if isinstance(path, str) else path.name
    for number, line in enumerate(page(path).splitlines(), start=1):
        if not line.startswith("|"):
            header = []
        elif not header:
            header = _cells(line)
        elif set(titles) <= set(header) and not set(line) <= set("|-: "):
            found.append(Row(name, number, dict(zip(header, map(_plain, _cells(line)), strict=True))))
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def _plain(cell: str) -> str:
    cell = cell.replace(r"\|", "|")
    return cell[1:-1] if re.fullmatch(r"`[^`]*`", cell) else cell


def codes(path: Path | str) -> set[str]:
    """Every text that stands between code marks outside fenced blocks, and every word of it."""
    found = re.findall(r"`([^`\n]+)`", _BLOCK.sub("", page(path)))
    return {*found, *(word for text in found for word in re.findall(r"[\w.$/-]+", text))}


def shown(value: Value) -> str:
    """A value as the `gives` column writes it."""
    if value is None or isinstance(value, Undecided):
        return "empty" if value is None else "undecided"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return f'"{value.translate(_SPACES)}"'
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple):
        return "[" + ", ".join(shown(one) for one in value) + "]"
    return value.name if isinstance(value, File) else str(value)


def plain_spaces(text: str) -> str:
    """The text with ordinary spaces for non-breaking ones."""
    return text.translate(_SPACES)


@cache
def settings() -> Settings:
    found, problems = read_settings(ROOT / "config.example.yaml", {}, is_example=True)
    assert found is not None, problems
    return found


@cache
def workshop() -> Workshop:
    """The shipped plugins in the example company."""
    opened, problems = open_workshop(settings())
    assert not problems
    assert not opened.host.diagnostics
    return opened
