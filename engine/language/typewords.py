"""Type names in a diagnostic, in the words of its reader.

Config and documentation write types in English words (`yes/no`, `list of act`); a Russian message says them in
Russian, and a choice of twenty stages is cut short. Knows which values of which codes are types.
"""

from __future__ import annotations

from collections.abc import Mapping

_RUSSIAN = {
    "text": "текст",
    "number": "число",
    "money": "деньги",
    "date": "дата",
    "time": "время",
    "duration": "срок",
    "yes/no": "да/нет",
    "file": "файл",
    "folder": "папка",
    "path": "путь",
    "empty": "пусто",
    "any": "что угодно",
}
_TYPE_VALUES = ("type", "left", "right", "expected")
# In these the value `found` is a type; elsewhere it is what the author wrote.
_FOUND_IS_TYPE = ("R234", "R235", "R240", "R245")
# In these `left` and `right` are what the author wrote; in R190 `type` is.
_AS_WRITTEN = ("R190", "R211")
_SHOWN_OPTIONS = 4


def translate_types(code: str, values: Mapping[str, str], language: str) -> Mapping[str, str]:
    """Return the values of a diagnostic with its type names as a reader of `language` says them."""
    if code in _AS_WRITTEN:
        return values
    names = (*_TYPE_VALUES, "found") if code in _FOUND_IS_TYPE else _TYPE_VALUES
    return {name: _say(text, language) if name in names else text for name, text in values.items()}


def _say(text: str, language: str) -> str:
    if text.startswith("one of "):
        return _say_options(text.removeprefix("one of "), language)
    if text.startswith("list of "):
        member = _say(text.removeprefix("list of "), language)
        return f"список ({member})" if language == "ru" else f"list of {member}"
    parts = text.split(", ")
    if language == "ru" and all(part in _RUSSIAN for part in parts):
        return ", ".join(_RUSSIAN[part] for part in parts)
    return text


def _say_options(text: str, language: str) -> str:
    options = text.split(", ")
    shown = ", ".join(options[:_SHOWN_OPTIONS]) + (", …" if len(options) > _SHOWN_OPTIONS else "")
    return f"одно из: {shown}" if language == "ru" else f"one of {shown}"
