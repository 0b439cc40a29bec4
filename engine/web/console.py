"""The console's listener: until the console exists, a plain status page, readiness and metrics.

Decides how the state is shown, in the company's own words. Everything from outside is escaped by the template.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from flask import Flask, Response, render_template
from werkzeug.exceptions import HTTPException

from engine.runtime.metrics import CONTENT_TYPE, exposition
from engine.runtime.status import Status

STATUS_WORDS = {
    "done": "выполнено",
    "running": "выполняется",
    "waiting": "ждёт портала",
    "failed": "остановлено",
    "unknown": "нужен человек",
    "loop": "зациклилось",
    "held": "задержано",
    "retried": "повторено",
    "undone": "взято назад",
    "planned": "не дошло",
    "skipped": "пропущено",
    "no_op": "без изменений",
    "undecided": "не решено",
}
EVENT_WORDS = {
    "created": "создано",
    "updated": "изменено",
    "deleted": "удалено",
    "timer": "срок",
    "command": "команда",
    "backfill": "применение правила к тому, что есть",
}


def create_console_app(status: Status) -> Flask:
    """Return the app with `/`, `/readyz` and `/metrics`."""
    app = Flask(
        "reglament-console", static_folder=None, template_folder=str(Path(__file__).parent / "templates")
    )

    @app.get("/")
    def page() -> str:
        return render_template(
            "status.html", status=status, runs=status.runs(), inbox=status.inbox(), errors=status.errors_text(),
            words=STATUS_WORDS, verb=_verb, ago=_Ago(status.now), counts=status.store.counts(),
            brakes=status.brakes(), unready=status.unready(), timers=status.timers(), stopped=status.stopped_runs(),
        )  # fmt: skip

    @app.get("/readyz")
    def ready() -> Response:
        reasons = [said.en for said in status.unready()]
        text = "ready\n" if not reasons else "".join(f"not ready: {reason}\n" for reason in reasons)
        return Response(text, 503 if reasons else 200, content_type="text/plain; charset=utf-8")

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(exposition(status), content_type=CONTENT_TYPE)

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        return Response(f"{error.name}\n", error.code or 500, content_type="text/plain; charset=utf-8")

    app.after_request(_guard)
    return app


def _guard(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response


def _verb(event: str) -> str:
    """Return the Russian word for what an event says: `act.updated` → «изменено»."""
    verb = event.rpartition(".")[2]
    return EVENT_WORDS.get(verb, verb)


class _Ago:
    """Says how long ago a moment was, in Russian: «3 мин назад»."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def __call__(self, moment: datetime) -> str:
        seconds = max(0, int((self._now - moment).total_seconds()))
        for size, word in ((86_400, "дн."), (3600, "ч"), (60, "мин")):
            if seconds >= size:
                return f"{seconds // size} {word} назад"
        return "только что" if seconds < 10 else f"{seconds} с назад"
