"""Secrets are planted everywhere the engine takes any, things go well and badly, and all it writes is searched.

A secret may stand in `.env`, in a `NAME_FILE`, and in the archive of a backup, which says so; nowhere else.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import socketserver
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import httpx
import psycopg
import pytest

from engine.cli import COMMANDS, main
from engine.emulator.faults import Fault
from engine.emulator.person import Person
from engine.runtime.backup_archive import MANIFEST
from tests.operate.operate_case import RULES, Premises, premises
from tests.runtime.service_case import ACT, DEAL, ROOT, TOKEN, copy_regulations

PASSWORD = "sm7p-pass/word+of=docs"
DATABASE = "d4tabase-p@ss word"
WEBHOOK = "w3bh00k0fth3tw1n"
HOOK = "h00k-0f-the-portal"
# Tables in which an application's tokens are kept; a person who may read the state may act as the engine anyway.
CREDENTIALS = {"credential", "credentials", "application"}


class _Refusing(socketserver.StreamRequestHandler):
    """A mail server that refuses the login and, as a debugging one does, repeats what it was told."""

    seen: ClassVar[list[str]] = []

    def handle(self) -> None:
        self.wfile.write(b"220 mail.example\r\n")
        for line in self.rfile:
            first, *rest = line.decode().split()
            word = first.upper()
            if word == "EHLO":
                self.wfile.write(b"250-mail.example\r\n250 AUTH PLAIN\r\n")
            elif word == "AUTH":
                told = base64.b64decode(rest[1]).decode().split("\0")
                self.seen.append(told[2])
                self.wfile.write(f"535 5.7.8 wrong password {told[2]} ({rest[1]})\r\n".encode())
            elif word == "QUIT":
                return
            else:
                self.wfile.write(b"530 5.7.0 log in first\r\n")


@contextmanager
def mail_server() -> Iterator[int]:
    """Yield the port of the server above."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def spellings(secret: str) -> set[bytes]:
    """A secret as it is, and as addresses, JSON, Python and SMTP spell it."""
    texts = {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    return {text.encode() for text in texts} | {base64.b64encode(f"\0docs\0{secret}".encode())}


def assert_none(where: str, content: bytes, secrets: set[bytes]) -> None:
    for secret in secrets:
        at = content.find(secret)
        assert at < 0, f"{where}: …{content[max(0, at - 200) : at + 60].decode(errors='replace')}…"


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_that_is_written_holds_a_secret(
    tmp_path: Path, form: str, request: pytest.FixtureRequest
) -> None:
    state = ""
    if form == "json":  # the other half of the matrix: a database, a log of JSON
        address = request.getfixturevalue("database").replace(
            "reglament@", f"reglament:{quote(DATABASE, safe='')}@"
        )
        state = "${REGLAMENT_STATE}"
        (tmp_path / "state-secret").write_text(address + "\n", "utf-8")
    rules = (ROOT / "regulations" / "acts.yaml").read_text("utf-8")
    with mail_server() as port, premises(tmp_path / "company", state=state, rules=rules) as here:
        copy_regulations(here.folder)
        (here.folder / "regulations" / "own.yaml").write_text(
            RULES.replace("ruleset: test", "ruleset: own"), "utf-8"
        )
        (tmp_path / "smtp").write_text(PASSWORD + "\n", "utf-8")
        here.config.write_text(here.config.read_text("utf-8") + f"log:\n  format: {form}\n", "utf-8")
        here.variables |= {
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_USER": "docs",
            "SMTP_PASSWORD_FILE": str(tmp_path / "smtp"), "REGLAMENT_STATE_FILE": str(tmp_path / "state-secret"),
        }  # fmt: skip
        if form == "text":
            del here.variables["REGLAMENT_STATE_FILE"]
        row = here.portal.store.rows("webhook")[0]
        here.portal.store.put(
            "webhook", int(str(row.get("ID", row.get("id", 1)))), {**row, "secret": WEBHOOK}
        )
        assert here.server.webhook_url.endswith(f"/{WEBHOOK}/")
        secrets = {one for text in secret_texts() for one in spellings(text)}
        here.begin()
        live_through(here, secrets)
        assert PASSWORD in _Refusing.seen, "the login was tried"
        for where, content in everything(here, tmp_path):
            assert_none(where, content, secrets)
        here.end()
        assert_none("the log", here.log.encode(), secrets)
        assert here.log.count("\n") > 10
        for path in sorted((here.folder / "state").rglob("*")):
            if path.is_file():
                assert_none(str(path), path.read_bytes(), secrets)
        if state:
            assert_none("the database", _all_rows(address), secrets)


def secret_texts() -> set[str]:
    return {WEBHOOK, TOKEN, PASSWORD, DATABASE, HOOK}


def live_through(here: Premises, secrets: set[bytes]) -> None:
    """An act is issued, its letter refused; a scan is read; the portal refuses with the webhook's address in its words."""
    Person(here.portal, 6).move(DEAL, 118, "C4:UC_REPORT")
    here.wait(lambda: _stopped(here) > 0)
    hook = here.server.webhook_url
    here.portal.faults = lambda seen: (
        Fault(403, "ACCESS_DENIED", text=f"no rights for {hook} auth={HOOK} application_token={TOKEN}")
        if "notify" in seen.method or seen.method == "batch"
        else None
    )
    Person(here.portal, 2).move(DEAL, here.deal(1), "C4:UC_WORK")
    deal = here.deal(2)
    here.ask("portal", "sweep")
    Person(here.portal, 2).move(DEAL, deal, "C4:UC_WORK")
    act = next(iter(here.portal.store.rows(f"item_{ACT}")), None) or {"id": 1}
    Person(here.portal, 2).attach(ACT, int(str(act["id"])), "ufCrm12Scan", "scan.pdf", b"%PDF-1.7 scan")
    here.wait(lambda: "no rights for" in here.log or _stopped(here) > 1)
    here.portal.faults = None
    here.ask("portal", "sweep")
    # Addresses of files carry tokens of their own, which are good for whoever has them.
    row = Person(here.portal, 2).get(ACT, int(str(act["id"])))["ufCrm12Scan"]
    tokens = re.findall(r"(?:auth|token)=([^&\"']{6,})", json.dumps(row))
    assert tokens
    secrets |= {token.encode() for token in tokens}
    for bad in ("application_token=" + TOKEN + "x", "nonsense=" + HOOK, "%zz" + TOKEN):
        httpx.post(f"http://127.0.0.1:{here.port}/portal/events", content=bad, trust_env=False, timeout=5)


def _stopped(here: Premises) -> int:
    listed = here.ask("runs", "list", "--format", "json", "--status", "failed")
    return len(json.loads(listed.out)["runs"]) if listed.code == 0 else 0


def everything(here: Premises, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what every page and every command says."""
    for path in ("/", "/metrics", "/readyz", "/healthz", "/portal/events"):
        yield path, here.read(path).content
    listed = json.loads(here.ask("runs", "list", "--format", "json", "--limit", "100").out)["runs"]
    numbers = [str(one.get("n", one.get("run", ""))) for one in listed]
    stopped = [str(one.get("n", one.get("run", ""))) for one in listed if one["status"] != "done"]
    commands: list[tuple[str, ...]] = [
        ("runs", "list", "-v"), ("runs", "list", "--format", "json"), ("why", "deal/118"), ("why", "deal/118", "--live"),
        ("why", "deal/118", "--format", "json"), ("check",), ("check", "--format", "json"), ("plugins",),
        ("portal", "sweep"), ("portal", "doctor"), ("portal", "doctor", "--format", "json"), ("portal", "pull"),
        ("pause", "--why", "test"), ("resume",), ("backup", str(folder / "b.zip")), ("restore", str(folder / "b.zip"), "--force"),
    ]  # fmt: skip
    for number in [*numbers[:2], *stopped[:3]]:
        commands += [
            ("runs", "show", number),
            ("runs", "show", number, "--format", "json"),
            ("runs", "export", number),
        ]
    commands += [("runs", "retry", number) for number in stopped[:1]]
    assert stopped, listed
    for words in commands:
        ran = here.ask(*words)
        yield " ".join(words), (ran.out + ran.err).encode()
        assert ran.is_plain, (words, ran.err)
    yield "manifest", zipfile.ZipFile(folder / "b.zip").read(MANIFEST)


def _all_rows(address: str) -> bytes:
    found: list[str] = []
    with psycopg.connect(address) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            if table not in CREDENTIALS:
                rows = connection.execute(f"SELECT t::text FROM {table} AS t".encode()).fetchall()
                found += [row[0] for row in rows]
    assert len(found) > 20
    return "\n".join(found).encode()


BROKEN: dict[str, tuple[dict[str, str], tuple[str, str]]] = {
    "webhook of another form": ({"BITRIX24_WEBHOOK_URL": f"portal.example/{HOOK}"}, ("", "")),
    "webhook without a portal": ({"BITRIX24_WEBHOOK_URL": f"http://127.0.0.1:9/rest/1/{HOOK}/"}, ("", "")),
    "webhook with nonsense": ({"BITRIX24_WEBHOOK_URL": f"http://[/rest/1/{HOOK}/"}, ("", "")),
    "database away": ({}, ("./state/engine.db", f"postgresql://u:{HOOK}@127.0.0.1:9/x")),
    "database unreadable": ({}, ("./state/engine.db", f"postgresql://u:{HOOK}@[bad:/x")),
    "database of another kind": ({}, ("./state/engine.db", f"mysql://u:{HOOK}@127.0.0.1/x")),
    "database misspelt": ({}, ("./state/engine.db", f"postgresql:/u:{HOOK}@127.0.0.1/x")),
    "a secret in the wrong place": ({"SMTP_PORT": HOOK, "SMTP_PASSWORD": HOOK}, ("", "")),
    "a key misspelt": ({}, ("  password: ${SMTP_PASSWORD:-}", f"  pasword: {HOOK}")),
    "no YAML": ({}, ("  password: ${SMTP_PASSWORD:-}", f"  password: {{{HOOK}")),
    "a secret file that is none": ({"SMTP_PASSWORD_FILE": f"./{HOOK[:3]}-none"}, ("", "")),
}
# They wait for a person, write a folder of the shipped things, or measure the machine; none reads the settings.
APART = {"demo", "emulate", "init", "bench", "explain"}
GIVEN = {
    "why": ["deal/118"], "run": ["x"], "backfill": ["x"], "backup": ["out.zip"], "restore": ["config.yaml"],
    "runs": ["list"], "portal": ["doctor"],
}  # fmt: skip


@pytest.mark.parametrize("broken", sorted(BROKEN))
def test_no_command_tells_a_secret_of_broken_settings(
    tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "company"
    (folder / "regulations").mkdir(parents=True)
    variables, (old, new) = BROKEN[broken]
    text = (ROOT / "config.example.yaml").read_text("utf-8").replace(":8024", ":0").replace(":8026", ":0")
    assert old in text
    (folder / "config.yaml").write_text(text.replace(old, new, 1) if old else text, "utf-8")
    (folder / "regulations" / "own.yaml").write_text(RULES, "utf-8")
    monkeypatch.chdir(folder)
    for name, value in {
        "BITRIX24_WEBHOOK_URL": f"http://127.0.0.1:9/rest/1/{HOOK}/", "BITRIX24_APPLICATION_TOKEN": f"{HOOK}2", "BITRIX24_CLIENT_SECRET": f"{HOOK}3",
        **variables,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    said, codes = 0, set()
    for name in [name for name in COMMANDS if name not in APART]:
        if name == "serve" and broken in ("webhook without a portal", "a secret in the wrong place"):
            continue  # it starts, and waits for the portal
        for language in ("ru", "en"):
            try:
                main([name, *GIVEN.get(name, []), "--lang", language])
            except SystemExit as end:
                codes.add(end.code)
            out, err = capfd.readouterr()
            assert_none(f"{broken}: {name}", (out + err).encode(), spellings(HOOK))
            assert "Traceback" not in out + err
            said += bool(err)
    assert said
    assert codes <= {0, 1, 2}
    shutil.rmtree(folder)
