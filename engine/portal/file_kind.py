"""What a file is, by its first bytes. A name or a declared type is never believed. Pure."""

from __future__ import annotations

KINDS = ("pdf", "jpg", "png", "tiff", "heic", "docx", "xlsx", "zip", "text", "unknown")

_SIGNATURES = (
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
)
_HEIC = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
# ISO 32000 readers accept a PDF whose header stands within the first 1024 bytes; scanners do write such
# files.
_PDF_REACH = 1024
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r\f")


def file_kind(content: bytes) -> str:
    """Return one word of `KINDS`; empty and unrecognised content is `unknown`."""
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return kind
    if b"%PDF-" in content[:_PDF_REACH]:
        return "pdf"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return "heic"
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _office_kind(content)
    return "text" if _is_text(content) else "unknown"


def _office_kind(content: bytes) -> str:
    """Tell Word and Excel from other archives by a member's name, which a zip file keeps uncompressed."""
    if b"word/document.xml" in content:
        return "docx"
    if b"xl/workbook.xml" in content:
        return "xlsx"
    return "zip"


def _is_text(content: bytes) -> bool:
    if not content or len(content.translate(None, _CONTROLS)) != len(content):
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
