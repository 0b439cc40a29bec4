"""b24pysdk, the vendor's own client, unmodified, over TLS with a port in the domain."""

from __future__ import annotations

from base64 import b64encode

import pytest
from b24pysdk import BitrixWebhook, Client
from b24pysdk.schemas.file import URLFile

from tests.foreign.conftest import ACTS, COMMON_STORAGE, INVOICES

CONTENT = bytes(range(256)) * 40
PAIR = ["акт № 1.bin", b64encode(CONTENT).decode()]


@pytest.fixture
def webhook(secure):
    return BitrixWebhook(domain=f"{secure.host}:{secure.port}", webhook_token="1/demo")


@pytest.fixture
def client(webhook):
    return Client(webhook)


def test_deals_from_first_to_last(client):
    deal = client.crm.deal
    made = deal.add(fields={"TITLE": "Сделка «А & Б» 50%+", "OPPORTUNITY": "1000.5"}).result
    read = deal.get(bitrix_id=made).result
    assert (read["TITLE"], read["OPPORTUNITY"]) == ("Сделка «А & Б» 50%+", "1000.50")
    assert deal.update(bitrix_id=made, fields={"TITLE": "Другая"}).result is True
    found = deal.list(select=["ID", "TITLE"], filter={"ID": made}, order={"ID": "ASC"}).result
    assert found == [{"ID": str(made), "TITLE": "Другая"}]
    assert deal.delete(bitrix_id=made).result is True
    assert deal.list(filter={"ID": made}).result == []


def test_more_deals_than_fifty_pages_by_every_way_of_listing(client):
    adds = [client.crm.deal.add(fields={"TITLE": f"Сделка {n}"}) for n in range(2600)]
    made = set(client.call_batches(adds).result.result.values())
    assert len(made) == 2600
    since = {">=ID": min(made)}
    counted = client.crm.deal.list(select=["ID", "TITLE"], filter=since).as_list().result
    assert {int(row["ID"]) for row in counted} == made
    # start=-1 and filters that follow from the page before, inside one batch.
    fast = list(client.crm.deal.list(select=["ID", "TITLE"], filter=since).as_list_fast().result)
    assert [int(row["ID"]) for row in fast] == sorted(made)
    items = client.crm.item.list(entity_type_id=2, select=["id"], filter={">=id": min(made)})
    assert {row["id"] for row in items.as_list_fast().result} == made
    some = client.crm.deal.list(select=["ID"], filter={"@ID": sorted(made)[:130]}).as_list().result
    assert len(some) == 130


@pytest.mark.parametrize("kind", [ACTS, INVOICES], ids=["acts", "invoices"])
def test_items(client, kind):
    item = client.crm.item
    before = {row["id"] for row in item.list(entity_type_id=kind, select=["id"]).as_list().result}
    adds = [item.add(entity_type_id=kind, fields={"title": f"№ {n}"}) for n in range(110)]
    made = {one["item"]["id"] for one in client.call_batches(adds).result.result.values()}
    listed = item.list(entity_type_id=kind, select=["id", "title"]).as_list().result
    assert {row["id"] for row in listed} == before | made
    one = min(made)
    changed = item.update(entity_type_id=kind, bitrix_id=one, fields={"title": "Иначе"}).result["item"]
    assert (changed["id"], changed["title"]) == (one, "Иначе")
    read = item.get(entity_type_id=kind, bitrix_id=one).result["item"]
    assert (read["title"], read["entityTypeId"]) == ("Иначе", kind)
    client.call_batches([item.delete(entity_type_id=kind, bitrix_id=n) for n in made]).result  # noqa: B018
    assert {row["id"] for row in item.list(entity_type_id=kind, select=["id"]).as_list().result} == before


def test_companies(client):
    company = client.crm.company
    mail = [{"VALUE": "buh@client.example", "VALUE_TYPE": "WORK"}]
    made = company.add(fields={"TITLE": "ООО «Лес»", "EMAIL": mail}).result
    assert [one["VALUE"] for one in company.get(bitrix_id=made).result["EMAIL"]] == ["buh@client.example"]
    assert company.update(bitrix_id=made, fields={"TITLE": "Иначе"}).result is True
    assert [row["TITLE"] for row in company.list(filter={"ID": made}, select=["TITLE"]).result] == ["Иначе"]
    assert company.delete(bitrix_id=made).result is True


