"""From a Word template (.docx with {{ marks }}) and the sheet's texts to a Word document.

Decides what a template may do: name values of the sheet and repeat over its lists, nothing else. It is filled in by a
process of its own with limits of time and memory: a template is a program that somebody else wrote. The file is checked
before it is opened: no macros, nothing linked from outside, no archive that swells.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from engine.action import PluginError
from engine.documents.writing import Printed

MOST_BYTES = 10_000_000
MOST_UNPACKED = 60_000_000
MOST_PARTS = 2_000
SECONDS = 30
# A fixed day, so that the same facts give the same bytes; a zip cannot say an earlier one.
PACKED_ON = (1980, 1, 1, 0, 0, 0)


def fill_word(template: Path, sheet: Mapping[str, Printed]) -> bytes:
    """Return the document, the same bytes for the same arguments.

    Raises PluginError with Jinja's words where the template is broken or names what the sheet lacks, and where the file
    is no Word document, is too large, has macros or reaches outside.
    """
    content = template.read_bytes() if template.stat().st_size <= MOST_BYTES else b""
    trouble = find_trouble(content)
    if trouble:
        raise _error(template, trouble)
    given = json.dumps({"template": b64encode(content).decode(), "sheet": sheet})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "engine.documents.word_filling"],
            input=given.encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _error(template, f"не заполнился за {SECONDS} с") from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["процесс прерван"]
        raise _error(template, lines[-1])
    return repack(done.stdout)


def find_trouble(content: bytes) -> str:
    """Return why the bytes are no template that may be opened, an empty text where they are one."""
    if not content:
        return "файл пуст или больше 10 МБ"
    try:
        with ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                return "распакованный файл слишком велик"
            if "word/document.xml" not in packed.namelist():
                return "это не документ Word (.docx)"
            if any(part.filename.casefold().endswith((".bin", ".docm", ".exe")) for part in parts):
                return "в файле макросы или вложенные программы"
            return _reaching(packed)
    except (BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        return f"файл не читается: {error}"


def _reaching(packed: ZipFile) -> str:
    """A picture or an object by address would be fetched by whoever opens the document, our converter included."""
    for name in packed.namelist():
        if not name.endswith(".rels"):
            continue
        for link in re.findall(rb"<Relationship\b[^>]*>", packed.read(name)):
            if re.search(rb"""TargetMode\s*=\s*["']External""", link) and b"/hyperlink" not in link:
                return f"файл ссылается наружу: {name}"
    return ""


def repack(content: bytes) -> bytes:
    """Return the archive with its parts in order and on a fixed day."""
    made = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as packed, ZipFile(made, "w") as out:
        # Office asks that the list of contents be the first part.
        for name in sorted(packed.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            part = ZipInfo(name, PACKED_ON)
            part.compress_type = 8
            out.writestr(part, packed.read(name))
    return made.getvalue()


def _error(template: Path, what: str) -> PluginError:
    return PluginError("document", "render", f"шаблон «{template.name}»: {what}")
