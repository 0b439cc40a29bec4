"""A portal that has moved: the request follows with its body, the secret goes to nobody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from engine.portal.client import PortalClient
from engine.portal.errors import PortalError
from engine.portal.moved import new_base, next_address
from tests.portal.application_case import running_case
from tests.portal.portal_case import Reply, Site, running_stub

OLD = "https://old.bitrix24.ru/rest/1/topsecret/crm.item.add"


@pytest.mark.parametrize(
    "location",
    [
        "https://new.bitrix24.ru/rest/1/topsecret/crm.item.add",
        "https://new.bitrix24.com/rest/1/topsecret/crm.item.add",
        "https://NEW.bitrix24.com.br/rest/1/topsecret/crm.item.add",
        "https://old.bitrix24.ru/rest/1/topsecret/crm.item.add.json",
        "/rest/1/topsecret/crm.item.add.json",
    ],
)
def test_the_portal_s_other_names_are_followed(location: str) -> None:
    assert next_address("crm.item.add", OLD, location).startswith("https://")


@pytest.mark.parametrize(
    "location",
    [
        "",
        "http://old.bitrix24.ru/rest/1/topsecret/crm.item.add",
        "https://evil.example/rest/1/topsecret/crm.item.add",
        "https://old.bitrix24.ru.evil.example/rest/1/x/m",
        "https://evil-bitrix24.ru/rest/1/x/m",
        "https://a.b.bitrix24.ru/rest/1/x/m",
        "https://bitrix24.ru/rest/1/x/m",
        "https://old.bitrix24.zip/rest/1/x/m",
        "https://old.bitrix24.ru@evil.example/rest/1/x/m",
        "https://new.bitrix24.ru/auth/?backurl=x",
        "//evil.example/rest/1/x/m",
        "https://[half/rest/1/x/m",
        "ftp://old.bitrix24.ru/rest/1/x/m",
        "javascript:alert(1)",
    ],
)
def test_every_other_place_is_refused_without_the_secret_in_the_words(location: str) -> None:
    with pytest.raises(PortalError) as caught:
        next_address("crm.item.add", OLD, location)
    assert (caught.value.code, caught.value.retry) == ("BAD_REDIRECT", "never")
    assert "topsecret" not in str(caught.value)


def test_a_portal_on_an_own_server_may_not_send_us_to_another_name() -> None:
    with pytest.raises(PortalError):
        next_address("m", "https://portal.company.ru/rest/1/x/m", "https://new.bitrix24.ru/rest/1/x/m")
    http = "http://portal.company.ru/rest/1/x/m"
    assert (
        next_address("m", http, "https://portal.company.ru/rest/1/x/m")
        == "https://portal.company.ru/rest/1/x/m"
    )


def test_what_is_remembered_is_the_address_before_the_method() -> None:
    base = "https://old.bitrix24.ru/rest/1/s/"
    new = "https://new.bitrix24.ru/rest/1/s/"
    assert new_base(base, base + "crm.item.add", new + "crm.item.add") == new
    assert new_base(base, base + "crm.item.add", new + "crm.item.add.json") is None
    assert new_base(base, base + "crm.item.add", base + "crm.item.add") is None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_moved_portal_is_asked_there_from_then_on_and_a_person_is_told_once(status: int) -> None:
    told: list[str] = []
    with (
        running_stub(Reply()) as new,
        running_stub(Reply(status, b"", {"Location": f"{new.webhook_url}crm.item.add"})) as old,
        PortalClient(old.webhook_url, told=told.append) as client,
    ):
        for _ in range(3):
            assert client.call("crm.item.add", {"fields": {"title": "x"}})["result"] is True
        assert len(old.asked) == 1
        assert [one[3] for one in new.asked] == [b'{"fields":{"title":"x"}}'] * 3
        assert client.address == new.url
    assert told == ["127.0.0.1"]


def test_the_secret_is_not_sent_to_a_stranger_on_the_wire() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://evil.example/rest/1/topsecret/crm.item.add"})

    with (
        PortalClient(OLD.removesuffix("crm.item.add"), transport=httpx.MockTransport(answer)) as client,
        pytest.raises(PortalError),
    ):
        client.call("crm.item.add", {})
    assert asked == ["old.bitrix24.ru"]


def test_a_renamed_portal_keeps_webhook_and_application_working(site: Site, tmp_path: Path) -> None:
    """The twin is renamed: another port of the same host answers from now on."""
    moved = site.server.webhook_url
    with (
        running_stub(Reply(302, b"", {"Location": moved + "crm.item.list"})) as old,
        PortalClient(old.webhook_url) as client,
    ):
        assert client.call("crm.item.list", {"entityTypeId": 2})["total"]
        assert client.address == site.server.url
    with running_case(tmp_path) as case, case.client() as client:
        target = case.portal.base_url + "/rest/profile"
        with running_stub(Reply(302, b"", {"Location": target})) as gone:
            tokens = case.shelf.read()
            assert tokens
            case.shelf.install(replace(tokens, client_endpoint=gone.url + "/rest/"))
            assert client.call("profile", {})["result"]["ID"] == "1"
            case.pass_hours(2)
            assert client.call("profile", {})["result"]["ID"] == "1"  # renewed: the address too
            assert client.address == case.portal.base_url
