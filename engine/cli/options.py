"""The options that every command takes: `--config`, `--lang`, `-v`; before the command's name or after it.

Decides which language a person is spoken to in; reads no file.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

LANGUAGES = ("ru", "en")


@dataclass(frozen=True, slots=True)
class Options:
    """What was given: the config file (None: look for one), the language (None: the locale's), `-v`."""

    config: Path | None = None
    language: str | None = None
    is_verbose: bool = False


def shared_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the three options to a command; its function gets them as `given`, merged with those of the group.

    One given after the command's name wins over one given before it.
    """

    @click.option(
        "--config", "given_config", type=click.Path(path_type=Path), metavar="FILE", help="The config file."
    )
    @click.option(
        "--lang", "given_language", type=click.Choice(LANGUAGES), help="Language; else the locale's."
    )
    @click.option("-v", "--verbose", "is_verbose", is_flag=True, help="Say more.")
    @functools.wraps(function)
    def run(
        *args: Any, given_config: Path | None, given_language: str | None, is_verbose: bool, **rest: Any
    ) -> Any:
        outer = click.get_current_context().find_object(Options) or Options()
        given = Options(
            given_config or outer.config, given_language or outer.language, is_verbose or outer.is_verbose
        )
        return function(*args, given=given, **rest)

    return run


def find_language(arguments: Sequence[str], variables: Mapping[str, str] | None = None) -> str:
    """Return the language to refuse a command line in: its `--lang` where that can be seen, else the locale's."""
    for position, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == "--lang":
            value = value or next(iter(arguments[position + 1 : position + 2]), "")
            if value in LANGUAGES:
                return value
    return locale_language(variables) or "en"


def locale_language(variables: Mapping[str, str] | None = None) -> str | None:
    """Return `ru` or `en` by LC_ALL, LC_MESSAGES, LANG (the first that is set), None where none is set."""
    known = os.environ if variables is None else variables
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = known.get(name, "")
        if value:
            return "ru" if value.lower().startswith("ru") else "en"
    return None
