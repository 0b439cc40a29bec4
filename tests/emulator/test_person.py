"""A person's hand, the twin's own addresses, the state file, the clock, the page."""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from datetime import datetime, timedelta

import httpx
import pytest

from engine.emulator import create_app, open_portal
from engine.emulator.clock import Clock
from engine.emulator.errors import RestError
from engine.emulator.person import Person


@pytest.fixture
def demo(server):
    with httpx.Client(base_url=f"{server.url}/_demo/", trust_env=False) as http:
        yield http


def test_a_person_attaches_replaces_and_clears_a_scan(person, portal):
    first = person.attach(1044, 5, "ufCrm12Scan", "скан.pdf", b"%PDF-1")["ufCrm12Scan"]
    second = person.attach(1044, 5, "ufCrm12Scan", "скан.pdf", b"%PDF-2")["ufCrm12Scan"]
    assert first["id"] != second["id"]
    row = portal.store.get("file", second["id"])
    assert portal.store.read_content(row["sha256"]) == b"%PDF-2"
    item = person.clear(1044, 5, "ufCrm12Scan")
    assert item["ufCrm12Scan"] is None
    assert item["updatedBy"] == 2


def test_a_person_moves_adds_pays_and_deletes(person):
    assert person.move(2, 1, "C4:UC_WORK")["movedBy"] == 2
    made = person.add(1044, {"title": "Вручную", "parentId2": 1})
    assert made["createdBy"] == 2
    person.delete(1044, made["id"])
    with pytest.raises(RestError):
        person.get(1044, made["id"])
    person.pay(3)
    with pytest.raises(RestError):
        person.pay(99)


def test_items_over_http(demo):
    body = {
        "user": 2,
        "entityTypeId": 1044,
        "id": 5,
        "fields": {"ufCrm12Scan": ["s.pdf", b64encode(b"%PDF").decode()], "ufCrm12Date": "2026-03-10"},
    }
    item = demo.post("items/update", json=body).json()
    assert (item["updatedBy"], item["ufCrm12Date"]) == (2, "2026-03-10T00:00:00+03:00")
    made = demo.post("items/add", json={"entityTypeId": 1044, "fields": {"title": "t"}}).json()
    assert demo.post("items/get", json={"entityTypeId": 1044, "id": made["id"]}).json()["title"] == "t"
    assert demo.post("items/delete", json={"entityTypeId": 1044, "id": made["id"]}).json() is True
    refused = demo.post("items/get", json={"entityTypeId": 1044, "id": made["id"]})
    assert (refused.status_code, refused.json()["error"]) == (400, "NOT_FOUND")
    assert demo.post("items/update", json={"id": 1}).json()["error"] == "100"
    assert demo.post("nonsense", json={}).status_code == 404
    assert demo.post("payments/pay", json={"id": 3}).json() is True


def test_the_drive_as_paths(demo):
    number = demo.post(
        "files/put",
        json={"storage": 1, "path": "Банк/2026/выписка.txt", "content": b64encode(b"1C").decode()},
    ).json()
    tree = {row["path"]: row for row in demo.get("disk").json()}
    assert list(tree) == [
        "Акты",
        "Акты/2025",
        "Акты/2025/Клиент",
        "Акты/2025/Клиент/Акт 1.pdf",
        "Банк",
        "Банк/2026",
        "Банк/2026/выписка.txt",
    ]
    assert (tree["Банк/2026/выписка.txt"]["id"], tree["Банк/2026/выписка.txt"]["size"]) == (number, 2)
    assert len(tree["Акты/2025/Клиент/Акт 1.pdf"]["sha256"]) == 64


def test_read_outs(demo, api, receiver):
    demo.post("handler", json={"url": receiver.url, "application_token": "new"})
    api.result("log.blogpost.add", POST_MESSAGE="в ленту")
    api.result("im.notify.system.add", USER_ID=2, MESSAGE="важно")
    api.result("crm.deal.update", id=1, fields={"TITLE": "x"})
    assert demo.post("settle", json={}).json() is True
    assert demo.get("feed").json()[0]["DETAIL_TEXT"] == "в ленту"
    assert demo.get("notices").json()[0]["MESSAGE"] == "важно"
    (delivery,) = demo.get("deliveries").json()
    assert (delivery["event"], delivery["status"]) == ("ONCRMDEALUPDATE", 200)
    assert receiver.posts[0]["auth[application_token]"] == "new"
    assert demo.get("handler").json()[0]["handler"] == receiver.url
    assert demo.get("mails").json() == demo.get("comments").json() == []


