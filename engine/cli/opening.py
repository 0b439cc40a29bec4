"""Opens what a command works with: the config, the settings, the workshop; prints diagnostics; ends with the code.

Finds the config as CONTRACT says and decides nothing else. Regulations are read by `Workshop.build`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from engine.cli.mistakes import Mistake, reason
from engine.cli.options import Options, locale_language, shared_options
from engine.cli.words import word

if TYPE_CHECKING:
    from engine.decision.edition import Edition
    from engine.decision.event_file import Given
    from engine.decision.forms import Requests
    from engine.decision.simulation import Simulation
    from engine.language.diagnostics import Diagnostic
    from engine.settings import Settings
    from engine.workshop import Built, Workshop

CONFIG, EXAMPLE, REGULATIONS, PLUGINS = "config.yaml", "config.example.yaml", "regulations", "plugins"
BROKEN = 1


def pass_opening(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the command an `Opening` as its first argument, and the three options that every command takes."""

    @shared_options
    @functools.wraps(function)
    def run(*args: Any, given: Options, **rest: Any) -> Any:
        return function(Opening(given), *args, **rest)

    return run


@dataclass(slots=True)
class Held:
    """Diagnostics kept back for one report, and the files they point at."""

    found: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, bytes] = field(default_factory=dict)


class Opening:
    """One command's way in. `language` is the person's: `--lang`, else the locale, else the company's own.

    With a `form` (`json`, `sarif`, …) diagnostics of the config are held back for the command's own report.
    """

    def __init__(self, given: Options) -> None:
        self.given = given
        self.is_verbose = given.is_verbose
        self.language = given.language or locale_language() or "en"
        self.form = ""
        self.held = Held()
        self._secrets: list[str] = []
        self._config_name = CONFIG

    def word(self, key: str, **values: str) -> str:
        """Return a sentence of `words.py` in the person's language."""
        return word(key, self.language, **values)

    def say(self, key: str, **values: str) -> None:
        """Print a sentence of `words.py` on stderr."""
        click.echo(word(key, self.language, **values), err=True)

    def report(self, found: Iterable[Diagnostic], sources: Mapping[str, bytes]) -> None:
        """Print diagnostics as text on stderr, in colour on a terminal; nothing where there are none."""
        from engine.language.rendering import render_text

        text = render_text(found, self.shown(sources), self.language, colour=sys.stderr.isatty())
        if text:
            click.echo(text, err=True)

    def shown(self, sources: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return the files that diagnostics point at, secrets blotted out of the config: reports are passed on."""
        from engine.hiding import hide_in_config

        return {
            name: hide_in_config(content.decode("utf-8", "surrogateescape"), self._secrets).encode(
                "utf-8", "surrogateescape"
            )
            if name == self._config_name
            else content
            for name, content in sources.items()
        }

    def read_file(self, file: Path) -> bytes:
        """Return the bytes of a file that a person named. Raises Mistake where it cannot be read."""
        try:
            return file.read_bytes()
        except OSError as error:
            raise self.refusal(file, error) from error

    def refusal(self, file: Path, error: OSError) -> Mistake:
        """Return the mistake to raise for a file that the system refused."""
        return Mistake("mistake_file", name=str(file), what=reason(error, self.language))

    def settings(
        self, *, allow_example: bool = False, is_quiet: bool = False, regulations: Path | None = None
    ) -> Settings:
        """Return the settings in force, or end the command: 1 with diagnostics, 2 where there is no config.

        With `allow_example` the folder's `config.example.yaml` or the shipped one stands in for a missing config;
        stderr says so unless `is_quiet`. `regulations` replaces the configured folder.
        """
        settings = self._found(allow_example=allow_example, is_quiet=is_quiet)
        if self.given.language is None and locale_language() is None:
            self.language = settings.language
        return replace(settings, regulations=regulations.resolve()) if regulations is not None else settings

    def workshop(
        self, *, allow_example: bool = False, is_quiet: bool = False, regulations: Path | None = None
    ) -> Workshop:
        """Return settings and plugins, ready to build; ends the command as `settings` does."""
        from engine.workshop import open_workshop

        settings = self.settings(allow_example=allow_example, is_quiet=is_quiet, regulations=regulations)
        workshop, found = open_workshop(settings)
        sources = {settings.config.name: self.read_file(settings.config)} if found else {}
        if any(one.is_error for one in found):
            self.stop(found, sources)
        self.hold(found, sources)
        return workshop

    def build(self, workshop: Workshop) -> Built:
        """Read and check the regulations; print errors and warnings (advice with `-v`) on stderr."""
        from engine.cli.findings import gather

        built = workshop.build()
        found, sources = gather(workshop, built)
        self.report([one for one in found if one.severity != "advice" or self.is_verbose], sources)
        return built

    def costs(self, edition: Edition, simulation: Simulation) -> dict[str, Requests]:
        """Return what each event of the simulation would cost the portal at most, by event id."""
        from engine.costs import simulation_costs

        return simulation_costs(simulation, edition.actions)

    def fill_live(self, workshop: Workshop, edition: Edition, given: Given) -> None:
        """Add to `given` what the portal knows and the event file lacks. Reads only. Raises Mistake, PortalError."""
        from engine.cli.live import read_missing

        read_missing(self, workshop, edition, given)

    def hold(self, found: Iterable[Diagnostic], sources: Mapping[str, bytes]) -> None:
        """Keep diagnostics for the command's report where it has a form; print them on stderr where it has none."""
        if not self.form:
            self.report(found, sources)
            return
        self.held.found.extend(found)
        self.held.sources.update(sources)

    def stop(self, found: Iterable[Diagnostic], sources: Mapping[str, bytes]) -> NoReturn:
        """Print diagnostics (in the command's form, on stdout, where it has one) and end the command with 1."""
        self.hold(found, sources)
        if self.form:
            from engine.cli.findings import print_findings

            print_findings(self.held.found, self.shown(self.held.sources), self.form, self.language)
        sys.exit(BROKEN)

    def _found(self, *, allow_example: bool, is_quiet: bool) -> Settings:
        here = Path.cwd()
        given = self.given.config
        if given is not None or (here / CONFIG).exists():
            return self._read(given or here / CONFIG)
        if not allow_example:
            raise Mistake("no_config", name=CONFIG)
        return self._stand_in(here, is_quiet=is_quiet)

    def _stand_in(self, here: Path, *, is_quiet: bool) -> Settings:
        """Return the settings of an example config; what the folder has goes before what is shipped."""
        from engine.workshop import shipped_folder

        shipped = shipped_folder()
        is_own = (here / EXAMPLE).exists()
        settings = self._read((here if is_own else shipped) / EXAMPLE, folder=here, is_example=is_own)
        has_rules = (here / REGULATIONS).is_dir()
        own_rules = settings.regulations if is_own and settings.regulations.is_dir() else here / REGULATIONS
        settings = replace(settings, regulations=own_rules if has_rules else shipped / REGULATIONS)
        if not is_own:
            # A folder without any config may still hold a company's plugins: they come beside the shipped ones.
            settings = replace(settings, plugins=here / PLUGINS, state=str(here / "state" / "engine.db"))
        if not is_quiet:
            config = EXAMPLE if is_own else word("shipped_config", self.language)
            rules = f"./{REGULATIONS}" if has_rules else word("shipped_regulations", self.language)
            self.say("using_example", config=config, regulations=rules)
        return settings

    def _read(self, config: Path, *, folder: Path | None = None, is_example: bool = False) -> Settings:
        from engine.hiding import secret_values
        from engine.settings import environment, read_settings

        content = self.read_file(config)
        try:
            variables = environment(folder or config.parent)
        except OSError as error:
            raise self.refusal(Path(error.filename or ".env"), error) from error
        except UnicodeDecodeError as error:
            raise Mistake("not_text", name=".env") from error
        self._secrets, self._config_name = secret_values(variables), config.name
        try:
            settings, found = read_settings(config, variables, is_example=is_example)
        except OSError as error:
            raise self.refusal(Path(error.filename or config), error) from error
        except UnicodeDecodeError as error:
            raise Mistake("not_text", name=config.name) from error
        if settings is None:
            self.stop(found, {config.name: content})
        self.hold(found, {config.name: content})
        return settings
