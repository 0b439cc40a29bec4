"""A backup's file: one zip with the state, the kept files and a manifest that says what each of them must be.

Decides the form of the archive and what makes one sound; knows neither SQLite nor Postgres. A zip's table of contents
stands at its end, so that one which was cut off is no zip; the manifest's checksums find what was altered.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from engine.runtime.store import StateError

FORMAT = "reglament/backup/1"
SQLITE, POSTGRES = "sqlite", "postgres"
STATE = {SQLITE: "state/engine.db", POSTGRES: "state/engine.dump"}
"""The member that holds the state, by the kind of it."""
FILES = "files/"
MANIFEST = "manifest.json"
_PIECE = 1 << 20
# What a zip that was cut off or altered can raise. RuntimeError (with NotImplementedError): it says it is encrypted.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError)
_LARGEST_MANIFEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a backup comes from: kind of state, version of the product, number of its last migration, when, edition."""

    kind: str
    product: str
    schema: int
    made: str
    edition: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself: its origin, and by member its size in bytes and its SHA-256."""

    origin: Origin
    members: Mapping[str, tuple[int, str]]


class Archive:
    """A backup being written. Each member is summed up as it passes; `end` writes the manifest."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped
        self._members: dict[str, tuple[int, str]] = {}

    def add(self, name: str, source: Path, *, is_packed: bool) -> None:
        """Put the bytes of a file into the archive, once. Raises OSError where it cannot be read."""
        if name in self._members:
            return
        how = zipfile.ZIP_DEFLATED if is_packed else zipfile.ZIP_STORED
        entry = zipfile.ZipInfo(name)  # with no time of its own: the same state gives the same archive
        entry.compress_type = how
        entry.external_attr = 0o600 << 16
        with source.open("rb") as taken, self._zip.open(entry, "w", force_zip64=True) as given:
            self._members[name] = _copy(taken, given)

    def end(self, origin: Origin) -> Manifest:
        """Write the manifest; return it."""
        members = {name: {"bytes": size, "sha256": sum_} for name, (size, sum_) in self._members.items()}
        text = json.dumps(
            {"format": FORMAT, **asdict(origin), "members": members}, ensure_ascii=False, indent=1
        )
        self._zip.writestr(MANIFEST, text)
        return Manifest(origin, self._members)


@contextmanager
def written(file: Path) -> Iterator[Archive]:
    """Yield an archive that stands at `file` once the block has ended, whole and on the disk; else nothing does.

    Only its owner may read it: it holds what people wrote, and tokens. Raises OSError, FileExistsError where
    something stands there already.
    """
    part = file.with_name(file.name + ".part")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            with zipfile.ZipFile(stream, "w") as zipped:
                yield Archive(zipped)
            stream.flush()
            os.fsync(stream.fileno())
        # A link, not a renaming: it does not take the place of a backup that somebody else has made meanwhile.
        _place(part, file)
        sync_folder(file.parent)
    except OSError as error:
        if error.filename is None:  # a full disk names no file
            raise OSError(error.errno, error.strerror, str(file)) from error
        raise
    finally:
        part.unlink(missing_ok=True)


def read_manifest(file: Path) -> Manifest:
    """Return what the archive says of itself. Raises StateError for a file that is no sound backup, OSError."""
    with _opened(file) as zipped:
        return _manifest_of(file, zipped)


def unpack(file: Path, folder: Path) -> Manifest:
    """Put every member of the archive under `folder`, each compared with its sum; return the manifest.

    Raises StateError for the first that differs: then `folder` holds a part and must not be used.
    """
    with _opened(file) as zipped:
        manifest = _manifest_of(file, zipped)
        for name, (size, wanted) in manifest.members.items():
            place = folder / _safe(file, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                with zipped.open(name) as taken, place.open("xb") as given:
                    found = _copy(taken, given)
                    given.flush()
                    os.fsync(given.fileno())
            except (KeyError, *_UNREADABLE) as error:
                raise _damaged(file, name) from error
            if found != (size, wanted):
                raise _damaged(file, name)
    return manifest


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    if os.name == "nt":  # Windows syncs no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _place(part: Path, file: Path) -> None:
    try:
        os.link(part, file)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links
        if file.exists():
            raise FileExistsError(17, "exists", str(file)) from None
        shutil.move(part, file)


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        zipped = zipfile.ZipFile(file)
    except _UNREADABLE as error:
        raise _damaged(file, "") from error
    with zipped:
        yield zipped


def _manifest_of(file: Path, zipped: zipfile.ZipFile) -> Manifest:
    try:
        if zipped.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
            raise _damaged(file, MANIFEST)
        told = json.loads(zipped.read(MANIFEST))
        if told["format"] != FORMAT:
            raise StateError(
                f"{file}: a backup of another form ({told['format']}); a newer version reads it",
                f"{file}: копия другого вида ({told['format']}); её прочитает более новая версия",
            )
        origin = Origin(
            str(told["kind"]),
            str(told["product"]),
            int(told["schema"]),
            str(told["made"]),
            str(told["edition"]),
        )
        members = {
            str(name): (int(one["bytes"]), str(one["sha256"])) for name, one in told["members"].items()
        }
        if STATE[origin.kind] not in members:
            raise _damaged(file, STATE[origin.kind])
    except (KeyError, TypeError, AttributeError, *_UNREADABLE) as error:
        raise _damaged(file, MANIFEST) from error
    return Manifest(origin, members)


def _safe(file: Path, name: str) -> PurePosixPath:
    """Return the member's name as a path that stays where it is put."""
    path = PurePosixPath(name)
    is_known = name in STATE.values() or name.startswith(FILES)
    if not is_known or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise _damaged(file, name)
    return path


def _copy(taken: IO[bytes], given: IO[bytes]) -> tuple[int, str]:
    total, digest = 0, hashlib.sha256()
    while piece := taken.read(_PIECE):
        given.write(piece)
        digest.update(piece)
        total += len(piece)
    return total, digest.hexdigest()


def _damaged(file: Path, name: str) -> StateError:
    where = f"{file} ({name})" if name else str(file)
    return StateError(
        f"{where}: not a sound backup: cut off, altered, or another kind of file; nothing was changed",
        f"{where}: копия повреждена, оборвана, или это другой файл; ничего не изменено",
    )
