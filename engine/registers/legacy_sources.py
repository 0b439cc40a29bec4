"""Where documents of former years come from: a folder tree, or a list (csv, xlsx) beside the files.

Decides which columns a list may have and that a file lies inside the folder that a person named: a list comes from
anywhere, and `../../secrets.pdf` in it must not reach the company's drive. Files are read one at a time.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from engine.effects import Said
from engine.language.values import File
from engine.portal.file_kind import file_kind
from engine.registers import legacy_names as names
from engine.registers.legacy import LARGEST, Old

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "number": ("номер", "номеракта", "номердоговора", "№", "number", "no"),
    "issued": ("дата", "датаакта", "датадоговора", "date"),
    "client": ("клиент", "контрагент", "заказчик", "компания", "client", "company"),
    "inn": ("инн", "иннклиента", "inn", "tin"),
    "amount": ("сумма", "суммаруб", "amount", "sum"),
    "deal": ("сделка", "deal"),
    "file": ("файл", "путь", "путькфайлу", "скан", "file", "path"),
    "signed": ("подписан", "актподписан", "подпись", "signed"),
}
"""The columns of a list by our name, with the headings that mean them (case, spaces and signs aside)."""

_NEEDED: Final = ("number", "issued", "file")
_LARGEST_LIST: Final = 50 * 1024 * 1024
_ROWS: Final = 100_000
_LONGEST_CELL: Final = 10_000
_T = TypeVar("_T")
_OWN_FILES: Final = frozenset({".csv", ".xlsx", ".xls", ".txt", ".ini", ".db", ".tmp"})


class ListError(ValueError):
    """A list that cannot be read at all, in both languages (`said`)."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.en)
        self.said = said


def read_folder(folder: Path, register: str) -> Iterator[Old]:
    """Yield the documents of a tree `ГОД/Клиент/Акт N от ДАТА.pdf`, by path. Links, hidden files, lists are left out.

    The client is the nearest folder above that is neither a year nor the document's own.
    """
    root = folder.resolve()
    for path in sorted(root.rglob("*")):
        shown = path.relative_to(root)
        if path.is_symlink() or not path.is_file() or any(one.startswith(".") for one in shown.parts):
            continue
        if path.suffix.casefold() in _OWN_FILES:
            continue
        yield _from_path(path, shown, register)


def _from_path(path: Path, shown: Path, register: str) -> Old:
    above = [names.clean(one) for one in shown.parts[:-1]]
    name = names.clean(shown.stem)
    number, issued = names.find_number(register, name), names.find_date(name)
    owner = ""
    for one in reversed(above):
        if names.find_number(register, one):
            number = number or names.find_number(register, one)
            issued = issued or names.find_date(one)
        elif not names.is_year(one):
            owner = one
            break
    faults = []
    year = next((int(one) for one in above if names.is_year(one)), None)
    if issued is not None and year is not None and issued.year != year:
        faults.append(
            Said(f"дата {issued:%d.%m.%Y}, а папка — {year}", f"the date is {issued}, the folder {year}")
        )
    inn = names.find_inn(owner)
    content, fault = look_at(path)
    found = [*faults, *([fault] if fault else [])]
    signed = names.find_signed(name)
    return Old(
        str(shown),
        number,
        issued,
        owner,
        inn,
        file=str(shown),
        signed=signed,
        content=content,
        faults=tuple(found),
    )


def read_list(path: Path, root: Path) -> Iterator[Old]:
    """Yield the rows of a list; paths in it are meant from `root`. Raises ListError where it is no list."""
    rows = _sheet(path) if path.suffix.casefold() == ".xlsx" else _csv(path)
    heading: dict[str, int] | None = None
    for count, row in enumerate(rows, start=1):
        if count > _ROWS:
            raise ListError(Said(f"в списке больше {_ROWS} строк", f"the list has more than {_ROWS} rows"))
        if not any(cell.strip() for cell in row):
            continue
        if heading is None:
            heading = _heading(row)
            continue
        yield _from_row(f"{path.name}:{count}", row, heading, root.resolve())
    if heading is None:
        raise ListError(Said("список пуст", "the list is empty"))


