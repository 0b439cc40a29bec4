"""Backups of an engine at work, put back after it was killed; damaged ones are refused and nothing is changed."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import stat
import threading
import zipfile
from collections import Counter
from contextlib import closing
from pathlib import Path

from engine.emulator.person import Person
from engine.runtime.backup_archive import MANIFEST, STATE, read_manifest, unpack
from engine.runtime.embedded import READS
from engine.runtime.opening import open_store
from engine.runtime.store import migrations
from engine.settings import read_settings
from tests.operate.operate_case import Premises, premises
from tests.runtime.service_case import DEAL

DEALS = 24


def move_all(here: Premises, deals: list[int]) -> threading.Thread:
    """A person takes one deal after another to work, in a thread of its own."""

    def work() -> None:
        for deal in deals:
            Person(here.portal, 2).move(DEAL, deal, "C4:UC_WORK")

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def is_planned(here: Premises, deals: list[int]) -> bool:
    return all(here.plan_of(deal) == "50 %, 50 %" for deal in deals)


def counts(file: Path) -> tuple[int, int, int]:
    """Events, runs and steps of a database whose rows all belong together."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
        return tuple(
            connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("event", "run", "step")
        )


def all_runs(here: Premises) -> list[tuple[int, str]]:
    """Number and status of every run in the state."""
    settings, _ = read_settings(here.config, {})
    with closing(open_store(settings, mode=READS)) as store:
        return [(row[0], row[1]) for row in store.rows("SELECT n, status FROM run ORDER BY n")]


def done(here: Premises) -> list[int]:
    return [number for number, status in all_runs(here) if status == "done"]


def test_a_backup_under_load_is_one_moment_and_comes_back(tmp_path: Path) -> None:
    with premises(tmp_path / "company") as here:
        deals = [here.deal(number) for number in range(DEALS)]
        here.begin()
        thread = move_all(here, deals)
        backups, seen = [], []
        for number in range(3):
            file = tmp_path / f"{number}.zip"
            ran = here.engine("backup", file, "--lang", "en")
            assert ran.code == 0, ran.err
            assert f"The backup stands: {file}" in ran.out
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            backups.append(file)
            folder = tmp_path / f"out{number}"
            manifest = unpack(file, folder)
            assert manifest.origin.schema == migrations()[-1][0]
            assert len(manifest.origin.edition) > 10
            seen.append(counts(folder / STATE["sqlite"]))
        thread.join()
        here.wait(lambda: is_planned(here, deals))
        assert seen == sorted(seen)
        here.wait(lambda: len(done(here)) >= DEALS)
        before = len(here.notices)
        here.end(signal.SIGKILL)
        runs_then = all_runs(here)

        refused = here.engine("restore", backups[0], "--lang", "en")
        assert refused.code == 1
        assert "--force" in refused.err
        assert all_runs(here) == runs_then

        ran = here.engine("restore", backups[0], "--force", "--lang", "en")
        assert ran.code == 0, ran.err
        kept = list((here.folder / "state").glob("engine.db.before-*"))
        assert len(kept) == 1
        assert counts(here.folder / "state" / "engine.db") == seen[0]
        assert not list((here.folder / "state").glob(".restore-*"))

        # It comes up paused, finds by its sweep what was moved since, and does nothing before a person says so.
        here.begin()
        assert here.engine("portal", "sweep").code == 0
        assert len(here.notices) == before
        assert here.engine("resume").code == 0
        here.wait(lambda: len(done(here)) >= DEALS)
        assert is_planned(here, deals)
        # What the backup does not know was done is done again: a field stands as it stood, a notice may come twice.
        # That is why it comes up paused, and what docs/operations.md tells.
        told = Counter(re.search(r"Сделка \d+", str(notice)).group() for notice in here.notices)
        assert set(told) == {f"Сделка {number}" for number in range(DEALS)}
        assert max(told.values()) <= 2
        assert here.end() == 0


def test_a_damaged_backup_is_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    with premises(tmp_path / "company") as here:
        here.begin()
        here.end()
        sound = tmp_path / "sound.zip"
        assert here.engine("backup", sound).code == 0
        state = here.folder / "state" / "engine.db"
        before = state.read_bytes()
        content = sound.read_bytes()
        for name, damaged in damages(sound, content, tmp_path).items():
            file = tmp_path / f"{name}.zip"
            file.write_bytes(damaged)
            ran = here.engine("restore", file, "--force", "--lang", "en")
            assert (ran.code, ran.is_plain) == (1, True), (name, ran)
            assert "not a sound backup" in ran.err, (name, ran.err)
            assert state.read_bytes() == before, name
        names = {path.name.removesuffix("-wal").removesuffix("-shm") for path in state.parent.iterdir()}
        assert names <= {"engine.db", "engine.db.lock", "files"}
        assert here.engine("restore", tmp_path / "none.zip").code == 2
        assert here.engine("restore", sound, "--force").code == 0


