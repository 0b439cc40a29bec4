"""What the tests of old documents share: the shipped regulations before the demo portal, and the command itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli.options import Options
from engine.cli.register_import import command
from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.demo import set_receiver
from engine.emulator.mailbox import Mailbox
from engine.emulator.person import Person
from engine.emulator.serve import PortalServer
from tests.runtime.service_case import ROOT, TOKEN, Live, copy_regulations, make_folder, open_service


@dataclass
class Office:
    """A company with its engine running, and the command line beside it."""

    live: Live
    config: Path
    archive: Path
    patch: pytest.MonkeyPatch

    def run(self, *arguments: object, language: str = "ru") -> Result:
        """Run `engine register import` with these arguments."""
        self.patch.setenv("BITRIX24_WEBHOOK_URL", self.live.server.webhook_url)
        self.patch.setenv("BITRIX24_APPLICATION_TOKEN", TOKEN)
        given = Options(self.config, language)
        return CliRunner().invoke(command, [str(one) for one in arguments], obj=given, catch_exceptions=False)

    def file(self, path: str, content: bytes) -> Path:
        """Write a file of the archive."""
        target = self.archive / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return target

    def rows(self, table: str) -> list[dict[str, object]]:
        """Rows of the portal's own store."""
        return [dict(row) for row in self.live.portal.store.rows(table)]

    def acts(self, number: str) -> list[dict[str, object]]:
        """Acts of that number, as the portal lists them."""
        wanted = {"entityTypeId": 1044, "filter": {"=ufCrm12Number": number}}
        found: list[dict[str, object]] = self.live.call("crm.item.list", **wanted)["items"]
        return found

    def drive(self, *names: str) -> list[str]:
        """Names of what lies in a folder of the shared drive; nothing where there is no such folder."""
        storages = self.live.call("disk.storage.getlist", filter={"ENTITY_TYPE": "common"})
        folder, rows = storages[0]["ROOT_OBJECT_ID"], []
        for name in (*names, ""):
            rows = self.live.call("disk.folder.getChildren", id=folder)
            if not name:
                break
            found = [row for row in rows if row["NAME"] == name]
            if not found:
                return []
            folder = found[0]["ID"]
        return [str(row["NAME"]) for row in rows]


def pdf(text: str) -> bytes:
    """Bytes that are a PDF by their beginning and differ by their text."""
    return b"%PDF-1.4\n% " + text.encode() + b"\n%%EOF\n"


@contextmanager
def office(
    folder: Path, patch: pytest.MonkeyPatch, *, attention: str = "", limit: int = 0, **more: object
) -> Iterator[Office]:
    """Start the demo portal, a mail catcher and the engine with the shipped regulations."""
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server, Mailbox(portal) as box:
        portal.deliveries.delay = 0.0
        config = make_folder(folder, "ruleset: test\nrules: []\n")
        (folder / "regulations" / "test.yaml").unlink()
        for name in ("acts", "contracts", "legacy"):
            shutil.copy(ROOT / "regulations" / f"{name}.yaml", folder / "regulations" / f"{name}.yaml")
        copy_regulations(folder)
        if attention:
            text = config.read_text("utf-8").replace(
                "shared_drive: common", f'shared_drive: common\n  attention: "{attention}"'
            )
            config.write_text(text, "utf-8")
        if limit:
            config.write_text(config.read_text("utf-8") + f"\nbrakes: {{items: {limit}}}\n", "utf-8")
        with open_service(
            config, server.webhook_url, variables={"SMTP_PORT": str(box.port)}, **more
        ) as service:
            assert service.wait_idle(30)
            set_receiver(portal, service.public_url + "/portal/events", TOKEN)
            archive = folder / "archive"
            archive.mkdir()
            yield Office(Live(portal, server, service, Person(portal, 6), folder), config, archive, patch)
