"""A twin recorded as if it were a live portal: what is asked, what is written, and that nothing is left behind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from engine.emulator import open_portal
from engine.emulator.company import demo_company
from engine.emulator.portal import Portal
from engine.emulator.serve import PortalServer
from engine.portal.client import PortalClient
from engine.portal.errors import PortalError
from engine.portal.masking import Sample, mask
from engine.portal.questions import MARKER, Question, choose, fill, reads, take, writes
from engine.portal.recording import Ear, Recording, read_recording, record, write_recording
from engine.portal.shapes import Json, compare_answers, shape_of
from engine.portal.staying import role_of

KINDS = {"deal": 2, "act": 1044, "invoice": 31, "company": 4, "contract": 1046}
WORD = re.compile(r"[A-Za-zА-Яа-яЁё]{4,}")
ALL = (*reads(KINDS, "common"), *writes())


@dataclass
class Live:
    portal: Portal
    client: PortalClient
    ear: Ear

    def record(self, questions: tuple[Question, ...], **known: Json) -> Recording:
        return record(self.client, self.ear, questions, known)

    def everything(self) -> dict[str, object]:
        names = ("item", "object", "productrow", "comment", "deal", "company")
        return {name: self.portal.store.rows(name) for name in names}


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with open_portal(None, demo_company()) as portal, PortalServer(portal) as server:
        ear = Ear(httpx.HTTPTransport())
        with PortalClient(server.webhook_url, transport=ear, sleep=lambda _: None) as client:
            yield Live(portal, client, ear)


@pytest.fixture(scope="module")
def heard(live: Live) -> Recording:
    return live.record(ALL)


def texts_of(value: Json, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts_of(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_of(inner, key)
    elif isinstance(value, str):
        yield key, value


def test_every_question_is_answered_and_nothing_stays_behind(live: Live, heard: Recording) -> None:
    assert (heard.silent, heard.unasked, heard.left) == ({}, [], {})
    assert {one.label for one in ALL} <= {one.label for one in heard.samples}
    assert [one.status for one in heard.samples if one.label in ("an absent item", "an unknown method")] == [
        400,
        404,
    ]
    titles = live.client.call("crm.item.list", {"entityTypeId": 2, "filter": {"title": MARKER}})
    assert titles["total"] == 0


def test_reads_change_nothing(live: Live) -> None:
    before = live.everything()
    live.record(reads(KINDS, "common"))
    assert live.everything() == before


def test_no_text_of_the_company_is_written(heard: Recording) -> None:
    written = "".join(write_recording(heard.samples, ["demo.reglament.example"]).values())
    words = {
        word
        for sample in heard.samples
        for key, text in texts_of(sample.response)
        if role_of(key) == "text"
        for word in WORD.findall(text)
        if sample.method not in ("scope", "events")
    }
    assert len(words) > 150
    # What a person typed, against what is written outside of the members' names and codes.
    shown = {
        word
        for sample in mask(heard.samples)
        for _, text in texts_of(sample.response)
        for word in WORD.findall(text)
    }
    codes = {
        word
        for sample in heard.samples
        for key, text in texts_of(sample.response)
        if role_of(key) != "text" or sample.method in ("scope", "events")
        for word in WORD.findall(text)
    }
    its_own = {"http", "portal", "mail", "example"}  # of the masked addresses
    assert not (words - codes - its_own) & shown
    for personal in ("reglament.example", "ООО", "АО «", "Акт ", "ветров"):
        assert personal not in written.lower().replace("reglament/recording", "")


def test_the_form_is_that_of_the_answers(heard: Recording) -> None:
    for before, after in zip(heard.samples, mask(heard.samples), strict=True):
        assert shape_of(before.response) == shape_of(after.response)
        assert before.method == after.method


def test_references_between_answers_fit(heard: Recording) -> None:
    by_label = {one.label: one for one in mask(heard.samples)}
    deal = take(by_label["one deal"].response, ("result", "item", "id"))
    assert deal == by_label["one deal"].request["id"]
    page = take(by_label["deal page"].response, ("result", "items"))
    assert isinstance(page, list)
    assert deal in [take(row, ("id",)) for row in page]
    ids = [take(row, ("id",)) for row in page]
    assert ids == sorted(ids, key=lambda one: int(str(one)))
    folder = take(by_label["drives"].response, ("result", ("ENTITY_TYPE", "common"), "ROOT_OBJECT_ID"))
    assert by_label["a folder, depth 1"].request == {"id": folder}


def test_what_is_written_reads_back(heard: Recording) -> None:
    texts = write_recording(heard.samples)
    assert set(texts) == {one.method.lower() for one in heard.samples}
    assert read_recording(texts["crm.item.get"]) == tuple(
        one for one in mask(heard.samples) if one.method == "crm.item.get"
    )
    whole = write_recording(heard.samples, is_whole=True, only=lambda method: method == "profile")
    assert [one.method for one in read_recording(whole[""])] == ["profile"]
    with pytest.raises(ValueError, match="not a recording"):
        read_recording('{"samples": []}')


def test_a_secret_in_a_sample_stops_the_writing() -> None:
    sample = Sample("crm.status.list", "", {}, 200, {"result": [{"STATUS_ID": "firm.bitrix24.ru"}]})
    with pytest.raises(AssertionError, match=r"crm\.status\.list"):
        write_recording([sample], ["firm.bitrix24.ru"])


def test_the_same_portal_differs_from_itself_nowhere(live: Live, heard: Recording) -> None:
    again = {one.label: one for one in live.record(ALL).samples}
    for one in heard.samples:
        other = again[one.label]
        assert compare_answers(one.response, other.response, (one.status, other.status)) == ()
        # Masking hides values, not differences.
        masked = mask([one])[0]
        assert compare_answers(masked.response, other.response, (one.status, other.status)) == ()


def test_an_item_can_be_named(live: Live) -> None:
    found = live.record(reads({"deal": 2}, "common"), deal=7)
    assert next(one.request for one in found.samples if one.label == "one deal") == {
        "entityTypeId": 2,
        "id": 7,
    }


def test_what_was_made_is_removed_when_the_rest_breaks(live: Live) -> None:
    before = {
        row["id"]
        for row in live.client.call("crm.item.list", {"entityTypeId": 2, "select": ["id"]})["result"]["items"]
    }

    def stop(question: Question) -> None:
        if question.label == "comment on it":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(live.client, live.ear, ALL, {}, stop)
    after = live.client.call("crm.item.list", {"entityTypeId": 2, "select": ["id"]})["result"]["items"]
    assert {row["id"] for row in after} == before


def test_what_could_not_be_removed_is_named(live: Live) -> None:
    gone = Question("remove it", "crm.item.delete", {"entityTypeId": 2, "id": 999_999_999}, is_write=True)
    question = Question("who we are", "profile", undo=gone)
    left = live.record((question,)).left
    assert list(left) == ['crm.item.delete {"entityTypeId": 2, "id": 999999999}']
    assert list(left.values()) == ["HTTP 400"]


def test_no_answer_is_no_sample() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("profile"):
            return httpx.Response(200, json={"result": {"ID": "1"}})
        return httpx.Response(200, text="<html>login</html>", headers={"Content-Type": "text/html"})

    ear = Ear(httpx.MockTransport(refuse))
    with PortalClient("https://portal.example/rest/1/k/", transport=ear, sleep=lambda _: None) as client:
        found = record(client, ear, (Question("a", "profile"), Question("b", "user.get")), {})
    assert [one.label for one in found.samples] == ["a"]
    assert "NOT_JSON" in found.silent["b"]


def test_where_no_portal_answers_nothing_more_is_asked(live: Live) -> None:
    asked = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(
            401, json={"error": "NO_AUTH_FOUND", "error_description": "Wrong authorization data"}
        )

    ear = Ear(httpx.MockTransport(refuse))
    with (
        PortalClient("https://portal.example/rest/1/k/", transport=ear, sleep=lambda _: None) as client,
        pytest.raises(PortalError, match="NO_AUTH_FOUND"),
    ):
        record(client, ear, ALL, {})
    assert asked == ["/rest/1/k/profile"]


def test_a_packed_answer_is_read() -> None:
    import gzip

    def pack(request: httpx.Request) -> httpx.Response:
        packed = gzip.compress(json.dumps({"result": {"ID": "1"}}).encode())
        return httpx.Response(
            200, content=packed, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"}
        )

    ear = Ear(httpx.MockTransport(pack))
    with PortalClient("https://portal.example/rest/1/k/", transport=ear) as client:
        found = record(client, ear, (Question("who we are", "profile"),), {})
    assert [one.response for one in found.samples] == [{"result": {"ID": "1"}}]


def test_parts_of_answers_are_taken_by_name() -> None:
    answer: Json = {"result": [{"TYPE": "file", "ID": "3"}, {"TYPE": "folder", "ID": "4"}]}
    assert take(answer, ("result", ("TYPE", "folder"), "ID")) == "4"
    assert take(answer, ("result", 5, "ID")) is None
    assert fill({"id": "$a", "list": [{"x": "$a"}]}, {"a": 7}) == {"id": 7, "list": [{"x": 7}]}
    assert fill({"id": "$a"}, {}) is None
    assert fill({"DEST": ["U$me"]}, {"me": "5"}) == {"DEST": ["U5"]}


def test_only_what_leads_to_the_chosen_methods_is_asked() -> None:
    chosen = [one.label for one in choose(ALL, {"crm.requisite.bankdetail.list", "disk.file.rename"})]
    assert chosen == [
        "company page", "requisites", "bank accounts", "drives", "make a folder", "send a file", "name it anew",
    ]  # fmt: skip
