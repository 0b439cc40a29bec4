"""A person's mistake in a command line becomes one line in their language.

Knows the exceptions that click raises for a wrong command line and the operating system's refusals; says nothing of
what a file holds: those are diagnostics.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from engine.action import PluginError
from engine.cli.words import word

if TYPE_CHECKING:
    from engine.runtime.store import StateError


FAILED, USAGE = 1, 2


class Mistake(click.ClickException):
    """A mistake of the person at the keyboard; `key` names its sentence in `words.py`. Exits 2 unless told."""

    def __init__(self, key: str, exit_code: int = USAGE, /, **values: str) -> None:
        super().__init__(word(key, "en", **values))
        self.key, self.values, self.code = key, values, exit_code


def state_mistake(error: StateError, language: str) -> Mistake:
    """Return the mistake to raise for a state file that is in use, missing or of another kind."""
    return Mistake("state", 1, what=error.russian if language == "ru" else str(error))


def describe(error: click.ClickException | OSError | PluginError, language: str) -> str | None:
    """Return the line to print, or None for an error of the system that no person's mistake explains."""
    if isinstance(error, PluginError):
        return word("mistake", language, what=word("plugin_failed", language, what=str(error)))
    if isinstance(error, OSError):
        said = refusal(error, language)
        return None if said is None else word("mistake", language, what=said)
    if isinstance(error, Mistake):
        said = word(error.key, language, **error.values)
    elif language == "ru":
        said = _russian(error)
    else:
        said = error.format_message()
    text = word("mistake", language, what=said)
    if isinstance(error, click.UsageError) and error.ctx is not None:
        text += " " + word("try_help", language, command=error.ctx.command_path)
    return text


def code_of(error: click.ClickException | OSError | PluginError) -> int:
    """Return the code to exit with: 2 for a mistake in the use, 1 for what broke on the way."""
    if isinstance(error, Mistake):
        return error.code
    if isinstance(error, click.ClickException):
        return error.exit_code
    return FAILED if isinstance(error, PluginError) else USAGE


def refusal(error: OSError, language: str) -> str | None:
    """Return what the system refused and on which file (or which address); None where it names none."""
    if error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
        return word("port_taken", language)
    if error.errno == errno.EPIPE or error.filename is None:
        return None
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(error.filename)
    return f"{name}: {reason(error, language)}"


def reason(error: OSError, language: str) -> str:
    """Return why the system refused, in plain words where they are known."""
    known = {
        errno.ENOENT: "no_file", errno.EACCES: "no_permission", errno.EPERM: "no_permission",
        errno.EISDIR: "is_folder", errno.ENOTDIR: "not_folder", errno.EEXIST: "exists", errno.ENOSPC: "disk_full",
        errno.EROFS: "read_only",
    }  # fmt: skip
    key = known.get(error.errno or 0)
    return word(key, language) if key else (error.strerror or str(error))


def _russian(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption):
        return word("no_option", "ru", name=error.option_name) + _perhaps(error.possibilities or ())
    if isinstance(error, click.MissingParameter):
        name = (
            error.param.make_metavar(error.ctx) if error.param and error.ctx else str(error.param_hint or "")
        )
        option = error.param.opts[0] if isinstance(error.param, click.Option) else name
        return word("missing", "ru", name=option)
    if isinstance(error, click.BadOptionUsage):
        return word("bad_option", "ru", name=error.option_name)
    if isinstance(error, click.BadParameter):
        return _russian_value(error)
    return _russian_usage(error.format_message())


def _russian_value(error: click.BadParameter) -> str:
    parameter = error.param
    name = parameter.opts[0] if isinstance(parameter, click.Option) else ""
    name = parameter.human_readable_name if isinstance(parameter, click.Argument) else name
    kind = parameter.type if parameter is not None else None
    if isinstance(kind, click.Choice):
        return word("one_of", "ru", name=name, options=", ".join(str(choice) for choice in kind.choices))
    if isinstance(kind, click.IntRange | click.types.IntParamType):
        return word("whole_number", "ru", name=name)
    if isinstance(kind, click.Path) and "does not exist" in error.message:
        return word("no_path", "ru", name=name, what=_quoted(error.message))
    return word("bad_value", "ru", name=name, what=error.message)


def _russian_usage(message: str) -> str:
    """Translate the sentences of click that carry no class of their own."""
    starts: Mapping[str, str] = {
        "No such command": "no_command", "Missing command": "missing_command",
        "Got unexpected extra argument": "extra_argument",
    }  # fmt: skip
    for start, key in starts.items():
        if message.startswith(start):
            return word(key, "ru", what=_quoted(message))
    return message


def _quoted(message: str) -> str:
    """Return what stands between the first quotes or brackets of a message of click."""
    for first, last in (("'", "'"), ("(", ")")):
        _, opened, rest = message.partition(first)
        inside, closed, _ = rest.partition(last)
        if opened and closed:
            return inside
    return ""


def _perhaps(names: object) -> str:
    listed = ", ".join(str(name) for name in names) if isinstance(names, list | tuple) else ""
    return f"; {word('perhaps', 'ru', names=listed)}" if listed else ""
