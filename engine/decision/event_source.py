"""The bytes of an event file become one tree of JSON values: an object, or the portal's form body unflattened.

Refuses what is no text, no JSON, too big, too deep; knows no key of an event.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from urllib.parse import parse_qsl

from engine.decision.given import Report
from engine.language.diagnostics import Diagnostic

MAX_SIZE = 8 << 20
MAX_DEPTH = 64
# More digits than money and quantities have; a larger exponent would be spelled out in full when it is shown.
_MAX_EXPONENT = 28
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

Tree = dict[str, object]


def decode(content: bytes) -> str | tuple[str, str]:
    """Return the text of a file, or why it is none, in Russian and English."""
    if len(content) > MAX_SIZE:
        return (f"файл больше {MAX_SIZE >> 20} МиБ", f"the file is bigger than {MAX_SIZE >> 20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ("это не текст в UTF-8", "not a UTF-8 text")


def parse_tree(text: str, report: Report) -> Tree | None:
    """Return the object that `text` holds; None where there is none, and then it is said."""
    stripped = text.strip()
    if "=" in stripped and not stripped.startswith(("{", "[", '"')):
        return _unflatten(parse_qsl(stripped, keep_blank_values=True))
    try:
        raw = json.loads(text, parse_float=_exact, parse_constant=_refuse_constant)
        _refuse_half_characters(text, raw)
    except RecursionError:
        _refuse(report, "слишком глубокая вложенность", "it is nested too deeply")
        return None
    except ValueError as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        what = getattr(error, "msg", str(error))
        report.given.diagnostics.append(Diagnostic("R301", report.places.at(line, column), {"what": what}))
        return None
    if not isinstance(raw, dict):
        _refuse(report, "нужен объект JSON", "a JSON object is needed")
        return None
    if _is_too_deep(raw):
        _refuse(report, f"вложенность глубже {MAX_DEPTH}", f"it is nested deeper than {MAX_DEPTH}")
        return None
    return raw


def _refuse(report: Report, what_ru: str, what_en: str) -> None:
    report.say((), "R300", what_ru=what_ru, what_en=what_en)


def _exact(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > _MAX_EXPONENT:
        raise ValueError(f"the number {text[:40]} is out of range")
    return number


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _refuse_half_characters(text: str, raw: object) -> None:
    """Raise ValueError for an escaped half of a character: no terminal, journal or portal could take it."""
    if not _SURROGATE.search(text):
        return
    try:
        json.dumps(raw, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        raise ValueError("an escape \\uD800…\\uDFFF stands without its other half") from error


def _is_too_deep(raw: object) -> bool:
    level = [raw]
    for _ in range(MAX_DEPTH):
        level = [inner for one in level for inner in _members(one)]
        if not level:
            return False
    return True


def _members(one: object) -> list[object]:
    if isinstance(one, dict):
        return list(one.values())
    return one if isinstance(one, list) else []


def _unflatten(pairs: list[tuple[str, str]]) -> Tree:
    """Turn `data[FIELDS][ID]=7` into nested dicts, as the portal's form bodies mean it."""
    top: Tree = {}
    for key, value in pairs:
        names = [key.split("[")[0], *re.findall(r"\[([^\]]*)\]", key)[:MAX_DEPTH]]
        holder = top
        for name in names[:-1]:
            inner = holder.setdefault(name, {})
            holder = inner if isinstance(inner, dict) else {}
        holder[names[-1]] = value
    return top
