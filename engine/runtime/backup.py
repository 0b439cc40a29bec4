"""A backup of the state while the engine works on it: one moment of the database, and every kept file it may name.

Decides in which order things are read so that nothing is missing, whatever the engine does meanwhile. It stops
nobody, and writes nothing but the archive.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine import __version__
from engine.runtime.backup_archive import FILES, POSTGRES, SQLITE, STATE, Archive, Origin, written
from engine.runtime.opening import is_cluster
from engine.runtime.store import StateError
from engine.settings import Settings

# A moment's wait for whoever checkpoints the file just now.
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that stands: its file, its size in bytes, its origin and how many kept files are in it."""

    file: Path
    bytes: int
    origin: Origin
    kept: int


def make_backup(settings: Settings, file: Path, now: datetime) -> Made:
    """Write the state of the settings to `file`, which must not exist; a folder gets a file named by `now`.

    The archive stands whole or not at all; only its owner may read it. Raises StateError where there is no state
    or its server does not give it, OSError where the archive cannot be written.
    """
    if file.is_dir():
        file /= f"reglament-{now:%Y%m%d-%H%M%S}.zip"
    if file.exists():
        raise FileExistsError(17, "exists", str(file))
    folder = files_folder(settings)
    with written(file) as archive, tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as scratch:
        # Files before the database and again after it: one that is named by a row came before the row, and one that
        # goes meanwhile was there the first time. Those too many do no harm.
        _add_files(archive, folder)
        origin = _add_state(archive, settings, Path(scratch), now)
        _add_files(archive, folder)
        manifest = archive.end(origin)
    return Made(file, file.stat().st_size, origin, len(manifest.members) - 1)


def files_folder(settings: Settings) -> Path:
    """Return where the kept files of the state are; it need not exist."""
    state = settings.config.parent / "state" if is_cluster(settings) else Path(settings.state).parent
    return state / "files"


def _add_state(archive: Archive, settings: Settings, scratch: Path, now: datetime) -> Origin:
    if is_cluster(settings):
        from engine.runtime.backup_postgres import dump, read_origin

        copy, kind = scratch / "copy", POSTGRES
        schema, edition = read_origin(settings)
        dump(settings.state, copy)
    else:
        copy, kind = copy_database(Path(settings.state), scratch / "copy"), SQLITE
        schema, edition = _origin_of(copy)
    archive.add(STATE[kind], copy, is_packed=kind == SQLITE)  # a dump is packed already
    return Origin(kind, __version__, schema, now.isoformat(timespec="seconds"), edition)


def copy_database(source: Path, target: Path) -> Path:
    """Write the SQLite file as it is at this moment to `target`, a file that stands alone; return it.

    In one piece: the engine goes on writing meanwhile, and what it writes is not in the copy. Raises StateError
    where the source is missing or damaged.
    """
    if not source.is_file():
        raise StateError(f"there is no state at {source}", f"состояния {source} нет")
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy, pages=-1)
            # The copy is in the live file's mode: it must need no file beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
            check_database(copy, source)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target.parent.parent)) from error
        raise _unsound(source, str(error)) from error
    return target


def check_database(connection: sqlite3.Connection, named: Path) -> None:
    """Return where the pages of a database are sound. Raises StateError that names it as `named`."""
    said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if said != "ok":
        raise _unsound(named, said)


def _origin_of(copy: Path) -> tuple[int, str]:
    """Return the number of the last migration of a copy and the edition that came into force last."""
    with closing(sqlite3.connect(copy)) as connection:
        schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if not schema:
            raise StateError(
                "the state is empty: no engine has worked on it", "состояние пусто: движок не работал"
            )
        row = connection.execute("SELECT hash FROM edition ORDER BY first_seen DESC, hash LIMIT 1").fetchone()
    return schema, str(row[0]) if row else ""


def _add_files(archive: Archive, folder: Path) -> None:
    for path in _kept(folder):
        try:
            archive.add(FILES + path.relative_to(folder).as_posix(), path, is_packed=False)
        except FileNotFoundError:
            continue


def _kept(folder: Path) -> Iterator[Path]:
    """Yield the files under `folder`; one being written is called `tmp…` and is not kept yet."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith("tmp"):
            yield path


def _unsound(file: Path, why: str) -> StateError:
    return StateError(
        f"{file}: the database is damaged ({why}): restore the last backup",
        f"{file}: база повреждена ({why}): восстановите последнюю копию",
    )
