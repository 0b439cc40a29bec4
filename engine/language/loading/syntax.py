"""YAML's own complaints in plain words, and its quiet traps where they break the syntax.

libyaml says what its grammar missed; an office manager needs the fault and the mend. Each pattern here names a code
whose page explains both. What is not recognised keeps libyaml's wording under R113.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from engine.language.diagnostics import Diagnostic
from engine.language.loading.scalars import quote

if TYPE_CHECKING:
    from engine.language.source import Source

# libyaml's problem -> (our Russian words, our English words); the longest texts people meet, in their order.
PROBLEMS: tuple[tuple[str, str, str], ...] = (
    (
        "did not find expected ',' or ']'",
        "не закрыта квадратная скобка `[`",
        "a square bracket `[` is not closed",
    ),
    ("did not find expected ',' or '}'", "не закрыта фигурная скобка `{`", "a brace `{` is not closed"),
    (
        "did not find expected '-'",
        "здесь ждали следующий пункт списка `- `",
        "the next list entry `- ` was expected",
    ),
    (
        "did not find expected key",
        "строка сдвинута иначе, чем её соседи",
        "the line is indented unlike its neighbours",
    ),
    (
        "block sequence entries",
        "пункт списка `- ` должен начать свою строку",
        "a list entry `- ` must start its line",
    ),
    ("block mapping keys", "ключ должен начать свою строку", "a key must start its line"),
    (
        "unexpected end of stream",
        "кавычка не закрыта до конца файла",
        "a quote is not closed before the file ends",
    ),
    ("unexpected document indicator", "кавычка не закрыта", "a quote is not closed"),
    (
        "unknown escape",
        "после `\\` в двойных кавычках стоит не то",
        "`\\` in double quotes is followed by a wrong sign",
    ),
    ("could not find expected ':'", "после ключа нет двоеточия", "the key has no colon"),
    (
        "cannot start any token",
        "с этого знака значение начинаться не может",
        "a value cannot start with this sign",
    ),
    ("expected node content", "здесь ждали значение", "a value was expected here"),
    ("undefined tag handle", "метки с `!` не принимаются", "tags with `!` are not accepted"),
    ("indentation", "отступ сделан неверно", "the indentation is wrong"),
    (
        "expected comment or line break",
        "после `|` или `>` строка должна кончиться",
        "the line must end after `|` or `>`",
    ),
    (
        "expected <document start>",
        "после конца документа стоит ещё текст",
        "there is text after the document's end",
    ),
    ("maximum nesting", "слишком много вложенных скобок", "too many nested brackets"),
)


def explain_syntax(source: Source, error: BaseException) -> Diagnostic:
    """Return the diagnostic for what the YAML reader could not read, at the place where a person must look."""
    if isinstance(error, yaml.composer.ComposerError):
        return _explain_composer(source, error)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Diagnostic(
            "R113", source.span(0, 0), {"problem_ru": str(error)[:120], "problem_en": str(error)[:120]}
        )
    at = min(error.problem_mark.index, len(source.text))
    opened = error.context_mark.index if error.context_mark is not None else at
    return _find_trap(source, at, error.problem or "", opened) or _plain(source, at, error)


def _explain_composer(source: Source, error: yaml.composer.ComposerError) -> Diagnostic:
    mark = error.problem_mark
    at = min(mark.index, len(source.text)) if mark else 0
    code = "R112" if "another document" in (error.problem or "") else "R107"
    return Diagnostic(code, source.span(at, source.line_end(at)))


def _find_trap(source: Source, at: int, problem: str, opened: int) -> Diagnostic | None:
    start = source.starts[source.span(at, at).line - 1]
    line = source.text[start : source.line_end(at)]
    if "\t" in line[: len(line) - len(line.lstrip())] or source.text[at : at + 1] == "\t":
        return Diagnostic("R106", source.span(start + line.index("\t"), start + line.index("\t") + 1))
    if "',' or" in problem and source.text[at - 1 : at + 1] == "${":
        end = source.text.find("}", at) + 1
        written = source.text[at - 1 : end] if at < end <= source.line_end(at) else "${"
        return Diagnostic(
            "R185", source.span(at - 1, at - 1 + len(written)), {"text": written, "quoted": quote(written)}
        )
    if "',' or ']'" in problem:
        return _find_split(source, opened, at)
    if "'-' indicator" in problem or "expected key" in problem:
        return _find_quoted_start(source, start, line, at)
    if "mapping values" in problem:
        return _explain_colon(source, start, line, at)
    if "cannot start any token" in problem and source.text[at : at + 1] in ("@", "`", "%"):
        sign = source.text[at]
        return Diagnostic("R186", source.span(at, source.line_end(at)), {"sign": sign})
    return None


def _find_split(source: Source, opened: int, at: int) -> Diagnostic | None:
    """Find `[starts(a, "b"), c]`: the member that YAML cut at a comma or at a closing quote."""
    if at >= source.line_end(opened):
        return None
    for start, end in split_members(source.text, opened + 1, source.line_end(opened)):
        written = source.text[start:end]
        if start <= at < end and written.strip():
            code = "R180" if written[0] in "\"'[{" else "R182"
            return Diagnostic(code, source.span(start, end), {"text": written, "quoted": quote(written)})
    return None


def split_members(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where the members of a `[…]` list stand when commas inside brackets and quotes are left alone."""
    members: list[tuple[int, int]] = []
    quote, depth, first = "", 0, start
    for at in range(start, end + 1):
        character = text[at] if at < end else "]"
        if quote and at < end:
            quote = "" if character == quote else quote
            continue
        if depth <= 0 and character in ",]}":
            written = text[first:at]
            left = len(written) - len(written.lstrip())
            members.append((first + left, first + max(left, len(written.rstrip()))))
            first = at + 1
            if character != ",":
                break
        quote = character if character in "\"'" else ""
        depth += (character in "([{") - (character in ")]}")
    return members


