"""Editions in force and editions of running work.

Decides which edition a run goes on with: the one it began with, rebuilt from its stored files if another is in
force by now. The edition in force is one attribute, swapped whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine.decision.edition import Edition, build_edition
from engine.language.diagnostics import Diagnostic
from engine.language.load import LoadCache, load_regulation
from engine.runtime.store import Store
from engine.workshop import MAIL_FOLDER, Built, Workshop


@dataclass(frozen=True)
class InForce:
    """The edition in force, the diagnostics of the last reading and, where it was broken, its bytes to show."""

    edition: Edition
    diagnostics: tuple[Diagnostic, ...] = ()
    sources: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    since: datetime | None = None

    @property
    def is_broken(self) -> bool:
        """True where the files hold something newer that must not come into force."""
        return any(found.is_error for found in self.diagnostics)


class Editions:
    """`current` is the edition in force; older ones are rebuilt for the runs that began with them."""

    def __init__(self, store: Store, workshop: Workshop, built: Built, now: datetime) -> None:
        """Put a reading without errors into force. Raises ValueError for one with errors."""
        if built.edition is None:
            raise ValueError("the regulations have errors")
        self._store, self._workshop = store, workshop
        self._older: dict[str, Edition] = {}
        keep_edition(store, built, now)
        self.current = InForce(built.edition, built.diagnostics, built.sources, now)

    def swap(self, built: Built, now: datetime) -> bool:
        """Put a new reading into force; False, and the last good edition stays, where it has errors."""
        if built.edition is None:
            self.current = InForce(self.current.edition, built.diagnostics, built.sources, self.current.since)
            return False
        keep_edition(self._store, built, now)
        self.current = InForce(built.edition, built.diagnostics, built.sources, now)
        return True

    def find(self, hash_: str) -> Edition | None:
        """Return the edition of that hash; None where its files no longer give it (another map, a plugin gone)."""
        if self.current.edition.hash == hash_:
            return self.current.edition
        if hash_ not in self._older:
            rebuilt = rebuild_edition(self._store, self._workshop, hash_)
            if rebuilt is None:
                return None
            self._older[hash_] = rebuilt
        return self._older[hash_]


def rebuild_edition(store: Store, workshop: Workshop, hash_: str) -> Edition | None:
    """Return the edition of that hash from its stored files; None where they no longer give it."""
    rows = store.rows("SELECT name, content FROM edition_file WHERE hash = ?", (hash_,))
    files: dict[str, bytes] = {row["name"]: bytes(row["content"]) for row in rows}
    letters = {name: text for name, text in files.items() if _is_letter(name)}
    templates = {name.rpartition("/")[2].removesuffix(".txt"): (name, text) for name, text in letters.items()}
    sources = {name: text for name, text in files.items() if name not in letters}
    shop = workshop
    rule_sets, problems = load_regulation(
        sources, shop.settings.world, shop.actions, templates, LoadCache(), received=shop.host.received
    )
    if any(found.is_error for found in problems):
        return None
    hashed = {**files, "map": shop.settings.map_text}
    built = build_edition(
        rule_sets, shop.actions, shop.settings.world, shop.derivations, shop.calendar, hashed
    )
    return built if built.hash == hash_ else None


def _is_letter(name: str) -> bool:
    return name.endswith(".txt") and name.rpartition("/")[0].rpartition("/")[2] == MAIL_FOLDER


def keep_edition(store: Store, built: Built, now: datetime) -> None:
    """Store the edition's files, once, for the runs that will begin with it and for the journal."""
    if built.edition is None:
        return
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO edition VALUES (?, ?) ON CONFLICT (hash) DO NOTHING",
            (built.edition.hash, now.isoformat()),
        )
        connection.executemany(
            "INSERT INTO edition_file VALUES (?, ?, ?) ON CONFLICT (hash, name) DO NOTHING",
            [(built.edition.hash, name, content) for name, content in built.sources.items()],
        )
