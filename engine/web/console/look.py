"""How every page of the console is drawn: its frame, its assets, its headers.

Decides what the frame shows and what a browser is allowed to do with a page. Everything from outside is escaped by the
templates; no script and no style stands in a page itself, so none can be smuggled in.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, abort, g, render_template, request

from engine.runtime.accounts import INTEGRATOR, OFFICE
from engine.web.console.desk import Desk, ago, audit_word, language, outcome_word, say, status_word, verb_of

_HERE = Path(__file__).parents[1]
TEMPLATES, STATIC = _HERE / "templates", _HERE / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".woff2": "font/woff2"}
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-src 'self'; frame-ancestors {ancestors}"
)
_SMALLEST_GZIP = 1000
_YEAR = 31_536_000
# Address, words, the role that sees it.
NAVIGATION = (
    ("/journal", "Журнал", "Journal", ""),
    ("/sandbox", "Песочница", "Sandbox", ""),
    ("/registers", "Реестры", "Registers", ""),
    ("/queue", "Решения", "To decide", ""),
    ("/bank", "Банк", "Bank", ""),
    ("/regulations", "Регламенты", "Regulations", ""),
    ("/health", "Состояние", "Health", ""),
    ("/people", "Сотрудники", "People", INTEGRATOR),
)  # fmt: skip


@cache
def asset(name: str) -> str:
    """Return the address of a static file, with a mark of its content: browsers may keep it for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def add_look(app: Flask, desk: Desk) -> None:
    """Give `app` its static files, what templates may call, and the headers of every answer."""

    @app.get("/static/<name>")
    def static_file(name: str) -> Response:
        path = STATIC / name
        if "/" in name or path.suffix not in _TYPES or not path.is_file():
            abort(404)
        response = Response(path.read_bytes(), content_type=_TYPES[path.suffix])
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        return response

    @app.context_processor
    def words() -> dict[str, object]:
        return {
            "t": say,
            "language": language(),
            "asset": asset,
            "account": getattr(g, "account", None),
            "csrf": getattr(g, "csrf", ""),
            "desk": desk,
            "status_word": status_word,
            "verb": verb_of,
            "outcome": outcome_word,
            "ago": lambda moment: ago(desk.status.now, moment),
            "navigation": list(_navigation()),
            "here": request.path,
            "local": desk.status.local,
            "address": _address,
            "audit_word": audit_word,
            "action_words": lambda name: _action_words(desk, name),
        }

    app.after_request(_finish)


def _action_words(desk: Desk, name: str) -> str:
    """Return an action as people call it: its own title, else its name."""
    action = desk.status.in_force.edition.actions.get(name)
    return say(action.title.ru, action.title.en) if action is not None and action.title.ru else name


def _navigation() -> list[tuple[str, str, bool]]:
    account = getattr(g, "account", None)
    if account is None:
        return []
    return [
        (path, say(russian, english), _is_here(path))
        for path, russian, english, role in NAVIGATION
        if not role or account.may(role)
    ]


def _is_here(path: str) -> bool:
    own = (path, *{"/journal": ("/runs",), "/registers": ("/reports",)}.get(path, ()))
    return any(request.path == one or request.path.startswith(f"{one}/") for one in own)


def _address(**changed: object) -> str:
    """Return this page's address with some of its parameters changed; empty ones are left out."""
    kept = [
        (key, value)
        for key, value in request.args.items(multi=True)
        if key not in changed and key != "part" and value
    ]
    kept += [(key, str(value)) for key, value in changed.items() if value not in (None, "") and key != "part"]
    from urllib.parse import urlencode

    return f"{request.path}?{urlencode(kept)}" if kept else request.path


def page(template: str, /, **values: object) -> str:
    """Return a template of the console, filled in."""
    return render_template(f"console/{template}", office=OFFICE, integrator=INTEGRATOR, **values)


def _finish(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    framed = getattr(g, "framed", "DENY")
    ancestors = {"DENY": "'none'", "SAMEORIGIN": "'self'"}.get(framed, framed)
    if ancestors != framed:
        # The older header cannot name an origin; a page that another may frame goes without it.
        response.headers["X-Frame-Options"] = framed
    response.headers.setdefault("Content-Security-Policy", _POLICY.format(ancestors=ancestors))
    return _shorten(response)


def _shorten(response: Response) -> Response:
    accepts = "gzip" in request.headers.get("Accept-Encoding", "")
    kind = (response.content_type or "").partition(";")[0]
    is_text = kind.startswith("text/") or kind == "application/json"
    if not accepts or not is_text or response.is_streamed or "Content-Encoding" in response.headers:
        return response
    body = response.get_data()
    if len(body) >= _SMALLEST_GZIP:
        response.set_data(gzip.compress(body, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        response.headers.add("Vary", "Accept-Encoding")
    return response
