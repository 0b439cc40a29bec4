"""What a look says of real files. Each goes through the process that the engine starts."""

from __future__ import annotations

import io
import random
import zipfile
import zlib

import pytest
from PIL import Image

from engine.language.values import Inside
from engine.portal.file_kind import file_kind
from engine.scans.look import look_inside
from tests.scans.scan_case import (
    NUMBER,
    SHEET,
    fax,
    heic,
    page_of,
    photo,
    printed,
    raw_pdf,
    rewritten,
    saved,
    sheet,
    stream,
)


def seen(content: bytes) -> Inside:
    return look_inside(content, file_kind(content)).inside


def turned(page: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(page, "JPEG", exif=exif)


def test_a_printed_pdf_tells_its_numbers_by_its_text():
    found = seen(printed(pages=3))
    assert found == Inside(True, 3, False, None, (NUMBER, "Д-12/25"))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(saved(sheet(), "PDF", resolution=150), id="scanned pdf"),
        pytest.param(saved(sheet(), "JPEG", quality=60), id="jpg"),
        pytest.param(saved(sheet(), "PNG"), id="png"),
        pytest.param(heic(sheet()), id="heic"),
        pytest.param(saved(sheet(), "TIFF", compression="tiff_lzw"), id="tiff"),
        pytest.param(saved(sheet().rotate(90, expand=True), "JPEG"), id="lying on its side"),
        pytest.param(saved(sheet().rotate(180), "JPEG"), id="upside down"),
        pytest.param(saved(sheet().convert("CMYK"), "JPEG"), id="cmyk"),
        pytest.param(saved(sheet().convert("RGBA"), "PNG"), id="transparent"),
        pytest.param(saved(sheet().convert("P"), "PNG"), id="palette"),
        pytest.param(turned(sheet().rotate(90, expand=True), 6), id="turned by its camera's note"),
        pytest.param(saved(photo(sheet()), "JPEG", quality=75), id="phone photo"),
        pytest.param(heic(photo(sheet(), seed=2)), id="phone photo, heic"),
    ],
)
def test_a_scan_tells_its_number_by_its_code(content):
    found = seen(content)
    assert (found.readable, found.pages, found.blank, found.numbers) == (True, 1, False, (NUMBER,))
    assert found.resolution is not None
    assert found.resolution >= max(SHEET)


def test_a_fax_of_three_pages():
    found = seen(fax([sheet(), sheet(None), sheet("А-2026/044")]))
    assert found == Inside(True, 3, False, 1754, (NUMBER, "А-2026/044"))


def test_a_scan_without_a_code_bears_no_numbers():
    assert seen(saved(sheet(None), "JPEG")) == Inside(True, 1, False, 1754, ())


def test_a_strange_code_is_no_number():
    import segno

    out = io.BytesIO()
    segno.make("https://example.com/А-2026/043").save(out, kind="png", scale=5)
    assert seen(out.getvalue()).numbers == ()


def test_an_empty_sheet_is_blank_with_a_scanners_dust_and_shade():
    page = Image.new("RGB", SHEET, (244, 242, 236))
    dust = random.Random(3)
    for _ in range(40):
        page.putpixel((dust.randrange(SHEET[0]), dust.randrange(SHEET[1])), (90, 90, 90))
    page.paste((40, 40, 40), (0, 0, 12, SHEET[1]))
    assert seen(saved(page, "JPEG", quality=70)).blank is True
    assert seen(saved(page, "PDF")).blank is True
    assert seen(fax([page, page])).blank is True
    assert seen(fax([page, sheet(None)])).blank is False


def test_a_pdf_with_nothing_drawn_is_blank_and_one_with_a_line_is_not():
    assert seen(page_of(stream(b"q Q"))).blank is True
    assert seen(page_of(stream(b"10 10 m 200 300 l S"))).blank is False


