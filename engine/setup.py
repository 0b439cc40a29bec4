"""What a plugin is built for: the company's settings that actions need, and the portal map. Frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.language.values import Duration, Item, Value

if TYPE_CHECKING:
    from engine.portal.map import PortalMap


@dataclass(frozen=True, slots=True)
class Caps:
    """What a rule may do within an hour: firings, letters to one address, firings for one item. 0 is no limit."""

    items: int = 1000
    mails: int = 20
    again: int = 20


@dataclass(frozen=True, slots=True)
class Keep:
    """How many days the journal keeps an event with all that became of it; failures longer."""

    days: int = 180
    failed_days: int = 730


@dataclass(frozen=True, slots=True)
class RegisterSetup:
    """What the settings say of one register: columns (paths), presets by name (title, condition), what all meet."""

    columns: tuple[str, ...] = ()
    presets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    where: str = ""


@dataclass(frozen=True, slots=True)
class LogSetup:
    """How the engine's log is written: `form` is `text` or `json`, `level` is `info` or `warning`."""

    form: str = "text"
    level: str = "info"


@dataclass(frozen=True, slots=True)
class ApplicationSetup:
    """A local application of the portal: its client, and the OAuth server that alone says whom tokens are for."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    oauth_server: str = "https://oauth.bitrix.info"

    def __bool__(self) -> bool:
        """True where an application is set up; it then takes the webhook's place."""
        return bool(self.client_id and self.client_secret)


@dataclass(frozen=True, slots=True)
class MailSetup:
    """How mail leaves and what of it comes back. `security` is `none`, `starttls` or `tls`.

    `sender` is `Name <address>`; `bounces` the address that refusals are sent to, `sender`'s where empty; `ca` a file
    of certificates trusted beside the system's. `via` is `smtp` or `portal`; `inbox` is None where nobody reads it.
    """

    host: str = "127.0.0.1"
    port: int = 25
    security: str = "none"
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    ca: Path | None = None
    bounces: str = ""
    via: str = "smtp"
    inbox: InboxSetup | None = None


@dataclass(frozen=True, slots=True)
class InboxSetup:
    """Where answers to letters arrive: an IMAP server's folder, or a Maildir on this machine (then only that).

    `seconds` lie between two looks. `security` is `none`, `starttls` or `tls`.
    """

    host: str = ""
    port: int = 993
    security: str = "tls"
    user: str = ""
    password: str = field(default="", repr=False)
    folder: str = "INBOX"
    maildir: Path | None = None
    seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class VatRate:
    """A VAT rate in percent from a day on; `rate` is None for «НДС не облагается»."""

    first: date
    rate: Decimal | None


@dataclass(frozen=True, slots=True)
class DocumentSetup:
    """How documents are numbered, taxed and due.

    `numbers` maps a document kind to its pattern (`А-{year}/{n:03}`), `act@2` being that of own company 2; `vat` is
    sorted by day; `templates` is the company's own folder of templates, searched before the shipped ones; `last_given`
    is the last number of a (series, year) that was given before the engine came.
    """

    numbers: Mapping[str, str]
    due: Duration
    vat: tuple[VatRate, ...]
    prices_include_vat: bool = True
    templates: Path | None = None
    last_given: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def pattern(self, kind: str, owner: Value) -> str:
        """Return the pattern of a kind's numbers for the own company `owner`, an empty text where there is none."""
        own = self.numbers.get(f"{kind}@{owner.id}") if isinstance(owner, Item) else None
        return own or self.numbers.get(kind, "")

    def vat_on(self, day: date) -> Decimal | None:
        """Return the rate in percent in force on `day`, None where documents of that day carry no VAT."""
        rate: Decimal | None = None
        for row in self.vat:
            if row.first <= day:
                rate = row.rate
        return rate


@dataclass(frozen=True, slots=True)
class Setup:
    """The company as plugins see it."""

    company: str
    zone: ZoneInfo
    language: str
    documents: DocumentSetup
    mail: MailSetup
    map: PortalMap
    own: Mapping[str, object] = field(default_factory=dict)
    """The free part of config, `plugins_settings:`, by plugin name."""
