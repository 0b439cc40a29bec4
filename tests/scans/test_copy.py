"""PDF copies of pictures: every page is there, upright, the same each time; bad ones are refused in words."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from pypdf import PdfReader

from engine import Effect, File, Outside, PluginError, Undecided, Value
from engine.portal.file_kind import file_kind
from engine.scans.copying import CannotCopy, pdf_copy
from engine.scans.look import look_inside
from tests.plugins.action_case import Table, action_of
from tests.scans.scan_case import NUMBER, fax, heic, page_of, photo, printed, saved, sheet, stream

to_pdf = action_of("scan", "document.to_pdf")


def turned(page: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(page.rotate(90, expand=True), "JPEG", exif=exif)


@pytest.mark.parametrize(
    ("content", "numbers"),
    [
        pytest.param(saved(sheet(), "PNG"), [NUMBER], id="png"),
        pytest.param(heic(photo(sheet())), [NUMBER], id="heic"),
        pytest.param(turned(sheet()), [NUMBER], id="turned by its camera's note"),
        pytest.param(saved(sheet().convert("RGBA"), "PNG"), [NUMBER], id="transparent"),
        pytest.param(saved(sheet().convert("CMYK"), "JPEG"), [NUMBER], id="cmyk"),
        pytest.param(
            fax([sheet(), sheet(None), sheet("А-2026/044")]), [NUMBER, "А-2026/044"], id="fax of three"
        ),
    ],
)
def test_a_copy_shows_what_the_picture_shows(content: bytes, numbers: list[str]) -> None:
    kind = file_kind(content)
    copy = pdf_copy(content, kind)
    seen, before = look_inside(copy, "pdf").inside, look_inside(content, kind).inside
    assert (seen.readable, seen.pages, seen.blank) == (True, before.pages, False)
    assert list(seen.numbers or ()) == numbers
    assert pdf_copy(content, kind) == copy


def test_a_copy_stands_upright_on_a_sheet() -> None:
    page = PdfReader(io.BytesIO(pdf_copy(turned(sheet()), "jpg"))).pages[0]
    width, height = float(page.mediabox.width), float(page.mediabox.height)
    assert height == pytest.approx(842, abs=2)
    assert width < height


def test_a_pdf_is_its_own_copy() -> None:
    assert pdf_copy(printed(), "pdf") == printed()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (saved(sheet(), "JPEG")[:30_000], "jpg"),
        (saved(Image.new("1", (40_000, 40_000)), "PNG"), "png"),
        (b"PK\x03\x04", "zip"),
        (page_of(stream(b"q Q"))[:9], "tiff"),
    ],
    ids=["half a jpg", "bomb", "archive", "noise"],
)
def test_what_cannot_be_copied_says_why(content: bytes, kind: str) -> None:
    with pytest.raises(CannotCopy, match=r"\w{4}"):
        pdf_copy(content, kind)


class Kept:
    """What `perform` may use, in memory."""

    key, now = "k", Table({}).now

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self, file: File) -> bytes:
        return self.content

    def keep(self, name: str, content: bytes) -> File:
        return File(name, len(content), file_kind(content))


def perform(file: File, content: bytes) -> Value:
    effect = to_pdf.effect({"file": file}, Table({}))
    assert isinstance(effect, Effect)
    outside: Outside = Kept(content)  # type: ignore[assignment]
    return to_pdf.perform(effect, outside)


def test_the_action_names_the_copy_after_the_picture() -> None:
    content = heic(sheet())
    effect = to_pdf.effect({"file": File("IMG_2043.HEIC", kind="heic")}, Table({}))
    assert isinstance(effect, Effect)
    assert effect.result == File("IMG_2043.pdf", kind="pdf")
    made = perform(File("IMG_2043.HEIC", kind="heic"), content)
    assert isinstance(made, File)
    assert (made.name, made.kind) == ("IMG_2043.pdf", "pdf")
    with pytest.raises(PluginError, match="scan"):
        perform(File("IMG_2043.HEIC", kind="heic"), content[:5000])


def test_the_action_leaves_a_pdf_alone_and_waits_for_what_is_not_known() -> None:
    already = to_pdf.effect({"file": File("акт.pdf", kind="pdf")}, Table({}))
    assert isinstance(already, Effect)
    assert already.nothing_to_do is not None
    assert already.result == File("акт.pdf", kind="pdf")
    assert isinstance(to_pdf.effect({"file": File("x")}, Table({})), Undecided)
    assert isinstance(to_pdf.effect({"file": Undecided("act.scan")}, Table({})), Undecided)