def test_a_batch_with_a_reference_and_a_refusal(webhook):
    done = webhook.call_batch(
        {
            "made": ("crm.deal.add", {"fields": {"TITLE": "Я & ты", "COMMENTS": "a=b&c[d]"}}),
            "read": ("crm.deal.get", {"id": "$result[made]"}),
            "bad": ("crm.deal.get", {"id": 1_000_000}),
        }
    )["result"]
    assert done["result"]["read"]["TITLE"] == "Я & ты"
    assert done["result"]["read"]["COMMENTS"] == "a=b&c[d]"
    assert done["result_error"] == {"bad": {"error": "", "error_description": "Not found"}}
    # Without keys the answers come as lists, as a portal's PHP prints them.
    listed = webhook.call_batch([("profile", {}), ("crm.deal.get", {"id": 1_000_000})])["result"]
    assert [one["ID"] for one in listed["result"]] == ["1"]
    assert listed["result_error"] == {"1": {"error": "", "error_description": "Not found"}}


def test_drive_up_and_down(client):
    disk = client.disk
    folder = disk.storage.add_folder(bitrix_id=COMMON_STORAGE, data={"NAME": "Чужой клиент"}).result
    inner = disk.folder.add_sub_folder(bitrix_id=folder["ID"], data={"NAME": "2026"}).result
    file = disk.folder.upload_file(bitrix_id=inner["ID"], data={"NAME": PAIR[0]}, file_content=PAIR).result
    assert URLFile.from_bitrix(file["DOWNLOAD_URL"]).download() == CONTENT
    rows = disk.folder.get_children(bitrix_id=inner["ID"]).result
    assert [(row["NAME"], row["SIZE"]) for row in rows] == [(PAIR[0], str(len(CONTENT)))]
    assert disk.file.rename(bitrix_id=file["ID"], new_name="акт № 2.bin").result["NAME"] == "акт № 2.bin"
    assert disk.file.get(bitrix_id=file["ID"]).result["ID"] == str(file["ID"])
    assert disk.folder.delete_tree(bitrix_id=folder["ID"]).result


@pytest.mark.parametrize(
    ("kind", "field"),
    [(ACTS, "ufCrm12Scan"), (INVOICES, "ufCrm_SMART_INVOICE_1747310004")],
    ids=["acts", "invoices"],
)
def test_a_file_in_an_item(client, kind, field):
    made = client.crm.item.add(entity_type_id=kind, fields={"title": "С файлом", field: PAIR}).result["item"]
    assert URLFile.from_bitrix(made[field]["urlMachine"]).download() == CONTENT
    emptied = client.crm.item.update(entity_type_id=kind, bitrix_id=made["id"], fields={field: ""}).result[
        "item"
    ]
    assert emptied[field] is None


@pytest.mark.parametrize("kind", ["deal", "company"])
def test_a_file_in_a_field_that_the_client_made(client, kind):
    methods = getattr(client.crm, kind)
    label = {"FIELD_NAME": "SCAN", "USER_TYPE_ID": "file", "LABEL": "Скан"}
    assert methods.userfield.add(fields=label).result
    made = methods.add(fields={"TITLE": "С файлом", "UF_CRM_SCAN": {"fileData": PAIR}}).result
    read = methods.get(bitrix_id=made).result["UF_CRM_SCAN"]
    assert URLFile.from_bitrix(read["downloadUrl"]).download() == CONTENT


def test_notices(client, portal):
    assert isinstance(client.im.notify.system.add(user_id=1, message="Акт [B]подписан[/B]").result, int)
    assert client.im.notify.personal.add(user_id=1, message="Лично").result
    assert [row["MESSAGE"] for row in portal.store.rows("notice")] == ["Акт [B]подписан[/B]", "Лично"]
