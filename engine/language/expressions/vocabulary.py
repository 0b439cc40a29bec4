"""The words of the language: constants, functions, and what people of other languages write for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.language.expressions.aggregates import AGGREGATES
from engine.language.expressions.functions import FUNCTIONS
from engine.language.expressions.special import SPECIAL_COUNTS

CONSTANT_NAMES: Final = frozenset({"true", "false", "empty", "now", "today"})
FUNCTION_NAMES: Final = frozenset(FUNCTIONS) | AGGREGATES | frozenset(SPECIAL_COUNTS)
FOREIGN_CONSTANTS: Final[Mapping[str, str]] = {
    "null": "empty", "none": "empty", "nil": "empty", "NULL": "empty", "Null": "empty", "undefined": "empty",
    "Empty": "empty", "пусто": "empty", "TRUE": "true", "FALSE": "false", "yes": "true", "no": "false",
    "Yes": "true", "No": "false", "YES": "true", "NO": "false", "да": "true", "нет": "false", "ДА": "true",
    "НЕТ": "false", "Да": "true", "Нет": "false", "истина": "true", "ложь": "false",
    "on": "true", "off": "false",
}  # fmt: skip
