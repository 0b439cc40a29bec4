from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.portal.file_kind import KINDS, file_kind


def archive(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, "x" * 100)
    return stream.getvalue()


CASES = [
    (b"%PDF-1.7\n%\xe2\xe3", "pdf"),
    (b"\r\n\r\n%PDF-1.4", "pdf"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "jpg"),
    (b"\x89PNG\r\n\x1a\n\x00\x00", "png"),
    (b"II*\x00\x08", "tiff"),
    (b"MM\x00*\x00", "tiff"),
    (b"\x00\x00\x00\x18ftypheic\x00\x00", "heic"),
    (b"\x00\x00\x00\x18ftypisom\x00\x00", "unknown"),
    (archive("[Content_Types].xml", "word/document.xml"), "docx"),
    (archive("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
    (archive("a.txt"), "zip"),
    (archive(), "zip"),
    ("Акт подписан\r\n".encode(), "text"),
    (b"", "unknown"),
    (b"\x00\x01\x02", "unknown"),
    (b"\xff\xfe\xfd", "unknown"),
    (b"MZ\x90\x00", "unknown"),
]


@pytest.mark.parametrize(("content", "kind"), CASES)
def test_kind(content, kind):
    assert file_kind(content) == kind


@given(st.binary(max_size=200))
def test_any_bytes_have_a_kind(content):
    assert file_kind(content) in KINDS
