"""Twins of portals that are not the demo company's: with nothing set up, with another owner, with fewer scopes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from engine.emulator import open_portal
from engine.emulator.company import empty_company
from engine.emulator.portal import Portal
from engine.emulator.seed import Company
from engine.emulator.serve import PortalServer
from engine.language.types import World
from engine.portal.client import PortalClient
from engine.portal.gateway import Gateway
from engine.portal.picture import Picture, read_picture
from engine.portal.pull import Pull, pull, read_map
from tests.portal.portal_case import ROOT

EXAMPLE = (ROOT / "config.example.yaml").read_text("utf-8")


def bare_company() -> Company:
    """A portal on its first day: deals with one pipeline, invoices, no smart process, no own field."""
    company = empty_company()
    return replace(
        company,
        types=(),
        userfields=(),
        categories=tuple(
            row for row in company.categories if row["entityTypeId"] in (2, 31) and row["id"] != 4
        ),
        statuses=tuple(row for row in company.statuses if row["ENTITY_ID"] != "DEAL_STAGE_4"),
    )


def webhook(company: Company, *, user: str = "1", scopes: tuple[str, ...] | None = None) -> Company:
    """The same company with another inbound webhook."""
    known = company.webhooks[0]["scopes"] if scopes is None else list(scopes)
    return replace(company, webhooks=({"user": user, "secret": "demo", "scopes": known},))


class NoFiles:
    """No test here sends a file."""

    def read(self, file: object) -> bytes:
        raise AssertionError(file)


def no_engine(command: object) -> object:
    raise AssertionError(command)


@dataclass
class Twin:
    portal: Portal
    url: str
    webhook_url: str
    client: PortalClient
    gateway: Gateway

    def picture(self) -> Picture:
        return read_picture(self.gateway)

    def pull(self, text: str) -> Pull:
        return pull("config.yaml", text, self.picture())


@contextmanager
def running_twin(company: Company) -> Iterator[Twin]:
    with open_portal(None, company) as portal, PortalServer(portal) as server:
        address = server.webhook_url.replace("/rest/1/", f"/rest/{company.webhooks[0]['user']}/")
        with PortalClient(address, sleep=lambda _: None) as client:
            yield Twin(portal, server.url, address, client, Gateway(client, NoFiles(), no_engine))


def world_of(text: str) -> World:
    read = read_map("config.yaml", text)
    assert read is not None
    return read[1]


def row_of(portal: Portal, collection: str, **wanted: str) -> dict[str, object]:
    return next(
        dict(row)
        for row in portal.store.rows(collection)
        if all(str(row[name]) == value for name, value in wanted.items())
    )


def change_stage(portal: Portal, code: str, **values: object) -> None:
    row = row_of(portal, "status", STATUS_ID=code)
    with portal.change():
        portal.store.put("status", int(str(row["ID"])), row | values)


def remove_stage(portal: Portal, code: str) -> None:
    with portal.change():
        portal.store.remove("status", int(str(row_of(portal, "status", STATUS_ID=code)["ID"])))


def remove_field(portal: Portal, name: str) -> None:
    with portal.change():
        portal.store.remove("userfield", int(str(row_of(portal, "userfield", fieldName=name)["id"])))


def add_field(portal: Portal, owner: str, name: str, kind: str, label: str) -> None:
    with portal.change():
        number = portal.store.next_id("userfield")
        row = {"id": number, "entityId": owner, "fieldName": name, "userTypeId": kind, "multiple": "N"}
        portal.store.put("userfield", number, row | {"label": label})


def set_options(portal: Portal, name: str, *options: tuple[int, str]) -> None:
    row = row_of(portal, "userfield", fieldName=name)
    row["enum"] = [{"id": number, "value": value} for number, value in options]
    with portal.change():
        portal.store.put("userfield", int(str(row["id"])), row)
