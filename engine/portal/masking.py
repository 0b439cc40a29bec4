"""A real portal's answers, made fit to be shown to strangers.

Decides what of a sample may stay and what stands in the place of the rest. What may stay is listed by name
(`engine.portal.staying`), all other text is masked: a member that nobody thought of is hidden, not shown. It asks
nobody, writes nothing, and knows no portal.

A text keeps its length and its look: each letter and digit becomes one fixed letter or digit of its kind, so masking
a masked sample changes nothing. Ids become their rank among all ids of the recording: references between answers
still fit, the order of ids is kept, and what the real ids were is gone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from engine.portal.shapes import Json
from engine.portal.staying import Role, is_of_codes, is_of_structure, role_of

HOST = "portal.example"

_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"'.]+")
_URL = re.compile(r"(https?://)[^/?#\s]*(.*)", re.DOTALL | re.IGNORECASE)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_MONEY = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(\|[A-Z]{3})")
_M, _D = "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_DAY = rf"(?:(?:19|20)[0-9]{{2}}-{_M}-{_D}|{_D}\.{_M}\.(?:19|20)[0-9]{{2}})"
_MOMENT = re.compile(
    rf"({_DAY})(?:([T ])[0-9]{{2}}(:[0-9]{{2}})(:[0-9]{{2}})?([+-][0-9]{{2}}:?[0-9]{{2}}|Z)?)?"
)
# DEAL_57, D_57, T414_5, user_1, U1: an item or a person inside a text.
_REFERENCE = re.compile(
    r"((?:(?:DEAL|SMART_INVOICE|DYNAMIC_[0-9]+|COMPANY|CONTACT|user|[DCL]|CO|SI|T[0-9a-fA-F]+)_)|U|SG|DR)([1-9][0-9]{0,7})"
)
_CODE = re.compile(r"[A-Za-z0-9_:.\\/|+#*-]{0,120}")
_FILE_NAME = re.compile(
    r"(.+)(\.(?:pdf|docx?|xlsx?|png|jpe?g|gif|txt|html?|zip|xml|sig))", re.DOTALL | re.IGNORECASE
)
_COMMAND = re.compile(r"([A-Za-z0-9.]+)\?(.*)", re.DOTALL)
# Longer digits in a field of the company's own are a tax number or an account, not an id.
_LONGEST_OWN_ID, _LONGEST_ID = 8, 18
# A float of more digits would not survive being written and read.
_SAFE_DIGITS = 14


@dataclass(frozen=True, slots=True)
class Sample:
    """One question and what the portal answered: its HTTP status and the whole body.

    `label` tells two samples of one method apart and is the same for the same question to another portal.
    """

    method: str
    label: str
    request: Mapping[str, Json]
    status: int
    response: Json


def mask(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Return the samples masked. Types, keys, their order, list lengths, empties and days are as they were.

    Ids agree among samples masked together, not with those of another call.
    """
    found: set[int] = set()
    for sample in samples:
        found.update(_ids(sample))
    ranks = {number: rank for rank, number in enumerate(sorted(found), 1)}
    return tuple(_masked(sample, ranks) for sample in samples)


def _masked(sample: Sample, ranks: Mapping[int, int]) -> Sample:
    mask_of = _Mask(ranks, is_of_structure(sample.method), is_of_codes(sample.method))
    request = {key: mask_of.value(value, _name(key, "")) for key, value in sample.request.items()}
    return replace(sample, request=request, response=mask_of.value(sample.response, ""))


def _ids(sample: Sample) -> Iterator[int]:
    """Yield every id of a sample, by masking it for the sake of the ids asked for on the way."""
    asked = _Asked()
    _masked(sample, asked)
    yield from asked.numbers


