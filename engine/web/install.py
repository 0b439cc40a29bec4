"""The address at which the portal says that the application was installed: `POST /portal/install`.

Decides the answer's form alone: an empty one to the portal's server, a small page inside the portal's frame, which
tells the portal that the install is complete. What is accepted is judged by the runtime.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from flask import Flask, Response, request

from engine.addresses import INSTALL

_TEXT = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"
# The vendor's own script, the only way to say it: PROTOCOL §12.
_SCRIPT = "https://api.bitrix24.com"
_WORDS = {
    200: ("Регламент подключён к порталу.", "Reglament is connected to the portal."),
    400: ("Эту страницу открывает сам портал при установке приложения.",
          "The portal itself opens this page when the application is installed."),
    403: ("Установка не принята: другой портал, другое приложение или не администратор. Причина — в журнале движка.",
          "The install was refused: another portal or application, or no administrator. The log says why."),
    503: ("Не удалось проверить установку: сервер авторизации не ответил. Подождите минуту и переустановите.",
          "The install could not be checked: the OAuth server did not answer. Wait a minute and install again."),
}  # fmt: skip


def add_install(app: Flask, take: Callable[[Mapping[str, str]], int]) -> None:
    """Let `app` answer installs; `take` returns the status of a post's form."""

    @app.post(INSTALL)
    def install() -> Response:
        form = request.form.to_dict()
        status = take(form)
        if "AUTH_ID" in form:
            return _page(status)
        text = "" if status == 200 else _WORDS.get(status, ("", "refused"))[1] + "\n"
        return Response(text, status, content_type=_TEXT)


def _page(status: int) -> Response:
    russian, english = _WORDS.get(status, _WORDS[503])
    nonce = secrets.token_urlsafe(16)
    finish = (
        f'<script nonce="{nonce}" src="{_SCRIPT}/api/v1/"></script>'
        f'<script nonce="{nonce}">BX24.init(function () {{ BX24.installFinish(); }});</script>'
        if status == 200
        else ""
    )
    body = (
        '<!doctype html><html lang="ru"><meta charset="utf-8"><title>Регламент</title>'
        f'{finish}<p>{russian}</p><p lang="en">{english}</p></html>\n'
    )
    response = Response(body, status, content_type=_HTML)
    # Any portal may frame it: it shows nothing, and before the install no portal is known.
    response.headers["Content-Security-Policy"] = f"default-src 'none'; script-src 'nonce-{nonce}' {_SCRIPT}"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
