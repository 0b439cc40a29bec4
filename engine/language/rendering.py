"""Diagnostics as text for people: the place, the line, a caret, the mend.

Knows how to print; the words are in `messages/`. The forms for programs (JSON, SARIF, GitHub) are in `reports.py`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.language.diagnostics import Diagnostic, Span, by_place
from engine.language.pages import fill, fill_help, find_page
from engine.language.typewords import translate_types

SEVERITIES = {
    "ru": {"error": "ошибка", "warning": "предупреждение", "advice": "совет"},
    "en": {"error": "error", "warning": "warning", "advice": "advice"},
}
ROLES = {
    "first": ("первое место", "the first place"),
    "trigger": ("это имя недоступно при срабатывании", "this trigger does not reach the name"),
    "used": ("шаблон используется здесь", "the template is used here"),
    "other": ("другое правило", "the other rule"),
    "write": ("далее по кругу", "next in the loop"),
}
_COLOURS = {"error": "31", "warning": "33", "advice": "36"}
_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Told:
    """A diagnostic in the words of one language."""

    message: str
    label: str
    help: tuple[str, ...]
    notes: tuple[tuple[Span, str], ...]


def tell(found: Diagnostic, language: str) -> Told:
    """Return the words of `found`. A code without a page (a plugin's own) is told by its values."""
    role_at = 0 if language == "ru" else 1
    notes = tuple((span, ROLES[role][role_at] if role in ROLES else role) for span, role in found.related)
    page = find_page(found.code)
    if page is None:
        return Told(", ".join(found.values.values()) or found.code, "", (), notes)
    words = page.words[language]
    values = translate_types(found.code, found.values, language)
    return Told(fill(words.message, values), fill(words.label, values), fill_help(words, values), notes)


def render_text(
    found: Iterable[Diagnostic], sources: Mapping[str, bytes], language: str = "ru", *, colour: bool = False
) -> str:
    """Return all diagnostics sorted by place, a blank line between; `sources` give the lines to show."""
    lines = _Lines(sources)
    blocks = [_render_one(one, lines, language, colour=colour) for one in sorted(found, key=by_place)]
    return "\n\n".join(blocks) + ("\n" if blocks else "")


@dataclass(slots=True)
class _Lines:
    """The lines of the files, split when they are first asked for."""

    sources: Mapping[str, bytes]
    split: dict[str, list[str]] = field(default_factory=dict)

    def find(self, span: Span) -> str | None:
        if span.file not in self.split:
            text = self.sources.get(span.file, b"").decode("utf-8-sig", "replace")
            self.split[span.file] = text.splitlines()
        lines = self.split[span.file]
        return lines[span.line - 1] if 0 < span.line <= len(lines) else None


def _render_one(found: Diagnostic, lines: _Lines, language: str, *, colour: bool) -> str:
    told = tell(found, language)
    paint = _Paint(_COLOURS.get(found.severity, "0"), is_on=colour)
    name = SEVERITIES[language].get(found.severity, found.severity)
    where = f"{found.span}: " if found.span.file else ""
    parts = [f"{paint.bold(where)}{paint.tint(f'{name}[{found.code}]')}: {paint.bold(told.message)}"]
    line = lines.find(found.span)
    gutter = " " * len(str(found.span.line))
    if line is not None:
        shown, caret = _frame(line, found.span)
        mark = paint.tint(f"{caret} {told.label}".rstrip())
        parts += [f"{gutter} |", f"{found.span.line} | {shown}".rstrip(), f"{gutter} | {mark}"]
    elif told.label:
        parts.append(f"{gutter} = {told.label}")
    note, mend = ("примечание", "подсказка") if language == "ru" else ("note", "help")
    parts += [f"{gutter} = {note}: {words}: {span}" for span, words in told.notes]
    parts += [f"{gutter} = {mend}: {text}" for text in told.help]
    return "\n".join(parts)


def _frame(line: str, span: Span) -> tuple[str, str]:
    """Return the line as shown, cut around the place where it is long, and the carets under the place."""
    first = min(span.column - 1, len(line))
    last = min(span.end_column - 1, len(line)) if span.end_line == span.line else len(line)
    cut = max(0, first - _WIDTH // 2) if len(line) > _WIDTH else 0
    text = "".join(character if character.isprintable() else " " for character in line)
    shown = ("…" if cut else "") + text[cut : cut + _WIDTH] + ("…" if len(text) > cut + _WIDTH else "")
    before = width(text[cut:first]) + (1 if cut else 0)
    carets = max(1, width(text[first : max(last, first)][: _WIDTH - (first - cut)]))
    return shown, " " * before + "^" * carets


def width(text: str) -> int:
    """Return how many cells a terminal takes for `text`."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


@dataclass(frozen=True, slots=True)
class _Paint:
    """Terminal colours, or none."""

    code: str
    is_on: bool

    def tint(self, text: str) -> str:
        return f"\x1b[1;{self.code}m{text}\x1b[0m" if self.is_on and text else text

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.is_on and text else text
