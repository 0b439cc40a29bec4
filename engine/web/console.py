"""The console's listener: until the console exists, a plain status page, readiness and metrics.

Decides how the state is shown, in the company's own words. Everything from outside is escaped by the template.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, render_template
from werkzeug.exceptions import HTTPException

from engine.runtime.status import Status

STATUS_WORDS = {
    "done": "выполнено",
    "running": "выполняется",
    "waiting": "ждёт портала",
    "failed": "остановлено",
    "unknown": "нужен человек",
    "loop": "зациклилось",
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
            words=STATUS_WORDS, verb=_verb, counts=status.store.counts(),
        )  # fmt: skip

    @app.get("/readyz")
    def ready() -> Response:
        is_ready = status.is_working() and status.has_baseline()
        return Response(
            "ready\n" if is_ready else "not ready\n", 200 if is_ready else 503, mimetype="text/plain"
        )

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(_metrics(status), content_type="text/plain; version=0.0.4; charset=utf-8")

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


def _metrics(status: Status) -> str:
    inbox = status.inbox()
    gauges = {
        "reglament_inbox_waiting": inbox.waiting,
        "reglament_inbox_running": inbox.running,
        "reglament_rules": len(status.in_force.edition.rules),
        "reglament_edition_broken": int(status.in_force.is_broken),
        "reglament_worker_up": int(status.is_working()),
    }
    lines = [line for name, value in gauges.items() for line in (f"# TYPE {name} gauge", f"{name} {value}")]
    lines.append("# TYPE reglament_events_total counter")
    lines += [
        f'reglament_events_total{{outcome="{name or "run"}"}} {value}'
        for name, value in status.journal.outcomes().items()
    ]
    lines.append("# TYPE reglament_deliveries_total counter")
    lines += [
        f'reglament_deliveries_total{{fate="{name}"}} {value}'
        for name, value in status.store.counts().items()
    ]
    return "\n".join(lines) + "\n"