def damages(sound: Path, content: bytes, folder: Path) -> dict[str, bytes]:
    """The archive cut off at several places, with one byte altered, and rewritten with other members."""
    found = {f"cut{part}": content[: len(content) * part // 10] for part in (0, 3, 7)}
    found["cut-last"] = content[:-1]
    middle = content.index(b"state/engine.db") + 200
    found["altered"] = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    manifest = json.loads(zipfile.ZipFile(sound).read(MANIFEST))
    database = zipfile.ZipFile(sound).read(STATE["sqlite"])
    found["swapped"] = rewritten(folder, manifest, {STATE["sqlite"]: database[:-1] + b"x"})
    found["missing"] = rewritten(folder, manifest, {})
    manifest["members"]["files/../../../out"] = {"bytes": 0, "sha256": ""}
    found["climbing"] = rewritten(folder, manifest, {STATE["sqlite"]: database, "files/../../../out": b""})
    return found


def rewritten(folder: Path, manifest: dict[str, object], members: dict[str, bytes]) -> bytes:
    file = folder / "rewritten"
    with zipfile.ZipFile(file, "w") as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
        zipped.writestr(MANIFEST, json.dumps(manifest))
    return file.read_bytes()


def test_who_is_refused(tmp_path: Path) -> None:
    with premises(tmp_path / "company") as here:
        assert "no state" in here.engine("backup", tmp_path / "a.zip", "--lang", "en").err
        assert not list(tmp_path.glob("a.zip*"))
        here.begin()
        assert here.engine("backup", tmp_path / "a.zip").code == 0
        again = here.engine("backup", tmp_path / "a.zip", "--lang", "en")
        assert (again.code, again.is_plain) == (2, True)
        assert "exists" in again.err
        running = here.engine("restore", tmp_path / "a.zip", "--force", "--lang", "en")
        assert (running.code, running.is_plain) == (1, True)
        assert "another engine is running" in running.err
        assert here.get("/healthz") == 200
        here.end()
        manifest = json.loads(zipfile.ZipFile(tmp_path / "a.zip").read(MANIFEST))
        database = zipfile.ZipFile(tmp_path / "a.zip").read(STATE["sqlite"])
        for name, change in {
            "newer": {"schema": 9999},
            "kind": {"kind": "postgres"},
            "form": {"format": "x/2"},
        }.items():
            file = tmp_path / f"{name}.zip"
            member = STATE["postgres"] if name == "kind" else STATE["sqlite"]
            told = {**manifest, **change, "members": {member: manifest["members"][STATE["sqlite"]]}}
            file.write_bytes(rewritten(tmp_path, told, {member: database}))
            ran = here.engine("restore", file, "--force", "--lang", "en")
            assert (ran.code, ran.is_plain) == (1, True), ran
            assert {"newer": "newer version", "kind": "postgres", "form": "x/2"}[name] in ran.err


def test_kept_files_come_back_and_a_folder_gets_a_name(tmp_path: Path) -> None:
    with premises(tmp_path / "company") as here:
        here.begin()
        kept = here.folder / "state" / "files" / "kept" / "ab" / ("ab" * 32)
        kept.parent.mkdir(parents=True)
        kept.write_bytes(b"a document")
        (kept.parent / "tmp1234").write_bytes(b"half of another")
        here.end(signal.SIGKILL)
        (tmp_path / "backups").mkdir()
        assert here.engine("backup", tmp_path / "backups").code == 0
        (file,) = (tmp_path / "backups").iterdir()
        assert file.name.startswith("reglament-20")
        kept.unlink()
        (here.folder / "state" / "engine.db").unlink()
        assert here.engine("restore", file).code == 0
        assert kept.read_bytes() == b"a document"
        assert "files/kept/ab/tmp1234" not in read_manifest(file).members


def test_a_file_moves_to_an_empty_postgres(tmp_path: Path, database: str) -> None:
    with premises(tmp_path / "company") as here:
        deals = [here.deal(number) for number in range(4)]
        here.begin()
        move_all(here, deals[:2]).join()
        here.wait(lambda: len(done(here)) == 2)
        assert here.end() == 0
        assert here.engine("backup", tmp_path / "a.zip").code == 0
        before, told = all_runs(here), len(here.notices)
        text = here.config.read_text("utf-8")
        here.config.write_text(text.replace("state: ./state/engine.db", f"state: {database}"), "utf-8")
        ran = here.engine("restore", tmp_path / "a.zip", "--lang", "en")
        assert ran.code == 0, ran.err
        assert all_runs(here) == before
        again = here.engine("restore", tmp_path / "a.zip", "--force", "--lang", "en")
        assert (again.code, again.is_plain) == (1, True)
        assert "empty one" in again.err
        move_all(here, deals[2:]).join()  # while nobody listens: the sweep finds it
        here.begin()
        assert here.engine("resume").code == 0
        here.wait(lambda: len(done(here)) == 4)
        assert is_planned(here, deals)
        assert len(here.notices) == told + 2
        assert here.end() == 0


def test_postgres_goes_the_same_way(tmp_path: Path, database: str) -> None:
    with premises(tmp_path / "company", state=f"{database}\ntakeover: 2") as here:
        deals = [here.deal(number) for number in range(6)]
        here.begin()
        move_all(here, deals[:3]).join()
        here.wait(lambda: len(done(here)) == 3)
        assert here.engine("backup", tmp_path / "a.zip").code == 0
        move_all(here, deals[3:]).join()
        here.wait(lambda: len(done(here)) == 6)
        running = here.engine("restore", tmp_path / "a.zip", "--force", "--lang", "en")
        assert (running.code, running.is_plain) == (1, True)
        assert "stop all of them first" in running.err
        here.end(signal.SIGKILL)
        here.wait(lambda: "--force" in here.engine("restore", tmp_path / "a.zip", "--lang", "en").err, 20)
        ran = here.engine("restore", tmp_path / "a.zip", "--force")
        assert ran.code == 0, ran.err
        assert len(done(here)) == 3
        here.begin()
        assert here.engine("resume").code == 0
        assert here.engine("portal", "sweep").code == 0
        here.wait(lambda: len(done(here)) == 6)
        assert here.end() == 0
