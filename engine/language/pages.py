"""The pages of the diagnostics: one YAML file a code in `messages/`, in Russian and English.

Knows how a page is laid out and how a message is filled in; what to print where is for `rendering.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

LANGUAGES = ("ru", "en")
_SLOT = re.compile(r"(?<!\$)\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Words:
    """A page in one language: `message` and `label` are printed at the place, `help` lines below it.

    `wrong` and `mend` are the paragraphs of `engine explain`.
    """

    title: str
    message: str
    label: str
    help: tuple[str, ...]
    wrong: str
    mend: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything about one code; `bad` and `good` are an example and its mend."""

    code: str
    words: Mapping[str, Words]
    bad: str
    good: str


@cache
def find_page(code: str) -> Page | None:
    """Return the page of `code` (`R104`), or None where there is no such code."""
    if not re.fullmatch(r"[A-Z][0-9]{3}", code):
        return None
    place = files("engine.language") / "messages" / f"{code}.yaml"
    if not place.is_file():
        return None
    # The base loader makes nothing but texts, lists and maps.
    raw = yaml.load(place.read_text("utf-8"), Loader=yaml.CBaseLoader)  # noqa: S506
    words = {language: _read_words(raw[language]) for language in LANGUAGES}
    return Page(code, words, raw["example"]["bad"].rstrip("\n"), raw["example"]["good"].rstrip("\n"))


def list_codes() -> tuple[str, ...]:
    """Return every code that has a page, in order."""
    pages = (files("engine.language") / "messages").iterdir()
    return tuple(sorted(page.name.removesuffix(".yaml") for page in pages if page.name.endswith(".yaml")))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with its `{name}` slots filled; a slot without a value stays as it is."""
    return _SLOT.sub(lambda slot: values.get(slot.group(1), slot.group(0)), text)


def fill_help(words: Words, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the help lines all of whose slots have a value that is not empty."""
    ready = (line for line in words.help if all(values.get(name) for name in _SLOT.findall(line)))
    return tuple(fill(line, values) for line in ready)


def render_page(page: Page, language: str) -> str:
    """Return what `engine explain CODE` prints, as plain text."""
    words = page.words[language]
    wrong, example, mend = ("Что не так", "Пример", "Как исправить")
    if language == "en":
        wrong, example, mend = ("What is wrong", "Example", "The mend")
    indent = "\n".join("    " + line for line in page.bad.splitlines())
    better = "\n".join("    " + line for line in page.good.splitlines())
    parts = [
        f"{page.code}: {words.title}",
        wrong,
        words.wrong.strip(),
        example,
        indent,
        mend,
        words.mend.strip(),
        better,
    ]
    return "\n\n".join(part for part in parts if part.strip()) + "\n"


def _read_words(raw: Mapping[str, object]) -> Words:
    lines = raw.get("help", [])
    shown = tuple(str(line) for line in lines) if isinstance(lines, list) else (str(lines),)
    rest = {name: str(raw.get(name, "")) for name in ("title", "message", "label", "wrong", "mend")}
    return Words(help=shown, **rest)
