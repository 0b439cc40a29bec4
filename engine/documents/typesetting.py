"""From a Typst template and the sheet's texts to a PDF, in a folder of its own and without a network.

Decides what a template may reach: the files beside it, the shipped fonts, its own `fonts` folder. A company's folder is
laid over the shipped one; Typst keeps to that folder as its root, packages of the network are refused before it runs.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from engine.action import PluginError
from engine.documents.writing import Printed

MOST_BYTES = 20_000_000
# Typst fetches `@preview/…` of itself and has no switch against it, and the name may be put together while it runs:
# so only a plain name of a file beside the template may be imported, and text is never run as code.
_REACHING = re.compile(
    r"""\b(?:import|include)\b(?!\s*"(?!@)[^"\\]*\.typ"\s*(?![\s+.*/]))|\beval\b""", re.VERBOSE
)


def typeset_pdf(
    template: str, sheet: Mapping[str, Printed], shipped: Path, own: Path | None, at: datetime
) -> bytes:
    """Return the PDF/A-2b of a sheet; `own` is laid over the `shipped` templates, `at` is its creation time.

    The same arguments give the same bytes. Raises PluginError with Typst's diagnostic, with the place of a package
    import, and where the folder is larger than 20 MB.
    """
    with tempfile.TemporaryDirectory(prefix="document-") as made:
        folder = Path(made) / "templates"
        fonts = lay_over(folder, [shipped, *([own] if own is not None and own.is_dir() else [])])
        _refuse_reaching(folder)
        return _compile(folder / f"{template}.typ", sheet, fonts, at)


def lay_over(folder: Path, sources: Iterable[Path]) -> list[Path]:
    """Copy `sources` into `folder`, a later one over an earlier; return their folders of fonts.

    A link that leads out of its source is left out. Raises PluginError for a source larger than 20 MB.
    """
    fonts = []
    for source in sources:
        root = source.resolve()

        def leave_out(where: str, names: list[str], root: Path = root) -> set[str]:
            return {
                name
                for name in names
                if name == "fonts"
                or name.endswith(".docx")
                or not (Path(where) / name).resolve().is_relative_to(root)
            }

        size = sum(
            file.stat().st_size for file in root.rglob("*") if file.is_file() and not file.is_symlink()
        )
        if size > MOST_BYTES:
            raise PluginError("document", "render", f"папка шаблонов {source.name} больше 20 МБ")
        shutil.copytree(root, folder, dirs_exist_ok=True, ignore=leave_out)
        if (root / "fonts").is_dir():
            fonts.append(root / "fonts")
    return fonts


def _refuse_reaching(folder: Path) -> None:
    for file in sorted(folder.rglob("*.typ")):
        text = file.read_text("utf-8", errors="replace")
        found = _REACHING.search(text)
        if found is not None:
            line = text.count("\n", 0, found.start()) + 1
            words = 'import и include — только "файл.typ" рядом с шаблоном, без пакетов @… и без eval'
            raise PluginError("document", "render", f"{file.relative_to(folder)}:{line}: {words}")


def _compile(file: Path, sheet: Mapping[str, Printed], fonts: list[Path], at: datetime) -> bytes:
    import typst

    folder = file.parent
    packages = folder.parent / "packages"
    try:
        return typst.compile(
            str(file),
            root=str(folder),
            # The machine's own fonts would make the same act another file on another machine.
            font_paths=[str(path) for path in fonts],
            ignore_system_fonts=True,
            sys_inputs={"document": json.dumps(sheet, ensure_ascii=False)},
            pdf_standards=["a-2b"],
            timestamp=int(at.timestamp()),
            package_path=str(packages),
            package_cache_path=str(packages),
        )
    except typst.TypstError as error:
        # Typst names files from the folder it runs in or by their own path, as it sees fit.
        place = re.escape(folder.parent.name)
        said = re.sub(rf"[^\s]*{place}/templates/", "", str(error.diagnostic or error.message))
        raise PluginError("document", "render", f"шаблон «{file.stem}»: {said.strip()}") from error