def test_strangers_are_refused(portal):
    client = create_app(portal).test_client()
    assert client.get("/_demo/feed", environ_base={"REMOTE_ADDR": "10.0.0.8"}).status_code == 403
    assert client.get("/_demo/feed", environ_base={"REMOTE_ADDR": "127.0.0.1"}).status_code == 200


def test_the_clock_over_http(demo, api):
    assert demo.get("clock").json()["now"].startswith("2026-03-16T09:00")
    assert demo.post("clock", json={"advance": 86400}).json()["now"].startswith("2026-03-17T09:00")
    assert (
        demo.post("clock", json={"set": "2026-04-01T06:30:00+00:00"}).json()["now"]
        == "2026-04-01T09:30:00+03:00"
    )
    assert api.result("server.time").startswith("2026-04-01T09:30")
    assert api.result("crm.item.add", entityTypeId=1044, fields={})["item"]["createdTime"].startswith(
        "2026-04-01T09:30"
    )
    assert demo.post("clock", json={"set": "когда-нибудь"}).status_code == 400


def test_the_clock_runs_on_and_refuses_naive_times():
    clock = Clock("Asia/Yekaterinburg", datetime.fromisoformat("2026-03-16T09:00:00+03:00"))
    first = clock.now()
    assert first.isoformat().startswith("2026-03-16T11:00:00")
    assert clock.advance(timedelta(days=1)) - first >= timedelta(days=1)
    with pytest.raises(ValueError, match="aware"):
        clock.set(datetime(2026, 1, 1))  # noqa: DTZ001
    assert abs((Clock("UTC").now() - datetime.now().astimezone()).total_seconds()) < 5


def test_everything_survives_a_restart(tmp_path, company):
    state = tmp_path / "portal.db"
    with open_portal(state, company) as portal:
        Person(portal, 2).attach(1044, 5, "ufCrm12Scan", "s.pdf", b"kept")
        portal.clock.advance(timedelta(days=2))
        made = Person(portal).add(2, {"title": "последняя"})["id"]
        Person(portal).delete(2, made)
    with open_portal(state, company) as portal:
        assert portal.clock.now().isoformat().startswith("2026-03-18T09:00")
        view = Person(portal).get(1044, 5)["ufCrm12Scan"]
        assert portal.store.read_content(portal.store.get("file", view["id"])["sha256"]) == b"kept"
        assert Person(portal).add(2, {})["id"] == made + 1
        assert len(portal.store.rows("item_2")) == 61


def test_a_change_is_on_the_disk_before_the_answer(tmp_path, company):
    state = tmp_path / "portal.db"
    with open_portal(state, company) as portal:
        portal.call(portal.caller("1", "demo"), "crm.deal.update", {"ID": 1, "FIELDS": {"TITLE": "на диске"}})
        with sqlite3.connect(state) as other:
            (body,) = other.execute("SELECT body FROM item_2 WHERE id = 1").fetchone()
        other.close()
    assert '"title": "на диске"' in body


def test_a_failed_change_leaves_nothing(portal):
    before = portal.store.rows("disk")

    def half():
        with portal.change():
            portal.store.put("disk", 999, {"ID": 999})
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        half()
    assert portal.store.rows("disk") == before


def test_a_file_that_is_no_state_is_refused(tmp_path, company):
    broken = tmp_path / "x.db"
    broken.write_bytes(b"this is not a database at all, whatever its name says" * 20)
    with pytest.raises(sqlite3.DatabaseError):
        open_portal(broken, company)


def test_the_page_shows_and_escapes(server, person, api):
    person.update(2, 1, {"title": "<script>alert(1)</script>"})
    api.result("log.blogpost.add", POST_TITLE="Пост", POST_MESSAGE="<b>не жирный</b>")
    page = httpx.get(f"{server.url}/").text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "&lt;b&gt;не жирный" in httpx.get(f"{server.url}/feed").text
    assert '<span class="folder">Клиент</span>' in httpx.get(f"{server.url}/disk").text
    assert "Сделка 2" in httpx.get(f"{server.url}/crm/deal/details/2/").text
    assert httpx.get(f"{server.url}/crm/deal/details/999/").status_code == 404


def test_many_threads_at_once(api, portal):
    from concurrent.futures import ThreadPoolExecutor

    def write(number):
        return httpx.post(
            api.url + "crm.item.add", json={"entityTypeId": 1044, "fields": {"title": f"т{number}"}}
        ).json()["result"]["item"]["id"]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(write, range(40)))
    assert len(set(made)) == 40
    assert len(portal.store.rows("item_1044")) == 42