def _find_quoted_start(source: Source, start: int, line: str, at: int) -> Diagnostic | None:
    """Find `- "x" == act.y`: YAML takes the quoted part for the whole value and trips over the rest."""
    before = line[: at - start]
    found = re.search(r"""(?:-|:)\s+(["'\[{].*["'\]}])\s*$""", before)
    if not found:
        return None
    written = line[found.start(1) :].rstrip()
    return Diagnostic(
        "R180",
        source.span(start + found.start(1), start + found.start(1) + len(written)),
        {"text": written, "quoted": quote(written)},
    )


def _explain_colon(source: Source, start: int, line: str, at: int) -> Diagnostic | None:
    """Explain `text: Акт: готов`: a second colon with a space in one line of plain text."""
    before = line[: at - start]
    found = re.match(r"\s*(?:- +)*[^\s:]+:\s+(?=\S)", before)
    if not found:
        return None
    written = line[found.end() :].rstrip()
    return Diagnostic("R187", source.span(at, at + 1), {"text": written, "quoted": quote(written)})


def _plain(source: Source, at: int, error: yaml.MarkedYAMLError) -> Diagnostic:
    problem = error.problem or ""
    # "Not closed" is seen at the end of the file; the opening sign is where the mend goes.
    opened = error.context_mark
    is_open = opened is not None and ("not find expected ','" in problem or "end of stream" in problem)
    place = min(opened.index, len(source.text)) if opened is not None and is_open else at
    if place >= len(source.text) and place > 0:
        place = len(source.text.rstrip()) - 1 if source.text.strip() else 0
    for sign, russian, english in PROBLEMS:
        if sign in problem:
            return Diagnostic(
                "R113", source.span(place, place + 1), {"problem_ru": russian, "problem_en": english}
            )
    return Diagnostic("R113", source.span(place, place + 1), {"problem_ru": problem, "problem_en": problem})
