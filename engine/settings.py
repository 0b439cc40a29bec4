"""config.yaml and the environment become frozen `Settings`, built once and passed down.

Decides where things are and what the company is called; knows no rule. A secret that is not set is no error here:
the command that needs it says so (`Settings.require_portal`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values

from engine.bank_settings import KEYS as BANK_KEYS
from engine.bank_settings import BankSetup, read_bank
from engine.document_settings import DocumentValues
from engine.language.diagnostics import Diagnostic
from engine.language.source import ListNode, MapNode, Node, read_source
from engine.language.timing import parse_duration
from engine.language.types import World
from engine.language.world import read_world
from engine.mail_settings import MailValues
from engine.register_settings import read_registers, read_roles
from engine.setting_values import is_readable
from engine.setup import ApplicationSetup, Caps, DocumentSetup, Keep, LogSetup, MailSetup, RegisterSetup

# The vendor's portals call https alone; http is for a twin on this machine.
_OUTSIDE = re.compile(r"https?://[\w.\-\[\]:]+(?:/[\w.\-/]*)?")
_KEYS = {
    "": (
        "company", "portal", "mail", "documents", "regulations", "plugins", "plugins_settings", "state", "lanes",
        "takeover", "bank", "brakes", "sweep", "journal", "log", "listen", "map",
        "registers", "roles",
    ),
    "company": ("name", "time_zone", "calendar", "language"),
    "portal": (
        "webhook_url", "client_id", "client_secret", "oauth_server", "address", "application_token", "shared_drive",
        "attention",
    ),
    "bank": BANK_KEYS,
    "brakes": ("items", "mails", "again"),
    "sweep": ("every",),
    "journal": ("keep", "keep_failed"),
    "log": ("format", "level"),
    "mail": ("host", "port", "security", "user", "password", "from", "ca", "bounces", "via", "inbox"),
    "documents": ("numbers", "last_given", "due", "vat", "prices_include_vat", "templates"),
    "listen": ("public", "console", "address"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Address:
    """A listener: host and port; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        """`127.0.0.1:8024`."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a command needs to know of the company's set-up. Paths are absolute."""

    config: Path
    is_example: bool
    company: str
    zone: ZoneInfo
    calendar: str
    language: str
    webhook_url: str = field(repr=False)
    application: ApplicationSetup
    portal: str
    application_token: str = field(repr=False)
    shared_drive: str
    attention: str
    lanes: int
    takeover: int
    brakes: Caps
    sweep_seconds: float
    keep: Keep
    log: LogSetup
    mail: MailSetup
    documents: DocumentSetup
    regulations: Path
    plugins: Path
    state: str = field(repr=False)
    public: Address
    console: Address
    outside: str
    world: World = field(repr=False)
    map_text: bytes = field(repr=False)
    own: Mapping[str, object] = field(default_factory=dict, repr=False)
    registers: Mapping[str, RegisterSetup] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    bank: BankSetup = field(default_factory=BankSetup)

    @property
    def portal_address(self) -> str:
        """`https://portal.example`: for links; empty where neither a webhook nor `portal.address` says it."""
        return self.portal or self.webhook_url.split("/rest/")[0].rstrip("/")

    def require_connection(self) -> None:
        """Return where all is set that a running engine needs. Raises MissingSecret for the first that is not.

        An application brings its tokens when it is installed, yet links need the portal's address before.
        """
        if self.application:
            if not self.portal_address:
                raise MissingSecret("BITRIX24_PORTAL")
            return
        self.require_portal()
        if not self.application_token:
            raise MissingSecret("BITRIX24_APPLICATION_TOKEN")

    def require_portal(self) -> str:
        """Return the webhook address. Raises MissingSecret where none is set."""
        if not self.webhook_url:
            raise MissingSecret("BITRIX24_WEBHOOK_URL")
        return self.webhook_url


class MissingSecret(Exception):  # noqa: N818 — it names a state of the set-up, not a fault of code
    """A command needs a secret that is not set; `args[0]` is its variable."""


