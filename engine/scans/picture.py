"""Pictures: JPEG, PNG, HEIC and TIFF of one or many pages, from scanners and phones.

Decides whether one decodes, whether anything is drawn on it, and which marks it bears. It judges no signature.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final, TypeVar

from engine.document_mark import read_mark
from engine.scans.limits import MOST_PAGES, MOST_PIXELS
from engine.scans.page import Page, Unreadable

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS: Final = {"jpg": ("JPEG", "MPO"), "png": ("PNG",), "tiff": ("TIFF",), "heic": ("HEIF",)}
_SMALL: Final = 1000
# Darker than the paper by this much is ink; scanners' dust and folds cover less than this part of a sheet.
_INK, _DUST, _MARGIN = 48, 0.0002, 0.03
_LOOKED_AT: Final = (3000, 1500, 5000)
T = TypeVar("T")


def picture_pages(content: bytes, kind: str) -> tuple[list[Page], int, str]:
    """Return the pages of a picture, their number, and why not all were looked at. Raises Unreadable."""
    pages, count = each_page(content, kind, look_at)
    return pages, count, f"more than {MOST_PAGES} pages" if count > MOST_PAGES else ""


def each_page(content: bytes, kind: str, take: Callable[[Image], T]) -> tuple[list[T], int]:
    """Return what `take` gives of each page, of the first `MOST_PAGES`, and how many there are. Raises Unreadable."""
    from PIL import Image, ImageSequence

    prepare(Image)
    if kind == "heic":
        from pillow_heif import register_heif_opener

        register_heif_opener()
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS[kind]) as picture:
            # A photo's further frames (a preview, a depth map, a Live Photo) are no pages; a fax's are.
            count = getattr(picture, "n_frames", 1) if kind == "tiff" else 1
            frames = islice(ImageSequence.Iterator(picture), min(count, MOST_PAGES))
            return [take(frame) for frame in frames], count
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        raise Unreadable(f"{type(error).__name__}: {error}"[:200]) from error


def prepare(module: object) -> None:
    """Pillow refuses bombs from here on, and never fills up a picture that ends too early."""
    from PIL import ImageFile

    vars(module)["MAX_IMAGE_PIXELS"] = MOST_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    # Pillow warns at its bound and refuses at twice that: one bound is enough.
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", category=UserWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)


def look_at(picture: Image) -> Page:
    """Return what one picture tells, turned as its camera says. Raises whatever Pillow says of a damaged one."""
    from PIL import ImageOps

    check_size(picture)
    picture.load()
    grey = on_paper(ImageOps.exif_transpose(picture), "L")
    return Page(is_blank(grey), tuple(_marks(grey)), max(grey.size))


def check_size(picture: Image) -> None:
    """Refuse a picture of more pixels than anybody's scan has. Raises Unreadable."""
    if picture.width * picture.height > MOST_PIXELS:
        raise Unreadable(f"{picture.width} × {picture.height} pixels")


def on_paper(picture: Image, mode: str) -> Image:
    """Return the picture in `mode` (`L`, `RGB`) as a copy; what is transparent is white paper."""
    from PIL import Image

    if picture.has_transparency_data:
        whole = picture.convert("RGBA")
        white = Image.new("RGBA", whole.size, "white")
        return Image.alpha_composite(white, whole).convert(mode)
    if picture.mode.startswith("I"):
        low, high = (float(str(one)) for one in picture.getextrema())
        scale = 255.0 / (high - low or 1.0)
        return picture.point(lambda value: value * scale - low * scale).convert(mode)
    return picture.convert(mode) if picture.mode != mode else picture.copy()


def is_blank(grey: Image) -> bool:
    """True where nothing on the sheet is darker than the sheet itself; its edges are left out."""
    small = grey.copy()
    small.thumbnail((_SMALL, _SMALL))
    edge_x, edge_y = int(small.width * _MARGIN), int(small.height * _MARGIN)
    inner = small.crop((edge_x, edge_y, max(edge_x + 1, small.width - edge_x), small.height - edge_y))
    counts = inner.histogram()
    total = sum(counts)
    seen = accumulate(counts)
    paper = next((shade for shade, number in enumerate(seen) if number * 2 >= total), 255)
    return sum(counts[: max(0, paper - _INK)]) <= total * _DUST


def _marks(grey: Image) -> list[str]:
    """Return the numbers in the marks of our documents; a photo is tried at several sizes, the usual one first."""
    import zxingcpp

    formats, largest = zxingcpp.barcode_formats_from_str("QRCode"), max(grey.size)
    for side in _LOOKED_AT:
        tried = grey
        if largest > side:
            tried = grey.copy()
            tried.thumbnail((side, side))
        texts = [one.text for one in zxingcpp.read_barcodes(tried, formats=formats)]
        found = [number for text in texts if (number := number_of(text))]
        if found or largest <= side:
            return found
    return []


def number_of(text: str) -> str:
    """Return the number in the text of a QR code, empty where it is no mark of ours."""
    mark = read_mark(text)
    return mark.number if mark is not None else ""
