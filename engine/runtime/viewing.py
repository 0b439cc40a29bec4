"""A frame inside the portal asks for our page: who is let in, and what that person may see.

The frame must come with the application's own token, and what is shown is read with the token of the person who looks,
which the portal puts beside it. Nothing of it is kept; a page knows no next page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.portal.errors import PortalError
from engine.portal.gateway import Gateway
from engine.runtime.deal_view import DealPage, DealView
from engine.runtime.logs import Log

DEAL_TAB = "CRM_DEAL_DETAIL_TAB"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a frame gets: an HTTP status, and a page or, in Russian, why there is none."""

    status: int
    page: DealPage | None = None
    problem: str = ""


@dataclass(frozen=True)
class Viewing:
    """Answers frames. `is_ours` judges application token and member id; `viewer` opens a way to the portal with a
    person's token; `frame` is the portal's address, the only one that may frame the page.
    """

    view: DealView
    is_ours: Callable[[str, str], bool]
    viewer: Callable[[str], Gateway]
    frame: Callable[[], str]
    clock: Callable[[], datetime]
    log: Log

    def show(self, form: Mapping[str, str]) -> Shown:
        """Return what the posted frame gets: 403 for a stranger's, 502 where the portal does not answer."""
        if not self.is_ours(form.get("APPLICATION_TOKEN", ""), form.get("member_id", "")):
            return Shown(
                403, problem="Страница открывается только из портала, к которому подключён Регламент."
            )
        try:
            gateway = self.viewer(form.get("AUTH_ID", ""))
            with gateway.client:
                page = self._read(gateway, form)
        except PortalError as error:
            self.log.warning("tab", reason=str(error))
            return Shown(502, problem=f"Портал не ответил: {error}. Обновите страницу через минуту.")
        return (
            Shown(200, page) if page is not None else Shown(403, problem="У вас нет права видеть эту сделку.")
        )

    def _read(self, gateway: Gateway, form: Mapping[str, str]) -> DealPage | None:
        if form.get("PLACEMENT", "") != DEAL_TAB:
            return self.view.registers(gateway)
        number = _deal_in(form.get("PLACEMENT_OPTIONS", ""))
        return self.view.deal(gateway, number, self.clock()) if number else None


def _deal_in(options: str) -> str:
    """Return the deal's number in the frame's options, empty where there is none."""
    try:
        number = str(json.loads(options).get("ID", ""))
    except (ValueError, AttributeError):
        return ""
    return number if number.isascii() and number.isdigit() else ""