def environment(folder: Path, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables in force: `.env` of `folder`, under the process's own; `NAME_FILE` is read as `NAME`.

    `BITRIX24_WEBHOOK` and `B24_DOMAIN` + `B24_WEBHOOK` stand in for `BITRIX24_WEBHOOK_URL`. Raises OSError where a
    named secret file cannot be read.
    """
    dotenv = {k: v for k, v in dotenv_values(folder / ".env").items() if v is not None}
    known = {**dotenv, **(os.environ if given is None else given)}
    for name in [name for name in known if name.endswith("_FILE") and name[:-5] not in known]:
        if re.match(r"(BITRIX24|B24|SMTP|REGLAMENT)_", name):
            known[name[:-5]] = Path(known[name]).read_text("utf-8").strip()
    if not known.get("BITRIX24_WEBHOOK_URL"):
        if known.get("BITRIX24_WEBHOOK"):
            known["BITRIX24_WEBHOOK_URL"] = known["BITRIX24_WEBHOOK"]
        elif known.get("B24_DOMAIN") and known.get("B24_WEBHOOK"):
            known["BITRIX24_WEBHOOK_URL"] = f"https://{known['B24_DOMAIN']}/rest/{known['B24_WEBHOOK']}/"
    return known


def read_settings(
    config: Path, variables: Mapping[str, str], *, is_example: bool = False
) -> tuple[Settings | None, list[Diagnostic]]:
    """Return the settings of `config`, or what is wrong with it (then the settings are None).

    Raises OSError where the file cannot be read.
    """
    name = config.name
    content = config.read_bytes()
    node, found = read_source(name, content)
    if node is None:
        return None, found
    reader = _Reader(node, variables, config.parent)
    reader.findings.found.extend(found)
    settings = reader.read(config, is_example=is_example)
    found = reader.findings.found
    return (None if any(one.is_error for one in found) else settings), found


class _Reader(DocumentValues, MailValues):
    """One reading of a config file. Every miss is a diagnostic with a place; reading goes on to find the next."""

    def read(self, config: Path, *, is_example: bool) -> Settings:
        self.findings.keys(self.top, _KEYS[""])
        for section, known in _KEYS.items():
            node = self.findings.map(self.top.get(section)) if section else None
            if node is not None:
                self.findings.keys(node, known)
        world = World({}, {})
        map_node = self.findings.map(self.findings.require(self.top, "map"))
        if map_node is not None:
            world, found = read_world(map_node)
            self.findings.found.extend(found)
        return Settings(
            config=config.resolve(),
            is_example=is_example,
            company=self.text("company", "name"),
            zone=self.zone(),
            calendar=self.text("company", "calendar", "RU"),
            language=self.one_of("company", "language", ("ru", "en"), "ru"),
            webhook_url=self.webhook(),
            application=self.application(),
            portal=self.portal(),
            application_token=self.text("portal", "application_token"),
            shared_drive=self.text("portal", "shared_drive", "common"),
            attention=self.text("portal", "attention"),
            lanes=max(1, self.number("", "lanes", 64)),
            takeover=max(1, self.number("", "takeover", 20)),
            brakes=self.caps(),
            sweep_seconds=self.sweep_seconds(),
            keep=self.keep(),
            log=LogSetup(
                self.one_of("log", "format", ("text", "json"), "text"),
                self.one_of("log", "level", ("info", "warning"), "info"),
            ),
            mail=self.mail(),
            documents=self.documents(),
            regulations=self.path("regulations", "regulations"),
            plugins=self.path("plugins", "plugins"),
            state=self.state(),
            public=self.address("public", 8024),
            console=self.address("console", 8026),
            outside=self.outside(),
            world=world,
            map_text=_slice(map_node),
            own=_plain(self.top.get("plugins_settings")),
            registers=read_registers(self),
            roles=read_roles(self),
            bank=read_bank(self),
        )

    def zone(self) -> ZoneInfo:
        value = self.text("company", "time_zone", "Europe/Moscow")
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.refuse(
                self.node("company", "time_zone"), value, "часовой пояс, например Europe/Moscow",
                "a time zone such as Europe/Moscow",
            )  # fmt: skip
            return ZoneInfo("UTC")

    def webhook(self) -> str:
        """Return the webhook's address, empty where it is none; who needs one says what form it must have."""
        value = self.text("portal", "webhook_url")
        if is_readable(value):
            return value
        self.refuse(
            self.node("portal", "webhook_url"), "***", "адрес входящего вебхука", "the address of a webhook"
        )
        return ""

    def application(self) -> ApplicationSetup:
        """Return the application, from the variables where the file says nothing of it: `.env` alone is enough."""
        usual = ApplicationSetup()
        server = self.text(
            "portal", "oauth_server", self.variable("BITRIX24_OAUTH_SERVER") or usual.oauth_server
        )
        if not _OUTSIDE.fullmatch(server):
            self.refuse(
                self.node("portal", "oauth_server"), server, f"адрес вида {usual.oauth_server}",
                f"an address like {usual.oauth_server}",
            )  # fmt: skip
        return ApplicationSetup(
            self.text("portal", "client_id", self.variable("BITRIX24_CLIENT_ID")),
            self.text("portal", "client_secret", self.variable("BITRIX24_CLIENT_SECRET")),
            server.rstrip("/"),
        )

    def portal(self) -> str:
        """Return the portal's address, which an application's settings say themselves."""
        value = self.text("portal", "address", self.variable("BITRIX24_PORTAL")).rstrip("/")
        if value and not _OUTSIDE.fullmatch(value):
            self.refuse(
                self.node("portal", "address"), value,
                "адрес вида https://company.bitrix24.ru", "an address like https://company.bitrix24.com",
            )  # fmt: skip
            return ""
        return value

    def state(self) -> str:
        value = self.text("", "state", "./state/engine.db")
        if value and "://" not in value and not re.match(r"[A-Za-z][\w+]+:", value):
            return str((self.folder / value).resolve())
        if not re.match(r"postgres(ql)?://", value) or not is_readable(value):
            self.refuse(
                self.node("", "state"), value,
                "файл или postgresql://user:password@host/database",
                "a file or postgresql://user:password@host/database",
            )  # fmt: skip
            return ""
        return value

    def address(self, key: str, port: int) -> Address:
        value = self.text("listen", key, f"127.0.0.1:{port}")
        host, _, digits = value.rpartition(":")
        if not host or not digits.isdigit() or int(digits) > 65535:
            self.refuse(
                self.node("listen", key), value, "адрес вида 127.0.0.1:8024", "an address like 127.0.0.1:8024"
            )
            return Address("127.0.0.1", port)
        return Address(host, int(digits))

    def outside(self) -> str:
        """Return the address under which the portal reaches the public listener, empty where nobody has said it."""
        value = self.text("listen", "address").rstrip("/")
        if value and not _OUTSIDE.fullmatch(value):
            self.refuse(
                self.node("listen", "address"), value,
                "адрес вида https://reglament.company.ru", "an address like https://reglament.company.com",
            )  # fmt: skip
            return ""
        return value

    def caps(self) -> Caps:
        usual = Caps()
        return Caps(
            items=self.number("brakes", "items", usual.items),
            mails=self.number("brakes", "mails", usual.mails),
            again=self.number("brakes", "again", usual.again),
        )

    def sweep_seconds(self) -> float:
        """Return how long the engine waits between looking for missed changes; 0 for never."""
        value = self.text("sweep", "every", "15 minutes")
        seconds = {"minutes": 60, "hours": 3600, "days": 86_400}
        pause = parse_duration(value)
        if pause is None or pause.unit not in seconds:
            if value != "0":
                self.refuse(
                    self.node("sweep", "every"),
                    value,
                    "время, например 15 minutes, или 0",
                    "a time such as 15 minutes, or 0",
                )
            return 0.0
        return float(pause.amount * seconds[pause.unit])

    def keep(self) -> Keep:
        usual = Keep()
        return Keep(self.days("keep", usual.days), self.days("keep_failed", usual.failed_days))

    def days(self, key: str, default: int) -> int:
        value = self.text("journal", key, f"{default} days")
        found = parse_duration(value)
        if found is None or found.unit != "days" or not found.amount:
            self.refuse(self.node("journal", key), value, "дни, например 180 days", "days such as 180 days")
            return default
        return found.amount


def _slice(node: MapNode | None) -> bytes:
    """Return the map's own text, which the edition's hash takes in."""
    if node is None:
        return b""
    return node.source.text[node.start : node.end].encode()


def _plain(node: Node | None) -> dict[str, object]:
    """Return the free part of config as dicts, lists and texts."""

    def plain(inner: Node) -> object:
        if isinstance(inner, MapNode):
            return {name: plain(value) for name, (_, value) in inner.entries.items()}
        if isinstance(inner, ListNode):
            return [plain(value) for value in inner.members]
        return inner.text

    found = plain(node) if node is not None else {}
    return found if isinstance(found, dict) else {}
