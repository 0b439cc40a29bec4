"""The code on an act: written and read back, also from a scan as an office makes them."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.document_mark import Mark, mark_text, read_mark
from tests.plugins.document_case import ACT
from tests.plugins.document_facts import made, office

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def test_a_mark_is_short_and_readable() -> None:
    assert mark_text("act", "А-2026/043", "43") == "reglament:act:А-2026/043:43:6d58619c"
    assert read_mark("reglament:act:А-2026/043:43:6d58619c") == Mark("act", "А-2026/043", "43")


@given(kind=TEXT, number=TEXT, identity=TEXT)
def test_whatever_is_written_is_read_back(kind: str, number: str, identity: str) -> None:
    import unicodedata

    found = read_mark(mark_text(kind, number, identity))
    assert found is not None
    assert (found.kind, found.id) == (kind, identity)
    assert found.number == unicodedata.normalize("NFC", number).strip()


@pytest.mark.parametrize(
    "text",
    ["", "reglament", "reglament:act:А-2026/043:43", "reglament:act:А-2026/044:43:6d58619c",
     "other:act:А-2026/043:43:6d58619c", "https://example.com/reglament:act:1:2:3", "reglament:::::",
     "reglament:act:А-2026/043:43:6d58619c:more"],
)  # fmt: skip
def test_what_is_no_mark_of_ours_is_none(text: str) -> None:
    assert read_mark(text) is None


def scan(content: bytes, folder: Path, dots: int) -> Image.Image:
    """The first page as a scanner would give it."""
    program = shutil.which("pdftoppm")
    if program is None:
        pytest.skip("pdftoppm is not installed")
    (folder / "act.pdf").write_bytes(content)
    subprocess.run(
        [program, "-r", str(dots), "-gray", "-png", "-singlefile", "act.pdf", "act"], cwd=folder, check=True
    )
    return Image.open(folder / "act.png").convert("L")


def as_jpeg(page: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    page.save(out, "jpeg", quality=quality)
    return Image.open(io.BytesIO(out.getvalue())).convert("L")


@pytest.mark.parametrize("template", ["act", "one_sided_act"])
@pytest.mark.parametrize("turned", [0, 90, 180, 1.5], ids=str)
@pytest.mark.parametrize("quality", [None, 60, 30], ids=str)
def test_the_mark_is_read_from_a_150_dpi_scan(
    template: str, turned: float, quality: int | None, tmp_path: Path
) -> None:
    page = scan(made(template)[1], tmp_path, 150).rotate(turned, expand=True, fillcolor=255)
    page = as_jpeg(page, quality) if quality else page
    found = [read_mark(code.text) for code in zxingcpp.read_barcodes(page)]
    assert found == [Mark(template, "А-2026/043", "43")]


def test_the_mark_has_the_number_that_is_printed(tmp_path: Path) -> None:
    facts = office()
    facts.rows[ACT]["number"] = "Акт: 7 % / «Ёж»"
    page = scan(made("act", facts)[1], tmp_path, 200)
    found = [read_mark(code.text) for code in zxingcpp.read_barcodes(page)]
    assert found == [Mark("act", "Акт: 7 % / «Ёж»", "43")]


def test_a_number_too_long_for_a_readable_code_leaves_it_out(tmp_path: Path) -> None:
    facts = office()
    facts.rows[ACT]["number"] = "Ж" * 90
    _, content, _ = made("act", facts)
    assert zxingcpp.read_barcodes(scan(content, tmp_path, 150)) == []


def test_papers_that_no_scan_comes_back_of_bear_no_mark(tmp_path: Path) -> None:
    assert zxingcpp.read_barcodes(scan(made("invoice")[1], tmp_path, 150)) == []
