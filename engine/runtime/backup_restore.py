"""Puts a backup in the place of the state: checked to the last byte first, then swapped in one step.

Decides what must hold before anything is touched, and that the state is at every moment the old one or the new one,
whole. It leaves the engine paused: what was done after the backup was made is not known to it any more.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.runtime.backup import check_database, files_folder
from engine.runtime.backup_archive import (
    FILES,
    POSTGRES,
    SQLITE,
    STATE,
    Origin,
    read_manifest,
    sync_folder,
    unpack,
)
from engine.runtime.brakes import pause
from engine.runtime.embedded import EmbeddedStore, held_alone
from engine.runtime.opening import is_cluster, open_store
from engine.runtime.store import StateError, migrations, newer_state
from engine.settings import Settings


@dataclass(frozen=True, slots=True)
class Restored:
    """A state that was put back: where its backup came from, and where the one before it is kept, if any."""

    origin: Origin
    before: Path | None


def restore_backup(settings: Settings, file: Path, now: datetime, *, force: bool = False) -> Restored:
    """The state of the settings is the backup's, paused; a state file that was there is kept beside it.

    A backup of a file goes into an empty Postgres too. Nothing is changed where it raises StateError: the archive is
    not sound, of a newer version, or of Postgres while the settings name a file; an engine is working; there is a
    state already and `force` does not say to replace it. Raises OSError where the disk refuses.
    """
    _refuse_other(settings, file, read_manifest(file).origin)
    folder = files_folder(settings)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=folder.parent) as scratch:
        origin = unpack(file, Path(scratch)).origin
        copy = Path(scratch) / STATE[origin.kind]
        if is_cluster(settings):
            _replace_server(settings, copy, Path(scratch) / FILES, now, force=force)
            before = None
        else:
            before = _replace_file(settings, copy, Path(scratch) / FILES, now, force=force)
    return Restored(origin, before)


def _refuse_other(settings: Settings, file: Path, origin: Origin) -> None:
    if origin.kind == POSTGRES and not is_cluster(settings):
        raise StateError(
            f"{file} holds a state of postgres, and `state` of config.yaml names a file",
            f"{file}: в копии состояние из postgres, а `state` в config.yaml называет файл",
        )
    if origin.schema > migrations()[-1][0]:
        raise newer_state(str(file))


def _replace_file(settings: Settings, copy: Path, kept: Path, now: datetime, *, force: bool) -> Path | None:
    state = Path(settings.state)
    _make_ready(copy, now)
    # Held to the end: no engine starts on what is being replaced.
    with held_alone(state):
        if state.exists() and not force:
            raise StateError(
                f"there is a state at {state} already; --force replaces it and keeps it beside the new one",
                f"{state}: состояние уже есть; --force заменит его, а прежнее сохранит рядом",
            )
        before = _set_aside(state, now) if state.exists() else None
        _add_files(kept, files_folder(settings))
        copy.replace(state)
        sync_folder(state.parent)
    return before


def _make_ready(copy: Path, now: datetime) -> None:
    """Bring the unpacked state up to date, check its pages and pause it."""
    try:
        with closing(sqlite3.connect(copy)) as connection:
            check_database(connection, copy)
        with closing(EmbeddedStore(copy)) as store:
            pause(store, now, "engine restore")
        with closing(sqlite3.connect(copy)) as connection:
            # It must need no file beside it: those of the old state go another way.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError as error:
        raise StateError(f"the backup's database: {error}", f"база в копии: {error}") from error


def _set_aside(state: Path, now: datetime) -> Path:
    """Keep the present state under a name of its own; return it. The state itself stays where it is, without a log.

    A log of the old file beside the new one would be taken for the new one's.
    """
    before = state.with_name(f"{state.name}.before-{now:%Y%m%d-%H%M%S}")
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(state, timeout=1.0)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    shutil.copyfile(state, before)
    before.chmod(0o600)
    for tail in ("-wal", "-shm"):  # of a file too damaged to take its log in
        log = state.with_name(state.name + tail)
        if log.exists():
            log.replace(before.with_name(before.name + tail))
    return before


def _replace_server(settings: Settings, copy: Path, kept: Path, now: datetime, *, force: bool) -> None:
    from engine.runtime.backup_carry import carry_over
    from engine.runtime.backup_postgres import is_in_use, is_there, load

    is_file = copy.name == Path(STATE[SQLITE]).name
    if is_there(settings):
        if is_in_use(settings):
            raise StateError(
                "an engine is working on this state: stop all of them first",
                "с этим состоянием работает движок: сначала остановите все",
            )
        if is_file or not force:
            raise StateError(
                "there is a state in this database already; "
                + ("give an empty one to move a file's state to" if is_file else "--force replaces it"),
                "в этой базе уже есть состояние; "
                + ("для переноса из файла нужна пустая" if is_file else "--force заменит его"),
            )
    if is_file:
        _make_ready(copy, now)
    _add_files(kept, files_folder(settings))
    if is_file:
        carry_over(copy, settings.state)
        return
    load(settings.state, copy)
    with closing(open_store(settings)) as store:
        pause(store, now, "engine restore")


def _add_files(kept: Path, folder: Path) -> None:
    """Put the backup's files among those that are there: they are named by what they hold, so none is altered."""
    for path in sorted(kept.rglob("*")) if kept.is_dir() else ():
        if path.is_file():
            place = folder / path.relative_to(kept)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
            sync_folder(place.parent)
