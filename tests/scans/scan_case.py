"""Real files as offices and phones make them: printed acts, scans, photos, and what goes wrong with them."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from functools import cache

import pillow_heif
import segno
import typst
from PIL import Image, ImageDraw, ImageFilter
from pypdf import PdfReader, PdfWriter

from engine.document_mark import mark_text

NUMBER = "А-2026/043"
SHEET = (1240, 1754)  # A4 at 150 dots an inch


@cache
def printed(number: str = NUMBER, pages: int = 1) -> bytes:
    """A PDF with text, as a program prints it."""
    text = f"Акт № {number} от 06.03.2026. Работы по договору Д-12/25 выполнены полностью"
    return typst.compile("\n#pagebreak()\n".join([text] * pages).encode())


def code(number: str = NUMBER, scale: int = 5) -> Image.Image:
    """The QR code that our acts carry."""
    out = io.BytesIO()
    segno.make(mark_text("act", number, "43"), error="q").save(out, kind="png", scale=scale, border=4)
    return Image.open(out).convert("RGB")


def sheet(number: str | None = NUMBER, size: tuple[int, int] = SHEET) -> Image.Image:
    """A page as a scanner sees it: lines of text, a signature, and the code where there is a number."""
    page = Image.new("RGB", size, (250, 249, 246))
    draw = ImageDraw.Draw(page)
    for line in range(30):
        draw.line(
            [(120, 300 + line * 30), (1000 - line * 7 % 200, 300 + line * 30)], fill=(40, 40, 40), width=6
        )
    draw.line([(200, 1400), (300, 1340), (380, 1430), (520, 1350)], fill=(30, 40, 160), width=5)
    if number is not None:
        page.paste(code(number), (900, 60))
    return page


def photo(page: Image.Image, seed: int = 1) -> Image.Image:
    """The page as a phone sees it from the side: perspective, shade, blur, grain, on a dark table."""
    width, height = page.size
    table = Image.new("RGB", (width + 400, height + 400), (90, 70, 55))
    table.paste(page, (200, 200))
    corners = [(110, 160), (60, height + 330), (width + 350, height + 260), (width + 250, 90)]
    seen = table.transform(
        table.size,
        Image.Transform.QUAD,
        [part for corner in corners for part in corner],
        Image.Resampling.BICUBIC,
    )
    shade = Image.linear_gradient("L").resize(seen.size).point(lambda value: 150 + value * 100 // 255)
    seen = Image.composite(seen, Image.new("RGB", seen.size, (30, 30, 30)), shade)
    grain = Image.frombytes("L", seen.size, random.Random(seed).randbytes(seen.width * seen.height))
    return Image.blend(seen, grain.convert("RGB"), 0.06).filter(ImageFilter.GaussianBlur(0.8))


def saved(page: Image.Image, form: str, **options: object) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    page.save(out, form, **options)
    return out.getvalue()


def heic(page: Image.Image) -> bytes:
    """The picture as an iPhone sends it."""
    out = io.BytesIO()
    pillow_heif.from_pillow(page).save(out, quality=70)
    return out.getvalue()


def fax(pages: Sequence[Image.Image]) -> bytes:
    """A TIFF of several black-and-white pages, compressed as office scanners do."""
    first, *others = [
        page.convert("L").point(lambda value: 255 if value > 128 else 0).convert("1") for page in pages
    ]
    return saved(first, "TIFF", save_all=True, append_images=others, compression="group4")


def rewritten(pdf: bytes, change: Callable[[PdfWriter], object]) -> bytes:
    """The PDF with something done to it."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def raw_pdf(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects, numbered from one; the first is the catalogue."""
    body, places = b"%PDF-1.7\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    rows = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + b"xref\n0 %d\n" % (len(objects) + 1) + rows + end


def page_of(contents: bytes, resources: bytes = b"<< >>", more: Sequence[bytes] = ()) -> bytes:
    """A PDF of one page with this content stream (a whole object) and these resources."""
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources %b >>" % resources
    )
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    return raw_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", pages, page, contents, *more])


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), entries, content)
