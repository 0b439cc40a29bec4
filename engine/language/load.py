"""Files of a regulation become checked rule sets; an unchanged file is not read twice.

This module decides only what one file says by itself; what rules say about each other is in `check.py`. It opens
no file: bytes come in, rule sets and diagnostics go out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.action import Action
from engine.language.diagnostics import Diagnostic, by_place
from engine.language.expression import Names
from engine.language.loading.mail import File, MailTemplates
from engine.language.loading.names import NamesKey
from engine.language.loading.read_rules import FileReader
from engine.language.rules import RuleSet
from engine.language.shape import settle
from engine.language.source import Limits, read_source, undisturbed
from engine.language.types import World

Received = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one file gave the last time: under these bytes and the bytes of the mail templates it used."""

    digest: bytes
    templates: Mapping[str, bytes]
    ruleset: RuleSet | None
    found: tuple[Diagnostic, ...]


@dataclass(slots=True)
class LoadCache:
    """Rule sets of earlier loads. Empties itself when the world, the actions or the declared events change."""

    world: World | None = None
    actions: Mapping[str, Action] = field(default_factory=dict)
    received: Received = field(default_factory=dict)
    entries: dict[str, _Entry] = field(default_factory=dict)
    known: dict[NamesKey, Names] = field(default_factory=dict)

    def prepare(self, world: World, actions: Mapping[str, Action], received: Received) -> None:
        """From here on the cache holds only what was read with this world, these actions and these events."""
        same_actions = self.actions.keys() == actions.keys() and all(
            self.actions[n] is actions[n] for n in actions
        )
        if not (self.world == world and same_actions and self.received == received):
            self.entries.clear()
            self.known.clear()
        self.world, self.actions, self.received = world, dict(actions), dict(received)


def load_regulation(
    sources: Mapping[str, bytes],
    world: World,
    actions: Mapping[str, Action],
    templates: Mapping[str, File],
    cache: LoadCache | None = None,
    *,
    received: Received | None = None,
    limits: Limits | None = None,
) -> tuple[tuple[RuleSet, ...], list[Diagnostic]]:
    """Return the rule sets of `sources` (file name → bytes) in the order of their names, and all that is wrong.

    A rule with errors is left out of its set; a file that cannot be read gives no set. `templates` are the mail
    templates (name → file, bytes); `received` the plugin events (event → name → type). Diagnostics are sorted by
    place. Never raises for what a file holds.
    """
    cache = cache or LoadCache()
    cache.prepare(world, actions, received or {})
    for file in set(cache.entries) - set(sources):
        del cache.entries[file]
    with undisturbed():
        _refresh(sources, cache, templates, limits or Limits())
    ordered: Sequence[_Entry] = [cache.entries[file] for file in sorted(sources)]
    found = [one for entry in ordered for one in entry.found]
    return tuple(entry.ruleset for entry in ordered if entry.ruleset is not None), sorted(
        settle(found), key=by_place
    )


def _refresh(
    sources: Mapping[str, bytes], cache: LoadCache, templates: Mapping[str, File], limits: Limits
) -> None:
    """Read the files that are new or changed into `cache`."""
    for file in sorted(sources):
        digest = hashlib.blake2b(sources[file]).digest()
        entry = cache.entries.get(file)
        if entry is None or entry.digest != digest or entry.templates != _digests(entry.templates, templates):
            cache.entries[file] = _read_file(file, sources[file], digest, cache, templates, limits)


def _read_file(
    file: str, content: bytes, digest: bytes, cache: LoadCache, templates: Mapping[str, File], limits: Limits
) -> _Entry:
    mail = MailTemplates(templates)
    node, found = read_source(file, content, limits)
    if node is None or cache.world is None:
        return _Entry(digest, {}, None, tuple(found))
    is_sound = not found
    reader = FileReader(cache.world, cache.actions, mail, cache.received, known=cache.known)
    ruleset = reader.read(node, file)
    # Where YAML itself was refused, a key only seems to be missing.
    said = [
        one for one in reader.findings.found if is_sound or one.code not in ("R121", "R126", "R127", "R160")
    ]
    return _Entry(digest, _digests(mail.used, templates), ruleset, tuple(settle([*found, *said])))


def _digests(names: Mapping[str, bytes] | set[str], templates: Mapping[str, File]) -> dict[str, bytes]:
    """Return the digests of the named mail templates; a missing one has an empty digest."""
    return {
        name: hashlib.blake2b(templates[name][1]).digest() if name in templates else b"" for name in names
    }
