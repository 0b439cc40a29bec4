"""Diagnostics of a build as the commands show them: places called as a person calls the file, the lines at hand.

Prints in the form asked for, on stdout; the summary goes to stderr. The words are of `engine.language`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.words import counted, word
from engine.language.diagnostics import Diagnostic, by_place
from engine.language.rendering import render_text
from engine.language.reports import RENDERERS

if TYPE_CHECKING:
    from engine.workshop import Built, Workshop

FORMS = tuple(RENDERERS)


def gather(workshop: Workshop, built: Built) -> tuple[list[Diagnostic], dict[str, bytes]]:
    """Return the diagnostics of a build sorted by place, and the files they point at, plugins included."""
    sources = dict(built.sources)
    found: list[Diagnostic] = []
    for one in built.diagnostics:
        file = Path(one.span.file)
        if not file.is_absolute():
            found.append(one)
            continue
        name = workshop.name_of(file)
        found.append(replace(one, span=replace(one.span, file=name)))
        if name not in sources and file.is_file():
            sources[name] = file.read_bytes()
    return sorted(found, key=by_place), sources


def print_findings(
    found: Sequence[Diagnostic], sources: Mapping[str, bytes], form: str, language: str
) -> None:
    """Print `found` on stdout in `form`; as text in colour on a terminal."""
    if form == "text":
        text = render_text(found, sources, language, colour=sys.stdout.isatty())
        click.echo(text, nl=bool(text))
    else:
        click.echo(RENDERERS[form](found, sources, language), nl=False)


def summarise(found: Iterable[Diagnostic], checked: int, language: str) -> str:
    """Return `3 ошибки, 1 предупреждение в 2 файлах.`; for none, how many files were checked."""
    listed = list(found)
    counts = {kind: sum(one.severity == kind for one in listed) for kind in ("error", "warning", "advice")}
    parts = [counted(count, kind, language) for kind, count in counts.items() if count]
    if not parts:
        return word("clean", language, files=counted(checked, "file_checked", language))
    files = counted(len({one.span.file for one in listed}), "file", language)
    return word("found", language, found=", ".join(parts), files=files)
