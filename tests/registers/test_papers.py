"""Papers of a selection as one PDF or an archive: all of them in order, what is missing or broken named, names safe."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from engine.decision.facts import Facts
from engine.effects import Said
from engine.language.values import Item
from engine.portal.contents import Contents
from engine.portal.file_kind import file_kind
from engine.portal.reader import Reader
from engine.registers.papers import Paper, Papers
from engine.registers.printing import MOST_PAGES, print_papers
from engine.registers.zipping import zip_papers
from tests.registers.selection_case import NOW, Office, office
from tests.runtime.service_case import ACT


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        yield opened


def papers(desk: Office, field: str = "document", **more: int) -> Papers:
    shop = desk.service.workshop
    bare = Facts(shop.settings.world, shop.derivations, shop.calendar, NOW, {}, {})
    return Papers(desk.reader, desk.service._client, bare, field, **more)


def paper(number: int, content: bytes, title: str = "", **more: object) -> Paper:
    fields = {"client": Item("company", "5"), "folder": "ООО «Ромашка»", **more}
    return Paper(
        Item("act", str(number)), title or f"Акт {number}", name="x", kind=file_kind(content), content=content, **fields  # type: ignore[arg-type]
    )  # fmt: skip


def pdf(pages: int, mark: int = 0) -> bytes:
    """A PDF whose pages are told apart by their widths."""
    writer, out = PdfWriter(), io.BytesIO()
    for page in range(pages):
        writer.add_blank_page(200 + mark * 10 + page, 300)
    writer.write(out)
    return out.getvalue()


def picture(kind: str, *sizes: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", size, "grey") for size in sizes]
    more = {"save_all": True, "append_images": frames[1:]} if len(frames) > 1 else {}
    frames[0].save(out, kind, **more)
    return out.getvalue()


def widths(content: bytes) -> list[int]:
    return [round(float(page.mediabox.width)) for page in PdfReader(io.BytesIO(content)).pages]


def test_documents_of_the_portal_in_the_order_asked_for(desk: Office) -> None:
    rows = {str(row["id"]): row for row in desk.rows() if row["ufCrm12Document"]}
    items = [Item("act", one) for one in ("30", "24", "34", "1")]
    found = list(papers(desk).fetch([*items, Item("act", "99999")]))
    assert [one.item for one in found] == [*items, Item("act", "99999")]
    assert [one.title for one in found[:4]] == [f"Акт {rows[one.id]['ufCrm12Number']}" for one in items]
    assert {one.kind for one in found[:4]} == {"pdf"}
    assert found[4].fault == Said("на портале этого нет", "the portal has no such item")
    out = io.BytesIO()
    printed = print_papers(found, out)
    assert [one.paper for one in printed.taken] == [one.title for one in found[:4]]
    assert printed.pages == len(PdfReader(out).pages) >= 4
    assert [fault.title for fault in printed.faults] == ["act/99999"]


def test_scans_where_they_are_asked_for_and_the_act_without_one_is_named(desk: Office) -> None:
    unsigned = Item("act", "30")
    signed = next(str(row["id"]) for row in desk.rows() if row["ufCrm12Scan"])
    found = list(papers(desk, "scan").fetch([Item("act", signed), unsigned]))
    assert found[0].content
    assert found[1].fault == Said("нет скана", "no scan")


def test_a_file_beyond_the_limit_is_named(desk: Office) -> None:
    [found] = papers(desk, largest=100).fetch([Item("act", "30")])
    assert found.fault is not None
    assert found.fault.en == "the file is larger than what is taken"


def test_a_selection_is_asked_for_together(desk: Office) -> None:
    items, metered = desk.acts(), desk.gateway.metered()
    found = papers(desk)
    reader = Reader(
        metered, desk.service.workshop.setup.map, Contents(desk.service._client, desk.folder / "x")
    )
    got = list(Papers(reader, found.client, found.bare, found.field).fetch(items))
    assert len([one for one in got if one.content]) > 35
    assert metered.cost.requests < 10


def test_pictures_become_pages_upright_and_every_frame_is_one() -> None:
    out = io.BytesIO()
    found = [
        paper(1, pdf(2)),
        paper(2, picture("JPEG", (400, 800))),
        paper(3, picture("TIFF", (800, 400), (300, 900))),
        paper(4, picture("PNG", (50, 50))),
        paper(5, pdf(1, mark=5)),
    ]
    printed = print_papers(found, out)
    assert [one.pages for one in printed.taken] == [2, 1, 2, 1, 1]
    assert printed.faults == ()
    assert widths(out.getvalue()) == [200, 201, 595, 842, 595, 595, 250]


def hostile() -> dict[str, bytes]:
    """Files that are not what they should be, each by what is to be said of it."""
    locked, out = PdfWriter(), io.BytesIO()
    locked.add_blank_page(100, 100)
    locked.encrypt("secret")
    locked.write(out)
    looped = pdf(1).replace(b"/Count 1", b"/Count 9").replace(b"/Kids", b"/Kids [ 1 0 R ] /Other")
    return {
        "locked": out.getvalue(),
        "too many": pdf(MOST_PAGES + 1),
        "torn": pdf(2)[:60],
        "looped": looped,
        "text": "просто текст".encode(),
        "torn picture": picture("PNG", (300, 300))[:50],
        "bomb": png_bomb(),
    }


def png_bomb() -> bytes:
    """A picture of a few bytes that says it has ten thousand million pixels."""
    head = (100_000).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + len(head).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")


@pytest.mark.parametrize("name", sorted(hostile()))
def test_a_hostile_file_is_named_and_the_others_are_printed(name: str) -> None:
    out = io.BytesIO()
    printed = print_papers(
        [paper(1, pdf(1)), paper(2, hostile()[name], title=name), paper(3, pdf(1, 3))], out
    )
    assert [fault.title for fault in printed.faults] == [name]
    assert widths(out.getvalue()) == [200, 230]


def test_scripts_of_a_document_do_not_get_into_the_print() -> None:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    script = {"/S": NameObject("/JavaScript"), "/JS": TextStringObject("appalert")}
    shown = DictionaryObject({NameObject(key): value for key, value in script.items()})
    writer.root_object[NameObject("/OpenAction")] = shown
    writer.add_attachment("virus.exe", b"MZ")
    writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): shown})
    writer.write(out)
    assert b"appalert" in out.getvalue()
    whole = io.BytesIO()
    print_papers([paper(1, out.getvalue())], whole)
    assert b"appalert" not in whole.getvalue()
    assert b"virus.exe" not in whole.getvalue()
    assert "/AA" not in PdfReader(whole).pages[0]


def test_nothing_to_print_writes_nothing() -> None:
    out = io.BytesIO()
    gone = Paper(Item("act", "1"), "Акт 1", None, "", fault=Said("нет", "no"))
    assert print_papers([gone], out).pages == 0
    assert zip_papers([gone], out).names == ()
    assert out.getvalue() == b""


def test_an_archive_has_a_folder_a_client_and_safe_names() -> None:
    other, third = Item("company", "6"), Item("company", "7")
    found = [
        paper(1, pdf(1), "Акт А-2026/001"),
        paper(2, pdf(1), "Акт А-2026/001"),
        paper(3, pdf(1), "Акт 2", client=other),
        paper(4, pdf(1), "АКТ 2", client=other, folder="ООО «Ромашка»"),
        paper(5, b"text", "../../etc/passwd", client=third, folder="../..\\..\u202e/CON"),
        paper(6, pdf(1), "\x00..", client=None, folder=""),
        Paper(Item("act", "7"), "Акт 7", other, "", fault=Said("нет документа", "no document")),
    ]
    out = io.BytesIO()
    zipped = zip_papers(found, out)
    assert list(zipped.names) == [
        "ООО «Ромашка»/Акт А-2026-001.pdf",
        "ООО «Ромашка»/Акт А-2026-001 (2).pdf",
        "ООО «Ромашка» (2)/Акт 2.pdf",
        "ООО «Ромашка» (2)/АКТ 2 (2).pdf",
        zipped.names[4],
        "Без клиента/act-6.pdf",
    ]
    assert zipped.names[4].count("/") == 1
    assert ".." not in zipped.names[4]
    assert "\u202e" not in zipped.names[4]
    assert [fault.why.en for fault in zipped.faults] == ["no document"]
    archive = zipfile.ZipFile(out)
    assert archive.testzip() is None
    assert [one.filename for one in archive.infolist()] == list(zipped.names)
    assert all(one.flag_bits & 0x800 for one in archive.infolist() if not one.filename.isascii())


def test_the_same_papers_make_the_same_archive() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    zip_papers([paper(1, pdf(1))], first)
    zip_papers([paper(1, pdf(1))], second)
    assert first.getvalue() == second.getvalue()


def test_an_unsigned_act_without_a_document_is_named(desk: Office) -> None:
    desk.person().clear(ACT, 30, "ufCrm12Document")
    [found] = papers(desk).fetch([Item("act", "30")])
    assert found.fault == Said("нет документа", "no document")
