"""The engine as a process of its own: `python -m tests.chaos.serving CONFIG WEBHOOK SMTP_PORT SECONDS`.

The service is the product's own. Its clock is the twin's (SECONDS ahead of this machine's), and its waits are short.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from engine.portal.errors import PortalError
from engine.portal.resting import Rests
from engine.runtime.service import Service
from engine.settings import read_settings
from engine.workshop import open_workshop
from tests.runtime.service_case import TOKEN

DELAYS = (0.05, 0.1, 0.2, 0.4, 0.8)
_HASTE = 0.1


class _ShortRests(Rests):
    """A method that the portal blocks rests a second at most."""

    def refused(self, error: PortalError) -> None:
        error.retry_after = min(error.retry_after or 1.0, 1.0)
        super().refused(error)


class HastyService(Service):
    """The same with short waits, since a schedule lasts seconds.

    The client waits a tenth of its time between tries; a method that the portal blocks rests a second, not minutes,
    where the refusal does not say how long; rows that people put beside the engine are looked for at every `look`.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._gateway.gathering.rests = _ShortRests()

    def look(self) -> None:
        """Look for rows that another process has put into the inbox."""
        self._lanes.look_again()

    def _sleep(self, seconds: float) -> None:
        super()._sleep(seconds * _HASTE)


def open_hasty(config: Path, webhook: str, smtp_port: str, ahead: timedelta) -> HastyService:
    """Return the service, not started."""
    variables = {
        "BITRIX24_WEBHOOK_URL": webhook,
        "BITRIX24_APPLICATION_TOKEN": TOKEN,
        "SMTP_PORT": smtp_port,
    }
    settings, found = read_settings(config, variables)
    if settings is None:
        raise SystemExit(str(found))
    workshop, _ = open_workshop(settings)

    def clock() -> datetime:
        return datetime.now(settings.zone) + ahead

    return HastyService(settings, workshop, workshop.build(), clock=clock, delays=DELAYS)


def main() -> None:
    """Serve until killed."""
    config, webhook, smtp_port, seconds = sys.argv[1:]
    service = open_hasty(Path(config), webhook, smtp_port, timedelta(seconds=float(seconds)))
    service.start()
    while True:
        time.sleep(0.1)
        service.look()


if __name__ == "__main__":
    main()