class _Asked(dict[int, int]):
    """Ranks that are not given yet: remembers which ids were looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: set[int] = set()

    def __missing__(self, number: int) -> int:
        self.numbers.add(number)
        return number


@dataclass(frozen=True, slots=True)
class _Mask:
    ranks: Mapping[int, int]
    is_keeping_ids: bool
    is_keeping_codes: bool

    def value(self, value: Json, key: str) -> Json:
        if isinstance(value, dict):
            return {inner: self.value(one, _name(inner, key)) for inner, one in value.items()}
        if isinstance(value, list):
            return [self.value(one, key) for one in value]
        if value is None or isinstance(value, bool):
            return value
        role = role_of(key)
        return self._text(value, role) if isinstance(value, str) else self._number(value, role)

    def _number(self, value: float, role: Role) -> float:
        if isinstance(value, int) and role in ("id", "own") and value > 0:
            return value if self.is_keeping_ids else self.ranks[value]
        return value if role in ("code", "count", "id") else _ones(value)

    def _text(self, text: str, role: Role) -> str:
        if role == "command" and (command := _COMMAND.fullmatch(text)):
            return self._command(command[1], command[2])
        if role == "birth" and (moment := _MOMENT.fullmatch(text)):
            return _midnight(moment, "2000-01-01" if "-" in moment[1] else "01.01.2000")
        is_code = role in ("code", "command") or (role == "id" and self.is_keeping_codes)
        if (is_code and _CODE.fullmatch(text)) or (role == "count" and _NUMBER.fullmatch(text)):
            return text
        if role in ("id", "own"):
            if _is_id(text, role):
                return text if self.is_keeping_ids else str(self.ranks[int(text)])
            if reference := _REFERENCE.fullmatch(text):
                return reference[1] + str(self.ranks[int(reference[2])])
        return mask_text(text)

    def _command(self, method: str, query: str) -> str:
        pairs = [
            (name, value if value.startswith("$result[") else str(self.value(value, _last_name(name))))
            for name, value in parse_qsl(query, keep_blank_values=True)
        ]
        return f"{method}?{urlencode(pairs)}"


def _is_id(text: str, role: Role) -> bool:
    longest = _LONGEST_OWN_ID if role == "own" else _LONGEST_ID
    return text.isascii() and text.isdecimal() and len(text) <= longest and int(text) > 0


def mask_text(text: str) -> str:
    """Return a text with every letter and digit hidden; days, flags, the forms of addresses and numbers stay."""
    if len(text) <= 1 and (text == "" or text in "YNSFPLDTUMW01"):
        return text
    if moment := _MOMENT.fullmatch(text):
        return _midnight(moment, moment[1])
    if money := _MONEY.fullmatch(text):
        return _one_digits(money[1]) + money[2]
    if _NUMBER.fullmatch(text):
        return _one_digits(text)
    if url := _URL.fullmatch(text):
        return url[1].lower() + HOST + _hide(url[2])
    if _EMAIL.fullmatch(text):
        local = text.partition("@")[0]
        return (
            "".join("x" if letter.isalnum() or not letter.isascii() else letter for letter in local)
            + "@mail.example"
        )
    if name := _FILE_NAME.fullmatch(text):
        return _hide(name[1]) + name[2].lower()
    return _hide(text)


def _hide(text: str) -> str:
    return "".join(_hidden(letter) for letter in text)


def _hidden(letter: str) -> str:
    if letter.isascii() and not letter.isalnum():
        return letter
    if letter.isspace():
        return " "
    kind = unicodedata.category(letter)
    if kind.startswith("N"):
        return "0"
    if kind.startswith(("L", "M")):
        pair = "Яя" if "CYRILLIC" in unicodedata.name(letter, "") else "Xx"
        return pair[0] if kind == "Lu" else pair[1]
    # Guillemets, dashes and the number sign say nothing; any other symbol may.
    return letter if letter in "«»—–…№" else "*"


def _one_digits(text: str) -> str:
    # Zero is an empty sum, and empties stay.
    return re.sub("[0-9]", "1", text) if re.search("[1-9]", text) else text


def _ones(value: float) -> float:
    if value == 0:
        return value
    text = repr(value)
    if isinstance(value, int):
        return int(re.sub("[0-9]", "1", text))
    if _NUMBER.fullmatch(text) is None or len(text) > _SAFE_DIGITS:
        return 1.1
    return float(re.sub("[0-9]", "1", text))


def _midnight(moment: re.Match[str], day: str) -> str:
    _, letter, minutes, seconds, zone = moment.groups()
    if minutes is None:
        return day
    return f"{day}{letter}00:00{':00' if seconds else ''}{zone or ''}"


def _name(key: str, above: str) -> str:
    """Return the name that decides over a member: a row's number and a mere `value` go by what is above."""
    is_mere = key.isdecimal() or key in ("value", "VALUE") or role_of(above) == "command"
    return above if is_mere else key.lstrip("><=!@%?~*")


def _last_name(bracketed: str) -> str:
    names = [name for name in re.split(r"[\[\]]+", bracketed) if name and not name.isdecimal()]
    return names[-1].lstrip("><=!@%?~*") if names else ""
