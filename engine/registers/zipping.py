"""Many papers as one archive: a folder a client, a file a paper, names that are safe on every system.

Decides names alone. Two clients of one name get two folders, two files of one name two numbers; no name leads out of
the archive, whatever the portal's names hold.
"""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from engine.language.paths import safe_name
from engine.language.values import Item
from engine.registers.papers import Paper
from engine.registers.printing import Fault

_EXTENSIONS = {"unknown": "bin", "text": "txt"}
# The format's earliest date: with it the same papers make the same archive, byte for byte.
_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Zipped:
    """What the archive holds: the names in order, how many bytes before packing, what is missing."""

    names: tuple[str, ...]
    size: int
    faults: tuple[Fault, ...]


@dataclass
class _Names:
    """Names given so far in one archive; compared as systems do that know no case."""

    folders: dict[Item | None, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def of(self, paper: Paper) -> str:
        """Return the path of a paper: its client's folder, its title with the extension that its content has."""
        if paper.client not in self.folders:
            wanted = safe_name(paper.folder) or (
                f"Компания {paper.client.id}" if paper.client else "Без клиента"
            )
            self.folders[paper.client] = self._free("", wanted, "")
        kind = _EXTENSIONS.get(paper.kind, paper.kind)
        title = safe_name(paper.title) or f"{paper.item.entity}-{paper.item.id}"
        return self._free(f"{self.folders[paper.client]}/", title, f".{kind}" if kind else "")

    def _free(self, folder: str, name: str, extension: str) -> str:
        number, found = 1, f"{folder}{name}{extension}"
        while _folded(found) in self.taken:
            number += 1
            found = f"{folder}{name} ({number}){extension}"
        self.taken.add(_folded(found))
        return found


def zip_papers(papers: Iterable[Paper], out: BinaryIO) -> Zipped:
    """Write an archive of all papers that are there; return what it holds and what is missing.

    Nothing is written where no paper is there. Raises OSError.
    """
    names, faults, written, size = _Names(), list[Fault](), list[str](), 0
    archive: zipfile.ZipFile | None = None
    try:
        for paper in papers:
            if paper.fault is not None:
                faults.append(Fault(paper.title, paper.fault))
                continue
            archive = archive or zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
            entry = zipfile.ZipInfo(names.of(paper), _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, paper.content)
            written.append(entry.filename)
            size += len(paper.content)
    finally:
        if archive is not None:
            archive.close()
    return Zipped(tuple(written), size, tuple(faults))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
