"""What the doctor looks at besides the portal: whether its events arrive here, and whether the mail server lets us in.

Decides from the state and from the settings; sends neither an event nor a letter.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

import click

from engine.cli.mistakes import Mistake
from engine.effects import Said
from engine.portal.findings import Finding

if TYPE_CHECKING:
    from engine.cli.opening import Opening
    from engine.settings import Settings

_EVERY = 0.5
_PATIENCE = 10.0
_STALE_DAYS = 3


def check_events(opening: Opening, settings: Settings, seconds: int) -> list[Finding]:
    """Return whether events of the portal arrive, having watched for one for `seconds`."""
    where, local = settings.outside or "https://…", settings.public
    mend = Said(
        f"заведите на портале исходящий вебхук на {where}/portal/events (его слушает {local}); адрес"
        " должен открываться из интернета по https",
        f"make an outgoing webhook on the portal to {where}/portal/events ({local} listens); the address"
        " must be reachable from the internet over https",
    )
    found: list[Finding] = []
    # An application's token comes with its install.
    if not settings.application_token and not settings.application:
        what = Said(
            "не задан BITRIX24_APPLICATION_TOKEN: события портала не будут приняты",
            "BITRIX24_APPLICATION_TOKEN is not set: the portal's events will be refused",
        )
        token = Said(
            "впишите токен со страницы исходящего вебхука",
            "put in the token from the outgoing webhook's page",
        )
        found.append(Finding("error", "events", what, token))
    if seconds:
        note = Said(
            f"Измените на портале любую сделку: жду события {seconds} с…",
            f"Change any deal on the portal: watching for {seconds} s…",
        )
        click.echo(note.ru if opening.language == "ru" else note.en, err=True)
    began = datetime.now(settings.zone)
    ends = time.monotonic() + seconds
    last = _last_event(opening)
    while seconds and time.monotonic() < ends and (last is None or last < began):
        time.sleep(_EVERY)
        last = _last_event(opening)
    return [*found, *_outside(settings), _arrival(last, began, mend, is_watching=bool(seconds))]


def _outside(settings: Settings) -> list[Finding]:
    """Return whether the address that the portal is to call leads to the engine, as far as that shows from here."""
    import httpx

    if not settings.outside:
        return []
    try:
        status = httpx.get(f"{settings.outside.rstrip('/')}/healthz", timeout=_PATIENCE).status_code
        why = "" if status in (200, 507) else f"HTTP {status}"
    except httpx.HTTPError as error:
        why = str(error) or type(error).__name__
    if not why:
        ok = Said(f"{settings.outside} ведёт к движку", f"{settings.outside} leads to the engine")
        return [Finding("ok", "events", ok)]
    what = Said(
        f"{settings.outside}/healthz отсюда не отвечает: {why}",
        f"{settings.outside}/healthz does not answer here: {why}",
    )
    mend = Said(
        "запустите `engine serve`; проверьте имя, сертификат и обратный прокси",
        "start `engine serve`; check the name, the certificate and the reverse proxy",
    )
    return [Finding("warning", "events", what, mend)]


def _arrival(last: datetime | None, began: datetime, mend: Said, *, is_watching: bool) -> Finding:
    if last is None:
        what = Said(
            "движок ещё не получил ни одного события портала", "the engine has had no event of the portal yet"
        )
        return Finding("error" if is_watching else "warning", "events", what, mend)
    shown = f"{last:%Y-%m-%d %H:%M}"
    if is_watching and last < began:
        what = Said(f"события не было; последнее — {shown}", f"no event came; the last one was at {shown}")
        running = Said(
            f"запущен ли `engine serve`? Если да, {mend.ru}", f"is `engine serve` running? If so, {mend.en}"
        )
        return Finding("error", "events", what, running)
    what = Said(f"последнее событие портала: {shown}", f"the portal's last event: {shown}")
    if (began - last).days >= _STALE_DAYS:
        again = Said("проверьте: `engine portal doctor --wait 60`", "try: `engine portal doctor --wait 60`")
        return Finding("warning", "events", what, again)
    return Finding("ok", "events", what)


def _last_event(opening: Opening) -> datetime | None:
    """Return when the portal's last event came in; None where none did or there is no state yet."""
    from engine.cli.asking import open_state

    query = "SELECT received FROM event WHERE origin = 'portal' ORDER BY n DESC LIMIT 1"
    try:
        with open_state(opening) as store:
            row = store.row(query)
    except Mistake:
        return None
    return datetime.fromisoformat(row[0]) if row is not None else None


def check_mail(settings: Settings, *, is_used: bool) -> list[Finding]:
    """Return whether the mail server lets us in; an error where it does not and some rule sends letters."""
    from engine.smtp import greet

    setup = settings.mail
    where, why = f"{setup.host}:{setup.port}", greet(setup).why
    if why is None:
        return [
            Finding(
                "ok", "mail", Said(f"почтовый сервер {where} пускает", f"the mail server {where} lets us in")
            )
        ]
    what = Said(f"почтовый сервер {where} не пускает: {why.ru}", f"the mail server {where} refuses: {why.en}")
    mend = Said(
        "проверьте SMTP_HOST, SMTP_PORT, SMTP_SECURITY, SMTP_USER и SMTP_PASSWORD",
        "check SMTP_HOST, SMTP_PORT, SMTP_SECURITY, SMTP_USER and SMTP_PASSWORD",
    )
    return [Finding("error" if is_used else "warning", "mail", what, mend)]
