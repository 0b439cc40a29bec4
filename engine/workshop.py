"""From a folder to an edition: settings, plugins, regulation files, checked together.

The one place that reads a regulation's files. `open_workshop` finds them, `Workshop.build` reads, checks and returns
an edition with every diagnostic; the watcher and the commands call the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.action import Action
from engine.decision.derivation import Derivations, compile_derivations
from engine.decision.edition import Edition, build_edition
from engine.host import Host, find_plugins
from engine.language.calendar import WorkCalendar
from engine.language.check import CheckCache, check_regulation
from engine.language.diagnostics import Diagnostic, Span, by_place
from engine.language.load import LoadCache, load_regulation
from engine.language.source import undisturbed
from engine.portal.map import PortalMap
from engine.settings import Settings
from engine.setup import Setup

REGULATION_ENDINGS = (".yaml", ".yml")
MAIL_FOLDER = "mail"


def shipped_folder() -> Path:
    """Return the folder of the shipped plugins, regulations and example config: the wheel's, else the checkout's."""
    inside = Path(__file__).parent / "_shipped"
    return inside if inside.is_dir() else Path(__file__).parent.parent


@dataclass(frozen=True)
class Built:
    """One reading of the regulations: the edition (None with errors), all diagnostics, the files' bytes by name."""

    edition: Edition | None
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, bytes] = field(repr=False)


@dataclass
class Workshop:
    """Settings and plugins, ready to build editions again and again; unchanged files are not read twice."""

    settings: Settings
    host: Host
    setup: Setup
    derivations: Derivations
    calendar: WorkCalendar
    cache: LoadCache = field(default_factory=LoadCache)
    checked: CheckCache = field(default_factory=CheckCache)

    @property
    def actions(self) -> Mapping[str, Action]:
        """Actions of all plugins by name."""
        return self.host.actions

    def build(self, paths: Iterable[Path] | None = None) -> Built:
        """Read the regulations (or `paths` alone), check them and return the edition. Never raises for contents."""
        with undisturbed():
            return self._build(paths)

    def build_with(self, changed: Mapping[str, bytes]) -> Built:
        """Return what `build` would, were the regulation files and letters named in `changed` (`acts.yaml`) like that.

        Names are as `name_of` gives them; an unknown one is a new file. Nothing is written, and nothing of it is kept.
        """
        sources, templates, found = self._read(self.regulation_files())
        for name, content in changed.items():
            if name.endswith(".txt"):
                templates[Path(name).stem] = (name, content)
            else:
                sources[name] = content
        with undisturbed():
            return self._assemble(sources, templates, found, LoadCache(), CheckCache())

    def _build(self, paths: Iterable[Path] | None) -> Built:
        files = self.regulation_files() if paths is None else _expand(paths)
        sources, templates, found = self._read(files)
        return self._assemble(sources, templates, found, self.cache, self.checked)

    def _assemble(
        self,
        sources: dict[str, bytes],
        templates: dict[str, tuple[str, bytes]],
        found: list[Diagnostic],
        cache: LoadCache,
        checked: CheckCache,
    ) -> Built:
        rule_sets, problems = load_regulation(
            sources, self.settings.world, self.actions, templates, cache, received=self.host.received
        )
        found.extend(self.host.diagnostics)
        found.extend(problems)
        found.extend(check_regulation(rule_sets, self.actions, checked))
        everything = {**sources, **dict(templates.values())}
        ordered = tuple(sorted(found, key=by_place))
        if any(one.is_error for one in ordered):
            return Built(None, ordered, everything)
        hashed = {**everything, "map": self.settings.map_text}
        edition = build_edition(
            rule_sets, self.actions, self.settings.world, self.derivations, self.calendar, hashed
        )
        return Built(edition, ordered, everything)

    def regulation_files(self) -> list[Path]:
        """Return the regulation files of the configured folder; tests beside them are not regulations."""
        return _expand([self.settings.regulations])

    def name_of(self, file: Path) -> str:
        """Return how diagnostics call `file`: relative to the config's folder where it lies inside."""
        for base in (self.settings.config.parent, self.settings.regulations.parent):
            if file.is_relative_to(base):
                return file.relative_to(base).as_posix()
        return file.as_posix()

    def _read(
        self, files: Iterable[Path]
    ) -> tuple[dict[str, bytes], dict[str, tuple[str, bytes]], list[Diagnostic]]:
        sources: dict[str, bytes] = {}
        templates: dict[str, tuple[str, bytes]] = {}
        found: list[Diagnostic] = []
        for file in files:
            name = self.name_of(file)
            try:
                sources[name] = file.read_bytes()
            except OSError as error:
                found.append(Diagnostic("R321", Span(name), {"what": error.strerror or str(error)}))
        mail = self.settings.regulations / MAIL_FOLDER
        for file in sorted(mail.glob("*.txt")) if mail.is_dir() else ():
            try:
                templates[file.stem] = (self.name_of(file), file.read_bytes())
            except OSError as error:
                found.append(
                    Diagnostic("R321", Span(self.name_of(file)), {"what": error.strerror or str(error)})
                )
        return sources, templates, found


def open_workshop(settings: Settings) -> tuple[Workshop, list[Diagnostic]]:
    """Find the plugins of `settings` and compile the map's derived fields. Nothing is read of the regulations yet."""
    portal_map = PortalMap(settings.world, settings.portal_address, settings.shared_drive, settings.zone)
    setup = Setup(
        company=settings.company,
        zone=settings.zone,
        language=settings.language,
        documents=settings.documents,
        mail=settings.mail,
        map=portal_map,
        own=_own(settings),
    )
    derivations, found = compile_derivations(settings.world)
    host = find_plugins(plugin_folders(settings), setup)
    return Workshop(settings, host, setup, derivations, WorkCalendar(settings.calendar)), found


def _own(settings: Settings) -> dict[str, object]:
    """Return the plugins' free settings; who is told of stopped runs is told for those who left unless they say who."""
    mine = settings.own.get("notify")
    notify = dict(mine) if isinstance(mine, Mapping) else {}
    notify["fallback"] = notify.get("fallback") or settings.attention
    return {**settings.own, "notify": notify}


def plugin_folders(settings: Settings) -> list[Path]:
    """Return where plugins come from: the shipped ones and the company's; beside an example config one stands in."""
    if settings.is_example and settings.plugins.is_dir():
        return [settings.plugins]
    shipped = shipped_folder() / "plugins"
    return [shipped] if shipped == settings.plugins else [shipped, settings.plugins]


def _expand(paths: Iterable[Path]) -> list[Path]:
    """Return the regulation files under `paths`; a file named directly is taken whatever it is called."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found.extend(
                file
                for file in sorted(path.rglob("*"))
                if file.suffix in REGULATION_ENDINGS and not file.name.endswith((".test.yaml", ".test.yml"))
                and "examples" not in file.relative_to(path).parts[:-1]
            )  # fmt: skip
        else:
            found.append(path)
    return found
