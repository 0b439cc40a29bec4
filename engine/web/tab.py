"""Our page inside the portal: a tab in the deal's card and an entry in the left menu.

Decides how the page looks and who may frame it. Whom it is shown to, and what, is the runtime's.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, render_template, request

from engine.addresses import TAB
from engine.runtime.viewing import Viewing
from engine.web.console import EVENT_WORDS, STATUS_WORDS

_HTML = "text/html; charset=utf-8"


def add_tab(app: Flask, viewing: Viewing) -> None:
    """Let `app` answer the portal's frames."""
    app.template_folder = str(Path(__file__).parent / "templates")

    @app.post(TAB)
    def show() -> Response:
        shown = viewing.show(request.form)
        text = render_template(
            "tab.html", page=shown.page, problem=shown.problem, words=STATUS_WORDS, verb=_verb
        )
        response = Response(text, shown.status, content_type=_HTML)
        frame = viewing.frame() or "'none'"
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors {frame}"
        )
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def _verb(event: str) -> str:
    return EVENT_WORDS.get(event.rpartition(".")[2], event)
