"""A register as a file that people work with: xlsx or csv, by the file's ending.

Decides that a file appears whole or not at all, and that no cell is ever run as a formula, whatever a client is
called. Rows are written as they are read, so that memory does not grow with the register.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from engine.registers.query import Page, Query, RegisterRow, in_language
from engine.registers.registers import Registers

ENDINGS = (".xlsx", ".csv")
Writer = Callable[[Path, Page, Iterator[RegisterRow], "Titled"], None]


@dataclass(frozen=True, slots=True)
class Titled:
    """What stands around the rows: the register's title and entity, the person's language, the company."""

    title: str
    entity: str
    language: str
    company: str


def write_export(
    registers: Registers, query: Query, file: Path, language: str = "ru", company: str = ""
) -> Page:
    """Write all rows that meet the question; return the answer without rows. An existing file is replaced.

    Raises ValueError for an ending other than .xlsx and .csv, OSError where the file cannot be written, and what
    `Registers.select` raises; then nothing was written.
    """
    from engine.registers.sheet import write_csv, write_xlsx

    writers: dict[str, Writer] = {".xlsx": write_xlsx, ".csv": write_csv}
    ending = file.suffix.lower()
    if ending not in writers:
        raise ValueError(f"{file.name}: .xlsx or .csv")
    register = registers.register(query.register)
    titled = Titled(in_language(register.title, language), register.entity, language, company)
    page, rows = registers.iterate(query, states=False)
    with whole_file(file) as beside:
        writers[ending](beside, page, rows, titled)
    return page


@contextmanager
def whole_file(file: Path) -> Iterator[Path]:
    """Yield a file beside `file` that takes its place once the block has ended well, and goes otherwise."""
    handle, name = tempfile.mkstemp(prefix=f".{file.stem[:40]}.", suffix=file.suffix, dir=file.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        # mkstemp lets the owner alone read; a file for the office has the rights that any new file gets.
        mask = os.umask(0)
        os.umask(mask)
        beside.chmod(0o666 & ~mask)
        beside.replace(file)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