def _heading(row: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, cell in enumerate(row):
        plain = re.sub(r"[^\w№]|_", "", cell.casefold())
        for name, known in COLUMNS.items():
            if plain in known:
                if name in found:
                    raise ListError(
                        Said(f"столбец «{cell}» есть дважды", f"the column “{cell}” stands twice")
                    )
                found[name] = at
    missing = [COLUMNS[name][0] for name in _NEEDED if name not in found]
    if not {"client", "inn"} & set(found):
        missing.append("клиент или ИНН")
    if missing:
        listed = ", ".join(missing)
        raise ListError(Said(f"в списке нет столбцов: {listed}", f"the list lacks the columns: {listed}"))
    return found


def _from_row(place: str, row: Sequence[str], heading: Mapping[str, int], root: Path) -> Old:
    cells = {name: _unguarded(row[at]) if at < len(row) else "" for name, at in heading.items()}
    faults: list[Said] = []
    row_of = _Cells(cells, faults)
    file = cells.get("file", "").strip()
    content = _content(root, file, faults)
    if any(len(cell) > _LONGEST_CELL for cell in cells.values()):
        faults.append(Said("в ячейке слишком много текста", "a cell holds too much text"))
    return Old(
        place,
        names.clean(cells.get("number", "")),
        row_of.value("issued", names.read_date, Said("это не дата", "no date")),
        names.clean(cells.get("client", "")),
        row_of.value("inn", names.read_inn, Said("это не ИНН", "no ИНН")) or "",
        row_of.value("amount", names.read_sum, Said("это не сумма в рублях", "no sum in roubles")),
        names.clean(cells.get("deal", "")),
        file,
        row_of.value("signed", names.read_yes, Said("нужно да или нет", "yes or no is needed")),
        content,
        tuple(faults),
    )


def _content(root: Path, file: str, faults: list[Said]) -> File | None:
    path = inside(root, file) if file else None
    if file and path is None:
        faults.append(
            Said("файл лежит вне указанной папки", "the file lies outside the folder that was given")
        )
    content, fault = look_at(path) if path is not None else (None, None)
    faults += [fault] if fault else []
    return content


@dataclass(frozen=True)
class _Cells:
    """A row's cells by column, and what cannot be read of them."""

    cells: Mapping[str, str]
    faults: list[Said]

    def value(self, name: str, read: Callable[[str], _T | None], said: Said) -> _T | None:
        text = self.cells.get(name, "").strip()
        found = read(text) if text else None
        if text and found is None:
            shown = names.clean(text)[:60]
            self.faults.append(Said(f"{said.ru}: «{shown}»", f"{said.en}: “{shown}”"))
        return found


def inside(root: Path, file: str) -> Path | None:
    """Return the file's path where it lies in `root` once links are followed; None otherwise."""
    try:
        path = (root / file.replace("\\", "/")).resolve()
        return path if path.is_relative_to(root.resolve()) else None
    except (OSError, ValueError):
        return None


def look_at(path: Path) -> tuple[File | None, Said | None]:
    """Return a file's name, size, kind and digest without its source, read in pieces; or why it cannot be read."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            return None, None
        if size > LARGEST:
            return File(path.name, size, "unknown", ""), None
        with path.open("rb") as stream:
            start = stream.read(1024 * 1024)
            # An office file is told from other archives by a member that may stand anywhere.
            whole = start + stream.read() if start.startswith(b"PK") else start
            digest = hashlib.sha256(whole)
            while piece := stream.read(1024 * 1024):
                digest.update(piece)
        return File(path.name, size, file_kind(whole), digest.hexdigest()), None
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return None, Said(f"файл не читается: {reason}", f"the file cannot be read: {reason}")


def _sheet(path: Path) -> Iterator[list[str]]:
    from engine.registers.legacy_sheet import SheetError, read_sheet

    if path.stat().st_size > _LARGEST_LIST:
        raise ListError(_TOO_LARGE)
    try:
        with path.open("rb") as stream:
            yield from read_sheet(stream)
    except SheetError as error:
        raise ListError(
            Said(f"таблица не читается: {error}", f"the workbook cannot be read: {error}")
        ) from error


_TOO_LARGE: Final = Said("список больше 50 МБ", "the list is larger than 50 MB")


def _csv(path: Path) -> Iterator[list[str]]:
    if path.stat().st_size > _LARGEST_LIST:
        raise ListError(_TOO_LARGE)
    text = _decoded(path.read_bytes())
    if "\0" in text:
        raise ListError(Said("это не текст: в файле есть нулевые байты", "no text: it holds null bytes"))
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(";,\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise ListError(Said(f"список не читается: {error}", f"the list cannot be read: {error}")) from error


def _decoded(content: bytes) -> str:
    """Text in UTF-8, else UTF-16 with its mark, else cp1251: what spreadsheets of this country write."""
    for encoding in (
        "utf-8-sig",
        *(("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ()),
        "cp1251",
    ):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ListError(
        Said("неизвестная кодировка: нужна UTF-8 или cp1251", "unknown encoding: UTF-8 or cp1251 is needed")
    )


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; `_unguarded` takes the sign off again."""
    return f"'{cell}" if cell[:1] in _FORMULA else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA else cell


_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")
