"""The first sheet of an xlsx as rows of texts.

Decides nothing of what the texts mean. A workbook is a zip of XML from outside: its size is bounded before a byte is
unpacked, and a document type declaration, of which no workbook has need, is refused.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import IO, Final
from xml.etree import ElementTree as ET

_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LARGEST: Final = 200 * 1024 * 1024
_RATIO: Final = 200
_ROWS: Final = 100_000
_STRINGS: Final = 2_000_000
_COLUMNS: Final = 256


class SheetError(ValueError):
    """Not a workbook that can be read; the message is for a person."""


def read_sheet(stream: IO[bytes]) -> Iterator[list[str]]:
    """Yield the rows of the first sheet; dates come as the spreadsheet's numbers. Raises SheetError."""
    try:
        with zipfile.ZipFile(stream) as book:
            _weigh(book)
            names = set(book.namelist())
            sheet = _first(names)
            strings = list(_strings(book)) if "xl/sharedStrings.xml" in names else []
            yield from _rows(book, sheet, strings)
    except (
        zipfile.BadZipFile,
        ET.ParseError,
        KeyError,
        RuntimeError,
        NotImplementedError,
        EOFError,
    ) as error:
        raise SheetError(str(error)) from error
    except zipfile.LargeZipFile as error:
        raise SheetError(str(error)) from error


def _weigh(book: zipfile.ZipFile) -> None:
    """Refuse a bomb by what the archive itself says; what lies in that is caught by the zip module's own check."""
    members = book.infolist()
    unpacked, packed = sum(one.file_size for one in members), sum(one.compress_size for one in members)
    if len(members) > 10_000 or unpacked > _LARGEST or unpacked > max(packed, 10_000) * _RATIO:
        raise SheetError("zip bomb")


def _first(names: set[str]) -> str:
    sheets = sorted(
        (int(found[1]), name)
        for name in names
        if (found := re.fullmatch(r"xl/worksheets/sheet(\d+)\.xml", name))
    )
    if not sheets:
        raise SheetError("no sheet")
    return sheets[0][1]


def _parsed(stream: IO[bytes]) -> Iterator[ET.Element]:
    start = stream.read(1024)
    if b"<!" in start.replace(b"<!--", b""):
        raise SheetError("a document type declaration")
    # Expat bounds what entities may grow to (since 2.4); the first bytes were only looked at, it has to see them too.
    for _, element in ET.iterparse(_Joined(start, stream), ("end",)):  # noqa: S314
        yield element


class _Joined:
    """A stream with the bytes already read put back before it."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self._start, self._rest = start, rest

    def read(self, size: int = -1) -> bytes:
        """Return the start first, then the rest in pieces of `size`."""
        start, self._start = self._start, b""
        return start or self._rest.read(size)


def _strings(book: zipfile.ZipFile) -> Iterator[str]:
    with book.open("xl/sharedStrings.xml") as stream:
        count = 0
        for element in _parsed(stream):
            if element.tag == f"{_MAIN}si":
                count += 1
                if count > _STRINGS:
                    raise SheetError("too many texts")
                yield "".join(one.text or "" for one in element.iter(f"{_MAIN}t"))
                element.clear()


def _rows(book: zipfile.ZipFile, sheet: str, strings: list[str]) -> Iterator[list[str]]:
    with book.open(sheet) as stream:
        count = 0
        for element in _parsed(stream):
            if element.tag == f"{_MAIN}row":
                count += 1
                if count > _ROWS:
                    raise SheetError(f"more than {_ROWS} rows")
                yield _row(element, strings)
                element.clear()


def _row(row: ET.Element, strings: list[str]) -> list[str]:
    cells: dict[int, str] = {}
    for place, cell in enumerate(row.iter(f"{_MAIN}c")):
        column = _column(cell.get("r") or "", place)
        if column < _COLUMNS:
            cells[column] = _text(cell, strings)
    return [cells.get(at, "") for at in range(max(cells, default=-1) + 1)]


def _column(reference: str, place: int) -> int:
    letters = re.match(r"[A-Z]{1,3}", reference)
    if letters is None:
        return place
    number = 0
    for letter in letters[0]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _text(cell: ET.Element, strings: list[str]) -> str:
    kind = cell.get("t")
    if kind == "inlineStr":
        return "".join(one.text or "" for one in cell.iter(f"{_MAIN}t"))
    value = cell.findtext(f"{_MAIN}v") or ""
    if kind == "s":
        return strings[int(value)] if value.isdigit() and int(value) < len(strings) else ""
    return value.removesuffix(".0")
