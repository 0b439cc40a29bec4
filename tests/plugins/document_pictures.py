"""What every shipped document looks like and says: `python -m tests.plugins.document_pictures` writes both anew.

The pictures go to `docs/pictures/documents`, the texts to `tests/plugins/documents`, which a test holds them to.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pypdf
import typst
from PIL import Image

from engine.documents.printing import print_sheet
from engine.documents.typesetting import lay_over
from tests.plugins.document_case import ROOT
from tests.plugins.document_facts import OWN, PAPERS, document, made, planned

TEXTS = ROOT / "tests" / "plugins" / "documents"
FOLDER = ROOT / "docs" / "pictures" / "documents"
DOTS = 96
MOST_BYTES = 150_000


def draw(template: str) -> list[bytes]:
    """The pages of a paper as PNG."""
    effect = planned(template)
    number = effect.details["number"] or ""
    texts: Mapping[str, object] = OWN["document"]
    sheet = print_sheet(effect.details, number, {name: str(text) for name, text in texts.items()})
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "templates"
        fonts = lay_over(folder, [document.SHIPPED])
        drawn = typst.compile(
            str(folder / f"{template}.typ"),
            root=str(folder),
            font_paths=[str(path) for path in fonts],
            ignore_system_fonts=True,
            sys_inputs={"document": json.dumps(sheet, ensure_ascii=False)},
            format="png",
            ppi=DOTS,
        )
    return drawn if isinstance(drawn, list) else [drawn]


def text_of(content: bytes) -> str:
    """What a PDF says, page by page, as a person would read it aloud."""
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]
    return "\n---\n".join(pages).replace("\u200b", "").replace("\u00a0", " ").strip() + "\n"


def small(page: bytes) -> bytes:
    """The same picture in sixteen greys: a sheet is black on white, and a page of docs is read over a wire."""
    grey, out = Image.open(io.BytesIO(page)).convert("L"), io.BytesIO()
    grey.quantize(16).save(out, "png", optimize=True)
    return out.getvalue()


def main() -> int:
    """Write one picture a page; say which is too large."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    TEXTS.mkdir(exist_ok=True)
    status = 0
    for template in PAPERS:
        (TEXTS / f"{template}.txt").write_text(text_of(made(template)[1]), "utf-8")
        for number, page in enumerate(draw(template), 1):
            content = small(page)
            file = FOLDER / f"{template}{'' if number == 1 else f'-{number}'}.png"
            file.write_bytes(content)
            if len(content) > MOST_BYTES:
                sys.stderr.write(f"{file.name}: {len(content)} bytes\n")
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
