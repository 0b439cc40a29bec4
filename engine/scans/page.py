"""What one page told, and what the pages tell of the file. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.language.values import Inside
from engine.scans.numbers import distinct


class Unreadable(Exception):  # noqa: N818 — it names a state of affairs
    """The file itself is bad: damaged, locked, a bomb. `pages` is their number where it was known by then."""

    def __init__(self, why: str, pages: int | None = None) -> None:
        super().__init__(why)
        self.pages = pages


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `blank` None: not told. `picture` is the long side in pixels where the page is a picture, else 0.

    `open` is why a part of it could not be looked at on this machine, empty where all of it was.
    """

    blank: bool | None
    numbers: tuple[str, ...] = ()
    picture: int = 0
    open: str = ""


def combine(pages: Sequence[Page], count: int, why: str = "") -> tuple[Inside, str]:
    """Return what `pages`, the first of `count`, tell of the whole file, and why something stays open."""
    numbers = distinct(number for page in pages for number in page.numbers)
    opened = why or next((page.open for page in pages if page.open), "")
    blanks = [page.blank for page in pages] + ([None] if len(pages) < count else [])
    blank = False if False in blanks else None if None in blanks or not blanks else True
    pictures = [page.picture for page in pages if page.picture]
    inside = Inside(
        readable=None if opened else True,
        pages=count,
        blank=blank,
        resolution=min(pictures) if pictures and not opened else None,
        # What was found is found; that there is nothing more is known only where all of it was seen.
        numbers=numbers if numbers or not opened else None,
    )
    return inside, opened
