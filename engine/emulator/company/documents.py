"""PDF files of the demo: tiny, valid, each different from every other.

The page says in Latin letters what it is: a PDF's built-in fonts have no Cyrillic, and a font file would be larger
than the rest of the demo. A signed scan shows a frame and a round stamp, so its bytes and hash differ from the
document it came from.
"""

from __future__ import annotations

_TITLE_SIZE = 16
# A circle of four Bezier arcs: 0.5523 is the usual distance of the control points for radius 1.
_STAMP_CENTRE = (400, 560)
_STAMP_RADIUS = 42
_ARC = 0.5523
# The capitals that occur in numbers of acts, invoices and contracts.
_LATIN = {"А": "A", "Д": "D", "К": "K", "П": "P", "С": "S", "У": "U", "Х": "H", "Ц": "TS", "Ч": "CH"}


def build_pdf(*lines: str, is_scan: bool = False) -> bytes:
    """A one-page PDF 1.4 with these lines of Latin text (UnicodeEncodeError for any other letters).

    The same arguments give the same bytes: there is neither a date nor a random id in the file.
    """
    content = _page_content(lines, is_scan=is_scan)
    return _assemble(
        (
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            b"<< /Font << /F1 5 0 R >> >>",
        )
    )


def latin_number(number: str) -> str:
    """A document's number in Latin letters: `А-2026/007` gives `A-2026/007`."""
    return "".join(_LATIN.get(letter, letter) for letter in number)


def safe_number(number: str) -> str:
    """The number as a part of a file's name: a slash cannot stand there."""
    return number.replace("/", "-")


def _page_content(lines: tuple[str, ...], *, is_scan: bool) -> bytes:
    text = [f"BT /F1 {_TITLE_SIZE} Tf 60 760 Td 24 TL"]
    text += [f"({_escape(line)}) Tj T*" for line in lines]
    text.append("ET")
    if is_scan:
        text += ["1.5 w 40 480 515 320 re S", _stamp()]
    return "\n".join(text).encode("ascii")


def _escape(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _stamp() -> str:
    x, y = _STAMP_CENTRE
    r, k = _STAMP_RADIUS, round(_STAMP_RADIUS * _ARC, 2)
    return (
        f"0.1 0.2 0.7 RG 2 w {x + r} {y} m"
        f" {x + r} {y + k} {x + k} {y + r} {x} {y + r} c"
        f" {x - k} {y + r} {x - r} {y + k} {x - r} {y} c"
        f" {x - r} {y - k} {x - k} {y - r} {x} {y - r} c"
        f" {x + k} {y - r} {x + r} {y - k} {x + r} {y} c S"
    )


def _assemble(objects: tuple[bytes, ...]) -> bytes:
    body = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    # Every row of the cross-reference table is 20 bytes long, its line end included (PDF 1.4, 3.4.3).
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, rows)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + table + trailer
