"""Diagnostics for programs: JSON, SARIF 2.1.0 (code scanning), GitHub's workflow commands.

The same words as `rendering.py` prints, sorted by place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias
from urllib.parse import quote

from engine.language.diagnostics import Diagnostic, Span, by_place
from engine.language.pages import find_page
from engine.language.rendering import render_text, tell

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"

_SARIF_LEVELS = {"error": "error", "warning": "warning", "advice": "note"}
_GITHUB_WORDS = {"error": "error", "warning": "warning", "advice": "notice"}
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_json(found: Iterable[Diagnostic], _sources: Mapping[str, bytes], language: str = "ru") -> str:
    """Return a JSON object: schema `reglament/diagnostics/1`, `diagnostics` with places, words and helps."""
    shown: list[Json] = [_as_json(one, language) for one in sorted(found, key=by_place)]
    return _dump({"schema": "reglament/diagnostics/1", "diagnostics": shown})


def render_sarif(found: Iterable[Diagnostic], _sources: Mapping[str, bytes], language: str = "ru") -> str:
    """Return a SARIF 2.1.0 log with one run; every code met is described among the driver's rules."""
    ordered = sorted(found, key=by_place)
    codes = sorted({one.code for one in ordered})
    rules: list[Json] = [_sarif_rule(code, language) for code in codes]
    results: list[Json] = [_sarif_result(one, codes.index(one.code), language) for one in ordered]
    driver: Json = {"name": "reglament", "rules": rules}
    run: Json = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return _dump({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def render_github(found: Iterable[Diagnostic], _sources: Mapping[str, bytes], language: str = "ru") -> str:
    """Return one workflow command a line, so that GitHub shows each finding beside its line."""
    return "".join(_github_line(one, language) + "\n" for one in sorted(found, key=by_place))


RENDERERS: Mapping[str, Callable[[Iterable[Diagnostic], Mapping[str, bytes], str], str]] = {
    "text": render_text,
    "json": render_json,
    "sarif": render_sarif,
    "github": render_github,
}


def _as_json(found: Diagnostic, language: str) -> dict[str, Json]:
    told = tell(found, language)
    related: list[Json] = [{**_place(span), "message": words} for span, words in told.notes]
    return {
        "code": found.code,
        "severity": found.severity,
        **_place(found.span),
        "message": told.message,
        "label": told.label,
        "help": list(told.help),
        "related": related,
    }


def _place(span: Span) -> dict[str, Json]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _sarif_rule(code: str, language: str) -> dict[str, Json]:
    page = find_page(code)
    words = page.words[language] if page else None
    title, wrong = (words.title, words.wrong.strip()) if words else (code, code)
    mend = words.mend.strip() if words else ""
    help_text: Json = {"text": mend or wrong}
    return {
        "id": code,
        "shortDescription": {"text": title},
        "fullDescription": {"text": wrong},
        "help": help_text,
    }


def _sarif_result(found: Diagnostic, index: int, language: str) -> dict[str, Json]:
    told = tell(found, language)
    text = ". ".join(part for part in (told.message, told.label, *told.help) if part)
    result: dict[str, Json] = {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": _SARIF_LEVELS.get(found.severity, "warning"),
        "message": {"text": text},
        "locations": [_sarif_location(found.span)] if found.span.file else [],
    }
    if told.notes:
        result["relatedLocations"] = [
            {**_sarif_location(span), "id": number, "message": {"text": words}}
            for number, (span, words) in enumerate(told.notes)
        ]
    return result


def _sarif_location(span: Span) -> dict[str, Json]:
    region: Json = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": max(span.end_line, span.line),
        "endColumn": span.end_column if span.end_line > span.line else max(span.end_column, span.column),
    }
    return {"physicalLocation": {"artifactLocation": {"uri": quote(span.file)}, "region": region}}


def _github_line(found: Diagnostic, language: str) -> str:
    told = tell(found, language)
    word = _GITHUB_WORDS.get(found.severity, "warning")
    place = {"file": found.span.file, "line": str(found.span.line), "col": str(found.span.column)}
    if found.span.end_line == found.span.line:
        place["endColumn"] = str(found.span.end_column)
    place["title"] = found.code
    shown = ",".join(f"{name}={_escape_property(value)}" for name, value in place.items())
    text = "\n".join(part for part in (told.message, told.label, *told.help) if part)
    return f"::{word} {shown}::{_escape(text)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")


def _dump(content: Json) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
