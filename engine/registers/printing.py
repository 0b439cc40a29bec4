"""Many papers as one PDF, in the order of the selection: PDFs page by page, pictures as pages.

Decides what may go in: a file that is no document, is broken, locked or beyond the limits is named and left out, so
that the person at the printer knows what is missing. Only pages are taken over, no scripts, forms or attachments.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from engine.effects import Said
from engine.registers.papers import Paper

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdf import PdfReader, PdfWriter

PICTURES = ("jpg", "png", "tiff", "heic")
# A paper of more pages is no act, and a page of more pixels no scan: both are how a file attacks its reader.
MOST_PAGES, MOST_FRAMES, MOST_PIXELS = 500, 100, 100_000_000
MOST_PAGES_IN_ALL = 20_000
_A4 = (210 / 25.4, 297 / 25.4)
_DPI = 200


@dataclass(frozen=True, slots=True)
class Taken:
    """A paper that went in, and on how many pages or bytes."""

    paper: str
    pages: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A paper that did not go in, and why."""

    title: str
    why: Said


@dataclass(frozen=True, slots=True)
class Printed:
    """What was bound together: the papers in order, how many pages in all, what is missing."""

    taken: tuple[Taken, ...]
    faults: tuple[Fault, ...]

    @property
    def pages(self) -> int:
        """The number of pages in all."""
        return sum(one.pages for one in self.taken)


class UnfitPaper(Exception):  # noqa: N818 — it names what was found
    """A paper that cannot be printed, and why in words."""

    def __init__(self, why: Said) -> None:
        super().__init__(why.en)
        self.why = why


def print_papers(papers: Iterable[Paper], out: BinaryIO) -> Printed:
    """Write one PDF of all papers that can be printed; return what went in and what did not.

    Nothing is written where nothing went in. Raises OSError.
    """
    from pypdf import PdfWriter

    writer = PdfWriter()
    taken: list[Taken] = []
    faults: list[Fault] = []
    for paper in papers:
        if paper.fault is not None:
            faults.append(Fault(paper.title, paper.fault))
            continue
        try:
            pages = _bind(writer, paper)
        except UnfitPaper as unfit:
            faults.append(Fault(paper.title, unfit.why))
            continue
        taken.append(Taken(paper.title, pages))
        if sum(one.pages for one in taken) > MOST_PAGES_IN_ALL:
            raise UnfitPaper(
                Said(f"больше {MOST_PAGES_IN_ALL} страниц", f"more than {MOST_PAGES_IN_ALL} pages")
            )
    if taken:
        writer.add_metadata({"/Title": "Reglament"})
        writer.write(out)
    return Printed(tuple(taken), tuple(faults))


def _bind(writer: PdfWriter, paper: Paper) -> int:
    """Add a paper's pages; return how many. Raises UnfitPaper, having added none."""
    if paper.kind == "pdf":
        whole = _copied(paper.content)
    elif paper.kind in PICTURES:
        whole = _copied(picture_pages(paper.content, paper.kind))
    else:
        why = f"не PDF и не изображение ({paper.kind})", f"neither PDF nor picture ({paper.kind})"
        raise UnfitPaper(Said(*why))
    for page in whole.pages:
        writer.add_page(page)
    return len(whole.pages)


def _copied(content: bytes) -> PdfReader:
    """Return the bare pages of a PDF, copied one by one; a broken one leaves no half of itself in the whole."""
    from pypdf import PdfReader, PdfWriter

    # A hostile PDF breaks its reader in more ways than there are exceptions for.
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        _check(reader)
        alone = PdfWriter()
        for page in reader.pages:
            page.pop("/AA", None)
            alone.add_page(page)
        kept = io.BytesIO()
        alone.write(kept)
        return PdfReader(kept)
    except UnfitPaper:
        raise
    except Exception as error:
        raise UnfitPaper(Said(f"PDF повреждён ({type(error).__name__})", "the PDF is broken")) from error


def _check(reader: PdfReader) -> None:
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnfitPaper(Said("закрыт паролем", "locked by a password"))
    count = len(reader.pages)
    if not 0 < count <= MOST_PAGES:
        why = f"страниц: {count}, допустимо до {MOST_PAGES}", f"{count} pages; up to {MOST_PAGES} are taken"
        raise UnfitPaper(Said(*why))


def picture_pages(content: bytes, kind: str) -> bytes:
    """Return a PDF of A4 pages, one for each frame of the picture, upright, no finer than a printer prints.

    Raises UnfitPaper for a picture that cannot be read, or is beyond the limits.
    """
    import PIL.Image
    import PIL.ImageOps
    import PIL.ImageSequence
    from pypdf import PdfReader, PdfWriter

    if kind == "heic":
        from pillow_heif import register_heif_opener

        register_heif_opener()
    writer, kept = PdfWriter(), io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
            picture = PIL.Image.open(io.BytesIO(content))
            for number, frame in enumerate(PIL.ImageSequence.Iterator(picture)):
                _check_frame(frame, number)
                one = io.BytesIO()
                # Each frame becomes a page at once: twenty of them raw would be a quarter of a gigabyte.
                _fit(PIL.ImageOps.exif_transpose(frame).convert("RGB")).save(one, "PDF", resolution=_DPI)
                writer.add_page(PdfReader(one).pages[0])
        writer.write(kept)
    except UnfitPaper:
        raise
    except Exception as error:
        why = f"изображение повреждено ({type(error).__name__})", "the picture is broken"
        raise UnfitPaper(Said(*why)) from error
    return kept.getvalue()


def _check_frame(frame: Image, number: int) -> None:
    if frame.width * frame.height > MOST_PIXELS or number >= MOST_FRAMES:
        raise UnfitPaper(Said("изображение слишком велико", "the picture is too large"))


def _fit(frame: Image) -> Image:
    """Return a frame on a sheet of A4, turned as the frame lies, white around it."""
    import PIL.Image
    import PIL.ImageOps

    short, long = (round(side * _DPI) for side in _A4)
    size = (long, short) if frame.width > frame.height else (short, long)
    # A scan of a hundred dots an inch fills its sheet like one of six hundred.
    frame = PIL.ImageOps.contain(frame, size)
    sheet = PIL.Image.new("RGB", size, "white")
    sheet.paste(frame, ((size[0] - frame.width) // 2, (size[1] - frame.height) // 2))
    return sheet
