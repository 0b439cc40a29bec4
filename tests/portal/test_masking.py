"""What of a real portal's answers may be kept: nothing of a person or a company, everything of the form."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.portal.masking import Sample, mask, mask_text
from engine.portal.shapes import Json, shape_of

NAMES = [
    "NAME", "LAST_NAME", "secondName", "title", "TITLE", "COMMENTS", "EMAIL", "PHONE", "VALUE", "ADDRESS",
    "RQ_INN", "RQ_COMPANY_NAME", "RQ_ACC_NUM", "companyName", "domain", "member_id", "access_token", "AUTH_ID", "REFRESH_ID", "DOWNLOAD_URL",
    "ufCrm12Number", "UF_CRM_1747309879", "error_description", "comment", "XML_ID", "unheardOf",
]  # fmt: skip
CODES = ["stageId", "STATUS_ID", "currencyId", "ownerType", "method"]
IDS = ["ID", "id", "companyId", "ASSIGNED_BY_ID", "createdBy", "parentId2", "observers"]
SAMPLES = Path(__file__).parents[2].parent / "shared" / "portal" / "samples"
# No masking can hide what is itself made of the letters that stand for all letters.
LETTERS = "".join(sorted(set(string.ascii_letters + "абвгдежзиклмнопрстуфхцАБВГДЕЖЗ23456789") - set("xXяЯ")))
SECRETS = st.text(LETTERS, min_size=6, max_size=20)
TEXTS = st.one_of(
    st.text(max_size=30),
    SECRETS,
    st.from_regex(r"\+7 \([0-9]{3}\) [0-9]{3}-[0-9]{2}-[0-9]{2}", fullmatch=True),
    st.from_regex(r"[0-9]{10,12}", fullmatch=True),
    st.emails(),
    st.dates().map(str),
    st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S+03:00")),
    st.sampled_from(
        ["", "Y", "N", "300|RUB", "DEAL_57", "U5", "1000000.00", "0.00", "https://a.example/d?token=s3"]
    ),
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**12), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
KEYS = st.one_of(
    st.sampled_from([*NAMES, *CODES, *IDS]), st.text(string.ascii_letters, min_size=1, max_size=9)
)
ANSWERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=25,
)
METHODS = st.sampled_from(
    ["crm.item.list", "crm.category.list", "user.get", "scope", "userfieldconfig.list", "batch"]
)


@st.composite
def recordings(draw: st.DrawFn) -> list[Sample]:
    found = draw(
        st.lists(st.tuples(METHODS, st.dictionaries(KEYS, ANSWERS, max_size=4), ANSWERS), max_size=3)
    )
    return [
        Sample(method, str(number), request, 200, answer)
        for number, (method, request, answer) in enumerate(found)
    ]


def one(answer: Json, method: str = "crm.item.list", **request: Json) -> Json:
    return mask([Sample(method, "", request, 200, answer)])[0].response


def form(value: Json) -> object:
    """Types, keys in their order, lengths and empties."""
    if isinstance(value, dict):
        return [(key, form(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [form(inner) for inner in value]
    return type(value), value in ("", None, 0)


@given(recordings())
@settings(max_examples=60, deadline=None)
def test_the_form_is_untouched(samples: list[Sample]) -> None:
    for before, after in zip(samples, mask(samples), strict=True):
        assert form(after.response) == form(before.response)
        assert form(dict(after.request)) == form(dict(before.request))
        assert shape_of(after.response) == shape_of(before.response)


@given(recordings())
@settings(max_examples=60, deadline=None)
def test_masking_twice_is_masking_once(samples: list[Sample]) -> None:
    once = mask(samples)
    assert mask(once) == once


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), SECRETS), min_size=1, max_size=12), METHODS, st.integers(0, 3)
)
@settings(max_examples=60, deadline=None)
def test_no_personal_text_survives(pairs: list[tuple[str, str]], method: str, depth: int) -> None:
    answer: Json = [{key: text} for key, text in pairs]
    for _ in range(depth):
        answer = {"items": [answer]}
    request: dict[str, Json] = {"filter": {f">{key}": text for key, text in pairs}}
    sample = mask([Sample(method, "", request, 200, {"result": answer})])[0]
    written = json.dumps([dict(sample.request), sample.response], ensure_ascii=False)
    for _, text in pairs:
        assert text not in written


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_keeps_its_form_and_masks_once(text: str) -> None:
    masked = mask_text(text)
    assert mask_text(masked) == masked
    assert bool(masked) == bool(text)
    if "@" not in text and "://" not in text:
        assert len(masked) == len(text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Иванов Пётр", "Яяяяяя Яяяя"),
        ("ООО «Ромашка № 5»", "ЯЯЯ «Яяяяяяя № 0»"),
        ("7707083893", "1111111111"),
        ("+7 (912) 345-67-89", "+0 (000) 000-00-00"),
        ("anna.vetrova@client.example.com", "xxxx.xxxxxxx@mail.example"),
        ("https://firm.bitrix24.ru/disk/downloadFile/7/?token=kf93&a=b", "https://portal.example/xxxx/xxxxxxxxXxxx/0/?xxxxx=xx00&x=x"),
        ("2026-03-16T09:41:12+03:00", "2026-03-16T00:00:00+03:00"),
        ("2026-03-16", "2026-03-16"),
        ("16.03.2026 09:41", "16.03.2026 00:00"),
        ("4510-12-345678", "0000-00-000000"),
        ("120500.50|RUB", "111111.11|RUB"),
        ("0.00", "0.00"),
        ("Акт 15 Ромашка.PDF", "Яяя 00 Яяяяяяя.pdf"),
        ("d897063e1ce7c5eb9f04b9751eef5915", "x000000x0xx0x0xx0x00x0000xxx0000"),
        ("Y", "Y"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_text_keeps_its_look(text: str, masked: str) -> None:
    assert mask_text(text) == masked


def test_references_between_answers_still_fit() -> None:
    deal = Sample(
        "crm.item.get",
        "deal",
        {"entityTypeId": 2, "id": 7405},
        200,
        {"result": {"item": {"id": 7405, "companyId": 2909, "observers": [11, 7]}}},
    )
    company = Sample(
        "crm.company.get", "company", {"ID": "2909"}, 200, {"result": {"ID": "2909", "ASSIGNED_BY_ID": "7"}}
    )
    folder = Sample("disk.folder.shareToUser", "share", {"id": 40, "DOCUMENT": "DEAL_7405", "userId": 7}, 200, {"result": {"ID": 40}})  # fmt: skip
    masked = mask([deal, company, folder])
    item = masked[0].response["result"]["item"]
    assert item == {"id": 5, "companyId": 4, "observers": [2, 1]}
    assert masked[0].request == {"entityTypeId": 2, "id": 5}
    assert masked[1].request == {"ID": "4"}
    assert masked[1].response == {"result": {"ID": "4", "ASSIGNED_BY_ID": "1"}}
    assert masked[2].request["userId"] == 1


def test_the_order_of_ids_is_kept() -> None:
    assert one({"result": [{"ID": "90"}, {"ID": "7"}, {"ID": "12"}]}) == {
        "result": [{"ID": "3"}, {"ID": "1"}, {"ID": "2"}]
    }


def test_stages_and_pipelines_keep_their_names() -> None:
    answer: Json = {"result": {"categories": [{"id": 12, "name": "Общее", "entityTypeId": 1044}]}}
    assert one(answer, "crm.category.list") == {
        "result": {"categories": [{"id": 12, "name": "Яяяяя", "entityTypeId": 1044}]}
    }
    item: Json = {
        "result": {"item": {"stageId": "DT1044_12:SENT", "categoryId": 12, "opportunity": 120500.5}}
    }
    assert one(item) == {
        "result": {"item": {"stageId": "DT1044_12:SENT", "categoryId": 12, "opportunity": 111111.1}}
    }
    assert one({"result": ["crm", "disk"]}, "scope") == {"result": ["crm", "disk"]}


def test_a_birthday_is_not_kept_to_the_day() -> None:
    assert one({"PERSONAL_BIRTHDAY": "1985-07-23T03:00:00+03:00"}) == {
        "PERSONAL_BIRTHDAY": "2000-01-01T00:00:00+03:00"
    }


def test_the_commands_of_a_batch_are_masked_within() -> None:
    command = "crm.item.list?filter%5Btitle%5D=%D0%A0%D0%BE%D0%B3%D0%B0&filter%5Bid%5D=57&select%5B0%5D=id"
    masked = mask([Sample("batch", "", {"halt": 0, "cmd": {"a": command}}, 200, {"result": []})])[0]
    assert masked.request == {
        "halt": 0,
        "cmd": {
            "a": "crm.item.list?filter%5Btitle%5D=%D0%AF%D1%8F%D1%8F%D1%8F&filter%5Bid%5D=1&select%5B0%5D=id"
        },
    }


def test_an_error_keeps_its_code_only() -> None:
    masked = one({"error": "DISK_OBJ_22000", "error_description": "Папка «Ромашка» уже есть"})
    assert masked == {"error": "DISK_OBJ_22000", "error_description": "Яяяяя «Яяяяяяя» яяя яяяя"}
    assert not re.search("Ромашка", json.dumps(masked, ensure_ascii=False))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not on this machine")
def test_the_published_answers_keep_their_form_and_lose_their_people() -> None:
    samples = []
    for file in sorted(SAMPLES.glob("*.json")):
        found = json.loads(file.read_text("utf-8"))
        if isinstance(found, dict) and isinstance(found.get("response"), dict):
            request = found.get("request") if isinstance(found.get("request"), dict) else {}
            samples.append(
                Sample(found.get("method") or file.stem, file.stem, request, 200, found["response"])
            )
    masked = mask(samples)
    assert len(samples) > 100
    assert mask(masked) == masked
    for before, after in zip(samples, masked, strict=True):
        assert form(after.response) == form(before.response), before.label
        written = json.dumps([dict(after.request), after.response], ensure_ascii=False)
        for address in re.findall(r"[\w.]+@[\w.]+", written):
            assert address.endswith("@mail.example") or set(address) <= set("xXяЯ0_@."), (
                before.label,
                address,
            )
        for host in re.findall(r"https?:\\?/\\?/([\w.-]+)", written):
            assert host in ("portal.example", "x") or set(host) <= set("xX0.-"), (before.label, host)


@pytest.mark.parametrize("name", ["member_id", "AUTH_ID", "REFRESH_ID", "client_id", "XML_ID", "ORIGIN_ID"])
def test_keys_to_the_portal_are_no_ids(name: str) -> None:
    # Where ids stay, and where they become ranks.
    assert one({"result": {name: "220045"}}, "crm.category.list") == {"result": {name: "111111"}}
    assert one({"result": {name: "220045"}}) == {"result": {name: "111111"}}
