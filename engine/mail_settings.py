"""The section `mail` of a config: the SMTP server, who is the sender, and where answers to letters arrive."""

from __future__ import annotations

from pathlib import Path

from engine.language.source import MapNode
from engine.language.timing import parse_duration
from engine.letters import ascii_address
from engine.setting_values import SettingValues
from engine.setup import InboxSetup, MailSetup

SECURITY = ("none", "starttls", "tls")
_INBOX = ("host", "port", "security", "user", "password", "folder", "maildir", "every")
_SECONDS = {"minutes": 60, "hours": 3600, "days": 86_400}


class MailValues(SettingValues):
    """A reading that knows the section `mail`."""

    def mail(self) -> MailSetup:
        """Return the section; what is wrong in it is a diagnostic."""
        return MailSetup(
            host=self.text("mail", "host", "127.0.0.1"),
            port=self.number("mail", "port", 25),
            security=self.one_of("mail", "security", SECURITY, "none"),
            user=self.text("mail", "user"),
            password=self.text("mail", "password"),
            sender=self.text("mail", "from"),
            ca=self._file("ca"),
            bounces=self._bounces(),
            via=self.one_of("mail", "via", ("smtp", "portal"), "smtp"),
            inbox=self._inbox(),
        )

    def _file(self, key: str) -> Path | None:
        value = self.text("mail", key)
        if not value:
            return None
        path = (self.folder / value).resolve()
        if not path.is_file():
            wanted = (
                "файл сертификатов (PEM), которого здесь нет",
                "a file of certificates (PEM); there is none",
            )
            self.refuse(self.node("mail", key), value, *wanted)
        return path

    def _bounces(self) -> str:
        value = self.text("mail", "bounces")
        if value and ascii_address(value) is None:
            wanted = "один адрес, на который вернётся отказ", "one address to which refusals come back"
            self.refuse(self.node("mail", "bounces"), value, *wanted)
            return ""
        return value

    def _inbox(self) -> InboxSetup | None:
        """Return where answers arrive; None where the section says nothing of it or names no place."""
        node = self.node("mail", "inbox")
        holder = self.findings.map(node)
        mail = self.top.get("mail")
        if holder is None or not isinstance(mail, MapNode):
            return None
        self.findings.keys(holder, _INBOX)
        inner = SettingValues(mail, self.variables, self.folder)
        inner.findings = self.findings
        maildir = inner.text("inbox", "maildir")
        security = inner.one_of("inbox", "security", SECURITY, "tls")
        host = inner.text("inbox", "host")
        if not host and not maildir:
            # `${IMAP_HOST:-}` that is not set: nobody reads the box, and that is no mistake.
            return None
        return InboxSetup(
            host=host,
            port=inner.number("inbox", "port", 993 if security == "tls" else 143),
            security=security,
            user=inner.text("inbox", "user") or self.text("mail", "user"),
            password=inner.text("inbox", "password") or self.text("mail", "password"),
            folder=inner.text("inbox", "folder", "INBOX"),
            maildir=(self.folder / maildir).resolve() if maildir else None,
            seconds=_seconds(inner),
        )


def _seconds(inner: SettingValues) -> float:
    value = inner.text("inbox", "every", "5 minutes")
    pause = parse_duration(value)
    if pause is None or pause.unit not in _SECONDS or not pause.amount:
        wanted = "время, например 5 minutes", "a time such as 5 minutes"
        inner.refuse(inner.node("inbox", "every"), value, *wanted)
        return 300.0
    return float(pause.amount * _SECONDS[pause.unit])
