"""Who is let in, and that a change was asked for by them and not by a page they happened to visit.

Decides sign-in, sign-out, invitations and what each request must bring. Pages behind it find `g.account`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engine.runtime.accounts import SHORTEST_PASSWORD, TooManyTries
from engine.web.console.desk import ENGLISH, RUSSIAN, Desk, say
from engine.web.console.look import page

P = ParamSpec("P")
R = TypeVar("R")

COOKIE, LANGUAGE = "reglament", "language"
_DAYS = 14 * 86_400
# Answered to machines that watch, and needed before anybody is known.
_OPEN = ("/readyz", "/metrics", "/static/", "/sign-in", "/invitation", "/language")
_READS = ("GET", "HEAD", "OPTIONS")


def needs(role: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only accounts of `role` or more to a page."""

    def wrap(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def judged(*args: P.args, **kwargs: P.kwargs) -> R:
            if not g.account.may(role):
                abort(403)
            return view(*args, **kwargs)

        return judged

    return wrap


def add_door(app: Flask, desk: Desk) -> None:
    """Put the door before all of `app`'s pages."""
    app.before_request(lambda: _judge(desk))
    _add_sign_in(app, desk)
    _add_invitation(app, desk)

    @app.get("/language/<chosen>")
    def choose(chosen: str) -> AnyResponse:
        response = redirect(_back())
        if chosen in (RUSSIAN, ENGLISH):
            response.set_cookie(LANGUAGE, chosen, max_age=365 * 86_400, samesite="Lax", httponly=True)
        return response


def _judge(desk: Desk) -> AnyResponse | None:
    chosen = request.cookies.get(LANGUAGE, "")
    g.language = chosen if chosen in (RUSSIAN, ENGLISH) else desk.status.language
    session = desk.accounts.session(request.cookies.get(COOKIE, ""))
    if session is not None:
        g.account, g.csrf = session.account, session.csrf
    if request.method not in _READS:
        _judge_change(session.csrf if session is not None else "")
    if session is not None or request.path.startswith(_OPEN):
        return None
    if request.headers.get("HX-Request") == "true":
        return Response("", 401, headers={"HX-Redirect": "/sign-in"})
    wanted = request.full_path if request.method == "GET" else "/"
    return redirect(f"/sign-in?next={_quoted(wanted)}")


def _judge_change(csrf: str) -> None:
    """Refuse what another site's page had the browser send."""
    origin = request.headers.get("Origin")
    if origin not in (None, "null") and urlsplit(origin).netloc != request.host:
        abort(403)
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403)
    if csrf:
        from hmac import compare_digest

        given = request.form.get("csrf") or request.headers.get("X-CSRF", "")
        if not compare_digest(given.encode(), csrf.encode()):
            abort(403)


def _add_sign_in(app: Flask, desk: Desk) -> None:
    @app.get("/sign-in")
    def sign_in() -> str | AnyResponse:
        if hasattr(g, "account"):
            return redirect(_next())
        return page("sign_in.html", trouble="", name="", next=_next(), is_first=desk.accounts.is_empty())

    @app.post("/sign-in")
    def try_sign_in() -> AnyResponse:
        name, trouble, status = request.form.get("name", ""), "", 200
        try:
            found = desk.accounts.sign_in(name, request.form.get("password", ""), request.remote_addr or "")
        except TooManyTries as error:
            found, status = None, 429
            trouble = say(
                f"Слишком много неверных паролей. Подождите {error.minutes} минут.",
                f"Too many wrong passwords. Wait {error.minutes} minutes.",
            )
        if found is not None:
            return _enter(found[0], _next())
        if not trouble:
            status, trouble = 403, say("Имя или пароль неверны.", "Wrong name or password.")
        text = page(
            "sign_in.html", trouble=trouble, name=name, next=_next(), is_first=desk.accounts.is_empty()
        )
        return Response(text, status)

    @app.post("/sign-out")
    def sign_out() -> AnyResponse:
        desk.accounts.sign_out(request.cookies.get(COOKIE, ""))
        response = redirect("/sign-in")
        response.delete_cookie(COOKIE)
        return response


def _add_invitation(app: Flask, desk: Desk) -> None:
    @app.get("/invitation/<secret>")
    def invitation(secret: str) -> AnyResponse:
        account, works = desk.accounts.invited(secret)
        text = page("invitation.html", account=None, invited=account, works=works, trouble="", name="")
        return Response(text, 200 if works else 410)

    @app.post("/invitation/<secret>")
    def accept(secret: str) -> AnyResponse:
        name, password = request.form.get("name", ""), request.form.get("password", "")
        trouble = ""
        if password != request.form.get("again", password):
            trouble = say("Пароли не совпадают.", "The passwords differ.")
        else:
            try:
                return _enter(desk.accounts.accept(secret, name, password)[0], "/")
            except ValueError as error:
                trouble = _trouble(str(error))
        account, works = desk.accounts.invited(secret)
        text = page("invitation.html", account=None, invited=account, works=works, trouble=trouble, name=name)
        return Response(text, 400 if works else 410)

    @app.get("/sign-in/<secret>")
    def enter(secret: str) -> AnyResponse:
        to = _next()
        if to != "/" and hasattr(g, "account"):
            # A frame that is drawn with every page of its owner's must not begin a session each time.
            return redirect(to)
        found = desk.accounts.enter(secret)
        return _enter(found[0], to) if found is not None else redirect("/sign-in")


def _trouble(name: str) -> str:
    return {
        "password": say(
            f"Пароль короче {SHORTEST_PASSWORD} знаков.",
            f"The password is shorter than {SHORTEST_PASSWORD} characters.",
        ),
        "name": say("Напишите имя.", "Write a name."),
        "taken": say(
            "Первый сотрудник уже есть: войдите или попросите приглашение.", "Somebody was first: sign in."
        ),
    }.get(name, say("Ссылка больше не действует.", "The link does not work any more."))


def _enter(secret: str, to: str) -> AnyResponse:
    response = redirect(to)
    response.set_cookie(
        COOKIE, secret, max_age=_DAYS, httponly=True, samesite="Lax", secure=request.is_secure, path="/"
    )
    return response


def _next() -> str:
    """Return where to after the door: a page of ours alone."""
    return _ours(request.values.get("next", "/"))


def _back() -> str:
    """Return the page of ours that the reader came from."""
    parts = urlsplit(request.headers.get("Referer", ""))
    if parts.netloc != request.host:
        return "/"
    return _ours(f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/")


def _ours(wanted: str) -> str:
    """Return an address within our own pages, the first page where it leads elsewhere: `//evil.example` is a host."""
    is_path = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not urlsplit(wanted).netloc
    return wanted if is_path and wanted.isprintable() and "\\" not in wanted else "/"


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text.rstrip("?"), safe="/")
