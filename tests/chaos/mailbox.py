"""A mail server that has bad moments: the twin's mailbox, which loses a line now and then.

Decides what befalls a letter: it is put off (451), or the line is lost while it is handed over, before or after it was
accepted. Only the mailbox knows which; the engine must not guess.
"""

from __future__ import annotations

import random
import threading
from asyncio import Transport
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from engine.emulator.mailbox import Mailbox, keep_mail
from engine.emulator.portal import Portal

DEFERRED, LOST_BEFORE, LOST_AFTER = MAIL_KINDS = (
    "mail put off",
    "mail line lost before",
    "mail line lost after",
)
_ACCEPTED: Final = "250 Message accepted for delivery"


class LossyMailbox(Mailbox):
    """The same, with `troubles` that befall the next letters, one each; what happened is counted in `hits`."""

    def __init__(self, portal: Portal) -> None:
        super().__init__(portal)
        self._portal = portal
        self._troubles: list[str] = []
        self._lock = threading.Lock()
        self.hits: dict[str, int] = {}
        self._controller.handler = self

    def suffer(self, troubles: tuple[str, ...]) -> None:
        """Let these befall the letters to come; an empty name spares one. None at all ends all trouble."""
        with self._lock:
            self._troubles = list(troubles)

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a letter, unless its trouble says otherwise; the name of the method is the library's."""
        with self._lock:
            trouble = self._troubles.pop(0) if self._troubles else ""
        if trouble:
            self.hits[trouble] = self.hits.get(trouble, 0) + 1
        if trouble in ("", LOST_AFTER):
            content = envelope.content or b""
            raw = content.encode() if isinstance(content, str) else content
            to = [str(one) for one in envelope.rcpt_tos]
            keep_mail(self._portal.store, self._portal.clock, str(envelope.mail_from or ""), to, raw)
        if trouble == DEFERRED:
            return "451 Try again later"
        if trouble and isinstance(server.transport, Transport):
            server.transport.abort()
        return _ACCEPTED


def draw_troubles(draw: random.Random) -> tuple[str, ...]:
    """Return the troubles of one phase's first letters; most of them have none."""
    return tuple(draw.choice(("", "", "", *MAIL_KINDS)) for _ in range(draw.choice((0, 0, 2, 4))))
