"""PDF files: their text, and the pictures that scanned pages are.

Decides what of a PDF can be told without drawing it. A picture in a form that Pillow cannot read leaves the page
undecided, a damaged one makes the file unreadable.
"""

from __future__ import annotations

import io
import logging
import re
from typing import TYPE_CHECKING, Any, Final

from engine.scans.limits import MOST_PAGES
from engine.scans.numbers import numbers_in
from engine.scans.page import Page, Unreadable
from engine.scans.picture import look_at, prepare

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

_MOST_PICTURES: Final = 50
# Operators that leave ink on a page: filling, stroking, shading, drawing an object, an inline image.
_PAINTS: Final = re.compile(rb"(?<![^\s\]\)>])(?:f\*?|F|B\*?|b\*?|S|s|sh|Do|EI)(?=\s|$)")


def pdf_pages(content: bytes) -> tuple[list[Page], int, str]:
    """Return the pages of a PDF, their number, and why not all were looked at. Raises Unreadable."""
    from PIL import Image

    logging.disable(logging.CRITICAL)
    prepare(Image)
    reader, count = _open(content)
    pages = []
    for number in range(min(count, MOST_PAGES)):
        try:
            pages.append(_look(reader.pages[number]))
        except (Unreadable, MemoryError, RecursionError) as error:
            raise Unreadable(f"page {number + 1}: {error}", count) from error
        except Exception as error:
            why = f"page {number + 1}: {type(error).__name__}: {error}"[:200]
            raise Unreadable(why, count) from error
    return pages, count, f"more than {MOST_PAGES} pages" if count > MOST_PAGES else ""


def _open(content: bytes) -> tuple[PdfReader, int]:
    from pypdf import PdfReader

    try:
        reader = PdfReader(io.BytesIO(content))
        # Many programs lock a file against changes with an empty password: such a file opens for reading.
        is_locked = reader.is_encrypted and not reader.decrypt("")
        count = 0 if is_locked else len(reader.pages)
    except MemoryError:
        raise
    except Exception as error:
        raise Unreadable(f"{type(error).__name__}: {error}"[:200]) from error
    if is_locked:
        raise Unreadable("a password is needed")
    if count == 0:
        raise Unreadable("no pages", 0)
    return reader, count


def _look(page: PageObject) -> Page:
    text = page.extract_text()
    numbers = list(numbers_in(text))
    sizes, blanks, opened = [], [], ""
    for picture in _pictures(page):
        if isinstance(picture, str):
            opened = opened or picture
            continue
        seen = look_at(picture)
        numbers += seen.numbers
        sizes.append(seen.picture)
        blanks.append(seen.blank)
    has_text = bool(text.strip())
    is_drawn = has_text or not all(blanks)
    is_blank = False if is_drawn else None if opened else bool(blanks) or not _paints(page)
    # A page with text is no picture of a page: the logo on it says nothing of how well it can be read.
    return Page(is_blank, tuple(numbers), 0 if has_text else max(sizes, default=0), opened)


def _pictures(page: PageObject) -> list[Any]:
    """Return the pictures of a page; a line of text for one that this installation cannot decode."""
    from pypdf.errors import DependencyError

    found: list[Any] = []
    # Each name is decoded by itself: one unusual picture must not hide the others.
    for name in list(page.images.keys())[:_MOST_PICTURES]:
        try:
            picture = page.images[name].image
            found.append(picture if picture is not None else f"a picture in a form unknown here: {name}")
        except (NotImplementedError, DependencyError, ImportError) as error:
            found.append(f"{type(error).__name__}: {error}"[:200])
    return found


def _paints(page: PageObject) -> bool:
    contents = page.get_contents()
    return contents is not None and _PAINTS.search(contents.get_data()) is not None
