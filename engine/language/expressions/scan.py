"""From the characters of an expression to tokens, and to a text that Python's parser can be trusted with.

This module decides what never reaches Python's parser: long or deeply nested text, Python's words that are
not ours, number forms that a float would blur, and the slips of people who know another language. It knows no
names and no types.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from typing import NamedTuple

from engine.language.faults import Fault

MAX_LENGTH = 2000
MAX_TOKENS = 500
MAX_DEPTH = 20
MAX_PREFIXES = 8
MAX_BRANCHES = 30
MAX_DIGITS = 28

# Combining marks belong to names: a file written on a Mac may hold «й» as two characters.
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<name>[^\W\d][\w\u0300-\u036f]*)
    |(?P<number>[0-9][\w.]*)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<op>===?|=[<>]|!=|<=|>=|<>|<<|>>|<|>|//|/|\*\*|\*|&&|&|\|\||\||:=|->|\$\{|[-+%()\[\]{},.=!~^@?:;])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_WORDS = frozenset({"and", "or", "not", "in", "if", "else", "for"})
_PREFIXES = frozenset({"not", "-", "+"})
_CONSTANTS = {"True": "true", "False": "false", "None": "empty"}
_FOREIGN = {
    "&&": "and", "||": "or", "!": "not", "<>": "!=", "===": "==", "=>": ">=", "=<": "<=", "is": "==",
    "?": "x if c else y", "&": "and",
}  # fmt: skip
_FOREIGN_WORDS = {
    "и": "and",
    "или": "or",
    "не": "not",
    "в": "in",
    "and": "and",
    "or": "or",
    "not": "not",
    "in": "in",
}
_CHARACTERS = {
    "«": '"', "»": '"', "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "≠": "!=", "≤": "<=", "≥": ">=",
    "−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "÷": "/", "₽": 'money(…, "RUB")',
    "$": 'money(…, "USD")',     "€": 'money(…, "EUR")',
}  # fmt: skip
_UNITS = {
    "day": "days", "days": "days", "дней": "days", "дня": "days", "день": "days", "hour": "hours",
    "hours": "hours", "часов": "hours", "часа": "hours", "час": "hours", "workday": "workdays",
    "workdays": "workdays", "minutes": "minutes", "minute": "minutes",
}  # fmt: skip
_PAIRS = {")": "(", "]": "[", "}": "{"}
_REFUSED = frozenset(("**", "~", "^", "@", "<<", ">>", ":", ":=", ";", "->", "{", "}", "|"))


class Token(NamedTuple):
    """A word of the text; `kind` is `name`, `number`, `text` or `op`."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def is_value(self) -> bool:
        """True where an operand stands or ends here."""
        if self.kind == "op":
            return self.text in (")", "]")
        return self.text not in _WORDS


def scan(text: str) -> tuple[tuple[Token, ...], Fault | None]:
    """Return the tokens of `text` and the first fault that keeps it from the parser, if there is one."""
    if not text.strip():
        return (), Fault("R200", 0, len(text))
    if len(text) > MAX_LENGTH:
        return (), Fault("R201", MAX_LENGTH, len(text), {"limit": str(MAX_LENGTH), "found": str(len(text))})
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind == "space":
            continue
        if kind == "other":
            return (), _strange(text, match.start())
        if match.group() == "${":
            return (), Fault("R256", match.start(), match.end())
        tokens.append(Token(kind, match.group(), match.start(), match.end()))
    return tuple(tokens), _shape(tokens) or _words(tokens)


def _strange(text: str, at: int) -> Fault:
    """Explain a character that begins no token."""
    character = text[at]
    if character in "\"'":
        return Fault("R204", at, len(text), {"quote": character})
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    mend = _CHARACTERS.get(character)
    return Fault("R206", at, at + 1, {"found": shown, **({"suggestion": mend} if mend else {})})


def _shape(tokens: Sequence[Token]) -> Fault | None:
    """Bound what Python's parser would recurse into, and check the brackets.

    Python's parser exhausts the C stack on long chains of prefixes or brackets, and no `except` catches that.
    """
    if len(tokens) > MAX_TOKENS:
        return _deep(tokens[MAX_TOKENS], "terms", MAX_TOKENS)
    opened: list[Token] = []
    prefixes = branches = 0
    for token in tokens:
        prefixes = prefixes + 1 if token.text in _PREFIXES else 0
        branches += token.text in ("if", "for")
        if prefixes > MAX_PREFIXES:
            return _deep(token, "prefixes", MAX_PREFIXES)
        if branches > MAX_BRANCHES:
            return _deep(token, "branches", MAX_BRANCHES)
        if token.kind != "op":
            continue
        if token.text in "([{":
            opened.append(token)
            if len(opened) > MAX_DEPTH:
                return _deep(token, "brackets", MAX_DEPTH)
        elif token.text in _PAIRS and (not opened or opened.pop().text != _PAIRS[token.text]):
            return Fault("R205", token.start, token.end, {"bracket": token.text})
    if opened:
        return Fault("R205", opened[-1].start, opened[-1].end, {"bracket": opened[-1].text})
    return None


def _deep(token: Token, what: str, limit: int) -> Fault:
    return Fault("R202", token.start, token.end, {"what": what, "limit": str(limit)})


