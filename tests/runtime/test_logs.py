"""No secret in any line of the log, whatever says it and in whichever form; levels and JSON as asked for."""

from __future__ import annotations

import io
import json
from pathlib import Path

import httpx
import pytest

from engine.portal.client import PortalClient
from engine.runtime.logs import open_log, secrets_of
from engine.settings import read_settings
from engine.setup import LogSetup
from tests.runtime.service_case import make_folder

WEBHOOK = "https://portal.example/rest/1/s3cr3t-w3bhook/"
PASSWORD = 'pä"ss w\\ord'
MACHINE = "https://portal.example/rest/crm.documentgenerator/?auth=&token=crm%7CaWQ9MTIzNDU2%7C99aa"
SECRETS = ("s3cr3t-w3bhook", "tok-en-of-the-portal", "pä", "ss w", "aWQ9MTIzNDU2", "db-pass-word")


class Careless:
    """A value that shows a secret of its own accord."""

    def __repr__(self) -> str:
        return f"Careless({WEBHOOK!r}, password={PASSWORD!r})"


@pytest.fixture
def lines(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[io.StringIO, object]:
    settings, found = read_settings(
        _with_database(make_folder(tmp_path, "ruleset: a\ntitle: А\nrules: []\n")),
        {
            "BITRIX24_WEBHOOK_URL": WEBHOOK,
            "BITRIX24_APPLICATION_TOKEN": "tok-en-of-the-portal",
            "SMTP_PASSWORD": PASSWORD,
        },
    )
    assert settings is not None, found
    stream = io.StringIO()
    return stream, open_log(stream, setup=LogSetup(form=request.param), secrets=secrets_of(settings))


def _with_database(config: Path) -> Path:
    text = config.read_text("utf-8").replace(
        "./state/engine.db", "postgresql://reglament:db-pass-word@db/reglament"
    )
    config.write_text(text, "utf-8")
    return config


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(f"no route to {request.url} with {PASSWORD}")


def _fail(what: str) -> None:
    raise ValueError(what)


@pytest.mark.parametrize("lines", ["text", "json"], indirect=True)
def test_no_secret_in_any_line(lines) -> None:
    stream, log = lines
    log.info("started", url=WEBHOOK, values={"token": "tok-en-of-the-portal"}, what=Careless())
    log.warning("machine", url=MACHINE, state="postgresql://reglament:db-pass-word@db/reglament")
    try:
        PortalClient(WEBHOOK, sleep=lambda _: None, transport=httpx.MockTransport(_refuse)).call(
            "profile", {}
        )
    except Exception as error:
        log.warning("portal", reason=str(error), exc_info=error)
    try:
        _fail(f"login of docs with {PASSWORD!r} at {MACHINE} failed, {PASSWORD}")
    except ValueError as error:
        log.warning("mail", exc_info=error)
    text = stream.getvalue()
    assert "***" in text
    assert "Traceback" in text
    for secret in SECRETS:
        assert secret not in text, secret
        assert json.dumps(secret)[1:-1] not in text, secret


@pytest.mark.parametrize("lines", ["json"], indirect=True)
def test_json_is_one_object_a_line(lines) -> None:
    stream, log = lines
    log.info("step", run=7, action="mail.send", reason='он сказал "да"\nи ушёл')
    log.warning("wait", seconds=5.0)
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["level"], first["run"], first["reason"]) == (
        "step", "info", 7, 'он сказал "да"\nи ушёл',
    )  # fmt: skip
    assert (second["event"], second["level"], second["seconds"]) == ("wait", "warning", 5.0)
    assert "timestamp" in first


def test_the_level_leaves_out_what_is_expected() -> None:
    stream = io.StringIO()
    log = open_log(stream, setup=LogSetup(level="warning"))
    log.info("step")
    log.warning("wait", seconds=5)
    assert [line.split("event=")[1] for line in stream.getvalue().splitlines()] == ["'wait' seconds=5"]


def test_a_log_that_cannot_be_written_stops_nobody():
    class Full(io.StringIO):
        def write(self, _):
            raise OSError(28, "No space left on device")

        def flush(self):
            raise OSError(28, "No space left on device")

    open_log(Full()).warning("fault", reason="anything")
