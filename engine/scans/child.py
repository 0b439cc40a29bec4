"""The process that meets foreign bytes: a file on stdin, what was found (JSON) or a PDF copy on stdout.

Started by `engine.scans.process`, by nobody else. Decides what a failure means: what says that the file itself is bad
makes it unreadable, what only this installation cannot do leaves it undecided.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.language.values import INSIDE_PARTS, Inside
from engine.scans.limits import COMPUTING, MEMORY
from engine.scans.page import Unreadable, combine

if TYPE_CHECKING:
    from PIL.Image import Image


def limit_ourselves() -> None:
    """From here on the system ends this process before it takes too much; Windows has no such limits."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (COMPUTING, COMPUTING + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def look(content: bytes, kind: str) -> tuple[Inside, str]:
    """Return what is in the file and, in a line, what could not be told."""
    try:
        if kind == "pdf":
            from engine.scans.pdf import pdf_pages

            return combine(*pdf_pages(content))
        from engine.scans.picture import picture_pages

        return combine(*picture_pages(content, kind))
    except Unreadable as error:
        return Inside(readable=False, pages=error.pages), str(error)
    except MemoryError:
        return Inside(readable=False), "it takes more memory than a look may"


def copy(content: bytes, kind: str) -> bytes:
    """Return a PDF of the picture. Raises Unreadable."""
    from engine.scans.copying import as_pdf
    from engine.scans.limits import MOST_PAGES
    from engine.scans.picture import check_size, each_page

    def keep(page: Image) -> Image:
        check_size(page)
        page.load()
        return page.copy()

    pages, count = each_page(content, kind, keep)
    if count > MOST_PAGES:
        raise Unreadable(f"more than {MOST_PAGES} pages", count)
    return as_pdf(pages)


def main(arguments: Sequence[str]) -> None:
    """Look at what stdin holds and print what was found; with `copy` first, print its PDF copy."""
    limit_ourselves()
    content = sys.stdin.buffer.read()
    if arguments[0] == "copy":
        try:
            sys.stdout.buffer.write(copy(content, arguments[1]))
        except (Unreadable, MemoryError) as error:
            sys.exit(str(error) or "it takes more memory than a copy may")
        return
    inside, why = look(content, arguments[0])
    parts = {name: getattr(inside, name) for name in INSIDE_PARTS}
    print(json.dumps({"form": 1, **parts, "why": why}))


if __name__ == "__main__":
    main(sys.argv[1:])
