"""Regulations that are not in force: a text being edited, an older edition, and what they would have done.

Decides how a changed file is judged before it is saved and how it is saved: whole, never over somebody else's change,
with the former text kept. It knows no page.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from engine.decision.edition import Edition
from engine.decision.forms import Json, effect_json
from engine.decision.simulation import simulate
from engine.runtime.journal import Journal
from engine.runtime.run_list import Wanted
from engine.runtime.store import Store
from engine.workshop import Built, Workshop

_LONGEST_GIT = 20.0


class Outdated(Exception):  # noqa: N818 — a state of the file, no fault
    """Somebody has changed the file since it was read: it must not be written over."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What a run would have done by another edition: effects that would be gone, and new ones."""

    run: int
    title: str
    verdict: Mapping[str, str]
    gone: tuple[Mapping[str, Json], ...]
    new: tuple[Mapping[str, Json], ...]


@dataclass(frozen=True, slots=True)
class PastEdition:
    """An edition that was in force; `files` are its texts by name."""

    hash: str
    since: datetime
    files: Mapping[str, bytes] = field(repr=False)


class Drafts:
    """Drafts of the regulations of `workshop`; `journal` gives the events to try them on."""

    def __init__(self, workshop: Workshop, journal: Journal, store: Store) -> None:
        self._workshop, self._journal, self._store = workshop, journal, store

    def files(self) -> dict[str, Path]:
        """Return the regulation files and letters by the names that diagnostics use."""
        folder = self._workshop.settings.regulations
        letters = sorted((folder / "mail").glob("*.txt"))
        return {self._workshop.name_of(file): file for file in (*self._workshop.regulation_files(), *letters)}

    def text(self, name: str) -> bytes | None:
        """Return a file's text as it is now, None where there is no such file."""
        file = self.files().get(name)
        return file.read_bytes() if file is not None else None

    def judge(self, changed: Mapping[str, bytes]) -> Built:
        """Return the edition that `changed` would make with the other files, with every diagnostic."""
        return self._workshop.build_with(changed)

    def otherwise(self, edition: Edition, present: Edition, limit: int = 10) -> Iterator[Otherwise]:
        """Yield what the last `limit` events that are known whole would have led to by `edition`, where it differs."""
        for line in self._journal.list_runs(Wanted(limit=limit)):
            found = self._journal.event_of(line.n, self._workshop)
            if found is None:
                continue
            event, facts = found
            old, new = (simulate(one, event, facts) for one in (present, edition))
            before, after = ([_bare(one) for one in _effects(made)] for made in (old, new))
            gone = tuple(one for one in before if one not in after)
            more = tuple(one for one in after if one not in before)
            if gone or more:
                from engine.decision.forms import simulation_json

                verdict = simulation_json(new, edition.hash, edition.actions, {})["verdict"]
                assert isinstance(verdict, dict)
                words = {name: str(text) for name, text in verdict.items()}
                yield Otherwise(line.n, line.title or line.item, words, gone, more)

    def save(self, name: str, text: bytes, base: str, who: str) -> bool:
        """Write a file whole; return True where it is a commit of a git repository too.

        Raises Outdated where the file is not the one of hash `base` any more, KeyError for an unknown name, OSError.
        """
        file = self.files()[name]
        if digest(file.read_bytes()) != base:
            raise Outdated
        beside = file.with_name(f".{file.name}.{os.getpid()}.part")
        beside.write_bytes(text)
        beside.chmod(file.stat().st_mode)
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        beside.replace(file)
        return commit(file, f"{file.name}: {who}")

    def past(self, limit: int = 20) -> list[PastEdition]:
        """Return the last editions, the newest first, with their files."""
        rows = self._store.rows("SELECT * FROM edition ORDER BY first_seen DESC LIMIT ?", (limit,))
        return [
            PastEdition(row["hash"], datetime.fromisoformat(row["first_seen"]), self._files_of(row["hash"]))
            for row in rows
        ]

    def _files_of(self, edition: str) -> dict[str, bytes]:
        rows = self._store.rows(
            "SELECT name, content FROM edition_file WHERE hash = ? ORDER BY name", (edition,)
        )
        return {row["name"]: bytes(row["content"]) for row in rows}

    def fired_since(self, moment: datetime) -> dict[str, tuple[int, str]]:
        """Return for each rule that did something since `moment` how often and when last."""
        rows = self._store.rows(
            "SELECT step.rule AS rule, count(DISTINCT step.run) AS number, max(run.started) AS last FROM run"
            " JOIN step ON step.run = run.n WHERE run.started >= ? GROUP BY step.rule",
            (moment.isoformat(),),
        )
        return {row["rule"]: (int(row["number"]), str(row["last"])) for row in rows}


def digest(text: bytes) -> str:
    """Return the mark by which a text is known again."""
    return hashlib.sha256(text).hexdigest()


def commit(file: Path, message: str) -> bool:
    """Commit one file where it lies in a git repository; False where it does not, or git will not."""
    git: Sequence[str] = ("git", "-C", str(file.parent))
    try:
        inside = subprocess.run(
            (*git, "ls-files", "--error-unmatch", file.name),
            capture_output=True,
            timeout=_LONGEST_GIT,
            check=False,
        )
        if inside.returncode != 0:
            return False
        who = ("-c", "user.name=Reglament", "-c", "user.email=reglament@localhost")
        done = subprocess.run(
            (*git, *who, "commit", "--quiet", "--only", "-m", message, "--", file.name),
            capture_output=True, timeout=_LONGEST_GIT, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _effects(made: object) -> Iterator[Mapping[str, Json]]:
    from engine.decision.simulation import Simulation

    assert isinstance(made, Simulation)
    for one in made.walk():
        for step in one.decision.plan:
            for change in step.changes:
                yield effect_json(change, step)


def _bare(effect: Mapping[str, Json]) -> dict[str, Json]:
    """Return an effect without the place of its step, which another edition numbers otherwise."""
    return {name: value for name, value in effect.items() if name != "step"}
