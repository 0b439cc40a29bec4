"""fast-bitrix24, unmodified, over HTTP: what it does on a portal it does on the twin."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import timedelta

import aiohttp
import pytest
from fast_bitrix24 import BitrixAsync
from fast_bitrix24.server_response import ErrorInServerResponseException

from engine.emulator.applications import Registration
from engine.emulator.faultfile import parse_faults
from tests.foreign.conftest import ACTS, COMMON_STORAGE, INVOICES

CONTENT = bytes(range(256)) * 40
# The client downloads nothing itself; a portal's web server gives files only to whoever names these two.
BROWSER = {"User-Agent": "tests", "Referer": "http://portal.example/"}


@pytest.fixture
def bitrix(server):
    return BitrixAsync(server.webhook_url, verbose=False)


def test_deals_from_first_to_last(bitrix):
    async def work():
        one = await bitrix.call(
            "crm.deal.add", {"fields": {"TITLE": "Сделка «А & Б» 50%+", "OPPORTUNITY": "1000.5"}}
        )
        # One id asked for is answered by the deal itself, several by a map.
        deal = await bitrix.get_by_ID("crm.deal.get", [one])
        assert (deal["TITLE"], deal["OPPORTUNITY"], deal["ID"]) == (
            "Сделка «А & Б» 50%+",
            "1000.50",
            str(one),
        )
        assert (
            await bitrix.call("crm.deal.update", {"ID": one, "fields": {"TITLE": "Другая", "CLOSED": "N"}})
            is True
        )
        listed = await bitrix.get_all("crm.deal.list", {"select": ["ID", "TITLE"], "filter": {"ID": one}})
        assert listed == [{"ID": str(one), "TITLE": "Другая"}]
        assert await bitrix.call("crm.deal.delete", {"ID": one}) is True
        assert await bitrix.get_all("crm.deal.list", {"filter": {"ID": one}}) == []

    asyncio.run(work())


def test_more_deals_than_fifty_pages(bitrix):
    async def work():
        fields = [{"fields": {"TITLE": f"Сделка {n}", "OPPORTUNITY": n}} for n in range(2600)]
        made = await bitrix.call("crm.deal.add", fields)
        assert len(set(made)) == 2600
        found = await bitrix.get_all(
            "crm.deal.list", {"select": ["ID", "TITLE"], "filter": {">=ID": min(made)}}
        )
        assert {int(row["ID"]) for row in found} == set(made)
        assert {row["TITLE"] for row in found} == {f"Сделка {n}" for n in range(2600)}
        some = await bitrix.get_by_ID("crm.deal.get", made[:120])
        assert {int(key) for key in some} == set(made[:120])
        assert set(
            await bitrix.call("crm.deal.update", [{"ID": n, "fields": {"TITLE": "x"}} for n in made[:70]])
        ) == {True}
        assert set(await bitrix.call("crm.deal.delete", [{"ID": n} for n in made[:70]])) == {True}
        left = await bitrix.get_all("crm.deal.list", {"select": ["ID"], "filter": {">=ID": min(made)}})
        assert len(left) == 2530

    asyncio.run(work())


@pytest.mark.parametrize("kind", [ACTS, INVOICES], ids=["acts", "invoices"])
def test_items(bitrix, kind):
    async def work():
        before = await bitrix.get_all("crm.item.list", {"entityTypeId": kind, "select": ["id"]})
        made = await bitrix.call(
            "crm.item.add", [{"entityTypeId": kind, "fields": {"title": f"№ {n}"}} for n in range(110)]
        )
        ids = {item["id"] for item in made}
        assert len(ids) == 110
        assert all(isinstance(one, int) for one in ids)
        after = await bitrix.get_all("crm.item.list", {"entityTypeId": kind, "select": ["id", "title"]})
        assert {row["id"] for row in after} - {row["id"] for row in before} == ids
        one = min(ids)
        changed = await bitrix.call(
            "crm.item.update", {"entityTypeId": kind, "id": one, "fields": {"title": "Иначе"}}
        )
        assert changed["title"] == "Иначе"
        read = await bitrix.call("crm.item.get", {"entityTypeId": kind, "id": one})
        assert (read["id"], read["title"]) == (one, "Иначе")
        await bitrix.call("crm.item.delete", [{"entityTypeId": kind, "id": n} for n in ids])
        left = await bitrix.get_all("crm.item.list", {"entityTypeId": kind, "select": ["id"]})
        assert {row["id"] for row in left} == {row["id"] for row in before}

    asyncio.run(work())


def test_companies(bitrix):
    async def work():
        mail = [{"VALUE": "buh@client.example", "VALUE_TYPE": "WORK"}]
        made = await bitrix.call(
            "crm.company.add", [{"fields": {"TITLE": f"ООО {n}", "EMAIL": mail}} for n in range(60)]
        )
        found = await bitrix.get_all(
            "crm.company.list", {"select": ["ID", "TITLE"], "filter": {"@ID": list(made)}}
        )
        assert {row["TITLE"] for row in found} == {f"ООО {n}" for n in range(60)}
        read = await bitrix.get_by_ID("crm.company.get", [made[0]])
        assert [one["VALUE"] for one in read["EMAIL"]] == ["buh@client.example"]
        assert await bitrix.call("crm.company.update", {"ID": made[0], "fields": {"TITLE": "Иначе"}}) is True
        assert set(await bitrix.call("crm.company.delete", [{"ID": n} for n in made])) == {True}

    asyncio.run(work())


def test_a_batch_of_its_own(bitrix):
    async def work():
        done = await bitrix.call_batch(
            {"halt": 0, "cmd": {
                "made": "crm.deal.add?fields[TITLE]=%D0%AF%20%26%20%D1%82%D1%8B",
                "read": "crm.deal.get?id=$result[made]",
                "me": "profile",
            }}
        )  # fmt: skip
        assert done["read"]["ID"] == str(done["made"])
        assert done["read"]["TITLE"] == "Я & ты"
        assert done["me"]["ID"] == "1"

    asyncio.run(work())


def test_drive_up_and_down(bitrix):
    async def work():
        folder = await bitrix.call(
            "disk.storage.addfolder", {"id": COMMON_STORAGE, "data": {"NAME": "Чужой клиент"}}, raw=True
        )
        file = await bitrix.call(
            "disk.folder.uploadfile",
            {
                "id": folder["result"]["ID"],
                "data": {"NAME": "акт.bin"},
                "fileContent": ["акт.bin", b64encode(CONTENT).decode()],
            },
            raw=True,
        )
        rows = await bitrix.call("disk.folder.getchildren", {"id": folder["result"]["ID"]})
        assert rows["NAME"] == "акт.bin"
        async with aiohttp.ClientSession() as http:
            async with http.get(file["result"]["DOWNLOAD_URL"], headers=BROWSER) as answer:
                assert (answer.status, await answer.read()) == (200, CONTENT)
            # Two steps: the address first, the bytes as a form after it.
            first = await bitrix.call("disk.folder.uploadfile", {"id": folder["result"]["ID"]}, raw=True)
            form = aiohttp.FormData(quote_fields=False)
            form.add_field(first["result"]["field"], CONTENT, filename="второй.bin")
            async with http.post(first["result"]["uploadUrl"], data=form) as answer:
                second = (await answer.json())["result"]
        assert (second["NAME"], second["SIZE"]) == ("второй.bin", str(len(CONTENT)))
        assert await bitrix.call("disk.file.markdeleted", {"id": second["ID"]}, raw=True)

    asyncio.run(work())


def test_a_file_in_a_field(bitrix):
    async def work():
        scan = ["скан.pdf", b64encode(CONTENT).decode()]
        made = await bitrix.call(
            "crm.item.add", {"entityTypeId": ACTS, "fields": {"title": "Акт", "ufCrm12Scan": scan}}, raw=True
        )
        link = made["result"]["item"]["ufCrm12Scan"]["urlMachine"]
        async with aiohttp.ClientSession() as http, http.get(link, headers=BROWSER) as answer:
            assert await answer.read() == CONTENT

    asyncio.run(work())


def test_notices(bitrix, portal):
    people = [
        int(row["ID"]) for row in asyncio.run(bitrix.get_all("user.get", {"filter": {"ACTIVE": True}}))
    ][:3]
    told = [{"USER_ID": one, "MESSAGE": f"Вам, {one}"} for one in people]
    assert len(set(asyncio.run(bitrix.call("im.notify.system.add", told)))) == 3
    found = {(int(row["USER_ID"]), row["MESSAGE"]) for row in portal.store.rows("notice")}
    assert found == {(one, f"Вам, {one}") for one in people}
    # Nobody there: the portal says false instead of an error.
    assert asyncio.run(bitrix.call("im.notify.system.add", {"USER_ID": 1_000_000, "MESSAGE": "?"})) is False


def test_one_bad_command_of_many_is_said(bitrix):
    wanted = [{"ID": 1_000_000}, {"ID": 2_000_000}]
    with pytest.raises(ErrorInServerResponseException, match="Not found"):
        asyncio.run(bitrix.call("crm.deal.get", wanted))
    # Drive is a strict family: ID is not id.
    with pytest.raises(ErrorInServerResponseException, match=r"Could not find value for parameter \{id\}"):
        asyncio.run(bitrix.call("disk.file.get", {"ID": 1}))


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/rest/1/wrong/", "profile", 401),
        ("/rest/1/demo/", "no.such.method", 404),
        ("/rest/1/demo/", "placement.get", 403),
        ("/rest/1/demo/", "crm.deal.get", 400),
    ],
)
def test_refusals_reach_the_caller_with_their_status(server, path, method, status):
    bitrix = BitrixAsync(server.url + path, verbose=False)
    with pytest.raises(aiohttp.ClientResponseError) as refused:
        asyncio.run(bitrix.call(method, {"id": 1_000_000}, raw=True))
    assert refused.value.status == status


def test_a_webhook_without_the_scope(server, portal):
    with portal.store.transaction():
        row_id = portal.store.next_id("webhook")
        portal.store.put("webhook", row_id, {"user": "1", "secret": "narrow", "scopes": ["crm"]})
    bitrix = BitrixAsync(f"{server.url}/rest/1/narrow/", verbose=False)
    assert asyncio.run(bitrix.get_all("crm.deal.list", {"select": ["ID"]}))
    with pytest.raises(aiohttp.ClientResponseError) as refused:
        asyncio.run(bitrix.call("disk.storage.getlist", {}, raw=True))
    assert refused.value.status == 403


def test_as_an_application_with_a_token_that_expires(server, portal):
    form = Registration(("crm", "user"), client_id="local.foreign.2", client_secret="s3cret")
    portal.install_application(form)
    given = []

    async def sign_in():
        async with aiohttp.ClientSession() as http:
            who = {"client_id": form.client_id, "user": "1"}
            async with http.get(f"{server.url}/oauth/authorize/", params=who) as page:
                code = (await page.text()).strip()
            pair = {"client_id": form.client_id, "client_secret": form.client_secret, "code": code}
            asked = pair | {"grant_type": "authorization_code"}
            async with http.get(f"{server.url}/oauth/token/", params=asked) as answer:
                given.append((await answer.json())["access_token"])
                return given[-1]

    async def work():
        bitrix = BitrixAsync(f"{server.url}/rest/", token_func=sign_in, verbose=False)
        made = await bitrix.call("crm.deal.add", [{"fields": {"TITLE": f"{n}"}} for n in range(3)])
        portal.clock.advance(timedelta(hours=2))
        return made, await bitrix.get_all("crm.deal.list", {"select": ["ID"], "filter": {"@ID": list(made)}})

    made, found = asyncio.run(work())
    assert {int(row["ID"]) for row in found} == set(made)
    assert len(set(given)) == 2


def test_an_answer_that_is_lost_makes_it_write_twice(server, portal, bitrix):
    """The twin shows what this client does on a bad day: it repeats a call whose answer never came."""
    portal.use_faults(parse_faults("calls: [{fault: timeout_after_commit, method: crm.deal.add, times: 1}]"))
    title = {"TITLE": "Без ответа"}
    asyncio.run(bitrix.call("crm.deal.add", {"fields": title}, raw=True))
    assert len(asyncio.run(bitrix.get_all("crm.deal.list", {"select": ["ID"], "filter": title}))) == 2
    assert portal.plan.counts() == {"timeout_after_commit": 1}
