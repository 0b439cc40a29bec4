"""Files to the Drive in one and in two steps: the same answer, the same file."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from engine.portal.client import PortalClient
from engine.portal.errors import PortalError
from engine.portal.uploads import LARGEST_INLINE, in_two_steps
from tests.portal.portal_case import Reply, Site, running_stub


def params(folder: object, name: str, content: bytes, **more: object) -> dict[str, object]:
    return {"id": folder, "data": {"NAME": name}, "fileContent": [name, b64encode(content).decode()], **more}


@pytest.mark.parametrize("inline", [10, LARGEST_INLINE])
@pytest.mark.parametrize("method", ["disk.storage.uploadFile", "disk.storage.uploadfile"])
def test_a_file_arrives_whole_either_way(site: Site, method: str, inline: int) -> None:
    content = bytes(range(256)) * 40
    with PortalClient(site.server.webhook_url, inline=inline) as client:
        storage = client.call("disk.storage.getlist", {"filter": {"ENTITY_TYPE": "common"}})["result"][0][
            "ID"
        ]
        made = client.call(method, params(storage, "Акт №1.bin", content))["result"]
        again = client.call(method, params(storage, "Акт №1.bin", content, generateUniqueName=True))["result"]
        read = client.call("disk.file.get", {"id": made["ID"]})["result"]
        got = client.fetch(str(read["DOWNLOAD_URL"]))
        assert (read["NAME"], again["NAME"]) == ("Акт №1.bin", "Акт №1 (1).bin")
        assert got.content == content
        assert client.spending.now().requests == (7 if inline == 10 else 5)
        with pytest.raises(PortalError) as caught:
            client.call(method, params(storage, "Акт №1.bin", content))
        assert caught.value.retry == "never"


def test_the_size_decides() -> None:
    assert in_two_steps("disk.folder.uploadfile", params(1, "a", b"x" * 100), 100) is None
    parcel = in_two_steps("disk.folder.uploadfile", params(1, "a", b"x" * 101), 98)
    assert parcel
    assert (parcel.name, parcel.content, parcel.params) == ("a", b"x" * 101, {"id": 1, "data": {"NAME": "a"}})
    assert in_two_steps("crm.item.add", params(1, "a", b"x" * 1000), 10) is None
    assert in_two_steps("disk.folder.uploadfile", {"id": 1}, 10) is None


FIRST = Reply(
    200, {"result": {"field": "file", "uploadUrl": "/rest/upload.json?auth=a&token=topsecret-token"}}
)


@pytest.mark.parametrize(
    ("second", "code", "retry"),
    [
        (Reply(cut=True), "NO_ANSWER", "unknown"),
        (Reply(200, b""), "NOT_JSON", "unknown"),
        (Reply(400, {"error": "DISK_FILE_22006", "error_description": "size"}), "DISK_FILE_22006", "never"),
        (
            Reply(503, {"error": "QUERY_LIMIT_EXCEEDED", "error_description": ""}),
            "QUERY_LIMIT_EXCEEDED",
            "later",
        ),
    ],
)
def test_a_second_step_that_fails_is_sent_once(second: Reply, code: str, retry: str) -> None:
    with (
        running_stub(FIRST, second) as stub,
        PortalClient(stub.webhook_url, inline=10, sleep=lambda _: None) as client,
    ):
        with pytest.raises(PortalError) as caught:
            client.call("disk.folder.uploadfile", params(1, "a", b"x" * 1000))
        assert (caught.value.code, caught.value.retry) == (code, retry)
        assert len(stub.asked) == 2
        assert json.loads(stub.asked[0][3]) == {"id": 1, "data": {"NAME": "a"}}
        assert b"x" * 1000 in stub.asked[1][3]
        assert "topsecret" not in str(caught.value)


def test_a_first_step_without_an_address_may_be_asked_again() -> None:
    with (
        running_stub(Reply(200, {"result": True})) as stub,
        PortalClient(stub.webhook_url, inline=10) as client,
    ):
        with pytest.raises(PortalError) as caught:
            client.call("disk.folder.uploadfile", params(1, "a", b"x" * 1000))
        assert caught.value.retry == "later"
