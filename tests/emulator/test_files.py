"""File fields: written, kept, replaced, cleared, read over HTTP."""

from __future__ import annotations

from base64 import b64encode

import httpx
import pytest

HEADERS = {"User-Agent": "test/1", "Referer": "https://tiny.example/"}


def pair(name, content):
    return [name, b64encode(content).decode()]


def write(api, **fields):
    return api.result("crm.item.update", entityTypeId=1044, id=5, fields=fields)["item"]


def read(api, view):
    answer = api.http.get(view["urlMachine"], headers=HEADERS)
    assert answer.status_code == 200
    return answer.content


def test_a_seeded_file_is_read_by_its_link(api):
    view = api.result("crm.item.get", entityTypeId=1044, id=5)["item"]["ufCrm12Scan"]
    assert set(view) == {"id", "url", "urlMachine"}
    assert read(api, view) == b"%PDF-seed"


def test_a_single_file_is_written_kept_and_cleared(api):
    first = write(api, ufCrm12Scan=pair("акт.pdf", b"one"))["ufCrm12Scan"]
    assert read(api, first) == b"one"
    kept = write(api, ufCrm12Scan={"id": first["id"]}, title="x")["ufCrm12Scan"]
    assert kept["id"] == first["id"]
    assert write(api, ufCrm12Scan="")["ufCrm12Scan"] is None


def test_a_foreign_id_empties_a_single_field(api):
    assert write(api, ufCrm12Scan={"id": 99999})["ufCrm12Scan"] is None


def test_a_multiple_field_is_replaced_as_a_whole(api):
    one, two = write(api, ufCrm12Pages=[pair("1.png", b"1"), pair("2.png", b"2")])["ufCrm12Pages"]
    views = write(api, ufCrm12Pages=[{"id": two["id"]}, pair("3.png", b"3")])["ufCrm12Pages"]
    assert [read(api, view) for view in views] == [b"2", b"3"]
    assert one["id"] not in [view["id"] for view in views]
    assert [read(api, view) for view in write(api, ufCrm12Pages=pair("4.png", b"4"))["ufCrm12Pages"]] == [
        b"4"
    ]
    assert write(api, ufCrm12Pages="")["ufCrm12Pages"] == []


def test_the_same_bytes_again_are_a_new_file(api):
    first = write(api, ufCrm12Scan=pair("a.pdf", b"same"))["ufCrm12Scan"]
    assert write(api, ufCrm12Scan=pair("a.pdf", b"same"))["ufCrm12Scan"]["id"] != first["id"]


def test_content_that_is_not_base64_is_refused(api):
    refusal = api.refusal(
        "crm.item.update", entityTypeId=1044, id=5, fields={"ufCrm12Scan": ["a.pdf", "!!!"]}
    )
    assert refusal[:2] == (400, "CRM_FIELD_ERROR_VALUE_NOT_VALID")


def test_files_in_a_form(api):
    data = {
        "entityTypeId": "1044",
        "id": "5",
        "fields[ufCrm12Scan][0]": "f.pdf",
        "fields[ufCrm12Scan][1]": b64encode(b"form").decode(),
    }
    item = api.http.post(api.url + "crm.item.update", data=data).json()["result"]["item"]
    assert read(api, item["ufCrm12Scan"]) == b"form"


def test_the_old_way_with_file_data(api):
    api.result("crm.deal.update", id=1, fields={"UF_CRM_1747309881": {"fileData": pair("old.pdf", b"old")}})
    view = api.result("crm.deal.get", id=1)["UF_CRM_1747309881"]
    assert set(view) == {"id", "showUrl", "downloadUrl"}
    assert api.http.get(view["downloadUrl"], headers=HEADERS).content == b"old"


@pytest.mark.parametrize("missing", ["User-Agent", "Referer"])
def test_a_download_without_its_headers_is_a_plain_404(api, missing):
    view = api.result("crm.item.get", entityTypeId=1044, id=5)["item"]["ufCrm12Scan"]
    request = httpx.Request(
        "GET", view["urlMachine"], headers={key: value for key, value in HEADERS.items() if key != missing}
    )
    answer = api.http.send(request)
    assert answer.status_code == 404
    assert "nginx" in answer.text


def test_a_forged_token_is_refused(api):
    view = api.result("crm.item.get", entityTypeId=1044, id=5)["item"]["ufCrm12Scan"]
    answer = api.http.get(view["urlMachine"][:-3] + "abc", headers=HEADERS)
    assert (answer.status_code, answer.json()["error"]) == (401, "NO_AUTH_FOUND")