def test_sixteen_bits_a_pixel():
    page = sheet().convert("L").convert("I").point(lambda value: value * 257).convert("I;16")
    assert seen(saved(page, "PNG")).numbers == (NUMBER,)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(saved(sheet(), "JPEG")[:30_000], id="half a jpg"),
        pytest.param(saved(sheet(), "PNG")[:-4000], id="a png without its end"),
        pytest.param(heic(sheet())[:8000], id="half a heic"),
        pytest.param(fax([sheet(), sheet()])[:2500], id="half a tiff"),
        pytest.param(printed()[:2000], id="half a pdf"),
        pytest.param(b"%PDF-1.7\n" + random.Random(1).randbytes(5000), id="noise with a pdf's head"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(5000), id="noise with a png's head"),
        pytest.param(
            raw_pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Kids [] /Count 0 >>"]), id="no pages"
        ),
        pytest.param(raw_pdf([b"<< /Pages 2 0 R >>", b"<< /Kids [2 0 R] /Count 1 >>"]), id="its own parent"),
        pytest.param(
            rewritten(printed(), lambda pdf: pdf.encrypt("secret", "owner")), id="locked by a password"
        ),
        pytest.param(saved(Image.new("1", (60_000, 60_000)), "PNG"), id="a bomb of pixels"),
        pytest.param(
            saved(Image.new("L", (12_000, 12_000)), "TIFF", compression="tiff_lzw"), id="a large bomb"
        ),
        pytest.param(b"", id="empty"),
        pytest.param("Подписано".encode(), id="a text"),
        pytest.param(b"PK\x03\x04" + bytes(200), id="an archive"),
    ],
)
def test_what_cannot_be_read_is_not_readable(content):
    found = seen(content)
    assert found.readable is False
    assert found.numbers is None


def test_a_lock_against_changes_alone_is_open_to_readers():
    locked = rewritten(printed(), lambda pdf: pdf.encrypt("", "owner"))
    assert seen(locked) == Inside(True, 1, False, None, (NUMBER, "Д-12/25"))


def test_a_damaged_picture_in_a_sound_pdf():
    entries = b"/Type /XObject /Subtype /Image /Width 1240 /Height 1754 /ColorSpace /DeviceRGB"
    entries += b" /BitsPerComponent 8 /Filter /DCTDecode"
    torn = stream(saved(sheet(), "JPEG")[:20_000], entries)
    found = seen(page_of(stream(b"q /Scan Do Q"), b"<< /XObject << /Scan 5 0 R >> >>", [torn]))
    assert (found.readable, found.pages) == (False, 1)


def test_a_picture_that_this_machine_cannot_decode_leaves_the_page_open():
    entries = b"/Type /XObject /Subtype /Image /Width 1240 /Height 1754 /ColorSpace /DeviceGray"
    entries += b" /BitsPerComponent 1 /Filter /NoSuchDecode"
    found = seen(
        page_of(stream(b"q /Scan Do Q"), b"<< /XObject << /Scan 5 0 R >> >>", [stream(b"x" * 100, entries)])
    )
    assert (found.readable, found.pages, found.blank, found.numbers) == (None, 1, None, None)


def test_a_bomb_of_text_in_a_pdf_ends_by_itself():
    bomb = zlib.compress(b"(x) Tj " * 60_000_000, 9)
    assert len(bomb) < 2_000_000
    found = look_inside(page_of(stream(bomb, b"/Filter /FlateDecode")), "pdf")
    assert found.inside.readable is False, found
    assert found.is_lasting


def test_an_archive_bomb_is_not_opened():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0", bytes(50_000_000))
    assert look_inside(out.getvalue(), "zip").inside == Inside(readable=False)


def test_hundreds_of_pages_are_counted_and_not_all_looked_at():
    found = seen(rewritten(printed(), lambda pdf: [pdf.append(io.BytesIO(printed())) for _ in range(120)]))
    assert (found.readable, found.pages) == (None, 121)
    assert NUMBER in (found.numbers or ())


def test_a_file_over_the_limit_is_not_looked_into():
    found = look_inside(printed() + bytes(21 * 1024 * 1024), "pdf")
    assert found.inside == Inside()
    assert "larger" in found.why


def test_a_look_that_does_not_end_is_not_remembered_as_a_verdict():
    found = look_inside(saved(sheet(), "PNG"), "png", wait=0.01)
    assert found.inside == Inside()
    assert not found.is_lasting
