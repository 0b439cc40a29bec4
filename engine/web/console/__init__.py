"""The console: pages for people, readiness and metrics for machines.

Decides which pages there are and how a refusal looks; each page is a small file beside this one.
"""

from __future__ import annotations

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, Map

from engine.runtime.metrics import CONTENT_TYPE, exposition
from engine.web.console.bank_page import add_bank
from engine.web.console.desk import EVENT_WORDS, STATUS_WORDS, Desk, say
from engine.web.console.door import add_door
from engine.web.console.health_page import add_health
from engine.web.console.journal import add_journal
from engine.web.console.look import TEMPLATES, add_look, page
from engine.web.console.people_page import add_people
from engine.web.console.queue_page import add_queue
from engine.web.console.registers_page import add_registers
from engine.web.console.regulations import add_regulations
from engine.web.console.reports_page import add_reports
from engine.web.console.run_page import add_run_page
from engine.web.console.sandbox import add_sandbox
from engine.web.console.strip import add_strip

__all__ = ["EVENT_WORDS", "STATUS_WORDS", "Desk", "create_console_app"]

_LARGEST = 32 << 20


class _Number(IntegerConverter):
    """A number in an address: one too large for any database is an address that does not exist."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=2**62)


def create_console_app(desk: Desk) -> Flask:
    """Return the app. `/readyz`, `/metrics` and the static files are open, everything else is behind the door."""
    app = Flask("reglament-console", static_folder=None, template_folder=str(TEMPLATES))
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST
    app.jinja_env.filters["capitalize_first"] = lambda text: str(text)[:1].upper() + str(text)[1:]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.url_map.converters["int"] = _Number
    add_door(app, desk)
    add_look(app, desk)
    add_journal(app, desk)
    add_run_page(app, desk)
    add_sandbox(app, desk)
    add_registers(app, desk)
    add_reports(app, desk)
    add_queue(app, desk)
    add_bank(app, desk)
    add_regulations(app, desk)
    add_health(app, desk)
    add_people(app, desk)
    add_strip(app, desk)
    _add_for_machines(app, desk)
    app.register_error_handler(HTTPException, _refuse)
    return app


def _add_for_machines(app: Flask, desk: Desk) -> None:
    @app.get("/readyz")
    def ready() -> Response:
        reasons = [said.en for said in desk.status.unready()]
        text = "ready\n" if not reasons else "".join(f"not ready: {reason}\n" for reason in reasons)
        return Response(text, 503 if reasons else 200, content_type="text/plain; charset=utf-8")

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(exposition(desk.status), content_type=CONTENT_TYPE)


def _refuse(error: HTTPException) -> Response:
    """Answer a refusal in plain words."""
    code = error.code or 500
    title, text = {
        403: (
            say("Нельзя", "Not allowed"),
            say(
                "У вас нет права на это, или страница устарела. Вернитесь и попробуйте ещё раз.",
                "You may not do this, or the page is out of date. Go back and try again.",
            ),
        ),
        404: (
            say("Такой страницы нет", "No such page"),
            say("Запись удалена, или в адресе ошибка.", "It was removed, or the address is wrong."),
        ),
        413: (
            say("Файл слишком большой", "Too large"),
            say("Больше 32 МБ не принимается.", "32 MB at most."),
        ),
    }.get(code, (say("Не получилось", "It did not work"), error.name))
    if request.headers.get("HX-Request") == "true" or not hasattr(g, "language"):
        return Response(f"{title}\n", code, content_type="text/plain; charset=utf-8")
    return Response(
        page("refused.html", title=title, text=text), code, content_type="text/html; charset=utf-8"
    )