def _words(tokens: Sequence[Token]) -> Fault | None:
    """Find the first word that the language does not have, or two values with nothing between them."""
    before: Token | None = None
    for token in tokens:
        if before and before.kind == token.kind == "number":
            return _side_by_side(before, token)
        found = _operator(token) if token.kind == "op" else _word(token, before)
        if found:
            return found
        if before and before.is_value and token.is_value and token.text not in (")", "]"):
            return _side_by_side(before, token)
        before = token
    return None


def _operator(token: Token) -> Fault | None:
    if token.text == "=":
        return Fault("R207", token.start, token.end, {"found": "=", "suggestion": "=="})
    if token.text in _FOREIGN:
        return Fault(
            "R208", token.start, token.end, {"found": token.text, "suggestion": _FOREIGN[token.text]}
        )
    if token.text in _REFUSED:
        return Fault("R212", token.start, token.end, {"found": token.text})
    return None


def _word(token: Token, before: Token | None) -> Fault | None:
    after_dot = before is not None and before.text == "."
    span = (token.start, token.end)
    if token.kind == "number":
        digits = sum(character.isdigit() for character in token.text)
        if after_dot or not _NUMBER.fullmatch(token.text) or digits > MAX_DIGITS:
            return Fault("R210", *span, {"found": token.text})
    elif token.kind == "text":
        if before and before.end == token.start and before.kind == "name" and before.text not in _WORDS:
            return Fault("R213", before.start, token.start + 1, {"found": before.text})
    elif not token.text.isidentifier():
        odd = next(c for c in token.text if not ("a" + c).isidentifier())
        at = token.start + token.text.index(odd)
        return Fault("R206", at, at + 1, {"found": odd})
    elif after_dot or token.text in _WORDS:
        return None
    elif token.text in _CONSTANTS:
        return Fault("R209", *span, {"found": token.text, "suggestion": _CONSTANTS[token.text]})
    elif token.text in _FOREIGN:
        return Fault("R208", *span, {"found": token.text, "suggestion": _FOREIGN[token.text]})
    elif keyword.iskeyword(token.text):
        return Fault("R212", *span, {"found": token.text})
    return None


def _side_by_side(left: Token, right: Token) -> Fault:
    """Explain two values in a row: a foreign operator, a unit, a thousands space, or just a slip."""
    for token in (left, right):
        mend = _FOREIGN_WORDS.get(token.text.casefold()) if token.kind == "name" else None
        if mend:
            return Fault("R208", token.start, token.end, {"found": token.text, "suggestion": mend})
    values = {"left": left.text, "right": right.text}
    if left.kind == "number" and right.text.casefold() in _UNITS:
        values["suggestion"] = f"{_UNITS[right.text.casefold()]}({left.text})"
    elif left.kind == "number" and len(right.text) == 3 and right.text.isascii() and right.text.isupper():
        values["suggestion"] = f'money({left.text}, "{right.text}")'
    elif left.kind == "number" and right.kind == "number":
        values["suggestion"] = left.text + right.text
    return Fault("R211", left.start, right.end, values)


def masked(tokens: Sequence[Token]) -> str:
    """Return the text of `tokens` with the same length and meaning for Python's parser.

    Inside quotes stand only letters, every space is a plain one, and a word of Python's after a dot
    (`act.from`) is no longer a keyword; the tokens keep what was there.
    """
    parts: list[str] = []
    end = 0
    before = ""
    for token in tokens:
        parts.append(" " * (token.start - end))
        if token.kind == "text":
            parts.append('"' + "x" * (len(token.text) - 2) + '"')
        elif before == "." and keyword.iskeyword(token.text):
            parts.append("x" * len(token.text))
        else:
            parts.append(token.text)
        before, end = token.text, token.end
    return "".join(parts)


# A quote that is never closed is taken to the end, so that no text is searched again and again.
_LITERAL = re.compile(
    r"""(?<![\w\u0300-\u036f])[0-9][\w.]*|"(?:[^"\\]|\\.)*(")?|'(?:[^'\\]|\\.)*(')?""", re.DOTALL
)
_ONES = str.maketrans("023456789", "111111111")


def shape_of(text: str) -> str:
    """Return `text` with its literals blotted out, as long as before: rules of one kind differ in nothing else.

    Texts of one shape are sound together and have one tree. The NUL that stands for a quote is in no sound text,
    so a quote that is never closed stays apart; a number that is none of ours stays as it is.
    """
    return _LITERAL.sub(_blot, text)


def _blot(match: re.Match[str]) -> str:
    written = match.group()
    if match.lastindex:
        return "\0" + "x" * (len(written) - 2) + "\0"
    is_number = len(written) <= MAX_DIGITS and _NUMBER.fullmatch(written)
    return written.translate(_ONES) if is_number else written


_ESCAPE = re.compile(r"\\([\\\"'nt])")
_ESCAPES = {"n": "\n", "t": "\t"}


def unquoted(literal: str) -> str:
    """Return the text of a quoted literal.

    Escapes are the backslash before itself, a quote, n or t; any other backslash stays, as patterns need it.
    """
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match.group(1), match.group(1)), literal[1:-1])
