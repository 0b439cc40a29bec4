"""Who may open the demo portal's pages, and which pages may post to it.

Decides by the caller's address, the Host and the Origin; knows no page. A browser on this machine opens
strangers' sites too: without the Host check such a site could reach us under its own name (DNS rebinding),
without the Origin check it could post a form here.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

LARGEST = 50 * 1024 * 1024
"""Bytes of one posted form; a scan of an act is far smaller."""

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " font-src 'self'; form-action 'self'; base-uri 'none'; frame-src {frames}; frame-ancestors 'none'"
)


def guard(blueprint: Blueprint, beside: Callable[[], str] = str) -> None:
    """Every request to the blueprint passes the checks; every page forbids scripts but its own, and being framed.

    It may frame what `beside` gives, nothing where that is "".
    """

    @blueprint.before_request
    def check() -> None:
        request.max_content_length = LARGEST
        if not _is_loopback(request.remote_addr or "") or not _is_own_host(request.host):
            raise Forbidden("Демо-портал отвечает только этому компьютеру.")
        if request.method == "POST" and not _is_own_page():
            raise Forbidden("Форма отправлена не со страницы демо-портала.")

    @blueprint.after_request
    def harden(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.headers["Content-Security-Policy"] = _POLICY.format(frames=_origin(beside()))
            response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        # The forms recognise our own pages by this header where a browser sends no Origin.
        response.headers["Referrer-Policy"] = "same-origin"
        return response


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if address else "'none'"


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _is_own_host(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    return name == "localhost" or _is_loopback(name)


def _is_own_page() -> bool:
    """Origin where there is one, else Referer; neither is refused: every browser sends one of them."""
    source = request.headers.get("Origin") or request.headers.get("Referer") or ""
    parts = urlsplit(source)
    return parts.scheme == request.scheme and parts.netloc == request.host
