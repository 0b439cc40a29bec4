"""A PDF copy of a picture from a phone or a fax, made by the process that meets foreign bytes.

Decides what a copy keeps: every page, turned as its camera says, at the size of a sheet. The picture itself stays what
was received; a copy is for those whose programs open nothing else.
"""

from __future__ import annotations

import io
import subprocess
from typing import TYPE_CHECKING, Final

from engine.scans.limits import LARGEST_FILE, LOOKED_INTO, WAIT
from engine.scans.process import last_words, run_child

if TYPE_CHECKING:
    from PIL.Image import Image

# A4 at 300 dots an inch: more is the camera's, not the paper's.
_LONGEST: Final = 3508
_SHEET_INCHES: Final = 11.69


class CannotCopy(ValueError):  # noqa: N818 — it names what became of the wish
    """The file is no picture that can be copied; the message says why, in English."""


def pdf_copy(content: bytes, kind: str, wait: float = WAIT) -> bytes:
    """Return a PDF with the pages of a picture of `kind`; a PDF is its own copy. The same bytes give the same PDF.

    Raises CannotCopy for what is no picture, is damaged, or takes more time or memory than a look may.
    """
    if kind == "pdf":
        return content
    if kind not in LOOKED_INTO or len(content) > LARGEST_FILE:
        raise CannotCopy(f"no picture of at most {LARGEST_FILE} bytes: {kind}")
    try:
        done = run_child(["copy", kind], content, wait)
    except (subprocess.TimeoutExpired, OSError) as error:
        raise CannotCopy(f"the copy did not end: {type(error).__name__}") from error
    if done.returncode or not done.stdout.startswith(b"%PDF-"):
        raise CannotCopy(last_words(done.stderr) or f"the copy ended with {done.returncode}")
    return done.stdout


def as_pdf(pages: list[Image]) -> bytes:
    """Return the PDF of these pages; each is turned and brought to the size of a sheet. Called in the child."""
    # A fax keeps its own packing, a hundredth of a photo's, unless it has a photo among its pages.
    is_fax = all(page.mode == "1" for page in pages)
    first, *others = [_on_sheet(page, is_fax=is_fax) for page in pages]
    out = io.BytesIO()
    first.save(
        out,
        "PDF",
        save_all=True,
        append_images=others,
        resolution=max(first.size) / _SHEET_INCHES,
        **({} if is_fax else {"quality": 80}),
        creationDate=None,
        modDate=None,
    )
    return out.getvalue()


def _on_sheet(page: Image, *, is_fax: bool) -> Image:
    from PIL import ImageOps

    from engine.scans.picture import on_paper

    turned = ImageOps.exif_transpose(page)
    if is_fax:
        return turned.copy()
    sheet = on_paper(turned, "L" if turned.mode in ("1", "L", "I", "I;16") else "RGB")
    sheet.thumbnail((_LONGEST, _LONGEST))
    return sheet
