"""config.yaml and the environment become frozen `Settings`, built once and passed down.

Decides where things are and what the company is called; knows no rule. A secret that is not set is no error here:
the command that needs it says so (`Settings.require_portal`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values

from engine.language.diagnostics import Diagnostic
from engine.language.shape import Findings
from engine.language.source import ListNode, MapNode, Node, ScalarNode, read_source
from engine.language.timing import parse_duration
from engine.language.types import World
from engine.language.values import Duration
from engine.language.world import read_world
from engine.setup import Caps, DocumentSetup, Keep, LogSetup, MailSetup, VatRate

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}")
_KEYS = {
    "": (
        "company", "portal", "mail", "documents", "regulations", "plugins", "plugins_settings", "state", "lanes",
        "takeover", "brakes", "sweep", "journal", "log", "listen", "map",
    ),
    "company": ("name", "time_zone", "calendar", "language"),
    "portal": ("webhook_url", "application_token", "shared_drive", "attention"),
    "brakes": ("items", "mails", "again"),
    "sweep": ("every",),
    "journal": ("keep", "keep_failed"),
    "log": ("format", "level"),
    "mail": ("host", "port", "security", "user", "password", "from"),
    "documents": ("numbers", "last_given", "due", "vat", "prices_include_vat", "templates"),
    "listen": ("public", "console"),
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
    world: World = field(repr=False)
    map_text: bytes = field(repr=False)
    own: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def portal_address(self) -> str:
        """`https://portal.example`: the webhook's address without its path, for links."""
        return self.webhook_url.split("/rest/")[0].rstrip("/")

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


class _Reader:
    """One reading of a config file. Every miss is a diagnostic with a place; reading goes on to find the next."""

    def __init__(self, top: MapNode, variables: Mapping[str, str], folder: Path) -> None:
        self.top = top
        self.variables = variables
        self.folder = folder
        self.findings = Findings()

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
            webhook_url=self.text("portal", "webhook_url"),
            application_token=self.text("portal", "application_token"),
            shared_drive=self.text("portal", "shared_drive", "common"),
            attention=self.text("portal", "attention"),
            lanes=max(1, self.number("", "lanes", 8)),
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
            world=world,
            map_text=_slice(map_node),
            own=_plain(self.top.get("plugins_settings")),
        )

    def node(self, section: str, key: str) -> Node | None:
        holder = self.top.get(section) if section else self.top
        return holder.get(key) if isinstance(holder, MapNode) else None

    def text(self, section: str, key: str, default: str = "") -> str:
        node = self.node(section, key)
        if node is None:
            return default
        if not isinstance(node, ScalarNode):
            self.findings.text(node)
            return default
        return _VARIABLE.sub(lambda m: self.variables.get(m.group(1)) or m.group(2) or "", node.text)

    def refuse(self, node: Node | None, value: str, wanted_ru: str, wanted_en: str) -> None:
        span = node.span if node is not None else self.top.span
        self.findings.say("R320", span, value=value, wanted_ru=wanted_ru, wanted_en=wanted_en)

    def one_of(self, section: str, key: str, options: tuple[str, ...], default: str) -> str:
        value = self.text(section, key, default)
        if value not in options:
            listed = ", ".join(options)
            self.refuse(self.node(section, key), value, f"одно из: {listed}", f"one of: {listed}")
            return default
        return value

    def number(self, section: str, key: str, default: int) -> int:
        value = self.text(section, key, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", value):
            self.refuse(self.node(section, key), value, "целое число", "a whole number")
            return default
        return int(value)

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

    def path(self, key: str, default: str) -> Path:
        return (self.folder / self.text("", key, default)).resolve()

    def state(self) -> str:
        value = self.text("", "state", "./state/engine.db")
        return value if "://" in value else str((self.folder / value).resolve())

    def address(self, key: str, port: int) -> Address:
        value = self.text("listen", key, f"127.0.0.1:{port}")
        host, _, digits = value.rpartition(":")
        if not host or not digits.isdigit() or int(digits) > 65535:
            self.refuse(
                self.node("listen", key), value, "адрес вида 127.0.0.1:8024", "an address like 127.0.0.1:8024"
            )
            return Address("127.0.0.1", port)
        return Address(host, int(digits))

    def mail(self) -> MailSetup:
        return MailSetup(
            host=self.text("mail", "host", "127.0.0.1"),
            port=self.number("mail", "port", 25),
            security=self.one_of("mail", "security", ("none", "starttls", "tls"), "none"),
            user=self.text("mail", "user"),
            password=self.text("mail", "password"),
            sender=self.text("mail", "from"),
        )

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

    def documents(self) -> DocumentSetup:
        numbers = {name: node.text for name, node in self.entries("documents", "numbers")}
        for name, node in self.entries("documents", "numbers"):
            try:
                numbers[name].format(year=2026, n=1)
            except (KeyError, ValueError, IndexError):
                self.refuse(node, node.text, "шаблон вида А-{year}/{n:03}", "a pattern like A-{year}/{n:03}")
        folder = self.text("documents", "templates")
        return DocumentSetup(
            numbers=numbers,
            due=self.due(),
            vat=self.vat(),
            prices_include_vat=self.one_of("documents", "prices_include_vat", ("true", "false"), "true")
            == "true",
            templates=(self.folder / folder).resolve() if folder else None,
            last_given=self.last_given(),
        )

    def entries(self, section: str, key: str) -> list[tuple[str, ScalarNode]]:
        node = self.findings.map(self.node(section, key))
        if node is None:
            return []
        return [(name, value) for name, (_, value) in node.entries.items() if isinstance(value, ScalarNode)]

    def due(self) -> Duration:
        value = self.text("documents", "due", "5 workdays")
        duration = parse_duration(value)
        if duration is None:
            self.refuse(
                self.node("documents", "due"),
                value,
                "срок, например 5 workdays",
                "a delay such as 5 workdays",
            )
            return Duration(5, "workdays")
        return duration

    def vat(self) -> tuple[VatRate, ...]:
        node = self.findings.list(self.node("documents", "vat"))
        rates: list[VatRate] = []
        for member in node.members if isinstance(node, ListNode) else ():
            row = self.findings.map(member)
            first = self.findings.text(row.get("from")) if row else None
            rate = self.findings.text(row.get("rate")) if row else None
            if first is None or rate is None:
                continue
            try:
                percent = None if rate.text == "none" else Decimal(rate.text)
                rates.append(VatRate(date.fromisoformat(first.text), percent))
            except (ValueError, InvalidOperation):
                self.refuse(member, f"{first.text}, {rate.text}", "дата и ставка", "a date and a rate")
        return tuple(sorted(rates, key=lambda rate: rate.first))

    def last_given(self) -> dict[tuple[str, int], int]:
        found: dict[tuple[str, int], int] = {}
        node = self.findings.map(self.node("documents", "last_given"))
        for series, (_, years) in (node.entries if node else {}).items():
            if not isinstance(years, MapNode):
                self.findings.map(years)
                continue
            for year, (key, last) in years.entries.items():
                if isinstance(last, ScalarNode) and year.isdigit() and last.text.isdigit():
                    found[(series, int(year))] = int(last.text)
                else:
                    self.refuse(key, year, "год: последний выданный номер", "year: the last number given")
        return found


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
